//! Which hints fit what was observed. Pure.

use super::progress::Progress;
use super::target::Target;
use crate::catalog::Manifest;
use crate::catalog::manifest::{Hint, RuntimeKind, When};
use crate::check::Verdict;

/// The hints that apply in this runtime, most fitting first: those tied to what was observed, then
/// the ladder. What the whole lab has in `common` stands in where none of the step's own is tied to
/// what was observed.
fn hints<'a>(
    ladder: &'a [Hint],
    common: &'a [Hint],
    verdict: Option<&Verdict>,
    kind: RuntimeKind,
) -> Vec<&'a str> {
    let here = |hint: &&Hint| {
        let wanted = hint.when.as_ref().and_then(|when| when.runtime);
        wanted.is_none_or(|wanted| wanted == kind)
    };
    // A hint that names nothing but its runtime is part of the ladder there.
    let plain = |hint: &&Hint| {
        hint.when
            .as_ref()
            .is_none_or(|when| *when == When { runtime: when.runtime, ..When::default() })
    };
    let fits =
        |hint: &&Hint| hint.when.as_ref().zip(verdict).is_some_and(|(when, v)| holds(when, v));
    let tied = |hints: &'a [Hint]| -> Vec<&'a Hint> {
        hints.iter().filter(here).filter(|hint| !plain(hint)).filter(fits).collect()
    };
    let own = tied(ladder);
    let first = if own.is_empty() { tied(common) } else { own };
    let rest = ladder.iter().filter(here).filter(plain);
    first.into_iter().chain(rest).map(|hint| hint.text.as_str()).collect()
}

/// The hints for a step or drill by its last verdict, after the reason why it is skipped, if it is.
pub fn ladder<'a>(
    target: Target<'a>,
    manifest: &'a Manifest,
    kind: RuntimeKind,
    progress: &'a Progress,
) -> Vec<&'a str> {
    let verdict = progress.failing(target.id());
    let hints = hints(target.hints(), &manifest.hint, verdict.as_ref(), kind);
    progress.skipped(target.id()).into_iter().chain(hints).collect()
}

fn holds(when: &When, verdict: &Verdict) -> bool {
    when.status.is_none_or(|status| verdict.status == Some(status))
        && when.verdict.is_none_or(|kind| verdict.verdict == kind)
        && when.check.is_none_or(|check| verdict.check == check)
        && when.matches.as_ref().is_none_or(|pattern| {
            regex_lite::Regex::new(pattern).is_ok_and(|regex| regex.is_match(&verdict.observed))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::manifest::VerdictKind;

    #[test]
    fn what_was_observed_comes_before_the_ladder() {
        let hint = |when: Option<When>, text: &str| Hint { when, text: text.to_owned() };
        let ladder = [
            hint(None, "concept"),
            hint(Some(When { status: Some(404), ..When::default() }), "name"),
            hint(
                Some(When { verdict: Some(VerdictKind::CannotTell), ..When::default() }),
                "start it",
            ),
            hint(
                Some(When {
                    matches: Some("draining".to_owned()),
                    check: Some(2),
                    ..When::default()
                }),
                "wait",
            ),
            hint(None, "nearly the command"),
            hint(
                Some(When { runtime: Some(RuntimeKind::Kubernetes), ..When::default() }),
                "start it there",
            ),
        ];
        let verdict = |kind, status, observed: &str, check| Verdict {
            verdict: kind,
            check,
            probe: String::new(),
            expected: String::new(),
            observed: observed.to_owned(),
            script: false,
            status,
            because: None,
            took_ms: 0,
        };
        let unreachable = When { matches: Some("refused".to_owned()), ..When::default() };
        let common = [hint(Some(unreachable), "start the lab")];
        let texts =
            |verdict: Option<&Verdict>| hints(&ladder, &common, verdict, RuntimeKind::Local);
        assert_eq!(texts(None), ["concept", "nearly the command"]);
        let there = hints(&ladder, &common, None, RuntimeKind::Kubernetes);
        assert_eq!(there, ["concept", "nearly the command", "start it there"]);
        assert_eq!(
            texts(Some(&verdict(VerdictKind::NotYet, Some(404), "", 1))),
            ["name", "concept", "nearly the command"]
        );
        assert_eq!(texts(Some(&verdict(VerdictKind::CannotTell, None, "", 1)))[0], "start it");
        assert_eq!(
            texts(Some(&verdict(VerdictKind::NotYet, Some(503), "is draining", 2)))[0],
            "wait"
        );
        assert_eq!(
            texts(Some(&verdict(VerdictKind::NotYet, Some(503), "is draining", 1)))[0],
            "concept"
        );
        assert_eq!(
            texts(Some(&verdict(VerdictKind::NotYet, None, "connection refused", 1))),
            ["start the lab", "concept", "nearly the command"]
        );
        let own = texts(Some(&verdict(VerdictKind::CannotTell, None, "connection refused", 1)));
        assert_eq!(own, ["start it", "concept", "nearly the command"], "the step knows better");
    }
}
