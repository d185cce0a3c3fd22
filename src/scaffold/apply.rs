//! Putting files on the disk: a new folder whole or not at all; files over a project one by one, keeping what they replace.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::catalog::tree::{RelPath, Tree};
use crate::error::{Error, Result};
use crate::platform::fs::{self, Kind};
use crate::platform::{clock, process};

/// Makes a new folder with these files. It appears under its name only when it is whole.
///
/// # Errors
/// Exit 2, with nothing changed, when something is there already that is not an empty folder. Exit 3 when it cannot be written. Exit 130 after Ctrl-C.
pub fn create(target: &Path, tree: &Tree) -> Result<()> {
    free(target)?;
    let name = target.file_name().ok_or_else(|| Error::usage(format!("{} has no name", target.display())))?;
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::make_folder(parent)?;
    sweep(parent);
    // Beside the target, so that one rename brings it to its name; its maker's number says whether it is still wanted.
    let staging = parent.join(format!("{STAGING}{}-{}", std::process::id(), name.to_string_lossy()));
    let result = fill(&staging, tree).and_then(|()| publish(&staging, target));
    if result.is_err() {
        let _ = fs::remove_tree(&staging);
    }
    result
}

/// How the folder is called until it is whole; our process number and the name follow.
const STAGING: &str = ".mlops-lab-new-";

/// Whether nothing stands there, or an empty folder.
///
/// # Errors
/// Exit 2 for a file, a link or a special file. Exit 3 when it cannot be looked at.
pub fn vacant(target: &Path) -> Result<bool> {
    match free(target) {
        Ok(()) => Ok(true),
        Err(_) if fs::kind(target).is_ok_and(|kind| kind == Kind::Folder) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Nothing stands there, or an empty folder.
///
/// # Errors
/// Exit 2 for anything else.
pub fn free(target: &Path) -> Result<()> {
    let kind = fs::kind(target)
        .map_err(|error| Error::environment(format!("cannot look at {}", target.display())).because(error))?;
    let empty = kind == Kind::Folder && fs::names(target).is_ok_and(|names| names.is_empty());
    if kind == Kind::Missing || empty {
        return Ok(());
    }
    let what = match kind {
        Kind::Folder => "a folder that is not empty",
        Kind::File => "a file",
        Kind::Other | Kind::Missing => "a link or a special file",
    };
    Err(Error::usage(format!("{} is {what}: nothing was changed", target.display()))
        .hint("name another folder: mlops-lab init LAB DIR")
        .hint("or write into it: mlops-lab init LAB DIR --on-conflict merge (see first: --dry-run)"))
}

fn fill(staging: &Path, tree: &Tree) -> Result<()> {
    let mut last: Option<PathBuf> = None;
    for (path, file) in tree {
        clock::interrupted()?;
        let secret = path.is_secret();
        let path = path.under(staging);
        // Sorted paths: most files share their folder with the one before.
        if let Some(folder) = path.parent()
            && last.as_deref() != Some(folder)
        {
            fs::make_folder(folder)?;
            last = Some(folder.to_owned());
        }
        fs::create(&path, &file.bytes, file.executable)
            .and_then(|()| if secret { fs::make_private(&path) } else { Ok(()) })
            .map_err(|error| Error::environment(format!("cannot write {}", path.display())).because(error))?;
    }
    Ok(())
}

/// One rename. It replaces an empty folder and refuses a full one, so of two runs one wins and the other is told.
fn publish(staging: &Path, target: &Path) -> Result<()> {
    clock::interrupted()?;
    fs::rename(staging, target).map_err(|error| {
        // Somebody was faster, or made something there since we looked.
        free(target)
            .err()
            .unwrap_or_else(|| Error::environment(format!("cannot make {}", target.display())).because(error))
    })
}

/// Removes what killed runs left beside the target.
fn sweep(parent: &Path) {
    let Ok(names) = fs::names(parent) else { return };
    for name in names.iter().filter_map(|name| Some((name, name.strip_prefix(STAGING)?))) {
        let (name, rest) = name;
        let maker = rest.split('-').next().and_then(|pid| pid.parse::<u32>().ok());
        if maker.is_some_and(|pid| process::identity(pid).is_none()) {
            let _ = fs::remove_tree(&parent.join(name));
        }
    }
}

/// A file that was laid over a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Laid {
    /// Which.
    pub path: RelPath,
    /// Where the learner's version is kept, when it was edited and differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup: Option<PathBuf>,
}

/// Lays files over a project, each written whole. A file that differs from `base`, what `init` wrote, was edited by the learner: it is kept in a
/// folder of this moment below `backups` first. Files that are the same already are not touched.
///
/// # Errors
/// Exit 3 when a folder on the way is a link (nothing is ever written through one), or a file cannot be written.
pub fn overlay(root: &Path, tree: &Tree, base: &Tree, backups: &Path) -> Result<Vec<Laid>> {
    for path in tree.keys() {
        solid(root, path)?;
    }
    let moment = backups.join(clock::unix_now().to_string());
    let mut laid = Vec::new();
    for (path, file) in tree {
        let place = path.under(root);
        let mine = fs::read_optional(&place)?;
        if mine.as_ref() == Some(&file.bytes) {
            continue;
        }
        let mut backup = None;
        if let Some(mine) = mine
            && base.get(path).is_none_or(|base| base.bytes != mine)
        {
            let kept = path.under(&moment);
            fs::write(&kept, &mine, false)?;
            backup = Some(kept);
        }
        fs::write(&place, &file.bytes, file.executable)?;
        laid.push(Laid { path: path.clone(), backup });
    }
    Ok(laid)
}

/// Every folder on the way to a file is a folder, and the file is a file or not there.
pub(super) fn solid(root: &Path, path: &RelPath) -> Result<()> {
    let mut place = root.to_path_buf();
    let parts: Vec<&str> = path.as_str().split('/').collect();
    for (index, part) in parts.iter().enumerate() {
        place.push(part);
        let wanted = if index + 1 == parts.len() { Kind::File } else { Kind::Folder };
        let kind = fs::kind(&place).map_err(|error| {
            Error::environment(format!("cannot look at {}", place.display())).because(error)
        })?;
        if kind != wanted && kind != Kind::Missing {
            return Err(Error::environment(format!("{} is in the way of {path}", place.display()))
                .hint("nothing is written through a link or over a folder: move it away"));
        }
    }
    Ok(())
}
