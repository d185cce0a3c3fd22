//! The services of a lab as they are: which run, with which settings, and what the others wait for.

use std::collections::BTreeMap;

use super::settings::Settings;
use crate::catalog::manifest::{Local, Service, VerdictKind};
use crate::error::Result;
use crate::platform::fs::{self, Kind};
use crate::platform::{inside, process};
use crate::runtime::places;
use crate::runtime::state::{self, State};
use crate::runtime::timed_probe::TimedProbe;
use crate::workspace::Workspace;

/// Lines of a dead service's log that are shown.
const LAST: usize = 8;

pub(super) fn services(ws: &Workspace, probe: &TimedProbe<'_>) -> Result<Vec<state::Service>> {
    let Some(local) = &ws.manifest().runtime.local else { return Ok(Vec::new()) };
    let records = places::services(ws);
    let record = |name: &str| records.iter().find(|record| record.name == name);
    let runs = |name: &str| record(name).is_some_and(|record| process::alive(&record.process));
    let waiting = waiting(ws);
    let mut outdated = outdated(ws, local)?;
    let running: Vec<_> = local.service.iter().filter(|service| runs(&service.name)).collect();
    let verdicts = probe.ready(running.iter().map(|service| &service.ready));
    let mut services = Vec::new();
    for service in &local.service {
        let name = &service.name;
        let Some(record) = record(name) else {
            let waits = waiting.get(name).cloned();
            let state = if waits.is_some() { State::Waiting } else { State::Stopped };
            services.push(state::Service { place: waits, ..state::Service::new(name, state) });
            continue;
        };
        let asked = running.iter().position(|running| running.name == *name);
        let (state, observed) = match asked.and_then(|at| verdicts.get(at)) {
            None => (State::Dead, None),
            Some(verdict) if verdict.verdict == VerdictKind::Pass => (State::Ready, None),
            Some(verdict) => (State::NotReady, Some(verdict.observed.clone())),
        };
        services.push(state::Service {
            place: Some(format!("process {}", record.process.pid)),
            since: Some(record.since),
            observed,
            outdated: outdated.remove(name),
            last_words: match state {
                State::Dead => fs::tail(&places::log(ws, name), LAST),
                _ => Vec::new(),
            },
            ..state::Service::new(name, state)
        });
    }
    Ok(services)
}

/// The services that run with other settings than they would be started with now, and what differs.
pub(super) fn outdated(ws: &Workspace, local: &Local) -> Result<BTreeMap<String, String>> {
    let mut outdated = BTreeMap::new();
    for record in places::alive(ws) {
        let Some(service) = local.service.iter().find(|service| service.name == record.name) else {
            continue;
        };
        if let Some(noted) = Settings::noted(ws, &service.name)
            && let Some(why) = noted.outdated_by(&Settings::now(ws, service)?)
        {
            outdated.insert(record.name, why);
        }
    }
    Ok(outdated)
}

/// The services that wait for a path, by name.
pub(super) fn waiting(ws: &Workspace) -> BTreeMap<String, String> {
    let services = ws.manifest().runtime.local.iter().flat_map(|local| &local.service);
    let running: Vec<String> = places::alive(ws).into_iter().map(|record| record.name).collect();
    services
        .filter(|service| !running.contains(&service.name))
        .filter_map(|service| Some((service.name.clone(), absent(ws, service)?.to_owned())))
        .collect()
}

/// The first path without which the service has nothing to do, while it is not there.
pub(super) fn absent<'a>(ws: &Workspace, service: &'a Service) -> Option<&'a str> {
    service.requires.iter().map(String::as_str).find(|path| stands(ws, path) == Kind::Missing)
}

/// What stands at a path of the project. A link, there or on the way, is the learner's: what it
/// leads to is not looked at.
pub(super) fn stands(ws: &Workspace, path: &str) -> Kind {
    inside::kind(ws.root(), path).unwrap_or(Kind::Missing)
}
