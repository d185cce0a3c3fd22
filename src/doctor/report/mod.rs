//! The report: findings, and what they mean for each lab and runtime. As JSON it has the fields of
//! these types; each other form has a file.

pub(super) mod github;
#[cfg(test)]
mod json;
pub(super) mod junit;
pub(super) mod redact;
pub(super) mod text;

use std::time::Duration;

use indexmap::IndexMap;
use serde::Serialize;

use super::kind::Kind;
use crate::catalog::manifest::RuntimeKind;
use crate::error::Exit;
use crate::platform::term::escape;

/// The version of the report's form, as src/doctor/report/schema.json describes it.
pub(super) const SCHEMA: u32 = 1;

/// How a finding counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As needed.
    Pass,
    /// Not checked: a check that it builds on failed, or it does not apply.
    Skip,
    /// It works, and needs attention.
    Warn,
    /// No result in time.
    Unknown,
    /// It does not work.
    Fail,
}

impl Status {
    /// Whether the learner can go on with it.
    pub fn works(self) -> bool {
        matches!(self, Status::Pass | Status::Skip | Status::Warn)
    }
}

/// The result of one check. Passes and skips are findings too.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Stable: `docker.engine`, `port.8080`.
    pub id: String,
    /// What was found, in a few words.
    pub title: String,
    /// How it counts.
    pub status: Status,
    /// Why, from a closed list for each check: `absent`, `refused`, `too-old`; `ok` for a pass.
    pub class: &'static str,
    /// What it is based on.
    pub evidence: Evidence,
    /// What to do, best first.
    pub hints: Vec<Hint>,
    /// Where to read on.
    pub docs: Option<String>,
    /// The check without which this one was skipped.
    pub blocked_by: Option<&'static str>,
    /// Who needs it: `serving/local`.
    pub needed_by: Vec<String>,
    /// What kind of check it is.
    #[serde(skip)]
    pub kind: &'static Kind,
}

/// What a finding is based on.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Evidence {
    /// A command to paste that shows the same.
    pub cmd: String,
    /// Its exit code, when a program was run and ended.
    pub rc: Option<i32>,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// The file that was found, or inspected.
    pub path: Option<String>,
    /// What was observed, at most a few lines.
    pub saw: String,
}

/// What to do about a finding, on this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hint {
    /// In words; may be empty when the command speaks for itself.
    pub text: String,
    /// What to type.
    pub cmd: Option<String>,
    /// The package manager that it uses.
    pub manager: Option<String>,
    /// The system that it is for, when it is for one only.
    pub os: Option<String>,
    /// Whether `doctor --fix` offers to run it.
    pub fix: bool,
}

impl Finding {
    /// What happened and what to do, in several lines.
    fn message(&self) -> String {
        let lines: Vec<String> =
            std::iter::once(self.title.clone()).chain(self.hints.iter().map(Hint::line)).collect();
        escape(&lines.join("\n"))
    }
}

impl Hint {
    /// The hint in one line.
    pub fn line(&self) -> String {
        match &self.cmd {
            Some(cmd) if self.text.is_empty() => cmd.clone(),
            Some(cmd) => format!("{}: {cmd}", self.text),
            None => self.text.clone(),
        }
    }
}

/// What the findings mean for one lab in one runtime.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The worst of its findings.
    pub status: Status,
    /// The findings that stand in the way.
    pub because: Vec<String>,
}

/// All findings, and what they mean for each lab and runtime.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this form.
    pub schema: u32,
    /// Our own.
    pub version: &'static str,
    /// System and processor.
    pub system: String,
    /// What it is about.
    pub title: String,
    /// In the order of the groups.
    pub findings: Vec<Finding>,
    /// `serving/local` -> whether it can work here.
    pub runtimes: IndexMap<String, Verdict>,
    /// The next command.
    pub next: String,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// Whether a warning counts as a failure.
    pub strict: bool,
    /// The exit code that goes with it.
    pub exit: u8,
}

impl Report {
    /// 1 when something fails (with `strict` also when something warns), else 3 when something
    /// could not be found out, else 0.
    pub fn verdict(&self) -> Exit {
        let has = |status| self.findings.iter().any(|finding| finding.status == status);
        if has(Status::Fail) || (self.strict && has(Status::Warn)) {
            Exit::No
        } else if has(Status::Unknown) {
            Exit::Environment
        } else {
            Exit::Done
        }
    }

    /// The same with warnings counted as failures, or not.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Report {
        self.strict = strict;
        self.exit = self.verdict() as u8;
        self
    }

    /// The finding that makes `up` refuse this runtime, if any. Too little disk or memory is for
    /// the learner to judge.
    pub fn blocker(&self, kind: RuntimeKind) -> Option<&Finding> {
        let suffix = format!("/{kind}");
        self.findings.iter().find(|finding| {
            finding.status == Status::Fail
                && finding.kind.blocks_up
                && finding.needed_by.iter().any(|by| by.ends_with(&suffix))
        })
    }

    /// What needs the learner's attention.
    pub fn troubles(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|finding| !matches!(finding.status, Status::Pass | Status::Skip))
    }
}

pub(super) fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
