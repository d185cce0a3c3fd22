//! What the probes brought back.

use std::time::Duration;

use super::probes::{Look, Seen};

/// What was brought back, and how long each look took.
pub(super) struct All(pub(super) Vec<(Look, Option<Seen>, Duration)>);

impl All {
    /// What a look brought back; none when it was late or not made.
    pub(super) fn get(&self, look: &Look) -> Option<&Seen> {
        self.0.iter().find(|(made, ..)| made == look).and_then(|(_, seen, _)| seen.as_ref())
    }

    pub(super) fn took(&self, looks: &[Look]) -> Duration {
        let took =
            self.0.iter().filter(|(made, ..)| looks.contains(made)).map(|(_, _, took)| *took);
        took.max().unwrap_or_default()
    }
}
