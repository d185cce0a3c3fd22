//! The run: looks side by side until the deadline, then judging.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use indexmap::IndexMap;

use super::checks::{self, kinds};
use super::observations::All;
use super::plan::{Want, wanted};
use super::probes::{self, Look};
use super::report::SCHEMA;
use super::{Finding, Report, Scope, Status, Verdict, hints, key, millis};
use crate::catalog::manifest::RuntimeKind;
use crate::platform::process::shell_words;

/// What is waited for beyond the deadline of the looks themselves, so that «late» comes from the
/// one that knows what was late.
const GRACE: Duration = Duration::from_millis(250);

fn grace(deadline: Duration) -> Duration {
    GRACE.min(deadline / 10)
}

/// Looks at everything side by side. Never takes longer than the deadline and half a second: what
/// is late is `unknown`.
pub fn examine(scope: &Scope, deadline: Duration) -> Report {
    let since = Instant::now();
    let wanted = wanted(scope);
    let all = look_at(&wanted, scope, since + deadline, deadline);
    let here = hints::Here::look(&scope.root);
    let mut findings: Vec<Finding> = wanted
        .iter()
        .map(|want| {
            let mut found = checks::judge(&want.ask, &all, scope, deadline);
            if found.evidence.ms == 0 {
                found.evidence.ms = millis(all.took(&want.ask.looks()));
            }
            let id = want.ask.id();
            debug_assert!(
                kinds::of(&id).is_some_and(|kind| kind.classes.contains(&found.class))
                    || matches!(found.class, "ok" | "blocked"),
                "{id} has no class {}",
                found.class
            );
            let (hints, docs) = match found.status {
                Status::Pass | Status::Skip => (Vec::new(), None),
                _ => hints::hints(&id, found.class, &found.facts, &here),
            };
            Finding {
                id,
                title: found.title,
                status: found.status,
                class: found.class,
                evidence: found.evidence,
                hints,
                docs,
                blocked_by: found.blocked_by,
                needed_by: want.needed_by.clone(),
            }
        })
        .collect();
    // Two proxies or two Pythons asked for by different labs are one line with the worse outcome.
    findings.dedup_by(|later, first| {
        let same = later.id == first.id;
        if same && later.status > first.status {
            std::mem::swap(later, first);
        }
        if same {
            first.needed_by.append(&mut later.needed_by);
        }
        same
    });
    report(scope, findings, since)
}

fn look_at(wanted: &[Want], scope: &Scope, end: Instant, deadline: Duration) -> All {
    let mut looks: Vec<Look> = Vec::new();
    for look in wanted.iter().flat_map(|want| want.ask.looks()) {
        if !looks.contains(&look) {
            looks.push(look);
        }
    }
    let scope = Arc::new(scope.clone());
    let (tell, told) = mpsc::channel();
    for (index, look) in looks.iter().enumerate() {
        let (look, scope, tell) = (look.clone(), Arc::clone(&scope), tell.clone());
        // Not scoped: a thread that hangs in the kernel must not hold the report.
        std::thread::spawn(move || {
            let since = Instant::now();
            let seen = probes::look(&look, &scope, end);
            let _ = tell.send((index, seen, since.elapsed()));
        });
    }
    drop(tell);
    let mut all: Vec<_> = looks.into_iter().map(|look| (look, None, deadline)).collect();
    while let Ok((index, seen, took)) =
        told.recv_timeout((end + grace(deadline)).saturating_duration_since(Instant::now()))
    {
        all[index].1 = Some(seen);
        all[index].2 = took;
    }
    All(all)
}

fn report(scope: &Scope, findings: Vec<Finding>, since: Instant) -> Report {
    let mut runtimes = IndexMap::new();
    for demand in &scope.demands {
        let key = key(&demand.lab, demand.kind);
        let own = || findings.iter().filter(|finding| finding.needed_by.contains(&key));
        let status = own().map(|finding| finding.status).max().unwrap_or(Status::Pass);
        let because =
            own().filter(|finding| !finding.status.works()).map(|finding| finding.id.clone());
        runtimes.insert(key.clone(), Verdict { status, because: because.collect() });
    }
    let next = next(scope, &runtimes);
    let report = Report {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        title: scope.title.clone(),
        findings,
        runtimes,
        next,
        ms: millis(since.elapsed()),
        strict: false,
        exit: 0,
    };
    report.strict(false)
}

/// The command to go on with: the first runtime that works, of the first lab that has one. The
/// demands of a lab begin with its default.
fn next(scope: &Scope, runtimes: &IndexMap<String, Verdict>) -> String {
    let works = |demand: &&super::Demand| {
        runtimes.get(&key(&demand.lab, demand.kind)).is_some_and(|verdict| verdict.status.works())
    };
    let Some(demand) = scope.demands.iter().find(works) else {
        let again = "fix what fails, then: mlops-lab doctor".to_owned();
        return scope
            .wider
            .as_ref()
            .map_or(again, |wider| format!("fix what fails, or see what else works: {wider}"));
    };
    let default = scope
        .demands
        .iter()
        .find(|first| first.lab == demand.lab)
        .is_some_and(|first| first.kind == demand.kind && first.kind == RuntimeKind::ALL[0]);
    let mut runtime = if default { String::new() } else { format!(" --runtime {}", demand.kind) };
    if demand.kind == RuntimeKind::Kubernetes
        && let Some(context) = &scope.context
    {
        runtime.push_str(&format!(" --context {}", shell_words(std::slice::from_ref(context))));
    }
    if scope.made {
        format!("mlops-lab up{runtime}")
    } else {
        format!("mlops-lab init {} --up{runtime}", demand.lab)
    }
}

/// Whether any of the findings may heal by itself, so that waiting makes sense.
pub fn heals(report: &Report) -> Vec<String> {
    let waiting = report
        .troubles()
        .filter(|finding| !finding.status.works() && hints::heals(&finding.id, finding.class));
    waiting.map(|finding| finding.id.clone()).collect()
}
