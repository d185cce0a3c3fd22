//! Putting files on the disk: a new folder whole or not at all; files over a project one by one,
//! keeping what they replace.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::disk::{Disk, Real};
use super::disk_space::{Load, ensure_space};
use crate::catalog::tree::{RelPath, Tree};
use crate::error::{Error, Result};
use crate::layout::STAGING;
use crate::platform::clock;
use crate::platform::fs::{self, Kind, Mode};
use crate::platform::inside::{self, cannot};

/// Makes a new folder with these files. It appears under its name only when it is whole.
///
/// # Errors
/// Exit 2, with nothing changed, when something is there already that is not an empty folder. Exit
/// 3 when there is no room for it, or it cannot be written. Exit 130 after Ctrl-C.
pub fn create(target: &Path, tree: &Tree) -> Result<()> {
    create_on(&Real, target, tree)
}

pub(super) fn create_on(disk: &dyn Disk, target: &Path, tree: &Tree) -> Result<()> {
    ensure_creatable(target, tree)?;
    let parent =
        target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let missing: Vec<&Path> = parent
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .collect();
    let result = disk.make_folder(parent).and_then(|()| {
        sweep(disk, parent);
        let staging = Staging::new(disk, parent)?;
        let result =
            fill(disk, &staging.path, tree).and_then(|()| publish(disk, &staging.path, target));
        if result.is_err() {
            let _ = disk.remove_tree(&staging.path);
        }
        result
    });
    if result.is_err() {
        // What was made on the way; others may have put something into it by now, and then it
        // stays.
        missing.iter().for_each(|folder| disk.remove_if_empty(folder));
    }
    result
}

/// Whether a new folder can be made there.
///
/// # Errors
/// As [`create`], before anything is written.
pub fn ensure_creatable(target: &Path, tree: &Tree) -> Result<()> {
    ensure_vacant(target)?;
    if target.file_name().is_none() {
        return Err(Error::usage(format!("{} has no name", target.display())));
    }
    ensure_space(target, &Load::of(tree.iter().map(|(path, file)| (path, file.bytes.len() as u64))))
}

/// Where a new folder is filled: beside its place, so that one rename brings it there.
struct Staging {
    path: PathBuf,
    /// Says that it is still wanted, until we die: process numbers mean nothing to the container
    /// next door. None where the file system has no locks; there nobody sweeps either.
    _lock: Option<std::fs::File>,
}

impl Staging {
    fn new(disk: &dyn Disk, parent: &Path) -> Result<Staging> {
        for _ in 0..100 {
            let mut random = [0; 8];
            getrandom::fill(&mut random).map_err(|error| {
                Error::environment("the system gives no random numbers").because(error.to_string())
            })?;
            let name: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
            let path = parent.join(format!("{STAGING}{name}"));
            if !disk.make_new_folder(&path)? {
                continue;
            }
            match fs::lock_folder(&path) {
                // Another run swept it before it was locked.
                Ok(None) => {}
                Ok(Some(_)) if fs::kind(&path).is_ok_and(|kind| kind == Kind::Missing) => {}
                Ok(lock) => return Ok(Staging { path, _lock: lock }),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(_) => return Ok(Staging { path, _lock: None }),
            }
        }
        Err(Error::environment(format!(
            "cannot make a folder in {}: each one disappears",
            parent.display()
        )))
    }
}

