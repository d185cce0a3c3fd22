//! Which images a lab's containers are made of, and building them without a network.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::json;

use super::command::{compose, docker};
use super::dockerfile::{Dockerfile, Parts};
use super::{BUILD, QUERY_TIMEOUT};
use crate::error::{Error, Result};
use crate::platform::process::{self, Command, Ended, LogOptions, shell_words};
use crate::platform::term::Progress;
use crate::platform::{fs, inside};
use crate::runtime::offline::Folder;
use crate::runtime::places;
use crate::workspace::Workspace;

/// What `docker compose config --format json` prints.
#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    services: BTreeMap<String, Service>,
}

#[derive(Deserialize)]
struct Service {
    image: Option<String>,
    platform: Option<String>,
    build: Option<BuildSection>,
}

#[derive(Deserialize)]
struct BuildSection {
    context: PathBuf,
    #[serde(default = "dockerfile")]
    dockerfile: PathBuf,
    target: Option<String>,
}

fn dockerfile() -> PathBuf {
    "Dockerfile".into()
}

/// One Dockerfile, and what its services need of it.
pub(super) struct Build {
    /// The folder that it copies from.
    pub(super) context: PathBuf,
    /// Where it is.
    pub(super) path: PathBuf,
    /// The services that are built from it.
    services: Vec<String>,
    file: Dockerfile,
    /// What of it comes as images.
    pub(super) parts: Parts,
}

/// Everything of which a lab's containers are made.
pub(super) struct Needs {
    /// Images of others, and the platform that each is wanted for.
    pub(super) pulled: BTreeMap<String, Option<String>>,
    /// What is built.
    pub(super) builds: Vec<Build>,
}

impl Needs {
    /// As compose reads the lab's files in `root`: `config` prints them.
    ///
    /// # Errors
    /// Exit 3: compose refuses its file; a Dockerfile is not understood, lies outside of the lab,
    /// or is a link.
    pub(super) fn of(config: &Command, root: &Path) -> Result<Needs> {
        let captured =
            process::capture(config).map_err(|why| Error::environment(why.to_string()))?;
        if captured.ended != Ended::Code(0) {
            return Err(Error::environment("docker compose cannot read the lab's files")
                .detail(String::from_utf8_lossy(&captured.stderr).trim().to_owned()));
        }
        let read: Config = serde_json::from_slice(&captured.stdout).map_err(|error| {
            Error::environment("unexpected output from docker compose config").because(error)
        })?;
        let mut needs = Needs { pulled: BTreeMap::new(), builds: Vec::new() };
        let mut files: BTreeMap<_, (Vec<String>, BTreeSet<Option<String>>)> = BTreeMap::new();
        for (name, service) in read.services {
            match (service.build, service.image) {
                (Some(build), _) => {
                    let path = build.context.join(build.dockerfile);
                    let (services, targets) = files.entry((build.context, path)).or_default();
                    services.push(name);
                    targets.insert(build.target);
                }
                (None, Some(image)) => drop(needs.pulled.insert(image, service.platform)),
                (None, None) => {}
            }
        }
        for ((context, path), (services, targets)) in files {
            let place = below(root, &path)?;
            let text = inside::read(root, &place).map_err(inside::cannot("read", root, &place))?;
            let folder = below(root, &context)?;
            let read = |name: &str| {
                let name =
                    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
                match inside::is_file(root, &name) {
                    true => inside::read_optional(root, &name),
                    false => Ok(None),
                }
            };
            let found = Dockerfile::parse(&String::from_utf8_lossy(&text))
                .and_then(|file| Ok((file.parts(&targets, &read)?, file)));
            let (parts, file) = found.map_err(|why| {
                Error::environment(format!("{} cannot be fetched: {why}", path.display()))
            })?;
            for base in &parts.bases {
                needs.pulled.entry(base.clone()).or_default();
            }
            needs.builds.push(Build { context, path, services, file, parts });
        }
        Ok(needs)
    }

    /// The names of all images that are brought.
    pub(super) fn names(&self) -> BTreeSet<String> {
        let stages = self.builds.iter().flat_map(|build| build.parts.stages.values());
        self.pulled.keys().chain(stages).cloned().collect()
    }

    /// The stage, and its Dockerfile, of which an image is made.
    fn stage(&self, image: &str) -> Option<(&str, &Path)> {
        self.builds.iter().find_map(|build| {
            let mut stages = build.parts.stages.iter();
            let (name, _) = stages.find(|(_, other)| *other == image)?;
            Some((name.as_str(), build.path.as_path()))
        })
    }
}

