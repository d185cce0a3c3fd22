//! An interpreter that can make environments, and the lab's own environment.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::common::{ToolTrouble, trouble};
use super::subject::{Entry, Subject, entry};
use crate::catalog::manifest::Need;
use crate::catalog::units::{Version, VersionReq};
use crate::doctor::check::{BoxedCheck, Check, check, classes};
use crate::doctor::draft::{Draft, short};
use crate::doctor::kind::{Group, Kind};
use crate::doctor::observations::Observations;
use crate::doctor::probe::{Probe, SharedProbe, probe};
use crate::doctor::scope::{Demand, Scope};
use crate::doctor::tool::{ToolEnd, ToolOutput, run_tool};
use crate::platform::process::{self, Command};

pub(in crate::doctor) const SUBJECT: Subject = Subject { entries, checks };

fn entries() -> Vec<Entry> {
    vec![entry::<Environment>(), entry::<Python>()]
}

fn checks(demand: &Demand, scope: &Scope) -> Vec<BoxedCheck> {
    let pythons = demand.needs.iter().filter_map(|need| match need {
        Need::Python(version) => Some(version),
        _ => None,
    });
    let mut checks: Vec<BoxedCheck> =
        pythons.map(|version| check(Python { wanted: version.clone() })).collect();
    if let Some(trouble) = scope.environment.clone().filter(|_| !checks.is_empty()) {
        checks.push(check(Environment { trouble }));
    }
    checks
}

classes! {
    EnvironmentClass {
        Broken = "broken",
    }
}

/// The lab's `.venv`, which was read before: nothing of it is run.
#[derive(Debug, PartialEq)]
struct Environment {
    trouble: Option<String>,
}

impl Check for Environment {
    type Class = EnvironmentClass;

    const KIND: &'static Kind =
        &Kind::new("environment", Group::Tools, "the lab's .venv has its Python and its packages");

    fn probes(&self) -> Vec<SharedProbe> {
        Vec::new()
    }

    fn judge(&self, _: &Observations) -> Draft<EnvironmentClass> {
        let draft = match &self.trouble {
            None => Draft::pass(".venv is complete"),
            Some(why) => Draft::warn(EnvironmentClass::Broken, short(why, 160)),
        };
        draft.cmd("ls -l .venv/bin/python")
    }
}

classes! {
    PythonClass: ToolTrouble {
        TooOld = "too-old",
        NoVenv = "no-venv",
        DeveloperTools = "developer-tools",
    }
}

#[derive(Debug, PartialEq)]
struct Python {
    wanted: VersionReq,
}

impl Check for Python {
    type Class = PythonClass;

    const KIND: &'static Kind =
        &Kind::new("python", Group::Tools, "an interpreter that can make environments, or uv")
            .blocks_up();

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(PythonProbe(self.wanted.clone()))]
    }

    fn judge(&self, observed: &Observations) -> Draft<PythonClass> {
        match observed.get(&PythonProbe(self.wanted.clone())) {
            Some(pythons) => self.judge_all(pythons),
            None => Draft::late(ToolTrouble::Late.into(), observed.timeout),
        }
    }
}

impl Python {
    fn judge_all(&self, pythons: &Pythons) -> Draft<PythonClass> {
        let wanted = &self.wanted;
        let shown: Vec<String> = pythons.found.iter().map(Interpreter::shown).collect();
        let complete = |draft: Draft<PythonClass>| {
            draft.cmd(COMMAND).saw(shown.join(", ")).fact("wanted", wanted.to_string())
        };
        // The first that fits is what `up` takes; a later one that can make environments does not
        // help when it is not taken.
        if let Some(python) = pythons.found.iter().find(|python| python.fits(wanted)) {
            let mut draft = complete(able(python, pythons.uv));
            draft.evidence.path = Some(python.path.display().to_string());
            return draft;
        }
        let hangs = |output: &&ToolOutput| matches!(output.end, ToolEnd::Late(_));
        if let Some(draft) = pythons.broken.iter().find(hangs).and_then(trouble) {
            return draft;
        }
        if pythons.uv {
            return complete(Draft::pass(format!("uv provides one ({wanted})")));
        }
        if let Some(python) = pythons.found.first() {
            let title = format!("{}; the lab needs {wanted}", python.version);
            return complete(Draft::fail(PythonClass::TooOld, title));
        }
        // A shim that forwards to nothing (pyenv, the Windows store) is there and is no Python.
        match pythons.broken.first() {
            Some(output) => trouble(output).unwrap_or_else(|| {
                let title = "unexpected output: this is no Python";
                Draft::fail(ToolTrouble::Failed.into(), title).output(output)
            }),
            None if pythons.apple_stub => complete(Draft::fail(
                PythonClass::DeveloperTools,
                "Apple's developer tools, which include Python, are not installed",
            )),
            None => {
                let title = format!("not on PATH; the lab needs {wanted}");
                complete(Draft::fail(ToolTrouble::Absent.into(), title))
            }
        }
    }
}

