//! `hint`: the next hint, by what the last check observed. Probes nothing: a hint is instant.

use std::io::{self, Write};

use serde::Serialize;

use super::{Session, View, consent, runtime_of};
use crate::catalog::manifest::RuntimeKind;
use crate::course::{self, Target};
use crate::error::Result;
use crate::platform::prose;
use crate::platform::term::{self, BOLD, DIM};

#[derive(Serialize)]
pub(super) struct Hints {
    /// The step or drill; none when all is done.
    id: Option<String>,
    title: String,
    hints: Vec<String>,
    /// How many there are in all.
    of: usize,
    /// Whether there is a verdict that the hints fit.
    after_check: bool,
}

pub(super) fn run(
    session: &Session,
    step: Option<&str>,
    all: bool,
    kind: Option<RuntimeKind>,
) -> Result<Hints> {
    let workspace = session.workspace()?;
    consent::trusted_or_note(&workspace, "the hints do not depend on what runs")?;
    let kind = runtime_of(&workspace, kind)?;
    let mut progress = workspace.progress()?;
    let Some(target) = Target::find(workspace.manifest(), kind, step, &progress)? else {
        return Ok(Hints {
            id: None,
            title: String::new(),
            hints: Vec::new(),
            of: 0,
            after_check: true,
        });
    };
    let ladder: Vec<String> = course::ladder(target, workspace.manifest(), kind, &progress)
        .into_iter()
        .map(str::to_owned)
        .collect();
    let (id, of) = (target.id(), ladder.len());
    let shown = if all {
        of
    } else {
        workspace.remember(&mut progress, |progress| progress.reveal_next_hint(id, of))?;
        progress.hints_revealed(id)
    };
    Ok(Hints {
        id: Some(id.to_owned()),
        title: target.title().to_owned(),
        of,
        hints: ladder.into_iter().take(shown).collect(),
        after_check: progress.failing(id).is_some(),
    })
}

impl Hints {
    /// The newest alone: for whoever has the others on the screen.
    pub(super) fn newest(self) -> Newest {
        Newest(self)
    }

    fn hint(&self, index: usize, out: &mut dyn Write) -> io::Result<()> {
        let Some(hint) = self.hints.get(index) else { return Ok(()) };
        writeln!(out, "\n{DIM}hint {} of {}{DIM:#}", index + 1, self.of)?;
        writeln!(out, "{}", prose::markdown(hint, 0, term::columns()))
    }
}

/// The newest hint.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Newest(Hints);

impl View for Newest {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.0.hints.len().checked_sub(1) {
            Some(last) => self.0.hint(last, out),
            None => writeln!(out, "there is no hint"),
        }
    }
}

impl View for Hints {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(id) = &self.id else {
            return writeln!(out, "all steps have passed\n\nnext: mlops-lab check");
        };
        writeln!(out, "{BOLD}{id}{BOLD:#}: {}", self.title)?;
        (0..self.hints.len()).try_for_each(|index| self.hint(index, out))?;
        if !self.after_check {
            writeln!(
                out,
                "\nRun `mlops-lab check {id}` first: the hints then match what it observes."
            )?;
        }
        if self.hints.len() < self.of {
            writeln!(out, "\nnext: mlops-lab check {id}   (the next hint: mlops-lab hint {id})")
        } else {
            writeln!(out, "\nnext: mlops-lab check {id}   (solve it for me: mlops-lab solve {id})")
        }
    }
}
