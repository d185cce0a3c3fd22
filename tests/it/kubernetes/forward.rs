//! Ports of this machine that lead into the cluster.

use std::net::TcpListener;

use serde_json::Value;

use crate::kubernetes::bed::{Bed, kill, until};

const EXTRA: &str = "apiVersion: v1\nkind: Service\nmetadata:\n  name: extra\nspec:\n  \
    selector:\n    app: server\n  ports:\n    - port: 80\n      targetPort: 8080\n";

#[test]
fn a_forward_answers_is_not_opened_twice_and_outlives_its_kubectl() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    let up: Value = serde_json::from_str(&bed.comes_up(&["--json"]).out).unwrap();
    assert_eq!(up["started"], serde_json::json!(["server", "store", "forward-api"]));
    assert_eq!(bed.answer(bed.lab.port).as_deref(), Some("well\n"));
    let keeper = bed.process("__supervise").unwrap();
    let record: Value = bed.noted_in("service/forward-api.json");
    assert_eq!(record["pid"], keeper);
    let up: Value = serde_json::from_str(&bed.comes_up(&["--json"]).out).unwrap();
    assert_eq!(up["started"], serde_json::json!([]), "what runs is left alone");
    assert_eq!(bed.process("__supervise"), Some(keeper));
    for _ in 0..2 {
        kill(bed.process("bin/kubectl --context").unwrap());
        until("the port answers again", || bed.answer(bed.lab.port).is_some());
        assert_eq!(bed.process("__supervise"), Some(keeper));
    }
    bed.lab.ok(&["status"]);
}

#[test]
fn a_keeper_that_dies_leaves_nothing_behind() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.comes_up(&[]);
    kill(bed.process("__supervise").unwrap());
    until("the forward is known to be dead", || {
        bed.states().contains(&"forward-api: dead".to_owned())
    });
    bed.comes_up(&[]);
    assert!(bed.answer(bed.lab.port).is_some());
    let keepers =
        || bed.processes().iter().filter(|(_, line)| line.contains("port-forward")).count();
    until("one keeper and one kubectl", || keepers() == 2);
    kill(bed.process("__supervise").unwrap());
    bed.lab.ok(&["down"]);
    assert!(bed.processes().is_empty(), "{:?}", bed.processes());
    TcpListener::bind(("127.0.0.1", bed.lab.port)).unwrap();
}

#[test]
fn a_forward_does_not_take_a_strangers_port_for_its_own() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.comes_up(&[]);
    let group: Vec<u32> = bed.processes().iter().map(|(pid, _)| *pid).collect();
    group.into_iter().for_each(kill);
    let mut stranger = None;
    until("the port is free", || {
        stranger = TcpListener::bind(("127.0.0.1", bed.lab.port)).ok();
        stranger.is_some()
    });
    bed.fails(&[], &[&format!("port {} is taken", bed.lab.port)]);
    assert!(bed.processes().is_empty(), "{:?}", bed.processes());
    drop(stranger);
    bed.comes_up(&[]);
    assert_eq!(bed.answer(bed.lab.port).as_deref(), Some("well\n"));
}

#[test]
fn a_service_that_is_not_there_yet_waits_and_a_later_up_opens_it() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    let up: Value = serde_json::from_str(&bed.comes_up(&["--json"]).out).unwrap();
    assert_eq!(up["waiting"]["extra"], "the Service extra");
    assert!(bed.states().contains(&"forward-extra: waiting".to_owned()), "{:?}", bed.states());
    bed.lab.ok(&["status"]);
    bed.manifest("extra", EXTRA);
    let up: Value = serde_json::from_str(&bed.comes_up(&["--json"]).out).unwrap();
    assert_eq!(up["started"], serde_json::json!(["forward-extra"]));
    assert!(bed.answer(bed.extra_port).is_some());
    bed.lab.ok(&["down"]);
    for port in [bed.lab.port, bed.extra_port] {
        TcpListener::bind(("127.0.0.1", port)).unwrap();
    }
    assert!(!bed.lab.run_folder().join("service/forward-api.json").exists());
}

#[test]
fn a_lab_that_answers_and_is_not_ready_is_not_up() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.server.script(&serde_json::json!({"pods": {"/ready": [503, "loading"]}}));
    bed.replace(".mlops-lab/lab.toml", "within = \"10s\"", "within = \"1s\"");
    bed.fails(&[], &["not ready within 1 s", "loading"]);
    assert!(bed.server.objects().is_empty() && bed.processes().is_empty());
}
