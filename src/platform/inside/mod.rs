//! Every file below a lab's folder is reached through here. A lab may come with a stranger's
//! repository, so no link is followed on the way or at its end, and nothing but regular files is
//! read: a FIFO or a device would hold us, a link would lead to somebody else's file.
//!
//! Paths have `/` between their parts and are relative to a root, which is opened as it is: how it
//! is reached is its owner's affair. Each folder on the way is opened from the one before, so that
//! one which is swapped for a link while we work leads nowhere.
#![allow(clippy::disallowed_methods, reason = "the one place that opens what lies below a lab")]

mod change;
mod pinned;
mod resolve;
mod survey;
mod tree;

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{
    AtFlags, FileType, Mode as Bits, OFlags, fchmod, fstat, openat, renameat, statat, unlinkat,
};
use rustix::io::Errno;

pub use change::{Exchange, create_parents, exchange, make_private, move_in, move_out, names};
pub use pinned::changeable;
pub use survey::{Entry, Survey, put, stamp, survey};
pub use tree::{
    files, list, make_readable, remove_empty_above, remove_empty_folders, remove_if_empty,
    remove_tree,
};

use super::fs::{Kind, Mode};
use super::process::shell_words;
use crate::error::Error;

/// The most that is read of one file: 64 MiB.
const READ_LIMIT: u64 = 64 << 20;

/// What an error of this room means to people: `cannot read /lab/README.md`, and why.
pub fn cannot(what: &str, root: &Path, path: &str) -> impl FnOnce(io::Error) -> Error {
    let message = format!("cannot {what} {}", root.join(path).display());
    let place = shell_words(&[root.join(path).display().to_string()]);
    move |error| {
        let linked = error.get_ref().and_then(|inner| inner.downcast_ref::<NotRegular>());
        let hints = match linked {
            Some(NotRegular(LINK)) => vec![
                format!(
                    "if it is yours, put the file itself there: cp -L {place} {place}.new && \
                     mv {place}.new {place}"
                ),
                format!("or remove the link: rm {place}"),
            ],
            Some(_) => {
                vec![format!(
                    "see what it is: ls -ld {place}; then move it away: mv {place} {place}.old"
                )]
            }
            None => Vec::new(),
        };
        hints.into_iter().fold(Error::environment(message).because(error), Error::hint)
    }
}

const LINK: &str = "a symbolic link";

/// A regular file, opened for reading.
///
/// # Errors
/// The system's; [`io::ErrorKind::InvalidInput`] with what stands there instead of a regular file.
pub fn open(root: &Path, path: &str) -> io::Result<File> {
    let (folder, name) = resolve::open(root, path, false)?;
    open_in(&folder, name.as_ref())
}

/// The same in a folder that is open.
fn open_in(folder: &OwnedFd, name: &std::ffi::OsStr) -> io::Result<File> {
    // Not blocking: opening a FIFO would wait for a writer.
    let flags =
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = openat(folder, name, flags, Bits::empty()).map_err(|error| match error {
        Errno::LOOP => not_regular(LINK),
        // A socket, or a device without a driver.
        Errno::NXIO => not_regular("a special file"),
        error => error.into(),
    })?;
    match FileType::from_raw_mode(fstat(&file)?.st_mode) {
        FileType::RegularFile => Ok(File::from(file)),
        FileType::Directory => Err(not_regular("a folder")),
        FileType::Fifo => Err(not_regular("a FIFO")),
        _ => Err(not_regular("a special file")),
    }
}

/// What stands in the place of a regular file.
#[derive(Debug)]
struct NotRegular(&'static str);

impl std::fmt::Display for NotRegular {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "it is {}, and only regular files are read", self.0)
    }
}

impl std::error::Error for NotRegular {}

fn not_regular(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, NotRegular(what))
}

/// A regular file as a whole.
///
/// # Errors
/// As [`open`]; also for a file over 64 MiB.
pub fn read(root: &Path, path: &str) -> io::Result<Vec<u8>> {
    whole(open(root, path)?)
}

fn whole(file: File) -> io::Result<Vec<u8>> {
    let said = file.metadata().map_or(0, |meta| meta.len().min(READ_LIMIT));
    let mut bytes = Vec::with_capacity(usize::try_from(said).unwrap_or(0));
    file.take(READ_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > READ_LIMIT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is larger than 64 MiB"));
    }
    Ok(bytes)
}

/// The same, or nothing where there is no such file.
///
/// # Errors
/// As [`read`], but for a missing file or folder.
pub fn read_optional(root: &Path, path: &str) -> io::Result<Option<Vec<u8>>> {
    match read(root, path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if missing(&error) && kind(root, path)? == Kind::Missing => Ok(None),
        Err(error) => Err(error),
    }
}

