//! What runs of the lab in its cluster, and what it printed.

use std::time::Duration;

use serde_json::Value;

use super::kubectl::Kubectl;
use super::{PROJECT, WATCHED, down, forward, manifests, plan, rollout};
use crate::catalog::manifest::Forward;
use crate::error::{Error, Result, unknown};
use crate::platform::process::Command;
use crate::platform::{clock, fs};
use crate::runtime::driver::Wanted;
use crate::runtime::places;
use crate::runtime::state::{Service, State};
use crate::runtime::timed_probe::{Glance, first_unready};
use crate::workspace::{Cluster, Object, Workspace};

/// Lines of a dead forward's log that are shown.
const LAST: usize = 5;

/// Following a log has no end.
const FOLLOW: Duration = Duration::from_secs(24 * 60 * 60);

/// The workloads and the forwards. A cluster that does not answer in time is a part of the answer:
/// the forwards are known without it.
///
/// # Errors
/// Exit 3 when kubectl cannot be run.
pub(in crate::runtime) fn services(ws: &Workspace, glance: &Glance<'_>) -> Result<Vec<Service>> {
    let Some(cluster) = ws.cluster()? else { return Ok(Vec::new()) };
    let kubectl = Kubectl { ws, cluster: &cluster };
    let checks = &plan(ws)?.ready;
    let endpoints = ws.manifest().endpoint.iter();
    let forwards: Vec<(&String, &Forward)> =
        endpoints.filter_map(|(name, place)| Some((name, place.kubernetes.as_ref()?))).collect();
    let (items, reachable, verdicts) = std::thread::scope(|scope| {
        let items = scope.spawn(|| kubectl.list_within(WATCHED, glance.left()));
        let asked: Vec<_> = forwards
            .iter()
            .map(|(name, wanted)| {
                let dead = forward::alive(ws, name).is_none();
                dead.then(|| scope.spawn(|| super::reachable(&kubectl, wanted, glance.left())))
            })
            .collect();
        let verdicts = glance.ready(checks.iter());
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
    let seen = rollout::judge(&wanted, items);
    let mut services = Vec::new();
    for workload in &seen.workloads {
        let troubles = seen.troubles.iter().filter(|trouble| {
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

/// The command that prints what a workload's pods printed, or those of all; and the workloads that
/// may be meant.
///
/// # Errors
/// Exit 2: no such workload. Exit 1: the lab is not up on a cluster.
pub(in crate::runtime) fn logs(
    ws: &Workspace,
    wanted: Wanted<'_>,
) -> Result<(Command, Vec<String>)> {
    let Wanted { service, lines, follow, .. } = wanted;
    let Some(cluster) = ws.cluster()?.filter(|cluster| cluster.up) else {
        return Err(Error::no("nothing was printed yet")
            .hint("start the lab: mlops-lab up --runtime kubernetes"));
    };
    let kubectl = Kubectl { ws, cluster: &cluster };
    let known: Vec<_> =
        cluster.objects.iter().filter(|object| manifests::is_workload(object)).collect();
    let target = match service {
        None => format!("--selector={PROJECT}={}", cluster.namespace),
        Some(name) => match known.iter().find(|object| object.name == name) {
            Some(object) => selector(&kubectl, object)?,
            None => {
                return Err(unknown(
                    "workload",
                    name,
                    known.iter().map(|object| object.name.as_str()),
                ));
            }
        },
    };
    let tail = format!("--tail={lines}");
    let mut args =
        vec!["logs", &target, "--all-containers", "--prefix", &tail, "--max-log-requests=50"];
    if follow {
        args.push("--follow");
    }
    Ok((kubectl.command(&args, FOLLOW)?, known.iter().map(|object| object.name.clone()).collect()))
}

/// The pods of a workload, as kubectl selects them: of a workload itself older ones show one pod
/// only.
fn selector(kubectl: &Kubectl<'_>, object: &Object) -> Result<String> {
    let found = kubectl.get(&[&object.to_string()])?.unwrap_or_default();
    let labels = found["spec"]["selector"]["matchLabels"].as_object().cloned().unwrap_or_default();
    let pairs: Vec<String> = labels
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", value.as_str()?)))
        .collect();
    if pairs.is_empty() {
        return Err(Error::no(format!("{object} is not there")).hint("what is: mlops-lab status"));
    }
    Ok(format!("--selector={}", pairs.join(",")))
}

/// What of the lab is in its cluster, in words: the one on record, else `known`.
///
/// # Errors
/// Exit 3 when the cluster does not answer.
pub(in crate::runtime) fn leftovers(
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
pub(in crate::runtime) fn memory(ws: &Workspace) -> Option<u64> {
    let cluster = ws.cluster().ok()??;
    let kubectl = Kubectl { ws, cluster: &cluster };
    let answer =
        kubectl.ask(&["top", "pods", "--no-headers"], Vec::new(), super::kubectl::ASK).ok()?;
    if !answer.well() {
        return None;
    }
    let of = |line: &str| {
        let word = line.split_whitespace().nth(2)?;
        word.strip_suffix("Mi")?.parse::<u64>().ok().map(|mebibytes| mebibytes << 20)
    };
    Some(answer.out().lines().filter_map(of).sum())
}
