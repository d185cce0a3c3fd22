//! Checks on the live system: probes, verdicts, hints. Judging is pure: it asks a [`World`] and
//! compares values.

mod matching;
mod own;
mod probe;
mod prometheus;
mod stand_in;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::catalog::expect::Check;
use crate::catalog::manifest::VerdictKind;
use crate::platform::term;
use crate::platform::world::World;

pub use own::{Own, Standing};
pub use stand_in::{stand_ins, why_hidden};

/// A probe that says nothing about its deadline has this long.
const WITHIN: Duration = Duration::from_secs(5);

/// What is shown of an observation, in characters: an answer of a server, which may be anything,
/// and the words of a script of the lab, which were written to be read.
const SHOWN: usize = 300;
const WORDS: usize = 2000;

/// Where the checks of a lab look.
#[derive(Clone, Debug)]
pub struct Context {
    /// The project's folder; relative paths are below it.
    pub root: PathBuf,
    /// Base URLs by endpoint name.
    pub endpoints: BTreeMap<String, String>,
    /// How requests to an endpoint log in, by its name.
    pub logins: BTreeMap<String, Credentials>,
    /// Variables for commands.
    pub env: Vec<(OsString, OsString)>,
    /// What of this machine is the lab's own.
    pub own: Own,
}

/// A user and a password, and the variables that they come from.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: String,
    /// What stands for both in a command to paste: `$USER:$PASSWORD`.
    pub shown: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Credentials {
    /// The header of Basic authentication (RFC 7617).
    fn header(&self) -> (String, String) {
        use base64::Engine as _;
        let pair = base64::engine::general_purpose::STANDARD
            .encode(format!("{}:{}", self.user, self.password));
        ("Authorization".to_owned(), format!("Basic {pair}"))
    }
}

/// What a check, or a list of checks, says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The answer.
    pub verdict: VerdictKind,
    /// The number of the check in its list, from 1: the first that does not pass, or the last.
    pub check: usize,
    /// What was asked, as something to paste where that is possible.
    pub probe: String,
    /// What would have passed.
    pub expected: String,
    /// What was there instead, shortened.
    pub observed: String,
    /// Whether a script of the lab judged: what was asked and expected is then its own affair.
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
    /// Of a check that is not asked, as it passed when what it checks was started.
    pub fn taken_for_granted() -> Verdict {
        let none = String::new;
        Verdict {
            verdict: VerdictKind::Pass,
            check: 1,
            probe: none(),
            expected: none(),
            observed: none(),
            script: false,
            status: None,
            because: None,
            took_ms: 0,
        }
    }
}

/// What a probe saw, before it becomes a verdict.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    verdict: VerdictKind,
    expected: String,
    observed: String,
    status: Option<u16>,
}

impl Seen {
    fn pass(expected: impl Into<String>, observed: impl Into<String>) -> Self {
        Seen {
            verdict: VerdictKind::Pass,
            expected: expected.into(),
            observed: observed.into(),
            status: None,
        }
    }

    fn not_yet(expected: impl Into<String>, observed: impl Into<String>) -> Self {
        Seen { verdict: VerdictKind::NotYet, ..Seen::pass(expected, observed) }
    }

    fn cannot_tell(expected: impl Into<String>, observed: impl Into<String>) -> Self {
        Seen { verdict: VerdictKind::CannotTell, ..Seen::pass(expected, observed) }
    }

    fn status(self, status: u16) -> Self {
        Seen { status: Some(status), ..self }
    }
}

/// The one deadline of a check, from which every part of it takes what is left.
#[derive(Clone, Copy, Debug)]
struct Budget<'a> {
    world: &'a dyn World,
    end: Instant,
}

impl std::fmt::Debug for dyn World + '_ {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}

impl Budget<'_> {
    /// What is left, at least a millisecond: a probe given nothing would report another error than
    /// «too late».
    fn left(&self) -> Duration {
        self.end.saturating_duration_since(self.world.now()).max(Duration::from_millis(1))
    }
}

/// Asks one check of the live system.
pub fn judge(check: &Check, context: &Context, world: &dyn World) -> Verdict {
    let since = world.now();
    let within = check.within.map_or(WITHIN, |within| within.0);
    let budget = Budget { world, end: since + within };
    let (probe, seen) = match check.probe() {
        Ok(probe) => {
            (probe::words(probe, context), probe::ask(probe, &check.expect, context, budget))
        }
        Err(why) => (String::new(), Seen::cannot_tell("a check that can be asked", why)),
    };
    let script = check.command.as_ref().is_some_and(|probe| probe::ours(&probe.argv));
    Verdict {
        verdict: seen.verdict,
        script,
        check: 1,
        probe,
        expected: seen.expected,
        observed: shorten(&seen.observed, if script { WORDS } else { SHOWN }),
        status: seen.status,
        because: check.because.clone(),
        took_ms: u64::try_from(world.now().saturating_duration_since(since).as_millis())
            .unwrap_or(u64::MAX),
    }
}

/// Whose what answers a check is: none for a check that asks no port.
pub fn whose(check: &Check, context: &Context, world: &dyn World) -> Option<(String, Standing)> {
    let url = context.endpoints.get(probe::endpoint(check.probe().ok()?)?)?;
    let within = check.within.map_or(WITHIN, |within| within.0);
    Some((url.clone(), holder(url, context, world, within)))
}

/// Whether the lab itself has started what listens at a URL.
pub fn holder(url: &str, context: &Context, world: &dyn World, within: Duration) -> Standing {
    own::standing(url, own::Meant::Started, context, Budget { world, end: world.now() + within })
}

/// Asks checks in order; the first that does not pass is the verdict, else the last one.
pub fn judge_all(checks: &[Check], context: &Context, world: &dyn World) -> Verdict {
    judge_by(checks, &mut |_, check| judge(check, context, world))
}

/// The same with somebody else who asks, by the check's index.
pub fn judge_by(checks: &[Check], ask: &mut dyn FnMut(usize, &Check) -> Verdict) -> Verdict {
    let mut took_ms = 0;
    let mut last = None;
    for (index, check) in checks.iter().enumerate() {
        let verdict = ask(index, check);
        took_ms += verdict.took_ms;
        let stop = verdict.verdict != VerdictKind::Pass;
        last = Some(Verdict { check: index + 1, took_ms, ..verdict });
        if stop {
            break;
        }
    }
    last.unwrap_or_else(|| Verdict {
        verdict: VerdictKind::CannotTell,
        check: 0,
        probe: String::new(),
        expected: "at least one check".to_owned(),
        observed: "none: the lab's manifest has no check here".to_owned(),
        script: false,
        status: None,
        because: None,
        took_ms: 0,
    })
}

/// One line without control characters, cut where it gets long.
fn shorten(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = term::escape(&line);
    if line.chars().count() <= most {
        line
    } else {
        format!("{}…", line.chars().take(most).collect::<String>())
    }
}

#[cfg(test)]
mod tests;
