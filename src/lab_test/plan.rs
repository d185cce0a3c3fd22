//! The parts of a proof, in the order in which they run, and their names.

use crate::catalog::Lab;
use crate::catalog::attempts::Attempt;
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
