//! From what was seen to findings. Pure.

use super::probe::{Target, Want};
use super::seen::{Python, Seen};
use super::{Evidence, Finding, Status};
use crate::catalog::units::{Version, VersionReq};
use crate::platform::net::Port;

/// Whom a finding waits for: without the left one the right ones cannot be judged.
const BLOCKS: [(&str, &[&str]); 1] = [("docker.engine", &["docker.memory"])];

/// The finding about one target.
pub(super) fn diagnose(want: &Want, seen: Seen, own_ports: &[u16], ms: u64) -> Finding {
    let id = id(&want.target);
    let make = |status, class, title: String, asked: String, saw: String| Finding {
        id: id.clone(),
        title,
        status,
        class,
        evidence: Evidence { asked, saw, ms },
        hints: Vec::new(),
        blocked_by: None,
        needed_by: want.needed_by.clone(),
    };
    let name = label(&want.target);
    match (&want.target, seen) {
        (_, Seen::Unknown { asked, why }) => {
            make(Status::Unknown, "unknown", format!("{name}: {why}"), asked, why)
        }
        (_, Seen::Failed { asked, class, saw }) => {
            make(Status::Fail, class, format!("{name}: {saw}"), asked, saw)
        }
        (Target::Python(wanted), Seen::Pythons { found, uv }) => {
            let (status, class, title) = python(wanted, &found, uv);
            let saw = found
                .iter()
                .map(|python| format!("{} {}", python.path, python.version))
                .collect::<Vec<_>>()
                .join(", ");
            make(status, class, title, "python3 -I -c '…'".to_owned(), saw)
        }
        (
            Target::Tool(_, wanted)
            | Target::Engine(wanted)
            | Target::Compose(wanted)
            | Target::Buildx(wanted),
            Seen::Said { asked, path, text, others },
        ) => {
            let (status, class, title) = version(&name, wanted, &text, &path, &others);
            make(status, class, title, asked, text)
        }
        (
            Target::Disk(size) | Target::Memory(size) | Target::EngineMemory(size),
            Seen::Number { asked, value },
        ) => {
            let saw = gigabytes(value);
            if value >= size.0 {
                make(Status::Pass, "ok", format!("{name}: {saw}"), asked, saw)
            } else {
                make(
                    Status::Warn,
                    "too-little",
                    format!("{name}: {saw}, and the lab wants {size}"),
                    asked,
                    saw,
                )
            }
        }
        (Target::Cpus(count), Seen::Number { asked, value }) => {
            let enough = value >= u64::from(*count);
            let title = if enough {
                format!("{name}: {value}")
            } else {
                format!("{name}: {value}, and the lab wants {count}")
            };
            make(
                if enough { Status::Pass } else { Status::Warn },
                if enough { "ok" } else { "too-little" },
                title,
                asked,
                value.to_string(),
            )
        }
        (Target::Port(port), Seen::Port(state)) => {
            let asked = format!("ss -ltnp 'sport = :{port}'");
            match state {
                Port::Free => make(Status::Pass, "ok", format!("{name}: free"), asked, "free".to_owned()),
                Port::Busy(_) if own_ports.contains(port) => {
                    make(Status::Pass, "own", format!("{name}: this lab has it"), asked, "own".to_owned())
                }
                Port::Busy(owner) => {
                    let who = owner.map_or("another program".to_owned(), |owner| {
                        format!("{} (process {})", owner.name, owner.pid)
                    });
                    make(Status::Fail, "taken", format!("{name}: taken by {who}"), asked, who)
                }
                Port::Forbidden(why) => make(Status::Fail, "forbidden", format!("{name}: {why}"), asked, why),
            }
        }
        (_, seen) => make(
            Status::Unknown,
            "unknown",
            format!("{name}: an answer to another question"),
            String::new(),
            format!("{seen:?}"),
        ),
    }
}

