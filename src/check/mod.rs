//! Checks on the live system: probes and verdicts. Judging is pure: it probes a [`World`] and
//! compares values.

mod context;
mod listener;
mod matching;
mod outcome;
mod own;
mod probe;
mod prometheus;
mod stand_in;
mod verdict;

use std::time::Duration;

use crate::catalog::check::CheckSpec;
use crate::catalog::manifest::VerdictKind;
use crate::platform::term;
use crate::platform::world::World;
use context::Scope;

pub use context::{Context, Credentials};
pub use own::{Own, Standing};
pub use stand_in::stand_ins;
pub use verdict::Verdict;

/// The deadline of a probe that names none.
const WITHIN: Duration = Duration::from_secs(5);

/// What is shown of an observation, in characters: a response of a server, which may be anything,
/// and the words of a script of the lab, which were written to be read.
const SHOWN: usize = 300;
const WORDS: usize = 2000;

/// Judges one check of the live system.
pub fn judge(check: &CheckSpec, context: &Context, world: &dyn World) -> Verdict {
    let since = world.now();
    let within = check.within.map_or(WITHIN, |within| within.0);
    let scope = Scope { context, world, deadline: since + within };
    let outcome = probe::run(&check.probe, scope);
    let script = probe::is_script(&check.probe);
    let took = world.now().saturating_duration_since(since);
    Verdict {
        probe: probe::describe(&check.probe, context),
        expected: outcome.expected,
        observed: shorten(&outcome.observed, if script { WORDS } else { SHOWN }),
        script,
        status: outcome.status,
        because: check.because.clone(),
        took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        ..Verdict::of(outcome.verdict, 1)
    }
}

/// Who listens where a check probes, by its URL: none for a check that probes no port.
pub fn listener(
    check: &CheckSpec,
    context: &Context,
    world: &dyn World,
) -> Option<(String, Standing)> {
    let url = context.endpoints.get(check.probe.endpoint()?)?;
    let within = check.within.map_or(WITHIN, |within| within.0);
    Some((url.clone(), holder(url, context, world, within)))
}

/// Whether the lab itself has started what listens at a URL.
pub fn holder(url: &str, context: &Context, world: &dyn World, within: Duration) -> Standing {
    let scope = Scope { context, world, deadline: world.now() + within };
    listener::standing(url, own::Meant::Started, scope)
}

/// Judges checks in order; the first that does not pass is the verdict, else the last one.
pub fn judge_all(checks: &[CheckSpec], context: &Context, world: &dyn World) -> Verdict {
    judge_by(checks, &mut |_, check| judge(check, context, world))
}

/// The same with somebody else who judges, by the check's index.
pub fn judge_by(
    checks: &[CheckSpec],
    judge: &mut dyn FnMut(usize, &CheckSpec) -> Verdict,
) -> Verdict {
    let mut took_ms = 0;
    let mut last = None;
    for (index, check) in checks.iter().enumerate() {
        let verdict = judge(index, check);
        took_ms += verdict.took_ms;
        let stop = !verdict.passed();
        last = Some(Verdict { check: index + 1, took_ms, ..verdict });
        if stop {
            break;
        }
    }
    last.unwrap_or_else(|| Verdict {
        expected: "at least one check".to_owned(),
        observed: "none: the lab's manifest has no check here".to_owned(),
        ..Verdict::of(VerdictKind::CannotTell, 0)
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
