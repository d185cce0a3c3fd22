//! Programs: their versions, and Python's abilities.

pub(in crate::doctor) mod probe;

use std::time::Duration;

use super::{Found, late, programs_of, short, trouble};
use crate::catalog::units::{Version, VersionReq};
use crate::doctor::observations::All;
use crate::doctor::plan::Ask;
use crate::doctor::probes::{Asked, How, Look, Programs, PythonSeen, Pythons, Seen};
use crate::platform::process::Unfit;

pub(super) fn judge(ask: &Ask, all: &All, deadline: Duration) -> Found {
    let seen = ask.looks().first().and_then(|look| all.get(look));
    match (ask, seen) {
        (Ask::Python(wanted), Some(Seen::Pythons(pythons))) => python(wanted, pythons),
        (Ask::Tool(tool), Some(Seen::Programs(programs))) => {
            program(programs, &tool.version).fact("name", &tool.name)
        }
        (Ask::Kubectl(wanted), Some(Seen::Programs(programs))) => program(programs, wanted),
        (Ask::Client, Some(Seen::Programs(programs))) => client(programs),
        (Ask::Packages, Some(Seen::Packages(asked))) => packages(asked),
        _ => late(deadline),
    }
}

/// A program that must print a version in a range.
fn program(programs: &Programs, wanted: &VersionReq) -> Found {
    let first = &programs.first;
    if let Some(found) = trouble(first) {
        return found;
    }
    let Some(version) = Version::find(&first.out).or_else(|| Version::find(&first.err)) else {
        let title = format!("no version can be read from {:?}", short(&first.out, 60));
        return Found::unknown("unreadable", title).asked(first);
    };
    // A second one matters only when it is another version: links to the same file and wrappers
    // around it do not.
    let other = programs.others.iter().find_map(|other| {
        let other_version = Version::find(&other.out).or_else(|| Version::find(&other.err))?;
        (other.well() && other_version != version).then(|| {
            (
                other.path.as_ref().map_or_else(String::new, |path| path.display().to_string()),
                other_version,
            )
        })
    });
    if !wanted.allows(&version) {
        let found = Found::fail("too-old", format!("{version}, and the lab wants {wanted}"));
        let found = found.fact("wanted", wanted.to_string()).asked(first);
        return match other.filter(|(_, version)| wanted.allows(version)) {
            Some((path, _)) => found.fact("better", path),
            None => found,
        };
    }
    match other {
        Some((path, other)) => Found::warn(
            "shadowed",
            format!("{version} hides another version on PATH: {other} at {path}"),
        )
        .fact("other", path)
        .asked(first),
        None => Found::pass(version.to_string()).asked(first),
    }
}

/// The docker command: any version will do, the plugins are judged apart.
fn client(programs: &Programs) -> Found {
    let found = program(programs, &VersionReq::any());
    if podman(&programs.first) && found.class == "ok" {
        let version = Version::find(&programs.first.out)
            .map_or_else(String::new, |version| version.to_string());
        return Found {
            class: "podman",
            ..Found::pass(format!("podman {version} answers to the name docker"))
        }
        .asked(&programs.first);
    }
    found
}

/// Whether podman stands behind the command docker.
pub(super) fn podman(asked: &Asked) -> bool {
    asked.well() && asked.out.to_ascii_lowercase().starts_with("podman")
}

/// The same for the judges of other rooms: from the look at the client, when it was made.
pub(super) fn client_is_podman(all: &All) -> bool {
    programs_of(all, &Look::client()).is_some_and(|programs| podman(&programs.first))
}

fn python(wanted: &VersionReq, pythons: &Pythons) -> Found {
    let saw = |python: &PythonSeen| {
        format!(
            "{} {}{}",
            python.path.display(),
            python.version,
            if python.venv { "" } else { " without venv" }
        )
    };
    let base = |found: Found| {
        let seen: Vec<String> = pythons.found.iter().map(saw).collect();
        found.cmd(&pythons.cmd).saw(seen.join(", ")).fact("wanted", wanted.to_string())
    };
    let fits = |python: &&PythonSeen| {
        Version::find(&python.version).is_some_and(|version| wanted.allows(&version))
    };
    // The first that fits is what `up` takes; one further on that can make environments is no help
    // when it is not taken.
    if let Some(python) = pythons.found.iter().find(fits) {
        let path = python.path.display().to_string();
        let mut found = base(match (python.venv, pythons.uv) {
            (_, true) => Found::pass(format!("{} with uv", python.version)),
            (true, false) => Found::pass(format!("{} with venv", python.version)),
            (false, false) => Found::fail(
                "no-venv",
                format!(
                    "{} at {path} cannot make environments: it has no ensurepip",
                    python.version
                ),
            )
            .fact("version", major_minor(&python.version)),
        });
        found.evidence.path = Some(path);
        return found;
    }
    if let Some(hanging) = pythons.broken.iter().find(|asked| matches!(asked.how, How::Late(_))) {
        return trouble(hanging).unwrap_or_else(|| Found::unknown("late", "it gave no answer"));
    }
    if pythons.uv {
        return base(Found::pass(format!("uv brings one ({wanted})")));
    }
    if let Some(python) = pythons.found.first() {
        return base(Found::fail(
            "too-old",
            format!("{}, and the lab wants {wanted}", python.version),
        ));
    }
    // A shim that forwards to nothing (pyenv, the Windows store) is there and is no Python.
    match pythons.broken.first() {
        Some(asked) => trouble(asked).unwrap_or_else(|| {
            Found::fail("failed", "it answers, but not as Python does").asked(asked)
        }),
        None if cfg!(target_os = "macos") && std::path::Path::new("/usr/bin/python3").exists() => {
            base(Found::fail(
                "developer-tools",
                "Apple's developer tools, which bring Python, are not installed",
            ))
        }
        None => base(Found::fail("absent", format!("none on PATH, and the lab wants {wanted}"))),
    }
}

fn major_minor(version: &str) -> String {
    version.split('.').take(2).collect::<Vec<_>>().join(".")
}

fn packages(asked: &Asked) -> Found {
    match &asked.how {
        How::Code(0) => Found::pass("pip reaches its index").asked(asked),
        How::Late(within) => Found::unknown(
            "late",
            format!("the index gave no answer within {:.1} s", within.as_secs_f64()),
        )
        .asked(asked),
        How::Absent | How::Unfit(Unfit::BrokenLink) => {
            Found::unknown("absent", "there is no python3 to ask with").asked(asked)
        }
        _ => Found::fail(
            "unreachable",
            format!("pip cannot reach its index: {}", short(asked.words(), 160)),
        )
        .asked(asked),
    }
}
