//! Looking: each target is asked once, with a deadline, and what was seen comes back as a value.

use std::path::Path;
use std::time::{Duration, Instant};

use super::{Scope, docker, key};
use crate::catalog::manifest::{Need, RuntimeKind};
use crate::catalog::units::{Size, Version, VersionReq};
use crate::platform::net::{self, Port};
use crate::platform::process::{self, Command, Ended, NotRun};

/// What can be looked at.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Target {
    Python(VersionReq),
    Tool(&'static str, VersionReq),
    Engine(VersionReq),
    Compose(VersionReq),
    Buildx(VersionReq),
    EngineMemory(Size),
    Disk(Size),
    Memory(Size),
    Cpus(u32),
    Port(u16),
}

/// A target and who needs it.
#[derive(Clone, Debug)]
pub(super) struct Want {
    pub(super) target: Target,
    pub(super) needed_by: Vec<String>,
}

/// The targets of a scope, each once, in the order of the report.
pub(super) fn wanted(scope: &Scope) -> Vec<Want> {
    let mut wanted: Vec<Want> = Vec::new();
    let mut want = |target: Target, by: String| match wanted.iter_mut().find(|want| want.target == target) {
        Some(want) => want.needed_by.push(by),
        None => wanted.push(Want { target, needed_by: vec![by] }),
    };
    for demand in &scope.demands {
        let by = || key(&demand.lab, demand.kind);
        for need in &demand.needs {
            want(target(need, demand.kind), by());
        }
        for port in &demand.ports {
            want(Target::Port(*port), by());
        }
    }
    wanted.sort_by_key(|want| match want.target {
        Target::Python(_) => 0,
        Target::Tool(..) => 1,
        Target::Engine(_) => 2,
        Target::Compose(_) => 3,
        Target::Buildx(_) => 4,
        Target::EngineMemory(_) => 5,
        Target::Disk(_) => 6,
        Target::Memory(_) => 7,
        Target::Cpus(_) => 8,
        Target::Port(_) => 9,
    });
    wanted
}

fn target(need: &Need, kind: RuntimeKind) -> Target {
    match need {
        Need::Python(version) => Target::Python(version.clone()),
        Need::Uv(version) => Target::Tool("uv", version.clone()),
        Need::Git(version) => Target::Tool("git", version.clone()),
        Need::Make(version) => Target::Tool("make", version.clone()),
        Need::Docker(version) => Target::Engine(version.clone()),
        Need::Compose(version) => Target::Compose(version.clone()),
        Need::Buildx(version) => Target::Buildx(version.clone()),
        Need::Disk(size) => Target::Disk(*size),
        // Containers live in the engine's machine, which has less than this one on a Mac.
        Need::Memory(size) if kind == RuntimeKind::Compose => Target::EngineMemory(*size),
        Need::Memory(size) => Target::Memory(*size),
        Need::Cpus(count) => Target::Cpus(*count),
    }
}

/// What was seen.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Seen {
    /// A tool answered this.
    Said { asked: String, path: String, text: String, others: Vec<String> },
    /// A tool could not be asked, or failed: class and words.
    Failed { asked: String, class: &'static str, saw: String },
    /// A number: bytes, processors.
    Number { asked: String, value: u64 },
    /// Interpreters that were found.
    Pythons { found: Vec<Python>, uv: bool },
    /// A port.
    Port(Port),
    /// What could not be found out, and why.
    Unknown { asked: String, why: String },
}

/// One interpreter, and what it can do.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Python {
    pub(super) path: String,
    pub(super) version: String,
    pub(super) ensurepip: bool,
    /// Brought by uv, which needs no ensurepip.
    pub(super) uv: bool,
}

impl Seen {
    pub(super) fn late(deadline: Duration) -> Seen {
        Seen::Unknown {
            asked: String::new(),
            why: format!("no answer within {:.1} s", deadline.as_secs_f64()),
        }
    }
}

/// Looks at one target.
pub(super) fn look(target: &Target, root: &Path, deadline: Duration) -> Seen {
    match target {
        Target::Python(wanted) => pythons(wanted, deadline),
        Target::Tool(name, _) => tool(name, &["--version"], deadline),
        Target::Compose(_) => tool("docker", &["compose", "version", "--short"], deadline),
        Target::Buildx(_) => tool("docker", &["buildx", "version"], deadline),
        Target::Engine(_) => docker::engine(deadline),
        Target::EngineMemory(_) => docker::memory(deadline),
        Target::Disk(_) => disk(root),
        Target::Memory(_) => memory(),
        Target::Cpus(_) => cpus(),
        Target::Port(port) => Seen::Port(net::port(*port)),
    }
}