/// Whether the interpreter can make environments, by itself or with uv.
fn able(python: &Interpreter, uv: bool) -> Draft<PythonClass> {
    match (python.venv, uv) {
        (_, true) => Draft::pass(format!("{} with uv", python.version)),
        (true, false) => Draft::pass(format!("{} with venv", python.version)),
        (false, false) => Draft::fail(
            PythonClass::NoVenv,
            format!(
                "{} at {} cannot make environments: it has no ensurepip",
                python.version,
                python.path.display()
            ),
        )
        .fact("version", major_minor(&python.version)),
    }
}

fn major_minor(version: &str) -> String {
    version.split('.').take(2).collect::<Vec<_>>().join(".")
}

/// Runs the interpreters in the order in which `up` tries them, up to the first that fits.
#[derive(Debug, PartialEq)]
struct PythonProbe(VersionReq);

#[derive(Debug, Default)]
struct Pythons {
    /// Interpreters that answered.
    found: Vec<Interpreter>,
    /// What could not be run, or is no Python.
    broken: Vec<ToolOutput>,
    /// uv makes environments without ensurepip, and provides an interpreter where none fits.
    uv: bool,
    /// /usr/bin/python3 of a Mac without developer tools, which only opens a dialog.
    apple_stub: bool,
}

/// One interpreter, and what it can do.
#[derive(Debug)]
struct Interpreter {
    path: PathBuf,
    version: String,
    /// Whether `python -m venv` will work: Debian keeps ensurepip in a package of its own.
    venv: bool,
}

impl Interpreter {
    fn fits(&self, wanted: &VersionReq) -> bool {
        Version::find(&self.version).is_some_and(|version| wanted.allows(&version))
    }

    fn shown(&self) -> String {
        let without = if self.venv { "" } else { " without venv" };
        format!("{} {}{without}", self.path.display(), self.version)
    }

    /// What an interpreter printed of itself; none when it is no Python.
    fn read(output: &ToolOutput) -> Option<Interpreter> {
        let answer: serde_json::Value = serde_json::from_str(&output.stdout).ok()?;
        let version = answer["version"].as_str().filter(|_| output.ok())?.to_owned();
        let path = answer["path"].as_str().map(PathBuf::from);
        let path = path.or_else(|| output.path.clone()).unwrap_or_default();
        Some(Interpreter { path, version, venv: answer["venv"] == true })
    }
}

/// The command to paste that shows the same.
const COMMAND: &str = "python3 -I -c 'import sys,ensurepip,venv,ssl; print(sys.version)'";

/// What a lab needs of an interpreter, as JSON. `-I` keeps the user's own modules out.
const SCRIPT: &str = "\
import json, sys, importlib.util as u
print(json.dumps({
    'version': '%d.%d.%d' % sys.version_info[:3],
    'path': sys.executable,
    'venv': bool(u.find_spec('ensurepip') and u.find_spec('venv') and u.find_spec('ssl')),
}))";

/// The names that `up` tries, in its order.
const NAMES: [&str; 6] =
    ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python"];

impl Probe for PythonProbe {
    type Observation = Pythons;

    fn run(&self, _: &Scope, end: Instant) -> Pythons {
        // Run, as `up` does: a shim of a version manager may be there with nothing behind it.
        let uv = run_tool("uv", &["--version"], end).ok();
        let mut pythons = Pythons { uv, apple_stub: apple_stub(end), ..Pythons::default() };
        if pythons.apple_stub {
            return pythons;
        }
        for name in NAMES {
            let output = run_tool(name, &["-I", "-c", SCRIPT], end);
            match (&output.end, Interpreter::read(&output)) {
                (ToolEnd::Absent, _) => {}
                (ToolEnd::Late(_), _) => {
                    pythons.broken.push(output);
                    break;
                }
                (_, None) => pythons.broken.push(output),
                // Each run starts an interpreter, and a shim makes that slow: the first that fits
                // is enough.
                (_, Some(python)) => {
                    let fits = python.fits(&self.0);
                    pythons.found.push(python);
                    if fits {
                        break;
                    }
                }
            }
        }
        pythons
    }
}

/// Whether `python3` is Apple's stub, which opens a dialog where the developer tools are missing.
fn apple_stub(end: Instant) -> bool {
    if !cfg!(target_os = "macos") || run_tool("xcode-select", &["-p"], end).ok() {
        return false;
    }
    let python = process::locate(&Command::new("python3", Duration::ZERO));
    python.is_ok_and(|path| path == Path::new("/usr/bin/python3"))
}
