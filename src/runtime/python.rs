//! The Python environment of a lab: `.venv`, from requirements with hashes, by uv when it is there,
//! else venv and pip.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::driver::Options;
use super::installer::Failure;
use super::offline::Folder;
use super::{interpreter, places};
use crate::catalog::manifest::{Python, RuntimeKind};
use crate::error::{Error, Result};
use crate::layout;
use crate::platform::clock;
use crate::platform::fs::{self, Kind, Mode};
use crate::platform::inside::{self, cannot};
use crate::platform::process::{self, Command, Ended, LogOptions, shell_words};
use crate::platform::term::Progress;
use crate::workspace::Workspace;

/// A slow network and a cold cache.
const INSTALL: Duration = Duration::from_secs(30 * 60);

/// One question to an interpreter.
const QUERY_TIMEOUT: Duration = Duration::from_secs(10);

/// Lines of an installer's log that are searched for a reason.
const UNDERSTOOD: usize = 200;

const VENV: &str = ".venv";

/// In the environment: what it was made from, then the packages that were installed.
const STAMP: &str = layout::PYTHON_STAMP;

/// How the folders end in which installers note what they did.
const INFO: &str = ".dist-info";

/// What an environment lacks, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    /// It is not there, or worth nothing: what is there is removed first, unless it is the
    /// learner's.
    Everything(String),
    /// It works, and a package is missing.
    Packages(String),
}

impl Lack {
    fn why(&self) -> &str {
        match self {
            Lack::Everything(why) | Lack::Packages(why) => why,
        }
    }
}

/// What the environment lacks; none when it is whole. Costs a hash, a few looks, and the start of
/// an interpreter.
///
/// # Errors
/// Exit 3 when a file of requirements cannot be read, or `.venv` is no folder of the lab's own.
pub(super) fn lack(ws: &Workspace, kind: RuntimeKind, python: &Python) -> Result<Option<Lack>> {
    lack_by(ws, python, || runs(ws, kind))
}

/// What is wrong with the lab's environment, as far as can be seen without starting anything of it;
/// outer none when none was made yet.
pub fn python_trouble(ws: &Workspace, kind: RuntimeKind) -> Option<Option<String>> {
    let python = ws.manifest().python(kind)?;
    let there = inside::kind(ws.root(), VENV).is_ok_and(|kind| kind != Kind::Missing);
    let made = inside::is_file(ws.root(), STAMP) || places::making(ws, "venv").is_file();
    if !there || !made && own(ws).is_ok() {
        return None;
    }
    let program = ws.root().join(VENV).join("bin/python");
    let starts = || Ok(process::locate(&Command::new(program.clone(), QUERY_TIMEOUT)).is_ok());
    Some(match lack_by(ws, python, starts) {
        Ok(lack) => lack.map(|lack| lack.why().to_owned()),
        Err(error) => Some(error.to_string()),
    })
}

fn lack_by(
    ws: &Workspace,
    python: &Python,
    starts: impl FnOnce() -> Result<bool>,
) -> Result<Option<Lack>> {
    own(ws)?;
    let everything = |why: &str| Ok(Some(Lack::Everything(why.to_owned())));
    let stamp =
        inside::read_optional(ws.root(), STAMP).map_err(cannot("read", ws.root(), STAMP))?;
    let stamp = stamp.map(|stamp| String::from_utf8_lossy(&stamp).into_owned());
    let mut lines = stamp.iter().flat_map(|stamp| stamp.lines());
    match lines.next() {
        _ if places::making(ws, "venv").is_file() => {
            return everything("its environment was half made");
        }
        // The learner's own, or none.
        None => return everything("its environment was not made by `mlops-lab up`"),
        Some(made) if made != fingerprint(ws, python)? => {
            return everything("the requirements changed");
        }
        Some(_) => {}
    }
    if !starts()? {
        return everything("the Python of .venv is gone");
    }
    let there = installed(ws.root());
    let missing = lines.find(|package| !there.iter().any(|there| there == package));
    Ok(missing.map(|package| {
        let why = format!("{} was missing", package.trim_end_matches(INFO));
        // What installs the others cannot install itself.
        if package.starts_with("pip-") { Lack::Everything(why) } else { Lack::Packages(why) }
    }))
}

