//! A finding in the making: status, class, title and evidence, without who needs it and its hints.

use std::collections::BTreeMap;
use std::time::Duration;

use super::kind::Kind;
use super::report::{Evidence, Status, millis};
use super::tool::ToolOutput;
use crate::platform::term::escape;

/// The result of a check, by class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outcome<C> {
    /// As needed, or skipped because it does not apply.
    Ok,
    /// Skipped: a check that it builds on failed.
    Blocked,
    /// One of the check's own classes.
    Class(C),
}

impl Outcome<&'static str> {
    pub(super) fn name(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Blocked => "blocked",
            Outcome::Class(name) => name,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Draft<C> {
    pub(super) status: Status,
    pub(super) outcome: Outcome<C>,
    pub(super) title: String,
    pub(super) evidence: Evidence,
    /// What hints may name: `pid`, `path`, `user`.
    pub(super) facts: BTreeMap<&'static str, String>,
    pub(super) blocked_by: Option<&'static str>,
}

impl<C> Draft<C> {
    fn new(status: Status, outcome: Outcome<C>, title: impl Into<String>) -> Draft<C> {
        Draft {
            status,
            outcome,
            title: title.into(),
            evidence: Evidence::default(),
            facts: BTreeMap::new(),
            blocked_by: None,
        }
    }

    pub(super) fn pass(title: impl Into<String>) -> Draft<C> {
        Draft::new(Status::Pass, Outcome::Ok, title)
    }

    /// A pass that has a class of its own.
    pub(super) fn pass_as(class: C, title: impl Into<String>) -> Draft<C> {
        Draft::new(Status::Pass, Outcome::Class(class), title)
    }

    /// Not checked, because it does not apply here.
    pub(super) fn skip(title: impl Into<String>) -> Draft<C> {
        Draft::new(Status::Skip, Outcome::Ok, title)
    }

    pub(super) fn warn(class: C, title: impl Into<String>) -> Draft<C> {
        Draft::new(Status::Warn, Outcome::Class(class), title)
    }

    pub(super) fn fail(class: C, title: impl Into<String>) -> Draft<C> {
        Draft::new(Status::Fail, Outcome::Class(class), title)
    }

    pub(super) fn unknown(class: C, title: impl Into<String>) -> Draft<C> {
        Draft::new(Status::Unknown, Outcome::Class(class), title)
    }

    /// No observation in time.
    pub(super) fn late(class: C, timeout: Duration) -> Draft<C> {
        Draft::unknown(class, no_answer(timeout))
    }

    /// Not checked, because a check that it builds on failed.
    pub(super) fn blocked(by: &'static Kind) -> Draft<C> {
        Draft {
            blocked_by: Some(by.id),
            ..Draft::new(Status::Skip, Outcome::Blocked, format!("skipped: needs {} first", by.id))
        }
    }

    pub(super) fn is(&self, class: C) -> bool
    where
        C: PartialEq,
    {
        matches!(&self.outcome, Outcome::Class(own) if *own == class)
    }

    pub(super) fn is_ok(&self) -> bool {
        matches!(self.outcome, Outcome::Ok)
    }

    pub(super) fn fact(mut self, name: &'static str, value: impl Into<String>) -> Draft<C> {
        self.facts.insert(name, value.into());
        self
    }

    pub(super) fn cmd(mut self, cmd: impl Into<String>) -> Draft<C> {
        self.evidence.cmd = cmd.into();
        self
    }

    pub(super) fn saw(mut self, saw: impl Into<String>) -> Draft<C> {
        self.evidence.saw = saw.into();
        self
    }

    /// The evidence of one run of a program.
    pub(super) fn output(mut self, output: &ToolOutput) -> Draft<C> {
        self.evidence.cmd.clone_from(&output.cmd);
        self.evidence.rc = output.exit_code();
        self.evidence.ms = millis(output.took);
        self.evidence.path = output.path.as_ref().map(|path| path.display().to_string());
        if self.evidence.saw.is_empty() {
            let text = if output.ok() { &output.stdout } else { output.message() };
            self.evidence.saw = short(text, 400);
        }
        if let Some(path) = &self.evidence.path {
            self.facts.insert("path", path.clone());
        }
        self
    }

    /// The same draft with the classes of another check.
    pub(super) fn map<D>(self, class: impl FnOnce(C) -> D) -> Draft<D> {
        let outcome = match self.outcome {
            Outcome::Ok => Outcome::Ok,
            Outcome::Blocked => Outcome::Blocked,
            Outcome::Class(own) => Outcome::Class(class(own)),
        };
        Draft {
            status: self.status,
            outcome,
            title: self.title,
            evidence: self.evidence,
            facts: self.facts,
            blocked_by: self.blocked_by,
        }
    }
}

/// What is printed where nothing came in time.
pub(super) fn no_answer(timeout: Duration) -> String {
    format!("no answer within {:.1} s", timeout.as_secs_f64())
}

/// A short text as it is, a long one cut, in both cases without control characters.
pub(super) fn short(text: &str, most: usize) -> String {
    let mut cut: String = text.chars().take(most).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    escape(&cut)
}
