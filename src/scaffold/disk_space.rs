//! Whether there is enough disk space for what is to be written. Pure but for [`ensure_space`].

use std::collections::BTreeSet;
use std::path::Path;

use crate::catalog::tree::RelPath;
use crate::error::{Error, Result};
use crate::platform::disk_space::{DiskSpace, disk_space};

/// What is to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    /// The length of each file.
    pub files: Vec<u64>,
    /// How many folders.
    pub folders: u64,
}

impl Load {
    /// Files at these paths, each folder on the way counted once.
    pub(super) fn of<'a>(files: impl Iterator<Item = (&'a RelPath, u64)>) -> Load {
        let mut load = Load { files: Vec::new(), folders: 1 };
        let mut folders: BTreeSet<&str> = BTreeSet::new();
        for (path, length) in files {
            load.files.push(length);
            let path = path.as_str();
            folders.extend(path.match_indices('/').map(|(end, _)| &path[..end]));
        }
        load.folders += folders.len() as u64;
        load
    }

    /// Blocks and inodes. A folder takes a block.
    fn cost(&self, block: u64) -> (u64, u64) {
        let blocks = self.files.iter().map(|length| length.div_ceil(block)).sum::<u64>();
        (blocks + self.folders, self.files.len() as u64 + self.folders)
    }
}

/// What is missing, in words; none when there is enough.
pub(super) fn short(load: &Load, space: &DiskSpace) -> Option<String> {
    let (blocks, inodes) = load.cost(space.block);
    if let Some(free) = space.blocks.filter(|free| *free < blocks) {
        return Some(format!(
            "{} are needed and {} are free",
            bytes(blocks.saturating_mul(space.block)),
            bytes(free.saturating_mul(space.block))
        ));
    }
    let free = space.inodes.filter(|free| *free < inodes)?;
    Some(format!(
        "{inodes} files and folders are to be made, and the file system can hold {free} more"
    ))
}

fn bytes(number: u64) -> String {
    match number {
        0..1024 => format!("{number} bytes"),
        1024..1_048_576 => format!("{} KiB", number.div_ceil(1024)),
        _ => format!("{} MiB", number.div_ceil(1_048_576)),
    }
}

/// Refuses what the file system at `place` has not enough space for. One that does not report it is
/// given the benefit of the doubt: a write that fails changes nothing either.
pub(super) fn ensure_space(place: &Path, load: &Load) -> Result<()> {
    let Some(missing) = disk_space(place).and_then(|space| short(load, &space)) else {
        return Ok(());
    };
    Err(Error::environment(format!(
        "not enough disk space at {}: {missing}; nothing was changed",
        place.display()
    ))
    .hint(format!("see what is full: df -h '{0}'; df -i '{0}'", place.display()))
    .hint("free some space, or name a folder on another file system"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load() -> Load {
        let path = |path: &str| RelPath::new(path).unwrap();
        let (a, b, c) = (path("a"), path("d/e/b"), path("d/c"));
        Load::of([(&a, 0), (&b, 1), (&c, 4097)].into_iter())
    }

    #[test]
    fn files_are_counted_in_blocks_and_each_folder_once() {
        assert_eq!(load(), Load { files: vec![0, 1, 4097], folders: 3 });
        assert_eq!(load().cost(4096), (3 + 3, 3 + 3));
        assert_eq!(load().cost(1), (4098 + 3, 6));
    }

    #[test]
    fn what_is_missing_is_said_and_what_is_just_enough_is_enough() {
        let space = |blocks, inodes| DiskSpace { block: 4096, blocks, inodes };
        assert_eq!(short(&load(), &space(Some(6), Some(6))), None);
        assert_eq!(
            short(&load(), &space(Some(5), Some(6))).as_deref(),
            Some("24 KiB are needed and 20 KiB are free")
        );
        assert_eq!(
            short(&load(), &space(Some(6), Some(5))).as_deref(),
            Some("6 files and folders are to be made, and the file system can hold 5 more")
        );
    }

    #[test]
    fn a_file_system_that_does_not_count_refuses_nothing() {
        assert_eq!(short(&load(), &DiskSpace { block: 1, blocks: None, inodes: None }), None);
        assert!(short(&load(), &DiskSpace { block: 1, blocks: Some(0), inodes: None }).is_some());
    }

    #[test]
    fn this_machine_has_room_for_a_byte_and_none_for_an_exabyte() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("not/there/yet");
        ensure_space(&place, &Load { files: vec![1], folders: 1 }).unwrap();
        let error = ensure_space(&place, &Load { files: vec![1 << 60], folders: 1 }).unwrap_err();
        assert_eq!(error.exit(), crate::error::Exit::Environment);
        assert!(
            error.message().contains("are free") && error.message().contains("not/there/yet"),
            "{error}"
        );
    }
}
