//! Waiting until something is ready, as its own checks see it.

use std::time::{Duration, Instant};

use super::ports;
use crate::catalog::check::CheckSpec;
use crate::catalog::manifest::VerdictKind;
use crate::catalog::units::Within;
use crate::check::{self, Context, Standing, Verdict};
use crate::error::{Error, Result};
use crate::platform::term::Progress;
use crate::platform::world::World;
use crate::platform::{clock, net};

const POLL: Duration = Duration::from_millis(50);

/// A single probe may take this long; the wait as a whole has the check's `within`.
const PROBE_LIMIT: Duration = Duration::from_secs(2);

/// How long to wait when the check names no limit.
const DEFAULT: Duration = Duration::from_secs(60);

/// The check's own verdict, unless what answered is not the lab's: then it is not ready, whatever
/// was answered. With the URL and the stranger, when there is one.
pub(super) fn judge(
    check: &CheckSpec,
    context: &Context,
    world: &dyn World,
) -> (Verdict, Option<(String, String)>) {
    let verdict = check::judge(check, context, world);
    let passed = verdict.verdict == VerdictKind::Pass;
    let engine = super::driver(context.own.kind).engine_owns_ports();
    if engine && !passed {
        // Docker itself sees to it that a port is published once; finding out whose one is takes
        // time.
        return (verdict, None);
    }
    let not_yet =
        |observed: String| Verdict { verdict: VerdictKind::NotYet, observed, ..verdict.clone() };
    match check::listener(check, context, world) {
        Some((url, Standing::Other(who))) => (
            not_yet(format!("{who} listens at {url}, and is not part of this lab")),
            Some((url, who)),
        ),
        // It let go of its port just now. Of a container's port the system may know nothing.
        Some((url, Standing::Nobody)) if passed && !engine => {
            (not_yet(format!("nothing listens at {url} any more")), None)
        }
        _ => (verdict, None),
    }
}

/// Waits until the check passes, and what answered is the lab's own. `gone` fails when there is
/// nothing more to wait for.
///
/// # Errors
/// The error of `gone`; exit 3 when a stranger listens where the lab should, or when it is not
/// ready in time, with the last observation; exit 130 after Ctrl-C.
pub(super) fn wait(
    ready: &CheckSpec,
    context: &Context,
    world: &dyn World,
    progress: &mut dyn Progress,
    gone: &mut dyn FnMut() -> Result<()>,
) -> Result<()> {
    let within = ready.within.map_or(DEFAULT, |within| within.0);
    let probe = CheckSpec { within: Some(Within(PROBE_LIMIT.min(within))), ..ready.clone() };
    let end = Instant::now() + within;
    loop {
        let (verdict, stranger) = judge(&probe, context, world);
        clock::interrupted()?;
        if let Some((url, who)) = stranger {
            let port = net::loopback_address(&url).map_or(0, |(_, port)| port);
            let variable = context.own.variables.get(&port).map(String::as_str);
            return Err(ports::taken(&context.root, port, &who, variable));
        }
        gone()?;
        if verdict.verdict == VerdictKind::Pass {
            return Ok(());
        }
        progress.update(&verdict.observed);
        if Instant::now() >= end {
            return Err(late(&verdict, within));
        }
        clock::pause(POLL)?;
    }
}

fn late(verdict: &Verdict, within: Duration) -> Error {
    Error::environment(format!("not ready within {} s", within.as_secs()))
        .detail(verdict.detail())
        .hint("see what it printed: mlops-lab logs")
}
