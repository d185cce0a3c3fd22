//! The lab `llm` beyond its steps: OpenAI's client, its own tests with bad input, restarts in the
//! middle of answers.
use std::process::Command;

use serde_json::Value;

use crate::harness::{BIN, Lab, alone, free_port, must};

fn lab() -> Lab {
    Lab::new(None, "llm", &[&format!("candidate_port={}", free_port())])
}

#[test]
#[ignore = "needs pip and the network"]
fn openais_client_streams_and_bad_input_gets_a_reason() {
    let _alone = alone();
    let lab = lab();
    lab.ok(&["up"]);
    // OpenAI's client is the lab's own: the step `serve` drives it, streaming, with its usage.
    lab.ok(&["solve", "serve"]);
    lab.ok(&["check", "serve"]);
    // Its own tests, as the learner runs them: bad bodies, a full queue, 200 connections, callers
    // that leave, damaged model files.
    let tests = must(
        Command::new(".venv/bin/python")
            .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"])
            .current_dir(&lab.root),
    );
    assert!(tests.out.contains("[100%]"), "{}", tests.out);
    lab.ok(&["status"]);
}

#[test]
#[ignore = "needs pip and the network"]
fn twenty_restarts_in_the_middle_of_answers_cut_none() {
    let _alone = alone();
    let lab = lab();
    let config = lab.root.join("config/server.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    assert!(text.contains("drain_seconds = 0"), "{text}");
    std::fs::write(&config, text.replace("drain_seconds = 0", "drain_seconds = 80")).unwrap();
    lab.ok(&["up"]);
    for _ in 0..20 {
        let drain = ["-m", "ops.drain", "--", BIN, "restart", "server"];
        must(Command::new(".venv/bin/python").args(drain).current_dir(&lab.root));
        let report = std::fs::read_to_string(lab.root.join("reports/drain.json")).unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!((&report["under_way"], &report["whole"]), (&4.into(), &4.into()), "{report}");
    }
}
