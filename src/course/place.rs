//! Where the learner is: which steps still hold, which one is next, and whether all is done. Pure.

use super::progress::Progress;
use crate::catalog::Manifest;
use crate::catalog::manifest::{RuntimeKind, Step};

/// The later step that has passed and undone what this one shows; none while this one still holds.
pub fn over<'a>(manifest: &'a Manifest, step: &'a Step, progress: &Progress) -> Option<&'a Step> {
    let until = step.holds_until.as_deref()?;
    manifest.step.iter().find(|later| later.id == until && progress.done(until))
}

/// Where the learner is: a step that had passed and has failed since, else the first that has
/// not passed and can.
pub fn current<'a>(
    manifest: &'a Manifest,
    kind: RuntimeKind,
    progress: &Progress,
) -> Option<&'a Step> {
    let open = |step: &&Step| {
        progress.skipped(&step.id).is_none() && over(manifest, step, progress).is_none()
    };
    let open: Vec<&Step> = manifest.steps(kind).filter(open).collect();
    let failing = open.iter().find(|step| progress.fails_again(&step.id));
    failing.or_else(|| open.iter().find(|step| !progress.done(&step.id))).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::manifest::VerdictKind;
    use crate::course::tests::{manifest, verdict};

    fn place(done: &[&str], failing: &[&str]) -> Option<String> {
        let mut progress = Progress::default();
        for id in done {
            progress.set_done(id, 1);
        }
        for id in failing {
            progress.set_failing(id, &verdict(VerdictKind::NotYet), 2);
        }
        current(&manifest(), RuntimeKind::Local, &progress).map(|step| step.id.clone())
    }

    #[test]
    fn a_step_that_fails_again_comes_before_the_next_one() {
        assert_eq!(place(&[], &[]).as_deref(), Some("a"));
        assert_eq!(place(&["a"], &[]).as_deref(), Some("canary"));
        assert_eq!(place(&["a"], &["a"]).as_deref(), Some("a"));
        assert_eq!(place(&["a"], &["canary"]).as_deref(), Some("canary"));
    }

    #[test]
    fn a_step_that_a_later_one_undoes_is_no_longer_next() {
        assert_eq!(place(&["a", "canary", "promote"], &["canary"]), None);
        // Passed over, it is not gone back to: that would undo the later step.
        assert_eq!(place(&["a", "promote"], &[]), None);
    }
}
