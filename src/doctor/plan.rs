//! From what labs need to checks, each once, in the order of the report. Pure.

use super::check::BoxedCheck;
use super::registry::{SUBJECTS, matches, place};
use super::scope::Scope;

/// A check and who needs it.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) check: BoxedCheck,
    pub(super) needed_by: Vec<String>,
}

/// The checks of a scope.
pub(super) fn plan(scope: &Scope) -> Vec<Planned> {
    let mut plan: Vec<Planned> = Vec::new();
    for demand in &scope.demands {
        let by = demand.key();
        for check in SUBJECTS.iter().flat_map(|subject| (subject.checks)(demand, scope)) {
            let same = plan.iter_mut().find_map(|planned| {
                planned.check.merge(check.as_ref()).then_some(&mut planned.needed_by)
            });
            match same {
                Some(needed_by) if needed_by.contains(&by) => {}
                Some(needed_by) => needed_by.push(by.clone()),
                None => plan.push(Planned { check, needed_by: vec![by.clone()] }),
            }
        }
    }
    plan.retain(|planned| is_selected(planned, scope));
    plan.sort_by_key(|planned| place(planned.check.kind()));
    plan
}

fn is_selected(planned: &Planned, scope: &Scope) -> bool {
    let (id, kind) = (planned.check.id(), planned.check.kind());
    let means = |word: &String| matches(word, &id, kind);
    (scope.only.is_empty() || scope.only.iter().any(means)) && !scope.skip.iter().any(means)
}
