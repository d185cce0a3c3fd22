//! `fetch`: everything that a lab installs on this machine, packages and images, into a folder, for
//! another one without a network.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::compose;
use super::installer::Failure;
use super::interpreter::{self, Interpreter};
use super::offline::{Folder, List, platform};
use crate::catalog::Manifest;
use crate::catalog::manifest::{Python, RuntimeKind};
use crate::catalog::tree::Tree;
use crate::error::{Error, Result};
use crate::platform::fs::{self, Kind};
use crate::platform::process::{self, Command, LogOptions, Role};
use crate::platform::term::Progress;

/// A slow network and a cold cache.
const DOWNLOAD: Duration = Duration::from_secs(60 * 60);

/// In the folder while it is filled: the pip that does it, the requirements, the lab's files for
/// its images, and the log.
const TOOLS: &str = ".tools";
const LOG: &str = "fetch.log";

/// What was fetched.
#[derive(Debug, Serialize)]
pub struct Fetched {
    /// Which lab.
    pub lab: String,
    /// Where.
    pub folder: PathBuf,
    /// For which runtimes.
    pub runtimes: Vec<RuntimeKind>,
    /// How many wheels are there, of all labs.
    pub wheels: usize,
    /// How many images of this lab are there.
    pub images: usize,
    /// Why there are no images, though the lab has some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
    /// How large everything is, in bytes.
    pub bytes: u64,
    /// The system that it is for.
    pub platform: String,
    /// The Python that the wheels are for.
    pub python: String,
}

/// Downloads the wheels of a lab, each by its hash, for this system and its Python, and saves the
/// images of its containers, where Docker answers. What an interrupted run has left there is used.
/// For one runtime, or for all that can do without a network.
///
/// # Errors
/// Exit 2: the lab installs nothing, or the folder holds something else. Exit 3: no Python that
/// fits, a package or an image that cannot be had, or has another hash; no Docker, if the runtime
/// that was named needs it.
pub fn fetch(
    lab: &str,
    manifest: &Manifest,
    files: &Tree,
    root: &Path,
    only: Option<RuntimeKind>,
    progress: &mut dyn Progress,
) -> Result<Fetched> {
    let kinds = kinds(lab, manifest, only)?;
    let compose = manifest.runtime.compose.as_ref();
    let compose = compose.filter(|_| kinds.contains(&RuntimeKind::Compose));
    let left_out = compose.and_then(|_| compose::unavailable());
    if let (Some(why), Some(_)) = (&left_out, only) {
        return Err(Error::environment(format!("no images can be fetched: {why}"))
            .hint(format!("see why: mlops-lab doctor {lab} --runtime compose"))
            .hint(format!("without images: mlops-lab fetch {lab} --runtime local")));
    }
    let compose = compose.filter(|_| left_out.is_none());
    let folder = Folder(root.to_owned());
    let before = before(&folder)?;
    let python = Packages::of(manifest, &kinds, before.as_ref())?;
    if python.is_none() && compose.is_none() {
        return Err(match &left_out {
            Some(why) => Error::environment(format!("no images can be fetched: {why}"))
                .hint(format!("see why: mlops-lab doctor {lab} --runtime compose")),
            None => Error::usage(format!("the lab `{lab}` installs nothing")),
        });
    }
    fs::make_folder(&folder.wheels())?;
    let mut list = begun(before, lab, python.as_ref().map(|python| &*python.found.series));
    folder.note(&list)?;
    let tools = root.join(TOOLS);
    fs::remove_tree(&tools)?;
    fs::make_folder(&tools)?;
    let log = root.join(LOG);
    if let Some(python) = &python {
        python.download(lab, files, (&folder, &list), &log, progress)?;
    }
    let mut images = 0;
    if let Some(compose) = compose {
        let project = tools.join("lab");
        // Its `.env` would hold secrets, and names no image.
        for (path, file) in files.iter().filter(|(path, _)| !path.is_secret()) {
            fs::write(&project.join(path.as_str()), &file.bytes, file.executable)?;
        }
        let run = |command: Command, progress: &mut dyn Progress| {
            let options = LogOptions { log: &log, record: None, verbose: false };
            process::run_logged(&command, options, progress)
                .map_err(|error| error.hint("run it again: what is there is kept"))
        };
        let place = (project.as_path(), &*compose.file);
        let archive = format!("{}.tar", manifest.id);
        images = compose::fetch(place, (&folder, &mut list), &archive, &run, progress)?;
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
    let runtimes = match &left_out {
        Some(_) => kinds.into_iter().filter(|kind| *kind != RuntimeKind::Compose).collect(),
        None => kinds,
    };
    Ok(Fetched {
        lab: lab.to_owned(),
        runtimes,
        wheels,
        images,
        left_out,
        bytes: fs::size(&folder.wheels()) + fs::size(&folder.images()),
        folder: folder.0,
        platform: list.platform,
        python: list.python,
    })
}

/// The runtimes for which is fetched.
fn kinds(lab: &str, manifest: &Manifest, only: Option<RuntimeKind>) -> Result<Vec<RuntimeKind>> {
    let offered = manifest.runtimes();
    match only {
        Some(RuntimeKind::Kubernetes) => Err(Error::usage("nothing is fetched for kubernetes")
            .hint(format!("what can be: mlops-lab fetch {lab}"))),
        Some(kind) if !offered.contains(&kind) => {
            Err(Error::usage(format!("the lab `{lab}` does not offer the runtime {kind}"))
                .hint(format!("see what it offers: mlops-lab show {lab}")))
        }
        Some(kind) => Ok(vec![kind]),
        None => Ok(offered.into_iter().filter(|kind| *kind != RuntimeKind::Kubernetes).collect()),
    }
}

/// The packages of a lab, and the Python for which they are wanted.
struct Packages<'a> {
    files: Vec<&'a str>,
    found: Interpreter,
}