/// Asks a tool for its version.
pub(super) fn tool(name: &str, args: &[&str], deadline: Duration) -> Seen {
    let command = Command::new(name, deadline).args(args).env("LC_ALL", "C");
    let asked = command.to_string();
    let failed = |class, saw: String| Seen::Failed { asked: asked.clone(), class, saw };
    match process::capture(&command) {
        Err(NotRun::Absent(_)) => failed("absent", format!("there is no `{name}` on PATH")),
        Err(why @ NotRun::Unusable(..)) => failed("unusable", why.to_string()),
        Ok(captured) => {
            let text = String::from_utf8_lossy(&captured.stdout).trim().to_owned();
            let words = String::from_utf8_lossy(&captured.stderr).trim().to_owned();
            match captured.ended {
                Ended::TimedOut => Seen::Unknown {
                    asked: asked.clone(),
                    why: format!("no answer within {:.1} s", deadline.as_secs_f64()),
                },
                Ended::Signal(signal) => failed("crashed", format!("ended by signal {signal}")),
                Ended::Code(0) => {
                    let path =
                        process::locate(&command).map(|path| path.display().to_string()).unwrap_or_default();
                    Seen::Said { asked, path, text, others: others(name) }
                }
                Ended::Code(code) => {
                    failed("failed", format!("exit code {code}: {}", words.lines().next().unwrap_or(&text)))
                }
            }
        }
    }
}

/// All files of this name on PATH, links resolved, each once.
fn others(name: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for folder in std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()) {
        if let Ok(path) = folder.join(name).canonicalize()
            && path.is_file()
            && !all.contains(&path.display().to_string())
        {
            all.push(path.display().to_string());
        }
    }
    all
}

/// What a lab asks of an interpreter, as JSON. `-I` keeps the user's own modules out of the answer.
const ASK_PYTHON: &str = "import json,sys,importlib.util as u;print(json.dumps({'version':'%d.%d.%d'%sys.version_info[:3],'path':sys.executable,'ensurepip':bool(u.find_spec('ensurepip') and u.find_spec('venv'))}))";

/// The interpreters that `up` would look at, in its order, up to the first that serves: each question starts one, and a shim makes that slow.
fn pythons(wanted: &VersionReq, deadline: Duration) -> Seen {
    let end = Instant::now() + deadline;
    // uv makes environments without ensurepip, and brings an interpreter where none fits.
    let uv = process::locate(&Command::new("uv", deadline)).is_ok();
    let mut found: Vec<Python> = Vec::new();
    for name in ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python"] {
        let left = end.saturating_duration_since(Instant::now());
        let command = Command::new(name, left).args(["-I", "-c", ASK_PYTHON]);
        let Ok(captured) = process::capture(&command) else { continue };
        if captured.ended == Ended::TimedOut {
            return Seen::Unknown {
                asked: command.to_string(),
                why: format!("{name} does not answer within {:.1} s", deadline.as_secs_f64()),
            };
        }
        let Ok(answer) = serde_json::from_slice::<serde_json::Value>(&captured.stdout) else { continue };
        let word = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
        let python = Python {
            path: word("path"),
            version: word("version"),
            ensurepip: answer["ensurepip"] == true,
            uv,
        };
        let fits = Version::find(&python.version).is_some_and(|version| wanted.allows(&version));
        found.push(python);
        if fits {
            break;
        }
    }
    Seen::Pythons { found, uv }
}

fn disk(root: &Path) -> Seen {
    // The folder may not be there yet: the nearest one above it has its disk.
    let place = root.ancestors().find(|place| place.is_dir()).unwrap_or(Path::new("/"));
    let asked = format!("df -h {}", place.display());
    match rustix::fs::statvfs(place) {
        Ok(stat) => Seen::Number { asked, value: stat.f_bavail.saturating_mul(stat.f_frsize) },
        Err(error) => Seen::Unknown { asked, why: error.to_string() },
    }
}

fn memory() -> Seen {
    let asked = "/proc/meminfo".to_owned();
    let text = crate::platform::fs::read_io(Path::new(&asked))
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let kib = text.ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.trim().to_owned();
        line.strip_suffix(" kB")?.trim().parse::<u64>().ok()
    });
    match kib {
        Some(kib) => Seen::Number { asked, value: kib << 10 },
        None => sysctl_memory(),
    }
}

fn sysctl_memory() -> Seen {
    match tool("sysctl", &["-n", "hw.memsize"], Duration::from_secs(2)) {
        Seen::Said { asked, text, .. } => match text.parse() {
            Ok(value) => Seen::Number { asked, value },
            Err(_) => Seen::Unknown { asked, why: text },
        },
        _ => Seen::Unknown { asked: "/proc/meminfo".to_owned(), why: "this system does not tell".to_owned() },
    }
}

fn cpus() -> Seen {
    let asked = "nproc".to_owned();
    match std::thread::available_parallelism() {
        Ok(count) => Seen::Number { asked, value: count.get() as u64 },
        Err(error) => Seen::Unknown { asked, why: error.to_string() },
    }
}
