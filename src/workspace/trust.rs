//! What this user has trusted of a lab: kept with the run state, so that it does not travel with
//! the lab's folder. A copy, a clone, another folder at the same path, a manifest that changed:
//! each is to be trusted anew.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::path::real;
use super::{Record, Workspace, instance, text, tree};
use crate::catalog::tree::Tree;
use crate::catalog::{Lab, Source};
use crate::error::Result;
use crate::layout::{KNOWLEDGE, MANIFEST, RECORD};

/// The fingerprint of what is trusted: the manifest, the lab's own files, and the record, which
/// says where `update` takes the lab from; by name and content. The tree holds paths below the
/// lab's folder; others than these do not count.
pub fn fingerprint(tree: &Tree) -> String {
    let files = tree.iter().filter(|(path, _)| counts(path.as_str()));
    of(files.map(|(path, file)| (path.as_str(), file.bytes.as_slice())))
}

/// Python leaves its caches beside what it has read. Commands of a lab neither read nor write them
/// there: see `Workspace::command_env`.
fn counts(path: &str) -> bool {
    let own = path.strip_prefix(KNOWLEDGE).is_some_and(|rest| rest.starts_with('/'));
    path == MANIFEST || path == RECORD || own && !path.split('/').any(|part| part == "__pycache__")
}

/// Each name and each content with its length before it: no other files give the same bytes.
fn of<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hash = Sha256::new();
    for (name, bytes) in files {
        for part in [name.as_bytes(), bytes] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The fingerprint of a lab as its pack holds it, when it comes from one: whoever made a lab of it
/// trusts what it makes, until it changes.
pub fn pack_print(lab: &Lab) -> Option<String> {
    let Source::Pack(_) = lab.source else { return None };
    let trees = [("knowledge", &lab.knowledge), ("template", &lab.template)];
    let files: Vec<(String, &[u8])> = trees
        .into_iter()
        .flat_map(|(tree, files)| {
            files.iter().map(move |(path, bytes)| (format!("{tree}/{path}"), &**bytes))
        })
        .collect();
    Some(of(files.iter().map(|(path, bytes)| (path.as_str(), *bytes))))
}

/// From here on this user trusts a content of a lab that is being made in this folder.
///
/// # Errors
/// Exit 3 when the user's state cannot be written.
pub fn trust_content(root: &Path, print: &str) -> Result<()> {
    let root = real(root);
    let lab = Record::read(&root).ok().map(|record| record.id);
    instance::trust(&root, lab.as_deref(), print).map(drop)
}

/// How far this user trusts a lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// As it is: made here, or said yes to.
    Given,
    /// Once, and it has changed since.
    Changed,
    /// Never, at this place.
    None,
}

impl Workspace {
    /// How far this user trusts the lab, as it is now.
    ///
    /// # Errors
    /// Exit 3 when one of its own files cannot be read.
    pub fn trust_level(&self) -> Result<Trust> {
        let known = self.instance.state.as_ref().map_or(&[][..], |state| state.trusted(&self.root));
        if known.is_empty() {
            return Ok(Trust::None);
        }
        // What cannot be read, or is too large to be, is not what was trusted.
        let same = self.print().is_ok_and(|print| known.contains(&print));
        Ok(if same { Trust::Given } else { Trust::Changed })
    }

    /// From here on this user trusts the lab as it is now.
    ///
    /// # Errors
    /// Exit 3 when the user's state cannot be written.
    pub fn trust(self) -> Result<Workspace> {
        let print = self.print()?;
        self.trust_content(&print)
    }

    /// From here on this user trusts a content that the lab is about to have, besides what was
    /// trusted before: killed in between, it has one or the other.
    ///
    /// # Errors
    /// Exit 3 when the user's state cannot be written.
    pub fn trust_content(self, print: &str) -> Result<Workspace> {
        let instance = instance::trust(&self.root, Some(&self.record.id), print)?;
        Ok(Workspace { instance, ..self })
    }

    /// Whether this user has trusted something with this fingerprint here.
    pub fn trusts(&self, print: &str) -> bool {
        let known = self.instance.state.as_ref().map_or(&[][..], |state| state.trusted(&self.root));
        known.iter().any(|known| known == print)
    }

    /// The files that `update` may change: those that `init` wrote.
    ///
    /// # Errors
    /// Exit 3 when what is noted of them cannot be read.
    pub fn written(&self) -> Result<Vec<String>> {
        Ok(self.base()?.into_keys().map(|path| path.to_string()).collect())
    }

    /// The fingerprint of the lab as it is now: of the manifest as it was read, and of the lab's
    /// own files.
    ///
    /// # Errors
    /// Exit 3 when one of its own files cannot be read.
    pub fn print(&self) -> Result<String> {
        let own = tree(&self.root, KNOWLEDGE)?;
        let own =
            own.iter().map(|(path, file)| (format!("{KNOWLEDGE}/{path}"), file.bytes.as_slice()));
        // In the order of `fingerprint`, which is that of the paths.
        let mut files: Vec<(String, &[u8])> = own.filter(|(path, _)| counts(path)).collect();
        files.push((MANIFEST.to_owned(), self.text.as_bytes()));
        let record = text(&self.root, RECORD)?;
        files.push((RECORD.to_owned(), record.as_bytes()));
        files.sort_unstable();
        Ok(of(files.iter().map(|(path, bytes)| (path.as_str(), *bytes))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::tree::{File, RelPath};

    fn print(files: &[(&str, &str)]) -> String {
        let file = |(path, text): &(&str, &str)| {
            (RelPath::new(*path).unwrap(), File::new(text.as_bytes().to_vec()))
        };
        fingerprint(&files.iter().map(file).collect())
    }

    #[test]
    fn the_fingerprint_covers_the_manifest_and_the_lab_s_own_files_by_name_and_content() {
        let manifest = (".mlops-lab/lab.toml", "a");
        let one = print(&[manifest, (".mlops-lab/lab/x", "1"), (".mlops-lab/lab/y", "2")]);
        let record = (".mlops-lab/record.toml", "another pack");
        for other in [
            print(&[
                (".mlops-lab/lab.toml", "b"),
                (".mlops-lab/lab/x", "1"),
                (".mlops-lab/lab/y", "2"),
            ]),
            print(&[manifest, (".mlops-lab/lab/x", "2"), (".mlops-lab/lab/y", "1")]),
            print(&[manifest, (".mlops-lab/lab/x", "12"), (".mlops-lab/lab/y", "")]),
            print(&[manifest, (".mlops-lab/lab/x", "1")]),
            print(&[manifest, (".mlops-lab/lab/x", "1"), (".mlops-lab/lab/y", "2"), record]),
        ] {
            assert_ne!(one, other);
        }
        let more =
            [manifest, (".mlops-lab/lab/x", "1"), (".mlops-lab/lab/y", "2"), ("README.md", "3")];
        assert_eq!(one, print(&more), "the project's files are the learner's to change");
    }
}
