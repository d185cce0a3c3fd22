//! `status`: what runs, and the last words of what does not.

use std::io::{self, Write};

use serde::Serialize;

use super::{Session, View, runtime_of};
use crate::catalog::manifest::RuntimeKind;
use crate::error::{Exit, Result};
use crate::platform::world::Machine;
use crate::runtime;

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Shown(runtime::Status);

pub(super) fn run(session: &Session, kind: Option<RuntimeKind>) -> Result<Shown> {
    let workspace = session.workspace()?;
    if kind.is_some() {
        // One that the lab does not offer is a slip, not «nothing runs».
        runtime_of(&workspace, kind)?;
    }
    Ok(Shown(runtime::status(&workspace, kind, &Machine)?))
}

impl View for Shown {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        self.0.human(out)
    }

    fn exit(&self) -> Exit {
        match self.0.healthy() {
            true => Exit::Done,
            false if self.0.whole() => Exit::No,
            false => Exit::Environment,
        }
    }
}
