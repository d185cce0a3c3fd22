//! Checks of the live system within a limit of time, side by side.

use std::time::{Duration, Instant};

use super::ready;
use crate::catalog::check::{CheckSpec, Probe};
use crate::catalog::manifest::VerdictKind;
use crate::catalog::units::Within;
use crate::check::{self, Context, Verdict};
use crate::platform::world::World;

/// The world, as far as it can be probed until a moment.
pub(super) struct TimedProbe<'a> {
    pub(super) context: &'a Context,
    pub(super) world: &'a (dyn World + Sync),
    pub(super) end: Instant,
}

impl TimedProbe<'_> {
    /// What is left of the time.
    pub(super) fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Judges checks side by side, each once.
    pub(super) fn judge<'c>(&self, checks: impl Iterator<Item = &'c CheckSpec>) -> Vec<Verdict> {
        self.each(checks, check::judge)
    }

    /// The same for checks of whether the lab is ready: what answers must be its own.
    pub(super) fn ready<'c>(&self, checks: impl Iterator<Item = &'c CheckSpec>) -> Vec<Verdict> {
        self.each(checks, |check, context, world| ready::judge(check, context, world).0)
    }

    fn each<'c>(
        &self,
        checks: impl Iterator<Item = &'c CheckSpec>,
        one: impl Fn(&CheckSpec, &Context, &dyn World) -> Verdict + Sync,
    ) -> Vec<Verdict> {
        let within = Some(Within(self.left()));
        let checks: Vec<CheckSpec> =
            checks.map(|check| CheckSpec { within, ..check.clone() }).collect();
        let judge = |check: &CheckSpec| match check.probe {
            // Not run only for a status: it passed when what it checks was started.
            Probe::Command(..) => Verdict::assumed(),
            _ => one(check, self.context, self.world),
        };
        match &checks[..] {
            // No thread for a single check.
            [single] => vec![judge(single)],
            many => std::thread::scope(|scope| {
                let threads: Vec<_> =
                    many.iter().map(|check| scope.spawn(move || judge(check))).collect();
                threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
            }),
        }
    }
}

/// What all of a runtime's own checks find together: the first that does not pass; none when all
/// do.
pub(super) fn first_unready(verdicts: &[Verdict]) -> Option<String> {
    let unready = verdicts.iter().find(|verdict| verdict.verdict != VerdictKind::Pass);
    unready.map(|verdict| verdict.observed.clone())
}
