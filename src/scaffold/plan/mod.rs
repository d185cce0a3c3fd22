//! What a lab's new files do to a project: one change for each path, from three trees. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::merge::{Merged, likeness, merge};
use crate::catalog::tree::{File, RelPath, Tree};

/// What is done where both the learner and the template have something of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// The learner's file stays as it is.
    Skip,
    /// The template's comes; the learner's is kept as a backup.
    Overwrite,
    /// Both changes, with markers where they meet.
    Merge,
    /// The template's comes beside it, under another name.
    KeepBoth,
    /// Nobody has decided yet: the file is listed, and stays.
    Ask,
}

/// A policy for each path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policies {
    /// For files that are not named.
    pub rest: Policy,
    /// For files that are.
    pub named: BTreeMap<RelPath, Policy>,
}

impl From<Policy> for Policies {
    fn from(rest: Policy) -> Policies {
        Policies { rest, named: BTreeMap::new() }
    }
}

impl Policies {
    fn of(&self, path: &RelPath) -> Policy {
        self.named.get(path).copied().unwrap_or(self.rest)
    }
}

/// What happens to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A file that was not there.
    Create,
    /// A file that the learner had not touched.
    Update,
    /// A file that both changed, in different places.
    Merge,
    /// A file that both changed in the same place: markers stand in it.
    Conflict,
    /// A file of the learner's gives way; it is kept as a backup.
    Overwrite,
    /// A file that the learner had not touched, and that the template no longer has.
    Delete,
    /// Something of the learner's that the template would have otherwise: it stays, and is listed.
    Keep,
    /// Both have something of their own, and somebody is to say what becomes of it.
    Ask,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Which file.
    pub path: RelPath,
    /// What happens to it.
    pub action: Action,
    /// How it was called before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<RelPath>,
    /// Why, where that does not go without saying.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
    /// The SHA-256 of what is there afterwards, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// What is there afterwards; none where nothing is, or where the learner's file stays.
    #[serde(skip)]
    pub file: Option<File>,
}

impl Change {
    fn new(path: &RelPath, action: Action, file: Option<File>) -> Change {
        let sha256 = file.as_ref().map(|file| {
            Sha256::digest(&file.bytes).iter().map(|byte| format!("{byte:02x}")).collect()
        });
        Change { path: path.clone(), action, renamed_from: None, why: None, sha256, file }
    }

    fn because(mut self, why: &'static str) -> Change {
        self.why = Some(why);
        self
    }

    /// Whether something on the disk is another afterwards.
    pub fn writes(&self) -> bool {
        !matches!(self.action, Action::Keep | Action::Ask)
    }
}

/// How alike a new file and one that is gone must be to count as the same under another name.
const RENAMED: f64 = 0.6;

/// The changes that bring `mine`, the files on disk, from `base`, what the template gave before, to
/// `theirs`, what it gives now. Files of the learner's that the template never had are none of its
/// business; paths where nothing changes are not listed.
pub fn plan(base: &Tree, mine: &Tree, theirs: &Tree, policies: impl Into<Policies>) -> Vec<Change> {
    let policies = &policies.into();
    let renames = renames(base, theirs);
    let old: BTreeSet<&RelPath> = renames.values().collect();
    let mut changes = Vec::new();
    for (path, new) in theirs {
        let from = renames.get(path);
        let source = from.unwrap_or(path);
        let (before, now) = (base.get(source), mine.get(source));
        // Something of the learner's stands where the file is to go: then the name is taken, and it
        // is a new file there.
        if let Some(from) = from
            && mine.contains_key(path)
        {
            changes.extend(one(path, None, mine.get(path), Some(new), policies, theirs, mine));
            changes.extend(one(from, base.get(from), mine.get(from), None, policies, theirs, mine));
            continue;
        }
        let Some(from) = from else {
            changes.extend(one(path, before, now, Some(new), policies, theirs, mine));
            continue;
        };
        match now {
            // The learner removed it under its old name: it is not brought back under the new one.
            None => changes.push(
                Change::new(path, Action::Keep, None).because("you removed it, under its old name"),
            ),
            Some(_) => {
                let moved = || Change::new(path, Action::Update, now.cloned());
                let change = match one(path, before, now, Some(new), policies, theirs, mine) {
                    // As it is, under the new name.
                    None => moved(),
                    Some(open) if open.action == Action::Ask => {
                        // Nothing is moved before somebody has said what is to be there.
                        changes.push(Change { renamed_from: Some(from.clone()), ..open });
                        continue;
                    }
                    Some(kept) if kept.file.is_none() => Change { why: kept.why, ..moved() },
                    Some(beside) if beside.path != *path => {
                        // Both are to be there: the learner's under its old name, the template's
                        // under the new one.
                        changes.push(Change::new(path, Action::Create, Some(new.clone())));
                        changes.push(
                            Change::new(from, Action::Keep, None)
                                .because("you changed it, and the template renamed it"),
                        );
                        continue;
                    }
                    Some(change) => change,
                };
                let change = Change { renamed_from: Some(from.clone()), ..change };
                changes.push(change);
                changes.push(
                    Change::new(from, Action::Delete, None).because("it has another name now"),
                );
            }
        }
    }
    for (path, before) in
        base.iter().filter(|(path, _)| !theirs.contains_key(path) && !old.contains(path))
    {
        changes.extend(one(path, Some(before), mine.get(path), None, policies, theirs, mine));
    }
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    changes
}

