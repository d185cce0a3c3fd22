//! The verdict of a check, or of a list of checks.

use serde::{Deserialize, Serialize};

use crate::catalog::manifest::VerdictKind;

/// What a check, or a list of checks, found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Passed, not yet, or cannot tell.
    pub verdict: VerdictKind,
    /// The number of the check in its list, from 1: the first that does not pass, or the last.
    pub check: usize,
    /// The probe, as something to paste where that is possible.
    pub probe: String,
    /// What would have passed.
    pub expected: String,
    /// What was there instead, shortened.
    pub observed: String,
    /// Whether a script of the lab judged: how it was run and how it ended is then its own affair.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub script: bool,
    /// The HTTP status, for hints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What it means, from the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Milliseconds.
    pub took_ms: u64,
}

impl Verdict {
    /// Of a list without a check, or of a check that is not run.
    pub(super) fn of(kind: VerdictKind, check: usize) -> Verdict {
        let none = String::new;
        Verdict {
            verdict: kind,
            check,
            probe: none(),
            expected: none(),
            observed: none(),
            script: false,
            status: None,
            because: None,
            took_ms: 0,
        }
    }

    /// Of a check that is not run again, as it passed when what it checks was started.
    pub fn assumed() -> Verdict {
        Verdict::of(VerdictKind::Pass, 1)
    }

    /// Whether the check passed.
    pub fn passed(&self) -> bool {
        self.verdict == VerdictKind::Pass
    }

    /// The verdict as labelled lines: what was probed, expected and observed, and what it means.
    /// How a script of the lab is run, and which code it ends with, is nothing to a learner.
    pub fn lines(&self) -> Vec<(&'static str, &str)> {
        let exit = self.script && self.expected.starts_with("exit code ");
        let all = [
            ("probe", self.probe.as_str(), !self.script),
            ("expected", &self.expected, !exit),
            ("observed", &self.observed, true),
            ("why", self.because.as_deref().unwrap_or_default(), true),
        ];
        all.into_iter()
            .filter(|(_, text, shown)| *shown && !text.is_empty())
            .map(|(label, text, _)| (label, text))
            .collect()
    }

    /// The same as a text, for the detail of an error.
    pub fn detail(&self) -> String {
        let line = |(label, text): (&str, &str)| format!("{label:<8}  {text}");
        self.lines().into_iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
