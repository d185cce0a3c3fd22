//! Waiting for the rollouts, and telling why one does not come up.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::WATCHED;
use super::kubectl::{Kubectl, QUERY_TIMEOUT};
use super::rollout::{self, Rollout, Trouble};
use crate::error::{Error, Result};
use crate::platform::clock;
use crate::platform::term::Progress;
use crate::workspace::Object;

/// Between two looks at the rollouts.
const POLL_INTERVAL: Duration = Duration::from_millis(700);

/// Lines of a container's log that an error shows.
const TAIL: usize = 10;

/// Waits until all workloads are ready, as long as something moves.
pub(super) fn wait(
    kubectl: &Kubectl<'_>,
    workloads: &[Object],
    within: Duration,
    progress: &mut dyn Progress,
) -> Result<()> {
    progress.start("waiting for the rollouts");
    let end = Instant::now() + within;
    let mut since: BTreeMap<(String, String), Instant> = BTreeMap::new();
    loop {
        let rollout = rollout::judge(workloads, &kubectl.list(WATCHED)?);
        if rollout.done() {
            progress.done("");
            return Ok(());
        }
        progress.update(&rollout.line());
        let now = Instant::now();
        let key = |trouble: &Trouble| (trouble.who.clone(), trouble.reason.clone());
        since.retain(|known, _| rollout.troubles.iter().any(|trouble| key(trouble) == *known));
        for trouble in &rollout.troubles {
            let began = *since.entry(key(trouble)).or_insert(now);
            if now.duration_since(began) >= trouble.patience {
                return Err(explain(kubectl, &rollout, trouble));
            }
        }
        if now >= end {
            return Err(late(&rollout, within));
        }
        clock::pause(POLL_INTERVAL)?;
    }
}

fn explain(kubectl: &Kubectl<'_>, rollout: &Rollout, trouble: &Trouble) -> Error {
    let mut detail = vec![trouble.words.clone()];
    if let Some((pod, container)) = &trouble.log {
        detail.extend(last_words(kubectl, pod, container));
    }
    let error = Error::environment(format!("{} does not come up: {}", trouble.who, trouble.reason))
        .detail(detail.join("\n"));
    let error = trouble.hint.iter().fold(error, |error, hint| error.hint(hint.clone()));
    let others: Vec<&str> = rollout
        .troubles
        .iter()
        .filter(|other| other.who != trouble.who)
        .map(|other| other.who.as_str())
        .collect();
    if others.is_empty() { error } else { error.hint(format!("nor do {}", others.join(", "))) }
}

fn last_words(kubectl: &Kubectl<'_>, pod: &str, container: &str) -> Vec<String> {
    let tail = format!("--tail={TAIL}");
    let previous_log = |previous: &str| {
        let args = ["logs", pod, "--container", container, &tail, previous];
        let answer = kubectl.run(&args, Vec::new(), QUERY_TIMEOUT).ok()?;
        (answer.well() && !answer.out().trim().is_empty()).then(|| answer.out())
    };
    let words = previous_log("--previous=true").or_else(|| previous_log("--previous=false"));
    let lines =
        words.map(|words| words.lines().map(str::to_owned).collect::<Vec<_>>()).unwrap_or_default();
    if lines.is_empty() {
        lines
    } else {
        [vec![format!("{container} printed last:")], lines].concat()
    }
}

fn late(rollout: &Rollout, within: Duration) -> Error {
    let open = rollout.workloads.iter().filter(|workload| !workload.ready && !workload.finished);
    let mut lines: Vec<String> = open
        .map(|workload| {
            format!("{}/{}: {}", workload.kind.to_ascii_lowercase(), workload.name, workload.words)
        })
        .collect();
    lines.extend(rollout.pods.iter().map(|pod| format!("pod/{pod}")));
    lines.extend(
        rollout.troubles.iter().map(|trouble| format!("{}: {}", trouble.who, trouble.words)),
    );
    Error::environment(format!("not ready within {} s", within.as_secs())).detail(lines.join("\n"))
}
