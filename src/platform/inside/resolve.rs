//! The way to a name below a root: each folder is opened from the one before, as a folder and
//! through no link.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
use rustix::io::Errno;

const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC).union(OFlags::NONBLOCK);

/// The folder that a path lies in, held open, and the path's last part.
///
/// # Errors
/// The system's; a link or anything else than a folder on the way; a path that is not below the
/// root.
pub(super) fn open<'a>(root: &Path, path: &'a str, make: bool) -> io::Result<(OwnedFd, &'a str)> {
    let parts: Vec<&str> = path.split('/').collect();
    if parts.iter().any(|part| matches!(*part, "" | "." | "..") || part.contains('\0')) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a path below the folder"));
    }
    let [above @ .., name] = parts.as_slice() else {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    };
    let mut folder = self::root(root)?;
    for part in above {
        if make {
            match mkdirat(&folder, *part, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        folder = self::folder(&folder, part.as_ref())?;
    }
    Ok((folder, name))
}

/// The root itself. How it is reached is its owner's affair.
pub(super) fn root(root: &Path) -> io::Result<OwnedFd> {
    Ok(openat(CWD, root, FOLDER, Mode::empty())?)
}

/// A folder in another one.
pub(super) fn folder(above: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    openat(above, name, FOLDER | OFlags::NOFOLLOW, Mode::empty()).map_err(|error| match error {
        // What systems say of a link where a folder is wanted.
        Errno::LOOP | Errno::NOTDIR => io::Error::new(
            io::ErrorKind::NotADirectory,
            format!("{} is not a folder but a file or a symbolic link", Path::new(name).display()),
        ),
        error => error.into(),
    })
}
