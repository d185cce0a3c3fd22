//! What each command takes. Every command's help ends with examples; a test parses them all.

mod cluster;
mod course;
mod doctor;
mod lab;
mod project;
mod shared;
mod shell;
mod up;

pub use cluster::{ClusterCommand, ClusterUp, LocalCluster};
pub use course::{Break, Check, Hint, Solve};
pub use doctor::{Doctor, Format};
pub use lab::{Lab, LabCommand, LabTest};
pub use project::{Fetch, Init, OnConflict, Show, Update};
pub use shared::{Cluster, Consent, NoArgs, Offline};
pub use shell::{Completions, Man, Program};
pub use up::{Down, Logs, Open, Restart, Status, Up};
