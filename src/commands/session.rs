//! What every command gets of the command line, and how its result is printed.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::next;
use super::recovery::{owns_pending_change, print_recovered};
use crate::catalog::Sources;
use crate::error::{Error, Exit, Result};
use crate::platform::{clock, term};
use crate::scaffold::{self, Pending};
use crate::workspace::{self, Lock, Workspace};

/// The result of a command: one value, told to people or to programs, with the same exit code.
pub trait View: Serialize {
    /// Tells it to people.
    fn human(&self, out: &mut dyn Write) -> io::Result<()>;
    /// The exit code that belongs to it.
    fn exit(&self) -> Exit {
        Exit::Done
    }
}

/// What every command may need of the command line.
#[derive(Debug)]
pub struct Session {
    /// Where we work.
    pub folder: PathBuf,
    /// Where labs come from.
    pub sources: Sources,
    /// Whether programs read our output.
    pub json: bool,
    /// Whether the lab was said to be trusted on the command line.
    pub trust: bool,
    /// What was typed, for the next command.
    pub typed: next::Typed,
}

impl Session {
    /// The lab in which we stand.
    pub fn workspace(&self) -> Result<Workspace> {
        self.recover()?;
        Workspace::find(&self.folder)
    }

    /// Brings a change to its end that a killed run has left in the middle: also where `init` was
    /// killed in a folder with files, before there was a record.
    fn recover(&self) -> Result<()> {
        let changed = |folder: &&Path| scaffold::unfinished(folder) && workspace::ours(folder);
        let Some(root) = self.folder.ancestors().find(changed) else { return Ok(()) };
        if !owns_pending_change(root)? {
            return Ok(());
        }
        // No lock where there is nothing to do: a command that only looks must not be in the way of
        // one that works. And whoever is at work on it brings its own change to an end.
        if let Ok(_lock) = workspace::lock(root, "recovery")
            && let Some(found) = scaffold::recover(root, workspace::mark(root)?.as_deref())?
        {
            print_recovered(&found);
        }
        Ok(())
    }

    /// The lab in which we stand, or that was here, for a command that only needs what runs: and
    /// why its files do not say more.
    pub fn workspace_to_stop(&self) -> Result<(Workspace, Option<Error>)> {
        match self.workspace() {
            Ok(workspace) => Ok((workspace, None)),
            Err(error) => match Workspace::known(&self.folder)? {
                Some(known) => Ok((known, Some(error))),
                None => Err(error),
            },
        }
    }

    /// The lab in which we stand, for this run alone, with no change of another run in the middle.
    pub fn locked(&self, command: &str) -> Result<(Workspace, Lock)> {
        loop {
            let workspace = self.workspace()?;
            let lock = workspace.lock(command)?;
            // Between the two another run may have begun a change, and been killed.
            let mark = workspace::mark(workspace.root())?;
            if scaffold::pending(workspace.root(), mark.as_deref())? != Pending::Ours {
                return Ok((Workspace::find(&self.folder)?, lock));
            }
        }
    }

    /// Progress of long work: silent for programs.
    pub fn progress(&self) -> term::Steps {
        term::Steps::new(self.json)
    }

    /// Prints a result and gives its exit code.
    pub fn show<V: View>(&self, view: &V) -> Result<Exit> {
        let mut out = term::out();
        let written = if self.json {
            serde_json::to_writer_pretty(&mut out, view)
                .map_err(io::Error::from)
                .and_then(|()| writeln!(out))
        } else if self.typed.plain() {
            view.human(&mut out)
        } else {
            let mut text = Vec::new();
            view.human(&mut text).and_then(|()| {
                out.write_all(self.typed.view(&String::from_utf8_lossy(&text)).as_bytes())
            })
        };
        self.finish_output(written.and_then(|()| out.flush()), view.exit())
    }

    /// Prints bytes as they are: a script, a page.
    pub fn print(&self, bytes: &[u8]) -> Result<Exit> {
        let mut out = term::out();
        self.finish_output(out.write_all(bytes).and_then(|()| out.flush()), Exit::Done)
    }

    fn finish_output(&self, written: io::Result<()>, exit: Exit) -> Result<Exit> {
        match written {
            Err(_) if clock::interrupted().is_err() => Err(Error::interrupted()),
            // Somebody stopped reading (`| head`): not our failure.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(exit),
            Err(error) => Err(Error::environment("cannot write to standard output").because(error)),
            Ok(()) => Ok(exit),
        }
    }
}
