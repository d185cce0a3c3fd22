//! Changing many files of a project as one change: after a kill, a full disk or a refusal the next
//! command finds the old state or the new.
//!
//! Everything new is written first, below `.mlops-lab/run/change`, and everything that gives way is
//! copied to `.mlops-lab/undo`. Then one rename makes the list of what is to be done valid, and
//! from there on there are only renames and removals, which can be done again. A file and what
//! comes in its place exchange their names in one step, and the file itself becomes what is kept:
//! an editor that has it open at that moment writes into what `undo` brings back.

mod finish;
mod put_back;

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::apply::{in_the_way, mode, obstacle};
use super::disk::{Disk, Real};
use super::disk_space::{Load, ensure_space};
use crate::catalog::tree::{File, RelPath};
use crate::error::{Error, Result};
use crate::layout::{CHANGE, CHANGED, UNDO};
use crate::platform::fs::{Kind, Mode};
use crate::platform::inside::cannot;
use crate::platform::{clock, inside};
use finish::finish;
use put_back::give_up;

/// What is to be done to one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Op {
    /// Which file.
    pub path: RelPath,
    /// What is there afterwards; none removes it.
    pub file: Option<File>,
    /// The SHA-256 of what the plan found there; none where that does not matter, as nobody else
    /// writes it.
    found: Option<Option<String>>,
}

impl Op {
    /// A change of a file of the learner's, who may have changed it since it was read.
    pub fn over(path: RelPath, file: Option<File>, found: Option<&File>) -> Op {
        Op { path, file, found: Some(found.map(|found| hash(&found.bytes))) }
    }

    /// A change of a file of our own.
    pub fn ours(path: RelPath, file: Option<File>) -> Op {
        Op { path, file, found: None }
    }
}

/// The list, as it stands on the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Journal {
    /// The command that began it.
    command: String,
    /// Where it was begun: the mark of the lab there. A list that travelled with a repository has
    /// another one, or none.
    #[serde(default)]
    mark: String,
    /// Names the folder of what gave way, below `.mlops-lab/undo`.
    moment: String,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    path: RelPath,
    /// The number of the staged file; none removes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    new: Option<usize>,
    /// The SHA-256 of what is there afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// The SHA-256 of what was there before; it lies below `old/` of the moment's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    was: Option<String>,
}

/// What is to be taken away again when a change ends before its list is valid.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Begun {
    moment: u64,
    /// As that of the list.
    #[serde(default)]
    mark: String,
    /// Folders of the project that were not there, the deepest last.
    folders: Vec<RelPath>,
}

/// Where what gave way is kept.
fn old_folder(moment: u64) -> String {
    format!("{UNDO}/{moment}/old")
}

fn change(name: impl std::fmt::Display) -> String {
    format!("{CHANGE}/{name}")
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Who changes files.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    /// The command, for messages.
    pub command: &'a str,
    /// The mark of the lab at this place, which nobody knows who brings a lab here.
    pub mark: &'a str,
}

/// Does all of it, or nothing.
///
/// # Errors
/// Exit 3, with nothing changed, as [`possible`], or when a file cannot be written or is another
/// than the plan found; exit 130 after Ctrl-C, likewise.
pub fn commit(root: &Path, by: By<'_>, ops: &[Op]) -> Result<()> {
    commit_on(&Real, root, by, ops)
}

