//! What runs, and the last words of what does not.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::{active, compose, context, places};
use crate::catalog::manifest::{RuntimeKind, VerdictKind};
use crate::check;
use crate::error::Result;
use crate::platform::term::{BAD, BOLD, DIM, GOOD, WARN, escape};
use crate::platform::world::World;
use crate::platform::{clock, fs, process};
use crate::workspace::Workspace;

/// Lines of a dead service's log that are shown.
const LAST: usize = 8;

/// What runs of a lab.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// Where; none when nothing runs.
    pub runtime: Option<RuntimeKind>,
    /// Its services.
    pub services: Vec<Service>,
    /// Base URLs by name.
    pub endpoints: BTreeMap<String, String>,
}

/// One service.
#[derive(Clone, Debug, Serialize)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// What it does.
    pub state: State,
    /// The process, or the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// What it printed last, when it is dead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub last_words: Vec<String>,
}

/// What a service does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It runs and wants traffic.
    Ready,
    /// It runs and does not want traffic (yet).
    NotReady,
    /// It ended although it should run.
    Dead,
    /// It did its work and ended well.
    Finished,
    /// It was not started.
    Stopped,
}

impl Status {
    /// Whether everything that should run is ready.
    pub fn healthy(&self) -> bool {
        self.runtime.is_some()
            && self.services.iter().all(|service| matches!(service.state, State::Ready | State::Finished))
    }

    /// Tells it to people.
    pub fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(runtime) = self.runtime else {
            return writeln!(out, "nothing runs\n\nnext: mlops-lab up");
        };
        writeln!(out, "{BOLD}{runtime}{BOLD:#}")?;
        let width = self.services.iter().map(|service| service.name.len()).max().unwrap_or(0);
        for service in &self.services {
            let (style, word) = match service.state {
                State::Ready => (GOOD, "ready"),
                State::NotReady => (WARN, "running, not ready"),
                State::Dead => (BAD, "dead"),
                State::Finished => (DIM, "finished"),
                State::Stopped => (DIM, "not started"),
            };
            let place = service.place.as_ref().map(|place| format!("  {place}")).unwrap_or_default();
            let since =
                service.since.map(|since| format!("  started {}", clock::ago(since))).unwrap_or_default();
            writeln!(out, "  {:width$}  {style}{word}{style:#}{DIM}{place}{since}{DIM:#}", service.name)?;
            for line in &service.last_words {
                writeln!(out, "      {}", escape(line))?;
            }
        }
        for (name, url) in &self.endpoints {
            writeln!(out, "  {DIM}{name}{DIM:#} {url}")?;
        }
        let next = if self.healthy() { "mlops-lab check" } else { "mlops-lab logs, then mlops-lab up" };
        writeln!(out, "\nnext: {next}")
    }
}

/// What runs of the lab.
pub fn status(ws: &Workspace, world: &dyn World) -> Result<Status> {
    let runtime = active(ws);
    let services = match runtime {
        None => Vec::new(),
        Some(RuntimeKind::Local) => local(ws, world)?,
        Some(RuntimeKind::Compose) => compose::services(ws, world)?,
    };
    let endpoints = runtime.map(|kind| ws.manifest().endpoints(kind)).unwrap_or_default();
    Ok(Status { runtime, services, endpoints })
}

fn local(ws: &Workspace, world: &dyn World) -> Result<Vec<Service>> {
    let context = context(ws, RuntimeKind::Local)?;
    let records = places::services(ws);
    let wanted = ws.manifest().runtime.local.iter().flat_map(|local| &local.service);
    let mut services = Vec::new();
    for service in wanted {
        let name = service.name.clone();
        let Some(record) = records.iter().find(|record| record.name == name) else {
            services.push(Service {
                name,
                state: State::Stopped,
                place: None,
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
