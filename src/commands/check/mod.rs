//! `check`: look at the live system and say which steps pass.

mod report;
mod summary;
mod watch;

use std::collections::BTreeMap;

use super::consent::{self, Purpose};
use super::stand_ins::behind_stand_ins;
use super::{Session, drill, runtime_of};
use crate::catalog::check::CheckSpec;
use crate::catalog::manifest::{RuntimeKind, Step, VerdictKind};
use crate::check::{self, Context, Verdict};
use crate::cli;
use crate::course::{self, Progress, Target, steps};
use crate::error::{Error, Exit, Result};
use crate::platform::clock;
use crate::platform::term;
use crate::platform::world::Machine;
use crate::runtime;
use crate::workspace::Workspace;
use report::{Elsewhere, Report, Row};

pub(super) fn run(session: &Session, args: &cli::Check) -> Result<Exit> {
    if let (Some(step), true) = (&args.step, args.all) {
        return Err(Error::usage(format!("`--all` checks every step, and `{step}` names one"))
            .hint(format!("that one: mlops-lab check {step}"))
            .hint("every step, also those that passed before: mlops-lab check --all"));
    }
    let workspace = consent::require(session, session.workspace()?, Purpose::Judge)?;
    // A verdict does not depend on whether anything can be noted.
    let workspace = workspace.clone().settle().unwrap_or(workspace);
    let kind = runtime_of(&workspace, args.runtime)?;
    if args.watch {
        return watch::watch(session, &workspace, args);
    }
    let report = Look { workspace: &workspace, kind, args }.report(&mut Recall::default())?;
    session.show(&report.summed(session, &workspace)?)
}

/// What checks that disturb said last: they are not asked again until something changes.
#[derive(Debug, Default)]
struct Recall(BTreeMap<(String, usize), Verdict>);

impl Recall {
    fn ask(&mut self, id: &str, index: usize, check: &CheckSpec, context: &Context) -> Verdict {
        let key = (id.to_owned(), index);
        if let Some(known) = self.0.get(&key) {
            return known.clone();
        }
        let verdict = check::judge(check, context, &Machine);
        if check.disturbs && verdict.verdict != VerdictKind::CannotTell {
            self.0.insert(key, verdict.clone());
        }
        verdict
    }
}

/// One look at the live system.
struct Look<'a> {
    workspace: &'a Workspace,
    kind: RuntimeKind,
    args: &'a cli::Check,
}

