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

/// Removes a file below `root`; a missing one is no error.
pub fn remove(root: &Path, path: &str) -> io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::fs::{AtFlags, unlinkat};
        let gone = |error: &io::Error| {
            matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        };
        let opened = match way::open(root, path, false) {
            Err(error) if gone(&error) => return Ok(()),
            opened => opened?,
        };
        match unlinkat(&opened.0, opened.1, AtFlags::empty()).map_err(io::Error::from) {
            Err(error) if !gone(&error) => Err(error),
            _ => Ok(()),
        }
    }
    #[cfg(not(unix))]
    super::fs::remove(&root.join(path)).map_err(io::Error::other)
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
