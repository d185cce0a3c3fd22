//! What this machine lacks for a lab: needs become checks, probes return observations, judging
//! makes findings, findings one report.
//!
//! Probing touches the machine, side by side and bounded; judging is pure. What is late is
//! `unknown`, never good or bad.

mod check;
mod checks;
mod draft;
mod hints;
mod host_facts;
mod kind;
mod observations;
mod plan;
mod probe;
mod registry;
mod report;
mod run;
mod scope;
#[cfg(test)]
mod tests;
mod tool;

pub use checks::subject::Entry;
pub use registry::{all, validate};
pub use report::Report;
pub use report::github::github;
pub use report::junit::junit;
pub use report::redact::{Private, redact};
pub use report::text::{brief, human};
pub use run::{run, transient};
pub use scope::{Demand, Scope};
