//! What the probes returned in time.

use std::any::Any;
use std::time::Duration;

use super::probe::{Probe, SharedProbe};

/// The probes of one run, each with its observation.
pub(super) struct Observations {
    all: Vec<Observed>,
    /// How long each probe had.
    pub(super) timeout: Duration,
}

struct Observed {
    probe: SharedProbe,
    /// None when the probe was late.
    observation: Option<Box<dyn Any + Send>>,
    took: Duration,
}

impl Observations {
    /// Nothing observed yet: until it is, each probe counts as late.
    pub(super) fn new(probes: Vec<SharedProbe>, timeout: Duration) -> Observations {
        let all = probes
            .into_iter()
            .map(|probe| Observed { probe, observation: None, took: timeout })
            .collect();
        Observations { all, timeout }
    }

    /// The observation of the probe with this index.
    pub(super) fn set(&mut self, index: usize, observation: Box<dyn Any + Send>, took: Duration) {
        self.all[index].observation = Some(observation);
        self.all[index].took = took;
    }

    /// What a probe observed; none when it was late or not run.
    pub(super) fn get<P: Probe>(&self, probe: &P) -> Option<&P::Observation> {
        let observed = self.all.iter().find(|observed| observed.probe.same(probe))?;
        observed.observation.as_ref()?.downcast_ref()
    }

    /// How long the slowest of these probes took.
    pub(super) fn took(&self, probes: &[SharedProbe]) -> Duration {
        let among =
            |observed: &&Observed| probes.iter().any(|probe| observed.probe.same(probe.as_ref()));
        self.all.iter().filter(among).map(|observed| observed.took).max().unwrap_or_default()
    }
}
