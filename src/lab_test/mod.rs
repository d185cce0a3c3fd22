//! The proof of a lab on the live system, through the program's own command line: what a learner
//! types is what is proven.

mod attempt;
mod cost;
mod junit;
mod parallel;
mod plan;
mod project;
mod runner;
mod state;
mod table;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;

pub use cost::{costs_writable, write_cost};
pub use junit::junit;
pub use parallel::side_by_side;
pub use table::table;

use crate::catalog::Lab;
use crate::catalog::attempts::{Attempt, attempts};
use crate::catalog::lint;
use crate::catalog::manifest::{Cost, RuntimeKind, VerdictKind};
use crate::error::{Error, Exit, Result, unknown};
use plan::{Part, Wanted, means};
use project::Project;
use runner::Runner;

/// How a proof is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Leave the project on disk at the end, stopped.
    pub keep: bool,
    /// Only these cases, named whole or by their step or drill; none means all.
    pub only: Vec<String>,
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

impl Case {
    /// The lab with the runtime, and the rest of the name.
    fn split(&self) -> (&str, &str) {
        let second = self.name.match_indices("::").nth(1).map(|(at, _)| at);
        second.map_or((self.name.as_str(), ""), |at| (&self.name[..at], &self.name[at + 2..]))
    }
}

/// What was seen.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// As it must be.
    Pass,
    /// Not as it must be, and what was seen instead.
    Fail(String),
    /// It could not be tried here, and why.
    Skip(String),
    /// There is nothing of the kind in this lab, and why.
    Inapplicable(String),
    /// What runs is a stand-in that cannot show it, and why.
    Unproven(String),
}

/// The proof of a lab in one runtime: what runs, in this order.
#[derive(Clone, Debug, Serialize)]
pub struct Proof {
    /// Which of the labs.
    #[serde(skip)]
    pub lab: usize,
    /// The lab.
    pub id: String,
    /// Where.
    pub runtime: RuntimeKind,
    /// What runs.
    pub parts: Vec<Explained>,
}

/// One part of a proof, in words.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
    /// The case.
    pub name: String,
    /// What is done, and what must be seen.
    pub what: String,
    /// A case of its own; else it only leads to one.
    pub case: bool,
}

/// The proofs of some labs, in the order in which they run. `only` are names of cases, steps or
/// drills, also with the lab and the runtime before them; without any all cases are meant, and
/// proofs without a case are left out.
///
/// # Errors
/// Exit 2 when a wrong or right solution cannot be read, no lab offers the runtime, or a name means
/// no case.
pub fn proofs(labs: &[Lab], runtime: Option<RuntimeKind>, only: &[String]) -> Result<Vec<Proof>> {
    let mut all = Vec::new();
    let mut known: Vec<(&Lab, RuntimeKind, BTreeSet<String>)> = Vec::new();
    for (number, lab) in labs.iter().enumerate() {
        let attempts = readable(lab)?;
        let offered = lab.manifest.runtimes().into_iter();
        for kind in offered.filter(|kind| runtime.is_none_or(|wanted| wanted == *kind)) {
            let parts = Part::all(lab, kind, &attempts);
            known.push((lab, kind, parts.iter().map(Part::name).collect()));
            let parts = Part::only(parts, short(lab, kind, only).as_deref());
            let parts: Vec<Explained> = parts
                .iter()
                .enumerate()
                .map(|(place, Wanted { part, asked_for })| Explained {
                    name: name(lab, kind, part),
                    what: part.explain(lab, kind, place),
                    case: *asked_for,
                })
                .collect();
            if parts.iter().any(|part| part.case) {
                all.push(Proof { lab: number, id: lab.manifest.id.clone(), runtime: kind, parts });
            }
        }
    }
    if known.is_empty() {
        return Err(not_offered(labs, runtime));
    }
    let meant = |wanted: &String| {
        known.iter().any(|(lab, kind, cases)| {
            let short = short(lab, *kind, std::slice::from_ref(wanted)).unwrap_or_default();
            short.iter().any(|short| cases.iter().any(|case| means(short, case)))
        })
    };
    if let Some(wrong) = only.iter().find(|wanted| !meant(wanted)) {
        let cases = known.iter().flat_map(|(_, _, cases)| cases);
        let of: BTreeSet<&str> = cases.filter_map(|case| case.split("::").next()).collect();
        let ids: Vec<&str> = labs.iter().map(|lab| lab.manifest.id.as_str()).collect();
        return Err(unknown("case, step or drill", wrong, of)
            .hint(format!("see all cases: mlops-lab lab test {} --list", ids.join(" "))));
    }
    Ok(all)
}

fn not_offered(labs: &[Lab], runtime: Option<RuntimeKind>) -> Error {
    let kind = runtime.map(|kind| format!("the runtime `{kind}`"));
    let kind = kind.unwrap_or_else(|| "a runtime".to_owned());
    Error::usage(match labs {
        [lab] => format!("the lab `{}` does not offer {kind}", lab.manifest.id),
        _ => format!("none of these labs offers {kind}"),
    })
}

