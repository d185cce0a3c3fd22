//! kubectl's cluster: is there one, may we use it, does it let us in, has it what the lab needs.

pub(in crate::doctor) mod api;
pub(in crate::doctor) mod config;
pub(in crate::doctor) mod kernel;
pub(in crate::doctor) mod nodes;
mod probe;
pub(in crate::doctor) mod resources;
