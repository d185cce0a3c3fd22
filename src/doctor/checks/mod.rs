//! The checks: one file a subject, with what it needs, how it is probed and how the observation is
//! judged. What to do about a class is in hints.toml; a new subject is listed in registry.rs.

pub(super) mod client;
pub(super) mod cluster;
mod common;
pub(super) mod credentials;
pub(super) mod engine;
pub(super) mod gpu;
pub(super) mod host;
pub(super) mod online;
pub(super) mod ports;
pub(super) mod prebuilt;
pub(super) mod programs;
pub(super) mod python;
pub(super) mod subject;
