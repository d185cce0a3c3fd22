//! Rollouts as values: how far they are, and what keeps a pod from coming up.

use serde_json::json;

use super::*;

fn object(kind: &str, name: &str) -> Object {
    let version = if kind == "Job" { "batch/v1" } else { "apps/v1" };
    Object {
        version: version.to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
        namespace: Some("lab".to_owned()),
    }
}

fn deployment(generation: u64, status: Value) -> Value {
    json!({"kind": "Deployment", "metadata": {"name": "server", "generation": generation},
        "spec": {"replicas": 2}, "status": status})
}

fn pod(status: Value) -> Value {
    json!({"kind": "Pod", "metadata": {"name": "server-1"}, "status": status})
}

fn waiting(reason: &str, message: &str, restarts: u64, last: Value) -> Value {
    pod(json!({"phase": "Pending", "containerStatuses": [{"name": "server",
            "image": "lab-server:local",
        "restartCount": restarts, "state": {"waiting": {"reason": reason, "message": message}},
        "lastState": {"terminated": last}}]}))
}

fn trouble(items: &[Value]) -> Trouble {
    let rollout = judge(&[object("Deployment", "server")], items);
    rollout.troubles.first().cloned().unwrap_or_else(|| panic!("no trouble in {rollout:?}"))
}

#[test]
fn a_deployment_is_ready_when_its_newest_pods_are_and_no_old_one_is_left() {
    let ready = |status: Value| {
        let rollout = judge(&[object("Deployment", "server")], &[deployment(3, status)]);
        rollout.done()
    };
    let whole = json!({"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2,
        "availableReplicas": 2});
    assert!(ready(whole.clone()));
    let with = |key: &str, value: u64| {
        let mut status = whole.clone();
        status[key] = value.into();
        status
    };
    assert!(!ready(with("observedGeneration", 2)), "the controller has not seen the change");
    assert!(!ready(with("replicas", 3)), "an old pod is left");
    assert!(!ready(with("updatedReplicas", 1)));
    assert!(!ready(with("availableReplicas", 1)));
    assert!(!ready(json!({})));
}

#[test]
fn a_workload_that_is_not_there_is_not_ready() {
    let rollout = judge(&[object("Deployment", "server")], &[]);
    assert!(!rollout.done() && rollout.workloads[0].words == "not there");
    assert!(judge(&[], &[]).done());
}

#[test]
fn stateful_and_daemon_sets_and_jobs_are_judged_by_their_own_numbers() {
    let stateful = |ready: u64| {
        json!({"kind": "StatefulSet", "metadata": {"name": "db", "generation": 1},
            "spec": {"replicas": 1},
            "status": {"observedGeneration": 1, "readyReplicas": ready, "updatedReplicas": 1,
                "updateRevision": "a"}})
    };
    let db = object("StatefulSet", "db");
    assert!(judge(std::slice::from_ref(&db), &[stateful(1)]).done());
    assert!(!judge(&[db], &[stateful(0)]).done());
    let daemon = |available: u64| {
        json!({"kind": "DaemonSet", "metadata": {"name": "agent", "generation": 1}, "spec": {},
            "status": {"observedGeneration": 1, "desiredNumberScheduled": 3,
                "updatedNumberScheduled": 3, "numberAvailable": available}})
    };
    let agent = object("DaemonSet", "agent");
    assert!(judge(std::slice::from_ref(&agent), &[daemon(3)]).done());
    assert!(!judge(&[agent], &[daemon(2)]).done());
    let job = |condition: &str| {
        json!({"kind": "Job", "metadata": {"name": "init"}, "spec": {},
            "status": {"conditions": [{"type": condition, "status": "True",
                "reason": "BackoffLimitExceeded", "message": "no more"}]}})
    };
    let init = object("Job", "init");
    let done = judge(std::slice::from_ref(&init), &[job("Complete")]);
    assert!(done.done() && done.workloads[0].finished && !done.workloads[0].ready);
    let failed = judge(&[init], &[job("Failed")]);
    assert!(!failed.done() && failed.troubles[0].patience.is_zero());
}

#[test]
fn an_image_that_cannot_be_had_is_told_by_what_the_node_says() {
    let words = |reason: &str, message: &str| {
        let rollout = trouble(&[deployment(1, json!({})), waiting(reason, message, 0, json!({}))]);
        (rollout.words.clone(), rollout.hint.clone().unwrap_or_default(), rollout.patience)
    };
    let (text, hint, patience) =
        words("ImagePullBackOff", "rpc error: docker.io/library/lab-server:local: not found");
    assert!(
        text.contains("neither on the node nor in its registry") && hint.contains("--load"),
        "{text} {hint}"
    );
    assert!(patience < Duration::from_secs(10));
    assert!(
        words("ErrImagePull", "dial tcp: lookup registry: no such host")
            .0
            .contains("cannot reach the registry")
    );
    assert!(
        words("ErrImagePull", "").2 > Duration::from_secs(30),
        "the first failure may be the network's"
    );
    assert!(
        words("ImagePullBackOff", "401 Unauthorized: authentication required")
            .0
            .contains("credentials")
    );
    assert!(words("ImagePullBackOff", "429 toomanyrequests").0.contains("no more requests"));
    assert!(words("ErrImageNeverPull", "").0.contains("may not be pulled"));
    assert!(words("InvalidImageName", "").0.contains("no name of an image"));
}

