//! What is left to do once a change is decided. Everything here can be done twice, and days may lie between: what the learner has written
//! since is kept like what was there before.

use std::path::{Path, PathBuf};

use super::{Entry, Journal, LIST, change_folder, done_folder, hash, mode, obstacle, old_folder, solid};
use crate::catalog::tree::RelPath;
use crate::error::{Error, Result};
use crate::platform::fs;
use crate::platform::inside::{self, Swap};
use crate::scaffold::disk::Disk;

/// Does it. Returns the files that gave way and are others than the plan found.
pub(super) fn finish(disk: &dyn Disk, root: &Path, journal: &Journal) -> Result<Vec<RelPath>> {
    let change = change_folder(root);
    let moment: u64 = journal
        .moment
        .parse()
        .map_err(|_| Error::environment(format!("{} names no moment", change.join(LIST).display())))?;
    let run = Run { disk, root, old: old_folder(root, moment) };
    let mut since = Vec::new();
    let (come, go): (Vec<_>, Vec<_>) =
        journal.entries.iter().enumerate().partition(|(_, entry)| entry.new.is_some());
    // First what goes: a folder may give way to a file, and a file to a folder.
    for (number, entry) in go {
        if run.goes(entry, &change.join(format!("{number}.gone")))? {
            since.push(entry.path.clone());
        }
        fs::remove_empty_above(&entry.path.under(root), root);
    }
    for (_, entry) in come {
        let staged = entry.new.map(|number| change.join(number.to_string()));
        // Not there: it was brought to its place before, and what was there is kept.
        let Some(staged) = staged.filter(|staged| staged.is_file()) else { continue };
        if run.comes(entry, &staged)? {
            since.push(entry.path.clone());
        }
    }
    // One rename ends it: a list that is half removed must not be read.
    let done = done_folder(root);
    disk.rename(&change, &done)
        .map_err(|error| Error::environment(format!("cannot write {}", done.display())).because(error))?;
    // The next change removes what stays.
    let _ = disk.remove_tree(&done);
    Ok(since)
}

struct Run<'a> {
    disk: &'a dyn Disk,
    root: &'a Path,
    /// Where what gives way is kept.
    old: PathBuf,
}

impl Run<'_> {
    /// A file that is to be no more; whether it was another than the plan found.
    fn goes(&self, entry: &Entry, gone: &Path) -> Result<bool> {
        // It was taken away before, and perhaps there is a new one.
        let before = gone.is_file() && self.keep(entry, gone)?;
        if obstacle(self.root, &entry.path)?.is_some() || !self.disk.take(self.root, &entry.path, gone)? {
            return Ok(before);
        }
        Ok(self.keep(entry, gone)? || before)
    }

    /// A file that is to be there; whether there was another than the plan found.
    fn comes(&self, entry: &Entry, staged: &Path) -> Result<bool> {
        let new = fs::content(staged)?.map(|(bytes, _)| hash(&bytes));
        if new == entry.sha256 {
            fs::remove_empty_folders(&entry.path.under(self.root));
            solid(self.root, &entry.path)?;
            self.disk.make_way(self.root, &entry.path)?;
            match self.disk.swap(staged, self.root, &entry.path)? {
                Swap::Exchanged => {}
                Swap::Came => return Ok(false),
                Swap::Not => {
                    let other = self.copy(entry, &entry.path.under(self.root))?;
                    self.disk.bring(staged, self.root, &entry.path)?;
                    return Ok(other);
                }
            }
        }
        // Under the name of what came lies what gave way, now or since a run that was killed.
        self.keep(entry, staged)
    }

    /// The file that gave way becomes what is kept of it: the file itself, so that what somebody is just writing into it is kept, too.
    fn keep(&self, entry: &Entry, gone: &Path) -> Result<bool> {
        // By another name it goes on to change.
        if inside::names(gone) > 1 {
            return self.copy(entry, gone);
        }
        let now = fs::content(gone)?.map(|(bytes, _)| hash(&bytes));
        let kept = self.kept(entry)?;
        if let Some(folder) = kept.parent().filter(|folder| !folder.is_dir()) {
            self.disk.make_folder(folder)?;
        }
        self.disk
            .rename(gone, &kept)
            .map_err(|error| Error::environment(format!("cannot write {}", kept.display())).because(error))?;
        if entry.path.is_secret() {
            fs::set_bits(&kept, 0o600);
        }
        Ok(now != entry.was && now != entry.sha256)
    }

    /// Where what gave way is kept; no link leads away from there.
    fn kept(&self, entry: &Entry) -> Result<PathBuf> {
        let kept = entry.path.under(&self.old);
        let inside = kept.strip_prefix(self.root).unwrap_or(&kept).to_string_lossy().into_owned();
        solid(self.root, &RelPath::new(inside).map_err(Error::bug)?)?;
        Ok(kept)
    }

    /// The same by a copy, where it is another than the plan found.
    fn copy(&self, entry: &Entry, file: &Path) -> Result<bool> {
        let Some((bytes, executable)) = fs::content(file)? else { return Ok(false) };
        let now = Some(hash(&bytes));
        let other = now != entry.was && now != entry.sha256;
        if other {
            let kept = self.kept(entry)?;
            self.disk.write_whole(&kept, &bytes, mode(&entry.path, fs::bits(file), executable))?;
        }
        Ok(other)
    }
}
