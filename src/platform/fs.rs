//! Files: bounded reads, writes that leave the old file or the new one, walks that follow no links.
#![allow(clippy::disallowed_methods, reason = "the one place that uses std::fs")]

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::{Error, Result};

/// The most that is read of one file.
const READ_LIMIT: u64 = 64 << 20;

/// The whole file.
///
/// # Errors
/// Exit 3 with the file's name; also for a file over 64 MiB.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    read_io(path).map_err(|error| {
        Error::environment(format!("cannot read {}", path.display())).because(error)
    })
}

/// Room for a file whose length nobody knows.
const PAGE: u64 = 4096;

/// The whole file, with the plain error of the system.
pub fn read_io(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    // With room for all that is said to be there two reads are enough; `/proc` says nothing, and
    // devices say anything.
    let said = file.metadata().map_or(0, |meta| meta.len().min(READ_LIMIT));
    let room = if said == 0 { PAGE } else { said };
    let mut bytes = Vec::with_capacity(usize::try_from(room).unwrap_or(0));
    file.take(READ_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > READ_LIMIT {
        return Err(io::Error::other("the file is larger than 64 MiB"));
    }
    Ok(bytes)
}

/// The whole file, or nothing when it does not exist.
pub fn read_optional(path: &Path) -> Result<Option<Vec<u8>>> {
    match read_io(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(Error::environment(format!("cannot read {}", path.display())).because(error))
        }
    }
}

/// The whole file as text.
pub fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read(path)?).map_err(|error| {
        Error::environment(format!("{} is not UTF-8", path.display())).because(error)
    })
}

/// The most that is read of a file's end, in bytes.
const TAIL: usize = 64 << 20;

/// The last lines of a file, as text; none when it cannot be read.
pub fn tail(path: &Path, lines: usize) -> Vec<String> {
    last_lines(path, lines).0
}

/// The last lines of a file, and whether it holds more of them than were read: at most [`TAIL`]
/// bytes are.
pub fn last_lines(path: &Path, lines: usize) -> (Vec<String>, bool) {
    use std::io::{Seek, SeekFrom};
    const CHUNK: u64 = 64 << 10;
    let Ok(mut file) = File::open(path) else { return (Vec::new(), false) };
    let mut start = file.metadata().map_or(0, |meta| meta.len());
    let (mut chunks, mut ends, mut length) = (Vec::new(), 0, 0);
    // The end of the last line is not the beginning of one more.
    while start > 0 && ends <= lines && length < TAIL {
        let from = start.saturating_sub(CHUNK);
        let mut chunk = Vec::new();
        if file.seek(SeekFrom::Start(from)).is_err()
            || (&mut file).take(start - from).read_to_end(&mut chunk).is_err()
        {
            break;
        }
        ends += chunk.iter().filter(|byte| **byte == b'\n').count();
        length += chunk.len();
        chunks.push(chunk);
        start = from;
    }
    let bytes: Vec<u8> = chunks.into_iter().rev().flatten().collect();
    let text = String::from_utf8_lossy(&bytes);
    let mut all: Vec<&str> = text.lines().collect();
    // It began somewhere in the middle.
    let part = start > 0 && !all.is_empty();
    if part {
        all.remove(0);
    }
    let cut = part && all.len() < lines;
    (all[all.len().saturating_sub(lines)..].iter().map(|line| (*line).to_owned()).collect(), cut)
}

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

/// The length of a file; nothing where there is none.
pub fn length(path: &Path) -> u64 {
    fs::symlink_metadata(path).map_or(0, |meta| meta.len())
}

