//! Where the lab is that a folder lies in, and whose it is. Anybody may put a `.mlops-lab` into
//! /tmp, or above a share: what a stranger put there is nobody's lab but the stranger's (git had
//! this as CVE-2022-24765).

use std::path::Path;

use crate::error::{Error, Result};
use crate::layout;
use crate::platform::{host, owner, process};

/// The nearest folder at or above `start` with a record of ours.
///
/// # Errors
/// Exit 3 when it is a stranger's.
pub(super) fn nearest(start: &Path) -> Result<Option<&Path>> {
    let lab = |folder: &&Path| folder.join(layout::RECORD).is_file();
    let Some(root) = start.ancestors().find(lab) else { return Ok(None) };
    match owner(root) {
        None => Ok(Some(root)),
        Some(user) => Err(foreign(root, user, start)),
    }
}

/// The stranger whose folder or `.mlops-lab` this is.
fn owner(root: &Path) -> Option<u32> {
    owner::stranger(root).or_else(|| owner::stranger(&root.join(layout::FOLDER)))
}

/// Whether a lab in this folder is this user's own, or root's.
pub fn ours(root: &Path) -> bool {
    owner(root).is_none()
}

/// The stranger's lab that the folder lies in, for a command that needs none.
pub fn foreign_above(start: &Path) -> Option<Error> {
    nearest(&start.canonicalize().ok()?).err()
}

fn foreign(root: &Path, user: u32, start: &Path) -> Error {
    let name = host::Root::default().user(user).unwrap_or_else(|| user.to_string());
    let error = Error::environment(format!(
        "the lab in {} belongs to another user ({name}): nothing of it is used",
        root.display()
    ));
    let path = process::shell_words(&[root.display().to_string()]);
    if root == start {
        return error
            .hint(format!("work in a copy: cp -r {path} ~/lab && cd ~/lab"))
            .hint("what the copy would run is listed before it runs: mlops-lab up");
    }
    error
        .hint(format!(
            "remove {path}/{}, if you may, or work in a folder that is not below {path}",
            layout::FOLDER
        ))
        .hint(
            "name the lab that you mean: mlops-lab -C DIR …, or make one here: mlops-lab init LAB",
        )
}
