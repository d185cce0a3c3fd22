//! Asking each runtime what runs: all at once, and never for long. What does not answer in time is
//! part of the answer.

use std::time::{Duration, Instant};

use super::state::{Drill, Place, Service, StandIn, State, Status};
use super::timed_probe::Glance;
use super::{active, background, compose, context, kubernetes, local, places};
use crate::catalog::manifest::{RuntimeKind, VerdictKind};
use crate::error::Result;
use crate::platform::world::World;
use crate::platform::{clock, fs, process};
use crate::workspace::{Cluster, Workspace};

/// Lines of a dead service's log that are shown.
const LAST: usize = 8;

/// The whole of a status takes no longer, whatever a service is given to start.
const WHOLE: Duration = Duration::from_secs(2);

/// What runs of the lab, in one runtime or wherever it is up.
pub fn status(
    ws: &Workspace,
    only: Option<RuntimeKind>,
    world: &(dyn World + Sync),
) -> Result<Status> {
    let end = Instant::now() + WHOLE;
    let drill = ws.progress()?.drill.map(|drill| Drill {
        id: drill.id,
        since: drill.since,
        background: background::background(ws),
    });
    let Some(kind) = active(ws).filter(|kind| only.is_none_or(|only| only == *kind)) else {
        return Ok(Status { drill, ..Status::default() });
    };
    let context = context(ws, kind)?;
    let glance = Glance { context: &context, world, end };
    let (services, stand_ins) = std::thread::scope(|scope| {
        let stand_ins = scope.spawn(|| seen_stand_ins(ws, &glance));
        let services = match kind {
            RuntimeKind::Local => processes(ws, &glance),
            RuntimeKind::Compose => compose::services(ws, &glance),
            RuntimeKind::Kubernetes => kubernetes::services(ws, &glance),
        };
        (services, stand_ins.join().unwrap_or_default())
    });
    clock::interrupted()?;
    let endpoints = ws.manifest().endpoints(kind);
    let cluster = ws.cluster()?.filter(|_| kind == RuntimeKind::Kubernetes);
    let cluster =
        cluster.map(|Cluster { context, namespace, up, .. }| Place { context, namespace, up });
    Ok(Status { runtime: Some(kind), services: services?, drill, endpoints, cluster, stand_ins })
}

/// What answers in the place of the real thing, as the live system says.
pub fn stand_ins(
    ws: &Workspace,
    kind: RuntimeKind,
    world: &(dyn World + Sync),
) -> Result<Vec<StandIn>> {
    let context = context(ws, kind)?;
    Ok(seen_stand_ins(ws, &Glance { context: &context, world, end: Instant::now() + WHOLE }))
}

fn seen_stand_ins(ws: &Workspace, glance: &Glance<'_>) -> Vec<StandIn> {
    let known = ws.manifest().stand_in.iter().filter(|stand_in| stand_in.probed_over_network());
    let verdicts = glance.judge(known.clone().map(|stand_in| &stand_in.seen));
    let answering = known.zip(verdicts).filter(|(_, verdict)| verdict.verdict == VerdictKind::Pass);
    answering
        .map(|(stand_in, _)| StandIn { of: stand_in.of.clone(), text: stand_in.text.clone() })
        .collect()
}

fn processes(ws: &Workspace, glance: &Glance<'_>) -> Result<Vec<Service>> {
    let Some(local) = &ws.manifest().runtime.local else { return Ok(Vec::new()) };
    let records = places::services(ws);
    let record = |name: &str| records.iter().find(|record| record.name == name);
    let alive = |name: &str| record(name).is_some_and(|record| process::alive(&record.process));
    let waiting = local::waiting(ws);
    let mut outdated = local::outdated(ws, local)?;
    let running: Vec<_> = local.service.iter().filter(|service| alive(&service.name)).collect();
    let verdicts = glance.ready(running.iter().map(|service| &service.ready));
    let mut services = Vec::new();
    for service in &local.service {
        let name = &service.name;
        let Some(record) = record(name) else {
            let waits = waiting.get(name).cloned();
            let state = if waits.is_some() { State::Waiting } else { State::Stopped };
            services.push(Service { place: waits, ..Service::new(name, state) });
            continue;
        };
        let asked = running.iter().position(|running| running.name == *name);
        let (state, observed) = match asked.and_then(|at| verdicts.get(at)) {
            None => (State::Dead, None),
            Some(verdict) if verdict.verdict == VerdictKind::Pass => (State::Ready, None),
            Some(verdict) => (State::NotReady, Some(verdict.observed.clone())),
        };
        services.push(Service {
            place: Some(format!("process {}", record.process.pid)),
            since: Some(record.since),
            observed,
            outdated: outdated.remove(name),
            last_words: match state {
                State::Dead => fs::tail(&places::log(ws, name), LAST),
                _ => Vec::new(),
            },
            ..Service::new(name, state)
        });
    }
    Ok(services)
}
