//! A lab as this machine knows it: an id of its own, and a folder for what runs in the user's
//! state, by the lab's real path. A copy, a clone or a worktree has another path, and so nothing of
//! the original's.

mod folders;
mod left;
mod prune;
mod state;

use std::path::{Path, PathBuf};

use super::id::new_id;
use super::path::real;
use super::{noted, record};
use crate::error::{Error, Result};
use crate::platform::owner::{self, Node};
use crate::platform::{fs, term, user_state};
use folders::{all, labs, name, read};
use prune::{is_lab, prune, remove};
use state::{FILE, Root, State};

pub use left::{Left, left, left_at, left_before, with_project};
pub use prune::forget;

/// A lab as this machine knows it.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    /// Where what runs is noted. It need not be there.
    pub(super) folder: PathBuf,
    /// None when nothing of the lab was ever started here.
    pub(super) state: Option<State>,
}

/// The instance of the lab at this real path. `lab` is the id in its record.
///
/// # Errors
/// Exit 3 when there is no safe place for the user's state.
pub(super) fn find(root: &Path, lab: Option<&str>) -> Result<Instance> {
    Ok(find_in(&labs(user_state::folder()?), root, lab))
}

fn find_in(labs: &Path, root: &Path, lab: Option<&str>) -> Instance {
    let node = owner::node(root);
    let holds = |folder: &Path, state: &State| {
        let here = state.root == Root::from(root);
        // Another folder at the same path inherits what still runs, so that it can be stopped, and
        // nothing else.
        here && (node.as_ref().is_none_or(|node| state.is(node)) || !noted::left(folder).is_empty())
    };
    let mut number = 0;
    let vacant = loop {
        let folder = labs.join(name(root, number));
        match read(&folder) {
            None => break folder,
            Some(state) if holds(&folder, &state) => {
                return Instance { folder, state: Some(state) };
            }
            Some(_) => number += 1,
        }
    };
    // It keeps its folder, whose path is in the environment of what runs.
    let moved = |state: &State| node.as_ref().is_some_and(|node| state.moved_to(node, lab));
    let found = all(labs).into_iter().find(|(folder, state)| holds(folder, state) || moved(state));
    match found {
        Some((folder, state)) => Instance { folder, state: Some(state) },
        None => Instance { folder: vacant, state: None },
    }
}

/// Whether something is noted of the lab with this folder of run state.
pub(super) fn is_known(folder: &Path) -> bool {
    read(folder).is_some()
}

/// The same for a command that writes: made when it is not there, brought up to date when the lab
/// was moved.
///
/// # Errors
/// Exit 3 when it cannot be written.
pub(super) fn open(root: &Path, lab: Option<&str>) -> Result<Instance> {
    let node = owner::node(root).ok_or_else(|| {
        Error::environment(format!("there is no folder {} any more", root.display()))
    })?;
    let current = |found: &Instance| {
        let state = found.state.as_ref();
        state.is_some_and(|state| {
            let now = State::new(root, &node, lab.or(state.lab.as_deref()), state.id.clone());
            *state == State { trusted: state.trusted.clone(), ..now }
        })
    };
    let found = find(root, lab)?;
    if current(&found) {
        return Ok(found);
    }
    let labs = labs(user_state::make()?);
    let _lock = hold(&labs)?;
    prune(&labs, &found.folder);
    let found = find_in(&labs, root, lab);
    if current(&found) {
        return Ok(found);
    }
    if found.state.is_none() {
        print_if_copy(&labs, root, lab);
    }
    write(found, root, &node, lab, &[])
}

/// This user trusts a content of the lab, as it is or is about to be.
///
/// # Errors
/// As [`open`].
pub(super) fn trust(root: &Path, lab: Option<&str>, print: &str) -> Result<Instance> {
    let node = owner::node(root).ok_or_else(|| {
        Error::environment(format!("there is no folder {} any more", root.display()))
    })?;
    open(root, lab)?;
    let labs = labs(user_state::make()?);
    let _lock = hold(&labs)?;
    write(find_in(&labs, root, lab), root, &node, lab, &[print.to_owned()])
}

