//! Changing a folder's content through no link: each folder on the way is opened as a folder, one from the other, so that one which is
//! swapped for a link while we work leads nowhere.

use std::io;
use std::path::Path;

/// Brings a file to its name below `root`, over one that is there. From another file system it is copied.
pub fn bring(from: &Path, root: &Path, to: &str) -> io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::fs::{CWD, renameat};
        let (folder, name) = way::open(root, to, false)?;
        match renameat(CWD, from, &folder, name) {
            Err(rustix::io::Errno::XDEV) => {
                way::copy(from, &folder, name)?;
                super::fs::remove(from).map_err(io::Error::other)
            }
            other => Ok(other?),
        }
    }
    #[cfg(not(unix))]
    super::fs::rename(from, &root.join(to))
}

/// How a file came to its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swap {
    /// What was there now has the other name.
    Exchanged,
    /// Nothing was there.
    Came,
    /// Not at all: this system, or this file system, cannot do it in one step.
    Not,
}

/// Lets two files change places in one step: one that somebody is just writing is not lost with its name. `to` is below `root`.
pub fn swap(from: &Path, root: &Path, to: &str) -> io::Result<Swap> {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        let (folder, name) = way::open(root, to, false)?;
        loop {
            match renameat_with(CWD, from, &folder, name, RenameFlags::EXCHANGE) {
                Ok(()) => return Ok(Swap::Exchanged),
                Err(Errno::NOENT) => {}
                Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => return Ok(Swap::Not),
                Err(error) => return Err(error.into()),
            }
            match renameat_with(CWD, from, &folder, name, RenameFlags::NOREPLACE) {
                Ok(()) => return Ok(Swap::Came),
                // Somebody has made one meanwhile.
                Err(Errno::EXIST) => {}
                Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => return Ok(Swap::Not),
                Err(error) => return Err(error.into()),
            }
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    {
        let _ = (from, root, to);
        Ok(Swap::Not)
    }
}

/// Takes a file below `root` away, to a name elsewhere; whether there was one. From another file system it is copied.
pub fn take(root: &Path, path: &str, to: &Path) -> io::Result<bool> {
    #[cfg(unix)]
    {
        use rustix::fs::{AtFlags, CWD, renameat, unlinkat};
        let gone = |error: &io::Error| {
            matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        };
        let opened = match way::open(root, path, false) {
            Err(error) if gone(&error) => return Ok(false),
            opened => opened?,
        };
        match renameat(&opened.0, opened.1, CWD, to) {
            Err(rustix::io::Errno::XDEV) => {
                let bytes = super::fs::read_io(&root.join(path))?;
                super::fs::write_as(to, &bytes, super::fs::Mode::Private).map_err(io::Error::other)?;
                unlinkat(&opened.0, opened.1, AtFlags::empty())?;
                Ok(true)
            }
            Err(error) if gone(&error.into()) => Ok(false),
            other => Ok(other.map(|()| true)?),
        }
    }
    #[cfg(not(unix))]
    match super::fs::rename(&root.join(path), to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        other => other.map(|()| true),
    }
}

/// Makes the folders above a path below `root`.
pub fn make_way(root: &Path, path: &str) -> io::Result<()> {
    #[cfg(unix)]
    {
        way::open(root, path, true).map(drop)
    }
    #[cfg(not(unix))]
    root.join(path).parent().map_or(Ok(()), |folder| super::fs::make_folder(folder).map_err(io::Error::other))
}

/// How many names a file has (hard links); one where the file system does not say.
pub fn names(path: &Path) -> u64 {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        std::fs::symlink_metadata(path).map_or(1, |meta| meta.nlink())
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        1
    }
}

#[cfg(unix)]
mod way {
    use std::fs::File;
    use std::io::{self, Write};
    use std::os::fd::OwnedFd;
    use std::path::Path;

    use rustix::fs::{AtFlags, CWD, Mode, OFlags, fchmod, mkdirat, openat, renameat, unlinkat};
    use rustix::io::Errno;

    /// The folder of a path, and the path's last part.
    pub(super) fn open<'a>(root: &Path, path: &'a str, make: bool) -> io::Result<(OwnedFd, &'a str)> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        // How the root itself is reached is its owner's affair.
        let mut folder = openat(CWD, root, flags, Mode::empty())?;
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        for part in above.split('/').filter(|part| !part.is_empty()) {
            if make {
                match mkdirat(&folder, part, Mode::from_raw_mode(0o777)) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            folder = openat(&folder, part, flags | OFlags::NOFOLLOW, Mode::empty())?;
        }
        Ok((folder, name))
    }

    /// A file's content and mode under a name, whole or not at all.
    pub(super) fn copy(from: &Path, folder: &OwnedFd, name: &str) -> io::Result<()> {
        let bytes = crate::platform::fs::read_io(from)?;
        let beside = format!(".mlops-lab.{}.tmp", std::process::id());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let bits = Mode::from_raw_mode(crate::platform::fs::bits(from).unwrap_or(0o600) as _);
        let file = openat(folder, beside.as_str(), flags, bits)?;
        let _ = fchmod(&file, bits);
        let result = File::from(file)
            .write_all(&bytes)
            .and_then(|()| Ok(renameat(folder, beside.as_str(), folder, name)?));
        if result.is_err() {
            let _ = unlinkat(folder, beside.as_str(), AtFlags::empty());
        }
        result
    }
}