/// Packages are installed into no environment that a link leads to: it belongs to somebody, and
/// serves others too.
fn own(ws: &Workspace) -> Result<()> {
    match inside::kind(ws.root(), VENV).map_err(cannot("inspect", ws.root(), VENV))? {
        Kind::Missing | Kind::Folder => Ok(()),
        Kind::File | Kind::Other => {
            let venv = ws.root().join(VENV);
            let place = shell_words(&[venv.display().to_string()]);
            Err(Error::environment(format!(
                "{} is not a folder but a link or a file: nothing is installed through it",
                venv.display()
            ))
            .hint(format!(
                "move it away, and mlops-lab makes an environment of its own: mv {place} \
                 {place}.old"
            ))
            .hint("then: mlops-lab up"))
        }
    }
}

/// Whether the environment's interpreter starts.
fn runs(ws: &Workspace, kind: RuntimeKind) -> Result<bool> {
    let argv = [".venv/bin/python", "-I", "-S", "-c", "pass"].map(str::to_owned);
    let captured = process::capture(&ws.command(kind, &argv, QUERY_TIMEOUT)?);
    Ok(captured.is_ok_and(|captured| captured.ended == Ended::Code(0)))
}

/// What installers note about the packages that are there: the folders `NAME-VERSION.dist-info`.
fn installed(root: &Path) -> Vec<String> {
    let lib = format!("{VENV}/lib");
    let folders = |path: &str| {
        let found = inside::list(root, path).unwrap_or_default().into_iter();
        found.filter_map(|(name, kind)| (kind == Kind::Folder).then_some(name))
    };
    let places = folders(&lib).map(|version| format!("{lib}/{version}/site-packages"));
    let mut found: Vec<String> =
        places.flat_map(|place| folders(&place).collect::<Vec<_>>()).collect();
    found.retain(|name| name.ends_with(INFO));
    found.sort_unstable();
    found
}

