//! Changing many files of a project as one change: after a kill, a full disk or a refusal the next command finds the old state or the new.
//!
//! Everything new is written first, below `.mlops-lab/run/change`, and everything that gives way is copied to `.mlops-lab/undo`. Then one
//! rename makes the list of what is to be done valid, and from there on there are only renames and removals, which can be done again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::apply::solid;
use crate::catalog::tree::{File, RelPath};
use crate::error::{Error, Result};
use crate::platform::{clock, fs};

/// What is to be done to one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Op {
    /// Which file.
    pub path: RelPath,
    /// What is there afterwards; none removes it.
    pub file: Option<File>,
}

/// The disk, as far as a change needs it. Tests put one in its place that fails, or dies, at the moment they choose.
pub(super) trait Disk {
    fn write(&self, path: &Path, bytes: &[u8], executable: bool) -> Result<()>;
    fn rename(&self, from: &Path, to: &Path) -> Result<()>;
    fn remove(&self, path: &Path) -> Result<()>;
    fn remove_tree(&self, path: &Path) -> Result<()>;
    fn make_folder(&self, path: &Path) -> Result<()>;
}

/// The machine's own.
pub(super) struct Real;

impl Disk for Real {
    fn write(&self, path: &Path, bytes: &[u8], executable: bool) -> Result<()> {
        fs::write(path, bytes, executable)
    }
    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        fs::rename(from, to)
            .map_err(|error| Error::environment(format!("cannot write {}", to.display())).because(error))
    }
    fn remove(&self, path: &Path) -> Result<()> {
        fs::remove(path)
    }
    fn remove_tree(&self, path: &Path) -> Result<()> {
        fs::remove_tree(path)
    }
    fn make_folder(&self, path: &Path) -> Result<()> {
        fs::make_folder(path)
    }
}

/// The list, as it stands on the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Journal {
    /// The command that began it.
    command: String,
    /// Names the folder of what gave way, below `.mlops-lab/undo`.
    moment: String,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    path: RelPath,
    /// The number of the staged file; none removes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    new: Option<usize>,
    /// The SHA-256 of what is there afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// Whether something was there before; it lies below `old/` of the moment's folder.
    old: bool,
}

fn change_folder(root: &Path) -> PathBuf {
    root.join(".mlops-lab/run/change")
}

fn undo_folder(root: &Path) -> PathBuf {
    root.join(".mlops-lab/undo")
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Does all of it, or nothing. `command` names the run in messages.
///
/// # Errors
/// Exit 3, with nothing changed, when a file cannot be written or a link is in the way; exit 130 after Ctrl-C, likewise.
pub fn commit(root: &Path, command: &str, ops: &[Op]) -> Result<()> {
    commit_on(&Real, root, command, ops)
}

pub(super) fn commit_on(disk: &dyn Disk, root: &Path, command: &str, ops: &[Op]) -> Result<()> {
    for op in ops {
        solid(root, &op.path)?;
    }
    let journal = Journal { command: command.to_owned(), moment: moment(root), entries: entries(root, ops)? };
    let kept = undo_folder(root).join(&journal.moment);
    if let Err(error) = prepare(disk, root, ops, &journal, &kept) {
        // Nothing of the project has been touched.
        let _ = disk.remove_tree(&change_folder(root));
        let _ = disk.remove_tree(&kept);
        return Err(error);
    }
    finish(disk, root, &journal)
}

/// A name for this change, later than those there are.
fn moment(root: &Path) -> String {
    let last = fs::folders(&undo_folder(root)).unwrap_or_default();
    let last = last.iter().filter_map(|name| name.parse::<u64>().ok()).max().unwrap_or(0);
    clock::unix_now().max(last + 1).to_string()
}

fn entries(root: &Path, ops: &[Op]) -> Result<Vec<Entry>> {
    let entry = |(number, op): (usize, &Op)| -> Result<Entry> {
        Ok(Entry {
            path: op.path.clone(),
            new: op.file.as_ref().map(|_| number),
            sha256: op.file.as_ref().map(|file| hash(&file.bytes)),
            old: fs::read_optional(&op.path.under(root))?.is_some(),
        })
    };
    ops.iter().enumerate().map(entry).collect()
}

/// All that can fail for want of room or rights. The last step makes the list valid.
fn prepare(disk: &dyn Disk, root: &Path, ops: &[Op], journal: &Journal, kept: &Path) -> Result<()> {
    let change = change_folder(root);
    disk.remove_tree(&change)?;
    disk.make_folder(&change)?;
    for (number, op) in ops.iter().enumerate() {
        clock::interrupted()?;
        let place = op.path.under(root);
        if let Some((bytes, executable)) = fs::content(&place)? {
            let copy = op.path.under(&kept.join("old"));
            disk.write(&copy, &bytes, executable)?;
            if op.path.is_secret() {
                let _ = fs::make_private(&copy);
            }
        }
        if let Some(file) = &op.file {
            disk.write(&change.join(number.to_string()), &file.bytes, file.executable)?;
            if op.path.is_secret() {
                let _ = fs::make_private(&change.join(number.to_string()));
            }
            if let Some(folder) = place.parent() {
                disk.make_folder(folder)?;
            }
        }
    }
    let text = serde_json::to_vec_pretty(journal)
        .map_err(|error| Error::bug("a journal that cannot be written").because(error))?;
    disk.write(&kept.join("journal.json"), &text, false)?;
    clock::interrupted()?;
    disk.write(&change.join("journal.json"), &text, false)
}

/// From here on everything can be done twice.
fn finish(disk: &dyn Disk, root: &Path, journal: &Journal) -> Result<()> {
    let change = change_folder(root);
    for entry in &journal.entries {
        let place = entry.path.under(root);
        match entry.new {
            Some(number) => {
                let staged = change.join(number.to_string());
                // Not there: it was brought to its place before.
                if staged.is_file() {
                    disk.rename(&staged, &place)?;
                }
            }
            None => {
                disk.remove(&place)?;
                fs::remove_empty_above(&place, root);
            }
        }
    }
    disk.remove_tree(&change)
}

/// Whether a change is under way there, or was left in the middle.
pub fn unfinished(root: &Path) -> bool {
    change_folder(root).is_dir()
}

/// What a run that was killed had begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// It had been decided, and is done now: the command that began it.
    Finished(String),
    /// It had not been decided: nothing of the project was changed.
    Dropped,
}

