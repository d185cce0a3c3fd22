//! A generated lab on disk: its record, its manifest, its environment, its progress.
//!
//! It is self-contained: everything after `init` reads what lies here, never the binary's own copy
//! of the lab.

mod base;
mod cluster;
mod env;
mod id;
mod instance;
mod lock;
mod noted;
mod path;
mod ports;
mod progress;
mod record;
mod restore;
mod search;
pub mod snapshot;
mod trust;
mod wreck;

use std::path::{Path, PathBuf};

use crate::catalog::Manifest;
use crate::catalog::parse;
use crate::catalog::tree::{File, RelPath, Tree};
use crate::error::{Error, Result};
use crate::layout;
use crate::platform::{inside, process};

use instance::Instance;

pub use cluster::{Cluster, Object};
pub use instance::{Left, forget, left, left_at, left_before, mark, with_project};
pub use lock::{Lock, lock};
pub use noted::Containers;
pub use ports::MovedPort;
pub use record::{Place, Record, seed};
pub use restore::Restored;
pub use search::{foreign_above, ours};
pub use trust::{Trust, fingerprint, pack_print, trust_content};

/// A generated lab, found on disk.
#[derive(Clone, Debug)]
pub struct Workspace {
    root: PathBuf,
    record: Record,
    manifest: Manifest,
    /// The text of the manifest, as it was read: what is trusted is what is used.
    text: String,
    instance: Instance,
}

impl Workspace {
    /// The lab that `start` lies in: the nearest folder at or above it with a record of ours.
    ///
    /// # Errors
    /// Exit 2 when there is none; exit 3 when its record or manifest cannot be read.
    pub fn find(start: &Path) -> Result<Workspace> {
        let start = start.canonicalize().map_err(|error| {
            Error::environment(format!("cannot read {}", start.display())).because(error)
        })?;
        let root = search::nearest(&start)?.ok_or_else(|| {
            Error::usage(format!("{} is not in a lab", start.display()))
                .hint(
                    "go into the folder that `mlops-lab init` made, or name it: mlops-lab -C DIR …",
                )
                .hint("make a lab: mlops-lab list, then mlops-lab init LAB")
        })?;
        let record = Record::read(root)?;
        let path = root.join(layout::MANIFEST);
        let text = text(root, layout::MANIFEST)?;
        let manifest = parse::manifest(&text, &path.display().to_string()).map_err(|error| {
            // Here it is not the user's input that is wrong, but what stands in the lab.
            let broken = Error::environment(error.message().to_owned());
            let broken = error
                .detail_text()
                .map_or(Error::environment(error.message().to_owned()), |detail| {
                    broken.detail(detail)
                });
            error.hints().iter().fold(broken, |broken, hint| broken.hint(hint.clone()))
        })?;
        let instance = instance::find(root, Some(&record.id))?;
        Ok(Workspace { root: root.to_owned(), record, manifest, text, instance })
    }

    /// What the lab was made of.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The project's folder, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// For a lab that was just made, with the fingerprints of what was written and of its pack:
    /// these are trusted. Where the user's state cannot be written, the first command that starts
    /// something says so.
    pub fn made(folder: &Path, prints: &[String]) {
        if let Ok(root) = folder.canonicalize()
            && let Ok(record) = Record::read(&root)
        {
            let _ = instance::made(&root, &record.id, prints);
        }
    }

    /// For a command that starts something, or notes something: this machine knows the lab from
    /// here on.
    ///
    /// # Errors
    /// Exit 3 when the user's state cannot be written.
    pub fn register(self) -> Result<Workspace> {
        let instance = instance::open(&self.root, Some(&self.record.id))?;
        Ok(Workspace { instance, ..self })
    }

    /// Sixteen hexadecimal digits: marks every process of the lab, here and for this user alone.
    /// None when nothing of it was ever started.
    pub fn id(&self) -> Option<&str> {
        self.instance.state.as_ref().map(|state| state.id.as_str())
    }

    /// The project's name: what compose calls it.
    pub fn project(&self) -> String {
        let name = self.record.answers.get("project_name").and_then(toml::Value::as_str);
        name.map_or_else(|| self.record.lab.clone(), str::to_owned)
    }

    /// The rendered manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What is running, and logs: in the user's state, and not there before something was started.
    pub fn run_folder(&self) -> &Path {
        &self.instance.folder
    }

    /// The records of processes in a folder of the run state.
    pub fn records(&self, folder: &str) -> Vec<process::Record> {
        noted::records(self.run_folder(), folder)
    }

    /// The tree as `init` wrote it.
    ///
    /// # Errors
    /// Exit 3 when it is not there or cannot be read.
    pub fn base(&self) -> Result<Tree> {
        base::read(&self.root, self.record.schema)
    }

    /// A folder of the lab's own files: a solution.
    pub fn knowledge(&self, folder: &str) -> Result<Tree> {
        tree(&self.root, &layout::knowledge(folder))
    }

    /// A text of the lab's own files: of a step, of a drill.
    pub fn knowledge_text(&self, path: &str) -> Result<String> {
        text(&self.root, &layout::knowledge(path))
    }
}

/// A file of the lab as text, through no link.
fn text(root: &Path, path: &str) -> Result<String> {
    let bytes = inside::read(root, path).map_err(inside::cannot("read", root, path))?;
    String::from_utf8(bytes).map_err(|error| {
        Error::environment(format!("{} is not UTF-8", root.join(path).display())).because(error)
    })
}

/// The most that the files of one folder have together. The largest lab here has less than a
/// hundredth of it.
const LARGEST_TREE: u64 = 64 << 20;

/// All files below a folder; none when there is no such folder.
fn tree(root: &Path, folder: &str) -> Result<Tree> {
    let mut tree = Tree::new();
    let places = inside::files(root, folder).map_err(inside::cannot("read", root, folder))?;
    // Before anything is read: a repository holds gigabytes of zeros in some bytes.
    let length = |place: &String| inside::length(root, place).unwrap_or(0);
    if places.iter().map(length).fold(0, u64::saturating_add) > LARGEST_TREE {
        return Err(Error::environment(format!(
            "the files in {} have more than {} MiB together",
            root.join(folder).display(),
            LARGEST_TREE >> 20
        ))
        .hint(format!("see which: du -ah {} | sort -h | tail", root.join(folder).display())));
    }
    for place in places {
        let bytes = inside::read(root, &place).map_err(inside::cannot("read", root, &place))?;
        let path = place.strip_prefix(folder).unwrap_or(&place).trim_start_matches('/');
        tree.insert(RelPath::new(path).map_err(Error::environment)?, File::new(bytes));
    }
    Ok(tree)
}

#[cfg(test)]
mod tests;
