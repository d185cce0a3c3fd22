//! Whose a folder is, and which one: a path alone may mean another one by now.

#![allow(
    clippy::disallowed_methods,
    reason = "whose a folder is, before anything in it is trusted"
)]

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;
use std::time::UNIX_EPOCH;

use super::host;

/// A folder as the file system knows it, whatever its path. Numbers of files are used again; the
/// moment in which a folder was made is not, where the file system notes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The file system's number. Some have another one after a restart.
    pub device: u64,
    /// The folder's number in it.
    pub inode: u64,
    /// When it was made, in nanoseconds since 1970; 0 where nobody knows.
    pub born: u128,
}

/// The folder at this path; none when there is none.
pub fn node(path: &Path) -> Option<Node> {
    let meta = fs::metadata(path).ok().filter(fs::Metadata::is_dir)?;
    let born = meta.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Some(Node {
        device: meta.dev(),
        inode: meta.ino(),
        born: born.map_or(0, |since| since.as_nanos()),
    })
}

/// Whether this is a folder of this user's.
pub fn owns(path: &Path, user: u32) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_dir() && meta.uid() == user)
}

/// The owner of what stands at a path, a link as such, where that is a stranger: not this user, not
/// root, and not whoever typed `sudo`, as git sees it.
pub fn stranger(path: &Path) -> Option<u32> {
    let owner = fs::symlink_metadata(path).ok()?.uid();
    let user = host::user_id();
    let sudo = || user == 0 && host::var("SUDO_UID").is_some_and(|id| id.parse() == Ok(owner));
    (owner != user && owner != 0 && !sudo()).then_some(owner)
}

/// Whether this is a folder, no link to one, that this user owns and nobody else may enter.
pub fn private(path: &Path, user: u32) -> bool {
    fs::symlink_metadata(path)
        .is_ok_and(|meta| meta.is_dir() && meta.uid() == user && meta.mode() & 0o077 == 0)
}

/// Makes a folder and those above it, for this user alone; one that is there stays as it is.
pub fn make_private(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}
