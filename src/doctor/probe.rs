//! A probe inspects one thing on the machine, within a time, and returns an observation.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Instant;

use super::scope::Scope;

/// Something to inspect. Equal probes run once, however many checks use the observation.
pub(super) trait Probe: Debug + PartialEq + Send + Sync + 'static {
    /// What it returns.
    type Observation: Send + 'static;

    /// Inspects, until `end` at the latest (a little later where the system itself is slow).
    fn run(&self, scope: &Scope, end: Instant) -> Self::Observation;
}

/// A probe of any type.
pub(super) trait AnyProbe: Debug + Send + Sync {
    /// Its observation, of the type that belongs to the probe's own type.
    fn observe(&self, scope: &Scope, end: Instant) -> Box<dyn Any + Send>;

    /// Whether both inspect the same thing.
    fn same(&self, other: &dyn AnyProbe) -> bool;

    fn as_any(&self) -> &dyn Any;
}

impl<P: Probe> AnyProbe for P {
    fn observe(&self, scope: &Scope, end: Instant) -> Box<dyn Any + Send> {
        Box::new(self.run(scope, end))
    }

    fn same(&self, other: &dyn AnyProbe) -> bool {
        other.as_any().downcast_ref::<P>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A probe as a check names it.
pub(super) type SharedProbe = Arc<dyn AnyProbe>;

pub(super) fn probe(probe: impl Probe) -> SharedProbe {
    Arc::new(probe)
}
