//! What a learner does: steps, hints, solutions, drills, as `lab.toml` writes them.

use serde::{Deserialize, Serialize};

use super::check::{CheckSpec, Probe};
use super::manifest::RuntimeKind;
use super::units::Within;

/// One thing that the learner does.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Stable for ever: progress is keyed by it.
    pub id: String,
    /// A few words.
    pub title: String,
    /// The file with the text, below the lab's folder.
    pub text: String,
    /// What it was called before: progress under these names counts, and they can still be typed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub was: Vec<String>,
    /// Where the step exists; empty means everywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runtimes: Vec<RuntimeKind>,
    /// A later step that, once passed, undoes what this one shows: from then on it is no longer
    /// judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds_until: Option<String>,
    /// A ladder of hints.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<Hint>,
    /// What must hold, in order.
    pub check: Vec<CheckSpec>,
    /// How it is done.
    pub solution: Solution,
}

/// Files and commands that do a step.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Solution {
    /// A folder below the lab's folder, laid over the project first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<String>,
    /// Commands, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub run: Vec<Vec<String>>,
}

/// One rung of a hint ladder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hint {
    /// What was observed for this hint to apply; without it the hint always applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// The hint.
    pub text: String,
}

/// Conditions on what a check observed; all that are given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct When {
    /// The HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictKind>,
    /// A regular expression found in the observed text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<String>,
    /// The number of the first check that does not pass, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<usize>,
    /// Where the lab runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<RuntimeKind>,
}

/// The three answers of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictKind {
    /// As expected.
    Pass,
    /// The system answered, and not as expected.
    NotYet,
    /// The probe could not see.
    CannotTell,
}

/// Something that takes the place of the real thing where that cannot be had, and says so when it
/// is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandIn {
    /// The real thing.
    pub of: String,
    /// What runs instead and how to get the real thing, in a sentence.
    pub text: String,
    /// The steps that only the real thing can show.
    pub steps: Vec<String>,
    /// Passes when it is the stand-in that answers.
    pub seen: CheckSpec,
}

impl StandIn {
    /// Whether it is asked over the network alone, as lint demands: commands that only look ask it,
    /// too, and they run nothing of a lab.
    pub fn probed_over_network(&self) -> bool {
        matches!(self.seen.probe, Probe::Http(..) | Probe::Tcp(..) | Probe::Metric(..))
    }
}

/// Something that breaks while the lab runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drill {
    /// The drill's name.
    pub id: String,
    /// What it was called before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub was: Vec<String>,
    /// A few words.
    pub title: String,
    /// The file with the text, below the lab's folder.
    pub text: String,
    /// Where the drill exists; empty means everywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runtimes: Vec<RuntimeKind>,
    /// Long-running commands, started before the damage and ended with the drill: traffic, so
    /// that there is evidence to find.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub background: Vec<Vec<String>>,
    /// Files and folders of the project that are saved before the damage, and put back by
    /// `break --undo` before `restore` runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<String>,
    /// Commands that do the damage.
    pub inject: Vec<Vec<String>>,
    /// Checks that pass on a healthy lab; at least one fails within `within` after inject. Schema 1
    /// calls them `symptom`.
    #[serde(alias = "symptom")]
    pub healthy: Vec<CheckSpec>,
    /// How soon the symptom shows.
    pub within: Within,
    /// Checks that pass when the learner has fixed it. Schema 1 calls them `mended`.
    #[serde(alias = "mended")]
    pub recovered: Vec<CheckSpec>,
    /// A ladder of hints.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<Hint>,
    /// `break --undo`, after the files of `keep` are back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restore: Vec<Vec<String>>,
    /// How it is fixed.
    pub solution: Solution,
    /// A file with what there is to learn from it, shown once it is over: what happened, how it
    /// could have been seen, the real incident it is modelled on, what to automate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debrief: Option<String>,
}
