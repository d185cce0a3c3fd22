//! `hint`: the next rung of the ladder, by what the last check observed. Asks nothing of the live system: a hint is instant.

use std::io::{self, Write};

use serde::Serialize;

use super::target::Target;
use super::{Session, View, runtime_of};
use crate::check::{self, Verdict};
use crate::error::Result;
use crate::platform::term::{BOLD, DIM};

#[derive(Serialize)]
pub(super) struct Hints {
    /// The step or drill; none when all is done.
    id: Option<String>,
    title: String,
    hints: Vec<String>,
    /// How many there are in all.
    of: usize,
    /// Whether a check was seen whose verdict the hints fit.
    after_check: bool,
}

pub(super) fn run(session: &Session, step: Option<&str>, all: bool) -> Result<Hints> {
    let workspace = session.workspace()?;
    let kind = runtime_of(&workspace, None)?;
    let mut progress = workspace.progress()?;
    let Some(target) = Target::find(workspace.manifest(), kind, step, &progress)? else {
        return Ok(Hints { id: None, title: String::new(), hints: Vec::new(), of: 0, after_check: true });
    };
    let seen: Option<Verdict> =
        progress.seen(target.id()).and_then(|seen| serde_json::from_value(seen.clone()).ok());
    let mut ladder = check::hints(target.hints(), seen.as_ref(), kind);
    let hidden = progress.hidden(target.id()).map(str::to_owned);
    if let Some(why) = &hidden {
        ladder.insert(0, why);
    }
    let shown = if all {
        ladder.len()
    } else {
        let (id, rungs) = (target.id(), ladder.len());
        workspace.remember(&mut progress, |progress| {
            progress.climb(id, rungs);
        })?;
        progress.climbed(id)
    };
    Ok(Hints {
        id: Some(target.id().to_owned()),
        title: target.title().to_owned(),
        of: ladder.len(),
        hints: ladder.into_iter().take(shown).map(str::to_owned).collect(),
        after_check: seen.is_some(),
    })
}

impl View for Hints {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(id) = &self.id else {
            return writeln!(out, "all steps are done.\n\nnext: mlops-lab break");
        };
        writeln!(out, "{BOLD}{id}{BOLD:#}: {}", self.title)?;
        for (index, hint) in self.hints.iter().enumerate() {
            writeln!(out, "\n{DIM}hint {} of {}{DIM:#}\n{}", index + 1, self.of, hint.trim_end())?;
        }
        if !self.after_check {
            writeln!(out, "\n(`mlops-lab check {id}` first gives hints that fit what it sees)")?;
        }
        if self.hints.len() < self.of {
            writeln!(out, "\nnext: mlops-lab check {id}   (or the next hint: mlops-lab hint {id})")
        } else {
            writeln!(out, "\nnext: mlops-lab check {id}   (or have it done: mlops-lab solve {id})")
        }
    }
}
