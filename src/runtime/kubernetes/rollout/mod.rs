//! How far the rollouts are, and why one does not get on. Pure: judged from one list of workloads,
//! pods and events.

use std::time::Duration;

use serde_json::Value;

use crate::workspace::Object;

/// One workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Workload {
    pub(super) name: String,
    /// `Deployment`
    pub(super) kind: String,
    pub(super) ready: bool,
    /// A Job that is done.
    pub(super) finished: bool,
    /// `1 of 2 ready`
    pub(super) words: String,
}

/// Something that keeps a pod from coming up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// `deployment/server` or `pod/server-x`.
    pub(super) who: String,
    /// What the cluster calls it.
    pub(super) reason: String,
    /// What happened, in words.
    pub(super) words: String,
    /// What to do.
    pub(super) hint: Option<String>,
    /// Pod and container whose last lines tell more.
    pub(super) log: Option<(String, String)>,
    /// How long it may last before it counts as final: much heals by itself.
    pub(super) patience: Duration,
}

/// What was seen at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rollout {
    pub(super) workloads: Vec<Workload>,
    pub(super) troubles: Vec<Trouble>,
    /// Pods that are not ready yet and the phase they are in, in words.
    pub(super) pods: Vec<String>,
}

impl Rollout {
    /// Whether every workload is ready or done.
    pub(super) fn done(&self) -> bool {
        self.workloads.iter().all(|workload| workload.ready || workload.finished)
    }

    /// One line of progress.
    pub(super) fn line(&self) -> String {
        let ready =
            self.workloads.iter().filter(|workload| workload.ready || workload.finished).count();
        let mut words = format!("{ready} of {} ready", self.workloads.len());
        if let Some(first) = self.pods.first() {
            words.push_str(&format!("; {first}"));
        }
        if let Some(trouble) = self.troubles.first() {
            words.push_str(&format!("; {}: {}", trouble.who, trouble.reason));
        }
        words
    }
}

/// What the items of `kubectl get deployments,statefulsets,daemonsets,jobs,pods,events` come to for
/// these workloads.
pub(super) fn judge(wanted: &[Object], items: &[Value]) -> Rollout {
    let mut rollout = Rollout::default();
    for object in wanted {
        let found = items.iter().find(|item| {
            item["kind"] == object.kind.as_str() && item["metadata"]["name"] == object.name.as_str()
        });
        rollout.workloads.push(match found {
            Some(item) => workload(object, item),
            None => Workload {
                name: object.name.clone(),
                kind: object.kind.clone(),
                ready: false,
                finished: false,
                words: "not there".to_owned(),
            },
        });
        rollout.troubles.extend(found.and_then(|item| refused(object, item, items)));
    }
    for pod in items.iter().filter(|item| item["kind"] == "Pod") {
        if pod["metadata"]["deletionTimestamp"].is_string() || well(pod) {
            continue;
        }
        rollout.troubles.extend(stuck(pod));
        let warned = warning(pod, items).map(|words| format!(" ({words})")).unwrap_or_default();
        rollout.pods.push(format!("{}: {}{warned}", name(pod), phase(pod)));
    }
    // What needs the least patience is the clearest.
    rollout.troubles.sort_by_key(|trouble| trouble.patience);
    rollout
}

