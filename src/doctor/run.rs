//! The run: probes side by side until the timeout, then judging.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use indexmap::IndexMap;

use super::hints;
use super::host_facts::HostFacts;
use super::observations::Observations;
use super::plan::{Planned, plan};
use super::probe::SharedProbe;
use super::report::{Finding, Report, SCHEMA, Status, Verdict, millis};
use super::scope::{Demand, Scope};
use crate::catalog::manifest::RuntimeKind;
use crate::platform::process::shell_words;

/// What is waited for beyond the timeout of the probes themselves, so that «late» comes from the
/// one that knows what was late.
const GRACE: Duration = Duration::from_millis(250);

/// Probes everything side by side, and judges. Never takes longer than the timeout and half a
/// second: what is late is `unknown`.
pub fn run(scope: &Scope, timeout: Duration) -> Report {
    let since = Instant::now();
    let plan = plan(scope);
    let observed = observe(&plan, scope, timeout);
    let host = HostFacts::read(&scope.root);
    let mut findings: Vec<Finding> =
        plan.into_iter().map(|planned| finding(planned, &observed, &host)).collect();
    // Two Pythons that different labs need are one line with the worse outcome.
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

fn observe(plan: &[Planned], scope: &Scope, timeout: Duration) -> Observations {
    let end = Instant::now() + timeout;
    let mut probes: Vec<SharedProbe> = Vec::new();
    for probe in plan.iter().flat_map(|planned| planned.check.probes()) {
        if !probes.iter().any(|known| known.same(probe.as_ref())) {
            probes.push(probe);
        }
    }
    let scope = Arc::new(scope.clone());
    let (sender, receiver) = mpsc::channel();
    for (index, probe) in probes.iter().enumerate() {
        let (probe, scope, sender) = (Arc::clone(probe), Arc::clone(&scope), sender.clone());
        // Not scoped: a thread that hangs in the kernel must not hold the report.
        std::thread::spawn(move || {
            let since = Instant::now();
            let observation = probe.observe(&scope, end);
            let _ = sender.send((index, observation, since.elapsed()));
        });
    }
    drop(sender);
    let mut observed = Observations::new(probes, timeout);
    let end = end + GRACE.min(timeout / 10);
    while let Ok((index, observation, took)) =
        receiver.recv_timeout(end.saturating_duration_since(Instant::now()))
    {
        observed.set(index, observation, took);
    }
    observed
}

fn finding(planned: Planned, observed: &Observations, host: &HostFacts) -> Finding {
    let Planned { check, needed_by } = planned;
    let mut draft = check.judge(observed);
    if draft.evidence.ms == 0 {
        draft.evidence.ms = millis(observed.took(&check.probes()));
    }
    let (kind, class) = (check.kind(), draft.outcome.name());
    let (hints, docs) = match draft.status {
        Status::Pass | Status::Skip => (Vec::new(), None),
        _ => hints::hints(kind.id, class, &draft.facts, host),
    };
    Finding {
        id: check.id(),
        title: draft.title,
        status: draft.status,
        class,
        evidence: draft.evidence,
        hints,
        docs,
        blocked_by: draft.blocked_by,
        needed_by,
        kind,
    }
}

fn report(scope: &Scope, findings: Vec<Finding>, since: Instant) -> Report {
    let mut runtimes = IndexMap::new();
    for key in scope.demands.iter().map(Demand::key) {
        let own = || findings.iter().filter(|finding| finding.needed_by.contains(&key));
        let status = own().map(|finding| finding.status).max().unwrap_or(Status::Pass);
        let because =
            own().filter(|finding| !finding.status.works()).map(|finding| finding.id.clone());
        let verdict = Verdict { status, because: because.collect() };
        runtimes.insert(key, verdict);
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

/// The next command: the first runtime that works, of the first lab that has one. The demands of a
/// lab begin with its default.
fn next(scope: &Scope, runtimes: &IndexMap<String, Verdict>) -> String {
    let works = |demand: &&Demand| {
        runtimes.get(&demand.key()).is_some_and(|verdict| verdict.status.works())
    };
    let Some(demand) = scope.demands.iter().find(works) else {
        return match &scope.wider {
            None => "fix what fails, then: mlops-lab doctor".to_owned(),
            Some(wider) => format!("fix what fails, or check the other runtimes: {wider}"),
        };
    };
    let first = scope.demands.iter().find(|first| first.lab == demand.lab);
    let default =
        first.is_some_and(|first| first.kind == demand.kind && first.kind == RuntimeKind::ALL[0]);
    let mut runtime = if default { String::new() } else { format!(" --runtime {}", demand.kind) };
    if demand.kind == RuntimeKind::Kubernetes
        && let Some(context) = &scope.context
    {
        runtime.push_str(&format!(" --context {}", shell_words(std::slice::from_ref(context))));
    }
    if scope.generated {
        format!("mlops-lab up{runtime}")
    } else {
        format!("mlops-lab init {} --up{runtime}", demand.lab)
    }
}

/// The findings that waiting may fix.
pub fn transient(report: &Report) -> Vec<String> {
    let waiting = report.troubles().filter(|finding| {
        !finding.status.works() && hints::is_transient(finding.kind.id, finding.class)
    });
    waiting.map(|finding| finding.id.clone()).collect()
}
