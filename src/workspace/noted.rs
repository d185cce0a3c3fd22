//! What the folder of a lab's run state says of processes, containers and a cluster.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Workspace;
use super::cluster::{Cluster, cluster_file};
use crate::error::{Error, Result};
use crate::platform::fs;
use crate::platform::process::{self, Record};

/// Where the records of processes are: services; installers, tasks and builds; what a drill runs.
const PROCESSES: [&str; 4] = ["service", "passing", "background", "damage"];

/// What was noted before containers were started: whose they are, and the volumes that stay when
/// they are stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Containers {
    /// What compose calls the lab.
    pub project: String,
    /// Where the lab was then: compose has written it on every container.
    pub root: PathBuf,
    /// Whether the lab is up, or was being brought up.
    pub up: bool,
}

fn containers_file(run: &Path) -> PathBuf {
    run.join("containers.json")
}

impl Workspace {
    /// Notes, before any is started, that there may be containers; or that they are stopped, and
    /// their volumes are kept.
    ///
    /// # Errors
    /// Exit 3 when it cannot be written.
    pub fn note_containers(&self, noted: &Containers) -> Result<()> {
        let bytes = serde_json::to_vec_pretty(noted)
            .map_err(|error| Error::bug("a note that cannot be written").because(error))?;
        fs::write(&containers_file(self.run_folder()), &bytes, false)
    }

    /// What was noted of containers; none when there are none.
    pub fn containers(&self) -> Option<Containers> {
        containers(self.run_folder())
    }

    /// Nothing of the lab is in Docker any more.
    ///
    /// # Errors
    /// Exit 3 when the note cannot be removed.
    pub fn forget_containers(&self) -> Result<()> {
        fs::remove(&containers_file(self.run_folder()))
    }
}

pub(super) fn containers(run: &Path) -> Option<Containers> {
    serde_json::from_slice(&fs::read_io(&containers_file(run)).ok()?).ok()
}

/// The records in a folder. A file that is none is the rest of something killed in its first
/// instant: the mark finds that process. A record goes by the name of its file: what it says of
/// itself leads to no other.
pub(super) fn records(run: &Path, folder: &str) -> Vec<Record> {
    let folder = run.join(folder);
    let names = fs::names(&folder).unwrap_or_default();
    let named = names
        .iter()
        .filter_map(|name| name.strip_suffix(".json"))
        .filter(|name| !name.starts_with('.'));
    let read = |name: &str| {
        let record: Record =
            serde_json::from_slice(&fs::read_io(&folder.join(format!("{name}.json"))).ok()?)
                .ok()?;
        (record.name == name).then_some(record)
    };
    named.filter_map(read).collect()
}

/// What runs of a lab, or is kept for it in a cluster, in words.
pub(super) fn left(run: &Path) -> Vec<String> {
    let records = PROCESSES.into_iter().flat_map(|folder| records(run, folder));
    let alive = records.filter(|record| process::alive(&record.process));
    let mut left: Vec<String> =
        alive.map(|record| format!("{} (process {})", record.name, record.process.pid)).collect();
    if let Some(noted) = containers(run) {
        let what = if noted.up { "containers" } else { "volumes" };
        left.push(format!("{what} of the compose project {}", noted.project));
    }
    if let Ok(bytes) = fs::read_io(&cluster_file(run)) {
        left.push(match serde_json::from_slice::<Cluster>(&bytes) {
            Ok(cluster) => format!("namespace {} in {}", cluster.namespace, cluster.context),
            Err(_) => "objects in a cluster".to_owned(),
        });
    }
    left
}
