//! `status`: what runs, and the last words of what does not.

use std::io::{self, Write};

use serde::Serialize;

use super::{Session, View, consent, pasteable, runtime_of, warn_without_files};
use crate::catalog::manifest::RuntimeKind;
use crate::error::{Exit, Result};
use crate::platform::term::{self, BOLD};
use crate::platform::world::Machine;
use crate::runtime;
use crate::workspace::{self, Left};

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Shown {
    /// The lab in which we stand.
    Lab(Box<runtime::Status>),
    /// Where there is none, or it is broken or gone: what runs of the labs that this machine knows.
    Labs { labs: Vec<Left> },
}

pub(super) fn run(session: &Session, kind: Option<RuntimeKind>) -> Result<Shown> {
    let workspace = match session.workspace_to_stop() {
        Ok((workspace, None)) => workspace,
        Ok((workspace, Some(error))) => {
            let left = workspace::left_at(workspace.root())?;
            if left.is_none() && workspace.root().is_dir() {
                // Nothing runs, and why the lab cannot be read is all that there is to report.
                return Err(error);
            }
            warn_without_files(&workspace, &error);
            return Ok(Shown::Labs { labs: left.into_iter().collect() });
        }
        Err(error) => {
            let labs = workspace::left()?;
            if let Some(foreign) =
                workspace::foreign_above(&session.folder).filter(|_| !labs.is_empty())
            {
                term::eprintln(&format!("note: {foreign}"));
            }
            return if labs.is_empty() { Err(error) } else { Ok(Shown::Labs { labs }) };
        }
    };
    if kind.is_some() {
        // One that the lab does not offer is a slip, not «nothing runs».
        runtime_of(&workspace, kind)?;
    }
    if !consent::trusted_or_note(&workspace, "its services are not probed")?
        && let Some(left) = workspace::left_at(workspace.root())?
    {
        return Ok(Shown::Labs { labs: vec![left] });
    }
    Ok(Shown::Lab(Box::new(runtime::status(&workspace, kind, &Machine)?)))
}

impl View for Shown {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let labs = match self {
            Shown::Lab(status) => return status.human(out),
            Shown::Labs { labs } => labs,
        };
        if labs.is_empty() {
            return writeln!(out, "nothing runs");
        }
        for lab in labs {
            let gone = if lab.gone { " (deleted)" } else { "" };
            writeln!(out, "{BOLD}{}{BOLD:#}{gone}", lab.root.display())?;
            lab.left.iter().try_for_each(|left| writeln!(out, "  {left}"))?;
        }
        writeln!(out, "\nnext: mlops-lab -C {} down", pasteable(&labs[0].root))
    }

    fn exit(&self) -> Exit {
        match self {
            Shown::Lab(status) if status.healthy() => Exit::Done,
            Shown::Lab(status) if status.whole() => Exit::No,
            // Something runs, and no lab says whether it is well.
            Shown::Lab(_) => Exit::Environment,
            Shown::Labs { labs } if labs.is_empty() => Exit::No,
            Shown::Labs { .. } => Exit::Environment,
        }
    }
}
