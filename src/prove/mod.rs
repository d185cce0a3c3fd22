//! The proof of a lab on the live system, through the program's own command line: what a learner types is what is proven.

mod cost;
mod project;
mod wrong;

use std::time::Instant;

use serde::Serialize;

pub use cost::write_cost;

use crate::catalog::manifest::{Cost, Drill, RuntimeKind, Step};
use crate::catalog::{Lab, Source};
use crate::error::{Error, Exit, Result};
use project::Project;
use wrong::Wrong;

/// How a proof is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Leave the project on disk at the end, stopped.
    pub keep: bool,
    /// Where the lab comes from.
    pub source: Source,
    /// Answers `NAME=VALUE` over the proof's own.
    pub set: Vec<String>,
    /// The context of the cluster that is meant.
    pub context: Option<String>,
    /// The registry that images are pushed to.
    pub registry: Option<String>,
    /// The command that brings images to the nodes.
    pub load: Option<String>,
}

/// One thing that was to be seen.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// `serving::local::predict::wrong::fixed-answer`
    pub name: String,
    /// What was seen.
    pub outcome: Outcome,
    /// How long it took.
    pub seconds: f64,
}

/// What was seen.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// As it must be.
    Pass,
    /// Not as it must be, and what was seen instead.
    Fail(String),
    /// It could not be looked at here, and why.
    Skip(String),
    /// What runs is a stand-in that cannot show it, and why.
    Unproven(String),
}

/// The names of all cases of a lab in one runtime, in the order in which they are run.
pub fn cases(lab: &Lab, kind: RuntimeKind) -> Vec<String> {
    Plan::of(lab, kind).iter().map(|part| name(lab, kind, &part.name())).collect()
}

fn name(lab: &Lab, kind: RuntimeKind, part: &str) -> String {
    format!("{}::{kind}::{part}", lab.manifest.id)
}