/// Findings whose ground is not there are skipped: a dead engine is one failure, not three.
pub(super) fn block(findings: &mut [Finding]) {
    for (ground, above) in BLOCKS {
        let firm = findings
            .iter()
            .all(|finding| finding.id != ground || matches!(finding.status, Status::Pass | Status::Warn));
        if firm {
            continue;
        }
        for finding in findings.iter_mut().filter(|finding| above.contains(&finding.id.as_str())) {
            finding.status = Status::Skip;
            finding.class = "blocked";
            finding.blocked_by = Some(ground);
            finding.title = format!("{}: not looked at", finding.title.split(':').next().unwrap_or_default());
        }
    }
}

fn id(target: &Target) -> String {
    match target {
        Target::Python(_) => "python".to_owned(),
        Target::Tool(name, _) => (*name).to_owned(),
        Target::Engine(_) => "docker.engine".to_owned(),
        Target::Compose(_) => "docker.compose".to_owned(),
        Target::Buildx(_) => "docker.buildx".to_owned(),
        Target::EngineMemory(_) => "docker.memory".to_owned(),
        Target::Disk(_) => "disk".to_owned(),
        Target::Memory(_) => "memory".to_owned(),
        Target::Cpus(_) => "cpus".to_owned(),
        Target::Port(port) => format!("port.{port}"),
    }
}

fn label(target: &Target) -> String {
    match target {
        Target::Python(_) => "Python".to_owned(),
        Target::Tool(name, _) => (*name).to_owned(),
        Target::Engine(_) => "Docker engine".to_owned(),
        Target::Compose(_) => "Docker Compose".to_owned(),
        Target::Buildx(_) => "Docker Buildx".to_owned(),
        Target::EngineMemory(_) => "memory of the engine".to_owned(),
        Target::Disk(_) => "free disk".to_owned(),
        Target::Memory(_) => "memory".to_owned(),
        Target::Cpus(_) => "processors".to_owned(),
        Target::Port(port) => format!("port {port}"),
    }
}

fn python(wanted: &VersionReq, found: &[Python], uv: bool) -> (Status, &'static str, String) {
    let fits =
        |python: &&Python| Version::find(&python.version).is_some_and(|version| wanted.allows(&version));
    // The first that fits is what `up` takes; one further on that can make environments is no help when it is not taken.
    match found.iter().find(fits) {
        Some(python) if python.ensurepip || python.uv => {
            let with = if python.uv { "with uv" } else { "with venv" };
            (Status::Pass, "ok", format!("Python: {} {with} ({})", python.version, python.path))
        }
        Some(python) => (
            Status::Fail,
            "no-ensurepip",
            format!("Python: {} has no ensurepip, so it cannot make environments", python.path),
        ),
        None if uv => (Status::Pass, "ok", format!("Python: uv brings one ({wanted})")),
        None if found.is_empty() => {
            (Status::Fail, "absent", format!("Python: none on PATH, and the lab wants {wanted}"))
        }
        None => {
            (Status::Fail, "too-old", format!("Python: {}, and the lab wants {wanted}", found[0].version))
        }
    }
}

fn version(
    name: &str,
    wanted: &VersionReq,
    text: &str,
    path: &str,
    others: &[String],
) -> (Status, &'static str, String) {
    let Some(version) = Version::find(text) else {
        return (Status::Unknown, "unknown", format!("{name}: its version cannot be read from {text:?}"));
    };
    if !wanted.allows(&version) {
        return (Status::Fail, "too-old", format!("{name}: {version}, and the lab wants {wanted}"));
    }
    let place = if path.is_empty() { String::new() } else { format!(" ({path})") };
    if others.len() > 1 {
        return (Status::Pass, "ok", format!("{name}: {version}{place}, first of {} on PATH", others.len()));
    }
    (Status::Pass, "ok", format!("{name}: {version}{place}"))
}

#[allow(clippy::cast_precision_loss, reason = "shown with one digit")]
fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}
