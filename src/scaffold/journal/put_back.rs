//! A change that is decided and cannot be done as a whole: what was done of it is taken back. At
//! each moment the list is still valid, so that a run that is killed here leaves what the next
//! command brings to its end.

use std::path::Path;

use super::{Entry, Journal, LIST, change, content, drop_change, hash, old_folder};
use crate::catalog::tree::RelPath;
use crate::error::{Error, Result};
use crate::layout::{CHANGE, UNDO};
use crate::platform::inside::{self, Exchange, cannot};
use crate::scaffold::apply::mode;
use crate::scaffold::disk::Disk;

/// Says of a failed change what has become of the project: as it was, or still half done.
pub(super) fn give_up(disk: &dyn Disk, root: &Path, journal: &Journal, error: Error) -> Error {
    match put_back(disk, root, journal) {
        Ok(None) => error.hint("what was changed before that is put back: nothing has changed"),
        Ok(Some(kept)) => {
            let kept = root.join(kept);
            error.hint("what was changed before that is put back").hint(format!(
                "what was written into the new files meanwhile is in {}",
                kept.display()
            ))
        }
        Err(_) => error
            .hint("a part of it is done; the next command brings it to its end: mlops-lab diff"),
    }
}

/// Returns the folder with what somebody has written into new files meanwhile.
fn put_back(disk: &dyn Disk, root: &Path, journal: &Journal) -> Result<Option<String>> {
    let moment: u64 =
        journal.moment.parse().map_err(|_| Error::bug("a change without a moment"))?;
    let back = Back { disk, root, old: old_folder(moment), since: format!("{UNDO}/{moment}-kept") };
    let mut kept = false;
    let (come, go): (Vec<_>, Vec<_>) =
        journal.entries.iter().enumerate().rev().partition(|(_, entry)| entry.new.is_some());
    for (_, entry) in come {
        if let Some(number) = entry.new {
            kept |= back.came(entry, &change(number))?;
        }
    }
    for (number, entry) in go {
        back.went(entry, &change(format!("{number}.gone")))?;
    }
    // From here on it is not decided any more.
    disk.remove_tree_in(root, &format!("{CHANGE}/{LIST}"))?;
    // What is left of it hinders nobody, and the next command removes it.
    let _ = drop_change(disk, root);
    Ok(kept.then_some(back.since))
}

struct Back<'a> {
    disk: &'a dyn Disk,
    root: &'a Path,
    /// Where what gave way is kept.
    old: String,
    /// Where what somebody wrote into a new file is kept.
    since: String,
}

impl Back<'_> {
    fn hash(&self, path: &str) -> Result<Option<String>> {
        Ok(content(self.root, path)?.map(|(bytes, _)| hash(&bytes)))
    }

    /// Takes a new file away again; whether somebody has written into it.
    fn came(&self, entry: &Entry, staged: &str) -> Result<bool> {
        let kept = format!("{}/{}", self.old, entry.path);
        let under_its_number = self.hash(staged)?;
        if under_its_number == entry.sha256 {
            return Ok(false);
        }
        if under_its_number.is_none() {
            if inside::is_file(self.root, &kept) {
                // As right after the exchange: whoever goes on from here, in this direction or the
                // other, finds it there.
                self.disk.rename_in(self.root, &kept, staged)?;
            } else {
                // Nothing was there.
                self.disk.move_out(self.root, &entry.path, staged)?;
                return self.keep_edited(entry, staged);
            }
        }
        if self.disk.exchange(self.root, staged, &entry.path)? == Exchange::Unsupported {
            self.disk.rename_in(self.root, staged, &kept)?;
            self.copy(entry.path.as_str(), staged, entry)?;
            self.copy(&kept, entry.path.as_str(), entry)?;
        }
        self.keep_edited(entry, staged)
    }

    fn keep_edited(&self, entry: &Entry, staged: &str) -> Result<bool> {
        let edited = self.hash(staged)?.is_some_and(|now| Some(now) != entry.sha256);
        if edited {
            inside::make_private(self.root, &self.since).map_err(cannot(
                "make the folder",
                self.root,
                &self.since,
            ))?;
            self.disk.rename_in(self.root, staged, &format!("{}/{}", self.since, entry.path))?;
        }
        Ok(edited)
    }

    fn copy(&self, from: &str, to: &str, entry: &Entry) -> Result<()> {
        let Some((bytes, executable)) = content(self.root, from)? else { return Ok(()) };
        let mode = mode(&entry.path, inside::bits(self.root, from), executable);
        self.disk.write_whole(self.root, to, &bytes, mode)
    }

    /// Brings back a file that was taken away.
    fn went(&self, entry: &Entry, gone: &str) -> Result<()> {
        let kept = format!("{}/{}", self.old, entry.path);
        let from = if inside::is_file(self.root, gone) { gone } else { kept.as_str() };
        if inside::exists(self.root, entry.path.as_str()) || !inside::is_file(self.root, from) {
            return Ok(());
        }
        self.way(&entry.path)?;
        self.disk.move_in(self.root, from, &entry.path)
    }

    fn way(&self, path: &RelPath) -> Result<()> {
        let there = path
            .as_str()
            .rsplit_once('/')
            .is_none_or(|(above, _)| inside::is_folder(self.root, above));
        if there { Ok(()) } else { self.disk.create_parents(self.root, path) }
    }
}
