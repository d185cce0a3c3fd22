//! The parts of a proof, in the order in which they run, and their names.

use crate::catalog::Lab;
use crate::catalog::attempts::Attempt;
use crate::catalog::manifest::{Drill, RuntimeKind, Step};

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
            Part::Drill(drill) => format!("{}::mended", drill.id),
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
