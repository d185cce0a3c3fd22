//! What a step or drill name on the command line means, and where the learner is when none is
//! given.

use super::place;
use super::progress::Progress;
use crate::catalog::Manifest;
use crate::catalog::check::CheckSpec;
use crate::catalog::manifest::{Drill, Hint, RuntimeKind, Solution, Step};
use crate::error::{Error, Result, unknown};
use crate::platform::clock;

/// A step, or a drill that is under way.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// The step.
    Step(&'a Step),
    /// The drill.
    Drill(&'a Drill),
}

impl<'a> Target<'a> {
    /// The target with this name; without one the active drill, else where the learner is.
    ///
    /// # Errors
    /// Exit 2: no such step or drill in this runtime (with the nearest name). Exit 0 is not an
    /// error: `None` means all is done.
    pub fn find(
        manifest: &'a Manifest,
        kind: RuntimeKind,
        name: Option<&str>,
        progress: &Progress,
    ) -> Result<Option<Target<'a>>> {
        let active = progress.drill.as_ref().map(|drill| drill.id.as_str());
        let Some(name) = name else {
            if let Some(drill) =
                manifest.drill.iter().find(|drill| Some(drill.id.as_str()) == active)
            {
                return Ok(Some(Target::Drill(drill)));
            }
            return Ok(place::current(manifest, kind, progress).map(Target::Step));
        };
        let is = |id: &String, was: &[String]| id == name || was.iter().any(|was| was == name);
        if let Some((_, step)) =
            steps(manifest, kind).find(|(n, step)| is(&step.id, &step.was) || n.to_string() == name)
        {
            return Ok(Some(Target::Step(step)));
        }
        if let Some(drill) = manifest.drills(kind).find(|drill| is(&drill.id, &drill.was)) {
            // What is not broken is not fixed: its checks would pass on any healthy lab.
            if active != Some(drill.id.as_str()) {
                return Err(not_under_way(drill, progress));
            }
            return Ok(Some(Target::Drill(drill)));
        }
        if let Some(step) = manifest.step.iter().find(|step| is(&step.id, &step.was)) {
            let runtimes: Vec<_> = step.runtimes.iter().map(|kind| kind.name()).collect();
            return Err(Error::usage(format!(
                "the step `{name}` does not exist in the runtime {kind}"
            ))
            .hint(format!("it exists in: {}", runtimes.join(", "))));
        }
        let known = manifest
            .steps(kind)
            .map(|step| step.id.as_str())
            .chain(manifest.drills(kind).map(|drill| drill.id.as_str()));
        Err(unknown("step or drill", name, known))
    }

    pub fn id(self) -> &'a str {
        match self {
            Target::Step(step) => &step.id,
            Target::Drill(drill) => &drill.id,
        }
    }

    pub fn title(self) -> &'a str {
        match self {
            Target::Step(step) => &step.title,
            Target::Drill(drill) => &drill.title,
        }
    }

    /// What must hold.
    pub fn checks(self) -> &'a [CheckSpec] {
        match self {
            Target::Step(step) => &step.check,
            Target::Drill(drill) => &drill.recovered,
        }
    }

    pub fn hints(self) -> &'a [Hint] {
        match self {
            Target::Step(step) => &step.hints,
            Target::Drill(drill) => &drill.hints,
        }
    }

    pub fn solution(self) -> &'a Solution {
        match self {
            Target::Step(step) => &step.solution,
            Target::Drill(drill) => &drill.solution,
        }
    }
}

fn not_under_way(drill: &Drill, progress: &Progress) -> Error {
    let recovered = progress.done_at(&drill.id).map(|at| format!(": recovered {}", clock::ago(at)));
    Error::usage(format!(
        "the drill `{}` is not under way{}",
        drill.id,
        recovered.unwrap_or_default()
    ))
    .hint(format!("start it: mlops-lab break {}", drill.id))
}

/// The steps of a runtime with their numbers in the README, from 1.
pub fn steps(manifest: &Manifest, kind: RuntimeKind) -> impl Iterator<Item = (usize, &Step)> {
    let here = move |step: &Step| step.runtimes.is_empty() || step.runtimes.contains(&kind);
    manifest
        .step
        .iter()
        .enumerate()
        .map(|(index, step)| (index + 1, step))
        .filter(move |(_, step)| here(step))
}
