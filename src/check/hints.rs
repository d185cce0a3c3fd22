//! Which hints fit what was observed. Pure.

use super::Verdict;
use crate::catalog::manifest::{Hint, When};

/// The hints that apply, most fitting first: those tied to what was observed, then the ladder.
pub fn hints<'a>(ladder: &'a [Hint], verdict: Option<&Verdict>) -> Vec<&'a str> {
    let fits =
        |hint: &&Hint| matches!((&hint.when, verdict), (Some(when), Some(verdict)) if holds(when, verdict));
    let tied = ladder.iter().filter(fits);
    let plain = ladder.iter().filter(|hint| hint.when.is_none());
    tied.chain(plain).map(|hint| hint.text.as_str()).collect()
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
            hint(Some(When { verdict: Some(VerdictKind::CannotTell), ..When::default() }), "start it"),
            hint(
                Some(When { matches: Some("draining".to_owned()), check: Some(2), ..When::default() }),
                "wait",
            ),
            hint(None, "nearly the command"),
        ];
        let verdict = |kind, status, observed: &str, check| Verdict {
            verdict: kind,
            check,
            probe: String::new(),
            expected: String::new(),
            observed: observed.to_owned(),
            status,
            because: None,
            took_ms: 0,
        };
        let texts = |verdict: Option<&Verdict>| hints(&ladder, verdict);
        assert_eq!(texts(None), ["concept", "nearly the command"]);
        assert_eq!(
            texts(Some(&verdict(VerdictKind::NotYet, Some(404), "", 1))),
            ["name", "concept", "nearly the command"]
        );
        assert_eq!(texts(Some(&verdict(VerdictKind::CannotTell, None, "", 1)))[0], "start it");
        assert_eq!(texts(Some(&verdict(VerdictKind::NotYet, Some(503), "is draining", 2)))[0], "wait");
        assert_eq!(texts(Some(&verdict(VerdictKind::NotYet, Some(503), "is draining", 1)))[0], "concept");
    }
}
