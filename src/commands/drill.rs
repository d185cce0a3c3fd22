//! `break`: do damage for the learner to find, and put it back.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Session, View, runtime_of, solve};
use crate::catalog::manifest::{Drill, RuntimeKind, VerdictKind};
use crate::check::{self, Verdict};
use crate::error::{Error, Result, unknown};
use crate::platform::clock;
use crate::platform::term::{BOLD, DIM, Progress as _};
use crate::platform::world::Machine;
use crate::runtime;
use crate::workspace::Workspace;

const POLL: Duration = Duration::from_millis(250);

#[derive(Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub(super) enum Broken {
    List { drills: Vec<Row>, active: Option<String> },
    Injected { id: String, title: String, text: String, symptom: Verdict },
    Restored { id: String },
    Nothing,
}

#[derive(Serialize)]
pub(super) struct Row {
    id: String,
    title: String,
    done_at: Option<u64>,
}

pub(super) fn run(session: &Session, name: Option<&str>, undo: bool) -> Result<Broken> {
    let workspace = session.workspace()?;
    let kind = runtime_of(&workspace, None)?;
    let progress = workspace.progress()?;
    let active = progress.drill.as_ref().map(|drill| drill.id.clone());
    let drills: Vec<&Drill> = workspace.manifest().drills(kind).collect();
    let find = |id: &str| {
        let found = drills.iter().find(|drill| drill.id == id).copied();
        found.ok_or_else(|| unknown("drill", id, drills.iter().map(|drill| drill.id.as_str())))
    };
    match (name, undo) {
        (None, false) => {
            let row = |drill: &&Drill| Row {
                id: drill.id.clone(),
                title: drill.title.clone(),
                done_at: progress.done_at(&drill.id),
            };
            Ok(Broken::List { drills: drills.iter().map(row).collect(), active })
        }
        (None, true) => match active {
            Some(id) => restore(session, &workspace, kind, find(&id)?),
            None => Ok(Broken::Nothing),
        },
        (Some(id), true) => restore(session, &workspace, kind, find(id)?),
        (Some(id), false) => {
            let drill = find(id)?;
            if let Some(active) = active {
                return Err(under_way(&active));
            }
            inject(session, &workspace, kind, drill)
        }
    }
}

fn inject(session: &Session, workspace: &Workspace, kind: RuntimeKind, drill: &Drill) -> Result<Broken> {
    if runtime::active(workspace).is_none() {
        return Err(solve::needs_up());
    }
    let context = runtime::context(workspace, kind)?;
    let before = check::judge_all(&drill.symptom, &context, &Machine);
    if before.verdict != VerdictKind::Pass {
        return Err(Error::no("the lab is not healthy: a drill on top would teach nothing")
            .detail(format!(
                "asked     {}\nexpected  {}\nobserved  {}",
                before.probe, before.expected, before.observed
            ))
            .hint("see what runs: mlops-lab status"));
    }
    // Written down first: after a kill in the middle `break --undo` knows what to put back.
    begin(workspace, drill)?;
    solve::run_all(session, workspace, kind, &drill.inject, Some("breaking something"))?;
    let end = Instant::now() + drill.within.0;
    loop {
        let symptom = check::judge_all(&drill.symptom, &context, &Machine);
        if symptom.verdict != VerdictKind::Pass {
            let text = workspace.knowledge_text(&drill.text)?;
            return Ok(Broken::Injected { id: drill.id.clone(), title: drill.title.clone(), text, symptom });
        }
        if Instant::now() >= end {
            return Err(Error::environment(format!(
                "the damage of `{}` does not show within {}",
                drill.id, drill.within
            ))
            .hint("put it back: mlops-lab break --undo"));
        }
        clock::pause(POLL)?;
    }
}

/// Another command may have begun one since this one looked.
fn begin(workspace: &Workspace, drill: &Drill) -> Result<()> {
    workspace.update_progress(|progress| match &progress.drill {
        Some(active) => Err(under_way(&active.id)),
        None => {
            progress.begin_drill(&drill.id);
            Ok(())
        }
    })?
}

fn under_way(id: &str) -> Error {
    Error::no(format!("the drill `{id}` is under way")).hint("fix it, or put it back: mlops-lab break --undo")
}

fn restore(session: &Session, workspace: &Workspace, kind: RuntimeKind, drill: &Drill) -> Result<Broken> {
    solve::run_all(session, workspace, kind, &drill.restore, Some("putting it back"))?;
    workspace.update_progress(|progress| progress.drill = None)?;
    // With the lab down there is nothing to wait for: what was put back takes effect at the next `up`.
    if runtime::active(workspace).is_some() {
        let context = runtime::context(workspace, kind)?;
        let mut steps = session.progress();
        steps.start("waiting for the lab to be well again");
        let end = Instant::now() + drill.within.0;
        loop {
            let verdict = check::judge_all(&drill.symptom, &context, &Machine);
            if verdict.verdict == VerdictKind::Pass {
                break;
            }
            if Instant::now() >= end {
                return Err(Error::no(format!("`{}` was put back, and the lab is not well yet", drill.id))
                    .detail(format!(
                        "asked     {}\nexpected  {}\nobserved  {}",
                        verdict.probe, verdict.expected, verdict.observed
                    ))
                    .hint("see what runs: mlops-lab status"));
            }
            clock::pause(POLL)?;
        }
        steps.done("");
    }
    Ok(Broken::Restored { id: drill.id.clone() })
}

impl View for Broken {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Broken::List { drills, .. } if drills.is_empty() => {
                writeln!(out, "this lab has no drills in this runtime")
            }
            Broken::List { drills, active } => {
                for drill in drills {
                    let state = match (active.as_deref() == Some(&drill.id), drill.done_at) {
                        (true, _) => "  under way".to_owned(),
                        (false, Some(at)) => format!("  mended {}", clock::ago(at)),
                        (false, None) => String::new(),
                    };
                    writeln!(out, "{BOLD}{}{BOLD:#}  {}{DIM}{state}{DIM:#}", drill.id, drill.title)?;
                }
                match active {
                    Some(id) => writeln!(
                        out,
                        "\nnext: mlops-lab check {id}   (or put it back: mlops-lab break --undo)"
                    ),
                    None => writeln!(out, "\nnext: mlops-lab break {}", drills[0].id),
                }
            }
            Broken::Injected { id, title, text, .. } => {
                writeln!(out, "{BOLD}{title}{BOLD:#}\n\n{}", text.trim_end())?;
                writeln!(
                    out,
                    "\nnext: mlops-lab check {id}   (or: mlops-lab hint {id}; put it back: mlops-lab break --undo)"
                )
            }
            Broken::Restored { id } => writeln!(out, "{id} is put back\n\nnext: mlops-lab check"),
            Broken::Nothing => writeln!(out, "no drill is under way\n\nnext: mlops-lab break"),
        }
    }
}
