//! `break`: do damage for the learner to find, and put it back.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Session, View, consent, pasteable, runtime_of, solve};
use crate::catalog::manifest::{Drill, RuntimeKind};
use crate::check::{self, Context, Verdict};
use crate::course::drill::{self, UNDO, UnderWay};
use crate::error::{Error, Result};
use crate::platform::clock;
use crate::platform::prose;
use crate::platform::term::{self, BOLD, DIM, Progress as _};
use crate::platform::world::Machine;
use crate::runtime;
use crate::workspace::Workspace;
use crate::workspace::snapshot::{self, PutBack};

const POLL: Duration = Duration::from_millis(250);

#[derive(Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub(super) enum Broken {
    List {
        drills: Vec<Row>,
        active: Option<String>,
    },
    Injected {
        id: String,
        title: String,
        text: String,
        symptom: Verdict,
    },
    Restored {
        id: String,
        #[serde(flatten)]
        back: PutBack,
    },
    Nothing,
}

#[derive(Serialize)]
pub(super) struct Row {
    id: String,
    title: String,
    done_at: Option<u64>,
}

pub(super) fn run(session: &Session, name: Option<&str>, undo: bool) -> Result<Broken> {
    let works = name.is_some() || undo || session.trust;
    let workspace =
        if works { consent::trusted_workspace(session)? } else { session.workspace()? };
    let kind = runtime_of(&workspace, None)?;
    let progress = workspace.progress()?;
    match (name, undo) {
        (None, false) => {
            let row = |drill: &Drill| Row {
                id: drill.id.clone(),
                title: drill.title.clone(),
                done_at: progress.done_at(&drill.id),
            };
            let drills = workspace.manifest().drills(kind).map(row).collect();
            Ok(Broken::List { drills, active: progress.drill.map(|drill| drill.id) })
        }
        (named, true) => match drill::to_undo(workspace.manifest(), &progress, named)? {
            None => Ok(Broken::Nothing),
            Some(UnderWay { known: Some(drill), .. }) => restore(session, &workspace, kind, drill),
            Some(UnderWay { id, known: None }) => {
                // An update took the drill away: what it left running still ends.
                over(&workspace)?;
                Ok(Broken::Restored { id: id.to_owned(), back: PutBack::default() })
            }
        },
        (Some(name), false) => {
            let drill = drill::to_start(workspace.manifest(), kind, name)?;
            inject(session, &workspace, kind, drill)
        }
    }
}

fn inject(
    session: &Session,
    workspace: &Workspace,
    kind: RuntimeKind,
    drill: &Drill,
) -> Result<Broken> {
    drill::ensure_none(&workspace.progress()?)?;
    if runtime::active(workspace).is_none() {
        return Err(solve::needs_up());
    }
    let context = runtime::context(workspace, kind)?;
    let before = check::judge_all(&drill.healthy, &context, &Machine);
    if !before.passed() {
        return Err(Error::no("the lab is not healthy: fix it before you start a drill")
            .detail(before.detail())
            .hint("see what runs: mlops-lab status"));
    }
    begin(workspace, drill)?;
    break_it(session, workspace, kind, drill, &context).map_err(|error| {
        let shown = error.hints().iter().any(|hint| hint == UNDO);
        if shown { error } else { error.hint(UNDO) }
    })
}

/// Saves what the drill will damage, then writes down that it is under way: after a kill at any
/// later moment `break --undo` knows what to put back, and before that moment nothing was changed.
fn begin(workspace: &Workspace, drill: &Drill) -> Result<()> {
    let _lock = workspace.lock("break")?;
    drill::ensure_none(&workspace.progress()?)?;
    // The rest of a drill that was killed while it ended.
    ended(workspace)?;
    snapshot::save(workspace, drill)?;
    workspace.update_progress(|progress| progress.begin_drill(&drill.id, clock::unix_now()))
}

fn break_it(
    session: &Session,
    workspace: &Workspace,
    kind: RuntimeKind,
    drill: &Drill,
    context: &Context,
) -> Result<Broken> {
    let mut background = runtime::start_background(workspace, kind, drill)?;
    solve::run_all(session, workspace, kind, &drill.inject, Some("breaking something"))?;
    snapshot::damaged(workspace, drill)?;
    let end = Instant::now() + drill.within.0;
    loop {
        background.runs(workspace)?;
        let symptom = check::judge_all(&drill.healthy, context, &Machine);
        if !symptom.passed() {
            let text = workspace.knowledge_text(&drill.text)?;
            return Ok(Broken::Injected {
                id: drill.id.clone(),
                title: drill.title.clone(),
                text,
                symptom,
            });
        }
        if Instant::now() >= end {
            return Err(Error::environment(format!(
                "the damage of `{}` did not show within {}",
                drill.id, drill.within
            )));
        }
        clock::pause(POLL)?;
    }
}

