//! Wrong and right solutions: of a step or drill that there is, with something to do, told apart by
//! their names.

use std::collections::BTreeSet;

use super::Lint;
use crate::catalog::attempts::{Attempt, Side, attempts};
use crate::catalog::manifest::{RuntimeKind, VerdictKind};
use crate::catalog::parse::{Key, locate};

/// The least number of wrong solutions for each step: one mistake and one fraud.
const WRONG_SOLUTIONS: usize = 2;

impl Lint<'_> {
    pub(super) fn attempts(&mut self) {
        let (all, found) = attempts(self.lab);
        self.found.extend(found);
        let mut names = BTreeSet::new();
        for attempt in &all {
            if !names.insert((attempt.side, &attempt.target, &attempt.name)) {
                let message =
                    format!("there are two {} solutions `{}`", attempt.side, attempt.name);
                self.attempt(attempt, &["name".into()], message);
            }
            self.one(attempt);
        }
        for (n, step) in self.lab.manifest.step.clone().iter().enumerate() {
            let wrong =
                |attempt: &&Attempt| attempt.side == Side::Wrong && attempt.target == step.id;
            let count = all.iter().filter(wrong).count();
            if count < WRONG_SOLUTIONS {
                let message = format!(
                    "the step `{0}` has {count} wrong solutions in wrong/{0}.toml and wrong/{0}/, \
                    and needs \
                     {WRONG_SOLUTIONS}",
                    step.id
                );
                self.manifest(&["step".into(), n.into(), "id".into()], message);
            }
        }
    }

    fn one(&mut self, attempt: &Attempt) {
        let Attempt { side, target, name, spec, files, .. } = attempt;
        let manifest = &self.lab.manifest;
        let step = manifest.step.iter().find(|step| step.id == *target).map(|step| &step.runtimes);
        let drill =
            manifest.drill.iter().find(|drill| drill.id == *target).map(|drill| &drill.runtimes);
        let runtimes: Option<Vec<RuntimeKind>> = step
            .or(drill)
            .map(|own| if own.is_empty() { manifest.runtimes() } else { own.clone() });
        match runtimes {
            None => {
                self.attempt(attempt, &[], format!("there is no step or drill `{target}`"));
            }
            Some(runtimes) => {
                for (n, kind) in spec.runtimes.iter().enumerate() {
                    if !runtimes.contains(kind) {
                        let message = format!("`{target}` does not exist in the runtime {kind}");
                        self.attempt(attempt, &["runtimes".into(), n.into()], message);
                    }
                }
            }
        }
        if !super::is_id(name) {
            self.attempt(attempt, &["name".into()], super::not_an_id(name));
        }
        if spec.why.trim().is_empty() {
            self.attempt(attempt, &["why".into()], "`why` says nothing".to_owned());
        }
        // `from` alone is something: the files of a solution without what it runs are a job half
        // done.
        if files.is_empty() && spec.edit.is_empty() && spec.run.is_empty() && spec.from.is_none() {
            let message =
                format!("the {side} solution `{name}` does nothing: no edit, no files, no run");
            self.attempt(attempt, &[], message);
        }
        if let Some(folder) = &spec.from {
            let below = format!("{}/", folder.trim_end_matches('/'));
            if !folder.starts_with("solution/") {
                let message = "`from` names a folder of solutions: solution/<step>".to_owned();
                self.attempt(attempt, &["from".into()], message);
            } else if !self.lab.knowledge.keys().any(|path| path.starts_with(&below)) {
                let message = format!("there are no files in labs/{}/{folder}", self.id());
                self.attempt(attempt, &["from".into()], message);
            }
        }
        for (n, edit) in spec.edit.iter().enumerate() {
            let at = |key: &str| ["edit".into(), n.into(), key.into()];
            if let Some(message) = super::not_a_path(&edit.file) {
                self.attempt(attempt, &at("file"), message);
            }
            if edit.find.is_empty() {
                self.attempt(attempt, &at("find"), "`find` is empty".to_owned());
            } else if edit.find == edit.put {
                self.attempt(
                    attempt,
                    &at("put"),
                    "`put` is what `find` is: nothing changes".to_owned(),
                );
            }
        }
        for (key, commands) in [("run", &spec.run), ("undo", &spec.undo)] {
            for (n, argv) in commands.iter().enumerate() {
                if let Some(message) = super::not_a_command(argv) {
                    self.attempt(attempt, &[key.into(), n.into()], message.to_owned());
                }
            }
        }
        match (side, spec.verdict) {
            (_, None) | (Side::Wrong, Some(VerdictKind::CannotTell)) => {}
            (Side::Right, _) => {
                let message = "a right solution passes: it has no other `verdict`".to_owned();
                self.attempt(attempt, &["verdict".into()], message);
            }
            (Side::Wrong, _) => {
                let message = "`verdict` is \"cannot-tell\" or left out".to_owned();
                self.attempt(attempt, &["verdict".into()], message);
            }
        }
    }

    pub(super) fn attempt(&mut self, attempt: &Attempt, below: &[Key], message: String) {
        let text =
            self.lab.knowledge.get(&attempt.file).map(|bytes| String::from_utf8_lossy(bytes));
        let text = text.unwrap_or_default().into_owned();
        let span = locate(&text, &[attempt.at.clone(), below.to_vec()].concat());
        self.file(&format!("labs/{}/{}", self.id(), attempt.file), span, &text, message);
    }
}
