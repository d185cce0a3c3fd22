//! `down`: stop everything that the lab started.

use std::io::{self, Write};

use serde::Serialize;

use super::{Session, View, consent, runtime_of, warn_without_files};
use crate::catalog::manifest::RuntimeKind;
use crate::error::Result;
use crate::runtime;
use crate::workspace;

#[derive(Serialize)]
pub(super) struct Stopped {
    #[serde(flatten)]
    down: runtime::Down,
    /// There is no lab that could be started again.
    #[serde(skip)]
    gone: bool,
}

pub(super) fn run(session: &Session, kind: Option<RuntimeKind>, purge: bool) -> Result<Stopped> {
    let (workspace, lacking) = session.workspace_to_stop()?;
    let gone = !workspace.root().is_dir();
    match &lacking {
        Some(error) => warn_without_files(&workspace, error),
        None if kind.is_some() => {
            // One that the lab does not offer is a slip, not «nothing runs».
            runtime_of(&workspace, kind)?;
        }
        None => {}
    }
    let down = runtime::down(&workspace, kind, purge, &mut session.progress())?;
    if !down.kept.is_empty() {
        let kept = down.kept.join(", ");
        let said = format!(
            "what it calls data is kept: {kept}\n  \
             review what it would run and remove: mlops-lab up"
        );
        consent::trusted_or_note(&workspace, &said)?;
    }
    if gone {
        workspace::forget(workspace.root());
    }
    Ok(Stopped { down, gone })
}

impl View for Stopped {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.down.stopped.is_empty() {
            writeln!(out, "nothing was running")?;
        } else {
            writeln!(out, "down: {}", self.down.stopped.join(", "))?;
        }
        if self.gone { Ok(()) } else { writeln!(out, "\nnext: mlops-lab up") }
    }
}
