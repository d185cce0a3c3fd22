//! `solve`: do a step for the learner, keeping what it replaces.

use std::io::{self, Write};

use serde::Serialize;

use super::diff::{self, unified};
use super::stand_ins::skip_behind_stand_ins;
use super::{Session, View, consent, runtime_of};
use crate::catalog::manifest::RuntimeKind;
use crate::catalog::tree::Tree;
use crate::course::Target;
use crate::error::{Error, Result};
use crate::layout::BACKUP;
use crate::platform::inside::{self, cannot};
use crate::platform::process;
use crate::platform::term::{BOLD, DIM, Progress as _};
use crate::runtime;
use crate::scaffold::{self, AppliedFile};
use crate::workspace::{Trust, Workspace};

#[derive(Serialize)]
pub(super) struct Solved {
    id: Option<String>,
    title: String,
    /// Only shown, not done.
    dry: bool,
    files: Vec<AppliedFile>,
    commands: Vec<Vec<String>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    diff: String,
}

pub(super) fn run(
    session: &Session,
    step: Option<&str>,
    dry: bool,
    kind: Option<RuntimeKind>,
) -> Result<Solved> {
    let workspace = if dry { session.workspace()? } else { consent::trusted_workspace(session)? };
    let kind = runtime_of(&workspace, kind)?;
    let mut progress = workspace.progress()?;
    // A look at a lab that is not trusted asks none of its addresses.
    if !dry || workspace.trust_level()? == Trust::Given {
        skip_behind_stand_ins(&workspace, &runtime::context(&workspace, kind)?, &mut progress)?;
    }
    let Some(target) = Target::find(workspace.manifest(), kind, step, &progress)? else {
        return Ok(Solved {
            id: None,
            title: String::new(),
            dry,
            files: Vec::new(),
            commands: Vec::new(),
            diff: String::new(),
        });
    };
    if let (Some(why), false) = (progress.skipped(target.id()), dry) {
        return Err(Error::environment(format!("`{}` cannot be done here: {why}", target.id()))
            .hint(format!("see what it would do: mlops-lab solve {} --diff", target.id())));
    }
    let solution = target.solution();
    let overlay = match &solution.files {
        Some(folder) => workspace.knowledge(folder)?,
        None => Tree::new(),
    };
    let mut solved = Solved {
        id: Some(target.id().to_owned()),
        title: target.title().to_owned(),
        dry,
        files: Vec::new(),
        commands: solution.run.clone(),
        diff: String::new(),
    };
    if dry {
        solved.diff = changes(&workspace, &overlay)?;
        return Ok(solved);
    }
    {
        let _lock = workspace.lock("solve")?;
        solved.files = scaffold::overlay(workspace.root(), &overlay, &workspace.base()?, BACKUP)?;
        // The lock ends here: a solution may call `mlops-lab up`.
    }
    run_all(session, &workspace, kind, &solution.run, None)?;
    Ok(solved)
}

/// Runs the commands of a solution, an injection or a restoration, in order, showing what they
/// print when one fails. With `veil` that is what is said of each: the commands of a drill would
/// give it away.
pub(super) fn run_all(
    session: &Session,
    workspace: &Workspace,
    kind: RuntimeKind,
    commands: &[Vec<String>],
    veil: Option<&str>,
) -> Result<()> {
    let mut progress = session.progress();
    for argv in commands {
        progress.start(&veil.map_or_else(|| process::shell_words(argv), str::to_owned));
        runtime::run(workspace, kind, argv, veil.is_some(), &mut progress)
            .map_err(|error| error.hint("see what runs: mlops-lab status"))?;
        progress.done("");
    }
    Ok(())
}

fn changes(workspace: &Workspace, overlay: &Tree) -> Result<String> {
    let mut all = String::new();
    for (path, file) in overlay {
        let (root, place) = (workspace.root(), path.as_str());
        let mine = inside::read_optional(root, place).map_err(cannot("read", root, place))?;
        let mine = mine.unwrap_or_default();
        all.push_str(&unified(path, &mine, &file.bytes));
    }
    Ok(all)
}

impl View for Solved {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(id) = &self.id else {
            return writeln!(out, "all steps have passed\n\nnext: mlops-lab check");
        };
        if self.dry {
            diff::coloured(&self.diff, out)?;
            for argv in &self.commands {
                writeln!(out, "$ {}", process::shell_words(argv))?;
            }
            return writeln!(out, "\nnext: mlops-lab solve {id}   (does this)");
        }
        writeln!(out, "{BOLD}{id}{BOLD:#}: {}", self.title)?;
        for file in &self.files {
            writeln!(out, "  wrote {}", file.path)?;
            if let Some(backup) = &file.backup {
                writeln!(out, "    {DIM}yours is kept in {}{DIM:#}", backup.display())?;
            }
        }
        for argv in &self.commands {
            writeln!(out, "  ran   {}", process::shell_words(argv))?;
        }
        writeln!(out, "\nnext: mlops-lab check {id}")
    }
}

/// An error for a solution that cannot be done while nothing runs.
pub(super) fn needs_up() -> Error {
    Error::environment("the lab is not up").hint("start it: mlops-lab up")
}
