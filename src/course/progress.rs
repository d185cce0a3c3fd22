//! What the learner has done, by step id, and what the last check found. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::manifest::StandIn;
use crate::check::Verdict;

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
    #[serde(default, rename = "hidden", skip_serializing_if = "BTreeMap::is_empty")]
    skipped: BTreeMap<String, String>,
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
    /// When it first passed, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    done_at: Option<u64>,
    /// How many hints were shown.
    #[serde(default)]
    hints: usize,
    /// The last verdict that was not «pass».
    #[serde(default, rename = "seen", skip_serializing_if = "Option::is_none")]
    failing: Option<Value>,
}

impl Progress {
    /// Whether the step has passed.
    pub fn done(&self, id: &str) -> bool {
        self.done_at(id).is_some()
    }

    /// When the step first passed, in seconds since 1970.
    pub fn done_at(&self, id: &str) -> Option<u64> {
        self.steps.get(id)?.done_at
    }

    /// The step passes at this moment.
    pub fn set_done(&mut self, id: &str, now: u64) {
        self.begun.get_or_insert(now);
        let state = self.steps.entry(id.to_owned()).or_default();
        state.done_at.get_or_insert(now);
        state.failing = None;
    }

    /// The step does not pass at this moment; hints go by the verdict.
    pub fn set_failing(&mut self, id: &str, verdict: &Verdict, now: u64) {
        self.begun.get_or_insert(now);
        let state = self.steps.entry(id.to_owned()).or_default();
        state.failing = serde_json::to_value(verdict).ok();
    }

    /// Whether the step had passed and has failed since.
    pub fn fails_again(&self, id: &str) -> bool {
        self.steps.get(id).is_some_and(|state| state.done_at.is_some() && state.failing.is_some())
    }

    /// The last verdict that was not «passed»; none where another version wrote it otherwise.
    pub fn failing(&self, id: &str) -> Option<Verdict> {
        serde_json::from_value(self.steps.get(id)?.failing.clone()?).ok()
    }

    /// Shows one hint more, of this many.
    pub fn reveal_next_hint(&mut self, id: &str, hints: usize) {
        let state = self.steps.entry(id.to_owned()).or_default();
        state.hints = (state.hints + 1).min(hints);
    }

    /// How many hints were shown.
    pub fn hints_revealed(&self, id: &str) -> usize {
        self.steps.get(id).map_or(0, |state| state.hints)
    }

    /// Why the step cannot be shown by what ran last; none for one that has passed before.
    pub fn skipped(&self, id: &str) -> Option<&str> {
        if self.done(id) { None } else { self.skipped.get(id).map(String::as_str) }
    }

    /// Whether a stand-in answers, which cannot show its steps.
    pub fn set_stand_in(&mut self, stand_in: &StandIn, answers: bool) {
        for step in &stand_in.steps {
            if answers {
                let why = format!("only {} can show this. {}", stand_in.of, stand_in.text);
                self.skipped.insert(step.clone(), why);
            } else {
                self.skipped.remove(step);
            }
        }
    }

    /// What was remembered of a step or drill under a former name belongs to its present one.
    pub fn rename(&mut self, was: &str, id: &str) {
        if let Some(state) = self.steps.remove(was) {
            self.steps.entry(id.to_owned()).or_insert(state);
        }
        if let Some(drill) = self.drill.as_mut().filter(|drill| drill.id == was) {
            id.clone_into(&mut drill.id);
        }
    }

    /// Whether this drill is under way.
    pub fn drilling(&self, id: &str) -> bool {
        self.drill.as_ref().is_some_and(|drill| drill.id == id)
    }

    /// A drill begins, also one that has recovered before.
    pub fn begin_drill(&mut self, id: &str, now: u64) {
        self.steps.remove(id);
        self.drill = Some(Active { id: id.to_owned(), since: now });
    }

    /// The drill under way is over.
    pub fn end_drill(&mut self) {
        self.drill = None;
    }
}
