//! An NVIDIA GPU and its driver.

use std::time::Instant;

use super::subject::{Entry, Subject, entry};
use crate::catalog::manifest::{GpuNeed, Need};
use crate::doctor::check::{BoxedCheck, Check, check, classes};
use crate::doctor::draft::{Draft, short};
use crate::doctor::kind::{Group, Kind};
use crate::doctor::observations::Observations;
use crate::doctor::probe::{Probe, SharedProbe, probe};
use crate::doctor::scope::{Demand, Scope};
use crate::doctor::tool::{ToolEnd, ToolOutput, run_tool};

pub(in crate::doctor) const SUBJECT: Subject = Subject { entries, checks };

fn entries() -> Vec<Entry> {
    vec![entry::<Gpu>()]
}

fn checks(demand: &Demand, _: &Scope) -> Vec<BoxedCheck> {
    let needs = demand.needs.iter().filter_map(|need| match need {
        Need::Gpu(need) => Some(check(Gpu(*need))),
        _ => None,
    });
    needs.collect()
}

classes! {
    GpuClass {
        None = "none",
        NoDriver = "no-driver",
        Mismatch = "mismatch",
        Late = "late",
        Failed = "failed",
    }
}

#[derive(Debug, PartialEq)]
pub(super) struct Gpu(GpuNeed);

impl Check for Gpu {
    type Class = GpuClass;

    const KIND: &'static Kind =
        &Kind::new("gpu", Group::Machine, "an NVIDIA GPU and its driver").blocks_up();

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(GpuProbe)]
    }

    fn judge(&self, observed: &Observations) -> Draft<GpuClass> {
        let Some(facts) = observed.get(&GpuProbe) else {
            return Draft::late(GpuClass::Late, observed.timeout);
        };
        match &facts.smi {
            Some(smi) => self.judge_smi(facts.driver.is_some(), smi).output(smi),
            None => {
                self.judge_driver(facts.driver.as_deref()).cmd("cat /proc/driver/nvidia/version")
            }
        }
    }

    fn merge(&mut self, other: &Gpu) -> bool {
        self.0 = stronger(self.0, other.0);
        true
    }
}

/// What both of two labs need.
pub(super) fn stronger(one: GpuNeed, other: GpuNeed) -> GpuNeed {
    match (one, other) {
        (GpuNeed::Optional, GpuNeed::Optional) => GpuNeed::Optional,
        _ => GpuNeed::Required,
    }
}

impl Gpu {
    fn judge_driver(&self, driver: Option<&str>) -> Draft<GpuClass> {
        match (driver, self.0) {
            (Some(driver), _) => Draft::pass(short(driver, 80)),
            (None, GpuNeed::Optional) => Draft::pass("none; the lab runs without one"),
            (None, GpuNeed::Required) => {
                Draft::fail(GpuClass::None, "there is no NVIDIA GPU, or no driver for it")
            }
        }
    }

    fn judge_smi(&self, driver: bool, smi: &ToolOutput) -> Draft<GpuClass> {
        let message = short(smi.message(), 120);
        match &smi.end {
            _ if !driver => {
                self.broken(GpuClass::NoDriver, format!("the driver is not loaded: {message}"))
            }
            ToolEnd::Code(0) => {
                Draft::pass(short(smi.stdout.lines().next().unwrap_or_default(), 80))
            }
            ToolEnd::Late(_) => Draft::unknown(GpuClass::Late, "no answer from nvidia-smi"),
            _ if smi.message().contains("mismatch") => {
                self.broken(GpuClass::Mismatch, format!("driver and library differ: {message}"))
            }
            _ => self.broken(GpuClass::Failed, format!("nvidia-smi: {message}")),
        }
    }

    /// A GPU that does not work is a warning where the lab can do without.
    fn broken(&self, class: GpuClass, title: String) -> Draft<GpuClass> {
        match self.0 {
            GpuNeed::Required => Draft::fail(class, title),
            GpuNeed::Optional => Draft::warn(class, title),
        }
    }
}

/// What is known of an NVIDIA GPU.
#[derive(Debug)]
pub(super) struct GpuFacts {
    /// The first line of /proc/driver/nvidia/version: the driver is loaded.
    driver: Option<String>,
    /// What `nvidia-smi` printed, when it is there.
    smi: Option<ToolOutput>,
}

impl GpuFacts {
    /// Whether there is no trace of a GPU.
    pub(super) fn is_none(&self) -> bool {
        self.driver.is_none() && self.smi.is_none()
    }
}

/// The driver and `nvidia-smi`.
#[derive(Debug, PartialEq)]
pub(super) struct GpuProbe;

impl Probe for GpuProbe {
    type Observation = GpuFacts;

    fn run(&self, scope: &Scope, end: Instant) -> GpuFacts {
        let driver = scope.root.text("/proc/driver/nvidia/version");
        let driver = driver.map(|text| text.lines().next().unwrap_or_default().to_owned());
        let smi = run_tool(
            "nvidia-smi",
            &["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"],
            end,
        );
        GpuFacts { driver, smi: (smi.end != ToolEnd::Absent).then_some(smi) }
    }
}
