//! One file for each kind of probe: how it is shown, how it is run, how what it finds is judged.

mod command;
mod file;
mod http;
mod kubernetes;
mod metric;
mod tcp;

use super::context::{Context, Scope};
use super::outcome::ProbeOutcome;
use crate::catalog::check::Probe;

/// The probe as something to paste, where that is possible.
pub(super) fn describe(probe: &Probe, context: &Context) -> String {
    match probe {
        Probe::Http(probe, _) => http::describe(probe, context),
        Probe::Command(probe, _) => command::describe(probe),
        Probe::File(probe, _) => file::describe(probe),
        Probe::Tcp(probe, _) => tcp::describe(probe, context),
        Probe::Metric(probe, _) => metric::describe(probe, context),
        Probe::Kubernetes(probe, _) => kubernetes::describe(probe, context),
    }
}

/// Probes and compares.
pub(super) fn run(probe: &Probe, scope: Scope<'_>) -> ProbeOutcome {
    let outcome = match probe {
        Probe::Http(probe, expect) => http::run(probe, expect, scope),
        Probe::Command(probe, expect) => command::run(probe, expect, scope),
        Probe::File(probe, expect) => file::run(probe, expect, scope),
        Probe::Tcp(probe, expect) => tcp::run(probe, *expect, scope),
        Probe::Metric(probe, expect) => metric::run(probe, expect, scope),
        Probe::Kubernetes(probe, expect) => kubernetes::run(probe, expect, scope),
    };
    outcome.unwrap_or_else(|early| early)
}

/// Whether a script of the lab judges, which the learner did not write and need not read.
pub(super) fn is_script(probe: &Probe) -> bool {
    matches!(probe, Probe::Command(probe, _) if command::is_script(&probe.argv))
}
