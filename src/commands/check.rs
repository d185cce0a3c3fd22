//! `check`: look at the live system and say which steps are done.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use super::target::{Target, steps};
use super::{Session, View, drill, runtime_of};
use crate::catalog::manifest::{RuntimeKind, VerdictKind};
use crate::check::{self, Context, Verdict};
use crate::cli;
use crate::error::{Error, Exit, Result};
use crate::platform::clock;
use crate::platform::term::{self, BAD, BOLD, DIM, GOOD, WARN};
use crate::platform::world::Machine;
use crate::runtime;
use crate::workspace::{Progress, Workspace};

/// Between two looks of `--watch`. With a check of at most a second the verdict is there within 3 s of the fix.
const WATCH_EVERY: Duration = Duration::from_secs(1);

#[derive(Serialize)]
struct Report {
    runtime: RuntimeKind,
    /// Whether the lab has anything running.
    up: bool,
    rows: Vec<Row>,
    done: usize,
    of: usize,
    #[serde(skip)]
    asked_for_one: bool,
}

#[derive(Serialize)]
struct Row {
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<usize>,
    id: String,
    title: String,
    drill: bool,
    /// When it was first seen done, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    done_at: Option<u64>,
    /// What the live system says now, when it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<Verdict>,
    /// Why the step is not asked: a stand-in answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<String>,
}

pub(super) fn run(session: &Session, args: &cli::Check) -> Result<Exit> {
    let workspace = session.workspace()?;
    let kind = runtime_of(&workspace, args.runtime)?;
    if args.watch {
        return watch(session, &workspace, kind, args);
    }
    session.show(&look(&workspace, kind, args)?)
}

fn look(workspace: &Workspace, kind: RuntimeKind, args: &cli::Check) -> Result<Report> {
    let context = runtime::context(workspace, kind)?;
    let mut progress = workspace.progress()?;
    let manifest = workspace.manifest();
    behind_stand_ins(workspace, &context, &mut progress)?;
    let mut asked: Vec<(&str, Verdict)> = Vec::new();
    let mut named = None;
    if args.all {
        for (_, step) in steps(manifest, kind) {
            if progress.hidden(&step.id).is_none() {
                asked.push((&step.id, ask(workspace, Target::Step(step), &context, &mut progress)?));
            }
        }
    } else {
        let mut next = Target::find(manifest, kind, args.step.as_deref(), &progress)?;
        named = next.map(Target::id);
        while let Some(target) = next.filter(|target| progress.hidden(target.id()).is_none()) {
            let verdict = ask(workspace, target, &context, &mut progress)?;
            let passed = verdict.verdict == VerdictKind::Pass;
            asked.push((target.id(), verdict));
            // A step done leads to the next one; a name on the command line means just that one.
            next = if passed && args.step.is_none() {
                Target::find(manifest, kind, None, &progress)?
            } else {
                None
            };
        }
    }
    let now = |id: &str| asked.iter().find(|(asked, _)| *asked == id).map(|(_, verdict)| verdict.clone());
    let mut rows: Vec<Row> = steps(manifest, kind)
        .map(|(number, step)| Row {
            number: Some(number),
            id: step.id.clone(),
            title: step.title.clone(),
            drill: false,
            done_at: progress.done_at(&step.id),
            now: now(&step.id),
            skipped: progress.hidden(&step.id).map(str::to_owned),
        })
        .collect();
    for drill in manifest.drills(kind) {
        if let Some(now) = now(&drill.id) {
            let (id, title) = (drill.id.clone(), drill.title.clone());
            rows.push(Row {
                number: None,
                id,
                title,
                drill: true,
                done_at: progress.done_at(&drill.id),
                now: Some(now),
                skipped: None,
            });
        }
    }
    let done = rows.iter().filter(|row| !row.drill && row.done_at.is_some()).count();
    let of = rows.iter().filter(|row| !row.drill && row.skipped.is_none()).count();
    if let Some(name) = &args.step {
        rows.retain(|row| row.now.is_some() || Some(row.id.as_str()) == named);
        if rows.is_empty() {
            return Err(Error::bug(format!("`{name}` was asked for and not judged")));
        }
    }
    let up = runtime::active(workspace).is_some();
    Ok(Report { runtime: kind, up, rows, done, of, asked_for_one: args.step.is_some() })
}

/// Asks the live system whether a stand-in answers, and remembers which steps it hides. One that says nothing leaves it as it was.
pub(super) fn behind_stand_ins(
    workspace: &Workspace,
    context: &Context,
    progress: &mut Progress,
) -> Result<()> {
    for (stand_in, answers) in check::stand_ins(workspace.manifest(), context, &Machine) {
        let Some(answers) = answers else { continue };
        workspace.remember(progress, |progress| {
            for step in &stand_in.steps {
                progress.set_hidden(step, answers.then(|| check::why_hidden(stand_in)));
            }
        })?;
    }
    clock::interrupted()
}