fn missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Removes a file, or a link as such; a folder stays. What is not there is no error.
///
/// # Errors
/// The system's; a link on the way; a folder.
pub fn remove(root: &Path, path: &str) -> io::Result<()> {
    let removed = resolve::open(root, path, false)
        .and_then(|(folder, name)| Ok(unlinkat(&folder, name, AtFlags::empty())?));
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Whether a regular file stands there.
pub fn is_file(root: &Path, path: &str) -> bool {
    kind(root, path).is_ok_and(|kind| kind == Kind::File)
}

/// Whether a folder stands there.
pub fn is_folder(root: &Path, path: &str) -> bool {
    kind(root, path).is_ok_and(|kind| kind == Kind::Folder)
}

/// Whether anything stands there; not what lies behind a link on the way.
pub fn exists(root: &Path, path: &str) -> bool {
    resolve::open(root, path, false)
        .is_ok_and(|(folder, name)| statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok())
}

/// Content and executable bit of a regular file; nothing where there is none.
///
/// # Errors
/// As [`read`].
pub fn content(root: &Path, path: &str) -> io::Result<Option<(Vec<u8>, bool)>> {
    match open(root, path) {
        Ok(file) => {
            let executable = fstat(&file)?.st_mode & 0o111 != 0;
            Ok(Some((whole(file)?, executable)))
        }
        Err(error) if missing(&error) && kind(root, path)? == Kind::Missing => Ok(None),
        Err(error) => Err(error),
    }
}

/// What stands at a path. Below a file there is nothing; below a link there is something that is
/// none of ours.
///
/// # Errors
/// The system's.
pub fn kind(root: &Path, path: &str) -> io::Result<Kind> {
    // From the top down, as the first thing that is no folder decides.
    let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
    for end in ends {
        let (folder, name) = match resolve::open(root, &path[..end], false) {
            Err(error) if missing(&error) => return Ok(Kind::Missing),
            opened => opened?,
        };
        let kind = match statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => Kind::File,
                FileType::Directory => Kind::Folder,
                _ => Kind::Other,
            },
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(Kind::Missing),
            Err(error) => return Err(error.into()),
        };
        match kind {
            Kind::Folder if end < path.len() => {}
            Kind::File if end < path.len() => return Ok(Kind::Missing),
            kind => return Ok(kind),
        }
    }
    Ok(Kind::Missing)
}

/// Writes a file so that a reader, or a run killed at any moment, finds the old content or the new,
/// never a part; what stands there is replaced, a link as such. Makes the folders above it.
///
/// # Errors
/// The system's; a link or a file where a folder has to be.
pub fn write(root: &Path, path: &str, bytes: &[u8], mode: Mode) -> io::Result<()> {
    let (folder, name) = resolve::open(root, path, true)?;
    let beside = beside(name)?;
    let result = create_in(&folder, &beside, bytes, mode)
        .and_then(|()| Ok(renameat(&folder, beside.as_str(), &folder, name)?));
    if result.is_err() {
        let _ = unlinkat(&folder, beside.as_str(), AtFlags::empty());
    }
    result
}

/// Writes a file whose name nobody has yet. Makes the folders above it.
///
/// # Errors
/// The system's, also where something stands there.
pub fn create(root: &Path, path: &str, bytes: &[u8], mode: Mode) -> io::Result<()> {
    let (folder, name) = resolve::open(root, path, true)?;
    create_in(&folder, name, bytes, mode)
}

/// A file whose name nobody has yet, opened for writing.
fn new_file(folder: BorrowedFd<'_>, name: &str, mode: Mode) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let bits = Bits::from_raw_mode(mode.bits());
    let file = openat(folder, name, flags, bits)?;
    if let Mode::Exactly(_) = mode {
        // A file system without modes refuses; the umask has made it narrower than asked, never
        // wider.
        let _ = fchmod(&file, bits);
    }
    Ok(File::from(file))
}

fn create_in(folder: &OwnedFd, name: &str, bytes: &[u8], mode: Mode) -> io::Result<()> {
    let mut file = new_file(folder.as_fd(), name, mode)?;
    file.write_all(bytes).inspect_err(|_| {
        let _ = unlinkat(folder, name, AtFlags::empty());
    })
}

/// A name beside another one that nobody can guess: a link that waits under it would lead us
/// astray, or stop us.
fn beside(name: &str) -> io::Result<String> {
    /// The most characters that are repeated: a name may have 255 bytes, and so may this one.
    const REPEATED: usize = 50;
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    let name: String = name.chars().take(REPEATED).collect();
    Ok(format!(".{name}.{:016x}.tmp", u64::from_ne_bytes(random)))
}

/// Gives a file permission bits, where the file system has any and a regular file stands there.
pub fn set_bits(root: &Path, path: &str, bits: u32) {
    if let Ok(file) = open(root, path) {
        let _ = fchmod(&file, Bits::from_raw_mode(bits));
    }
}

/// Gives one name below the root the place of another, on one file system.
///
/// # Errors
/// The system's.
pub fn rename(root: &Path, from: &str, to: &str) -> io::Result<()> {
    let (from_folder, from) = resolve::open(root, from, false)?;
    let (to_folder, to) = resolve::open(root, to, true)?;
    Ok(renameat(&from_folder, from, &to_folder, to)?)
}

/// The length of a regular file; none where there is none.
pub fn length(root: &Path, path: &str) -> Option<u64> {
    let (folder, name) = resolve::open(root, path, false).ok()?;
    let stat = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    let regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    regular.then(|| u64::try_from(stat.st_size).unwrap_or(0))
}

/// The permission bits of what stands at a path; none where there is nothing.
pub fn bits(root: &Path, path: &str) -> Option<u32> {
    let (folder, name) = resolve::open(root, path, false).ok()?;
    statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).ok().map(|stat| stat.st_mode & 0o7777)
}

#[cfg(test)]
mod tests;