/// Whether a change can be done: nothing is in its way or holds a file in its place, and there is
/// room for it.
///
/// # Errors
/// Exit 3 with what is in the way or missing.
pub fn possible(root: &Path, ops: &[Op]) -> Result<()> {
    let goes = |path: &str| ops.iter().any(|op| op.file.is_none() && op.path.as_str() == path);
    for op in ops {
        let Some((place, kind)) = obstacle(root, &op.path)? else { continue };
        let within = place.strip_prefix(root).unwrap_or(&place).to_string_lossy().into_owned();
        let gives_way = match kind {
            // A file where a folder is to be.
            Kind::File => goes(&within),
            // A folder where a file is to be, of which every file goes.
            Kind::Folder if op.file.is_some() => {
                let files = inside::files(root, &within).map_err(cannot("read", root, &within))?;
                files.iter().all(|path| goes(path))
            }
            _ => false,
        };
        if !gives_way {
            return Err(in_the_way(&place, &op.path));
        }
    }
    // Once it is decided, nothing may refuse.
    for op in ops {
        inside::changeable(root, op.path.as_str())?;
    }
    let length = |path: &RelPath| inside::length(root, path.as_str());
    let new = ops.iter().filter_map(|op| Some((&op.path, op.file.as_ref()?.bytes.len() as u64)));
    let old = ops.iter().filter_map(|op| Some((&op.path, length(&op.path)?)));
    let (mut load, old) = (Load::of(new), Load::of(old));
    load.files.extend(old.files);
    load.folders += old.folders;
    // The lists: each entry has a path and two hashes.
    let list: u64 = ops.iter().map(|op| op.path.as_str().len() as u64 + 256).sum();
    load.files.extend([list, list, list]);
    ensure_space(root, &load)
}

pub(super) fn commit_on(disk: &dyn Disk, root: &Path, by: By<'_>, ops: &[Op]) -> Result<()> {
    match pending(root, Some(by.mark))? {
        Pending::None => {}
        Pending::Ours => {
            return Err(Error::environment("the change of a run that was killed comes first")
                .hint("the next command brings it to an end: mlops-lab diff"));
        }
        Pending::Foreign => disk.remove_tree_in(root, CHANGE)?,
    }
    possible(root, ops)?;
    let moment = moment(root);
    let begun = Begun { moment, mark: by.mark.to_owned(), folders: missing(root, ops) };
    if let Err(error) = prepare(disk, root, by, ops, &begun) {
        // Nothing of the project has been touched.
        let _ = drop_change(disk, root);
        return Err(error);
    }
    match read_optional(root, &change(LIST))? {
        Some(bytes) => {
            let journal = journal(root, &bytes)?;
            finish(disk, root, &journal)
                .map(drop)
                .map_err(|error| give_up(disk, root, &journal, error))
        }
        None => Err(Error::bug("a list that was written is not there")),
    }
}

fn read_optional(root: &Path, path: &str) -> Result<Option<Vec<u8>>> {
    inside::read_optional(root, path).map_err(cannot("read", root, path))
}

fn content(root: &Path, path: &str) -> Result<Option<(Vec<u8>, bool)>> {
    inside::content(root, path).map_err(cannot("read", root, path))
}

const LIST: &str = "journal.json";

const BEGUN: &str = "begun.json";

/// A name for this change, later than those there are.
fn moment(root: &Path) -> u64 {
    clock::unix_now().max(moments(root).max().unwrap_or(0).saturating_add(1))
}

/// The changes whose old files are kept.
fn moments(root: &Path) -> impl Iterator<Item = u64> {
    let folders = inside::list(root, UNDO).unwrap_or_default();
    let folders = folders.into_iter().filter(|(_, kind)| *kind == Kind::Folder);
    folders.filter_map(|(name, _)| name.parse().ok())
}

/// The folders that new files need and that are not there, each after those above it.
fn missing(root: &Path, ops: &[Op]) -> Vec<RelPath> {
    let mut folders = BTreeSet::new();
    for path in ops.iter().filter(|op| op.file.is_some()).map(|op| op.path.as_str()) {
        let above = path.match_indices('/').filter_map(|(end, _)| RelPath::new(&path[..end]).ok());
        folders.extend(above.filter(|folder| {
            inside::kind(root, folder.as_str()).is_ok_and(|kind| kind == Kind::Missing)
        }));
    }
    folders.into_iter().collect()
}