impl Look<'_> {
    fn report(&self, recall: &mut Recall) -> Result<Report> {
        let Look { workspace, kind, args } = self;
        let manifest = workspace.manifest();
        let context = runtime::context(workspace, *kind)?;
        let mut progress = workspace.progress()?;
        behind_stand_ins(workspace, &context, &mut progress)?;
        let mut asked: Vec<(&str, Verdict)> = Vec::new();
        let mut named = None;
        // What is under way is judged first: it is why the rest may fail.
        let mut next = Target::find(manifest, *kind, args.step.as_deref(), &progress)?;
        named = args.step.as_ref().and(next.map(Target::id)).or(named);
        if args.all {
            let drill = next.filter(|target| matches!(target, Target::Drill(_)));
            for target in
                drill.into_iter().chain(steps(manifest, *kind).map(|(_, step)| Target::Step(step)))
            {
                if judged(manifest, target, &progress) {
                    asked.push((target.id(), self.ask(target, &context, &mut progress, recall)?));
                }
            }
        } else {
            while let Some(target) = next.filter(|target| judged(manifest, *target, &progress)) {
                let verdict = self.ask(target, &context, &mut progress, recall)?;
                let passed = verdict.verdict == VerdictKind::Pass;
                asked.push((target.id(), verdict));
                // A step that passed leads to the next one; a name on the command line means just
                // that one.
                let on = passed && args.step.is_none();
                next = if on { Target::find(manifest, *kind, None, &progress)? } else { None };
                // One that passed before and is looked at again must not be looked at for ever.
                next = next.filter(|next| !asked.iter().any(|(id, _)| *id == next.id()));
            }
        }
        let now = |id: &str| {
            asked.iter().find(|(asked, _)| *asked == id).map(|(_, verdict)| verdict.clone())
        };
        let row = |(number, step): (usize, &Step)| Row {
            number: Some(number),
            id: step.id.clone(),
            title: step.title.clone(),
            drill: false,
            done_at: progress.done_at(&step.id),
            now: now(&step.id),
            over: course::over(manifest, step, &progress).map(|later| later.id.clone()),
            skipped: progress.hidden(&step.id).map(str::to_owned),
            debrief: None,
        };
        let mut rows: Vec<Row> = steps(manifest, *kind).map(row).collect();
        for drill in &manifest.drill {
            if let Some(now) = now(&drill.id) {
                let over = now.verdict == VerdictKind::Pass;
                let debrief = drill.debrief.as_ref().filter(|_| over);
                rows.push(Row {
                    number: None,
                    id: drill.id.clone(),
                    title: drill.title.clone(),
                    drill: true,
                    done_at: progress.done_at(&drill.id),
                    now: Some(now),
                    over: None,
                    skipped: None,
                    debrief: debrief.map(|path| workspace.knowledge_text(path)).transpose()?,
                });
            }
        }
        let counted = |row: &&Row| {
            !row.drill && row.skipped.is_none() && (row.done_at.is_some() || row.over.is_none())
        };
        let of = rows.iter().filter(counted).count();
        let done = rows.iter().filter(counted).filter(|row| row.done_at.is_some()).count();
        let here: Vec<usize> = rows.iter().filter_map(|row| row.number).collect();
        let mut elsewhere: Vec<Elsewhere> = Elsewhere::all(manifest, &here);
        if args.step.is_some() {
            rows.retain(|row| row.now.is_some() || Some(row.id.as_str()) == named);
            elsewhere.clear();
        }
        Ok(Report {
            runtime: *kind,
            up: runtime::active(workspace).is_some(),
            drill: progress.drill.as_ref().map(|drill| drill.id.clone()),
            rows,
            elsewhere,
            done,
            of,
            summary: None,
            asked_for_one: args.step.is_some(),
        })
    }

    /// Judges one step or drill and remembers what was seen.
    fn ask(
        &self,
        target: Target<'_>,
        context: &Context,
        progress: &mut Progress,
        recall: &mut Recall,
    ) -> Result<Verdict> {
        clock::interrupted()?;
        let id = target.id();
        let verdict = check::judge_by(target.checks(), &mut |index, check| {
            recall.ask(id, index, check, context)
        });
        // A Ctrl-C in the middle of a probe makes it fail: that is no verdict on the learner's
        // system.
        clock::interrupted()?;
        let workspace = self.workspace;
        let active =
            |progress: &Progress| progress.drill.as_ref().is_some_and(|drill| drill.id == id);
        let passed = verdict.verdict == VerdictKind::Pass;
        if passed
            && matches!(target, Target::Drill(_))
            && active(&workspace.progress()?)
            && let Err(error) = drill::ended(workspace)
        {
            term::eprintln(&format!("warning: {error}"));
        }
        // A step that passed fails again only where the system has answered: one that is down has
        // undone nothing.
        let answered =
            verdict.verdict == VerdictKind::NotYet && runtime::active(workspace).is_some();
        workspace.remember(progress, |progress| {
            // Of a drill that was put back while it was judged there is nothing to say.
            if matches!(target, Target::Drill(_)) && !active(progress) {
                return;
            }
            if passed {
                progress.set_done(id);
                progress.drill.take_if(|drill| drill.id == id);
            } else if answered || !progress.done(id) {
                progress.set_seen(id, &verdict_words(&verdict));
            }
        })?;
        Ok(verdict)
    }
}

/// Whether there is something to ask: not of a step behind a stand-in, nor of one that a later step
/// has undone.
fn judged(manifest: &crate::catalog::Manifest, target: Target<'_>, progress: &Progress) -> bool {
    match target {
        Target::Drill(_) => true,
        Target::Step(step) => {
            progress.hidden(&step.id).is_none() && course::over(manifest, step, progress).is_none()
        }
    }
}

/// What `hint` needs to remember of a verdict.
fn verdict_words(verdict: &Verdict) -> serde_json::Value {
    serde_json::to_value(verdict).unwrap_or_default()
}
