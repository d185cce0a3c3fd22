//! The files that a drill saves before its damage, on disk in the run state: saved whole or not at all, put back as often as needed.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::keep::plan;
use crate::catalog::manifest::Drill;
use crate::error::{Error, Result};
use crate::platform::tree::{self, Entry, Survey};
use crate::platform::{clock, fs};
use crate::workspace::{BACKUP, Workspace};

/// The most that a drill saves, in bytes and in files.
const BYTES: u64 = 512 << 20;
const FILES: usize = 10_000;

/// What was saved.
#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    /// The drill.
    drill: String,
    /// The paths that it named.
    paths: Vec<String>,
    /// What stood there.
    before: Survey,
}

/// What putting back did.
#[derive(Debug, Default, Serialize)]
pub struct PutBack {
    /// Files that are again as they were.
    pub files: Vec<String>,
    /// What the learner had written meanwhile, and where it is kept.
    pub kept: Vec<Kept>,
    /// What was saved is not there: this lab is a copy, or its run state was lost.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub missing: bool,
}

/// A file of the learner's that gave way.
#[derive(Debug, Serialize)]
pub struct Kept {
    /// Where it stood.
    pub path: String,
    /// Where it is now.
    pub backup: PathBuf,
}

fn folder(ws: &Workspace) -> PathBuf {
    ws.run_folder().join("drill")
}

/// Saves what a drill names. A run that is killed meanwhile leaves no snapshot.
///
/// # Errors
/// Exit 3: what is there cannot be saved (a link on the way, a special file, too much of it), or the disk refuses.
pub fn save(ws: &Workspace, drill: &Drill) -> Result<()> {
    forget(ws)?;
    if drill.keep.is_empty() {
        return Ok(());
    }
    let before = look(ws, &drill.keep)?;
    bounded(&before)?;
    let beside = ws.run_folder().join("drill.new");
    fs::remove_tree(&beside)?;
    for (path, entry) in &before {
        tree::put(&ws.root().join(path), entry, &beside.join("files").join(path))
            .map_err(|error| cannot("save", &ws.root().join(path), error))?;
    }
    let saved = Saved { drill: drill.id.clone(), paths: drill.keep.clone(), before };
    write(&beside.join("saved.json"), &saved)?;
    fs::rename(&beside, &folder(ws)).map_err(|error| cannot("save", &folder(ws), error))
}

fn bounded(before: &Survey) -> Result<()> {
    let bytes: u64 =
        before.values().map(|entry| if let Entry::File { length, .. } = entry { *length } else { 0 }).sum();
    if bytes > BYTES || before.len() > FILES {
        return Err(Error::environment(format!(
            "what this drill saves is too much: {} MB in {} files, at most {} MB in {FILES}",
            bytes >> 20,
            before.len(),
            BYTES >> 20
        ))
        .hint("look for something that does not belong there: mlops-lab diff"));
    }
    if let Some((path, _)) = before.iter().find(|(_, entry)| **entry == Entry::Special) {
        return Err(Error::environment(format!(
            "{path} is a socket, a pipe or a device and cannot be saved"
        ))
        .hint(format!("remove it: rm {path}")));
    }
    Ok(())
}

/// Remembers the damage, so that `break --undo` can tell it from the learner's own changes.
///
/// # Errors
/// Exit 3 when it cannot be written.
pub fn damaged(ws: &Workspace, drill: &Drill) -> Result<()> {
    if drill.keep.is_empty() {
        return Ok(());
    }
    // What cannot be seen now is taken for the learner's later: more is kept, nothing is lost.
    look(ws, &drill.keep).map_or(Ok(()), |seen| write(&folder(ws).join("damaged.json"), &seen))
}

/// Puts back what was saved. Killed in the middle it can be done again.
///
/// # Errors
/// Exit 3: something is in the way that is not a file or a folder, or the disk refuses.
pub fn put_back(ws: &Workspace, drill: &Drill) -> Result<PutBack> {
    if drill.keep.is_empty() {
        return Ok(PutBack::default());
    }
    let saved: Option<Saved> = read(&folder(ws).join("saved.json"));
    let Some(saved) = saved.filter(|saved| saved.drill == drill.id) else {
        return Ok(PutBack { missing: true, ..PutBack::default() });
    };
    let damaged: Option<Survey> = read(&folder(ws).join("damaged.json"));
    let now = look(ws, &saved.paths)?;
    let plan = plan(&saved.before, damaged.as_ref(), &now);
    let moment = ws.root().join(BACKUP).join(clock::unix_now().to_string());
    let mut back = PutBack::default();
    for path in plan.aside {
        let backup = moment.join(&path);
        let from = ws.root().join(&path);
        match now.get(&path) {
            None | Some(Entry::Special) => tree::aside(&from, &backup),
            Some(entry) => tree::put(&from, entry, &backup),
        }
        .map_err(|error| cannot("keep", &backup, error))?;
        back.kept.push(Kept { path, backup });
    }
    for path in &plan.remove {
        fs::remove(&ws.root().join(path))?;
    }
    for path in &plan.folders {
        fs::remove_if_empty(&ws.root().join(path));
    }
    for path in plan.put {
        let Some(entry) = saved.before.get(&path) else { continue };
        let to = ws.root().join(&path);
        tree::put(&folder(ws).join("files").join(&path), entry, &to)
            .map_err(|error| cannot("put back", &to, error))?;
        if !matches!(entry, Entry::Folder { .. }) {
            back.files.push(path);
        }
    }
    Ok(back)
}

/// Forgets what was saved: the drill is over.
///
/// # Errors
/// Exit 3 when it cannot be removed.
pub fn forget(ws: &Workspace) -> Result<()> {
    fs::remove_tree(&folder(ws))
}

fn look(ws: &Workspace, paths: &[String]) -> Result<Survey> {
    let mut seen = Survey::new();
    for path in paths {
        tree::survey(ws.root(), path, &mut seen)
            .map_err(|error| cannot("read", &ws.root().join(path), error))?;
    }
    Ok(seen)
}

fn cannot(what: &str, path: &Path, error: std::io::Error) -> Error {
    Error::environment(format!("cannot {what} {}", path.display())).because(error)
}

fn write<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let text =
        serde_json::to_vec(value).map_err(|error| Error::bug("not writable as JSON").because(error))?;
    fs::write(path, &text, false)
}

fn read<T: for<'a> Deserialize<'a>>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read_io(path).ok()?).ok()
}
