//! What prebuilt programs expect of this machine: shared libraries, and processors that are not too
//! old.

use std::time::Instant;

use super::subject::{Entry, Subject, entry};
use crate::catalog::manifest::Need;
use crate::doctor::check::{BoxedCheck, Check, check, classes};
use crate::doctor::draft::Draft;
use crate::doctor::kind::{Group, Kind};
use crate::doctor::observations::Observations;
use crate::doctor::probe::{Probe, SharedProbe, probe};
use crate::doctor::scope::{Demand, Scope};
use crate::platform::host;

pub(in crate::doctor) const SUBJECT: Subject = Subject { entries, checks };

/// Where the loader looks, on all distributions together. `{}` is the processor.
const FOLDERS: [&str; 8] = [
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/lib/{}-linux-gnu",
    "/usr/lib/{}-linux-gnu",
    "/run/current-system/sw/lib",
];

fn entries() -> Vec<Entry> {
    vec![entry::<Library>(), entry::<Cpu>()]
}

fn checks(demand: &Demand, _: &Scope) -> Vec<BoxedCheck> {
    // Images bring their own libraries.
    let here = !demand.in_engine() && !demand.in_cluster();
    let checks = demand.needs.iter().filter_map(|need| match need {
        Need::Library(name) if here => Some(check(Library(name.clone()))),
        Need::Cpu(features) if here => Some(check(Cpu(features.clone()))),
        _ => None,
    });
    checks.collect()
}

/// Whether a library is there; none where it is no matter of files.
#[derive(Debug, PartialEq)]
struct LibraryProbe(String);

impl Probe for LibraryProbe {
    type Observation = Option<bool>;

    fn run(&self, scope: &Scope, _: Instant) -> Option<bool> {
        let arch = std::env::consts::ARCH;
        let places = FOLDERS.map(|folder| folder.replace("{}", arch));
        let there = places.iter().any(|folder| scope.root.has(&format!("{folder}/{}", self.0)));
        cfg!(target_os = "linux").then_some(there)
    }
}

classes! {
    LibraryClass {
        Missing = "missing",
        Late = "late",
    }
}

#[derive(Debug, PartialEq)]
struct Library(String);

impl Check for Library {
    type Class = LibraryClass;

    const KIND: &'static Kind =
        &Kind::new("library", Group::Machine, "a shared library that the lab's programs load");

    fn id(&self) -> String {
        format!("library.{}", self.0)
    }

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(LibraryProbe(self.0.clone()))]
    }

    fn judge(&self, observed: &Observations) -> Draft<LibraryClass> {
        let Some(there) = observed.get(&LibraryProbe(self.0.clone())) else {
            return Draft::late(LibraryClass::Late, observed.timeout);
        };
        let draft = match there {
            Some(true) => Draft::pass("found"),
            None => Draft::pass("not looked for on this system"),
            Some(false) => {
                Draft::warn(LibraryClass::Missing, "not in the folders of the system's libraries")
            }
        };
        draft.cmd(format!("ldconfig -p | grep {}", self.0)).fact("library", &self.0)
    }
}

/// The features that the kernel reports of the processor; none where there is no such list.
#[derive(Debug, PartialEq)]
struct CpuProbe;

impl Probe for CpuProbe {
    type Observation = Option<Vec<String>>;

    fn run(&self, scope: &Scope, _: Instant) -> Option<Vec<String>> {
        let text = scope.root.text("/proc/cpuinfo")?;
        let line = text.lines().find(|line| line.starts_with("flags"))?;
        let (_, flags) = line.split_once(':')?;
        Some(flags.split_whitespace().map(str::to_owned).collect())
    }
}

classes! {
    CpuClass {
        TooOld = "too-old",
        Unknown = "unknown",
        Late = "late",
    }
}

#[derive(Debug, PartialEq)]
struct Cpu(Vec<String>);

impl Check for Cpu {
    type Class = CpuClass;

    const KIND: &'static Kind = &Kind::new(
        "cpu",
        Group::Machine,
        "the processor has what the lab's programs are built for",
    );

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(CpuProbe)]
    }

    fn judge(&self, observed: &Observations) -> Draft<CpuClass> {
        let Some(flags) = observed.get(&CpuProbe) else {
            return Draft::late(CpuClass::Late, observed.timeout);
        };
        if host::architecture(std::env::consts::ARCH) != "amd64" {
            return Draft::pass("only amd64 processors differ in this");
        }
        let Some(flags) = flags else {
            return Draft::unknown(CpuClass::Unknown, "the system does not report its features")
                .cmd("grep -m1 flags /proc/cpuinfo");
        };
        let missing: Vec<&str> =
            self.0.iter().filter(|name| !flags.contains(name)).map(String::as_str).collect();
        let draft = if missing.is_empty() {
            Draft::pass(self.0.join(", "))
        } else {
            let title = format!("the processor lacks {}", missing.join(", "));
            Draft::warn(CpuClass::TooOld, title)
        };
        draft.cmd("grep -m1 flags /proc/cpuinfo")
    }
}
