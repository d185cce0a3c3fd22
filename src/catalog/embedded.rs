//! The labs in this binary: one block of all files, and a table in which each line says where a
//! file begins, how long it is, and its path, in the order of the paths. `build.rs` makes both.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use include_dir::{Dir, include_dir};

static PACKED: Dir<'_> = include_dir!("$OUT_DIR/packed");

/// Every file by its path, in the order of the paths. Made of the table when it is first asked for.
static FILES: LazyLock<Vec<(&str, &[u8])>> = LazyLock::new(|| {
    let part = |name| PACKED.get_file(name).map_or(&[][..], |file| file.contents());
    let (table, block) = (std::str::from_utf8(part("table")).unwrap_or_default(), part("block"));
    let line = |line: &'static str| {
        let (begins, line) = line.split_once(' ')?;
        let (length, path) = line.split_once(' ')?;
        let begins: usize = begins.parse().ok()?;
        Some((path, block.get(begins..begins.checked_add(length.parse().ok()?)?)?))
    };
    table.lines().filter_map(line).collect()
});

/// The files whose path begins so, each with the rest of its path.
pub(super) fn below(prefix: &str) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    let first = FILES.partition_point(|(path, _)| *path < prefix);
    FILES[first..]
        .iter()
        .map_while(move |(path, content)| Some((path.strip_prefix(prefix)?, *content)))
}

/// The content of one file.
pub(super) fn file(path: &str) -> Option<&'static [u8]> {
    below(path).next().and_then(|(rest, content)| rest.is_empty().then_some(content))
}

/// The names of the folders in a folder, given with its `/`.
pub(super) fn folders(folder: &str) -> BTreeSet<&'static str> {
    below(folder).filter_map(|(rest, _)| Some(rest.split_once('/')?.0)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests look at the disk by themselves")]

    use super::*;

    #[test]
    fn what_was_packed_is_found_as_it_is_on_the_disk() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut seen = 0;
        for (path, content) in below("") {
            assert!(std::fs::read(root.join(path)).unwrap() == content, "{path}");
            assert_eq!(file(path), Some(content));
            seen += 1;
        }
        assert!(seen > 100, "{seen}");
        assert_eq!(seen, below("labs/").count() + below("templates/").count());
        assert!(folders("labs/").contains("serving"), "{:?}", folders("labs/"));
        assert_eq!(file("labs/serving"), None);
        assert_eq!(below("labs/nothing/").count(), 0);
    }
}