/// When a file was written last; the beginning of time where there is none.
pub fn modified(path: &Path) -> SystemTime {
    fs::symlink_metadata(path).and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
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

/// Opens a file for reading.
pub fn open(path: &Path) -> io::Result<File> {
    File::open(path)
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

/// What stands at a path, without following a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Missing,
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, a socket, a device.
    Other,
}

/// What stands at a path, without following a link.
pub fn kind(path: &Path) -> io::Result<Kind> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_file() => Ok(Kind::File),
        Ok(meta) if meta.is_dir() => Ok(Kind::Folder),
        Ok(_) => Ok(Kind::Other),
        // Below a file there is nothing.
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            Ok(Kind::Missing)
        }
        Err(error) => Err(error),
    }
}

/// The names in a folder, sorted.
pub fn names(path: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// The names of the folders in a folder, sorted; links are not counted.
pub fn folders(path: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// All files below a folder, by path with `/`. A missing folder is empty.
///
/// # Errors
/// Exit 2 for a link, a special file or a name that is not UTF-8: a tree that is to be copied must
/// not point out of itself, and must come out under its own names. Exit 3 when it cannot be read.
pub fn walk(root: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    if kind(root).is_ok_and(|kind| matches!(kind, Kind::Other | Kind::File)) {
        return Err(Error::usage(format!("{} is no folder but a link or a file", root.display()))
            .hint("a pack holds plain files and folders only"));
    }
    let mut open: Vec<(PathBuf, String)> = vec![(root.to_path_buf(), String::new())];
    while let Some((folder, prefix)) = open.pop() {
        let cannot = |error: io::Error| {
            Error::environment(format!("cannot read {}", folder.display())).because(error)
        };
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && prefix.is_empty() => {
                return Ok(files);
            }
            entries => entries.map_err(cannot)?,
        };
        for entry in entries {
            let entry = entry.map_err(cannot)?;
            let name = entry.file_name().into_string().map_err(|_| {
                Error::usage(format!("the name {} is not UTF-8", entry.path().display()))
                    .hint("rename it: the files of a lab have names that every system can write")
            })?;
            let path = format!("{prefix}{name}");
            let kind = entry.file_type().map_err(cannot)?;
            if kind.is_dir() {
                open.push((entry.path(), format!("{path}/")));
            } else if kind.is_file() {
                files.insert(path, read(&entry.path())?);
            } else {
                return Err(Error::usage(format!(
                    "{} is a link or a special file",
                    entry.path().display()
                ))
                .hint("a pack holds plain files only"));
            }
        }
    }
    Ok(files)
}

/// Visits every file below a folder but those in folders with the names `apart`; links and special
/// files are passed over. Tells path with `/`, content, and whether it may be executed.
pub fn visit(
    root: &Path,
    apart: &[&str],
    tell: &mut dyn FnMut(String, Vec<u8>, bool),
) -> Result<()> {
    let mut open: Vec<(PathBuf, String)> = vec![(root.to_path_buf(), String::new())];
    while let Some((folder, prefix)) = open.pop() {
        let cannot = |error: io::Error| {
            Error::environment(format!("cannot read {}", folder.display())).because(error)
        };
        for entry in fs::read_dir(&folder).map_err(cannot)? {
            let entry = entry.map_err(cannot)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().map_err(cannot)?;
            if kind.is_dir() && !apart.contains(&name.as_str()) {
                open.push((entry.path(), format!("{prefix}{name}/")));
            } else if kind.is_file() {
                let bytes = read(&entry.path())?;
                #[cfg(unix)]
                let executable = {
                    use std::os::unix::fs::PermissionsExt;
                    entry.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o100 != 0)
                };
                #[cfg(not(unix))]
                let executable = false;
                tell(format!("{prefix}{name}"), bytes, executable);
            }
        }
    }
    Ok(())
}

/// The bytes of all files below a folder, links not followed; what cannot be read counts as
/// nothing.
pub fn size(root: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(root) else { return 0 };
    let sizes = entries.filter_map(|entry| entry.ok()).map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => size(&entry.path()),
        Ok(kind) if kind.is_file() => entry.metadata().map_or(0, |meta| meta.len()),
        _ => 0,
    });
    sizes.sum()
}
