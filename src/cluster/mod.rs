//! The cluster on this machine that `mlops-lab cluster` makes: by which tool, how large, whose it
//! is, what is in it. What a lab does in a cluster lives in `runtime::kubernetes`.

mod down;
mod plan;
mod probe;
mod record;
mod run;
mod sizes;
mod status;
mod tool;
mod up;

pub use down::{Down, down};
pub use plan::{Step, choose};
pub use probe::is_on_path;
pub use record::Record;
pub use run::Lock;
pub use sizes::Sizes;
pub use status::{Status, status};
pub use tool::Tool;
pub use up::Up;

/// The name of the cluster. There is one, and every lab may use it.
pub const NAME: &str = "mlops-lab";

/// The label of the namespaces and manifests of labs: the project's name.
pub const PROJECT: &str = "dev.mlops-lab.project";
