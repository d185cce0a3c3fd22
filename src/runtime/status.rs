//! Asking each runtime what runs: all at once, and never for long. What does not answer in time is
//! part of the answer.

use std::time::{Duration, Instant};

use super::state::{Drill, StandIn, Status};
use super::timed_probe::TimedProbe;
use super::{active, background, context, driver};
use crate::catalog::manifest::{RuntimeKind, VerdictKind};
use crate::error::Result;
use crate::platform::clock;
use crate::platform::world::World;
use crate::workspace::Workspace;

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
    let probe = TimedProbe { context: &context, world, end };
    let (services, stand_ins) = std::thread::scope(|scope| {
        let stand_ins = scope.spawn(|| seen_stand_ins(ws, &probe));
        let services = driver(kind).services(ws, &probe);
        (services, stand_ins.join().unwrap_or_default())
    });
    clock::interrupted()?;
    let endpoints = ws.manifest().endpoints(kind);
    let cluster = driver(kind).cluster(ws)?;
    Ok(Status { runtime: Some(kind), services: services?, drill, endpoints, cluster, stand_ins })
}

/// What answers in the place of the real thing, as the live system says.
pub fn stand_ins(
    ws: &Workspace,
    kind: RuntimeKind,
    world: &(dyn World + Sync),
) -> Result<Vec<StandIn>> {
    let context = context(ws, kind)?;
    Ok(seen_stand_ins(ws, &TimedProbe { context: &context, world, end: Instant::now() + WHOLE }))
}

fn seen_stand_ins(ws: &Workspace, probe: &TimedProbe<'_>) -> Vec<StandIn> {
    let known = ws.manifest().stand_in.iter().filter(|stand_in| stand_in.probed_over_network());
    let verdicts = probe.judge(known.clone().map(|stand_in| &stand_in.seen));
    let answering = known.zip(verdicts).filter(|(_, verdict)| verdict.verdict == VerdictKind::Pass);
    answering
        .map(|(stand_in, _)| StandIn { of: stand_in.of.clone(), text: stand_in.text.clone() })
        .collect()
}
