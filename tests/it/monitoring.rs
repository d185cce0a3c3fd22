//! The lab `monitoring` beyond its steps: its own tests, five minutes of healthy traffic ten times,
//! promtool on what its parts expose.
use std::process::Command;

use crate::harness::{Lab, busy, client, free_port, must, seen, sound_metrics};

fn lab() -> Lab {
    let ports = ["prometheus_port", "alertmanager_port", "quality_port", "receiver_port"]
        .map(|name| format!("{name}={}", free_port()));
    let ports: Vec<&str> = ports.iter().map(String::as_str).collect();
    Lab::new(None, "monitoring", &ports)
}

fn python(lab: &Lab) -> Command {
    let mut python = Command::new(".venv/bin/python");
    python.current_dir(&lab.root);
    python
}

#[test]
#[ignore = "needs pip, the network and Prometheus: .ci/tools"]
fn healthy_traffic_makes_no_ticket_and_hours_instead_of_days_do() {
    let _busy = busy();
    let lab = lab();
    lab.ok(&["up"]);
    for step in ["scrape", "slo", "burn", "inputs", "drift", "labels", "dashboard"] {
        lab.ok(&["solve", step]);
    }
    let tests = must(python(&lab).args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]));
    assert!(tests.out.contains("[100%]"), "{}", tests.out);
    must(python(&lab).arg(client("monitoring_quiet.py")));
    // The lab's own picture is made of the live Prometheus.
    must(python(&lab).args(["-m", "ops.picture"]));
    let picture = std::fs::read_to_string(lab.root.join("reports/monitoring.svg")).unwrap();
    assert!(picture.contains("<polyline") && !picture.contains("no data"), "{picture}");
    must(python(&lab).args(["-m", "ops.panels"]));
    // The rules for the Prometheus operator are those that the learner wrote.
    let rules = |more: &[&str]| seen(python(&lab).args(["-m", "ops.rules"]).args(more)).code;
    assert_eq!([rules(&["--check"]), rules(&[]), rules(&["--check"])], [1, 0, 0]);
    let status = lab.ok(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.out).unwrap();
    for endpoint in ["api", "quality"] {
        let url = status["endpoints"][endpoint].as_str().unwrap();
        sound_metrics(&format!("{url}/metrics"));
    }
}