/// One part of a proof.
enum Part<'a> {
    /// `up` is killed in its very first moments; `down` finds what it left.
    KilledEarly,
    /// A fresh lab, up: the checks of all later steps are red.
    Fresh(Vec<&'a Step>),
    Before(&'a Step),
    Wrong(&'a Step, Wrong),
    Solved(&'a Step),
    /// A drill breaks, is mended by its solution; breaks again, is put back.
    Drill(&'a Drill),
    Restored(&'a Drill),
    /// `down` leaves nothing.
    Down,
    /// `up` of an installed lab is killed between start and ready; `down` finds what it left.
    KilledLate,
    /// `down --purge` leaves nothing.
    Purged,
}

impl Part<'_> {
    fn name(&self) -> String {
        match self {
            Part::KilledEarly => "up-killed-early".to_owned(),
            Part::Fresh(_) => "fresh-lab-is-red".to_owned(),
            Part::Before(step) => format!("{}::before", step.id),
            Part::Wrong(step, wrong) => format!("{}::wrong::{}", step.id, wrong.name),
            Part::Solved(step) => format!("{}::solved", step.id),
            Part::Drill(drill) => format!("{}::mended", drill.id),
            Part::Restored(drill) => format!("{}::put-back", drill.id),
            Part::Down => "down-leaves-nothing".to_owned(),
            Part::KilledLate => "up-killed-late".to_owned(),
            Part::Purged => "purge-leaves-nothing".to_owned(),
        }
    }
}

struct Plan;

impl Plan {
    fn of(lab: &Lab, kind: RuntimeKind) -> Vec<Part<'_>> {
        let mut parts = vec![Part::KilledEarly];
        for (number, step) in lab.manifest.steps(kind).enumerate() {
            parts.push(Part::Before(step));
            let wrong = Wrong::all(lab, step, kind);
            parts.extend(wrong.into_iter().map(|wrong| Part::Wrong(step, wrong)));
            parts.push(Part::Solved(step));
            if number == 0 {
                parts.push(Part::Fresh(lab.manifest.steps(kind).skip(1).collect()));
            }
        }
        for drill in lab.manifest.drills(kind) {
            parts.push(Part::Drill(drill));
            parts.push(Part::Restored(drill));
        }
        parts.extend([Part::Down, Part::KilledLate, Part::Purged]);
        parts
    }
}

/// Runs the whole proof in a temporary folder and tells each case as soon as it is known. Returns the measured cost.
///
/// # Errors
/// Exit 3 when the proof itself could not be run; a lab that fails its proof is no error here.
pub fn prove(lab: &Lab, kind: RuntimeKind, options: &Options, tell: &mut dyn FnMut(&Case)) -> Result<Cost> {
    let parts = Plan::of(lab, kind);
    let project = Project::new(lab, kind, options)?;
    if let Some(reason) = project.cannot()? {
        for part in &parts {
            tell(&Case {
                name: name(lab, kind, &part.name()),
                outcome: Outcome::Skip(reason.clone()),
                seconds: 0.0,
            });
        }
        return Ok(Cost::default());
    }
    let mut cost = Cost::default();
    // When a step cannot be solved, what builds on it cannot be judged.
    let mut stopped: Option<String> = None;
    for part in &parts {
        let since = Instant::now();
        let ending = matches!(part, Part::Down | Part::KilledLate | Part::Purged);
        let outcome = match &stopped {
            Some(reason) if !ending => Outcome::Fail(format!("not judged: {reason}")),
            _ => match look(part, lab, &project, &mut cost) {
                Ok(outcome) => outcome,
                Err(error) if error.exit() == Exit::Interrupted => {
                    project.clean();
                    return Err(error);
                }
                Err(error) => {
                    if matches!(part, Part::Solved(_)) {
                        stopped = Some(format!("`{}` failed", part.name()));
                    }
                    let detail = error.detail_text().map(|detail| format!("\n{detail}")).unwrap_or_default();
                    Outcome::Fail(format!("{error}{detail}"))
                }
            },
        };
        tell(&Case { name: name(lab, kind, &part.name()), outcome, seconds: since.elapsed().as_secs_f64() });
    }
    project.clean();
    Ok(cost)
}

/// One part on the live system, unless what runs there is a stand-in that cannot show it.
fn look(part: &Part<'_>, lab: &Lab, project: &Project, cost: &mut Cost) -> Result<Outcome> {
    if let Part::Before(step) | Part::Wrong(step, _) | Part::Solved(step) = part
        && lab.manifest.stand_in.iter().any(|stand_in| stand_in.steps.contains(&step.id))
        && let Some(why) = project.skipped(&step.id)?
    {
        return Ok(Outcome::Unproven(why));
    }
    run(part, project, cost).map(|()| Outcome::Pass)
}

fn run(part: &Part<'_>, project: &Project, cost: &mut Cost) -> Result<()> {
    match part {
        Part::KilledEarly => {
            project.kill_up()?;
            project.down(false)
        }
        Part::Before(step) => project.red(&step.id),
        Part::Wrong(step, wrong) => wrong.try_on(project, step),
        Part::Solved(step) => {
            project.solve(&step.id)?;
            project.green(&step.id)
        }
        Part::Fresh(steps) => steps.iter().try_for_each(|step| project.red(&step.id)),
        Part::Drill(drill) => {
            project.lab(&["break", &drill.id])?;
            project.red(&drill.id)?;
            project.solve(&drill.id)?;
            project.green(&drill.id)
        }
        Part::Restored(drill) => {
            project.lab(&["break", &drill.id])?;
            project.red(&drill.id)?;
            project.lab(&["break", "--undo"])?;
            project.recovered(drill)
        }
        Part::Down => {
            cost::measure(project, cost)?;
            project.down(false)?;
            project.time_up(cost)?;
            project.down(false)
        }
        Part::KilledLate => {
            project.kill_up()?;
            project.down(false)
        }
        Part::Purged => project.down(true),
    }
}

/// An error that says what a command of ours did when it should have done something else.
fn unexpected(command: &str, wanted: &str, seen: &project::Seen) -> Error {
    Error::no(format!("`mlops-lab {command}` should {wanted}, and ended with {}", seen.exit))
        .detail(format!("{}\n{}", seen.stdout.trim_end(), seen.stderr.trim_end()).trim().to_owned())
}