/// The change of one path.
fn one(
    path: &RelPath,
    base: Option<&File>,
    mine: Option<&File>,
    theirs: Option<&File>,
    policies: &Policies,
    all: &Tree,
    disk: &Tree,
) -> Option<Change> {
    match (base, mine, theirs) {
        (_, None, None) => None,
        (None, None, Some(new)) => Some(Change::new(path, Action::Create, Some(new.clone()))),
        (Some(old), None, Some(new)) if old == new => None,
        (Some(_), None, Some(_)) => Some(
            Change::new(path, Action::Keep, None)
                .because("you removed it, and the template changed it"),
        ),
        (Some(old), Some(own), None) if own.bytes == old.bytes => {
            Some(Change::new(path, Action::Delete, None))
        }
        (Some(_), Some(_), None) => Some(
            Change::new(path, Action::Keep, None)
                .because("you changed it, and the template no longer has it"),
        ),
        (None, Some(_), None) => None,
        (_, Some(own), Some(new)) if own == new => None,
        (Some(old), Some(_), Some(new)) if old == new => None,
        (Some(old), Some(own), Some(new)) if own.bytes == old.bytes => {
            // Untouched but for its mode, perhaps: that of the template follows when the learner
            // left it alone.
            let executable =
                if own.executable == old.executable { new.executable } else { own.executable };
            let file = File { bytes: new.bytes.clone(), executable };
            (file != *own).then(|| Change::new(path, Action::Update, Some(file)))
        }
        (Some(old), Some(own), Some(new)) if old.bytes == new.bytes => {
            // Only the mode is another.
            let executable =
                if own.executable == old.executable { new.executable } else { own.executable };
            let file = File { bytes: own.bytes.clone(), executable };
            (file != *own).then(|| Change::new(path, Action::Update, Some(file)))
        }
        (_, Some(own), Some(new)) => both(path, base, own, new, policies, all, disk),
    }
}

/// Both have something of their own.
fn both(
    path: &RelPath,
    base: Option<&File>,
    mine: &File,
    theirs: &File,
    policies: &Policies,
    all: &Tree,
    disk: &Tree,
) -> Option<Change> {
    let executable = match base {
        Some(base) if mine.executable != base.executable => mine.executable,
        _ => theirs.executable,
    };
    let with = |bytes: Vec<u8>| Some(File { bytes, executable });
    let beside = |why: &'static str| {
        let path = free(path, all, disk);
        Change::new(&path, Action::Create, Some(theirs.clone())).because(why)
    };
    Some(match policies.of(path) {
        Policy::Ask => {
            Change::new(path, Action::Ask, None).because("both have something of their own")
        }
        Policy::Skip => Change::new(path, Action::Keep, None).because("you have one of your own"),
        Policy::Overwrite => Change::new(path, Action::Overwrite, with(theirs.bytes.clone())),
        Policy::KeepBoth => beside("yours keeps its name"),
        Policy::Merge => {
            match merge(base.map(|base| base.bytes.as_slice()), &mine.bytes, &theirs.bytes) {
                Merged::Clean(bytes) if bytes == mine.bytes && executable == mine.executable => {
                    return None;
                }
                Merged::Clean(bytes) => Change::new(path, Action::Merge, with(bytes)),
                Merged::Conflict(bytes) => Change::new(path, Action::Conflict, with(bytes)),
                Merged::Binary => Change {
                    action: Action::Create,
                    ..beside("bytes are not merged; yours keeps its name")
                },
            }
        }
    })
}

/// The names under which a second file is put beside `path`, in order.
pub fn beside(path: &RelPath) -> impl Iterator<Item = RelPath> {
    let name = move |n: u32| if n == 1 { format!("{path}.new") } else { format!("{path}.new-{n}") };
    (1..1000).map(name).filter_map(|name| RelPath::new(name).ok())
}

/// A name beside `path` that nobody has.
fn free(path: &RelPath, all: &Tree, disk: &Tree) -> RelPath {
    beside(path)
        .find(|name| !all.contains_key(name) && !disk.contains_key(name))
        .unwrap_or_else(|| path.clone())
}

/// New paths and the old ones that they were, each old one once: equal content first, then the most
/// alike.
fn renames(base: &Tree, theirs: &Tree) -> BTreeMap<RelPath, RelPath> {
    let gone: Vec<(&RelPath, &File)> =
        base.iter().filter(|(path, _)| !theirs.contains_key(path)).collect();
    let come: Vec<(&RelPath, &File)> =
        theirs.iter().filter(|(path, _)| !base.contains_key(path)).collect();
    let mut pairs: Vec<(f64, &RelPath, &RelPath)> = Vec::new();
    for (new, file) in &come {
        for (old, before) in &gone {
            let alike =
                if file.bytes == before.bytes { 2.0 } else { likeness(&before.bytes, &file.bytes) };
            if alike >= RENAMED && !file.bytes.is_empty() {
                pairs.push((alike, new, old));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2))));
    let mut renames = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for (_, new, old) in pairs {
        if !renames.contains_key(new) && taken.insert(old) {
            renames.insert(new.clone(), old.clone());
        }
    }
    renames
}

#[cfg(test)]
mod tests;
