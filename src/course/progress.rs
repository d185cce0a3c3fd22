//! What the learner has done, by step id, and what the last check saw. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::platform::clock;

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
    pub fn rename(&mut self, was: &str, id: &str) {
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
