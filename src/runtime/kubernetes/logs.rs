//! The command that prints the logs of pods.

use std::time::Duration;

use super::kubectl::Kubectl;
use super::manifests;
use crate::cluster::PROJECT;
use crate::error::{Error, Result, unknown};
use crate::platform::process::Command;
use crate::runtime::driver::LogRequest;
use crate::workspace::{Object, Workspace};

/// The command that prints what a workload's pods printed, or those of all; and the workloads that
/// may be meant.
///
/// # Errors
/// Exit 2: no such workload. Exit 1: the lab is not up on a cluster.
pub(super) fn command(ws: &Workspace, request: LogRequest<'_>) -> Result<(Command, Vec<String>)> {
    let LogRequest { service, lines, follow, .. } = request;
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

/// Following a log has no end.
const FOLLOW: Duration = Duration::from_secs(24 * 60 * 60);
