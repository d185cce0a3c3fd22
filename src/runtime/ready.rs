//! Waiting until something is ready, as its own checks see it.

use std::time::{Duration, Instant};

use crate::catalog::expect::Check;
use crate::catalog::manifest::VerdictKind;
use crate::catalog::units::Within;
use crate::check::{self, Context, Verdict};
use crate::error::{Error, Result};
use crate::platform::clock;
use crate::platform::term::Progress;
use crate::platform::world::World;

const POLL: Duration = Duration::from_millis(50);

/// A single look may take this long; the wait as a whole has the check's `within`.
const LOOK: Duration = Duration::from_secs(2);

/// How long to wait when the check says nothing.
const DEFAULT: Duration = Duration::from_secs(60);

/// Waits until the check passes. `gone` tells why there is nothing more to wait for.
///
/// # Errors
/// What `gone` says; exit 3 when it is not ready in time, with what was seen last; exit 130 after Ctrl-C.
pub(super) fn wait(
    ready: &Check,
    context: &Context,
    world: &dyn World,
    progress: &mut dyn Progress,
    gone: &mut dyn FnMut() -> Result<()>,
) -> Result<()> {
    let within = ready.within.map_or(DEFAULT, |within| within.0);
    let look = Check { within: Some(Within(LOOK.min(within))), ..ready.clone() };
    let end = Instant::now() + within;
    loop {
        let verdict = check::judge(&look, context, world);
        clock::interrupted()?;
        if verdict.verdict == VerdictKind::Pass {
            return Ok(());
        }
        gone()?;
        progress.update(&verdict.observed);
        if Instant::now() >= end {
            return Err(late(&verdict, within));
        }
        clock::pause(POLL)?;
    }
}

fn late(verdict: &Verdict, within: Duration) -> Error {
    Error::environment(format!("not ready within {} s", within.as_secs()))
        .detail(format!(
            "asked     {}\nexpected  {}\nobserved  {}",
            verdict.probe, verdict.expected, verdict.observed
        ))
        .hint("see what it printed: mlops-lab logs")
}
