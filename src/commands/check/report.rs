//! The report of `check`, for people and for programs.

use std::io::{self, Write};

use anstyle::Style;
use serde::Serialize;

use super::summary::Summary;
use crate::catalog::Manifest;
use crate::catalog::manifest::{RuntimeKind, VerdictKind};
use crate::check::Verdict;
use crate::commands::{Session, View};
use crate::error::{Exit, Result};
use crate::platform::term::{self, BAD, BOLD, DIM, GOOD, WARN};
use crate::platform::{clock, prose};
use crate::workspace::Workspace;

/// Where what belongs to a row begins, and its text.
const INDENT: usize = 6;
const TEXT: usize = INDENT + 10;

#[derive(Serialize)]
pub(super) struct Report {
    pub(super) runtime: RuntimeKind,
    /// Whether the lab has anything running.
    pub(super) up: bool,
    /// The drill that is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) drill: Option<String>,
    pub(super) rows: Vec<Row>,
    /// Steps of other runtimes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) elsewhere: Vec<Elsewhere>,
    pub(super) done: usize,
    pub(super) of: usize,
    /// The end of the lab, once it is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) summary: Option<Summary>,
    #[serde(skip)]
    pub(super) one_step: bool,
}

#[derive(Clone, Serialize)]
pub(super) struct Row {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) number: Option<usize>,
    pub(super) id: String,
    pub(super) title: String,
    pub(super) drill: bool,
    /// When it first passed, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) done_at: Option<u64>,
    /// The verdict of this check, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) now: Option<Verdict>,
    /// The later step that has passed and undone this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) over: Option<String>,
    /// Why the step is not checked: a stand-in answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) skipped: Option<String>,
    /// What there is to learn from a drill that has just recovered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) debrief: Option<String>,
}

/// A step that exists in other runtimes.
#[derive(Clone, Serialize)]
pub(super) struct Elsewhere {
    number: usize,
    id: String,
    title: String,
    runtimes: Vec<RuntimeKind>,
}

impl Elsewhere {
    /// The steps of a lab that are none of those `here`, by number.
    pub(super) fn all(manifest: &Manifest, here: &[usize]) -> Vec<Elsewhere> {
        let numbered = manifest.step.iter().enumerate().map(|(index, step)| (index + 1, step));
        let others = numbered.filter(|(number, _)| !here.contains(number));
        let row = |(number, step): (usize, &crate::catalog::manifest::Step)| Elsewhere {
            number,
            id: step.id.clone(),
            title: step.title.clone(),
            runtimes: step.runtimes.clone(),
        };
        others.map(row).collect()
    }
}

impl Row {
    /// A mark that needs no colour, its style, and the words.
    fn state(&self) -> (char, Style, String) {
        let passed = self.done_at.map(clock::ago).map(|ago| {
            if self.drill { format!("recovered {ago}") } else { format!("passed {ago}") }
        });
        match (&self.now, passed) {
            _ if self.skipped.is_some() => ('-', WARN, "skipped".to_owned()),
            (None, Some(passed)) => match &self.over {
                Some(later) => ('✓', DIM, format!("{passed}, before `{later}`")),
                None => ('✓', DIM, passed),
            },
            (None, None) => match &self.over {
                Some(later) => ('-', DIM, format!("no longer possible: `{later}` has passed")),
                None => (' ', DIM, "to do".to_owned()),
            },
            (Some(now), passed) => match now.verdict {
                VerdictKind::Pass => {
                    ('✓', GOOD, if self.drill { "recovered" } else { "passed" }.to_owned())
                }
                VerdictKind::NotYet => match passed {
                    Some(passed) => ('✗', BAD, format!("{passed}, failing now")),
                    None => ('✗', BAD, "not yet".to_owned()),
                },
                VerdictKind::CannotTell => ('?', WARN, "cannot tell".to_owned()),
            },
        }
    }

    pub(super) fn human(
        &self,
        out: &mut dyn Write,
        ids: usize,
        width: Option<usize>,
    ) -> io::Result<()> {
        let number = self.number.map_or("  ".to_owned(), |n| format!("{n:>2}"));
        let (mark, style, word) = self.state();
        let head = format!("{style}{mark}{style:#} {number}  {BOLD}{:ids$}{BOLD:#}  ", self.id);
        let taken = 8 + ids.max(self.id.chars().count());
        let title = format!("{}: {word}", self.title);
        let text = prose::hanging(&head, taken, &title, taken, width);
        // The state is the end of the line, and the only part of it that has a colour.
        match text.rsplit_once(&word) {
            Some((before, after)) => writeln!(out, "{before}{style}{word}{style:#}{after}")?,
            None => writeln!(out, "{text}")?,
        }
        if let Some(debrief) = &self.debrief {
            writeln!(out, "\n{}\n", prose::markdown(debrief.trim(), INDENT, width))?;
        }
        match &self.now {
            Some(now) if now.verdict != VerdictKind::Pass => details(now, out, width),
            _ => Ok(()),
        }
    }

    pub(super) fn stuck(&self) -> bool {
        self.now.as_ref().is_some_and(|now| now.verdict != VerdictKind::Pass)
    }
}