/// All that can fail for want of room or rights. The last step makes the list valid.
fn prepare(disk: &dyn Disk, root: &Path, by: By<'_>, ops: &[Op], begun: &Begun) -> Result<()> {
    disk.remove_tree_in(root, CHANGED)?;
    for folder in [CHANGE, UNDO] {
        inside::make_private(root, folder).map_err(cannot("make the folder", root, folder))?;
    }
    disk.write_whole(root, &change(BEGUN), &text(begun)?, Mode::Plain)?;
    let mut entries = Vec::new();
    for (number, op) in ops.iter().enumerate() {
        clock::interrupted()?;
        let place = op.path.as_str();
        let old = if obstacle(root, &op.path)?.is_none() { content(root, place)? } else { None };
        let was = old.as_ref().map(|(bytes, _)| hash(bytes));
        if op.found.as_ref().is_some_and(|found| *found != was) {
            return Err(Error::environment(format!(
                "{} was changed by somebody while its change was planned: nothing was changed",
                op.path
            ))
            .hint("type the command again"));
        }
        let bits = inside::bits(root, place).filter(|_| old.is_some());
        if let Some((bytes, executable)) = old {
            let copy = format!("{}/{place}", old_folder(begun.moment));
            disk.stage(root, &copy, &bytes, mode(&op.path, bits, executable))?;
        }
        if let Some(file) = &op.file {
            disk.stage(root, &change(number), &file.bytes, mode(&op.path, bits, file.executable))?;
            if obstacle(root, &op.path)?.is_none() {
                disk.create_parents(root, &op.path)?;
            }
        }
        let new = op.file.as_ref().map(|_| number);
        let sha256 = op.file.as_ref().map(|file| hash(&file.bytes));
        entries.push(Entry { path: op.path.clone(), new, sha256, was });
    }
    let (command, mark) = (by.command.to_owned(), by.mark.to_owned());
    let journal = Journal { command, mark, moment: begun.moment.to_string(), entries };
    let text = text(&journal)?;
    disk.write_whole(root, &format!("{UNDO}/{}/{LIST}", journal.moment), &text, Mode::Plain)?;
    clock::interrupted()?;
    disk.write_whole(root, &change(LIST), &text, Mode::Plain)
}

fn text<T: Serialize>(list: &T) -> Result<Vec<u8>> {
    serde_json::to_vec_pretty(list)
        .map_err(|error| Error::bug("a list that cannot be written").because(error))
}

fn journal(root: &Path, bytes: &[u8]) -> Result<Journal> {
    serde_json::from_slice(bytes).map_err(|error| {
        let list = root.join(change(LIST));
        Error::environment(format!("{} cannot be read", list.display())).because(error)
    })
}

/// Takes away what a change that was not decided has made. Of the project nothing but empty
/// folders.
fn drop_change(disk: &dyn Disk, root: &Path) -> Result<()> {
    if let Some(bytes) = read_optional(root, &change(BEGUN))?
        && let Ok(begun) = serde_json::from_slice::<Begun>(&bytes)
    {
        disk.remove_tree_in(root, &format!("{UNDO}/{}", begun.moment))?;
        for folder in begun.folders.iter().rev() {
            if obstacle(root, folder)? == Some((folder.under(root), Kind::Folder)) {
                disk.remove_empty_in(root, folder.as_str());
            }
        }
    }
    disk.remove_tree_in(root, CHANGE)
}

/// Whether a change is under way there, or was left in the middle, whoever began it.
pub fn unfinished(root: &Path) -> bool {
    inside::kind(root, CHANGE).is_ok_and(|kind| kind == Kind::Folder)
}

/// A change that is under way, or was left in the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    /// There is none.
    None,
    /// It was begun here.
    Ours,
    /// It was begun elsewhere, and travelled with the lab: it counts for nothing.
    Foreign,
}

/// Whether a change waits to be brought to its end by the lab with this mark; one that has none has
/// begun none.
///
/// # Errors
/// Exit 3 when its list cannot be read.
pub fn pending(root: &Path, mark: Option<&str>) -> Result<Pending> {
    /// As far as it matters here: a list that was begun elsewhere need not be read any further.
    #[derive(Deserialize)]
    struct Marked {
        #[serde(default)]
        mark: String,
    }
    if !unfinished(root) {
        return Ok(Pending::None);
    }
    let Some(mark) = mark else { return Ok(Pending::Foreign) };
    for list in [BEGUN, LIST] {
        // Not even begun: there is nothing to do, whoever made the folder.
        let Some(bytes) = read_optional(root, &change(list))? else { continue };
        let known = serde_json::from_slice::<Marked>(&bytes).is_ok_and(|list| list.mark == mark);
        if !known {
            return Ok(Pending::Foreign);
        }
    }
    Ok(Pending::Ours)
}