/// Whether nothing stands there, or an empty folder.
///
/// # Errors
/// Exit 2 for a file, a link or a special file. Exit 3 when it cannot be looked at.
pub fn vacant(target: &Path) -> Result<bool> {
    match ensure_vacant(target) {
        Ok(()) => Ok(true),
        Err(_) if fs::kind(target).is_ok_and(|kind| kind == Kind::Folder) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Nothing stands there, or an empty folder.
///
/// # Errors
/// Exit 2 for anything else.
pub fn ensure_vacant(target: &Path) -> Result<()> {
    let kind = fs::kind(target).map_err(|error| {
        Error::environment(format!("cannot read {}", target.display())).because(error)
    })?;
    let names = if kind == Kind::Folder { fs::names(target) } else { Ok(Vec::new()) };
    let names = names.map_err(|error| {
        Error::environment(format!("cannot read {}", target.display())).because(error)
    })?;
    let empty = kind == Kind::Folder && names.is_empty();
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
        .hint("or write into it: mlops-lab init LAB DIR --on-conflict merge (preview: --dry-run)"))
}

fn fill(disk: &dyn Disk, staging: &Path, tree: &Tree) -> Result<()> {
    let mut last: Option<PathBuf> = None;
    for (path, file) in tree {
        clock::interrupted()?;
        let mode = if path.is_secret() { Mode::Private } else { Mode::of(file.executable) };
        let path = path.under(staging);
        // Sorted paths: most files share their folder with the one before.
        if let Some(folder) = path.parent()
            && last.as_deref() != Some(folder)
        {
            disk.make_folder(folder)?;
            last = Some(folder.to_owned());
        }
        disk.write(&path, &file.bytes, mode)?;
    }
    Ok(())
}

/// One rename. It replaces an empty folder and refuses a full one, so of two runs one wins and the
/// other is told.
fn publish(disk: &dyn Disk, staging: &Path, target: &Path) -> Result<()> {
    // An empty folder that was there may have been kept from others.
    if let Some(bits) = fs::bits(target) {
        fs::set_bits(staging, bits);
    }
    clock::interrupted()?;
    disk.rename(staging, target).map_err(|error| {
        // Somebody was faster, or made something there since we looked.
        ensure_vacant(target).err().unwrap_or_else(|| {
            let mounted = matches!(
                error.kind(),
                std::io::ErrorKind::ResourceBusy | std::io::ErrorKind::CrossesDevices
            );
            let error =
                Error::environment(format!("cannot make {}", target.display())).because(error);
            if mounted {
                error.hint("a file system is mounted there: name a folder in it")
            } else {
                error
            }
        })
    })
}

/// Removes what killed runs left beside the target.
fn sweep(disk: &dyn Disk, parent: &Path) {
    let ours = |name: &str| {
        name.strip_prefix(STAGING).is_some_and(|rest| {
            rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    };
    for name in fs::names(parent).unwrap_or_default().iter().filter(|name| ours(name)) {
        let path = parent.join(name);
        let folder = fs::kind(&path).is_ok_and(|kind| kind == Kind::Folder);
        if folder && let Ok(Some(_dead)) = fs::lock_folder(&path) {
            let _ = disk.remove_tree(&path);
        }
    }
}

/// A file that was applied to a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AppliedFile {
    /// Which.
    pub path: RelPath,
    /// Where the learner's version is kept, when it was edited and differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup: Option<PathBuf>,
}

/// Lays files over a project, each written whole. A file that differs from `base`, what `init`
/// wrote, was edited by the learner: it is kept in a folder of this moment below `backups`, a path
/// of the project, first. Files that are the same already are not touched.
///
/// # Errors
/// Exit 3, with nothing changed, when a folder on the way is a link (nothing is ever written
/// through one), or a file cannot be written.
pub fn overlay(root: &Path, tree: &Tree, base: &Tree, backups: &str) -> Result<Vec<AppliedFile>> {
    let mut changes = Vec::new();
    for (path, file) in tree {
        ensure_clear(root, path)?;
        let place = path.as_str();
        let mine = inside::content(root, place).map_err(cannot("read", root, place))?;
        if mine.as_ref().is_none_or(|(mine, _)| *mine != file.bytes) {
            inside::changeable(root, place)?;
            changes.push((path, file, mine.map(|(mine, _)| mine), inside::bits(root, place)));
        }
    }
    let moment = format!("{backups}/{}", clock::unix_now());
    let mut applied = Vec::new();
    for (number, (path, file, mine, bits)) in changes.iter().enumerate() {
        let edited =
            mine.as_ref().filter(|mine| base.get(path).is_none_or(|base| base.bytes != **mine));
        let written = keep(root, backups, &moment, path, edited, *bits).and_then(|backup| {
            let (place, mode) = (path.as_str(), mode(path, *bits, file.executable));
            put(root, backups, place, &file.bytes, mode).map_err(cannot("write", root, place))?;
            Ok(AppliedFile { path: (*path).clone(), backup })
        });
        match written {
            Ok(file) => applied.push(file),
            Err(error) => {
                // A solution that is there in part is none.
                let back = changes[..number]
                    .iter()
                    .filter(|(path, _, mine, bits)| {
                        revert(root, backups, path, mine.as_deref(), *bits).is_err()
                    })
                    .count();
                return Err(error.hint(match back {
                    0 => "what was written before that is put back: nothing has changed",
                    _ => "some of the files were written and could not be put back: mlops-lab diff",
                }));
            }
        }
    }
    Ok(applied)
}

/// Keeps the learner's version of a file, if there is one.
fn keep(
    root: &Path,
    backups: &str,
    moment: &str,
    path: &RelPath,
    mine: Option<&Vec<u8>>,
    bits: Option<u32>,
) -> Result<Option<PathBuf>> {
    let Some(mine) = mine else { return Ok(None) };
    let kept = format!("{moment}/{path}");
    // Who may read the copy is who may read the file.
    let mode = Mode::Exactly(bits.unwrap_or(0o600) & 0o777);
    put(root, backups, &kept, mine, mode).map_err(cannot("write", root, &kept))?;
    Ok(Some(root.join(kept)))
}

/// Writes a file whole. What a killed run leaves of it lies among the backups, never among the
/// learner's files, and the next run removes it: who lays files holds the lab's lock.
fn put(root: &Path, backups: &str, place: &str, bytes: &[u8], mode: Mode) -> std::io::Result<()> {
    inside::make_private(root, backups)?;
    let draft = format!("{backups}/.draft");
    let dropped = || inside::remove(root, &draft);
    dropped()?;
    inside::create(root, &draft, bytes, mode)?;
    match inside::rename(root, &draft, place) {
        // A file system that is mounted inside of the project.
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => {
            dropped()?;
            inside::write(root, place, bytes, mode)
        }
        moved => moved.inspect_err(|_| {
            let _ = dropped();
        }),
    }
}

/// Undoes the write of one file.
fn revert(
    root: &Path,
    backups: &str,
    path: &RelPath,
    before: Option<&[u8]>,
    bits: Option<u32>,
) -> std::io::Result<()> {
    let place = path.as_str();
    if let Some(before) = before {
        return put(root, backups, place, before, Mode::Exactly(bits.unwrap_or(0o600) & 0o777));
    }
    inside::remove(root, place)?;
    inside::remove_empty_above(root, place);
    Ok(())
}

/// The mode of a file that takes the place of another: who may read it is its owner's decision,
/// whether it runs is the plan's.
pub(super) fn mode(path: &RelPath, before: Option<u32>, executable: bool) -> Mode {
    match before {
        _ if path.is_secret() => Mode::Private,
        None => Mode::of(executable),
        // Who may read it may run it.
        Some(bits) if executable => Mode::Exactly((bits & 0o777) | ((bits & 0o444) >> 2)),
        Some(bits) => Mode::Exactly(bits & 0o666),
    }
}

/// Every folder on the way to a file is a folder, and the file is a file or not there.
pub(super) fn ensure_clear(root: &Path, path: &RelPath) -> Result<()> {
    match obstacle(root, path)? {
        None => Ok(()),
        Some((place, _)) => Err(in_the_way(&place, path)),
    }
}

pub(super) fn in_the_way(place: &Path, path: &RelPath) -> Error {
    Error::environment(format!("{} is in the way of {path}", place.display()))
        .hint("nothing is written through a link, over a folder or below a file: move it away")
}

/// What is neither a folder on the way to a file nor the file, if anything.
pub(super) fn obstacle(root: &Path, path: &RelPath) -> Result<Option<(PathBuf, Kind)>> {
    let path = path.as_str();
    let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
    for end in ends {
        let part = &path[..end];
        let wanted = if end == path.len() { Kind::File } else { Kind::Folder };
        let kind = inside::kind(root, part).map_err(cannot("inspect", root, part))?;
        match kind {
            Kind::Missing => return Ok(None),
            kind if kind != wanted => return Ok(Some((root.join(part), kind))),
            _ => {}
        }
    }
    Ok(None)
}
