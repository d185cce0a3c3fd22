//! The labs of this user of which something is left, wherever they are or were.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::folders::{all, labs, name, read};
use super::state::{Root, State, gone};
use crate::error::Result;
use crate::platform::user_state;
use crate::workspace::noted;
use crate::workspace::path::real;

/// A lab of which something is left.
#[derive(Clone, Debug, Serialize)]
pub struct Left {
    /// Where it is, or was.
    pub root: PathBuf,
    /// Whether there is nothing at that path any more.
    pub gone: bool,
    /// What is left, in words.
    pub left: Vec<String>,
}

/// The lab that is, or was, at this path, when something is left of it.
///
/// # Errors
/// As [`find`].
pub fn left_at(path: &Path) -> Result<Option<Left>> {
    let root = Root::from(real(path).as_path());
    Ok(left_of(|state| state.root == root)?.pop())
}

/// The same for a lab that is about to be made, without a look at all that are known: of one that
/// was moved here and deleted while it was up, `status` knows.
///
/// # Errors
/// As [`find`].
pub fn left_before(path: &Path) -> Result<Option<Left>> {
    let (root, labs) = (real(path), labs(user_state::folder()?));
    let folders = (0..).map(|number| labs.join(name(&root, number)));
    let known = folders.map_while(|folder| read(&folder).map(|state| (folder, state)));
    let mut here = known.filter(|(_, state)| state.root == Root::from(root.as_path()));
    let left =
        here.find_map(|(folder, _)| Some(noted::left(&folder)).filter(|left| !left.is_empty()));
    Ok(left.map(|left| Left { gone: gone(&root), root: root.clone(), left }))
}

/// The lab of this user at another path that has containers or volumes under this name of a compose
/// project.
///
/// # Errors
/// As [`find`].
pub fn with_project(project: &str, root: &Path) -> Result<Option<PathBuf>> {
    let labs = all(&labs(user_state::folder()?)).into_iter();
    let mut others = labs.filter(|(_, state)| state.root != Root::from(root));
    let has =
        |folder: &Path| noted::containers(folder).is_some_and(|noted| noted.project == project);
    Ok(others.find(|(folder, _)| has(folder)).map(|(_, state)| state.root()))
}

/// The labs of this user of which something runs or is kept, by path.
///
/// # Errors
/// As [`find`].
pub fn left() -> Result<Vec<Left>> {
    left_of(|_| true)
}

fn left_of(meant: impl Fn(&State) -> bool) -> Result<Vec<Left>> {
    let mut found: Vec<Left> = all(&labs(user_state::folder()?))
        .into_iter()
        .filter(|(_, state)| meant(state))
        .map(|(folder, state)| (noted::left(&folder), state.root()))
        .filter(|(left, _)| !left.is_empty())
        .map(|(left, root)| Left { gone: gone(&root), root, left })
        .collect();
    found.sort_by(|a, b| a.root.cmp(&b.root));
    Ok(found)
}
