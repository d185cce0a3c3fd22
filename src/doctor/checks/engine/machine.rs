//! The machine that the engine runs on: memory, processors, disk.

use super::info::judge_info;
use super::probe::EngineProbe;
use crate::catalog::manifest::Need;
use crate::catalog::units::Size;
use crate::doctor::check::{BoxedCheck, Check, check, classes};
use crate::doctor::checks::common::{AmountClass, amount, gigabytes};
use crate::doctor::checks::subject::{Entry, Subject, entry};
use crate::doctor::draft::Draft;
use crate::doctor::kind::{Group, Kind};
use crate::doctor::observations::Observations;
use crate::doctor::probe::{SharedProbe, probe};
use crate::doctor::scope::{Demand, Scope};
use crate::platform::host::architecture;

pub(in crate::doctor) const SUBJECT: Subject = Subject { entries, checks };

fn entries() -> Vec<Entry> {
    vec![entry::<Memory>(), entry::<Cpus>(), entry::<Disk>(), entry::<Arch>()]
}

/// Containers use the engine's machine, which has less than this one on a Mac.
fn checks(demand: &Demand, _: &Scope) -> Vec<BoxedCheck> {
    let (in_engine, in_cluster) = (demand.in_engine(), demand.in_cluster());
    let checks = demand.needs.iter().filter(|_| in_engine).filter_map(|need| match need {
        Need::Memory(size) if !in_cluster => Some(check(Memory(*size))),
        Need::Cpus(count) if !in_cluster => Some(check(Cpus(*count))),
        Need::Disk(size) => Some(check(Disk(*size))),
        Need::Arch(names) => Some(check(Arch(names.clone()))),
        _ => None,
    });
    checks.collect()
}

#[derive(Debug, PartialEq)]
struct Memory(Size);

impl Check for Memory {
    type Class = AmountClass;

    const KIND: &'static Kind =
        &Kind::new("docker.memory", Group::Docker, "the engine's machine has the memory");

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(EngineProbe)]
    }

    fn judge(&self, observed: &Observations) -> Draft<AmountClass> {
        judge_info(observed, AmountClass::Late, |info, _| {
            amount(info["MemTotal"].as_u64(), self.0.0, gigabytes)
        })
    }

    fn merge(&mut self, other: &Memory) -> bool {
        self.0 = self.0.max(other.0);
        true
    }
}

#[derive(Debug, PartialEq)]
struct Cpus(u32);

impl Check for Cpus {
    type Class = AmountClass;

    const KIND: &'static Kind =
        &Kind::new("docker.cpus", Group::Docker, "the engine's machine has the processors");

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(EngineProbe)]
    }

    fn judge(&self, observed: &Observations) -> Draft<AmountClass> {
        judge_info(observed, AmountClass::Late, |info, _| {
            amount(info["NCPU"].as_u64(), u64::from(self.0), |count| count.to_string())
        })
    }

    fn merge(&mut self, other: &Cpus) -> bool {
        self.0 = self.0.max(other.0);
        true
    }
}

#[derive(Debug, PartialEq)]
struct Disk(Size);

impl Check for Disk {
    type Class = AmountClass;

    const KIND: &'static Kind =
        &Kind::new("docker.disk", Group::Docker, "the engine's disk has space");

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(EngineProbe)]
    }

    fn judge(&self, observed: &Observations) -> Draft<AmountClass> {
        judge_info(observed, AmountClass::Late, |info, facts| match facts.free {
            Some(free) => amount(Some(free), self.0.0, gigabytes)
                .fact("folder", info["DockerRootDir"].as_str().unwrap_or_default()),
            None => Draft::skip("the engine's disk is on another machine"),
        })
    }

    fn merge(&mut self, other: &Disk) -> bool {
        self.0 = self.0.max(other.0);
        true
    }
}

classes! {
    ArchClass {
        Emulated = "emulated",
        Unknown = "unknown",
        Late = "late",
    }
}

#[derive(Debug, PartialEq)]
struct Arch(Vec<String>);

impl Check for Arch {
    type Class = ArchClass;

    const KIND: &'static Kind = &Kind::new(
        "docker.arch",
        Group::Docker,
        "the lab's images exist for the engine's processor",
    );

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(EngineProbe)]
    }

    fn judge(&self, observed: &Observations) -> Draft<ArchClass> {
        judge_info(observed, ArchClass::Late, |info, _| {
            let engine = architecture(info["Architecture"].as_str().unwrap_or_default());
            if engine.is_empty() {
                let title = "the engine does not report its processor";
                return Draft::unknown(ArchClass::Unknown, title);
            }
            if self.0.iter().any(|name| name == engine) {
                return Draft::pass(engine);
            }
            let title = format!(
                "the lab's images exist for {} only: on {engine} they are emulated, slow, or crash",
                self.0.join(", ")
            );
            Draft::warn(ArchClass::Emulated, title)
        })
    }
}
