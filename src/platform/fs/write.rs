//! Writing, removing and locking files and folders.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::error::{Error, Result};

/// Who may do what with a file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// As a file is, by the umask.
    Plain,
    /// As a script is, by the umask.
    Script,
    /// Its owner's alone, from its first byte on.
    Private,
    /// These bits.
    Exactly(u32),
}

impl Mode {
    /// The permission bits that a new file is asked for; the umask takes from them.
    pub fn bits(self) -> u32 {
        match self {
            Mode::Plain => 0o644,
            Mode::Script => 0o755,
            Mode::Private => 0o600,
            Mode::Exactly(bits) => bits,
        }
    }

    /// A script or not.
    pub fn of(executable: bool) -> Mode {
        if executable { Mode::Script } else { Mode::Plain }
    }
}

/// Writes a file so that a reader, or a run killed at any moment, finds the old content or the new,
/// never a part. Makes the folders above it.
pub fn write(path: &Path, bytes: &[u8], executable: bool) -> Result<()> {
    write_as(path, bytes, Mode::of(executable))
}

/// The same, with the mode that the file is to have.
pub fn write_as(path: &Path, bytes: &[u8], mode: Mode) -> Result<()> {
    write_io(path, bytes, mode).map_err(|error| {
        Error::environment(format!("cannot write {}", path.display())).because(error)
    })
}

/// The most characters of a name that are repeated in that of the file beside it: a name may have
/// 255 bytes, and so may that.
const REPEATED: usize = 50;

fn write_io(path: &Path, bytes: &[u8], mode: Mode) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name: String = name.chars().take(REPEATED).collect();
    let beside = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let result = create(&beside, bytes, mode).and_then(|()| fs::rename(&beside, path));
    if result.is_err() {
        let _ = fs::remove_file(&beside);
    }
    result
}

/// Writes a file that must not exist yet: for a tree that is not visible until it is whole, where a
/// plain write is enough.
pub fn create(path: &Path, bytes: &[u8], mode: Mode) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(mode.bits());
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    #[cfg(unix)]
    if let Mode::Exactly(bits) = mode {
        use std::os::unix::fs::PermissionsExt;
        // A file system without modes refuses; the umask has made it narrower than asked, never
        // wider.
        let _ = file.set_permissions(fs::Permissions::from_mode(bits));
    }
    Ok(())
}

/// The permission bits of what stands at a path, a link not followed; none where there is nothing,
/// or no such thing.
pub fn bits(path: &Path) -> Option<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::symlink_metadata(path).ok().map(|meta| meta.permissions().mode() & 0o7777)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// Gives a file or a folder these permission bits, where the file system has any.
pub fn set_bits(path: &Path, bits: u32) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(bits));
    }
    #[cfg(not(unix))]
    let _ = (path, bits);
}

/// Makes one folder, which must not be there.
pub fn make_new_folder(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

/// Removes a folder if it is empty; whether it is gone.
pub fn remove_if_empty(path: &Path) -> bool {
    fs::remove_dir(path).is_ok()
}

/// Whether names can be made and removed in a folder by this user.
pub fn may_change(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::fs::{Access, AtFlags, CWD, accessat};
        Ok(accessat(CWD, folder, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS)?)
    }
    #[cfg(not(unix))]
    fs::metadata(folder).map(drop)
}

/// Takes the lock of a folder, which the system frees when its holder dies; none when somebody has
/// it.
///
/// # Errors
/// Those of the system, also where folders cannot be locked.
pub fn lock_folder(path: &Path) -> io::Result<Option<File>> {
    let folder = File::open(path)?;
    match folder.try_lock() {
        Ok(()) => Ok(Some(folder)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Makes a folder and those above it.
pub fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|error| {
        Error::environment(format!("cannot make the folder {}", path.display())).because(error)
    })
}

/// Opens a log for appending, making it when missing.
pub fn append(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    OpenOptions::new().append(true).create(true).open(path).map_err(|error| {
        Error::environment(format!("cannot write {}", path.display())).because(error)
    })
}

/// Opens (and makes) a file to lock.
pub fn open_lock(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(
        |error| Error::environment(format!("cannot open {}", path.display())).because(error),
    )
}

/// Renames, on one file system.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// Removes a file; a missing one is no error.
pub fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::environment(format!("cannot remove {}", path.display())).because(error))
        }
        _ => Ok(()),
    }
}

/// Removes a folder and all below it, following no links; a missing one is no error.
pub fn remove_tree(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::environment(format!("cannot remove {}", path.display())).because(error))
        }
        _ => Ok(()),
    }
}