/// Names without the lab and the runtime before them; those with another runtime are left out. None
/// means all cases.
fn short(lab: &Lab, kind: RuntimeKind, names: &[String]) -> Option<Vec<String>> {
    if names.is_empty() {
        return None;
    }
    let own = format!("{}::{kind}::", lab.manifest.id);
    let others = RuntimeKind::ALL.map(|kind| format!("{}::{kind}::", lab.manifest.id));
    let here = names.iter().filter(|name| {
        name.starts_with(&own) || !others.iter().any(|other| name.starts_with(other.as_str()))
    });
    Some(here.map(|name| name.strip_prefix(&own).unwrap_or(name).to_owned()).collect())
}

fn name(lab: &Lab, kind: RuntimeKind, part: &Part<'_>) -> String {
    format!("{}::{kind}::{}", lab.manifest.id, part.name())
}

/// The wrong and right solutions of a lab.
fn readable(lab: &Lab) -> Result<Vec<Attempt>> {
    let (attempts, found) = attempts(lab);
    match found.first() {
        None => Ok(attempts),
        Some(first) => {
            Err(Error::usage(lint::line(first)).hint("see all that is wrong: mlops-lab lab lint"))
        }
    }
}

/// What a part showed besides its outcome.
#[derive(Default)]
struct Observation {
    observed: Option<String>,
    warning: Option<String>,
}

/// Runs the whole proof in a temporary folder and tells each case as soon as it is known. Returns
/// the measured cost, and where the project is, when it is kept.
///
/// # Errors
/// Exit 2 when a wrong or right solution cannot be read. Exit 3 when the proof itself could not be
/// run; a lab that fails its proof is no error here.
pub fn prove(
    lab: &Lab,
    kind: RuntimeKind,
    options: &Options,
    report: &mut dyn FnMut(&Case),
) -> Result<(Cost, Option<PathBuf>)> {
    let attempts = readable(lab)?;
    let parts =
        Part::only(Part::all(lab, kind, &attempts), short(lab, kind, &options.only).as_deref());
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
        let asked_for = parts.iter().filter(|wanted| wanted.asked_for);
        asked_for.for_each(|wanted| report(&plain(&wanted.part, Outcome::Skip(reason.clone()))));
        project.clean();
        return Ok((Cost::default(), options.keep.then(|| project.root.clone())));
    }
    let mut runner = Runner::new(lab, &project, &attempts)?;
    // When a step cannot be solved, what builds on it cannot be judged.
    let mut stopped: Option<String> = None;
    for Wanted { part, asked_for } in &parts {
        let since = Instant::now();
        let mut case = plain(part, Outcome::Pass);
        if let Some(why) = part.inapplicable(lab, kind) {
            case.outcome = Outcome::Inapplicable(why);
            report(&case);
            continue;
        }
        match &stopped {
            Some(reason) if !part.ends() => {
                case.outcome = Outcome::Fail(format!("not judged: {reason}"))
            }
            _ => match run_part(part, lab, &project, &mut runner) {
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
                    let detail =
                        error.detail_text().map(|detail| format!("\n{detail}")).unwrap_or_default();
                    case.outcome = Outcome::Fail(format!("{error}{detail}"));
                    case.logs = project.keep_logs(&part.name());
                }
            },
        }
        case.seconds = since.elapsed().as_secs_f64();
        // What only leads to a case is worth a line where it fails.
        if *asked_for || matches!(case.outcome, Outcome::Fail(_)) {
            report(&case);
        }
    }
    let cost = runner.cost();
    project.clean();
    Ok((cost, options.keep.then(|| project.root.clone())))
}

/// One part on the live system, unless what runs there is a stand-in that cannot show it.
fn run_part(
    part: &Part<'_>,
    lab: &Lab,
    project: &Project,
    runner: &mut Runner<'_>,
) -> Result<(Outcome, Observation)> {
    if let Some(step) = part.step()
        && lab.manifest.stand_in.iter().any(|stand_in| stand_in.steps.iter().any(|id| id == step))
        && let Some(why) = project.skipped(step)?
    {
        return Ok((Outcome::Unproven(why), Observation::default()));
    }
    runner.run(part).map(|shown| (Outcome::Pass, shown))
}

/// An error that says what a command of ours did when it should have done something else.
fn unexpected(command: &str, wanted: &str, seen: &project::RunOutput) -> Error {
    Error::no(format!("`mlops-lab {command}` should {wanted}, and ended with {}", seen.exit))
        .detail(format!("{}\n{}", seen.stdout.trim_end(), seen.stderr.trim_end()).trim().to_owned())
}

/// A verdict as it is spoken of.
fn words(verdict: VerdictKind) -> &'static str {
    match verdict {
        VerdictKind::Pass => "passed",
        VerdictKind::NotYet => "not yet",
        VerdictKind::CannotTell => "cannot tell",
    }
}
