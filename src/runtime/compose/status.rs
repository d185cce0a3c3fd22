//! The services of a lab in containers: their state, and whether compose would make them otherwise
//! now.

use std::collections::BTreeMap;
use std::time::Duration;

use super::command::compose_all;
use super::container::{Container, last_words, list};
use super::plan;
use crate::error::{Error, Result};
use crate::platform::process::{self, Ended};
use crate::runtime::state::{Service, State};
use crate::runtime::timed_probe::{TimedProbe, first_unready};
use crate::workspace::Workspace;

/// What runs of the lab in containers, and whether compose would make it otherwise now.
pub(super) fn services(ws: &Workspace, probe: &TimedProbe<'_>) -> Result<Vec<Service>> {
    let checks = &plan(ws)?.ready;
    let (found, verdicts, hashes) = std::thread::scope(|scope| {
        let found = scope.spawn(|| list(ws, probe.left()));
        let hashes = scope.spawn(|| hashes(ws, probe.left()));
        let verdicts = probe.ready(checks.iter());
        let found = found.join().unwrap_or_else(|_| Err(Error::bug("a question that broke off")));
        (found, verdicts, hashes.join().unwrap_or_default())
    });
    let Some(found) = found? else {
        let observed = Some("docker compose ps timed out".to_owned());
        return Ok(vec![Service { observed, ..Service::new("docker", State::NoAnswer) }]);
    };
    let observed = first_unready(&verdicts);
    let state = |container: &Container| match (container.state.as_str(), container.exit_code) {
        ("running", _) if observed.is_none() => State::Ready,
        ("running" | "created" | "starting", _) => State::NotReady,
        ("paused", _) => State::Paused,
        ("exited", 0) => State::Finished,
        _ => State::Dead,
    };
    let words: Vec<Vec<String>> = std::thread::scope(|scope| {
        let dead = |container: &Container| container.dead().then(|| container.name.clone());
        let asked = |name: String| scope.spawn(move || last_words(&name, probe.left()));
        let asked: Vec<_> = found.iter().map(|container| dead(container).map(asked)).collect();
        asked
            .into_iter()
            .map(|asked| asked.and_then(|asked| asked.join().ok()).unwrap_or_default())
            .collect()
    });
    let service = |(container, last_words): (Container, Vec<String>)| {
        let state = state(&container);
        let other = hashes
            .get(&container.service)
            .zip(container.hash())
            .is_some_and(|(now, then)| now != then);
        Service {
            place: Some(container.name),
            observed: observed.clone().filter(|_| state == State::NotReady),
            outdated: other.then(|| "its settings changed".to_owned()),
            last_words,
            ..Service::new(container.service, state)
        }
    };
    Ok(found.into_iter().zip(words).map(service).collect())
}

/// What compose makes of each service's settings now; nothing when it does not say in time.
fn hashes(ws: &Workspace, within: Duration) -> BTreeMap<String, String> {
    let Ok(command) = compose_all(ws, &["config", "--hash", "*"], within) else {
        return BTreeMap::new();
    };
    let captured =
        process::capture(&command).ok().filter(|captured| captured.ended == Ended::Code(0));
    let text = captured.map(|captured| String::from_utf8_lossy(&captured.stdout).into_owned());
    let lines = text.iter().flat_map(|text| text.lines());
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(name, hash)| (name.to_owned(), hash.to_owned()))
        .collect()
}
