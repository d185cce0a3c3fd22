//! What is left to do once a change is decided. Everything here can be done twice, and days may lie
//! between: what the learner has written since is kept like what was there before.

use std::path::Path;

use super::{Entry, Journal, LIST, change, content, hash, old_folder};
use crate::catalog::tree::RelPath;
use crate::error::{Error, Result};
use crate::layout::{CHANGE, CHANGED};
use crate::platform::fs::Kind;
use crate::platform::inside::{self, Exchange};
use crate::scaffold::apply::{ensure_clear, mode, obstacle};
use crate::scaffold::disk::Disk;

/// Does it. Returns the files that gave way and are others than the plan found.
pub(super) fn finish(disk: &dyn Disk, root: &Path, journal: &Journal) -> Result<Vec<RelPath>> {
    let moment: u64 = journal.moment.parse().map_err(|_| {
        Error::environment(format!("{} names no moment", root.join(change(LIST)).display()))
    })?;
    let run = Run { disk, root, old: old_folder(moment) };
    let mut since = Vec::new();
    let (come, go): (Vec<_>, Vec<_>) =
        journal.entries.iter().enumerate().partition(|(_, entry)| entry.new.is_some());
    // First what goes: a folder may give way to a file, and a file to a folder.
    for (number, entry) in go {
        if run.goes(entry, &change(format!("{number}.gone")))? {
            since.push(entry.path.clone());
        }
        inside::remove_empty_above(root, entry.path.as_str());
    }
    for (_, entry) in come {
        let staged = entry.new.map(change);
        // Not there: it was brought to its place before, and what was there is kept.
        let Some(staged) = staged.filter(|staged| run.is_file(staged)) else { continue };
        if run.comes(entry, &staged)? {
            since.push(entry.path.clone());
        }
    }
    // One rename ends it: a list that is half removed must not be read.
    disk.rename_in(root, CHANGE, CHANGED)?;
    // The next change removes what stays.
    let _ = disk.remove_tree_in(root, CHANGED);
    Ok(since)
}

struct Run<'a> {
    disk: &'a dyn Disk,
    root: &'a Path,
    /// Where what gives way is kept.
    old: String,
}

impl Run<'_> {
    fn is_file(&self, path: &str) -> bool {
        inside::kind(self.root, path).is_ok_and(|kind| kind == Kind::File)
    }

    /// A file that is to be no more; whether it was another than the plan found.
    fn goes(&self, entry: &Entry, gone: &str) -> Result<bool> {
        // It was taken away before, and perhaps there is a new one.
        let before = self.is_file(gone) && self.keep(entry, gone)?;
        if obstacle(self.root, &entry.path)?.is_some()
            || !self.disk.move_out(self.root, &entry.path, gone)?
        {
            return Ok(before);
        }
        Ok(self.keep(entry, gone)? || before)
    }

    /// A file that is to be there; whether there was another than the plan found.
    fn comes(&self, entry: &Entry, staged: &str) -> Result<bool> {
        let new = content(self.root, staged)?.map(|(bytes, _)| hash(&bytes));
        if new == entry.sha256 {
            inside::remove_empty_folders(self.root, entry.path.as_str());
            ensure_clear(self.root, &entry.path)?;
            self.disk.create_parents(self.root, &entry.path)?;
            match self.disk.exchange(self.root, staged, &entry.path)? {
                Exchange::Exchanged => {}
                Exchange::Moved => return Ok(false),
                Exchange::Unsupported => {
                    let other = self.copy(entry, entry.path.as_str())?;
                    self.disk.move_in(self.root, staged, &entry.path)?;
                    return Ok(other);
                }
            }
        }
        // Under the name of what came lies what gave way, now or since a run that was killed.
        self.keep(entry, staged)
    }

    /// The file that gave way becomes what is kept of it: the file itself, so that what somebody is
    /// just writing into it is kept, too.
    fn keep(&self, entry: &Entry, gone: &str) -> Result<bool> {
        // By another name it goes on to change.
        if inside::names(self.root, gone) > 1 {
            return self.copy(entry, gone);
        }
        let now = content(self.root, gone)?.map(|(bytes, _)| hash(&bytes));
        let kept = self.kept(entry);
        self.disk.rename_in(self.root, gone, &kept)?;
        if entry.path.is_secret() {
            inside::set_bits(self.root, &kept, 0o600);
        }
        Ok(now != entry.was && now != entry.sha256)
    }

    /// Where what gave way is kept.
    fn kept(&self, entry: &Entry) -> String {
        format!("{}/{}", self.old, entry.path)
    }

    /// The same by a copy, where it is another than the plan found.
    fn copy(&self, entry: &Entry, file: &str) -> Result<bool> {
        let Some((bytes, executable)) = content(self.root, file)? else { return Ok(false) };
        let now = Some(hash(&bytes));
        let other = now != entry.was && now != entry.sha256;
        if other {
            let mode = mode(&entry.path, inside::bits(self.root, file), executable);
            self.disk.write_whole(self.root, &self.kept(entry), &bytes, mode)?;
        }
        Ok(other)
    }
}
