//! AppliedAttempt a wrong or a right solution over a project, and taking it back.

use std::time::Duration;

use super::project::{Judged, Project};
use super::state::Snapshot;
use super::words;
use crate::catalog::attempts::{Attempt, Side};
use crate::catalog::manifest::VerdictKind;
use crate::catalog::tree::Tree;
use crate::error::{Error, Result};
use crate::platform::fs::{self, Mode};
use crate::platform::process::{self, Ended};
use crate::scaffold::Attempted;

/// A solution may build images.
const WITHIN: Duration = Duration::from_secs(5 * 60);

/// A solution, and what it does to this project.
pub(super) struct AppliedAttempt<'a> {
    pub(super) attempt: &'a Attempt,
    pub(super) does: &'a Attempted,
}

impl AppliedAttempt<'_> {
    /// Lays it over the project and asks the check.
    pub(super) fn try_out(&self, project: &Project) -> Result<Judged> {
        self.apply(project)?;
        let judged = project.check(&self.attempt.target)?;
        let wanted = match (self.attempt.side, self.attempt.spec.verdict) {
            (Side::Right, _) => VerdictKind::Pass,
            (Side::Wrong, Some(VerdictKind::CannotTell)) => VerdictKind::CannotTell,
            (Side::Wrong, _) => VerdictKind::NotYet,
        };
        if judged.verdict == wanted {
            return Ok(judged);
        }
        let Attempt { side, target, spec, .. } = self.attempt;
        Err(Error::no(format!(
            "a {side} solution: the check of `{target}` should report {}, and reports {} ({})",
            words(wanted),
            words(judged.verdict),
            spec.why
        ))
        .detail(judged.text()))
    }

    /// Brings the project back to where it was: the files that it changed, then its own `undo`,
    /// then whatever is still other.
    pub(super) fn revert(&self, project: &Project, known: &mut Snapshot) -> Result<()> {
        let undone =
            known.put_back(project).and_then(|()| self.run(project, &self.does.undo, "undone"));
        // Files alone reach nothing that services keep: what differs there is their own
        // housekeeping.
        let ran = !self.does.run.is_empty() || !self.does.undo.is_empty();
        let restored = known.restore(project, ran);
        undone.and(restored)
    }

    fn apply(&self, project: &Project) -> Result<()> {
        if let Some(folder) = &self.attempt.spec.from {
            apply(project, &project.workspace()?.knowledge(folder)?)?;
        }
        apply(project, &self.does.files)?;
        for (path, edit) in &self.does.edits {
            let place = path.under(&project.root);
            let Some(bytes) = fs::read_optional(&place)? else {
                return Err(self.not_applicable(&format!("there is no {path} to edit")));
            };
            let text = String::from_utf8(bytes)
                .map_err(|_| self.not_applicable(&format!("{path} is no text")))?;
            let text = edit.apply(&text).map_err(|why| self.not_applicable(&why))?;
            fs::write_as(
                &place,
                text.as_bytes(),
                fs::bits(&place).map_or(Mode::Plain, Mode::Exactly),
            )?;
        }
        self.run(project, &self.does.run, "applied")
    }

    fn not_applicable(&self, why: &str) -> Error {
        self.stuck("applied", why)
    }

    fn stuck(&self, what: &str, why: &str) -> Error {
        let Attempt { file, name, .. } = self.attempt;
        Error::environment(format!("`{name}` of {file} cannot be {what}: {why}"))
    }

    fn run(&self, project: &Project, commands: &[Vec<String>], what: &str) -> Result<()> {
        let workspace = project.workspace()?;
        for argv in commands {
            let mut command = workspace.command(project.kind, argv, WITHIN)?;
            // In front: the cluster that the lab is in by now, if any, wins.
            command.env.splice(0..0, project.cluster());
            let words = process::shell_words(argv);
            let captured = process::capture(&command)
                .map_err(|why| self.stuck(what, &format!("cannot run `{words}`: {why:?}")))?;
            if captured.ended != Ended::Code(0) {
                let printed = [&captured.stdout, &captured.stderr]
                    .map(|bytes| String::from_utf8_lossy(bytes));
                return Err(self
                    .stuck(what, &format!("`{words}` ended with {:?}", captured.ended))
                    .detail(printed.concat().trim().to_owned()));
            }
        }
        Ok(())
    }
}

fn apply(project: &Project, files: &Tree) -> Result<()> {
    files.iter().try_for_each(|(path, file)| {
        fs::write(&path.under(&project.root), &file.bytes, file.executable)
    })
}
