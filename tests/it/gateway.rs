//! The lab `gateway` beyond its steps: OpenAI's client, a budget that a thousand try to overspend,
//! a ledger that survives SIGKILL, a server that dies.
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::{Lab, busy, client, free_port, must};

fn lab() -> Lab {
    let ports = ["server_a_port", "server_b_port"].map(|name| format!("{name}={}", free_port()));
    Lab::new(None, "gateway", &[&ports[0], &ports[1]])
}

fn python(lab: &Lab) -> Command {
    let mut python = Command::new(".venv/bin/python");
    python.current_dir(&lab.root);
    python
}

fn ask(lab: &Lab, more: &[&str]) -> Value {
    let asked =
        must(python(lab).args(["-m", "client.ask", "search", "Name three colours."]).args(more));
    serde_json::from_str(asked.out.trim().lines().last().unwrap()).unwrap()
}

/// The process of a service, as `status` has it.
fn pid(lab: &Lab, service: &str) -> String {
    let status: Value = serde_json::from_str(&lab.run(&["status", "--json"]).out).unwrap();
    let services = status["services"].as_array().unwrap();
    let found = services.iter().find(|one| one["name"] == service).unwrap();
    found["place"].as_str().unwrap().strip_prefix("process ").unwrap().to_owned()
}

#[test]
#[ignore = "needs pip and the network"]
fn openais_client_gets_answers_and_a_thousand_callers_do_not_overspend() {
    let _busy = busy();
    let lab = lab();
    // Envoy dies with its parent, and its parent is not `up`, which has ended here.
    lab.ok(&["up"]);
    for step in ["keys", "tokens", "budget"] {
        lab.ok(&["solve", step]);
    }
    // OpenAI's client, unmodified, whole answers and streams.
    for mode in [&[][..], &["--stream"]] {
        let usage = ask(&lab, mode);
        assert!(usage["completion_tokens"].as_u64().unwrap() > 0, "{usage}");
    }
    // 20 MB are refused, and cost the gateway nothing; a full gateway's probe lives.
    lab.ok(&["check", "keys"]);
    // 1,000 tries of 16 callers: over the budget by no more than a request for each slot.
    lab.ok(&["check", "budget"]);
    // Lua's errors are in Envoy's log, also those about a probe.
    let said = lab.run(&["logs", "gateway"]);
    assert!(!said.out.contains("script log"), "{}", said.out);
}

#[test]
#[ignore = "needs pip and the network"]
fn what_the_ledger_has_is_what_callers_and_servers_counted_also_after_sigkill() {
    let _busy = busy();
    let lab = lab();
    lab.ok(&["up"]);
    for step in ["keys", "tokens"] {
        lab.ok(&["solve", step]);
    }
    let script = client("gateway_ledger.py");
    must(python(&lab).arg(&script).arg("begin"));
    // In the middle of an answer: Envoy ends with its parent, at once.
    let mut stream = python(&lab);
    stream.args(["-m", "client.ask", "search", "Tell a story.", "--stream", "--tokens", "600"]);
    let mut stream = stream.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut first = [0];
    std::io::Read::read_exact(stream.stdout.as_mut().unwrap(), &mut first).unwrap();
    must(Command::new("kill").args(["-9", &pid(&lab, "gateway")]));
    assert!(!stream.wait().unwrap().success(), "half an answer is no answer");
    lab.ok(&["up"]);
    must(python(&lab).arg(&script).arg("end"));
}

#[test]
#[ignore = "needs pip and the network"]
fn a_server_that_is_killed_is_missed_by_nobody() {
    let _busy = busy();
    let lab = lab();
    lab.ok(&["up"]);
    for step in ["keys", "tokens", "budget", "cost", "privacy", "timeouts", "failover"] {
        lab.ok(&["solve", step]);
    }
    must(Command::new("kill").args(["-9", &pid(&lab, "server-a")]));
    for _ in 0..6 {
        ask(&lab, &["--tokens", "2"]);
    }
    lab.ok(&["up"]);
    lab.ok(&["check", "failover"]);
}
