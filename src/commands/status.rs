//! `status`: what runs, and the last words of what does not.

use std::io::{self, Write};

use serde::Serialize;

use super::{Session, View};
use crate::error::{Exit, Result};
use crate::platform::world::Machine;
use crate::runtime;

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Shown(runtime::Status);

pub(super) fn run(session: &Session) -> Result<Shown> {
    let workspace = session.workspace()?;
    Ok(Shown(runtime::status(&workspace, &Machine)?))
}

impl View for Shown {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        self.0.human(out)
    }

    fn exit(&self) -> Exit {
        if self.0.healthy() { Exit::Done } else { Exit::No }
    }
}
