//! Running the parts of a proof on one project.

use std::collections::BTreeMap;

use super::Observation;
use super::attempt::AppliedAttempt;
use super::cost;
use super::plan::Part;
use super::project::{Judged, Project};
use super::state::{Content, Snapshot, differences};
use super::words;
use crate::catalog::Lab;
use crate::catalog::attempts::{Attempt, Side};
use crate::catalog::manifest::{Cost, Drill, VerdictKind};
use crate::catalog::tree::{File, RelPath, Tree};
use crate::error::{Error, Result};
use crate::platform::fs;
use crate::scaffold::{self, Attempted, Given};

pub(super) struct Runner<'a> {
    project: &'a Project,
    attempts: &'a [Attempt],
    /// What each attempt does to this project, in the same order.
    does: Vec<Attempted>,
    /// The state that the cases of a step start from, and what its check reported then.
    start: Option<(String, Snapshot, Judged)>,
    /// The lab was brought up for the cases of a step that is to be solved with the lab down.
    lent: bool,
    cost: Cost,
}

impl<'a> Runner<'a> {
    pub(super) fn new(
        lab: &Lab,
        project: &'a Project,
        attempts: &'a [Attempt],
    ) -> Result<Runner<'a>> {
        let workspace = project.workspace()?;
        let dotenv = RelPath::new(".env").map_err(Error::bug)?;
        let mut disk = Tree::new();
        if let Some(bytes) = fs::read_optional(&dotenv.under(&project.root))? {
            disk.insert(dotenv, File::new(bytes));
        }
        let answers = &workspace.record().answers;
        let mut given = Given {
            sets: answers
                .iter()
                .map(|(name, value)| (name.clone(), scaffold::plain(value)))
                .collect(),
            ..Given::default()
        };
        let templates = scaffold::dotenvs(lab, &scaffold::answers(&lab.manifest, &given)?)?;
        given.secrets = scaffold::secrets(&templates, &disk);
        let answers = scaffold::answers(&lab.manifest, &given)?;
        let does = scaffold::attempted(lab, &answers, attempts)?;
        Ok(Runner { project, attempts, does, start: None, lent: false, cost: Cost::default() })
    }

    /// What was measured.
    pub(super) fn cost(self) -> Cost {
        self.cost
    }

    pub(super) fn run(&mut self, part: &Part<'_>) -> Result<Observation> {
        let project = self.project;
        match part {
            Part::KilledEarly | Part::KilledLate => {
                project.kill_up()?;
                project.down(false)?;
            }
            Part::Before(step) => return Ok(shown(&project.red(&step.id)?)),
            Part::Attempt(attempt) => return self.attempt(attempt),
            Part::Solved(step) => {
                self.start = None;
                if std::mem::take(&mut self.lent) {
                    project.lab(&["down"])?;
                }
                project.solve(&step.id)?;
                return Ok(shown(&project.green(&step.id)?));
            }
            Part::Fresh(steps) => {
                for step in steps {
                    project.red(&step.id)?;
                }
            }
            Part::Drill(drill) => {
                project.lab(&["break", &drill.id])?;
                let seen = project.red(&drill.id)?;
                project.solve(&drill.id)?;
                project.green(&drill.id)?;
                return Ok(shown(&seen));
            }
            Part::DrillAttempt(drill, attempt) => return self.drill(drill, attempt),
            Part::Restored(drill) => self.restored(drill)?,
            Part::Down => {
                cost::measure(project, &mut self.cost)?;
                project.down(false)?;
                project.time_up(&mut self.cost)?;
                project.down(false)?;
            }
            Part::Purged => project.down(true)?,
        }
        Ok(Observation::default())
    }

    /// A wrong or right solution of a step, from the state that all of them start from.
    fn attempt(&mut self, attempt: &Attempt) -> Result<Observation> {
        let project = self.project;
        if self.start.as_ref().is_none_or(|(step, ..)| *step != attempt.target) {
            let before = self.begin(&attempt.target)?;
            self.start = Some((attempt.target.clone(), Snapshot::take(project)?, before));
        }
        let applied = applied(self.attempts, &self.does, attempt)?;
        let Some((_, known, before)) = &mut self.start else {
            return Err(Error::bug("a case without a state to start from"));
        };
        let judged = applied.try_out(project);
        let back = applied.revert(project, known);
        let judged = judged?;
        back?;
        Ok(compared(attempt, &judged, before))
    }

    /// Where a learner stands who works at a step: the lab is up, unless bringing it up is the
    /// step, or cannot work before it. Returns what the check reports there.
    fn begin(&mut self, step: &str) -> Result<Judged> {
        let project = self.project;
        let up = ["up", "--runtime", project.kind.name()];
        // An `up` that can never work shows when the step is solved.
        if project.runs()?.runtime.is_none() && project.lab(&up).is_ok() {
            if project.check(step)?.verdict == VerdictKind::Pass {
                project.lab(&["down"])?;
            } else {
                self.lent = true;
            }
        }
        project.check(step)
    }

    /// A wrong or right solution of a drill that is under way.
    fn drill(&self, drill: &Drill, attempt: &Attempt) -> Result<Observation> {
        let project = self.project;
        let mut well = Snapshot::take(project)?;
        project.lab(&["break", &drill.id])?;
        let before = project.check(&drill.id)?;
        let mut broken = Snapshot::take(project)?;
        let applied = applied(self.attempts, &self.does, attempt)?;
        let judged = applied.try_out(project);
        // A right one has ended the drill: nothing is left to put back but what it did itself.
        let back = if project.under_way(&drill.id)? {
            applied
                .revert(project, &mut broken)
                .and_then(|()| project.lab(&["break", "--undo"]).map(drop))
                .and_then(|()| well.restore(project, true))
        } else {
            applied.revert(project, &mut well)
        };
        let judged = judged?;
        back?;
        Ok(compared(attempt, &judged, &before))
    }

    /// After `break --undo` the project is what it was, byte for byte, with what the learner had
    /// changed in the files that the drill keeps.
    fn restored(&self, drill: &Drill) -> Result<()> {
        let project = self.project;
        let mut original = Snapshot::take(project)?;
        let kept: BTreeMap<&String, _> =
            original.files().iter().filter(|(path, _)| drill.keep.contains(path)).collect();
        for (path, (content, bits)) in kept {
            let Content::Whole(bytes) = content else { continue };
            // Blank at the end means nothing in any format that people edit.
            if std::str::from_utf8(bytes).is_ok() {
                let mode = bits.map_or(fs::Mode::Plain, fs::Mode::Exactly);
                fs::write_as(&project.root.join(path), &[bytes, &b"\n"[..]].concat(), mode)?;
            }
        }
        let before = Snapshot::take(project)?;
        project.lab(&["break", &drill.id])?;
        let result = project.red(&drill.id).and_then(|_| {
            project.lab(&["break", "--undo"])?;
            project.recovered(&drill.id)?;
            let other = differences(before.files(), Snapshot::take(project)?.files());
            if other.is_empty() {
                return Ok(());
            }
            Err(Error::no(
                "after `mlops-lab break --undo` the files are not what they were before `break`",
            )
            .detail(other.join("\n")))
        });
        original.restore(project, true)?;
        result
    }
}

fn applied<'a>(
    all: &'a [Attempt],
    does: &'a [Attempted],
    wanted: &'a Attempt,
) -> Result<AppliedAttempt<'a>> {
    let number = all.iter().position(|attempt| std::ptr::eq(attempt, wanted));
    let does = number.and_then(|number| does.get(number));
    does.map(|does| AppliedAttempt { attempt: wanted, does })
        .ok_or_else(|| Error::bug("an attempt of another lab"))
}

fn shown(judged: &Judged) -> Observation {
    let observed = format!("{}: {}", words(judged.verdict), judged.observed);
    Observation { observed: Some(observed), warning: None }
}

/// What an attempt showed; a wrong one that shows what was there without it may have done nothing.
fn compared(attempt: &Attempt, judged: &Judged, before: &Judged) -> Observation {
    let same = attempt.side == Side::Wrong
        && judged.verdict == before.verdict
        && judged.observed == before.observed;
    let warning = same.then(|| {
        "the observation is the same as before it: does it change what the check inspects?".into()
    });
    Observation { warning, ..shown(judged) }
}
