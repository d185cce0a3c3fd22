//! The Python environment of a lab: `.venv`, from requirements with hashes, by uv when it is there, else venv and pip.

use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::places;
use crate::catalog::manifest::{Need, Python, RuntimeKind};
use crate::catalog::units::{Version, VersionReq};
use crate::error::{Error, Result};
use crate::platform::process::{self, Command, Ended, Shown};
use crate::platform::term::Progress;
use crate::platform::{clock, fs};
use crate::workspace::Workspace;

/// A slow network and a cold cache.
const INSTALL: Duration = Duration::from_secs(30 * 60);

/// One question to an interpreter.
const ASK: Duration = Duration::from_secs(10);

/// Interpreters that are looked for, the user's own choice first.
const NAMES: [&str; 6] = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python"];

/// Makes the environment when it is missing, half made, or made from other requirements. Costs a hash when nothing changed.
///
/// # Errors
/// Exit 3: no Python that fits, no venv module, requirements that cannot be fetched or do not have their hash (with the last lines).
pub(super) fn prepare(
    ws: &Workspace,
    kind: RuntimeKind,
    python: &Python,
    verbose: bool,
    progress: &mut dyn Progress,
) -> Result<()> {
    let venv = ws.root().join(".venv");
    let stamp = venv.join(".mlops-lab");
    let wanted = fingerprint(ws, python)?;
    let making = places::making(ws, "venv");
    match (making.is_file(), fs::read_optional(&stamp)?) {
        (false, Some(made)) if made == wanted.as_bytes() => return Ok(()),
        // The learner's own (by make, by hand): installed into, never removed.
        (false, None) => {}
        // Ours, and half made by a run that was killed, or made from other requirements, or moved: a part of one is worse than none.
        _ => fs::remove_tree(&venv)?,
    }
    fs::write(&making, b"", false)?;
    let uv = which(ws, "uv")?;
    if !venv.is_dir() {
        let argv = match &uv {
            Some(uv) => vec![
                uv.display().to_string(),
                "venv".to_owned(),
                "--python".to_owned(),
                requirement(ws, kind),
                ".venv".to_owned(),
            ],
            None => vec![interpreter(ws, kind)?, "-m".to_owned(), "venv".to_owned(), ".venv".to_owned()],
        };
        progress.start(if uv.is_some() { "making .venv with uv" } else { "making .venv" });
        run(ws, "venv", &argv, verbose, progress).map_err(|error| {
            let lacking = error.detail_text().is_some_and(|text| text.contains("ensurepip"));
            if lacking {
                error.hint(
                    "this Python lacks venv: sudo apt install python3-venv (Debian, Ubuntu), or install uv",
                )
            } else {
                error
            }
        })?;
        progress.done("");
    }
    const PIP: [&str; 6] =
        [".venv/bin/python", "-m", "pip", "install", "--disable-pip-version-check", "--no-input"];
    let pip = |files: &[String]| requirements(&PIP, files);
    let uv_pip = |uv: &str| {
        requirements(&[uv, "pip", "install", "--python", ".venv/bin/python"], &python.requirements)
    };
    let (tool, argv) = match (&uv, &python.uv) {
        (Some(uv), _) => ("uv", uv_pip(&uv.display().to_string())),
        (None, None) => ("pip", pip(&python.requirements)),
        (None, Some(file)) => {
            progress.start(&format!("installing {file} with pip"));
            install(ws, &pip(std::slice::from_ref(file)), verbose, progress)?;
            ("uv", uv_pip(".venv/bin/uv"))
        }
    };
    progress.start(&format!("installing {} with {tool}", python.requirements.join(", ")));
    install(ws, &argv, verbose, progress)?;
    fs::write(&stamp, wanted.as_bytes(), false)?;
    fs::remove(&making)
}

fn requirements(start: &[&str], files: &[String]) -> Vec<String> {
    let options = files.iter().flat_map(|file| ["-r".to_owned(), file.clone()]);
    start
        .iter()
        .map(|word| (*word).to_owned())
        .chain(["--require-hashes".to_owned()])
        .chain(options)
        .collect()
}

fn install(ws: &Workspace, argv: &[String], verbose: bool, progress: &mut dyn Progress) -> Result<()> {
    run(ws, "install", argv, verbose, progress).map_err(|error| {
        error.hint("is the package index reachable? then: mlops-lab up (goes on where it stopped)")
    })?;
    progress.done("");
    Ok(())
}

fn run(
    ws: &Workspace,
    name: &str,
    argv: &[String],
    verbose: bool,
    progress: &mut dyn Progress,
) -> Result<()> {
    let command = ws.installer(argv, INSTALL)?.env("UV_NO_PROGRESS", "1").env("UV_SYSTEM_CERTS", "1");
    let (log, record) = (places::log(ws, name), places::passing(ws, name));
    process::shown(&command, Shown { log: &log, record: Some((name, &record)), verbose }, progress)
}

/// What the environment is made from: changes with any requirement file, and with the folder (scripts in it hold its path).
fn fingerprint(ws: &Workspace, python: &Python) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(ws.root().as_os_str().as_encoded_bytes());
    for file in python.uv.iter().chain(&python.requirements) {
        hash.update(fs::read(&ws.root().join(file))?);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn which(ws: &Workspace, name: &str) -> Result<Option<PathBuf>> {
    let command = ws.installer(&[name.to_owned()], ASK)?;
    // A uv inside the .venv is a package of the lab, not the tool that makes it.
    Ok(process::locate(&command).ok().filter(|found| !found.starts_with(ws.root())))
}

fn requirement(ws: &Workspace, kind: RuntimeKind) -> String {
    need(ws, kind).map_or(">=3.11".to_owned(), ToString::to_string)
}

fn need(ws: &Workspace, kind: RuntimeKind) -> Option<&VersionReq> {
    ws.manifest().needs(kind).iter().find_map(|need| match need {
        Need::Python(version) => Some(version),
        _ => None,
    })
}

/// The first interpreter on PATH that fits.
fn interpreter(ws: &Workspace, kind: RuntimeKind) -> Result<String> {
    let mut seen = Vec::new();
    for name in NAMES {
        clock::interrupted()?;
        let command = Command::new(name, ASK).args([
            "-I",
            "-c",
            "import sys; print('%d.%d.%d' % sys.version_info[:3])",
        ]);
        let Ok(captured) = process::capture(&command) else { continue };
        let Some(version) = Version::find(&String::from_utf8_lossy(&captured.stdout))
            .filter(|_| captured.ended == Ended::Code(0))
        else {
            continue;
        };
        if need(ws, kind).is_none_or(|wanted| wanted.allows(&version)) {
            let path = process::locate(&command).map_err(|why| Error::environment(why.to_string()))?;
            return Ok(path.display().to_string());
        }
        seen.push(format!("{name} is {version}"));
    }
    let seen = if seen.is_empty() { "none was found".to_owned() } else { seen.join(", ") };
    Err(Error::environment(format!("this lab needs Python {}: {seen}", requirement(ws, kind)))
        .hint("install it, or install uv, which brings its own")
        .hint("what else is missing: mlops-lab doctor"))
}
