//! Trees as they stand on disk: surveyed, stamped, and copied from one root to another. No link is
//! followed; one is copied as a link.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{
    AtFlags, Mode as Bits, fchmod, mkdirat, readlinkat, renameat, symlinkat, unlinkat,
};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::tree::{self, kind_of};
use super::{Kind, Mode, beside, new_file, open_in, resolve};

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
/// The system's; a folder on the way to the path that is a link; a name that is not UTF-8.
pub fn survey(root: &Path, path: &str, into: &mut Survey) -> io::Result<()> {
    let (folder, name) = match resolve::open(root, path, false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    match entry(&folder, name, path, into, 0) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        surveyed => surveyed,
    }
}

fn entry(
    folder: &OwnedFd,
    name: &str,
    path: &str,
    into: &mut Survey,
    depth: usize,
) -> io::Result<()> {
    let stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let bits = stat.st_mode & 0o7777;
    let entry = match kind_of(stat.st_mode) {
        Kind::Folder => {
            let inner = resolve::folder(folder, name.as_ref())?;
            tree::not_too_deep(path, depth)?;
            for child in tree::entries(&inner)? {
                let child =
                    child.to_str().ok_or_else(|| io::Error::other("a file name is not UTF-8"))?;
                self::entry(&inner, child, &format!("{path}/{child}"), into, depth + 1)?;
            }
            Entry::Folder { bits }
        }
        Kind::File => {
            let (sha256, length) = sha256(open_in(folder, name.as_ref())?)?;
            Entry::File { sha256, length, bits }
        }
        _ => match readlinkat(folder, name, Vec::new()) {
            Ok(target) => Entry::Link { target: target.to_string_lossy().into_owned() },
            // What is no link.
            Err(Errno::INVAL) => Entry::Special,
            Err(error) => return Err(error.into()),
        },
    };
    into.insert(path.to_owned(), entry);
    Ok(())
}

/// A number that changes when a file below a folder is made, removed or written. Hidden folders and
/// the paths of `apart` are passed over, and what cannot be read.
pub fn stamp(root: &Path, apart: &[String]) -> u64 {
    let mut hash = DefaultHasher::new();
    if let Ok(folder) = resolve::root(root) {
        stamp_in(&folder, "", apart, &mut hash, 0);
    }
    hash.finish()
}

fn stamp_in(
    folder: &OwnedFd,
    prefix: &str,
    apart: &[String],
    hash: &mut DefaultHasher,
    depth: usize,
) {
    let Ok(names) = tree::entries(folder) else { return };
    for name in names {
        let Ok(stat) = rustix::fs::statat(folder, &name, AtFlags::SYMLINK_NOFOLLOW) else {
            continue;
        };
        let path = format!("{prefix}{}", name.to_string_lossy());
        let enters = kind_of(stat.st_mode) == Kind::Folder;
        let passing = name == "__pycache__" || enters && name.as_encoded_bytes().starts_with(b".");
        if passing || apart.contains(&path) || tree::not_too_deep(&path, depth).is_err() {
            continue;
        }
        if !enters {
            (&path, stat.st_size, stat.st_mtime, stat.st_mtime_nsec).hash(hash);
        } else if let Ok(inner) = resolve::folder(folder, &name) {
            stamp_in(&inner, &format!("{path}/"), apart, hash, depth + 1);
        }
    }
}

fn sha256(mut file: File) -> io::Result<(String, u64)> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    let mut length = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => {
                length += read as u64;
                hash.update(&buffer[..read]);
            }
        }
    }
    Ok((hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect(), length))
}

