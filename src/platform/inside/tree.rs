//! Whole folders below a root: listed, visited, measured, removed.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, fchmod, fstat, statat, unlinkat};
use rustix::io::Errno;

use super::{Kind, resolve};

/// How deep folders are followed: more than any lab has, and fewer than there are descriptors to
/// hold.
const DEEPEST: usize = 100;

/// A file, a folder or something else, on a walk.
#[derive(Debug)]
pub struct FoundEntry<'a> {
    /// With `/`, relative to where the walk began; bytes that are not UTF-8 are replaced.
    pub path: &'a str,
    /// What it is.
    pub kind: Kind,
}

/// The folder itself, held open.
pub(super) fn open(root: &Path, path: &str) -> io::Result<OwnedFd> {
    let (above, name) = resolve::open(root, path, false)?;
    resolve::folder(&above, name.as_ref())
}

pub(super) fn entries(folder: &OwnedFd) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = std::ffi::OsStr::from_bytes(entry.file_name().to_bytes());
        if name != "." && name != ".." {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// What is in a folder, sorted by name; nothing where there is no such folder. Names that are not
/// UTF-8 are not listed: nothing of ours has one.
///
/// # Errors
/// The system's; something else than a folder.
pub fn list(root: &Path, path: &str) -> io::Result<Vec<(String, Kind)>> {
    let folder = match open(root, path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        folder => folder?,
    };
    let mut found = Vec::new();
    for name in entries(&folder)? {
        let kind = match statat(&folder, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => kind_of(stat.st_mode),
            Err(Errno::NOENT) => continue,
            Err(error) => return Err(error.into()),
        };
        found.extend(name.into_string().ok().map(|name| (name, kind)));
    }
    Ok(found)
}

#[allow(clippy::useless_conversion, reason = "the type of a mode differs between systems")]
pub(super) fn kind_of(mode: u32) -> Kind {
    match FileType::from_raw_mode(mode.into()) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Folder,
        _ => Kind::Other,
    }
}

/// Visits everything below a folder, folders before what is in them; a folder is entered where
/// `enter` says so. An empty path means the root.
///
/// # Errors
/// The system's, and those of `visit`.
pub fn visit(
    root: &Path,
    path: &str,
    enter: &dyn Fn(&str) -> bool,
    visit: &mut dyn FnMut(&FoundEntry<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let folder = if path.is_empty() { resolve::root(root)? } else { open(root, path)? };
    visit_in(&folder, "", enter, visit, 0)
}

fn visit_in(
    folder: &OwnedFd,
    prefix: &str,
    enter: &dyn Fn(&str) -> bool,
    visit: &mut dyn FnMut(&FoundEntry<'_>) -> io::Result<()>,
    depth: usize,
) -> io::Result<()> {
    not_too_deep(prefix, depth)?;
    for name in entries(folder)? {
        let stat = match statat(folder, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => continue,
            stat => stat?,
        };
        let path = format!("{prefix}{}", name.to_string_lossy());
        let kind = kind_of(stat.st_mode);
        visit(&FoundEntry { path: &path, kind })?;
        if kind == Kind::Folder && enter(&path) {
            visit_in(
                &resolve::folder(folder, &name)?,
                &format!("{path}/"),
                enter,
                visit,
                depth + 1,
            )?;
        }
    }
    Ok(())
}

pub(super) fn not_too_deep(path: &str, depth: usize) -> io::Result<()> {
    if depth > DEEPEST {
        return Err(io::Error::other(format!(
            "{path}: folders are nested more than {DEEPEST} deep"
        )));
    }
    Ok(())
}

/// Everything below a folder that is no folder itself, with the folder's own path; nothing where
/// there is no such folder.
///
/// # Errors
/// The system's.
pub fn files(root: &Path, folder: &str) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    let note = &mut |found: &FoundEntry<'_>| {
        files.extend((found.kind != Kind::Folder).then(|| format!("{folder}/{}", found.path)));
        Ok(())
    };
    match visit(root, folder, &|_| true, note) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        visited => visited.map(|()| files),
    }
}

/// Lets every user read what lies at and below a path; how many files and folders had kept them
/// out. Links are left alone.
///
/// # Errors
/// The system's.
pub fn make_readable(root: &Path, path: &str) -> io::Result<usize> {
    let (above, name) = resolve::open(root, path, false)?;
    readable_in(&above, name.as_ref(), 0)
}

fn readable_in(above: &OwnedFd, name: &std::ffi::OsStr, depth: usize) -> io::Result<usize> {
    let kept_out = statat(above, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let kind = kind_of(kept_out.st_mode);
    let file = match kind {
        Kind::File => OwnedFd::from(super::open_in(above, name)?),
        Kind::Folder if depth <= DEEPEST => resolve::folder(above, name)?,
        _ => return Ok(0),
    };
    let bits = fstat(&file)?.st_mode & 0o7777;
    let runs = if kind == Kind::Folder || bits & 0o111 != 0 { 0o111 } else { 0 };
    let wanted = bits | 0o444 | runs;
    let mut opened = 0;
    if wanted != bits {
        fchmod(&file, Mode::from_raw_mode(wanted))?;
        opened += 1;
    }
    if kind == Kind::Folder {
        for below in entries(&file)? {
            opened += readable_in(&file, &below, depth + 1)?;
        }
    }
    Ok(opened)
}

/// Removes a folder if it is empty; whether it is gone.
pub fn remove_if_empty(root: &Path, path: &str) -> bool {
    resolve::open(root, path, false)
        .is_ok_and(|(folder, name)| unlinkat(&folder, name, AtFlags::REMOVEDIR).is_ok())
}

/// Removes the folders above a path that are empty, up to but not including the root.
pub fn remove_empty_above(root: &Path, path: &str) {
    let above = path.rmatch_indices('/').map(|(end, _)| &path[..end]);
    // Refused for a folder that is not empty.
    let _ = above.into_iter().all(|folder| remove_if_empty(root, folder));
}

/// Removes a folder that holds nothing but folders; anything else stays.
pub fn remove_empty_folders(root: &Path, path: &str) {
    for (name, kind) in list(root, path).unwrap_or_default() {
        if kind == Kind::Folder {
            remove_empty_folders(root, &format!("{path}/{name}"));
        }
    }
    remove_if_empty(root, path);
}

/// Removes a folder and all below it, or a file, or a link as such; what is not there is no error.
///
/// # Errors
/// The system's.
pub fn remove_tree(root: &Path, path: &str) -> io::Result<()> {
    match resolve::open(root, path, false) {
        Ok((folder, name)) => remove_in(&folder, name.as_ref(), 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn remove_in(folder: &OwnedFd, name: &std::ffi::OsStr, depth: usize) -> io::Result<()> {
    not_too_deep(&name.to_string_lossy(), depth)?;
    match unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        // What systems say of a folder.
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    let inner = resolve::folder(folder, name)?;
    for below in entries(&inner)? {
        remove_in(&inner, &below, depth + 1)?;
    }
    match unlinkat(folder, name, AtFlags::REMOVEDIR) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
