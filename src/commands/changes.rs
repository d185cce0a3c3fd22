//! What `init` and `update` share: answers as they are typed, the files on disk, and the list of
//! changes.

use std::io::{self, Write};
use std::path::Path;

use super::diff::unified;
use crate::catalog::tree::{File, RelPath, Tree};
use crate::error::{Error, Result};
use crate::platform::fs::Kind;
use crate::platform::inside::{self, cannot};
use crate::platform::term::{BAD, DIM, GOOD, WARN};
use crate::scaffold::{self, Action, Change};

/// `NAME=VALUE` as name and value.
pub(super) fn sets(given: &[String]) -> Result<Vec<(String, String)>> {
    let without: Vec<String> =
        given.iter().filter(|set| !set.contains('=')).map(|set| format!("`--set {set}`")).collect();
    if !without.is_empty() {
        let verb = if without.len() == 1 { "has" } else { "have" };
        return Err(Error::usage(format!("{} {verb} no `=`", without.join(" and ")))
            .hint("write --set NAME=VALUE, for example --set port=9000"));
    }
    let split =
        |set: &String| set.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(given.iter().filter_map(split).collect())
}

/// The files on disk with these paths, and those that stand where one would be put beside them. A
/// folder is no file.
pub(super) fn disk<'a>(root: &Path, paths: impl Iterator<Item = &'a RelPath>) -> Result<Tree> {
    let mut tree = Tree::new();
    let mut read = |path: &RelPath| -> Result<bool> {
        match inside::kind(root, path.as_str()) {
            Ok(Kind::Missing) => return Ok(false),
            Ok(Kind::Folder) => {}
            _ => tree.extend(content(root, path)?.map(|file| (path.clone(), file))),
        }
        Ok(true)
    };
    for path in paths {
        read(path)?;
        for name in scaffold::beside(path) {
            if !read(&name)? {
                break;
            }
        }
    }
    Ok(tree)
}

/// A file of the project as it is; none where there is none.
pub(super) fn content(root: &Path, path: &RelPath) -> Result<Option<File>> {
    let found =
        inside::content(root, path.as_str()).map_err(cannot("read", root, path.as_str()))?;
    Ok(found.map(|(bytes, executable)| File { bytes, executable }))
}

/// What changes, line by line.
pub(super) fn shown(changes: &[Change], mine: &Tree) -> String {
    let mut all = String::new();
    for change in changes.iter().filter(|change| change.writes()) {
        let before = mine.get(change.renamed_from.as_ref().unwrap_or(&change.path));
        let old = before.map_or(&[][..], |file| &file.bytes);
        let new = change.file.as_ref().map_or(&[][..], |file| &file.bytes);
        all.push_str(&unified(&change.path, old, new));
    }
    all
}

/// The changes, a line each.
pub(super) fn listed(changes: &[Change], out: &mut dyn Write) -> io::Result<()> {
    for change in changes {
        let (style, word) = match change.action {
            Action::Create => (GOOD, "new"),
            Action::Update => (GOOD, "updated"),
            Action::Merge => (GOOD, "merged"),
            Action::Conflict => (BAD, "conflict"),
            Action::Overwrite => (WARN, "replaced"),
            Action::Delete => (DIM, "removed"),
            Action::Keep => (WARN, "kept"),
            Action::Ask => (WARN, "ask"),
        };
        let from =
            change.renamed_from.as_ref().map(|from| format!(" (was {from})")).unwrap_or_default();
        let why = change.why.map(|why| format!(": {why}")).unwrap_or_default();
        writeln!(out, "  {style}{word:8}{style:#}  {}{from}{DIM}{why}{DIM:#}", change.path)?;
    }
    Ok(())
}
