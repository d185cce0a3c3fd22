//! What this machine lacks for a lab: needs become checks, looks bring observations, judging makes
//! findings, findings one report.
//!
//! Looking touches the machine, side by side and bounded; judging is pure. What is late is
//! `unknown`, never good or bad.

mod checks;
mod hints;
mod observations;
mod plan;
mod probes;
mod report;
mod run;

use std::path::PathBuf;
use std::time::Duration;

use crate::catalog::manifest::{Need, RuntimeKind};
use crate::platform::host::Root;

pub use checks::kinds::{Kind, all, known, of};
pub use report::github::github;
pub use report::junit::junit;
pub use report::redact::{Private, redact};
pub use report::text::{brief, human};
pub use report::{Evidence, Finding, Hint, Report, Status, Verdict};
pub use run::{examine, heals};

/// What is to be examined.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// What the report is about: a lab, or all labs.
    pub title: String,
    /// Who needs what.
    pub demands: Vec<Demand>,
    /// Where the lab is or will be: its disk counts.
    pub folder: PathBuf,
    /// The lab lies on disk already: what comes next is `up`, not `init`.
    pub made: bool,
    /// Ports that the lab itself holds: not «taken».
    pub own_ports: Vec<u16>,
    /// What is wrong with the lab's Python environment; none when it has none.
    pub environment: Option<Option<String>>,
    /// Only these checks and what stands below them; all when empty.
    pub only: Vec<String>,
    /// Not these.
    pub skip: Vec<String>,
    /// The command that asks about the lab's other runtimes, when they were left out.
    pub wider: Option<String>,
    /// The kubeconfig context that the user named: only such a one may be a cluster that is not
    /// known to be local.
    pub context: Option<String>,
    /// Whether registries and indexes may be asked.
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
    /// Where it wants to listen.
    pub ports: Vec<u16>,
}

/// The finding that makes this runtime impossible, if any. Too little disk or memory is for the
/// learner to judge.
pub fn impossible(report: &Report, kind: RuntimeKind) -> Option<&Finding> {
    let suffix = format!("/{kind}");
    report.findings.iter().find(|finding| {
        finding.status == Status::Fail
            && of(&finding.id).is_some_and(|check| check.hard)
            && finding.needed_by.iter().any(|by| by.ends_with(&suffix))
    })
}

fn key(lab: &str, kind: RuntimeKind) -> String {
    format!("{lab}/{kind}")
}

fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
