//! What runs of the lab in its cluster, and what it takes up.

use serde_json::Value;

use super::kubectl::Kubectl;
use super::{WATCHED, down, forward, manifests, plan, rollout};
use crate::catalog::manifest::Forward;
use crate::error::{Error, Result};
use crate::platform::{clock, fs};
use crate::runtime::places;
use crate::runtime::state::{Service, State};
use crate::runtime::timed_probe::{TimedProbe, first_unready};
use crate::workspace::{Cluster, Workspace};

/// Lines of a dead forward's log that are shown.
const LAST: usize = 5;

/// The workloads and the forwards. A cluster that does not answer in time is a part of the answer:
/// the forwards are known without it.
///
/// # Errors
/// Exit 3 when kubectl cannot be run.
pub(super) fn services(ws: &Workspace, probe: &TimedProbe<'_>) -> Result<Vec<Service>> {
    let Some(cluster) = ws.cluster()? else { return Ok(Vec::new()) };
    let kubectl = Kubectl { ws, cluster: &cluster };
    let checks = &plan(ws)?.ready;
    let endpoints = ws.manifest().endpoint.iter();
    let forwards: Vec<(&String, &Forward)> =
        endpoints.filter_map(|(name, place)| Some((name, place.kubernetes.as_ref()?))).collect();
    let (items, reachable, verdicts) = std::thread::scope(|scope| {
        let items = scope.spawn(|| kubectl.list_within(WATCHED, probe.left()));
        let asked: Vec<_> = forwards
            .iter()
            .map(|(name, wanted)| {
                let dead = forward::alive(ws, name).is_none();
                dead.then(|| scope.spawn(|| super::reachable(&kubectl, wanted, probe.left())))
            })
            .collect();
        let verdicts = probe.ready(checks.iter());
        let reachable: Vec<Option<bool>> =
            asked.into_iter().map(|asked| asked?.join().ok()?.ok()).collect();
        (items.join(), reachable, verdicts)
    });
    clock::interrupted()?;
    let mut services = match items.unwrap_or_else(|_| Err(Error::bug("a question that broke off")))
    {
        Ok(items) => workloads(&cluster, &items),
        Err(error) => {
            let words =
                error.detail_text().and_then(|detail| detail.lines().nth(1)).unwrap_or_default();
            let observed = Some(format!("{}: {words}", error.message()));
            let name = format!("the cluster of {}", cluster.context);
            vec![Service { observed, ..Service::new(name, State::NoAnswer) }]
        }
    };
    let observed = first_unready(&verdicts);
    for ((endpoint, wanted), reachable) in forwards.into_iter().zip(reachable) {
        let name = forward::name(endpoint);
        services.push(match (forward::alive(ws, endpoint), reachable) {
            (Some(record), _) => Service {
                place: Some(format!("process {}", record.process.pid)),
                since: Some(record.since),
                observed: observed.clone(),
                ..Service::new(
                    name,
                    if observed.is_none() { State::Ready } else { State::NotReady },
                )
            },
            (None, Some(true)) => {
                let last_words = fs::tail(&places::log(ws, &name), LAST);
                Service { last_words, ..Service::new(name, State::Dead) }
            }
            (None, Some(false)) => {
                let place = Some(format!("the Service {}", wanted.service));
                Service { place, ..Service::new(name, State::Waiting) }
            }
            (None, None) => Service::new(name, State::NoAnswer),
        });
    }
    Ok(services)
}

/// How far the workloads are, by what the cluster lists.
fn workloads(cluster: &Cluster, items: &[Value]) -> Vec<Service> {
    let wanted: Vec<_> =
        cluster.objects.iter().filter(|object| manifests::is_workload(object)).cloned().collect();
    let rollout = rollout::judge(&wanted, items);
    let mut services = Vec::new();
    for workload in &rollout.workloads {
        let troubles = rollout.troubles.iter().filter(|trouble| {
            let (_, name) = trouble.who.split_once('/').unwrap_or_default();
            name == workload.name
                || name.strip_prefix(&workload.name).is_some_and(|rest| rest.starts_with('-'))
        });
        let last_words: Vec<String> = troubles
            .map(|trouble| format!("{}: {}: {}", trouble.who, trouble.reason, trouble.words))
            .collect();
        let state = match (workload.ready, workload.finished) {
            (_, true) => State::Finished,
            (true, _) => State::Ready,
            _ if workload.words == "not there" => State::Stopped,
            _ if last_words.is_empty() => State::NotReady,
            _ => State::Dead,
        };
        let place = Some(format!("{} {}", workload.kind.to_ascii_lowercase(), workload.words));
        services.push(Service { place, last_words, ..Service::new(&workload.name, state) });
    }
    services
}

/// What of the lab is in its cluster, in words: the one on record, else `known`.
///
/// # Errors
/// Exit 3 when the cluster does not answer.
pub(super) fn leftovers(
    ws: &Workspace,
    purged: bool,
    known: Option<&Cluster>,
) -> Result<Vec<String>> {
    match ws.cluster()?.as_ref().or(known) {
        Some(cluster) => down::left(ws, cluster, purged),
        None => Ok(Vec::new()),
    }
}

/// Memory of the lab's pods, in bytes; only a metrics server knows it, and many clusters have none.
pub(super) fn memory(ws: &Workspace) -> Option<u64> {
    let cluster = ws.cluster().ok()??;
    let kubectl = Kubectl { ws, cluster: &cluster };
    let answer = kubectl
        .run(&["top", "pods", "--no-headers"], Vec::new(), super::kubectl::QUERY_TIMEOUT)
        .ok()?;
    if !answer.well() {
        return None;
    }
    let of = |line: &str| {
        let word = line.split_whitespace().nth(2)?;
        word.strip_suffix("Mi")?.parse::<u64>().ok().map(|mebibytes| mebibytes << 20)
    };
    Some(answer.out().lines().filter_map(of).sum())
}
