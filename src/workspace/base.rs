//! The pristine files of a lab, as `init` or the last `update` made them: one tar archive instead
//! of a second tree beside the project, which halves the files that `init` writes. Any tar shows
//! it: `tar tf .mlops-lab/base.tar`.

use std::io::Read;
use std::path::Path;

use crate::catalog::tree::{File, RelPath, Tree};
use crate::error::{Error, Result};
use crate::layout;
use crate::platform::inside;

/// The archive of these files: the same bytes for the same files, whoever packs them and whenever.
///
/// # Errors
/// Exit 70 for a path that tar cannot hold; there is none among those that a lab may have.
pub(super) fn pack<'a>(
    files: impl Iterator<Item = (&'a RelPath, &'a File)> + Clone,
) -> Result<Vec<u8>> {
    const BLOCK: usize = 512;
    let room =
        files.clone().map(|(_, file)| 2 * BLOCK + file.bytes.len()).sum::<usize>() + 2 * BLOCK;
    let mut archive = tar::Builder::new(Vec::with_capacity(room));
    let failed =
        |error: std::io::Error| Error::bug("pristine files that cannot be packed").because(error);
    for (path, file) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(file.bytes.len() as u64);
        header.set_mode(if file.executable { 0o755 } else { 0o644 });
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        archive.append_data(&mut header, path.as_str(), file.bytes.as_slice()).map_err(failed)?;
    }
    archive.into_inner().map_err(failed)
}

/// The pristine files of the lab at `root`, whose record has this schema.
///
/// # Errors
/// Exit 3 when they are not there or cannot be read, or the archive is broken or holds something
/// else than files of a project.
pub(super) fn read(root: &Path, schema: u32) -> Result<Tree> {
    if schema < 2 {
        return super::tree(root, layout::BASE_FOLDER);
    }
    let path = layout::BASE;
    // Without them every file would look as if the learner had written it.
    let bytes = inside::read_optional(root, path).map_err(inside::cannot("read", root, path))?;
    let bytes = bytes.ok_or_else(|| "there is no such file".to_owned());
    bytes.and_then(|bytes| unpack(&bytes)).map_err(|why| {
        Error::environment(format!("{}: {why}", root.join(path).display()))
            .hint("restore the file from git, or create the lab again beside it: mlops-lab init")
    })
}

fn unpack(bytes: &[u8]) -> Result<Tree, String> {
    let broken = |error: std::io::Error| format!("this is no whole archive: {error}");
    let mut files = Tree::new();
    for entry in tar::Archive::new(bytes).entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let path = String::from_utf8(entry.path_bytes().into_owned())
            .map_err(|_| "a path in it is not UTF-8".to_owned())
            .and_then(RelPath::new)?;
        if !entry.header().entry_type().is_file() {
            return Err(format!("`{path}` in it is no file"));
        }
        let mut content = Vec::new();
        // No capacity by the size that the header claims: it may be anything.
        let length = entry.read_to_end(&mut content).map_err(broken)? as u64;
        if length != entry.size() {
            return Err(format!("`{path}` in it is cut off"));
        }
        files.insert(path, File::new(content));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &[u8])]) -> Tree {
        files
            .iter()
            .map(|(path, bytes)| (RelPath::new(*path).unwrap(), File::new(bytes.to_vec())))
            .collect()
    }

    #[test]
    fn what_is_packed_comes_out_again() {
        let long = ["a-name-that-is-rather-long"; 12].join("/");
        let files = tree(&[
            ("README.md", b"# a lab\n"),
            ("empty", b""),
            ("ops/load.sh", b"#!/bin/sh\n"),
            ("ops/m\u{fc}ll und mehr.bin", &[0, 255, 10, 13, 0]),
            (&long, &[b'x'; 1_000]),
            (&"n".repeat(255), b"n"),
        ]);
        let packed = pack(files.iter()).unwrap();
        assert_eq!(unpack(&packed).unwrap(), files);
        assert_eq!(packed, pack(files.iter()).unwrap());
        assert_eq!(unpack(&pack(Tree::new().iter()).unwrap()).unwrap(), Tree::new());
    }

    #[test]
    fn a_broken_archive_is_refused() {
        let whole = pack(tree(&[("a", b"first"), ("b", &[b'x'; 2_000])]).iter()).unwrap();
        // In the middle of the second file, and of its header.
        for cut in [2_200, 1_100] {
            assert!(unpack(&whole[..cut]).is_err(), "cut at {cut}");
        }
        let mut other = whole.clone();
        other[0] = b'c';
        assert!(unpack(&other).unwrap_err().contains("checksum"), "{:?}", unpack(&other));
    }

    #[test]
    fn an_archive_names_nothing_outside_and_no_links() {
        let with = |name: &str, kind: tar::EntryType| {
            let mut header = tar::Header::new_gnu();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(kind);
            header.set_size(0);
            header.set_cksum();
            let mut archive = tar::Builder::new(Vec::new());
            archive.append(&header, &[][..]).unwrap();
            unpack(&archive.into_inner().unwrap())
        };
        assert!(with("a", tar::EntryType::Regular).is_ok());
        for name in ["../a", "/etc/a", "a/../../b", "a//b", ""] {
            assert!(with(name, tar::EntryType::Regular).is_err(), "{name}");
        }
        for kind in [
            tar::EntryType::Symlink,
            tar::EntryType::Link,
            tar::EntryType::Directory,
            tar::EntryType::Fifo,
        ] {
            assert!(with("a", kind).is_err(), "{kind:?}");
        }
    }

    proptest::proptest! {
        /// A lab comes with a repository, perhaps of a stranger's.
        #[test]
        fn no_archive_makes_it_panic_or_names_something_outside(
            changes in proptest::collection::vec(
                (0..4_096_usize, proptest::prelude::any::<u8>()),
                0..8,
            ),
            // The sum over a header is made right again, or the change is found by that alone.
            right in proptest::prelude::any::<bool>(),
            length in 0..4_097_usize,
        ) {
            let mut bytes = pack(tree(&[("a", b"first"), ("b/c", &[b'x'; 600])]).iter()).unwrap();
            bytes.resize(4_096, 0);
            changes.iter().for_each(|(place, byte)| bytes[*place] = *byte);
            for header in [0, 1_024] {
                if right {
                    let field = header + 148..header + 156;
                    bytes[field.clone()].fill(b' ');
                    let sum: u32 = bytes[header..header + 512].iter().copied().map(u32::from).sum();
                    bytes[field].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
                }
            }
            // Every path that comes out is one that stays inside: the type has no others.
            if let Ok(files) = unpack(&bytes[..length]) {
                proptest::prop_assert!(files.len() <= 3);
            }
        }
    }
}
