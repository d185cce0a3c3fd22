//! Hints: a ladder that always has a rung, rungs that some check can bring up, and those for the
//! whole lab.

use super::Lint;
use crate::catalog::manifest::Hint;
use crate::catalog::parse::Key;

impl Lint<'_> {
    pub(super) fn hints(&mut self, at: &[Key], hints: &[Hint], id: &str) {
        if !hints.iter().any(|hint| hint.when.is_none()) {
            self.manifest(at, format!("`{id}` has no hint that always applies"));
        }
        for (h, hint) in hints.iter().enumerate() {
            self.pattern(&[at.to_vec(), vec![h.into()]].concat(), hint);
        }
    }

    fn pattern(&mut self, at: &[Key], hint: &Hint) {
        if let Some(pattern) = hint.when.as_ref().and_then(|when| when.matches.as_ref())
            && let Err(error) = regex_lite::Regex::new(pattern)
        {
            self.manifest(at, format!("`{pattern}`: {error}"));
        }
    }

    /// Each hint can be brought up.
    pub(super) fn all_hints(&mut self) {
        self.rungs();
        self.common();
    }

    /// Hints of the whole lab say when they apply: a ladder belongs to a step.
    fn common(&mut self) {
        for (h, hint) in self.lab.manifest.hint.clone().iter().enumerate() {
            let at = [Key::from("hint"), h.into()];
            if hint.when.is_none() {
                self.manifest(
                    &at,
                    "a hint for the whole lab needs `when`: without it, it belongs to a step",
                );
            }
            self.pattern(&at, hint);
        }
    }

    /// Hints that apply when a certain check fails: there is such a check.
    fn rungs(&mut self) {
        let manifest = self.lab.manifest.clone();
        let steps = manifest
            .step
            .iter()
            .enumerate()
            .map(|(n, step)| ("step", n, &step.hints, step.check.len()));
        let drills = manifest.drill.iter().enumerate();
        let drills = drills.map(|(n, drill)| {
            ("drill", n, &drill.hints, drill.recovered.len().max(drill.healthy.len()))
        });
        for (table, n, hints, count) in steps.chain(drills) {
            for (h, hint) in hints.iter().enumerate() {
                let at: [Key; 4] = [table.into(), n.into(), "hints".into(), h.into()];
                if let Some(message) = idle(hint, count) {
                    self.manifest(&at, message);
                }
            }
        }
    }
}

/// Why a hint is never shown or says nothing, if so.
fn idle(hint: &Hint, checks: usize) -> Option<String> {
    if hint.text.trim().is_empty() {
        return Some("a hint that says nothing".to_owned());
    }
    let number = hint.when.as_ref()?.check?;
    let word = if checks == 1 { "is 1 check" } else { "are checks" };
    (number == 0 || number > checks).then(|| match checks {
        1 => format!("there {word}, and no check {number}"),
        _ => format!("there {word} 1 to {checks}, and no check {number}"),
    })
}
