//! What a folder holds: kinds, names, walks.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::read;
use crate::error::{Error, Result};

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
/// files are passed over. Hands on each path, with `/`.
///
/// # Errors
/// Exit 3 for a folder that cannot be read; what `visitor` returns.
pub fn visit(
    root: &Path,
    apart: &[&str],
    visitor: &mut dyn FnMut(String) -> Result<()>,
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
                visitor(format!("{prefix}{name}"))?;
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