/// Judges one step or drill and remembers it when it is done.
fn ask(
    workspace: &Workspace,
    target: Target<'_>,
    context: &Context,
    progress: &mut Progress,
) -> Result<Verdict> {
    clock::interrupted()?;
    let verdict = check::judge_all(target.checks(), context, &Machine);
    // A Ctrl-C in the middle of a probe makes it fail: that is no verdict on the learner's system.
    clock::interrupted()?;
    let active = |progress: &Progress| progress.drill.as_ref().is_some_and(|drill| drill.id == target.id());
    if verdict.verdict == VerdictKind::Pass
        && matches!(target, Target::Drill(_))
        && active(&workspace.progress()?)
        && let Err(error) = drill::ended(workspace)
    {
        term::say(&format!("warning: {error}"));
    }
    workspace.remember(progress, |progress| {
        // Of a drill that was put back while it was judged there is nothing to say.
        if matches!(target, Target::Drill(_)) && !active(progress) {
            return;
        }
        if verdict.verdict == VerdictKind::Pass {
            progress.set_done(target.id());
            progress.drill.take_if(|drill| drill.id == target.id());
        } else {
            progress.set_seen(target.id(), &verdict_words(&verdict));
        }
    })?;
    Ok(verdict)
}

/// What `hint` needs to remember of a verdict.
fn verdict_words(verdict: &Verdict) -> serde_json::Value {
    serde_json::to_value(verdict).unwrap_or_default()
}

fn watch(session: &Session, workspace: &Workspace, kind: RuntimeKind, args: &cli::Check) -> Result<Exit> {
    let mut last = None;
    loop {
        let report = look(workspace, kind, args)?;
        let signature: Vec<_> =
            report.rows.iter().map(|row| (row.id.clone(), row.now.as_ref().map(check::signature))).collect();
        if last.as_ref() != Some(&signature) {
            session.show(&report)?;
            last = Some(signature);
        }
        if report.exit() == Exit::Done {
            return Ok(Exit::Done);
        }
        clock::pause(WATCH_EVERY)?;
    }
}

impl View for Report {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let width = self.rows.iter().map(|row| row.id.len()).max().unwrap_or(0);
        for row in &self.rows {
            let number = row.number.map_or("  ".to_owned(), |n| format!("{n:>2}"));
            let (style, word) = match (&row.now, row.done_at) {
                _ if row.skipped.is_some() => (WARN, "skipped".to_owned()),
                (Some(now), done) => match now.verdict {
                    VerdictKind::Pass => (GOOD, "done".to_owned()),
                    _ if done.is_some() => {
                        (DIM, format!("done {}, not so now", clock::ago(done.unwrap_or(0))))
                    }
                    VerdictKind::NotYet => (BAD, "not yet".to_owned()),
                    VerdictKind::CannotTell => (WARN, "cannot tell".to_owned()),
                },
                (None, Some(done)) => (DIM, format!("done {}", clock::ago(done))),
                (None, None) => (DIM, "to do".to_owned()),
            };
            writeln!(
                out,
                "{number}  {BOLD}{:width$}{BOLD:#}  {}: {style}{word}{style:#}",
                row.id, row.title
            )?;
            if let Some(now) = &row.now
                && now.verdict != VerdictKind::Pass
                && row.done_at.is_none()
            {
                for (name, text) in
                    [("asked", &now.probe), ("expected", &now.expected), ("observed", &now.observed)]
                {
                    writeln!(out, "      {DIM}{name:<9}{DIM:#} {text}")?;
                }
                if let Some(because) = &now.because {
                    writeln!(out, "      {DIM}that is{DIM:#}   {because}")?;
                }
            }
        }
        let mut told: Vec<&str> = Vec::new();
        for why in self.rows.iter().filter_map(|row| row.skipped.as_deref()) {
            // Steps of one stand-in have one reason.
            if !told.contains(&why) {
                writeln!(out, "\n{DIM}skipped{DIM:#}  {}", term::escape(why))?;
                told.push(why);
            }
        }
        if !self.asked_for_one {
            writeln!(out, "\n{} of {} steps done", self.done, self.of)?;
        }
        let stuck =
            self.rows.iter().find(|row| row.now.as_ref().is_some_and(|now| now.verdict != VerdictKind::Pass));
        match stuck {
            None if self.asked_for_one => Ok(()),
            None if self.done == self.of => {
                writeln!(out, "\nnext: mlops-lab break   (all steps are done: now break it)")
            }
            None => writeln!(out, "\nnext: mlops-lab check"),
            Some(row) if !self.up => {
                writeln!(out, "\nnothing runs. next: mlops-lab up   (or: mlops-lab hint {})", row.id)
            }
            Some(row) => writeln!(out, "\nnext: mlops-lab hint {}", row.id),
        }
    }

    /// One step: its verdict. Else: done when every step is, whenever that was seen.
    fn exit(&self) -> Exit {
        let worst =
            self.rows.iter().filter(|row| self.asked_for_one || row.drill || row.done_at.is_none()).map(
                |row| match row.now.as_ref().map(|now| now.verdict) {
                    // Asked by name it has no answer; else it is nothing that the learner could still do.
                    None if row.skipped.is_some() && self.asked_for_one => Exit::Environment,
                    None if row.skipped.is_some() => Exit::Done,
                    Some(VerdictKind::Pass) => Exit::Done,
                    Some(VerdictKind::CannotTell) => Exit::Environment,
                    Some(VerdictKind::NotYet) | None => Exit::No,
                },
            );
        // «Cannot tell» about the step that was looked at outranks «not yet» of those behind it, which nobody asked.
        let all: Vec<Exit> = worst.collect();
        if all.contains(&Exit::Environment)
            && !self.rows.iter().any(|row| {
                row.done_at.is_none() && matches!(&row.now, Some(now) if now.verdict == VerdictKind::NotYet)
            })
        {
            return Exit::Environment;
        }
        if all.iter().all(|exit| *exit == Exit::Done) { Exit::Done } else { Exit::No }
    }
}