/// What a run that was killed had begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// It had been decided, and is done now: the command that began it, and the files that were
    /// written since and gave way.
    Finished(String, Vec<RelPath>),
    /// It had not been decided: nothing of the project was changed.
    Dropped,
}

/// Brings a change to its end that a killed run left in the middle, if there is one that was begun
/// here.
///
/// # Errors
/// Exit 3 when that cannot be done either; it is tried again by the next command.
pub fn recover(root: &Path, mark: Option<&str>) -> Result<Option<Recovered>> {
    recover_on(&Real, root, mark)
}

pub(super) fn recover_on(
    disk: &dyn Disk,
    root: &Path,
    mark: Option<&str>,
) -> Result<Option<Recovered>> {
    if pending(root, mark)? != Pending::Ours {
        return Ok(None);
    }
    match read_optional(root, &change(LIST))? {
        Some(bytes) => {
            let journal = journal(root, &bytes)?;
            let since = finish(disk, root, &journal)?;
            Ok(Some(Recovered::Finished(journal.command, since)))
        }
        None => {
            drop_change(disk, root)?;
            Ok(Some(Recovered::Dropped))
        }
    }
}

/// What `undo` puts back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Undone {
    /// The command that is undone.
    pub command: String,
    /// When it was, in seconds since 1970.
    pub moment: String,
    /// Files that are as they were.
    pub restored: Vec<RelPath>,
    /// Files that were changed since: what was there now is kept as this change's own backup.
    pub changed_since: Vec<RelPath>,
}

/// Puts back what the last change found, to identical bytes. It is a change itself, so that it can
/// be undone.
///
/// # Errors
/// Exit 1 when there is nothing to undo; exit 3 as [`commit`].
pub fn undo(root: &Path, mark: &str) -> Result<Undone> {
    let mut moments: Vec<u64> = moments(root).collect();
    moments.sort_unstable();
    let list = |moment: u64| format!("{UNDO}/{moment}/{LIST}");
    let whole =
        |moment: &&u64| inside::kind(root, &list(**moment)).is_ok_and(|kind| kind == Kind::File);
    let Some(moment) = moments.iter().rev().find(whole) else {
        return Err(Error::no("there is nothing to undo"));
    };
    let path = list(*moment);
    let bytes = inside::read(root, &path).map_err(cannot("read", root, &path))?;
    let journal: Journal = serde_json::from_slice(&bytes).map_err(|error| {
        Error::environment(format!("{} cannot be read", root.join(&path).display())).because(error)
    })?;
    let mut ops = Vec::new();
    let mut changed_since = Vec::new();
    for entry in &journal.entries {
        let blocked = obstacle(root, &entry.path)?.is_some();
        let now = if blocked { None } else { content(root, entry.path.as_str())? };
        let now = now.map(|(bytes, executable)| File { bytes, executable });
        if now.as_ref().map(|now| hash(&now.bytes)) != entry.sha256 {
            changed_since.push(entry.path.clone());
        }
        let old = format!("{}/{}", old_folder(*moment), entry.path);
        // A folder there holds others that gave way.
        let file = inside::kind(root, &old).is_ok_and(|kind| kind == Kind::File);
        let old = if file { content(root, &old)? } else { None };
        let old = old.map(|(bytes, executable)| File { bytes, executable });
        ops.push(Op::over(entry.path.clone(), old, now.as_ref()));
    }
    commit(root, By { command: "undo", mark }, &ops)?;
    // Undone: the next `undo` goes one further back, and this one's own list brings it again.
    Real.remove_tree_in(root, &format!("{UNDO}/{moment}"))?;
    let restored = ops.into_iter().map(|op| op.path).collect();
    Ok(Undone { command: journal.command, moment: journal.moment, restored, changed_since })
}

#[cfg(test)]
mod tests;
