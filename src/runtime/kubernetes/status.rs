//! What runs of the lab in its cluster, and what it printed.

use std::time::Duration;

use super::kubectl::Kubectl;
use super::{KIND, PROJECT, WATCHED, down, forward, manifests, plan, rollout};
use crate::catalog::expect::Check;
use crate::catalog::manifest::VerdictKind;
use crate::check;
use crate::error::{Error, Result, unknown};
use crate::platform::process::{self, Ended};
use crate::platform::world::World;
use crate::platform::{clock, fs};
use crate::runtime::state::{Service, State};
use crate::runtime::{context, places};
use crate::workspace::{Cluster, Object, Workspace};

/// Lines of a dead forward's log that are shown.
const LAST: usize = 5;

/// Following a log has no end.
const FOLLOW: Duration = Duration::from_secs(24 * 60 * 60);

/// The workloads and the forwards.
///
/// # Errors
/// Exit 3 when the cluster does not answer.
pub(in crate::runtime) fn services(ws: &Workspace, world: &dyn World) -> Result<Vec<Service>> {
    let Some(cluster) = ws.cluster()? else { return Ok(Vec::new()) };
    let kubectl = Kubectl { ws, cluster: &cluster };
    let items = kubectl.list(WATCHED)?;
    let wanted: Vec<_> =
        cluster.objects.iter().filter(|object| manifests::is_workload(object)).cloned().collect();
    let seen = rollout::judge(&wanted, &items);
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
        let place = format!("{} {}", workload.kind.to_ascii_lowercase(), workload.words);
        services.push(Service {
            name: workload.name.clone(),
            state,
            place: Some(place),
            since: None,
            last_words,
        });
    }
    let context = context(ws, KIND)?;
    let look = |check: &Check| check::judge(check, &context, world).verdict == VerdictKind::Pass;
    let answers = plan(ws)?.ready.iter().all(look);
    for (endpoint, place) in &ws.manifest().endpoint {
        let Some(wanted) = &place.kubernetes else { continue };
        let name = forward::name(endpoint);
        let service = match forward::alive(ws, endpoint) {
            Some(record) => Service {
                name,
                state: if answers { State::Ready } else { State::NotReady },
                place: Some(format!("process {}", record.process.pid)),
                since: Some(record.since),
                last_words: Vec::new(),
            },
            None if super::reachable(&kubectl, wanted)? => {
                let last_words = fs::tail(&places::log(ws, &name), LAST);
                Service { name, state: State::Dead, place: None, since: None, last_words }
            }
            None => {
                let place = Some(format!("the Service {}", wanted.service));
                Service { name, state: State::Waiting, place, since: None, last_words: Vec::new() }
            }
        };
        services.push(service);
    }
    Ok(services)
}

/// What a workload's pods printed, or those of all.
///
/// # Errors
/// Exit 2: no such workload. Exit 1: the lab is not up on a cluster.
pub(in crate::runtime) fn logs(
    ws: &Workspace,
    service: Option<&str>,
    lines: usize,
    follow: bool,
) -> Result<()> {
    let Some(cluster) = ws.cluster()?.filter(|cluster| cluster.up) else {
        return Err(
            Error::no("nothing was printed yet").hint("start the lab: mlops-lab up --runtime kubernetes")
        );
    };
    let kubectl = Kubectl { ws, cluster: &cluster };
    let target = match service {
        None => format!("--selector={PROJECT}={}", cluster.namespace),
        Some(name) => {
            let known: Vec<_> =
                cluster.objects.iter().filter(|object| manifests::is_workload(object)).collect();
            match known.iter().find(|object| object.name == name) {
                Some(object) => selector(&kubectl, object)?,
                None => {
                    return Err(unknown("workload", name, known.iter().map(|object| object.name.as_str())));
                }
            }
        }
    };
    let tail = format!("--tail={lines}");
    let mut args = vec!["logs", &target, "--all-containers", "--prefix", &tail, "--max-log-requests=50"];
    if follow {
        args.push("--follow");
    }
    let ended = process::pass_through(&kubectl.command(&args, FOLLOW)?)?;
    clock::interrupted()?;
    match ended {
        Ended::Code(0) => Ok(()),
        ended => Err(Error::environment(format!("kubectl logs ended with {ended}"))),
    }
}

/// The pods of a workload, as kubectl selects them: of a workload itself older ones show one pod only.
fn selector(kubectl: &Kubectl<'_>, object: &Object) -> Result<String> {
    let found = kubectl.get(&[&object.to_string()])?.unwrap_or_default();
    let labels = found["spec"]["selector"]["matchLabels"].as_object().cloned().unwrap_or_default();
    let pairs: Vec<String> =
        labels.iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_str()?))).collect();
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
    let answer = kubectl.ask(&["top", "pods", "--no-headers"], Vec::new(), super::kubectl::ASK).ok()?;
    if !answer.well() {
        return None;
    }
    let of = |line: &str| {
        let word = line.split_whitespace().nth(2)?;
        word.strip_suffix("Mi")?.parse::<u64>().ok().map(|mebibytes| mebibytes << 20)
    };
    Some(answer.out().lines().filter_map(of).sum())
}
