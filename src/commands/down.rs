//! `down`: stop everything that the lab started.

use std::io::{self, Write};

use serde::Serialize;

use super::{Session, View};
use crate::error::Result;
use crate::runtime;

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Stopped(runtime::Down);

pub(super) fn run(session: &Session, purge: bool) -> Result<Stopped> {
    let workspace = session.workspace()?;
    Ok(Stopped(runtime::down(&workspace, purge, &mut session.progress())?))
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
