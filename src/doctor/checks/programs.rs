//! Programs that must print a version: uv, git, make, kind, kubectl, and what else a lab names.

use std::time::Instant;

use super::common::{ToolTrouble, trouble};
use super::subject::{Entry, Subject, entry, entry_of};
use crate::catalog::manifest::{Need, ToolNeed};
use crate::catalog::units::{Version, VersionReq};
use crate::doctor::check::{BoxedCheck, Check, check, classes};
use crate::doctor::draft::{Draft, short};
use crate::doctor::kind::{Group, Kind};
use crate::doctor::observations::Observations;
use crate::doctor::probe::{Probe, SharedProbe, probe};
use crate::doctor::scope::{Demand, Scope};
use crate::doctor::tool::{ToolOutput, run_file, run_tool};
use crate::platform::process;

pub(in crate::doctor) const SUBJECT: Subject = Subject { entries, checks };

classes! {
    ProgramClass: ToolTrouble {
        Unreadable = "unreadable",
        TooOld = "too-old",
        Shadowed = "shadowed",
    }
}

/// A program with its version.
#[derive(Debug, PartialEq)]
pub(super) struct Program {
    kind: &'static Kind,
    need: ToolNeed,
}

/// Programs that every lab may need, each a check with an id of its own.
const UV: Kind = Kind::new("uv", Group::Tools, "uv's version").blocks_up();
const GIT: Kind = Kind::new("git", Group::Tools, "git's version").blocks_up();
const MAKE: Kind = Kind::new("make", Group::Tools, "make's version");
const KIND: Kind =
    Kind::new("kind", Group::Tools, "the version of kind (Kubernetes in Docker)").blocks_up();
pub(super) const KUBECTL: &Kind =
    &Kind::new("kubectl", Group::Kubernetes, "kubectl's version").blocks_up();
const NAMED: [&Kind; 5] = [&UV, &GIT, &MAKE, &KIND, KUBECTL];

fn entries() -> Vec<Entry> {
    let named = NAMED.into_iter().map(entry_of::<Program>);
    named.chain([entry::<Program>()]).collect()
}

fn checks(demand: &Demand, _: &Scope) -> Vec<BoxedCheck> {
    let named = |kind: &'static Kind, version: &VersionReq| {
        let ask = if kind.id == "kind" { "version" } else { "--version" };
        let (name, version) = (kind.id.to_owned(), version.clone());
        Program { kind, need: ToolNeed { name, version, ask: vec![ask.to_owned()] } }
    };
    let programs = demand.needs.iter().filter_map(|need| match need {
        Need::Uv(version) => Some(named(&UV, version)),
        Need::Git(version) => Some(named(&GIT, version)),
        Need::Make(version) => Some(named(&MAKE, version)),
        Need::Kind(version) => Some(named(&KIND, version)),
        Need::Kubectl(version) => {
            let ProgramProbe { name, args: ask } = kubectl();
            Some(Program { kind: KUBECTL, need: ToolNeed { name, version: version.clone(), ask } })
        }
        Need::Tool(need) => {
            let kind = NAMED.into_iter().find(|kind| kind.id == need.name);
            Some(Program { kind: kind.unwrap_or(Program::KIND), need: need.clone() })
        }
        _ => None,
    });
    programs.map(check).collect()
}

impl Check for Program {
    type Class = ProgramClass;

    const KIND: &'static Kind =
        &Kind::new("tool", Group::Tools, "any other program that a lab needs").blocks_up();

    fn kind(&self) -> &'static Kind {
        self.kind
    }

    fn id(&self) -> String {
        match self.kind.id {
            "tool" => format!("tool.{}", self.need.name),
            id => id.to_owned(),
        }
    }

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(self.probe())]
    }

    fn judge(&self, observed: &Observations) -> Draft<ProgramClass> {
        match observed.get(&self.probe()) {
            Some(programs) => version(programs, &self.need.version).fact("name", &self.need.name),
            None => Draft::late(ToolTrouble::Late.into(), observed.timeout),
        }
    }
}

impl Program {
    fn probe(&self) -> ProgramProbe {
        ProgramProbe { name: self.need.name.clone(), args: self.need.ask.clone() }
    }
}

/// A program that must print a version in a range.
pub(super) fn version(programs: &Programs, wanted: &VersionReq) -> Draft<ProgramClass> {
    let first = &programs.first;
    if let Some(draft) = trouble(first) {
        return draft;
    }
    let Some(version) = version_of(first) else {
        let title = format!("cannot read a version from {:?}", short(&first.stdout, 60));
        return Draft::unknown(ProgramClass::Unreadable, title).output(first);
    };
    // A second one matters only when it is another version: links to the same file and wrappers
    // around it do not.
    let other = programs.others.iter().find_map(|other| {
        let other_version = version_of(other)?;
        (other.ok() && other_version != version).then(|| (other.shown_path(), other_version))
    });
    if !wanted.allows(&version) {
        let title = format!("{version}; the lab needs {wanted}");
        let draft = Draft::fail(ProgramClass::TooOld, title)
            .fact("wanted", wanted.to_string())
            .output(first);
        return match other.filter(|(_, version)| wanted.allows(version)) {
            Some((path, _)) => draft.fact("better", path),
            None => draft,
        };
    }
    let draft = match other {
        Some((path, other)) => {
            let title = format!("{version} hides another version on PATH: {other} at {path}");
            Draft::warn(ProgramClass::Shadowed, title).fact("other", path)
        }
        None => Draft::pass(version.to_string()),
    };
    draft.output(first)
}

/// The version that a program printed, on whichever stream.
pub(super) fn version_of(output: &ToolOutput) -> Option<Version> {
    Version::find(&output.stdout).or_else(|| Version::find(&output.stderr))
}

/// Runs a program of PATH with the arguments that make it print its version.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ProgramProbe {
    name: String,
    args: Vec<String>,
}

impl ProgramProbe {
    pub(super) fn new(name: &str, args: &[&str]) -> ProgramProbe {
        ProgramProbe {
            name: name.to_owned(),
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        }
    }
}

/// kubectl. `--short` is gone, and its text has changed between versions: JSON has not.
pub(super) fn kubectl() -> ProgramProbe {
    ProgramProbe::new("kubectl", &["version", "--client", "-o", "json"])
}

/// What a program printed, and the others of the same name on PATH.
#[derive(Debug)]
pub(super) struct Programs {
    pub(super) first: ToolOutput,
    others: Vec<ToolOutput>,
}

/// How many programs of the same name are run: the one that counts, and those that it hides.
const MOST: usize = 3;

impl Probe for ProgramProbe {
    type Observation = Programs;

    fn run(&self, _: &Scope, end: Instant) -> Programs {
        let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        let all = process::find_all(&self.name, &std::env::var_os("PATH").unwrap_or_default());
        // Side by side: a second one must not make the doctor slower.
        std::thread::scope(|threads| {
            let others: Vec<_> = all
                .into_iter()
                .skip(1)
                .take(MOST - 1)
                .map(|path| {
                    let args = args.clone();
                    threads.spawn(move || run_file(path, &args, end))
                })
                .collect();
            let first = run_tool(&self.name, &args, end);
            let others = others.into_iter().filter_map(|other| other.join().ok()).collect();
            Programs { first, others }
        })
    }
}