/// What was probed, expected and observed, and what it means.
fn details(now: &Verdict, out: &mut dyn Write, width: Option<usize>) -> io::Result<()> {
    for (label, text) in now.lines() {
        let head = format!("{:INDENT$}{DIM}{label:<8}{DIM:#}  ", "");
        // A reason is prose of the lab; everything else is what a machine was sent or gave.
        let laid = match label {
            "why" => prose::hanging(&head, TEXT, text, TEXT, width),
            _ => prose::quoted(&head, text, TEXT, width),
        };
        writeln!(out, "{laid}")?;
    }
    Ok(())
}

impl Report {
    /// With the summary of the lab, where its end is reached.
    pub(super) fn summed(mut self, session: &Session, workspace: &Workspace) -> Result<Report> {
        let partial = self.one_step || self.rows.iter().any(Row::stuck);
        if !partial && self.drill.is_none() && self.complete() {
            self.summary = Some(Summary::of(session, workspace, self.runtime)?);
        }
        Ok(self)
    }

    /// Whether every step that can pass here has passed, or is skipped with what runs.
    pub(super) fn complete(&self) -> bool {
        self.done == self.of
    }

    /// How wide the names are.
    pub(super) fn ids(&self) -> usize {
        let names =
            self.rows.iter().map(|row| &row.id).chain(self.elsewhere.iter().map(|row| &row.id));
        names.map(|id| id.chars().count()).max().unwrap_or(0)
    }

    pub(super) fn next(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.rows.iter().find(|row| row.stuck()) {
            None if self.one_step => Ok(()),
            None => match &self.summary {
                Some(summary) => summary.human(out),
                None => writeln!(out, "\nnext: mlops-lab check"),
            },
            Some(row) if !self.up => {
                writeln!(
                    out,
                    "\nnothing runs. next: mlops-lab up   (or: mlops-lab hint {})",
                    row.id
                )
            }
            Some(row) if row.drill => {
                writeln!(
                    out,
                    "\nnext: mlops-lab hint {}   (put it back: mlops-lab break --undo)",
                    row.id
                )
            }
            Some(row) => writeln!(out, "\nnext: mlops-lab hint {}", row.id),
        }
    }
}

impl View for Report {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let (ids, width) = (self.ids(), term::columns());
        if let Some(drill) = &self.drill
            && !self.rows.iter().any(|row| row.drill)
        {
            writeln!(out, "{WARN}drill{WARN:#} {drill} is under way: mlops-lab check {drill}\n")?;
        }
        let (drills, steps): (Vec<&Row>, Vec<&Row>) = self.rows.iter().partition(|row| row.drill);
        for row in drills {
            row.human(out, ids, width)?;
        }
        let mut elsewhere = self.elsewhere.iter().peekable();
        let other = |step: &Elsewhere, out: &mut dyn Write| {
            let (id, title) = (&step.id, &step.title);
            let with: Vec<String> =
                step.runtimes.iter().map(|kind| format!("--runtime {kind}")).collect();
            let text = format!("{title}: only with {}", with.join(" or "));
            let head = format!("  {:>2}  {BOLD}{id:ids$}{BOLD:#}  {DIM}", step.number);
            writeln!(out, "{}{DIM:#}", prose::hanging(&head, 8 + ids, &text, 8 + ids, width))
        };
        for row in steps {
            while let Some(step) = elsewhere.next_if(|step| Some(step.number) < row.number) {
                other(step, out)?;
            }
            row.human(out, ids, width)?;
        }
        elsewhere.try_for_each(|step| other(step, out))?;
        let mut shown: Vec<&str> = Vec::new();
        for why in self.rows.iter().filter_map(|row| row.skipped.as_deref()) {
            // Steps of one stand-in have one reason.
            if !shown.contains(&why) {
                let label = format!("\n{DIM}skipped{DIM:#}  ");
                writeln!(out, "{}", prose::hanging(&label, 9, why, 9, width))?;
                shown.push(why);
            }
        }
        if !self.one_step {
            let failing =
                self.rows.iter().filter(|row| row.stuck() && row.done_at.is_some()).count();
            let failing =
                if failing > 0 { format!(", {failing} failing now") } else { String::new() };
            writeln!(out, "\n{} of {} steps passed{failing}", self.done, self.of)?;
        }
        self.next(out)
    }

    /// No when something does not pass, cannot tell when nothing is worse. With nothing to check:
    /// whether all is done.
    fn exit(&self) -> Exit {
        let verdicts =
            || self.rows.iter().filter_map(|row| row.now.as_ref()).map(|now| now.verdict);
        if verdicts().any(|verdict| verdict == VerdictKind::NotYet) {
            Exit::No
        } else if verdicts().any(|verdict| verdict == VerdictKind::CannotTell) {
            // A lab that is down cannot be probed: the answer is no, as that of
            // `status`.
            if self.up { Exit::Environment } else { Exit::No }
        } else if self.one_step {
            let unseen = |row: &Row| row.now.is_none() && row.done_at.is_none();
            if self.rows.iter().any(unseen) { Exit::Environment } else { Exit::Done }
        } else if self.complete() && self.drill.is_none() {
            Exit::Done
        } else {
            Exit::No
        }
    }
}
