//! The files that a drill saves before its damage, on disk in the run state: saved whole or not at
//! all, put back as often as needed.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Workspace;
use crate::catalog::manifest::Drill;
use crate::course::put_back::plan;
use crate::error::{Error, Result};
use crate::layout::BACKUP;
use crate::platform::clock;
use crate::platform::fs::{self, Mode};
use crate::platform::inside::{self, Entry, Survey, cannot};

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

/// Where it is saved, below the run state.
const FOLDER: &str = "drill";

/// The same until it is whole.
const NEW: &str = "drill.new";

/// Saves what a drill names. A run that is killed meanwhile leaves no snapshot.
///
/// # Errors
/// Exit 3: what is there cannot be saved (a link on the way, a special file, too much of it), or
/// the disk refuses.
pub fn save(ws: &Workspace, drill: &Drill) -> Result<()> {
    forget(ws)?;
    if drill.keep.is_empty() {
        return Ok(());
    }
    let before = survey(ws, &drill.keep)?;
    bounded(&before)?;
    let (root, run) = (ws.root(), ws.run_folder());
    fs::make_folder(run)?;
    inside::remove_tree(run, NEW).map_err(cannot("remove", run, NEW))?;
    for (path, entry) in &before {
        inside::put((root, path), entry, (run, &format!("{NEW}/files/{path}")))
            .map_err(cannot("save", root, path))?;
    }
    let saved = Saved { drill: drill.id.clone(), paths: drill.keep.clone(), before };
    write(run, &format!("{NEW}/saved.json"), &saved)?;
    inside::rename(run, NEW, FOLDER).map_err(cannot("save", run, FOLDER))
}

fn bounded(before: &Survey) -> Result<()> {
    let bytes: u64 = before
        .values()
        .map(|entry| if let Entry::File { length, .. } = entry { *length } else { 0 })
        .sum();
    if bytes > BYTES || before.len() > FILES {
        return Err(Error::environment(format!(
            "what this drill saves is too much: {} MB in {} files, at most {} MB in {FILES}",
            bytes >> 20,
            before.len(),
            BYTES >> 20
        ))
        .hint("find what does not belong there: mlops-lab diff"));
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
    // What cannot be survey now is taken for the learner's later: more is kept, nothing is lost.
    survey(ws, &drill.keep)
        .map_or(Ok(()), |survey| write(ws.run_folder(), &damaged_file(), &survey))
}

/// Puts back what was saved. Killed in the middle it can be done again.
///
/// # Errors
/// Exit 3: something is in the way that is not a file or a folder, or the disk refuses.
pub fn put_back(ws: &Workspace, drill: &Drill) -> Result<PutBack> {
    if drill.keep.is_empty() {
        return Ok(PutBack::default());
    }
    let (root, run) = (ws.root(), ws.run_folder());
    let saved: Option<Saved> = read(run, &format!("{FOLDER}/saved.json"));
    let Some(saved) = saved.filter(|saved| saved.drill == drill.id) else {
        return Ok(PutBack { missing: true, ..PutBack::default() });
    };
    let damaged: Option<Survey> = read(run, &damaged_file());
    let now = survey(ws, &saved.paths)?;
    let plan = plan(&saved.before, damaged.as_ref(), &now);
    let moment = format!("{BACKUP}/{}", clock::unix_now());
    let mut back = PutBack::default();
    if !plan.aside.is_empty() {
        inside::make_private(root, BACKUP).map_err(cannot("make the folder", root, BACKUP))?;
    }
    for path in plan.aside {
        let backup = format!("{moment}/{path}");
        match now.get(&path) {
            None | Some(Entry::Special) => inside::rename(root, &path, &backup),
            Some(entry) => inside::put((root, &path), entry, (root, &backup)),
        }
        .map_err(cannot("keep", root, &backup))?;
        back.kept.push(Kept { path, backup: root.join(backup) });
    }
    for path in &plan.remove {
        inside::remove(root, path).map_err(cannot("remove", root, path))?;
    }
    for path in &plan.folders {
        inside::remove_if_empty(root, path);
    }
    for path in plan.put {
        let Some(entry) = saved.before.get(&path) else { continue };
        inside::put((run, &format!("{FOLDER}/files/{path}")), entry, (root, &path))
            .map_err(cannot("put back", root, &path))?;
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
    let run = ws.run_folder();
    inside::remove_tree(run, FOLDER).map_err(cannot("remove", run, FOLDER))
}

fn survey(ws: &Workspace, paths: &[String]) -> Result<Survey> {
    let mut survey = Survey::new();
    for path in paths {
        inside::survey(ws.root(), path, &mut survey).map_err(cannot("read", ws.root(), path))?;
    }
    Ok(survey)
}

fn damaged_file() -> String {
    format!("{FOLDER}/damaged.json")
}

fn write<T: Serialize>(run: &Path, path: &str, value: &T) -> Result<()> {
    let text = serde_json::to_vec(value)
        .map_err(|error| Error::bug("not writable as JSON").because(error))?;
    inside::write(run, path, &text, Mode::Private).map_err(cannot("write", run, path))
}

fn read<T: for<'a> Deserialize<'a>>(run: &Path, path: &str) -> Option<T> {
    serde_json::from_slice(&inside::read(run, path).ok()?).ok()
}
