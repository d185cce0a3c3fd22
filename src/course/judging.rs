//! What a `check` judges, in which order, and what is remembered of each verdict. Pure.

use super::place;
use super::progress::Progress;
use super::target::{Target, steps};
use crate::catalog::Manifest;
use crate::catalog::manifest::{RuntimeKind, VerdictKind};
use crate::check::Verdict;
use crate::error::Result;

/// What the learner wants to have judged.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// From where the learner is on, as long as steps pass.
    Onward,
    /// One step or drill alone.
    Named(&'a str),
    /// Every step, also those that passed before, after the drill under way.
    All,
}

/// The next target to judge after those that `judged` names, the last of which passed or not; none
/// when that is all.
///
/// # Errors
/// Exit 2 when there is no target of the wanted name.
pub fn next_target<'m>(
    wanted: Wanted<'_>,
    manifest: &'m Manifest,
    kind: RuntimeKind,
    progress: &Progress,
    judged: &[(&str, bool)],
) -> Result<Option<Target<'m>>> {
    let is_new = |target: &Target<'_>| !judged.iter().any(|(id, _)| *id == target.id());
    let stuck = judged.last().is_some_and(|(_, passed)| !passed);
    let current = |name| Target::find(manifest, kind, name, progress);
    let next = match wanted {
        Wanted::Named(_) if !judged.is_empty() => None,
        Wanted::Named(name) => current(Some(name))?,
        Wanted::Onward if stuck => None,
        // One that passed before and is judged again must not be judged for ever.
        Wanted::Onward => current(None)?.filter(is_new),
        Wanted::All => {
            // What is under way is judged first: it is why the rest may fail.
            let drill = current(None)?.filter(|target| matches!(target, Target::Drill(_)));
            let steps = steps(manifest, kind).map(|(_, step)| Target::Step(step));
            let judgeable = |target: &Target<'_>| target.is_judged(manifest, progress);
            let drill = drill.into_iter().filter(|_| judged.is_empty());
            return Ok(drill.chain(steps).filter(judgeable).find(is_new));
        }
    };
    Ok(next.filter(|target| target.is_judged(manifest, progress)))
}

impl Target<'_> {
    /// Whether there is something to judge: not of a step that a stand-in cannot show, nor of one
    /// that a later step has undone.
    fn is_judged(self, manifest: &Manifest, progress: &Progress) -> bool {
        match self {
            Target::Drill(_) => true,
            Target::Step(step) => {
                progress.skipped(&step.id).is_none()
                    && place::over(manifest, step, progress).is_none()
            }
        }
    }
}

/// Remembers a verdict. `up` is whether the lab runs: a step that has passed fails again only where
/// the system has answered, as one that is down has undone nothing.
pub fn record(progress: &mut Progress, target: Target<'_>, verdict: &Verdict, up: bool, now: u64) {
    let id = target.id();
    // A drill that was put back while it was judged has no verdict.
    if matches!(target, Target::Drill(_)) && !progress.drilling(id) {
        return;
    }
    let answered = up && verdict.verdict == VerdictKind::NotYet;
    if verdict.passed() {
        progress.set_done(id, now);
        progress.drill.take_if(|drill| drill.id == id);
    } else if answered || !progress.done(id) {
        progress.set_failing(id, verdict, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::tests::{manifest, verdict};

    const LOCAL: RuntimeKind = RuntimeKind::Local;

    /// The targets that are judged in this order when those in `failing` fail.
    fn judged(wanted: Wanted<'_>, progress: &mut Progress, failing: &[&str]) -> Vec<String> {
        let manifest = manifest();
        let mut all: Vec<(String, bool)> = Vec::new();
        loop {
            let before: Vec<(&str, bool)> =
                all.iter().map(|(id, passed)| (id.as_str(), *passed)).collect();
            let next = next_target(wanted, &manifest, LOCAL, progress, &before).unwrap();
            let Some(target) = next else { break };
            let passes = !failing.contains(&target.id());
            let kind = if passes { VerdictKind::Pass } else { VerdictKind::NotYet };
            record(progress, target, &verdict(kind), true, 7);
            all.push((target.id().to_owned(), passes));
        }
        all.into_iter().map(|(id, _)| id).collect()
    }

    #[test]
    fn steps_are_judged_onward_until_one_does_not_pass() {
        let mut progress = Progress::default();
        assert_eq!(judged(Wanted::Onward, &mut progress, &["canary"]), ["a", "canary"]);
        assert!(progress.done("a") && progress.failing("canary").is_some());
        // The next time only from there on; the canary is over once its successor has passed.
        assert_eq!(judged(Wanted::Onward, &mut progress, &[]), ["canary", "promote"]);
        assert_eq!(judged(Wanted::Onward, &mut progress, &[]), Vec::<String>::new());
    }

    #[test]
    fn one_that_is_named_is_judged_alone_and_all_are_judged_once() {
        let mut progress = Progress::default();
        assert_eq!(judged(Wanted::Named("canary"), &mut progress, &[]), ["canary"]);
        assert_eq!(judged(Wanted::All, &mut progress, &["a"]), ["a", "canary", "promote"]);
        assert_eq!(judged(Wanted::All, &mut progress, &[]), ["a", "promote"]);
        progress.begin_drill("outage", 1);
        assert_eq!(judged(Wanted::All, &mut progress, &["outage"]), ["outage", "a", "promote"]);
    }

    #[test]
    fn what_a_stand_in_cannot_show_is_not_judged() {
        let mut progress = Progress::default();
        progress.set_stand_in(&manifest().stand_in[0], true);
        assert_eq!(judged(Wanted::All, &mut progress, &[]), ["canary", "promote"]);
        assert_eq!(progress.skipped("a"), Some("only the real thing can show this. Install it."));
        progress.set_stand_in(&manifest().stand_in[0], false);
        assert_eq!(judged(Wanted::Onward, &mut progress, &[]), ["a"]);
    }

    #[test]
    fn a_step_that_passed_fails_again_only_where_the_system_answers() {
        let manifest = manifest();
        let target = Target::Step(&manifest.step[0]);
        let mut progress = Progress::default();
        record(&mut progress, target, &verdict(VerdictKind::Pass), true, 1);
        record(&mut progress, target, &verdict(VerdictKind::NotYet), false, 2);
        record(&mut progress, target, &verdict(VerdictKind::CannotTell), true, 2);
        assert!(!progress.fails_again("a"));
        record(&mut progress, target, &verdict(VerdictKind::NotYet), true, 3);
        assert!(progress.fails_again("a"));
        assert_eq!(progress.done_at("a"), Some(1));
    }

    #[test]
    fn a_drill_that_passes_is_over_and_one_that_was_put_back_has_no_verdict() {
        let manifest = manifest();
        let target = Target::Drill(&manifest.drill[0]);
        let mut progress = Progress::default();
        record(&mut progress, target, &verdict(VerdictKind::Pass), true, 1);
        assert!(!progress.done("outage"));
        progress.begin_drill("outage", 2);
        record(&mut progress, target, &verdict(VerdictKind::Pass), true, 3);
        assert!(progress.done_at("outage") == Some(3) && progress.drill.is_none());
    }
}
