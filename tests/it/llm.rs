//! The lab `llm` beyond its steps: OpenAI's client, its own tests with bad input, stops in the
//! middle of answers.
use std::process::Command;

use serde_json::Value;

use crate::harness::{BIN, Lab, busy, free_port, must};

fn lab() -> Lab {
    Lab::new(None, "llm", &[&format!("candidate_port={}", free_port())])
}

fn replace(lab: &Lab, file: &str, find: &str, put: &str) {
    let path = lab.root.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches(find).count(), 1, "{text}");
    std::fs::write(path, text.replace(find, put)).unwrap();
}

#[test]
#[ignore = "needs pip and the network"]
fn openais_client_streams_and_bad_input_gets_a_reason() {
    let _busy = busy();
    let lab = lab();
    lab.ok(&["up"]);
    // OpenAI's client is the lab's own: the step `serve` drives it, streaming, with its usage.
    lab.ok(&["solve", "serve"]);
    lab.ok(&["check", "serve"]);
    // Its own tests, as the learner runs them: bad bodies, a full queue, 200 connections, callers
    // that leave or do not read, damaged model files.
    let tests = must(
        Command::new(".venv/bin/python")
            .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"])
            .current_dir(&lab.root),
    );
    assert!(tests.out.contains("[100%]"), "{}", tests.out);
    lab.ok(&["status"]);
}

#[test]
#[ignore = "takes long"]
fn twenty_stops_in_the_middle_of_answers_cut_none() {
    let _busy = busy();
    let lab = lab();
    replace(&lab, "config/server.toml", "drain_seconds = 0", "drain_seconds = 80");
    replace(&lab, "ops/drain.py", "(120, 105, 90, 75)", "(50, 45, 40, 35)");
    lab.ok(&["up"]);
    for restart in [&[BIN, "restart", "server"][..], &["sh", "-c", "$0 down && $0 up", BIN]] {
        for _ in 0..10 {
            let mut drain = Command::new(".venv/bin/python");
            drain.args(["-m", "ops.drain", "--"]).args(restart);
            must(drain.current_dir(&lab.root));
            let report = std::fs::read_to_string(lab.root.join("reports/drain.json")).unwrap();
            let report: Value = serde_json::from_str(&report).unwrap();
            assert_eq!(report["under_way"], 4, "{report}");
            assert_eq!(report["whole"], report["streams"], "{report}");
        }
    }
}