#[test]
fn a_container_that_crashes_is_told_with_how_it_ended_and_given_time_to_heal() {
    let last = json!({"exitCode": 3, "reason": "Error"});
    let young =
        trouble(&[deployment(1, json!({})), waiting("CrashLoopBackOff", "", 1, last.clone())]);
    let old = trouble(&[deployment(1, json!({})), waiting("CrashLoopBackOff", "", 6, last)]);
    assert!(old.patience.is_zero() && young.patience > Duration::from_secs(30));
    assert!(old.words.contains("exit code 3, 6 times"), "{}", old.words);
    assert_eq!(old.log, Some(("server-1".to_owned(), "server".to_owned())));
    let memory = json!({"exitCode": 137, "reason": "OOMKilled"});
    let killed = trouble(&[deployment(1, json!({})), waiting("CrashLoopBackOff", "", 6, memory)]);
    assert!(
        killed.words.contains("more memory")
            && killed.hint.is_some_and(|hint| hint.contains("limits.memory"))
    );
}

#[test]
fn a_pod_that_no_node_takes_is_told_why() {
    let unplaced = |message: &str| {
        pod(json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
            "reason": "Unschedulable", "message": message}]}))
    };
    let rollout = trouble(&[
        deployment(1, json!({})),
        unplaced("0/1 nodes are available: 1 Insufficient cpu."),
    ]);
    assert!(rollout.hint.is_some_and(|hint| hint.contains("no room")));
    let rollout = trouble(&[unplaced("pod has unbound immediate PersistentVolumeClaims")]);
    assert!(rollout.hint.is_some_and(|hint| hint.contains("StorageClass")));
}

#[test]
fn a_controller_that_may_not_make_pods_is_told() {
    let refused = deployment(
        1,
        json!({"conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
            "message": "pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\""}]}),
    );
    let rollout = trouble(&[refused]);
    assert!(rollout.hint.is_some_and(|hint| hint.contains("securityContext")));
    let set = json!({"kind": "StatefulSet", "metadata": {"name": "db"}, "spec": {},
        "status": {"replicas": 0}});
    let event = json!({"kind": "Event", "reason": "FailedCreate", "message": "exceeded quota: \
        small",
        "involvedObject": {"kind": "StatefulSet", "name": "db"}});
    let rollout = judge(&[object("StatefulSet", "db")], &[set, event]);
    assert!(rollout.troubles[0].hint.as_ref().is_some_and(|hint| hint.contains("ResourceQuota")));
}

#[test]
fn pods_that_are_going_or_done_are_no_trouble() {
    let mut going = waiting("CrashLoopBackOff", "", 9, json!({}));
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    let done = pod(json!({"phase": "Succeeded"}));
    let rollout = judge(&[], &[going, done]);
    assert!(rollout.troubles.is_empty() && rollout.pods.is_empty());
}

#[test]
fn progress_says_how_many_are_ready_and_what_is_waited_for() {
    let init = pod(json!({"phase": "Pending", "initContainerStatuses": [{"name": "train",
            "state": {"running": {}}}]}));
    let rollout = judge(&[object("Deployment", "server")], &[deployment(1, json!({})), init]);
    assert_eq!(rollout.line(), "0 of 1 ready; server-1: its init container runs");
}

#[test]
fn the_last_warning_about_a_pod_is_told_with_it() {
    let event = |reason: &str, message: &str, at: &str| {
        json!({"kind": "Event", "type": "Warning", "reason": reason, "message": message,
            "lastTimestamp": at,
            "involvedObject": {"kind": "Pod", "name": "server-1"}})
    };
    let creating = waiting("ContainerCreating", "", 0, json!({}));
    let events = [
        event("FailedMount", "configmap \"routes\" not found", "2026-11-25T10:00:09Z"),
        event("FailedScheduling", "no nodes", "2026-11-25T10:00:01Z"),
    ];
    let rollout = judge(
        &[object("Deployment", "server")],
        &[&[deployment(1, json!({})), creating], &events[..]].concat(),
    );
    assert_eq!(
        rollout.pods,
        ["server-1: ContainerCreating (FailedMount: configmap \"routes\" not found)"]
    );
}
