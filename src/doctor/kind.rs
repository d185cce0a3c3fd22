//! What a check is called, where it stands in the report, and whether its failure stops `up`.

/// A part of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Programs on this machine.
    Tools,
    /// The container engine and its client.
    Docker,
    /// A cluster and its client.
    Kubernetes,
    /// Disk, memory, processors.
    Machine,
    /// Where the lab will listen.
    Ports,
    /// Probed with `--online` only.
    Online,
}

impl Group {
    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Group::Tools => "Tools",
            Group::Docker => "Docker",
            Group::Kubernetes => "Kubernetes",
            Group::Machine => "Machine",
            Group::Ports => "Ports",
            Group::Online => "Online",
        }
    }
}

/// One kind of check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Stable. `port` and `tool` stand for `port.8080`, `tool.helm` and so on.
    pub id: &'static str,
    /// Its part of the report.
    pub group: Group,
    /// What it checks, in one line.
    pub about: &'static str,
    /// Whether a failure makes `up` refuse. Otherwise the learner decides.
    pub blocks_up: bool,
}

impl Kind {
    /// A kind whose failure is for the learner to judge.
    pub const fn new(id: &'static str, group: Group, about: &'static str) -> Kind {
        Kind { id, group, about, blocks_up: false }
    }

    /// The same, whose failure makes `up` refuse.
    #[must_use]
    pub const fn blocks_up(self) -> Kind {
        Kind { blocks_up: true, ..self }
    }
}
