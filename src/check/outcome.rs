//! What a probe found, before it becomes a verdict.

use crate::catalog::manifest::VerdictKind;

/// The outcome of one probe.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ProbeOutcome {
    pub(super) verdict: VerdictKind,
    pub(super) expected: String,
    pub(super) observed: String,
    /// The status of an HTTP response.
    pub(super) status: Option<u16>,
}

impl ProbeOutcome {
    pub(super) fn pass(expected: impl Into<String>, observed: impl Into<String>) -> Self {
        let (expected, observed) = (expected.into(), observed.into());
        ProbeOutcome { verdict: VerdictKind::Pass, expected, observed, status: None }
    }

    pub(super) fn not_yet(expected: impl Into<String>, observed: impl Into<String>) -> Self {
        ProbeOutcome { verdict: VerdictKind::NotYet, ..ProbeOutcome::pass(expected, observed) }
    }

    pub(super) fn cannot_tell(expected: impl Into<String>, observed: impl Into<String>) -> Self {
        ProbeOutcome { verdict: VerdictKind::CannotTell, ..ProbeOutcome::pass(expected, observed) }
    }

    pub(super) fn with_status(self, status: u16) -> Self {
        ProbeOutcome { status: Some(status), ..self }
    }

    pub(super) fn passed(&self) -> bool {
        self.verdict == VerdictKind::Pass
    }
}