impl<'a> Packages<'a> {
    /// Those of these runtimes; none where they have none.
    fn of(
        manifest: &'a Manifest,
        kinds: &[RuntimeKind],
        before: Option<&List>,
    ) -> Result<Option<Self>> {
        let with = |kind: &&RuntimeKind| manifest.python(**kind).is_some();
        let Some(first) = kinds.iter().find(with) else { return Ok(None) };
        let mut files: Vec<&str> = Vec::new();
        for file in kinds.iter().filter_map(|kind| manifest.python(*kind)).flat_map(Python::files) {
            if !files.contains(&file.as_str()) {
                files.push(file);
            }
        }
        let series = before.map(|list| &*list.python).filter(|series| !series.is_empty());
        Ok(Some(Packages { files, found: interpreter::find(manifest, *first, series)? }))
    }

    fn download(
        &self,
        lab: &str,
        files: &Tree,
        (folder, list): (&Folder, &List),
        log: &Path,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        let tools = folder.0.join(TOOLS);
        let run = |argv: &[String], progress: &mut dyn Progress| {
            let [program, args @ ..] = argv else { return Err(Error::bug("an empty command")) };
            let command = Command { role: Role::Installer, ..Command::new(program, DOWNLOAD) };
            let options = LogOptions { log, record: None, verbose: false };
            process::run_logged(&command.args(args).cwd(&folder.0), options, progress)
                .map_err(|error| explained(error, log, &list.platform, &list.python))
        };
        let venv = tools.join("venv").display().to_string();
        progress.start(&format!("making a pip of Python {}", self.found.series));
        run(&[&self.found.path, "-m", "venv", &venv].map(str::to_owned), progress)?;
        progress.done("");
        for file in &self.files {
            let content = files.iter().find(|(path, _)| path.as_str() == *file);
            let Some((_, content)) = content else {
                return Err(Error::usage(format!("the lab `{lab}` has no file {file}")));
            };
            let copy = tools.join(file.replace('/', "-"));
            fs::write(&copy, &content.bytes, false)?;
            progress.start(&format!("fetching {file}"));
            run(&download(&venv, folder, &copy), progress)?;
            progress.done("");
        }
        Ok(())
    }
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
            "{} holds what is for {}, and this is {}",
            root.display(),
            list.platform,
            platform()
        ))
        .hint("one folder for each system: mlops-lab fetch LAB --to DIR")),
        list => Ok(list),
    }
}

/// The list while a lab is fetched.
fn begun(before: Option<List>, lab: &str, series: Option<&str>) -> List {
    let mut list = before.unwrap_or_else(List::new);
    if list.python.is_empty() {
        list.python = series.unwrap_or_default().to_owned();
    }
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
        let first = begun(None, "serving", Some("3.11"));
        assert_eq!((first.labs.as_slice(), first.whole), (&["serving".to_owned()][..], false));
        let both = begun(Some(List { whole: true, ..first }), "llm", Some("3.12"));
        assert_eq!((both.python.as_str(), both.whole), ("3.11", false));
        let again = begun(Some(both), "serving", Some("3.11"));
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
