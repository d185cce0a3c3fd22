//! `down`: stop everything that the lab started.

use std::io::{self, Write};

use serde::Serialize;

use super::{Session, View, runtime_of};
use crate::catalog::manifest::RuntimeKind;
use crate::error::Result;
use crate::runtime;

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Stopped(runtime::Down);

pub(super) fn run(session: &Session, kind: Option<RuntimeKind>, purge: bool) -> Result<Stopped> {
    let workspace = session.workspace()?;
    if kind.is_some() {
        // One that the lab does not offer is a slip, not «nothing runs».
        runtime_of(&workspace, kind)?;
    }
    Ok(Stopped(runtime::down(&workspace, kind, purge, &mut session.progress())?))
}

impl View for Stopped {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.0.stopped.is_empty() {
            writeln!(out, "nothing was running")?;
        } else {
            writeln!(out, "down: {}", self.0.stopped.join(", "))?;
        }
        writeln!(out, "\nnext: mlops-lab up")
    }
}
