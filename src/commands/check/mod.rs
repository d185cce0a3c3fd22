//! `check`: probes the live system and reports which steps pass.

mod report;
mod summary;
mod watch;

use std::collections::BTreeMap;

use super::consent::{self, Purpose};
use super::stand_ins::skip_behind_stand_ins;
use super::{Session, drill, runtime_of};
use crate::catalog::check::CheckSpec;
use crate::catalog::manifest::{RuntimeKind, Step, VerdictKind};
use crate::check::{self, Context, Verdict};
use crate::cli;
use crate::course::{self, Progress, Target, Wanted, steps};
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
    let workspace = workspace.clone().register().unwrap_or(workspace);
    let kind = runtime_of(&workspace, args.runtime)?;
    if args.watch {
        return watch::watch(session, &workspace, args);
    }
    let report = Round { workspace: &workspace, kind, args }.report(&mut Recall::default())?;
    session.show(&report.summed(session, &workspace)?)
}

/// The last verdicts of checks that disturb: they are not judged again until something changes.
#[derive(Debug, Default)]
struct Recall(BTreeMap<(String, usize), Verdict>);

impl Recall {
    fn judge(&mut self, id: &str, index: usize, check: &CheckSpec, context: &Context) -> Verdict {
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

/// One round of checks of the live system.
struct Round<'a> {
    workspace: &'a Workspace,
    kind: RuntimeKind,
    args: &'a cli::Check,
}

impl Round<'_> {
    fn report(&self, recall: &mut Recall) -> Result<Report> {
        let Round { workspace, kind, args } = self;
        let manifest = workspace.manifest();
        let context = runtime::context(workspace, *kind)?;
        let mut progress = workspace.progress()?;
        skip_behind_stand_ins(workspace, &context, &mut progress)?;
        let wanted = match &args.step {
            Some(name) => Wanted::Named(name),
            None if args.all => Wanted::All,
            None => Wanted::Onward,
        };
        let named = match &args.step {
            Some(name) => Target::find(manifest, *kind, Some(name), &progress)?.map(Target::id),
            None => None,
        };
        let mut judged: Vec<(&str, Verdict)> = Vec::new();
        loop {
            let before: Vec<_> =
                judged.iter().map(|(id, verdict)| (*id, verdict.passed())).collect();
            let next = course::next_target(wanted, manifest, *kind, &progress, &before)?;
            let Some(target) = next else { break };
            judged.push((target.id(), self.judge(target, &context, &mut progress, recall)?));
        }
        let mut rows = self.rows(&judged, &progress)?;
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
            one_step: args.step.is_some(),
        })
    }

    /// A row for each step, and for each drill that was judged.
    fn rows(&self, judged: &[(&str, Verdict)], progress: &Progress) -> Result<Vec<Row>> {
        let manifest = self.workspace.manifest();
        let now = |id: &str| {
            judged.iter().find(|(known, _)| *known == id).map(|(_, verdict)| verdict.clone())
        };
        let row = |(number, step): (usize, &Step)| Row {
            number: Some(number),
            id: step.id.clone(),
            title: step.title.clone(),
            drill: false,
            done_at: progress.done_at(&step.id),
            now: now(&step.id),
            over: course::over(manifest, step, progress).map(|later| later.id.clone()),
            skipped: progress.skipped(&step.id).map(str::to_owned),
            debrief: None,
        };
        let mut rows: Vec<Row> = steps(manifest, self.kind).map(row).collect();
        for drill in &manifest.drill {
            let Some(now) = now(&drill.id) else { continue };
            let debrief = drill.debrief.as_ref().filter(|_| now.passed());
            rows.push(Row {
                number: None,
                id: drill.id.clone(),
                title: drill.title.clone(),
                drill: true,
                done_at: progress.done_at(&drill.id),
                now: Some(now),
                over: None,
                skipped: None,
                debrief: debrief.map(|path| self.workspace.knowledge_text(path)).transpose()?,
            });
        }
        Ok(rows)
    }

    /// Judges one step or drill and remembers the verdict.
    fn judge(
        &self,
        target: Target<'_>,
        context: &Context,
        progress: &mut Progress,
        recall: &mut Recall,
    ) -> Result<Verdict> {
        clock::interrupted()?;
        let (workspace, id) = (self.workspace, target.id());
        let verdict = check::judge_by(target.checks(), &mut |index, check| {
            recall.judge(id, index, check, context)
        });
        // A Ctrl-C in the middle of a probe makes it fail: that is no verdict on the learner's
        // system.
        clock::interrupted()?;
        if verdict.passed()
            && matches!(target, Target::Drill(_))
            && workspace.progress()?.drilling(id)
            && let Err(error) = drill::ended(workspace)
        {
            term::eprintln(&format!("warning: {error}"));
        }
        let (up, now) = (runtime::active(workspace).is_some(), clock::unix_now());
        workspace.remember(progress, |progress| {
            course::record(progress, target, &verdict, up, now);
        })?;
        Ok(verdict)
    }
}
