//! Waiting for what was applied, and saying why it does not come up.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::kubernetes::bed::Bed;

/// A lab in which this workload becomes this, and the words with which `up` gives up.
#[track_caller]
fn given_up(workload: &str, state: &str, words: &[&str]) {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.server.script(
        &json!({"workloads": {workload: {"becomes": state, "log": ["first line", "cannot open the \
            model"]}}}),
    );
    let since = Instant::now();
    bed.fails(&[], words);
    assert!(since.elapsed() < Duration::from_secs(30), "{:?}", since.elapsed());
    // The first `up` of a lab leaves nothing half done.
    assert!(bed.server.objects().is_empty(), "{:?}", bed.server.objects());
    assert!(!bed.noted() && bed.processes().is_empty(), "{:?}", bed.processes());
}

#[test]
fn what_becomes_ready_later_is_waited_for() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.server.becomes("server", "ready", 3);
    bed.server.becomes("store", "ready", 2);
    bed.comes_up(&[]);
    assert_eq!(bed.server.object("Deployment", "server")["status"]["readyReplicas"], 1);
    let looks = bed.server.requests().into_iter().filter(|request| {
        request["method"] == "GET" && request["path"].as_str().unwrap().ends_with("/deployments")
    });
    assert!(looks.count() >= 3);
}

#[test]
#[ignore = "takes long"]
fn an_image_that_cannot_be_pulled_is_told_with_what_to_do() {
    given_up(
        "server",
        "pull",
        &[
            "does not come up: ImagePullBackOff",
            "the nodes cannot reach the registry of test-",
            "-train:local",
            "hint: a closed network?",
        ],
    );
}

#[test]
fn a_container_that_crashes_is_told_with_its_last_lines() {
    given_up(
        "server",
        "crash",
        &[
            "does not come up: CrashLoopBackOff",
            "exit code 3, 6 times so far",
            "cannot open the model",
        ],
    );
}

#[test]
#[ignore = "takes long"]
fn a_deployment_that_may_not_make_its_pods_is_told_why() {
    given_up(
        "server",
        "refused",
        &[
            "deployment/server does not come up: FailedCreate",
            "violates PodSecurity",
            "fix the securityContext in k8s/",
        ],
    );
}

#[test]
fn a_job_that_failed_is_told_at_once() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.manifest(
        "job",
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: init\nspec:\n  template:\n    \
         spec:\n      restartPolicy: Never\n      \
         containers:\n        - name: init\n          image: busybox:1\n",
    );
    bed.server.becomes("init", "failed", 0);
    bed.fails(&[], &["job/init does not come up: BackoffLimitExceeded"]);
    bed.server.becomes("init", "ready", 0);
    bed.comes_up(&[]);
    assert!(bed.states().contains(&"init: finished".to_owned()), "{:?}", bed.states());
}

#[test]
fn what_is_not_ready_in_time_is_told_with_all_that_is_open() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.replace(".mlops-lab/lab.toml", "within = \"60s\"", "within = \"1s\"");
    bed.server.becomes("server", "unschedulable", 0);
    bed.server.becomes("store", "unready", 0);
    bed.fails(
        &[],
        &[
            "not ready within 1 s",
            "deployment/server: 0 of 1 ready",
            "1 Insufficient memory",
            "statefulset/store: 0 of 1 ready",
            "pod/store-0: it runs, and is not ready",
        ],
    );
    assert!(bed.server.objects().is_empty(), "{:?}", bed.server.objects());
}

#[test]
fn a_later_up_that_fails_leaves_the_namespace_and_its_data() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.comes_up(&[]);
    bed.replace(".mlops-lab/lab.toml", "within = \"60s\"", "within = \"1s\"");
    bed.server.becomes("server", "unready", 0);
    bed.replace("k8s/base/server.yaml", "containerPort: 8080", "containerPort: 8081");
    bed.fails(&[], &["not ready within 1 s", "get pods,events"]);
    assert!(
        bed.server
            .objects()
            .contains(&format!("PersistentVolumeClaim/{}/data-store-0", bed.name())),
        "{:?}",
        bed.server.objects()
    );
    assert!(bed.noted());
    bed.server.becomes("server", "ready", 0);
    bed.comes_up(&[]);
    bed.lab.ok(&["status"]);
}