/// What marks the changes of files that were begun in this folder; none where none can have been.
///
/// # Errors
/// As [`find`].
pub fn mark(root: &Path) -> Result<Option<String>> {
    let root = real(root);
    // Where there is no folder nothing was begun, and the labs that are known need not be read.
    let Some(node) = owner::node(&root) else { return Ok(None) };
    let lab = record::Record::read(&root).ok().map(|record| record.id);
    let state = find(&root, lab.as_deref())?.state;
    Ok(state.filter(|state| state.is(&node)).map(|state| state.mark()))
}

/// The same for a lab that was just made: nothing is known of it, whatever was at its path before,
/// and what was written is trusted.
///
/// # Errors
/// As [`open`].
pub(super) fn made(root: &Path, lab: &str, prints: &[String]) -> Result<()> {
    let Some(node) = owner::node(root) else { return Ok(()) };
    let labs = labs(user_state::make()?);
    let _lock = hold(&labs)?;
    // The other labs are not read, however many there are: the first command in this one clears up.
    let fresh = |folder: PathBuf| Some(Instance { folder, state: None });
    let known =
        (0..).map(|number| labs.join(name(root, number))).find_map(|folder| match read(&folder) {
            None => fresh(folder),
            Some(state) if state.root == Root::from(root) => {
                // Where nothing but the note is there it gives way to the new one.
                if fs::names(&folder).is_ok_and(|names| names == [FILE]) {
                    return fresh(folder);
                }
                remove(&folder, &state);
                match read(&folder) {
                    None => fresh(folder),
                    // Somebody holds it, or something runs: it goes on.
                    Some(state) => Some(Instance { folder, state: Some(state) }),
                }
            }
            Some(_) => None,
        });
    known.map_or(Ok(()), |known| write(known, root, &node, Some(lab), prints).map(drop))
}

fn write(
    found: Instance,
    root: &Path,
    node: &Node,
    lab: Option<&str>,
    trusts: &[String],
) -> Result<Instance> {
    let known = found.state.as_ref();
    let id = known.map_or_else(new_id, |state| Ok(state.id.clone()))?;
    let lab = lab.or(known.and_then(|state| state.lab.as_deref()));
    let mut state = State::new(root, node, lab, id);
    // Of another folder at the same path nothing is trusted.
    let same = known.filter(|known| known.is(node));
    state.trusted.extend(same.iter().flat_map(|known| &known.trusted).cloned());
    trusts.iter().for_each(|print| state.trust(print));
    let text = toml::to_string(&state)
        .map_err(|error| Error::bug("a state that cannot be written").because(error))?;
    fs::write(&found.folder.join(FILE), text.as_bytes(), false)?;
    Ok(Instance { folder: found.folder, state: Some(state) })
}

/// One run at a time makes or removes instances. Where folders cannot be locked each does as if it
/// were alone.
fn hold(labs: &Path) -> Result<Option<std::fs::File>> {
    owner::make_private(labs).map_err(|error| {
        Error::environment(format!("cannot make {}", labs.display())).because(error)
    })?;
    let file = fs::open_lock(&labs.join(".lock"))?;
    Ok(file.lock().is_ok().then_some(file))
}

fn print_if_copy(labs: &Path, root: &Path, lab: Option<&str>) {
    let is = |state: &State| lab.is_some() && state.lab.as_deref() == lab && state.root() != root;
    let original = all(labs)
        .into_iter()
        .map(|(_, state)| state)
        .find(|state| is(state) && is_lab(&state.root()));
    if let Some(original) = original {
        term::eprintln(&format!(
            "this lab is a copy of {}: it gets its own run state, and what runs there is left \
             alone",
            original.root().display()
        ));
    }
}