fn name(item: &Value) -> &str {
    item["metadata"]["name"].as_str().unwrap_or_default()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// As `kubectl rollout status` judges (kubernetes.io, "Deployments: complete deployment").
fn workload(object: &Object, item: &Value) -> Workload {
    let (spec, status) = (&item["spec"], &item["status"]);
    let seen = number(&status["observedGeneration"]) >= number(&item["metadata"]["generation"]);
    let replicas = spec["replicas"].as_u64().unwrap_or(1);
    let condition = |kind: &str| {
        let all = status["conditions"].as_array();
        all.is_some_and(|all| all.iter().any(|one| one["type"] == kind && one["status"] == "True"))
    };
    let (ready, finished, words) = match object.kind.as_str() {
        "Deployment" => {
            let (updated, available) =
                (number(&status["updatedReplicas"]), number(&status["availableReplicas"]));
            let old = number(&status["replicas"]).saturating_sub(updated);
            let ready = seen && updated >= replicas && old == 0 && available >= replicas;
            (ready, false, format!("{} of {replicas} ready", available.min(updated)))
        }
        "StatefulSet" => {
            let (updated, ready) =
                (number(&status["updatedReplicas"]), number(&status["readyReplicas"]));
            let current = status["updateRevision"].is_null() || updated >= replicas;
            (seen && current && ready >= replicas, false, format!("{ready} of {replicas} ready"))
        }
        "DaemonSet" => {
            let (wanted, ready) =
                (number(&status["desiredNumberScheduled"]), number(&status["numberAvailable"]));
            let updated = number(&status["updatedNumberScheduled"]);
            (
                seen && updated >= wanted && ready >= wanted,
                false,
                format!("{ready} of {wanted} ready"),
            )
        }
        _ => {
            let done = condition("Complete") || spec["suspend"] == true;
            (false, done, if done { "done" } else { "running" }.to_owned())
        }
    };
    Workload { name: object.name.clone(), kind: object.kind.clone(), ready, finished, words }
}

/// Why a controller cannot make its pods at all.
fn refused(object: &Object, item: &Value, items: &[Value]) -> Option<Trouble> {
    let conditions = item["status"]["conditions"].as_array();
    let find = |kind: &str, status: &str| {
        conditions.into_iter().flatten().find(|one| one["type"] == kind && one["status"] == status)
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let trouble = |reason: &str, words: String, seconds: u64| {
        let hint = forbidden(&words);
        Trouble {
            who: object.to_string(),
            reason: reason.to_owned(),
            words,
            hint,
            log: None,
            patience: Duration::from_secs(seconds),
        }
    };
    if let Some(failure) = find("ReplicaFailure", "True") {
        return Some(trouble(&text(&failure["reason"]), text(&failure["message"]), 15));
    }
    if object.kind == "Job"
        && let Some(failed) = find("Failed", "True")
    {
        return Some(trouble(&text(&failed["reason"]), text(&failed["message"]), 0));
    }
    if let Some(late) = find("Progressing", "False") {
        return Some(trouble(&text(&late["reason"]), text(&late["message"]), 0));
    }
    // A StatefulSet has no such condition; its events tell.
    let event = items.iter().rev().find(|event| {
        event["kind"] == "Event"
            && event["reason"] == "FailedCreate"
            && event["involvedObject"]["kind"] == object.kind.as_str()
            && event["involvedObject"]["name"] == object.name.as_str()
    })?;
    let made = number(&item["status"]["replicas"]) + number(&item["status"]["active"]);
    (made == 0).then(|| trouble("FailedCreate", text(&event["message"]), 15))
}

fn forbidden(words: &str) -> Option<String> {
    if words.contains("violates PodSecurity") {
        Some(
            "the namespace takes only pods that hold the Pod Security Standard on its label: fix \
              the securityContext in k8s/"
                .to_owned(),
        )
    } else if words.contains("exceeded quota") {
        Some("the namespace has a ResourceQuota: request less, or raise it".to_owned())
    } else {
        None
    }
}

fn well(pod: &Value) -> bool {
    if pod["status"]["phase"] == "Succeeded" {
        return true;
    }
    let all = pod["status"]["conditions"].as_array();
    all.is_some_and(|all| all.iter().any(|one| one["type"] == "Ready" && one["status"] == "True"))
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["initContainerStatuses", "containerStatuses"]
        .into_iter()
        .flat_map(|list| pod["status"][list].as_array().into_iter().flatten())
}

/// The last warning about a pod: a volume that cannot be mounted, a probe that fails, a node that
/// has no room.
fn warning(pod: &Value, items: &[Value]) -> Option<String> {
    let of_pod = |event: &&Value| {
        event["kind"] == "Event"
            && event["type"] == "Warning"
            && event["involvedObject"]["kind"] == "Pod"
            && event["involvedObject"]["name"] == pod["metadata"]["name"]
    };
    let event = items.iter().filter(of_pod).max_by_key(|event| event["lastTimestamp"].as_str())?;
    let message: String =
        event["message"].as_str().unwrap_or_default().lines().next()?.chars().take(160).collect();
    Some(format!("{}: {message}", event["reason"].as_str().unwrap_or_default()))
}

/// What the pod waits for, in a word.
fn phase(pod: &Value) -> String {
    let waiting = containers(pod).find_map(|one| one["state"]["waiting"]["reason"].as_str());
    let phase = pod["status"]["phase"].as_str().unwrap_or("Pending");
    match waiting {
        Some("PodInitializing") | None if phase == "Pending" && init_runs(pod) => {
            "its init container runs".to_owned()
        }
        Some(reason) => reason.to_owned(),
        None if phase == "Running" => "it runs, and is not ready".to_owned(),
        None => phase.to_owned(),
    }
}

fn init_runs(pod: &Value) -> bool {
    let all = pod["status"]["initContainerStatuses"].as_array();
    all.is_some_and(|all| all.iter().any(|one| one["state"]["running"].is_object()))
}

/// Why a pod does not get on.
fn stuck(pod: &Value) -> Option<Trouble> {
    let who = format!("pod/{}", name(pod));
    let trouble = |reason: &str, words: String, seconds: u64| Trouble {
        who: who.clone(),
        reason: reason.to_owned(),
        words,
        hint: None,
        log: None,
        patience: Duration::from_secs(seconds),
    };
    for container in containers(pod) {
        let image = container["image"].as_str().unwrap_or_default();
        let own = container["name"].as_str().unwrap_or_default();
        let waiting = &container["state"]["waiting"];
        let reason = waiting["reason"].as_str().unwrap_or_default();
        let message = waiting["message"].as_str().unwrap_or_default();
        match reason {
            "ImagePullBackOff" | "ErrImagePull" | "ErrImageNeverPull" | "InvalidImageName" => {
                let (words, hint) = image_trouble(image, reason, message);
                // The first failure may be the network's; the back-off comes with the second.
                let seconds = if reason == "ErrImagePull" { 45 } else { 5 };
                return Some(Trouble { hint: Some(hint), ..trouble(reason, words, seconds) });
            }
            "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
                return Some(trouble(reason, format!("{own}: {message}"), 20));
            }
            "CrashLoopBackOff" => {
                let last = &container["lastState"]["terminated"];
                let restarts = number(&container["restartCount"]);
                let (ended, hint) = ended(last);
                // What starts before what it needs crashes once or twice, and heals.
                let seconds = if restarts >= 4 { 0 } else { 60 };
                return Some(Trouble {
                    hint,
                    log: Some((name(pod).to_owned(), own.to_owned())),
                    ..trouble(reason, format!("{own} {ended}, {restarts} times so far"), seconds)
                });
            }
            _ => {}
        }
    }
    let all = pod["status"]["conditions"].as_array();
    let unplaced = all.into_iter().flatten().find(|one| {
        one["type"] == "PodScheduled"
            && one["status"] == "False"
            && one["reason"] == "Unschedulable"
    })?;
    let message = unplaced["message"].as_str().unwrap_or_default();
    let hint = if message.contains("Insufficient") {
        "the cluster has no room for it: free some, or give the cluster's machine more (mlops-lab \
         doctor --runtime kubernetes)"
    } else if message.contains("PersistentVolumeClaim") || message.contains("persistentvolumeclaim")
    {
        "its volume is not bound: is there a default StorageClass? kubectl get storageclass"
    } else {
        "no node takes it: kubectl get nodes, and their taints"
    };
    Some(Trouble {
        hint: Some(hint.to_owned()),
        ..trouble("Unschedulable", message.to_owned(), 60)
    })
}

fn image_trouble(image: &str, reason: &str, message: &str) -> (String, String) {
    let load = "load it into the cluster: `mlops-lab up` does so for kind, k3d, minikube and \
                Docker Desktop; for others name the way: mlops-lab up --runtime kubernetes \
                --load 'COMMAND' or --registry HOST";
    let has = |part: &str| message.contains(part);
    match reason {
        "InvalidImageName" => {
            (format!("`{image}` is no name of an image"), "fix it in k8s/".to_owned())
        }
        "ErrImageNeverPull" => (
            format!("the image {image} is not on the node, and may not be pulled"),
            load.to_owned(),
        ),
        _ if has("not found")
            || has("pull access denied")
            || has("does not exist")
            || has("manifest unknown") =>
        {
            (
                format!("the image {image} is neither on the node nor in its registry"),
                format!("the name or the tag is wrong, or it was made here: {load}"),
            )
        }
        _ if has("unauthorized") || has("401") || has("authentication required") => (
            format!("the registry of {image} wants credentials"),
            "give the namespace an imagePullSecret, or the nodes a login".to_owned(),
        ),
        _ if has("toomanyrequests") || has("429") => (
            format!("the registry of {image} takes no more requests for now"),
            "wait, or log in".to_owned(),
        ),
        _ if has("no such host")
            || has("timeout")
            || has("connection refused")
            || has("lookup") =>
        {
            (
                format!("the nodes cannot reach the registry of {image}"),
                format!("a closed network? {load}"),
            )
        }
        _ => {
            let first = message.lines().next().unwrap_or_default();
            (format!("the image {image} cannot be pulled: {first}"), load.to_owned())
        }
    }
}

/// How a container ended, and what that means.
fn ended(last: &Value) -> (String, Option<String>) {
    let code = last["exitCode"].as_i64().unwrap_or(0);
    match last["reason"].as_str().unwrap_or_default() {
        "OOMKilled" => (
            "was killed: it wanted more memory than its limit".to_owned(),
            Some("raise resources.limits.memory in k8s/".to_owned()),
        ),
        _ => (format!("ended with exit code {code}"), None),
    }
}

#[cfg(test)]
mod tests;
