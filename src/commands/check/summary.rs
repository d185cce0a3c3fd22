//! The end of a lab: what was done, what can still be broken, what to remove, where to go on.

use std::io::{self, Write};

use serde::Serialize;

use crate::catalog::manifest::RuntimeKind;
use crate::commands::{Session, pasteable};
use crate::course::{self, Progress};
use crate::error::Result;
use crate::platform::clock;
use crate::platform::term::{BOLD, GOOD};
use crate::workspace::Workspace;

#[derive(Clone, Serialize)]
pub(super) struct Summary {
    title: String,
    steps: usize,
    /// Steps that a stand-in cannot show.
    skipped: usize,
    /// From the first check to the last step that passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<u64>,
    drills: Vec<Drill>,
    /// Labs that come after this one.
    next_labs: Vec<String>,
    folder: String,
}

#[derive(Clone, Serialize)]
struct Drill {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovered_at: Option<u64>,
}

impl Summary {
    pub(super) fn of(
        session: &Session,
        workspace: &Workspace,
        kind: RuntimeKind,
    ) -> Result<Summary> {
        let progress = workspace.progress()?;
        let manifest = workspace.manifest();
        let done: Vec<u64> =
            manifest.steps(kind).filter_map(|step| progress.done_at(&step.id)).collect();
        let drill = |drill: &crate::catalog::manifest::Drill| Drill {
            id: drill.id.clone(),
            recovered_at: progress.done_at(&drill.id),
        };
        Ok(Summary {
            title: manifest.title.clone(),
            steps: done.len(),
            skipped: manifest
                .steps(kind)
                .filter(|step| progress.skipped(&step.id).is_some())
                .count(),
            seconds: taken(&progress, &done),
            drills: manifest.drills(kind).map(drill).collect(),
            next_labs: after(session, workspace),
            folder: pasteable(workspace.root()),
        })
    }

    pub(super) fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let time =
            self.seconds.map(|seconds| format!(" in {}", length(seconds))).unwrap_or_default();
        let skipped = if self.skipped > 0 {
            format!(" ({} skipped: see above)", self.skipped)
        } else {
            String::new()
        };
        writeln!(
            out,
            "\n{GOOD}done{GOOD:#}: {BOLD}{}{BOLD:#}, {}{time}{skipped}",
            self.title,
            counted(self.steps, "step")
        )?;
        let open: Vec<&Drill> =
            self.drills.iter().filter(|drill| drill.recovered_at.is_none()).collect();
        if !self.drills.is_empty() {
            writeln!(
                out,
                "drills: {} of {} recovered",
                self.drills.len() - open.len(),
                self.drills.len()
            )?;
        }
        writeln!(out)?;
        if let Some(drill) = open.first() {
            writeln!(out, "next: mlops-lab break {}   (break it, and find out why)", drill.id)?;
        } else {
            for lab in &self.next_labs {
                // Labs stand side by side, not one in the other.
                writeln!(out, "next: cd .. && mlops-lab init {lab} --up   (the next lab)")?;
            }
            if self.next_labs.is_empty() {
                writeln!(out, "next: mlops-lab list   (the other labs)")?;
            }
        }
        writeln!(out, "\nto stop it and remove its data: mlops-lab down --purge")?;
        writeln!(out, "to remove it all, after that: rm -r {}", self.folder)
    }
}

/// From the beginning to the last step; unknown for progress that an older version began.
fn taken(progress: &Progress, done: &[u64]) -> Option<u64> {
    let last = done.iter().max()?;
    Some(last.saturating_sub(progress.begun?))
}

/// The labs that name this one as worth doing first. What cannot be read is no reason to keep the
/// summary back.
fn after(session: &Session, workspace: &Workspace) -> Vec<String> {
    let record = workspace.record();
    if record.pack.is_some() && session.sources.typed().is_empty() {
        return Vec::new();
    }
    let listed = session.sources.labs().unwrap_or_default();
    let labs: Vec<_> = listed
        .iter()
        .filter_map(|lab| Some((lab.name.as_str(), lab.source.lab(&lab.id).ok()?)))
        .collect();
    let known = labs.iter().map(|(name, lab)| (*name, lab.manifest.after.as_slice()));
    course::labs_after(&record.lab, known).into_iter().map(str::to_owned).collect()
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn length(seconds: u64) -> String {
    clock::ago(clock::unix_now().saturating_sub(seconds)).trim_end_matches(" ago").to_owned()
}
