//! Asking each runtime what runs.

use super::state::{Drill, Service, StandIn, State, Status};
use super::{active, background, compose, context, kubernetes, local, places};
use crate::catalog::manifest::{RuntimeKind, VerdictKind};
use crate::check;
use crate::error::Result;
use crate::platform::world::World;
use crate::platform::{fs, process};
use crate::workspace::Workspace;

/// Lines of a dead service's log that are shown.
const LAST: usize = 8;

/// What runs of the lab, in one runtime or wherever it is up.
pub fn status(ws: &Workspace, only: Option<RuntimeKind>, world: &dyn World) -> Result<Status> {
    let runtime = active(ws).filter(|kind| only.is_none_or(|only| only == *kind));
    let services = match runtime {
        None => Vec::new(),
        Some(RuntimeKind::Local) => processes(ws, world)?,
        Some(RuntimeKind::Compose) => compose::services(ws, world)?,
        Some(RuntimeKind::Kubernetes) => kubernetes::services(ws, world)?,
    };
    let endpoints = runtime.map(|kind| ws.manifest().endpoints(kind)).unwrap_or_default();
    let stand_ins = runtime.map_or(Ok(Vec::new()), |kind| stand_ins(ws, kind, world))?;
    let drill = ws.progress()?.drill.map(|drill| Drill {
        id: drill.id,
        since: drill.since,
        background: background::background(ws),
    });
    Ok(Status { runtime, services, drill, endpoints, stand_ins })
}

/// What answers in the place of the real thing, as the live system says.
pub fn stand_ins(ws: &Workspace, kind: RuntimeKind, world: &dyn World) -> Result<Vec<StandIn>> {
    let seen = check::stand_ins(ws.manifest(), &context(ws, kind)?, world);
    let answering = seen.into_iter().filter(|(_, answers)| *answers == Some(true));
    Ok(answering
        .map(|(stand_in, _)| StandIn { of: stand_in.of.clone(), text: stand_in.text.clone() })
        .collect())
}

fn processes(ws: &Workspace, world: &dyn World) -> Result<Vec<Service>> {
    let context = context(ws, RuntimeKind::Local)?;
    let records = places::services(ws);
    let wanted = ws.manifest().runtime.local.iter().flat_map(|local| &local.service);
    let waiting = local::waiting(ws);
    let mut services = Vec::new();
    for service in wanted {
        let name = service.name.clone();
        let Some(record) = records.iter().find(|record| record.name == name) else {
            let waits = waiting.get(&name);
            services.push(Service {
                name,
                state: if waits.is_some() { State::Waiting } else { State::Stopped },
                place: waits.cloned(),
                since: None,
                last_words: Vec::new(),
            });
            continue;
        };
        let (mut state, mut last_words) = (State::Dead, Vec::new());
        if process::alive(&record.process) {
            let seen = check::judge(&service.ready, &context, world);
            state = if seen.verdict == VerdictKind::Pass { State::Ready } else { State::NotReady };
        } else {
            last_words = fs::tail(&places::log(ws, &name), LAST);
        }
        let place = Some(format!("process {}", record.process.pid));
        services.push(Service { name, state, place, since: Some(record.since), last_words });
    }
    Ok(services)
}