fn restore(
    session: &Session,
    workspace: &Workspace,
    kind: RuntimeKind,
    drill: &Drill,
) -> Result<Broken> {
    runtime::end_damage(workspace)?;
    runtime::end_background(workspace)?;
    let back = snapshot::put_back(workspace, drill)?;
    solve::run_all(session, workspace, kind, &drill.restore, Some("undoing the drill"))?;
    over(workspace)?;
    // With the lab down there is nothing to wait for: what was put back takes effect at the next
    // `up`.
    if runtime::active(workspace).is_some() {
        let context = runtime::context(workspace, kind)?;
        let mut steps = session.progress();
        steps.start("waiting for the lab to recover");
        let end = Instant::now() + drill.within.0;
        loop {
            let verdict = check::judge_all(&drill.healthy, &context, &Machine);
            if verdict.passed() {
                break;
            }
            if Instant::now() >= end {
                return Err(Error::no(format!(
                    "`{}` was undone, and the lab is not healthy yet",
                    drill.id
                ))
                .detail(verdict.detail())
                .hint("see what runs: mlops-lab status"));
            }
            clock::pause(POLL)?;
        }
        steps.done("");
    }
    Ok(Broken::Restored { id: drill.id.clone(), back })
}

/// Starts again what the drill under way runs beside the lab, after a `down` has ended it: a drill
/// without its traffic leaves no evidence.
pub(super) fn resume(workspace: &Workspace, kind: RuntimeKind) -> Result<()> {
    let Some(active) = workspace.progress()?.drill else { return Ok(()) };
    let drill = workspace.manifest().drill.iter().find(|drill| drill.id == active.id);
    match drill.filter(|_| !runtime::background_runs(workspace)) {
        Some(drill) => runtime::start_background(workspace, kind, drill).map(drop),
        None => Ok(()),
    }
}

/// The drill is over without a recovery: nothing of it runs, nothing is saved, none is under way.
fn over(workspace: &Workspace) -> Result<()> {
    ended(workspace)?;
    workspace.update_progress(|progress| progress.end_drill())
}

/// Ends what a drill runs and saved. Before progress has it as over: killed in between, it
/// can be ended again.
pub(super) fn ended(workspace: &Workspace) -> Result<()> {
    runtime::end_damage(workspace)?;
    runtime::end_background(workspace)?;
    snapshot::forget(workspace)
}

impl View for Broken {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Broken::List { drills, .. } if drills.is_empty() => {
                writeln!(out, "this lab has no drills in this runtime")
            }
            Broken::List { drills, active } => {
                for drill in drills {
                    let (mark, state) = match (active.as_deref() == Some(&drill.id), drill.done_at)
                    {
                        (true, _) => ('✗', ": under way".to_owned()),
                        (false, Some(at)) => ('✓', format!(": recovered {}", clock::ago(at))),
                        (false, None) => (' ', String::new()),
                    };
                    writeln!(
                        out,
                        "{mark} {BOLD}{}{BOLD:#}  {}{DIM}{state}{DIM:#}",
                        drill.id, drill.title
                    )?;
                }
                let open = drills.iter().find(|drill| drill.done_at.is_none()).or(drills.first());
                match (active, open) {
                    (Some(id), _) => {
                        writeln!(
                            out,
                            "\nnext: mlops-lab check {id}   (put it back: mlops-lab break --undo)"
                        )
                    }
                    (None, Some(drill)) => writeln!(out, "\nnext: mlops-lab break {}", drill.id),
                    (None, None) => Ok(()),
                }
            }
            Broken::Injected { id, title, text, .. } => {
                writeln!(
                    out,
                    "{BOLD}{title}{BOLD:#}\n\n{}",
                    prose::markdown(text, 0, term::columns())
                )?;
                writeln!(out, "\nnext: mlops-lab check {id}   (a hint: mlops-lab hint {id})")?;
                writeln!(out, "      put it back: mlops-lab break --undo")
            }
            Broken::Restored { id, back } => {
                for path in &back.files {
                    writeln!(out, "  restored  {path}")?;
                }
                for kept in &back.kept {
                    writeln!(
                        out,
                        "  {} was changed meanwhile: yours is in {}",
                        kept.path,
                        pasteable(&kept.backup)
                    )?;
                }
                if back.missing {
                    writeln!(
                        out,
                        "  the files that this drill saved are not here (a copy of a lab has \
                         none): see mlops-lab diff"
                    )?;
                }
                writeln!(out, "undone: {id}\n\nnext: mlops-lab check")
            }
            Broken::Nothing => writeln!(out, "no drill is under way\n\nnext: mlops-lab break"),
        }
    }
}
