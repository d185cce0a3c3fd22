//! Looking: each target is asked once, with a deadline, and what was seen comes back as a value.

use std::path::Path;
use std::time::{Duration, Instant};

use super::seen::{Python, Seen, tool};
use super::{Scope, docker, key};
use crate::catalog::manifest::{Need, RuntimeKind};
use crate::catalog::units::{Size, Version, VersionReq};
use crate::platform::net;
use crate::platform::process::{self, Command, Ended};

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

impl Target {
    /// Whether one finding can answer for both: the same question, or two amounts of the same thing.
    fn joins(&self, other: &Target) -> bool {
        let amount = |target: &Target| {
            matches!(target, Target::Disk(_) | Target::Memory(_) | Target::EngineMemory(_) | Target::Cpus(_))
        };
        self == other || (amount(self) && std::mem::discriminant(self) == std::mem::discriminant(other))
    }

    /// The greater of two amounts: too little of it is a warning, whoever asked for more.
    fn join(self, other: Target) -> Target {
        match (self, other) {
            (Target::Disk(a), Target::Disk(b)) => Target::Disk(a.max(b)),
            (Target::Memory(a), Target::Memory(b)) => Target::Memory(a.max(b)),
            (Target::EngineMemory(a), Target::EngineMemory(b)) => Target::EngineMemory(a.max(b)),
            (Target::Cpus(a), Target::Cpus(b)) => Target::Cpus(a.max(b)),
            (same, _) => same,
        }
    }
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
    let mut want =
        |target: Target, by: String| match wanted.iter_mut().find(|want| want.target.joins(&target)) {
            Some(want) => {
                want.target = want.target.clone().join(target);
                want.needed_by.push(by);
            }
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
