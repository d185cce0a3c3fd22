//! Checks on the live system: probes, verdicts, hints.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use serde::Serialize;

use crate::catalog::expect::Check;
use crate::catalog::manifest::{Hint, VerdictKind};
use crate::platform::world::World;

/// Where the checks of a lab look.
#[derive(Clone, Debug)]
pub struct Context {
    /// The project's folder; relative paths are below it.
    pub root: PathBuf,
    /// Base URLs by endpoint name.
    pub endpoints: BTreeMap<String, String>,
    /// Variables for commands.
    pub env: Vec<(OsString, OsString)>,
}

/// What a check, or a list of checks, says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The answer.
    pub verdict: VerdictKind,
    /// The number of the check in its list, from 1: the first that does not pass, or the last.
    pub check: usize,
    /// What was asked, as something to paste where that is possible: `GET http://127.0.0.1:8080/v2/health/ready`.
    pub probe: String,
    /// What would have passed.
    pub expected: String,
    /// What was there instead, shortened.
    pub observed: String,
    /// The HTTP status, for hints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What it means, from the manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Milliseconds.
    pub took_ms: u64,
}

/// Asks one check of the live system.
pub fn judge(_check: &Check, _context: &Context, _world: &dyn World) -> Verdict {
    unimplemented!()
}

/// Asks checks in order; the first that does not pass is the verdict.
pub fn judge_all(_checks: &[Check], _context: &Context, _world: &dyn World) -> Verdict {
    unimplemented!()
}

/// The hints that apply, most fitting first: those tied to what was observed, then the ladder.
pub fn hints<'a>(_ladder: &'a [Hint], _verdict: Option<&Verdict>) -> Vec<&'a str> {
    unimplemented!()
}
