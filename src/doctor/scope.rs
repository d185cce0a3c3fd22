//! What the doctor examines: which labs, in which runtimes, with which needs.

use std::path::PathBuf;

use crate::catalog::manifest::{Need, RuntimeKind};
use crate::platform::host::Root;

/// What to examine.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// What the report is about: a lab, or all labs.
    pub title: String,
    /// Who needs what.
    pub demands: Vec<Demand>,
    /// Where the lab is or will be: its disk counts.
    pub folder: PathBuf,
    /// The lab is on disk already: the next step is `up`, not `init`.
    pub generated: bool,
    /// Ports that the lab itself holds: not «taken».
    pub own_ports: Vec<u16>,
    /// What is wrong with the lab's Python environment; none when it has none.
    pub environment: Option<Option<String>>,
    /// Only these checks and what stands below them; all when empty.
    pub only: Vec<String>,
    /// Not these.
    pub skip: Vec<String>,
    /// The command that checks the lab's other runtimes, when they were left out.
    pub wider: Option<String>,
    /// The kubeconfig context that the user named: only such a one may be a cluster that is not
    /// known to be local.
    pub context: Option<String>,
    /// Whether registries and indexes may be contacted.
    pub online: bool,
    /// Where /proc, /sys and /etc are read.
    pub root: Root,
}

/// What one lab needs in one runtime.
#[derive(Clone, Debug)]
pub struct Demand {
    /// The lab.
    pub lab: String,
    /// The runtime.
    pub kind: RuntimeKind,
    /// What it needs of the machine.
    pub needs: Vec<Need>,
    /// Where it will listen.
    pub ports: Vec<u16>,
}

impl Demand {
    /// Who needs it, as the report names it: `serving/local`.
    pub fn key(&self) -> String {
        format!("{}/{}", self.lab, self.kind)
    }

    /// Whether its services run in containers of the engine, whose machine then counts.
    pub fn in_engine(&self) -> bool {
        self.kind == RuntimeKind::Compose
    }

    /// Whether its services run in a cluster, whose nodes then count.
    pub fn in_cluster(&self) -> bool {
        self.needs.iter().any(|need| matches!(need, Need::Cluster(_)))
    }
}
