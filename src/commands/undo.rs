//! `undo`: put back what the last update found.

use std::io::{self, Write};

use serde::Serialize;

use super::{Session, View};
use crate::error::{Error, Result};
use crate::layout;
use crate::runtime;
use crate::scaffold::{self, Undone};

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Back(Undone);

pub(super) fn run(session: &Session) -> Result<Back> {
    let (workspace, _lock) = session.locked("undo")?;
    if let Some(kind) = runtime::active(&workspace) {
        return Err(Error::environment(format!("the lab is up on {kind}: its files are in use"))
            .hint("stop it first: mlops-lab down"));
    }
    Ok(Back(scaffold::undo(workspace.root(), &super::change_mark(workspace.root())?)?))
}

impl View for Back {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let project = self.0.restored.iter().filter(|path| !layout::is_own(path.as_str()));
        for path in project {
            writeln!(out, "  restored  {path}")?;
        }
        for path in &self.0.changed_since {
            writeln!(
                out,
                "  {path} was changed since then: run `mlops-lab undo` again to restore it"
            )?;
        }
        writeln!(out, "undone: {}\n\nnext: mlops-lab diff", self.0.command)
    }
}
