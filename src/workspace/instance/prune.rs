//! Removing the run state of labs that are not there any more.

use std::cmp::Reverse;
use std::path::Path;

use super::folders::{all, labs, read};
use super::hold;
use super::state::{FILE, Root, State, gone};
use crate::layout;
use crate::platform::{fs, owner, user_state};
use crate::workspace::noted;
use crate::workspace::path::real;

pub(super) fn is_lab(root: &Path) -> bool {
    root.join(layout::RECORD).is_file()
}

/// Whether a change of its files is under way: of a lab that is being made there is nothing else
/// yet, and the state says whose it is.
fn changing(root: &Path) -> bool {
    root.join(layout::CHANGE).is_dir()
}

/// So many labs are remembered that are not where they were. Each may have been moved, or its
/// folder may be on another branch for now, and it is still its owner's: that shows only when it
/// is used again.
const REMEMBERED: usize = 32;

/// Removes the state of labs of which nothing is left: those whose path leads to another folder by
/// now, and those whose path leads nowhere or to their folder without a lab, but for the last ones
/// noted. What is in the folder `kept` is of a lab that has another path by now, perhaps.
pub(super) fn prune(labs: &Path, kept: &Path) {
    let mut missing = Vec::new();
    for (folder, state) in all(labs).into_iter().filter(|(folder, _)| folder != kept) {
        let root = state.root();
        let node = owner::node(&root);
        let same = node.is_some_and(|node| state.is(&node));
        if gone(&root) || same && !is_lab(&root) && !changing(&root) {
            missing.push((fs::modified(&folder.join(FILE)), folder, state));
        } else if root.is_dir() && !same {
            remove(&folder, &state);
        }
    }
    missing.sort_by_key(|(noted, ..)| Reverse(*noted));
    for (_, folder, state) in missing.iter().skip(REMEMBERED) {
        remove(folder, state);
    }
}

/// Unless something is left of the lab, or somebody is at work on it.
pub(super) fn remove(folder: &Path, state: &State) {
    let Ok(lock) = fs::open_lock(&folder.join("lock")) else { return };
    if lock.try_lock().is_ok()
        && noted::left(folder).is_empty()
        && read(folder).as_ref() == Some(state)
    {
        let _ = fs::remove_tree(folder);
    }
}

/// Forgets a lab of which nothing is left.
pub fn forget(root: &Path) {
    let Ok(labs) = user_state::folder().map(labs) else { return };
    let Ok(_lock) = hold(&labs) else { return };
    let root = Root::from(real(root).as_path());
    for (folder, state) in all(&labs).into_iter().filter(|(_, state)| state.root == root) {
        remove(&folder, &state);
    }
}
