//! `fetch`: everything that a lab installs on this machine, into a folder, for another one without
//! a network.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::installer::Failure;
use super::interpreter;
use super::offline::{Folder, List, platform};
use crate::catalog::Manifest;
use crate::catalog::manifest::RuntimeKind;
use crate::catalog::tree::Tree;
use crate::error::{Error, Result};
use crate::platform::fs::{self, Kind};
use crate::platform::process::{self, Command, LogOptions, Role};
use crate::platform::term::Progress;

const KIND: RuntimeKind = RuntimeKind::Local;

/// A slow network and a cold cache.
const DOWNLOAD: Duration = Duration::from_secs(60 * 60);

/// In the folder while it is filled: the pip that does it, the requirements, its log.
const TOOLS: &str = ".tools";
const LOG: &str = "fetch.log";

/// What was fetched.
#[derive(Debug, Serialize)]
pub struct Fetched {
    /// Which lab.
    pub lab: String,
    /// Where.
    pub folder: PathBuf,
    /// How many wheels are there, of all labs.
    pub wheels: usize,
    /// And how large they are, in bytes.
    pub bytes: u64,
    /// The system that they are for.
    pub platform: String,
    /// The Python that they are for.
    pub python: String,
}

/// Downloads the wheels of a lab, each by its hash, for this system and its Python. What an
/// interrupted run has left there is used.
///
/// # Errors
/// Exit 2: the lab installs nothing, or the folder holds something else. Exit 3: no Python that
/// fits, a package that cannot be had, or has another hash.
pub fn fetch(
    lab: &str,
    manifest: &Manifest,
    files: &Tree,
    root: &Path,
    progress: &mut dyn Progress,
) -> Result<Fetched> {
    let Some(python) = manifest.python(KIND) else {
        return Err(Error::usage(format!("the lab `{lab}` installs nothing in the runtime local")));
    };
    let folder = Folder(root.to_owned());
    let before = before(&folder)?;
    let found = interpreter::find(manifest, KIND, before.as_ref().map(|list| &*list.python))?;
    fs::make_folder(&folder.wheels())?;
    let mut list = begun(before, lab, &found.series);
    folder.note(&list)?;
    let tools = root.join(TOOLS);
    fs::remove_tree(&tools)?;
    fs::make_folder(&tools)?;
    let log = root.join(LOG);
    let run = |argv: &[String], progress: &mut dyn Progress| {
        let [program, args @ ..] = argv else { return Err(Error::bug("an empty command")) };
        let command = Command { role: Role::Installer, ..Command::new(program, DOWNLOAD) };
        let options = LogOptions { log: &log, record: None, verbose: false };
        process::run_logged(&command.args(args).cwd(root), options, progress)
            .map_err(|error| explained(error, &log, &list.platform, &list.python))
    };
    let venv = tools.join("venv").display().to_string();
    progress.start(&format!("making a pip of Python {}", found.series));
    run(&[&found.path, "-m", "venv", &venv].map(str::to_owned), progress)?;
    progress.done("");
    for file in python.files() {
        let content = files.iter().find(|(path, _)| path.as_str() == file);
        let Some((_, content)) = content else {
            return Err(Error::usage(format!("the lab `{lab}` has no file {file}")));
        };
        let copy = tools.join(file.replace('/', "-"));
        fs::write(&copy, &content.bytes, false)?;
        progress.start(&format!("fetching {file}"));
        run(&download(&venv, &folder, &copy), progress)?;
        progress.done("");
    }
    // What another lab brought keeps its sum: only this lab's wheels were judged by their hashes.
    let sums = folder.sums()?;
    let wheels = sums.len();
    for (name, sum) in sums {
        list.wheels.entry(name).or_insert(sum);
    }
    list.whole = true;
    folder.note(&list)?;
    fs::remove_tree(&tools)?;
    fs::remove(&log)?;
    Ok(Fetched {
        lab: lab.to_owned(),
        wheels,
        bytes: fs::size(&folder.wheels()),
        folder: folder.0,
        platform: list.platform,
        python: list.python,
    })
}

/// The list of a folder into which can be fetched; none in a new one.
fn before(folder: &Folder) -> Result<Option<List>> {
    let root = &folder.0;
    let list = folder.list()?;
    let taken = match fs::kind(root) {
        Ok(Kind::Missing) => false,
        Ok(Kind::Folder) => list.is_none() && fs::names(root).is_ok_and(|names| !names.is_empty()),
        _ => true,
    };
    if taken {
        return Err(Error::usage(format!(
            "{} is there, and holds something else than what was fetched",
            root.display()
        ))
        .hint("name a new folder: mlops-lab fetch LAB --to DIR"));
    }
    match list {
        Some(list) if list.platform != platform() => Err(Error::usage(format!(
            "{} holds wheels for {}, and this is {}",
            root.display(),
            list.platform,
            platform()
        ))
        .hint("one folder for each system: mlops-lab fetch LAB --to DIR")),
        list => Ok(list),
    }
}

/// The list while a lab is fetched.
fn begun(before: Option<List>, lab: &str, series: &str) -> List {
    let mut list = before.unwrap_or_else(|| List {
        platform: platform(),
        python: series.to_owned(),
        whole: false,
        labs: Vec::new(),
        wheels: std::collections::BTreeMap::new(),
    });
    list.whole = false;
    list.labs.retain(|other| other != lab);
    // First: an error names it.
    list.labs.insert(0, lab.to_owned());
    list
}

/// The requirements name everything, with hashes; what is no wheel would have to be built, with
/// tools that nobody pinned.
fn download(venv: &str, folder: &Folder, requirements: &Path) -> Vec<String> {
    let python = format!("{venv}/bin/python");
    let start = [&python, "-m", "pip", "download", "--disable-pip-version-check", "--no-input"];
    let options = ["--no-deps", "--only-binary", ":all:", "--require-hashes"];
    let wheels = folder.wheels().display().to_string();
    let requirements = requirements.display().to_string();
    let places = ["--dest", &wheels, "-r", &requirements];
    start.iter().chain(&options).chain(&places).map(|word| (*word).to_owned()).collect()
}

fn explained(error: Error, log: &Path, platform: &str, python: &str) -> Error {
    if let Err(interrupted) = crate::platform::clock::interrupted() {
        return interrupted;
    }
    match Failure::of(&fs::tail(log, 200).join("\n")) {
        Some(Failure::NoSuchPackage) => error.hint(format!(
            "is there a wheel of it for {platform} and Python {python}? Else the lab cannot be \
             fetched here"
        )),
        Some(Failure::Network) => {
            error.hint("the package index cannot be reached; run it again: it goes on")
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lab_that_is_fetched_again_is_listed_once_and_half() {
        let first = begun(None, "serving", "3.11");
        assert_eq!((first.labs.as_slice(), first.whole), (&["serving".to_owned()][..], false));
        let both = begun(Some(List { whole: true, ..first }), "llm", "3.12");
        assert_eq!((both.python.as_str(), both.whole), ("3.11", false));
        let again = begun(Some(both), "serving", "3.11");
        assert_eq!(again.labs, ["serving", "llm"]);
    }

    #[test]
    fn only_wheels_with_their_hashes_are_taken() {
        let words = download("/v", &Folder("/to".into()), Path::new("/r.txt")).join(" ");
        assert!(words.starts_with("/v/bin/python -m pip download"), "{words}");
        assert!(words.contains("--no-deps --only-binary :all: --require-hashes"), "{words}");
        assert!(words.ends_with("--dest /to/wheels -r /r.txt"), "{words}");
    }
}