/// A path that compose names, from the root of the lab, as `platform::inside` takes it.
fn below(root: &Path, path: &Path) -> Result<String> {
    // Compose asks the system where it is, which knows no links.
    let real = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let place = path.strip_prefix(root).or_else(|_| path.strip_prefix(&real));
    place.map(|place| place.to_string_lossy().into_owned()).map_err(|_| {
        Error::environment(format!(
            "{} cannot be fetched: it lies outside of the lab",
            path.display()
        ))
    })
}

/// Whether the engine has an image.
pub(super) fn there(image: &str) -> bool {
    docker(&["image", "inspect", "--format", "{{.Id}}", "--", image]).is_some()
}

/// Brings the images that were fetched to the engine, and writes a file for compose over the lab's
/// own: with it, builds begin with these images, and have no network.
///
/// # Errors
/// Exit 3: an image that was not fetched, an archive that is missing or damaged.
pub(super) fn bring(
    ws: &Workspace,
    folder: &Folder,
    verbose: bool,
    progress: &mut dyn Progress,
) -> Result<PathBuf> {
    let config = compose(ws, &["config", "--format", "json"], QUERY_TIMEOUT)?;
    let needs = Needs::of(&config, ws.root())?;
    let missing: Vec<String> = needs.names().into_iter().filter(|name| !there(name)).collect();
    if !missing.is_empty() {
        load(ws, folder, &needs, &missing, verbose, progress)?;
    }
    let mut services = serde_json::Map::new();
    for (number, build) in needs.builds.iter().enumerate() {
        let path = ws.run_folder().join(format!("offline-{number}.Dockerfile"));
        fs::write(&path, build.file.with(&build.parts.stages).as_bytes(), false)?;
        let section = json!({"build": {"dockerfile": path, "network": "none"}});
        services.extend(build.services.iter().map(|name| (name.clone(), section.clone())));
    }
    let over = ws.run_folder().join("offline.json");
    fs::write(&over, json!({ "services": services }).to_string().as_bytes(), false)?;
    Ok(over)
}

fn load(
    ws: &Workspace,
    folder: &Folder,
    needs: &Needs,
    missing: &[String],
    verbose: bool,
    progress: &mut dyn Progress,
) -> Result<()> {
    let list = folder.fitting()?;
    // All is checked before anything is loaded.
    let mut archives = BTreeSet::new();
    for image in missing {
        let mut found = list.archives.iter();
        match found.find(|(_, archive)| archive.images.contains(image)) {
            Some((name, _)) => archives.insert(name),
            None => return Err(lacking(ws, folder, needs, image)),
        };
    }
    progress.start("checking the images");
    let paths = archives.into_iter().map(|name| folder.archive(&list, name));
    let paths = paths.collect::<Result<Vec<_>>>()?;
    progress.done("");
    progress.start("loading the images");
    let (log, record) = (places::log(ws, "load"), places::passing(ws, "load"));
    let how = LogOptions { log: &log, record: Some(("load", &record)), verbose };
    for path in paths {
        let argv = ["docker", "load", "--input", &path.display().to_string()].map(str::to_owned);
        process::run_logged(&ws.tool(&argv, BUILD)?, how, progress)?;
    }
    progress.done("");
    match missing.iter().find(|image| !there(image)) {
        None => Ok(()),
        Some(image) => Err(lacking(ws, folder, needs, image)),
    }
}

/// An image that the folder does not have.
fn lacking(ws: &Workspace, folder: &Folder, needs: &Needs, image: &str) -> Error {
    let shown = folder.0.display().to_string();
    let lab = &ws.manifest().id;
    let words = ["mlops-lab", "fetch", lab, "--to", &shown, "--runtime", "compose"];
    let again = shell_words(&words.map(str::to_owned));
    let error = match needs.stage(image) {
        Some((stage, path)) => Error::environment(format!(
            "{shown} does not have the stage `{stage}` of {}",
            path.display()
        ))
        .detail(
            "the lab was fetched without images, or from another version of it, or what the stage \
             is made of has changed since",
        )
        .hint("what you changed: mlops-lab diff"),
        None => Error::environment(format!("{shown} does not have the image {image}"))
            .hint(format!("bring it by hand: docker save {image}, and there: docker load")),
    };
    error.hint(format!("where there are a network and Docker: {again}"))
}