/// Makes the environment, or what it lacks.
///
/// # Errors
/// Exit 3: no Python that fits, no venv module, requirements that cannot be fetched or do not have
/// their hash (with the last lines).
pub(super) fn make(
    ws: &Workspace,
    kind: RuntimeKind,
    python: &Python,
    lack: &Lack,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<()> {
    let root = ws.root();
    let stamped = inside::is_file(root, STAMP);
    let there = || inside::is_folder(root, VENV);
    let wanted = fingerprint(ws, python)?;
    let making = places::making(ws, "venv");
    if stamped {
        progress.note(&format!("{}: .venv is rebuilt", lack.why()));
    }
    match lack {
        Lack::Everything(_) if stamped || making.is_file() => {
            // Ours, and half made by a run that was killed, or made from other requirements, or
            // moved: a part of one is worse than none.
            inside::remove_tree(root, VENV).map_err(cannot("remove", root, VENV))?;
        }
        // The learner's own (by make, by hand): installed into, never removed.
        Lack::Everything(_) if there() && !runs(ws, kind)? => {
            let venv = root.join(VENV);
            return Err(Error::environment(format!(
                "the Python of {} does not start",
                venv.display()
            ))
            .hint(format!(
                "it was not made by mlops-lab: rm -r {}",
                shell_words(&[venv.display().to_string()])
            ))
            .hint("then: mlops-lab up"));
        }
        _ => {}
    }
    let offline = options.offline.clone().map(Folder);
    // Before anything is made: what is damaged is not installed in part.
    let list = offline.as_ref().map(Folder::checked).transpose()?;
    let find = || {
        let series = list.as_ref().map(|list| &*list.python);
        interpreter::find(ws.manifest(), kind, series).map(|found| found.path)
    };
    let how = How { offline: offline.as_ref(), verbose: options.verbose };
    fs::write(&making, b"", false)?;
    let uv = which(ws, "uv")?;
    if !there() {
        let argv = match &uv {
            Some(uv) => {
                // The wheels that were fetched are for one Python; else uv chooses, or brings one.
                let wanted = match &list {
                    Some(_) => find()?,
                    None => interpreter::requirement(ws.manifest(), kind),
                };
                [&uv.display().to_string(), "venv", "--python", &wanted, VENV]
                    .map(str::to_owned)
                    .to_vec()
            }
            None => [&find()?, "-m", "venv", VENV].map(str::to_owned).to_vec(),
        };
        progress.start(if uv.is_some() { "making .venv with uv" } else { "making .venv" });
        run(ws, "venv", &argv, how, progress)?;
        progress.done("");
    }
    const PIP: [&str; 6] =
        [".venv/bin/python", "-m", "pip", "install", "--disable-pip-version-check", "--no-input"];
    let uv_pip =
        |uv: &str| [uv, "pip", "install", "--python", ".venv/bin/python"].map(str::to_owned);
    let (tool, start) = match (&uv, &python.uv) {
        (Some(uv), _) => ("uv", uv_pip(&uv.display().to_string()).to_vec()),
        (None, None) => ("pip", PIP.map(str::to_owned).to_vec()),
        (None, Some(file)) => {
            progress.start(&format!("installing {file} with pip"));
            let argv = requirements(&PIP.map(str::to_owned), std::slice::from_ref(file));
            install(ws, &argv, how, progress)?;
            ("uv", uv_pip(".venv/bin/uv").to_vec())
        }
    };
    progress.start(&format!("installing {} with {tool}", python.requirements.join(", ")));
    install(ws, &requirements(&start, &python.requirements), how, progress)?;
    if !python.no_deps.is_empty() {
        progress.start(&format!("installing {} with {tool}", python.no_deps.join(", ")));
        let start = [start, vec!["--no-deps".to_owned()]].concat();
        install(ws, &requirements(&start, &python.no_deps), how, progress)?;
    }
    let lines = [vec![wanted], installed(root)].concat().join("\n");
    inside::write(root, STAMP, lines.as_bytes(), Mode::Plain)
        .map_err(cannot("write", root, STAMP))?;
    fs::remove(&making)
}

/// Makes what the environment lacks, if the runtime has one and nothing runs in it.
///
/// # Errors
/// As [`make`].
pub(super) fn prepare(
    ws: &Workspace,
    kind: RuntimeKind,
    python: Option<&Python>,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<()> {
    let Some(python) = python else { return Ok(()) };
    match lack(ws, kind, python)? {
        Some(lack) => make(ws, kind, python, &lack, options, progress),
        None => Ok(()),
    }
}

/// How installers run.
#[derive(Clone, Copy)]
struct How<'a> {
    /// Where everything comes from, if not from an index.
    offline: Option<&'a Folder>,
    verbose: bool,
}

fn requirements(start: &[String], files: &[String]) -> Vec<String> {
    let options = files.iter().flat_map(|file| ["-r".to_owned(), file.clone()]);
    start.iter().cloned().chain(["--require-hashes".to_owned()]).chain(options).collect()
}

fn install(
    ws: &Workspace,
    argv: &[String],
    how: How<'_>,
    progress: &mut dyn Progress,
) -> Result<()> {
    let offline = how.offline.map(Folder::options).into_iter().flatten();
    let argv: Vec<String> = argv.iter().cloned().chain(offline).collect();
    run(ws, "install", &argv, how, progress)?;
    progress.done("");
    Ok(())
}

fn run(
    ws: &Workspace,
    name: &str,
    argv: &[String],
    how: How<'_>,
    progress: &mut dyn Progress,
) -> Result<()> {
    let command =
        ws.installer(argv, INSTALL)?.env("UV_NO_PROGRESS", "1").env("UV_SYSTEM_CERTS", "1");
    let command = match how.offline {
        Some(folder) => folder.only(command),
        None => command,
    };
    let (log, record) = (places::log(ws, name), places::passing(ws, name));
    let shown = process::run_logged(
        &command,
        LogOptions { log: &log, record: Some((name, &record)), verbose: how.verbose },
        progress,
    );
    shown.map_err(|error| {
        // After Ctrl-C whatever the installer said last is no reason.
        clock::interrupted().err().unwrap_or_else(|| {
            let failure = Failure::of(&fs::tail(&log, UNDERSTOOD).join("\n"));
            let hint = |failure: Failure| match (failure, how.offline) {
                (Failure::NoSuchPackage | Failure::Hash | Failure::Network, Some(folder)) => {
                    folder.lacks()
                }
                (failure, _) => failure.hint(ws.root()),
            };
            failure.into_iter().fold(error, |error, failure| error.hint(hint(failure)))
        })
    })
}

/// What the environment is made from: changes with any requirement file, and with the folder
/// (scripts in it hold its path).
pub(super) fn fingerprint(ws: &Workspace, python: &Python) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(ws.root().as_os_str().as_encoded_bytes());
    for file in python.files() {
        hash.update(inside::read(ws.root(), file).map_err(cannot("read", ws.root(), file))?);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn which(ws: &Workspace, name: &str) -> Result<Option<PathBuf>> {
    let command = ws.installer(&[name.to_owned()], QUERY_TIMEOUT)?;
    // A uv inside the .venv is a package of the lab, not the tool that makes it.
    let Some(found) = process::locate(&command).ok().filter(|found| !found.starts_with(ws.root()))
    else {
        return Ok(None);
    };
    // A shim of a version manager may be there with nothing behind it.
    let argv = [found.display().to_string(), "--version".to_owned()];
    let asked = process::capture(&ws.installer(&argv, QUERY_TIMEOUT)?);
    Ok(asked.is_ok_and(|asked| asked.ended == Ended::Code(0)).then_some(found))
}
