//! Rules of what steps and drills say about time: former names, what a drill saves, until when a
//! step holds, keys of an older schema.

use std::collections::BTreeSet;

use super::Lint;
use crate::catalog::parse::{self, Key};
use crate::layout;

impl Lint<'_> {
    /// A former name must not be anybody's name now, nor anybody else's former one: progress would
    /// be read for two.
    pub(super) fn renamed(&mut self) {
        let manifest = self.lab.manifest.clone();
        let steps =
            manifest.step.iter().enumerate().map(|(n, step)| ("step", n, &step.id, &step.was));
        let drills =
            manifest.drill.iter().enumerate().map(|(n, drill)| ("drill", n, &drill.id, &drill.was));
        let all: Vec<_> = steps.chain(drills).collect();
        let mut seen: BTreeSet<&str> = all.iter().map(|(_, _, id, _)| id.as_str()).collect();
        for (table, n, _, was) in &all {
            for (w, name) in was.iter().enumerate() {
                if !seen.insert(name) {
                    let at: [Key; 4] = [(*table).into(), (*n).into(), "was".into(), w.into()];
                    self.manifest(&at, format!("`{name}` is the name of another step or drill"));
                }
            }
        }
    }

    /// What a drill saves are paths of the project.
    pub(super) fn kept(&mut self) {
        for (n, drill) in self.lab.manifest.drill.clone().iter().enumerate() {
            let at = |key: &str, index: usize| -> [Key; 4] {
                ["drill".into(), n.into(), key.into(), index.into()]
            };
            for (index, path) in drill.keep.iter().enumerate() {
                if let Some(why) = super::not_a_path(path) {
                    self.manifest(&at("keep", index), why);
                } else if layout::is_own(path) {
                    self.manifest(
                        &at("keep", index),
                        format!("`{path}` is not a file of the project"),
                    );
                }
            }
        }
    }

    /// The step that ends another one comes after it.
    pub(super) fn held(&mut self) {
        let steps = self.lab.manifest.step.clone();
        for (n, step) in steps.iter().enumerate() {
            if let Some(until) = &step.holds_until
                && !steps.iter().skip(n + 1).any(|later| later.id == *until)
            {
                let at: [Key; 3] = ["step".into(), n.into(), "holds_until".into()];
                self.manifest(&at, format!("there is no step `{until}` after `{}`", step.id));
            }
        }
    }

    /// What schema 2 calls otherwise.
    pub(super) fn words(&mut self) {
        if self.lab.manifest.schema < 2 {
            return;
        }
        for n in 0..self.lab.manifest.drill.len() {
            for key in ["healthy", "recovered"] {
                let Some(old) = parse::former(key) else { continue };
                let at = [Key::from("drill"), n.into(), old.into()];
                let here = parse::locate(&self.lab.text, &at);
                if here.is_some() && here != parse::locate(&self.lab.text, &at[..2]) {
                    self.manifest(&at, format!("`{old}` is called `{key}` since schema 2"));
                }
            }
        }
    }
}
