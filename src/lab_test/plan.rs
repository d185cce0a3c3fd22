//! The parts of a proof, in the order in which they run, and their names.

use crate::catalog::Lab;
use crate::catalog::attempts::{Attempt, Side};
use crate::catalog::manifest::{Drill, RuntimeKind, Step};

/// Whether a name on the command line means a case: its own name, or that of its step or drill.
pub(super) fn means(name: &str, case: &str) -> bool {
    case.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// A part that runs, and whether it is a case that was asked for or leads to one.
pub(super) struct Wanted<'a> {
    pub(super) part: Part<'a>,
    pub(super) asked_for: bool,
}

/// One part of a proof.
pub(super) enum Part<'a> {
    /// `up` is killed in its very first moments; `down` finds what it left.
    KilledEarly,
    /// A fresh lab, up: the checks of all later steps are red.
    Fresh(Vec<&'a Step>),
    /// The check is red before the step. The first step is seen with the lab down.
    Before(&'a Step),
    /// A wrong or a right solution of a step.
    Attempt(&'a Attempt),
    Solved(&'a Step),
    /// A drill breaks, and is fixed by its solution.
    Drill(&'a Drill),
    /// A wrong or a right solution of a drill that is under way.
    DrillAttempt(&'a Drill, &'a Attempt),
    /// A drill breaks, and is put back.
    Restored(&'a Drill),
    /// `down` leaves nothing.
    Down,
    /// `up` of an installed lab is killed between start and ready; `down` finds what it left.
    KilledLate,
    /// `down --purge` leaves nothing.
    Purged,
}

impl<'a> Part<'a> {
    /// All parts of the proof of a lab in one runtime.
    pub(super) fn all(lab: &'a Lab, kind: RuntimeKind, attempts: &'a [Attempt]) -> Vec<Part<'a>> {
        let of = |target: &'a str| {
            attempts.iter().filter(move |attempt| {
                let runtimes = &attempt.spec.runtimes;
                attempt.target == target && (runtimes.is_empty() || runtimes.contains(&kind))
            })
        };
        let mut parts = vec![Part::KilledEarly];
        for (number, step) in lab.manifest.steps(kind).enumerate() {
            parts.push(Part::Before(step));
            parts.extend(of(&step.id).map(Part::Attempt));
            parts.push(Part::Solved(step));
            if number == 0 {
                parts.push(Part::Fresh(lab.manifest.steps(kind).skip(1).collect()));
            }
        }
        for drill in lab.manifest.drills(kind) {
            parts.push(Part::Drill(drill));
            parts.extend(of(&drill.id).map(|attempt| Part::DrillAttempt(drill, attempt)));
            parts.push(Part::Restored(drill));
        }
        parts.extend([Part::Down, Part::KilledLate, Part::Purged]);
        parts
    }

    /// What must run for these cases, named whole or by their step or drill: they themselves, and
    /// the solutions of the steps before them. Without a name all parts run.
    pub(super) fn only(parts: Vec<Part<'a>>, names: Option<&[String]>) -> Vec<Wanted<'a>> {
        let asked_for = |part: &Part<'_>| {
            names.is_none_or(|names| names.iter().any(|name| means(name, &part.name())))
        };
        let mut wanted: Vec<Wanted<'_>> =
            parts.into_iter().map(|part| Wanted { asked_for: asked_for(&part), part }).collect();
        let last = wanted.iter().rposition(|wanted| wanted.asked_for).map_or(0, |last| last + 1);
        wanted.truncate(last);
        wanted.retain(|wanted| wanted.asked_for || matches!(wanted.part, Part::Solved(_)));
        wanted
    }

    /// Its name in the lab and runtime.
    pub(super) fn name(&self) -> String {
        match self {
            Part::KilledEarly => "up-killed-early".to_owned(),
            Part::Fresh(_) => "fresh-lab-is-red".to_owned(),
            Part::Before(step) => format!("{}::before", step.id),
            Part::Attempt(attempt) | Part::DrillAttempt(_, attempt) => {
                format!("{}::{}::{}", attempt.target, attempt.side, attempt.name)
            }
            Part::Solved(step) => format!("{}::solved", step.id),
            Part::Drill(drill) => format!("{}::recovered", drill.id),
            Part::Restored(drill) => format!("{}::put-back", drill.id),
            Part::Down => "down-leaves-nothing".to_owned(),
            Part::KilledLate => "up-killed-late".to_owned(),
            Part::Purged => "purge-leaves-nothing".to_owned(),
        }
    }

    /// Why there is nothing of the kind in this lab, if there is not.
    pub(super) fn inapplicable(&self, lab: &Lab, kind: RuntimeKind) -> Option<String> {
        let kills = matches!(self, Part::KilledEarly | Part::KilledLate);
        (kills && !lab.manifest.outlives_up(kind)).then(|| {
            format!(
                "the lab has no services on {kind}: nothing outlives `up` that a kill could leave"
            )
        })
    }

    /// What is done and what must be seen, in a sentence. `place` counts the parts that run.
    pub(super) fn explain(&self, lab: &Lab, kind: RuntimeKind, place: usize) -> String {
        if let Some(why) = self.inapplicable(lab, kind) {
            return format!("skipped: {why}");
        }
        let first = lab.manifest.steps(kind).next().map(|step| step.id.as_str());
        match self {
            Part::KilledEarly => {
                "kill `up` as soon as something runs; `down` finds what it left".to_owned()
            }
            Part::Fresh(steps) => {
                let ids: Vec<&str> = steps.iter().map(|step| step.id.as_str()).collect();
                let ids = if ids.is_empty() { "none".to_owned() } else { ids.join(", ") };
                format!("the checks of all later steps do not pass: {ids}")
            }
            Part::Before(step) if first == Some(&step.id) && place <= 1 => {
                "the check does not pass, with the lab down".to_owned()
            }
            Part::Before(_) => "the check does not pass, with the earlier steps solved".to_owned(),
            Part::Attempt(Attempt { side: Side::Wrong, spec, .. }) => {
                format!("must be refused: {}", spec.why)
            }
            Part::Attempt(Attempt { spec, .. }) => format!("must be accepted: {}", spec.why),
            Part::Solved(step) if first == Some(&step.id) => {
                "`solve` with the lab down, then the check passes".to_owned()
            }
            Part::Solved(_) => "`solve`, then the check passes".to_owned(),
            Part::Drill(_) => {
                "`break`, the check does not pass; `solve`, then it passes".to_owned()
            }
            Part::DrillAttempt(_, Attempt { side: Side::Wrong, spec, .. }) => {
                format!("after `break`, must be refused: {}", spec.why)
            }
            Part::DrillAttempt(_, Attempt { spec, .. }) => {
                format!("after `break`, must be accepted: {}", spec.why)
            }
            Part::Restored(_) => {
                "`break`, then `break --undo`: what a fix must show holds, and every file is what \
                it was"
                    .to_owned()
            }
            Part::Down => "measure the cost, then `down`: nothing of the lab is left".to_owned(),
            Part::KilledLate => {
                "kill `up` of the installed lab; `down` finds what it left".to_owned()
            }
            Part::Purged => "`down --purge`: no data of the lab is left either".to_owned(),
        }
    }

    /// Whether it is part of stopping the lab, which is seen whatever happened before.
    pub(super) fn ends(&self) -> bool {
        matches!(self, Part::Down | Part::KilledLate | Part::Purged)
    }

    /// The step that is judged, if any.
    pub(super) fn step(&self) -> Option<&str> {
        match self {
            Part::Before(step) | Part::Solved(step) => Some(&step.id),
            Part::Attempt(attempt) => Some(&attempt.target),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Source;
    use crate::catalog::attempts::attempts;

    /// What runs for these names, and which of it was asked for.
    fn runs(names: &[&str]) -> Vec<String> {
        let lab = Source::Embedded.lab("serving").unwrap();
        let (attempts, _) = attempts(&lab);
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let names = (!names.is_empty()).then_some(&names[..]);
        let parts = Part::only(Part::all(&lab, RuntimeKind::Local, &attempts), names);
        let shown = |wanted: &Wanted<'_>| {
            format!("{}{}", if wanted.asked_for { "" } else { "for " }, wanted.part.name())
        };
        parts.iter().map(shown).collect()
    }

    #[test]
    fn a_case_runs_after_the_solutions_of_the_steps_before_it_and_nothing_else() {
        let metrics = runs(&["metrics"]);
        assert_eq!(metrics[..3], ["for ready::solved", "for predict::solved", "metrics::before"]);
        assert_eq!(metrics.last().unwrap(), "metrics::solved");
        assert_eq!(runs(&["predict::before"]), ["for ready::solved", "predict::before"]);
        let drill = runs(&["bad-release::put-back"]);
        assert_eq!(drill.last().unwrap(), "bad-release::put-back");
        assert_eq!(drill.len(), 9, "eight steps and the case: {drill:?}");
        assert!(runs(&["predic"]).is_empty(), "part of a name is none");
        assert!(runs(&[]).contains(&"purge-leaves-nothing".to_owned()));
    }
}
