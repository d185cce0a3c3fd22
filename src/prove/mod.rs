//! The proof of a lab on the live system, through the program's own command line: what a learner types is what is proven.

mod attempt;
mod bench;
mod cost;
mod plan;
mod project;
mod state;

use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;

pub use cost::{costs_writable, write_cost};

use crate::catalog::attempts::{Attempt, attempts};
use crate::catalog::lint;
use crate::catalog::manifest::{Cost, RuntimeKind};
use crate::catalog::{Lab, Source};
use crate::error::{Error, Exit, Result};
use bench::Bench;
use plan::Part;
use project::Project;

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
    /// What the check observed, where one was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<String>,
    /// What makes the outcome doubtful.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// Where the logs of a case that failed are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<PathBuf>,
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
///
/// # Errors
/// Exit 2 when a wrong or right solution cannot be read.
pub fn cases(lab: &Lab, kind: RuntimeKind) -> Result<Vec<String>> {
    let attempts = readable(lab)?;
    Ok(Part::all(lab, kind, &attempts).iter().map(|part| name(lab, kind, part)).collect())
}

fn name(lab: &Lab, kind: RuntimeKind, part: &Part<'_>) -> String {
    format!("{}::{kind}::{}", lab.manifest.id, part.name())
}

/// The wrong and right solutions of a lab.
fn readable(lab: &Lab) -> Result<Vec<Attempt>> {
    let (attempts, found) = attempts(lab);
    match found.first() {
        None => Ok(attempts),
        Some(first) => Err(Error::usage(lint::line(first)).hint("see all that is wrong: mlops-lab lab lint")),
    }
}

/// What a part showed besides its outcome.
#[derive(Default)]
struct Shown {
    observed: Option<String>,
    warning: Option<String>,
}

/// Runs the whole proof in a temporary folder and tells each case as soon as it is known. Returns the measured cost, and
/// where the project is, when it is kept.
///
/// # Errors
/// Exit 2 when a wrong or right solution cannot be read. Exit 3 when the proof itself could not be run; a lab that fails its proof is no
/// error here.
pub fn prove(
    lab: &Lab,
    kind: RuntimeKind,
    options: &Options,
    tell: &mut dyn FnMut(&Case),
) -> Result<(Cost, Option<PathBuf>)> {
    let attempts = readable(lab)?;
    let parts = Part::all(lab, kind, &attempts);
    let project = Project::new(lab, kind, options)?;
    let plain = |part: &Part<'_>, outcome: Outcome| Case {
        name: name(lab, kind, part),
        outcome,
        observed: None,
        warning: None,
        logs: None,
        seconds: 0.0,
    };
    if let Some(reason) = project.cannot()? {
        parts.iter().for_each(|part| tell(&plain(part, Outcome::Skip(reason.clone()))));
        project.clean();
        return Ok((Cost::default(), options.keep.then(|| project.root.clone())));
    }
    let mut bench = Bench::new(lab, &project, &attempts)?;
    // When a step cannot be solved, what builds on it cannot be judged.
    let mut stopped: Option<String> = None;
    for part in &parts {
        let since = Instant::now();
        let mut case = plain(part, Outcome::Pass);
        match &stopped {
            Some(reason) if !part.ends() => case.outcome = Outcome::Fail(format!("not judged: {reason}")),
            _ => match look(part, lab, &project, &mut bench) {
                Ok((outcome, shown)) => {
                    case.outcome = outcome;
                    case.observed = shown.observed;
                    case.warning = shown.warning;
                }
                Err(error) if error.exit() == Exit::Interrupted => {
                    project.clean();
                    return Err(error);
                }
                Err(error) => {
                    if matches!(part, Part::Solved(_)) {
                        stopped = Some(format!("`{}` failed", part.name()));
                    }
                    let detail = error.detail_text().map(|detail| format!("\n{detail}")).unwrap_or_default();
                    case.outcome = Outcome::Fail(format!("{error}{detail}"));
                    case.logs = project.keep_logs(&part.name());
                }
            },
        }
        case.seconds = since.elapsed().as_secs_f64();
        tell(&case);
    }
    let cost = bench.cost();
    project.clean();
    Ok((cost, options.keep.then(|| project.root.clone())))
}

/// One part on the live system, unless what runs there is a stand-in that cannot show it.
fn look(part: &Part<'_>, lab: &Lab, project: &Project, bench: &mut Bench<'_>) -> Result<(Outcome, Shown)> {
    if let Some(step) = part.step()
        && lab.manifest.stand_in.iter().any(|stand_in| stand_in.steps.iter().any(|id| id == step))
        && let Some(why) = project.skipped(step)?
    {
        return Ok((Outcome::Unproven(why), Shown::default()));
    }
    bench.run(part).map(|shown| (Outcome::Pass, shown))
}

/// An error that says what a command of ours did when it should have done something else.
fn unexpected(command: &str, wanted: &str, seen: &project::Seen) -> Error {
    Error::no(format!("`mlops-lab {command}` should {wanted}, and ended with {}", seen.exit))
        .detail(format!("{}\n{}", seen.stdout.trim_end(), seen.stderr.trim_end()).trim().to_owned())
}
