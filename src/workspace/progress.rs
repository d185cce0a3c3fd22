//! What the learner has done, by step id, and what the last check saw.

use std::collections::BTreeMap;
use std::sync::Once;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{FOLDER, Workspace};
use crate::error::{Error, Exit, Result};
use crate::platform::fs::Mode;
use crate::platform::{clock, inside, term};

/// Where it is kept, below the lab.
const PROGRESS: &str = ".mlops-lab/progress.json";

/// What the learner has done. Steps that the lab no longer has are kept: their ids are stable for
/// ever.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// By id of the step or drill.
    #[serde(default)]
    steps: BTreeMap<String, State>,
    /// The drill that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill: Option<Active>,
    /// When the learner began: the first check, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<u64>,
    /// Steps that what ran last could not show, and why: a stand-in answered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    hidden: BTreeMap<String, String>,
}

/// A drill that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Active {
    /// Which.
    pub id: String,
    /// Since when, in seconds since 1970.
    pub since: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct State {
    /// First seen done, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    done_at: Option<u64>,
    /// How many hints were shown.
    #[serde(default)]
    hints: usize,
    /// The last verdict that was not «pass».
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen: Option<Value>,
}

impl Progress {
    /// Whether the step was seen done.
    pub fn done(&self, id: &str) -> bool {
        self.done_at(id).is_some()
    }

    /// When the step was first seen done, in seconds since 1970.
    pub fn done_at(&self, id: &str) -> Option<u64> {
        self.steps.get(id)?.done_at
    }

    /// Remembers that the step was seen done.
    pub fn set_done(&mut self, id: &str) {
        self.begun.get_or_insert_with(clock::unix_now);
        let state = self.steps.entry(id.to_owned()).or_default();
        state.done_at.get_or_insert_with(clock::unix_now);
        state.seen = None;
    }

    /// Remembers what a check saw, for hints.
    pub fn set_seen(&mut self, id: &str, seen: &Value) {
        self.begun.get_or_insert_with(clock::unix_now);
        self.steps.entry(id.to_owned()).or_default().seen = Some(seen.clone());
    }

    /// Whether the step had passed and was seen to fail since.
    pub fn failing(&self, id: &str) -> bool {
        self.steps.get(id).is_some_and(|state| state.done_at.is_some() && state.seen.is_some())
    }

    /// What the last check that did not pass saw.
    pub fn seen(&self, id: &str) -> Option<&Value> {
        self.steps.get(id)?.seen.as_ref()
    }

    /// One rung higher on a ladder of this many hints.
    pub fn climb(&mut self, id: &str, rungs: usize) {
        let state = self.steps.entry(id.to_owned()).or_default();
        state.hints = (state.hints + 1).min(rungs);
    }

    /// How many hints were shown.
    pub fn climbed(&self, id: &str) -> usize {
        self.steps.get(id).map_or(0, |state| state.hints)
    }

    /// Why the step cannot be shown by what ran last; none for one that was done before.
    pub fn hidden(&self, id: &str) -> Option<&str> {
        if self.done(id) { None } else { self.hidden.get(id).map(String::as_str) }
    }

    /// Remembers why the step cannot be shown, or that it can.
    pub fn set_hidden(&mut self, id: &str, why: Option<String>) {
        match why {
            Some(why) => self.hidden.insert(id.to_owned(), why),
            None => self.hidden.remove(id),
        };
    }

    /// What was remembered of a step or drill under a former name belongs to its present one.
    fn rename(&mut self, was: &str, id: &str) {
        if let Some(state) = self.steps.remove(was) {
            self.steps.entry(id.to_owned()).or_insert(state);
        }
        if let Some(drill) = self.drill.as_mut().filter(|drill| drill.id == was) {
            id.clone_into(&mut drill.id);
        }
    }

    /// A drill begins, also one that was mended before.
    pub fn begin_drill(&mut self, id: &str) {
        self.steps.remove(id);
        self.drill = Some(Active { id: id.to_owned(), since: clock::unix_now() });
    }
}

impl Workspace {
    /// What was done so far. A broken file is put aside, and said; a lab without one is new.
    pub fn progress(&self) -> Result<Progress> {
        let path = self.root.join(PROGRESS);
        let bytes = inside::read_optional(&self.root, PROGRESS);
        let bytes = bytes.map_err(inside::cannot("read", &self.root, PROGRESS))?;
        let Some(bytes) = bytes else { return Ok(Progress::default()) };
        match serde_json::from_slice(&bytes) {
            Ok(progress) => Ok(self.renamed(progress)),
            Err(error) => {
                let broken = format!("{PROGRESS}.broken");
                let aside = self.root.join(&broken);
                inside::write(&self.root, &broken, &bytes, Mode::Private)
                    .map_err(inside::cannot("write", &self.root, &broken))?;
                term::say(&format!(
                    "warning: {} is broken ({error}); it is kept as {}",
                    path.display(),
                    aside.display()
                ));
                Ok(Progress::default())
            }
        }
    }

    fn renamed(&self, mut progress: Progress) -> Progress {
        let steps = self.manifest.step.iter().map(|step| (&step.id, &step.was));
        let drills = self.manifest.drill.iter().map(|drill| (&drill.id, &drill.was));
        for (id, former) in steps.chain(drills) {
            former.iter().for_each(|was| progress.rename(was, id));
        }
        progress
    }

    /// Changes what was done so far, as it is now: another command may have saved something since
    /// this one began. Returns what the change returns.
    ///
    /// # Errors
    /// Exit 3 when it cannot be read or written; exit 130 after Ctrl-C.
    pub fn update_progress<T>(&self, change: impl FnOnce(&mut Progress) -> T) -> Result<T> {
        let _lock = self.lock_progress()?;
        let mut progress = self.progress()?;
        let before = progress.clone();
        let result = change(&mut progress);
        if progress != before {
            self.save_progress(&progress)?;
        }
        Ok(result)
    }

    /// The same for what is worth a warning, not a failure: a verdict holds although it cannot be
    /// saved. `progress` is what this command knows, and is then what is known now.
    ///
    /// # Errors
    /// Exit 130 after Ctrl-C.
    pub fn remember(&self, progress: &mut Progress, change: impl Fn(&mut Progress)) -> Result<()> {
        static WARNED: Once = Once::new();
        let saved = self.update_progress(|now| {
            change(now);
            now.clone()
        });
        match saved {
            Ok(now) => *progress = now,
            Err(error) if error.exit() == Exit::Interrupted => return Err(error),
            Err(error) => {
                change(progress);
                WARNED.call_once(|| term::say(&format!("warning: this is not saved: {error}")));
            }
        }
        Ok(())
    }

    fn save_progress(&self, progress: &Progress) -> Result<()> {
        let text = serde_json::to_string_pretty(progress)
            .map_err(|error| Error::bug("progress that cannot be written").because(error))?;
        self.sweep();
        inside::write(&self.root, PROGRESS, text.as_bytes(), Mode::Plain)
            .map_err(inside::cannot("write", &self.root, PROGRESS))
    }

    /// Removes what a run that was killed while it saved has left beside the file. Who saves holds
    /// the lock: nobody else's is in use.
    fn sweep(&self) {
        for (name, _) in inside::list(&self.root, FOLDER).unwrap_or_default() {
            if name.starts_with(".progress.json.") && name.ends_with(".tmp") {
                let _ = inside::remove(&self.root, &format!("{FOLDER}/{name}"));
            }
        }
    }
}