/// Makes at a path of one root what the entry says, with a file's content from a path of another;
/// shares blocks where the file system can. Never a hard link: who writes into one file must not
/// write into the other. Replaces a file or a link at once, never half.
///
/// # Errors
/// The system's; a link on the way; an entry that is special.
pub fn put(from: (&Path, &str), entry: &Entry, to: (&Path, &str)) -> io::Result<()> {
    let (folder, name) = resolve::open(to.0, to.1, true)?;
    if let Entry::Folder { bits } = entry {
        match mkdirat(&folder, name, Bits::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        return Ok(fchmod(resolve::folder(&folder, name.as_ref())?, Bits::from_raw_mode(*bits))?);
    }
    let beside = beside(name)?;
    let made = match entry {
        Entry::File { bits, .. } => copy(from, *bits, &folder, &beside),
        Entry::Link { target } => Ok(symlinkat(target.as_str(), &folder, beside.as_str())?),
        Entry::Folder { .. } | Entry::Special => {
            Err(io::Error::other("a socket, a pipe or a device cannot be copied"))
        }
    };
    let made = made.and_then(|()| Ok(renameat(&folder, beside.as_str(), &folder, name)?));
    if made.is_err() {
        let _ = unlinkat(&folder, beside.as_str(), AtFlags::empty());
    }
    made
}

/// Nobody may read the copy before its mode is that of the file.
fn copy(from: (&Path, &str), bits: u32, folder: &OwnedFd, beside: &str) -> io::Result<()> {
    let mut source = super::open(from.0, from.1)?;
    let mut copy = new_file(folder.as_fd(), beside, Mode::Private)?;
    io::copy(&mut source, &mut copy)?;
    // A file system without modes refuses; it is then as narrow as it was made.
    let _ = fchmod(&copy, Bits::from_raw_mode(bits));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_tree_is_surveyed_and_copied_with_links_modes_and_empty_folders() {
        let temp = tempfile::tempdir().unwrap();
        let (root, copy) = (temp.path().join("from"), temp.path().join("to"));
        fs::create_dir_all(root.join("a/empty")).unwrap();
        fs::create_dir(&copy).unwrap();
        fs::write(root.join("a/run.sh"), "x").unwrap();
        fs::set_permissions(root.join("a/run.sh"), PermissionsExt::from_mode(0o750)).unwrap();
        std::os::unix::fs::symlink("nowhere", root.join("a/link")).unwrap();
        let mut seen = Survey::new();
        survey(&root, "a", &mut seen).unwrap();
        survey(&root, "missing/file", &mut seen).unwrap();
        survey(&root, "missing", &mut seen).unwrap();
        assert_eq!(seen.keys().collect::<Vec<_>>(), ["a", "a/empty", "a/link", "a/run.sh"]);
        for (path, entry) in &seen {
            put((&root, path), entry, (&copy, path)).unwrap();
        }
        let mut again = Survey::new();
        survey(&copy, "a", &mut again).unwrap();
        assert_eq!(again, seen);
        assert_eq!(fs::read_dir(copy.join("a")).unwrap().count(), 3, "nothing else is left there");
    }

    #[test]
    fn nothing_is_reached_through_a_link() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("root");
        fs::create_dir(&root).unwrap();
        fs::write(temp.path().join("secret"), "secret").unwrap();
        std::os::unix::fs::symlink(temp.path(), root.join("way")).unwrap();
        std::os::unix::fs::symlink(temp.path().join("secret"), root.join("link")).unwrap();
        assert!(survey(&root, "way/secret", &mut Survey::new()).is_err());
        let file = Entry::File { sha256: String::new(), length: 6, bits: 0o644 };
        assert!(put((&root, "link"), &file, (&root, "copy")).is_err());
        assert!(put((&root, "way/secret"), &file, (&root, "copy")).is_err());
        assert!(put((temp.path(), "secret"), &file, (&root, "way/new")).is_err());
        assert!(!root.join("copy").exists() && !temp.path().join("new").exists());
        put((temp.path(), "secret"), &file, (&root, "link")).unwrap();
        assert!(root.join("link").symlink_metadata().unwrap().is_file());
    }

    #[test]
    fn a_stamp_changes_with_a_file_and_not_with_what_is_apart() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        for folder in ["src", "data/deep", ".git"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let stamp = || stamp(root, &["data".to_owned()]);
        let before = stamp();
        fs::write(root.join("data/deep/x"), "x").unwrap();
        fs::write(root.join(".git/x"), "x").unwrap();
        assert_eq!(stamp(), before);
        fs::write(root.join("src/x"), "x").unwrap();
        assert_ne!(stamp(), before);
        let before = stamp();
        fs::write(root.join("src/x"), "xy").unwrap();
        assert_ne!(stamp(), before);
    }
}
