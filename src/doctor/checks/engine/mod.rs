//! The container engine: where it is, whether it answers, and the machine that it runs on.

pub(in crate::doctor) mod answers;
pub(super) mod endpoint;
pub(super) mod info;
pub(in crate::doctor) mod machine;
pub(super) mod probe;
pub(in crate::doctor) mod settings;
