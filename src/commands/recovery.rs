//! What an interrupted run has left in a lab, and what is reported of it.

use std::path::Path;
use std::sync::Once;

use super::pasteable;
use crate::error::{Error, Result};
use crate::layout;
use crate::platform::term;
use crate::scaffold::{self, Pending, Recovered};
use crate::workspace::{self, Workspace};

/// Whether the change that waits in this folder was begun here; says so when it was not.
pub(super) fn owns_pending_change(root: &Path) -> Result<bool> {
    static SAID: Once = Once::new();
    let mark = workspace::mark(root)?;
    let pending = scaffold::pending(root, mark.as_deref())?;
    if pending == Pending::Foreign {
        SAID.call_once(|| {
            let folder = pasteable(&root.join(layout::CHANGE));
            term::eprintln(&format!(
                "warning: {folder} holds a change that was not begun here: it is ignored\n  \
                 remove it: rm -r {folder}"
            ));
        });
    }
    Ok(pending == Pending::Ours)
}

/// The mark under which files of a lab, or of one that is being made, are changed. Its lock is
/// held, so that it is known.
pub(super) fn change_mark(root: &Path) -> Result<String> {
    workspace::mark(root)?.ok_or_else(|| Error::bug("a lab that is locked, and not known"))
}

/// Says what became of a change that a killed run had begun.
pub(super) fn print_recovered(found: &Recovered) {
    match found {
        Recovered::Finished(command, since) => {
            term::eprintln(&format!("finished the interrupted `mlops-lab {command}`"));
            for path in since {
                term::eprintln(&format!(
                    "  {path} was changed since then: `mlops-lab undo` restores it"
                ));
            }
        }
        Recovered::Dropped => {
            term::eprintln("discarded an interrupted run that had changed nothing")
        }
    }
}

/// Says why a lab's own files are left out.
pub(super) fn warn_without_files(workspace: &Workspace, error: &Error) {
    if !workspace.root().is_dir() {
        return;
    }
    term::eprintln(&format!(
        "warning: {error}\n  what runs is taken from the notes of when it was started"
    ));
    error.hints().iter().for_each(|hint| term::eprintln(&format!("  {hint}")));
}
