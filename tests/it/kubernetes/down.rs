//! What is said of a lab in a cluster, and taking it away.

use serde_json::{Value, json};

use crate::kubernetes::bed::Bed;

#[test]
fn status_and_logs_tell_what_runs_and_why_something_does_not() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    assert_eq!(bed.lab.run(&["status"]).code, 1);
    assert_eq!(bed.lab.run(&["logs", "--runtime", "kubernetes"]).code, 1);
    bed.comes_up(&[]);
    assert_eq!(
        bed.states(),
        ["server: ready", "store: ready", "forward-api: ready", "forward-extra: waiting"]
            .map(str::to_owned)
    );
    let status = bed.lab.ok(&["status"]);
    assert!(status.out.contains("deployment 1 of 1 ready"), "{}", status.out);
    let logs = bed.lab.ok(&["logs"]).out;
    assert!(logs.contains("server says hello") && logs.contains("store says hello"), "{logs}");
    let logs = bed.lab.ok(&["logs", "store", "--lines", "1"]).out;
    assert_eq!(logs.lines().count(), 1, "{logs}");
    assert_eq!(bed.lab.run(&["logs", "stoer"]).code, 2);
    let shown = bed.lab.ok(&["logs", "--json"]).out;
    let lines: Vec<Value> = shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for name in ["server", "store"] {
        let says = |line: &Value| {
            line["service"] == name
                && line["line"].as_str().unwrap().starts_with(&format!("{name} says"))
        };
        assert!(lines.iter().any(says), "{name}: {shown}");
    }
    let report =
        bed.lab.run(&["doctor", "--runtime", "kubernetes", "--only", "port", "--json"]).out;
    assert!(report.contains("\"own\""), "the forward's port: {report}");
    bed.server.becomes("server", "pull", 0);
    let status = bed.lab.run(&["status", "--json"]);
    assert_eq!(status.code, 1);
    let status: Value = serde_json::from_str(&status.out).unwrap();
    let server = &status["services"][0];
    assert!(server["name"] == "server" && server["state"] == "dead", "{server}");
    assert!(server["last_words"][0].as_str().unwrap().contains("ImagePullBackOff"), "{server}");
}

#[test]
fn down_stops_what_runs_and_keeps_namespace_and_data() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.comes_up(&[]);
    let down: Value = serde_json::from_str(&bed.lab.ok(&["down", "--json"]).out).unwrap();
    let stopped: Vec<&str> =
        down["stopped"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for name in ["forward-api", "deployment/server", "statefulset/store"] {
        assert!(stopped.contains(&name), "{stopped:?}");
    }
    let left: Vec<String> = bed.server.objects().into_iter().collect();
    let name = bed.name();
    assert_eq!(
        left,
        [format!("Namespace//{name}"), format!("PersistentVolumeClaim/{name}/data-store-0")],
        "pods were waited for"
    );
    assert!(bed.processes().is_empty(), "{:?}", bed.processes());
    assert!(bed.lab.ok(&["down"]).out.contains("nothing was running"));
    assert_eq!(bed.lab.run(&["status"]).code, 1);
    // With the data that is there.
    bed.comes_up(&[]);
    bed.lab.ok(&["down"]);
    bed.server.script(&json!({"namespace_looks": 2}));
    bed.lab.ok(&["down", "--purge"]);
    assert!(bed.server.objects().is_empty() && !bed.noted());
    assert!(!bed.lab.run_folder().join("kubeconfig").exists());
}

#[test]
fn a_cluster_that_is_gone_holds_up_neither_the_forwards_nor_a_later_down() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.comes_up(&[]);
    bed.server.stop();
    let status = bed.lab.run(&["status"]);
    assert_eq!(status.code, 3, "{}", status.out);
    let down = bed.lab.run(&["down"]);
    assert_eq!(down.code, 3, "{}", down.out);
    assert!(down.err.contains("the cluster does not answer"), "{}", down.err);
    assert!(bed.processes().is_empty() && bed.noted(), "{:?}", bed.processes());
    assert_eq!(bed.up(&[]).code, 3);
    bed.server.again();
    bed.lab.ok(&["down", "--purge"]);
    assert!(!bed.noted());
}
