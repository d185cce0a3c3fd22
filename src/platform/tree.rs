//! Trees as they stand on disk: surveyed, copied and removed without following a link.
#![allow(clippy::disallowed_methods, reason = "a part of the one place that uses std::fs")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::fs::{bits, set_bits};

/// What stands at one path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Entry {
    /// A file: its SHA-256, its length and its permission bits.
    File {
        /// In hexadecimal.
        sha256: String,
        /// In bytes.
        length: u64,
        /// Permissions.
        bits: u32,
    },
    /// A folder and its permission bits.
    Folder {
        /// Permissions.
        bits: u32,
    },
    /// A symbolic link and where it leads.
    Link {
        /// As it is written.
        target: String,
    },
    /// A socket, a pipe, a device.
    Special,
}

/// What stands at and below paths of a folder, by path with `/`. What is not there has no entry.
pub type Survey = BTreeMap<String, Entry>;

/// Surveys a path below `root`, with all that is below it.
///
/// # Errors
/// Those of the system; a folder on the way to the path that is a link.
pub fn survey(root: &Path, path: &str, into: &mut Survey) -> io::Result<()> {
    let mut place = root.to_path_buf();
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        place.push(part);
        match fs::symlink_metadata(&place) {
            Ok(meta) if parts.peek().is_some() && !meta.is_dir() => {
                return Err(io::Error::other(format!("{} is not a folder", place.display())));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    let mut open = vec![(place, path.to_owned())];
    while let Some((place, path)) = open.pop() {
        let meta = fs::symlink_metadata(&place)?;
        let bits = bits(&place).unwrap_or(0o644);
        let entry = if meta.is_symlink() {
            Entry::Link { target: fs::read_link(&place)?.to_string_lossy().into_owned() }
        } else if meta.is_dir() {
            for child in fs::read_dir(&place)? {
                let name = child?.file_name();
                let name = name.to_str().ok_or_else(|| io::Error::other("a file name is not UTF-8"))?;
                open.push((place.join(name), format!("{path}/{name}")));
            }
            Entry::Folder { bits }
        } else if meta.is_file() {
            Entry::File { sha256: sha256(&place)?, length: meta.len(), bits }
        } else {
            Entry::Special
        };
        into.insert(path, entry);
    }
    Ok(())
}

/// A number that changes when a file below a folder is made, removed or written. Hidden folders and those of `apart` are passed over, and
/// what cannot be read.
pub fn stamp(root: &Path, apart: &[&Path]) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hash = DefaultHasher::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let Ok(meta) = fs::symlink_metadata(&path) else { continue };
            let passing = name == "__pycache__" || (name.starts_with('.') && meta.is_dir());
            if passing || apart.contains(&path.as_path()) {
                continue;
            }
            if meta.is_dir() {
                open.push(path);
            } else {
                (path, meta.len(), meta.modified().ok()).hash(&mut hash);
            }
        }
    }
    hash.finish()
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            length => hash.update(&buffer[..length]),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Makes at `to` what the entry says, with a file's content from `from`; shares blocks where the file system can. Never a hard link: who
/// writes into one file must not write into the other. Replaces a file or a link at once, never half.
///
/// # Errors
/// Those of the system; an entry that is special.
pub fn put(from: &Path, entry: &Entry, to: &Path) -> io::Result<()> {
    if let Some(above) = to.parent() {
        fs::create_dir_all(above)?;
    }
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let name: String = name.chars().take(50).collect();
    let beside = to.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let made = match entry {
        Entry::Folder { bits } => {
            fs::create_dir_all(to)?;
            set_bits(to, *bits);
            return Ok(());
        }
        Entry::File { bits, .. } => fs::copy(from, &beside).map(|_| set_bits(&beside, *bits)),
        Entry::Link { target } => std::os::unix::fs::symlink(target, &beside),
        Entry::Special => Err(io::Error::other("a socket, a pipe or a device cannot be copied")),
    };
    let made = made.and_then(|()| fs::rename(&beside, to));
    if made.is_err() {
        let _ = fs::remove_file(&beside);
    }
    made
}

/// Moves what stands at a path to another place on the same file system, making the folders above it.
pub fn aside(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(above) = to.parent() {
        fs::create_dir_all(above)?;
    }
    fs::rename(from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_surveyed_and_copied_with_links_modes_and_empty_folders() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("from");
        fs::create_dir_all(root.join("a/empty")).unwrap();
        fs::write(root.join("a/run.sh"), "x").unwrap();
        set_bits(&root.join("a/run.sh"), 0o750);
        std::os::unix::fs::symlink("nowhere", root.join("a/link")).unwrap();
        let mut seen = Survey::new();
        survey(&root, "a", &mut seen).unwrap();
        survey(&root, "missing/file", &mut seen).unwrap();
        assert_eq!(seen.keys().collect::<Vec<_>>(), ["a", "a/empty", "a/link", "a/run.sh"]);
        let copy = temp.path().join("to");
        for (path, entry) in &seen {
            put(&root.join(path), entry, &copy.join(path)).unwrap();
        }
        let mut again = Survey::new();
        survey(&copy, "a", &mut again).unwrap();
        assert_eq!(again, seen);
    }

    #[test]
    fn nothing_is_reached_through_a_link() {
        let temp = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc", temp.path().join("config")).unwrap();
        assert!(survey(temp.path(), "config/passwd", &mut Survey::new()).is_err());
    }
}
