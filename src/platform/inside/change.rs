//! Files of a lab that change places with what was prepared for them. All paths are below the lab's
//! root.

use std::io;
use std::path::Path;

use rustix::fs::{AtFlags, Mode as Bits, fchmod, fstat, mkdirat, renameat, statat, unlinkat};
use rustix::io::Errno;

use super::{Mode, bits, missing, resolve};

/// Brings a file to its name, over one that is there. From another file system it is copied.
///
/// # Errors
/// The system's; a link on the way.
pub fn move_in(root: &Path, from: &str, to: &str) -> io::Result<()> {
    let (from_folder, from_name) = resolve::open(root, from, false)?;
    let (to_folder, to_name) = resolve::open(root, to, false)?;
    match renameat(&from_folder, from_name, &to_folder, to_name) {
        Err(Errno::XDEV) => copy(root, from, to),
        other => Ok(other?),
    }
}

/// How a file came to its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// What was there now has the other name.
    Exchanged,
    /// Nothing was there.
    Moved,
    /// Not at all: this system, or this file system, cannot do it in one step.
    Unsupported,
}

/// Lets two files change places in one step: one that somebody is just writing is not lost with its
/// name.
///
/// # Errors
/// The system's; a link on the way.
pub fn exchange(root: &Path, from: &str, to: &str) -> io::Result<Exchange> {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        use rustix::fs::{RenameFlags, renameat_with};
        let (from_folder, from) = resolve::open(root, from, false)?;
        let (to_folder, to) = resolve::open(root, to, false)?;
        loop {
            match renameat_with(&from_folder, from, &to_folder, to, RenameFlags::EXCHANGE) {
                Ok(()) => return Ok(Exchange::Exchanged),
                Err(Errno::NOENT) => {}
                Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                    return Ok(Exchange::Unsupported);
                }
                Err(error) => return Err(error.into()),
            }
            match renameat_with(&from_folder, from, &to_folder, to, RenameFlags::NOREPLACE) {
                Ok(()) => return Ok(Exchange::Moved),
                // Somebody has made one meanwhile.
                Err(Errno::EXIST) => {}
                Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                    return Ok(Exchange::Unsupported);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    {
        let _ = (root, from, to);
        Ok(Exchange::Unsupported)
    }
}

/// Takes a file away to another name; whether there was one. To another file system it is copied.
///
/// # Errors
/// The system's; a link on the way.
pub fn move_out(root: &Path, path: &str, to: &str) -> io::Result<bool> {
    let (folder, name) = match resolve::open(root, path, false) {
        Err(error) if missing(&error) && super::kind(root, path)? == super::Kind::Missing => {
            return Ok(false);
        }
        opened => opened?,
    };
    let (to_folder, to_name) = resolve::open(root, to, false)?;
    match renameat(&folder, name, &to_folder, to_name) {
        Err(Errno::XDEV) => copy(root, path, to).map(|()| true),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(false),
        other => Ok(other.map(|()| true)?),
    }
}

/// Content and mode of a file under another name, whole or not at all; then the first is removed.
fn copy(root: &Path, from: &str, to: &str) -> io::Result<()> {
    let bytes = super::read(root, from)?;
    let mode = Mode::Exactly(bits(root, from).unwrap_or(0o600) & 0o777);
    super::write(root, to, &bytes, mode)?;
    let (folder, name) = resolve::open(root, from, false)?;
    Ok(unlinkat(&folder, name, AtFlags::empty())?)
}

/// Makes the folders above a path.
///
/// # Errors
/// The system's; a link or a file on the way.
pub fn create_parents(root: &Path, path: &str) -> io::Result<()> {
    resolve::open(root, path, true).map(drop)
}

/// Makes a folder that nobody but this user may enter; one that is there is closed to others.
/// Copies of files below it are read by nobody who could not read the files.
///
/// # Errors
/// The system's; a link or a file on the way, or in its place.
pub fn make_private(root: &Path, path: &str) -> io::Result<()> {
    let (above, name) = resolve::open(root, path, true)?;
    match mkdirat(&above, name, Bits::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let folder = resolve::folder(&above, name.as_ref())?;
    if fstat(&folder)?.st_mode & 0o077 != 0 {
        // Another user's, or on a file system without modes: as it is.
        let _ = fchmod(&folder, Bits::RWXU);
    }
    Ok(())
}

/// How many names a file has (hard links); one where the file system does not say.
pub fn names(root: &Path, path: &str) -> u64 {
    let stat = resolve::open(root, path, false)
        .and_then(|(folder, name)| Ok(statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)?));
    #[allow(
        clippy::useless_conversion,
        clippy::unnecessary_fallible_conversions,
        reason = "differs between systems"
    )]
    stat.map_or(1, |stat| u64::try_from(stat.st_nlink).unwrap_or(1))
}