/// Brings a change to its end that a killed run left in the middle, if there is one.
///
/// # Errors
/// Exit 3 when that cannot be done either; it is tried again by the next command.
pub fn recover(root: &Path) -> Result<Option<Recovered>> {
    recover_on(&Real, root)
}

pub(super) fn recover_on(disk: &dyn Disk, root: &Path) -> Result<Option<Recovered>> {
    let change = change_folder(root);
    if !change.is_dir() {
        return Ok(None);
    }
    match fs::read_optional(&change.join("journal.json"))? {
        Some(bytes) => {
            let journal: Journal = serde_json::from_slice(&bytes).map_err(|error| {
                Error::environment(format!("{} cannot be read", change.join("journal.json").display()))
                    .because(error)
            })?;
            finish(disk, root, &journal)?;
            Ok(Some(Recovered::Finished(journal.command)))
        }
        None => {
            // What gave way was only copied. Its folder has a list only when the change was whole.
            disk.remove_tree(&change)?;
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

/// Puts back what the last change found, to identical bytes. It is a change itself, so that it can be undone.
///
/// # Errors
/// Exit 1 when there is nothing to undo; exit 3 as [`commit`].
pub fn undo(root: &Path) -> Result<Undone> {
    let folder = undo_folder(root);
    let mut moments: Vec<u64> =
        fs::folders(&folder).unwrap_or_default().iter().filter_map(|name| name.parse().ok()).collect();
    moments.sort_unstable();
    let whole = |moment: &&u64| folder.join(moment.to_string()).join("journal.json").is_file();
    let Some(moment) = moments.iter().rev().find(whole) else {
        return Err(Error::no("there is nothing to undo"));
    };
    let kept = folder.join(moment.to_string());
    let path = kept.join("journal.json");
    let journal: Journal = serde_json::from_slice(&fs::read(&path)?)
        .map_err(|error| Error::environment(format!("{} cannot be read", path.display())).because(error))?;
    let mut ops = Vec::new();
    let mut changed_since = Vec::new();
    for entry in &journal.entries {
        let now = fs::content(&entry.path.under(root))?.map(|(bytes, _)| hash(&bytes));
        if now != entry.sha256 {
            changed_since.push(entry.path.clone());
        }
        let old = entry.old.then(|| fs::content(&entry.path.under(&kept.join("old")))).transpose()?.flatten();
        ops.push(Op {
            path: entry.path.clone(),
            file: old.map(|(bytes, executable)| File { bytes, executable }),
        });
    }
    commit(root, "undo", &ops)?;
    // Undone: the next `undo` goes one further back, and this one's own list brings it again.
    fs::remove_tree(&kept)?;
    let restored = ops.into_iter().map(|op| op.path).collect();
    Ok(Undone { command: journal.command, moment: journal.moment, restored, changed_since })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;

    use super::*;

    /// A disk that works `left` times and then fails; `dead` as after a kill: also the cleaning up does.
    struct Faulty {
        left: Cell<u32>,
        dead: bool,
        failed: Cell<bool>,
    }

    impl Faulty {
        fn may(&self) -> Result<()> {
            if self.failed.get() && self.dead {
                return Err(Error::environment("dead"));
            }
            if self.left.get() == 0 && !self.failed.get() {
                self.failed.set(true);
                return Err(Error::environment("no space left"));
            }
            self.left.set(self.left.get().saturating_sub(1));
            Ok(())
        }
    }

    impl Disk for Faulty {
        fn write(&self, path: &Path, bytes: &[u8], executable: bool) -> Result<()> {
            self.may()?;
            Real.write(path, bytes, executable)
        }
        fn rename(&self, from: &Path, to: &Path) -> Result<()> {
            self.may()?;
            Real.rename(from, to)
        }
        fn remove(&self, path: &Path) -> Result<()> {
            self.may()?;
            Real.remove(path)
        }
        fn remove_tree(&self, path: &Path) -> Result<()> {
            self.may()?;
            Real.remove_tree(path)
        }
        fn make_folder(&self, path: &Path) -> Result<()> {
            self.may()?;
            Real.make_folder(path)
        }
    }

    fn project(root: &Path) {
        for (path, text) in [("a", "a\n"), ("d/b", "b\n"), ("gone/c", "c\n")] {
            fs::write(&root.join(path), text.as_bytes(), false).unwrap();
        }
    }

    fn ops() -> Vec<Op> {
        let op = |path: &str, text: Option<&str>| Op {
            path: RelPath::new(path).unwrap(),
            file: text.map(|text| File::new(text.as_bytes().to_vec())),
        };
        vec![op("a", Some("A\n")), op("d/b", Some("B\n")), op("gone/c", None), op("new/x", Some("x\n"))]
    }

    /// The project's own files, by path.
    fn seen(root: &Path) -> BTreeMap<String, Vec<u8>> {
        fs::walk(root).unwrap().into_iter().filter(|(path, _)| !path.starts_with(".mlops-lab/")).collect()
    }

    fn states() -> (BTreeMap<String, Vec<u8>>, BTreeMap<String, Vec<u8>>) {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        project(old.path());
        project(new.path());
        commit(new.path(), "update", &ops()).unwrap();
        (seen(old.path()), seen(new.path()))
    }

    #[test]
    fn whatever_fails_at_whatever_moment_the_old_state_or_the_new_is_found() {
        let (old, new) = states();
        assert_ne!(old, new);
        for dead in [false, true] {
            let mut outcomes = [0, 0];
            for left in 0..200 {
                let folder = tempfile::tempdir().unwrap();
                let root = folder.path();
                project(root);
                let disk = Faulty { left: Cell::new(left), dead, failed: Cell::new(false) };
                let result = commit_on(&disk, root, "update", &ops());
                if result.is_ok() {
                    assert_eq!(seen(root), new);
                    assert!(left > 5, "a disk that fails at once cannot have changed anything");
                    break;
                }
                recover(root).unwrap();
                let found = seen(root);
                assert!(found == old || found == new, "after {left}, dead {dead}: {found:?}");
                outcomes[usize::from(found == new)] += 1;
                assert!(!change_folder(root).exists());
            }
            assert!(outcomes[0] > 5 && outcomes[1] > 2, "{outcomes:?}");
        }
    }

    #[test]
    fn undo_brings_back_identical_bytes_and_can_be_undone() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        project(root);
        let old = seen(root);
        commit(root, "update", &ops()).unwrap();
        let new = seen(root);
        let undone = undo(root).unwrap();
        assert_eq!((undone.command.as_str(), seen(root)), ("update", old));
        assert!(undone.changed_since.is_empty());
        assert_eq!(undo(root).unwrap().command, "undo");
        assert_eq!(seen(root), new);
    }

    #[test]
    fn what_was_changed_since_is_told_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        project(root);
        commit(root, "update", &ops()).unwrap();
        fs::write(&root.join("a"), b"mine\n", false).unwrap();
        assert_eq!(undo(root).unwrap().changed_since, [RelPath::new("a").unwrap()]);
        assert_eq!(fs::read(&root.join("a")).unwrap(), b"a\n");
        undo(root).unwrap();
        assert_eq!(fs::read(&root.join("a")).unwrap(), b"mine\n");
    }

    #[test]
    fn a_secret_is_its_owners_alone_wherever_it_is_kept() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let env = |text: &str| {
            [Op { path: RelPath::new(".env").unwrap(), file: Some(File::new(text.as_bytes().to_vec())) }]
        };
        commit(root, "init", &env("KEY=a\n")).unwrap();
        commit(root, "update", &env("KEY=b\n")).unwrap();
        let all = fs::walk(root).unwrap();
        let secrets: Vec<&String> = all.keys().filter(|path| path.ends_with(".env")).collect();
        assert_eq!(secrets.len(), 2, "{secrets:?}");
        for path in secrets {
            let mode = std::fs::metadata(root.join(path)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{path}");
        }
    }

    #[test]
    fn nothing_to_undo_is_said() {
        let folder = tempfile::tempdir().unwrap();
        assert!(undo(folder.path()).unwrap_err().to_string().contains("nothing to undo"));
    }
}
