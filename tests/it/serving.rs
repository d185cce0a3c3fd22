//! The lab `serving` beyond its steps: clients of the field, malformed requests, ten stops under
//! load, its own tests.
use std::process::Command;

use crate::harness::{self, Lab, alone, busy, client, compose, must, seen, sound_metrics, strict};

fn lab() -> Lab {
    Lab::new(None, "serving", &[])
}

fn url(lab: &Lab) -> String {
    format!("http://127.0.0.1:{}", lab.port)
}

/// A Python with KServe's client: too large for the lab itself. `.ci/tools` makes it.
fn kserve() -> Option<String> {
    let python = std::env::var("MLOPS_LAB_KSERVE_PYTHON").ok();
    assert!(
        python.is_some() || !strict(),
        "MLOPS_LAB_KSERVE_PYTHON names no Python with KServe's client"
    );
    python
}

fn clients(lab: &Lab) {
    let python = lab.root.join(".venv/bin/python");
    let refused = must(Command::new(&python).arg(client("malformed.py")).arg(url(lab)));
    assert!(refused.out.contains("21 refused"), "{}", refused.out);
    match kserve() {
        Some(python) => assert!(
            must(Command::new(python).arg(client("kserve_client.py")).arg(url(lab)))
                .out
                .contains("ok")
        ),
        None => eprintln!("KServe's client was not tried: MLOPS_LAB_KSERVE_PYTHON is not set"),
    }
    // Nobody gets more than a share of the server, and while some try another caller is served.
    let paths = ["/v2/health/live", "/v2/models/rollback/infer"];
    must(Command::new(&python).arg(client("greedy.py")).arg(url(lab)).args(paths));
    sound_metrics(&format!("{}/metrics", url(lab)));
    // tritonclient is the lab's own: the step `predict` and the lab's tests drive it; here it asks
    // the live server.
    lab.ok(&["solve", "predict"]);
    lab.ok(&["check", "predict"]);
}

#[test]
#[ignore = "needs pip and the network"]
fn clients_of_the_field_get_right_answers_and_malformed_requests_a_reason_on_local() {
    let _busy = busy();
    let lab = lab();
    lab.ok(&["up"]);
    clients(&lab);
    // Its own tests, as the learner runs them.
    let tests = must(
        Command::new(".venv/bin/python")
            .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"])
            .current_dir(&lab.root),
    );
    assert!(tests.out.contains("[100%]"), "{}", tests.out);
}

#[test]
#[ignore = "needs Docker"]
fn clients_of_the_field_get_right_answers_and_malformed_requests_a_reason_on_compose() {
    if !compose("serving") {
        return;
    }
    let _busy = busy();
    let lab = lab();
    lab.ok(&["up", "--runtime", "compose"]);
    clients(&lab);
    // Everything of it can be found again by the project's label.
    let label = format!("label=dev.mlops-lab.project=test-{}", lab.port);
    for (kind, least) in [("container", 2), ("network", 1), ("volume", 1)] {
        let found = must(
            Command::new("docker")
                .args([kind, "ls", "-q", "--filter", &label])
                .args((kind == "container").then_some("-a")),
        );
        assert!(found.out.lines().count() >= least, "{kind}: {}", found.out);
    }
}

/// The lab's own report of so many stops under load, each with this drain.
fn stops(lab: &Lab, seconds: &str, rounds: usize) -> Vec<serde_json::Value> {
    let dotenv = lab.root.join(".env");
    let settings = std::fs::read_to_string(&dotenv).unwrap();
    let set = settings.lines().map(|line| match line.split_once('=') {
        Some(("DRAIN_SECONDS", _)) => format!("DRAIN_SECONDS={seconds}\n"),
        _ => format!("{line}\n"),
    });
    std::fs::write(&dotenv, set.collect::<String>()).unwrap();
    let stop = || {
        lab.ok(&["up"]);
        let drain = [".venv/bin/python", "-m", "ops.drain", "--", harness::BIN, "down"];
        must(Command::new(drain[0]).args(&drain[1..]).current_dir(&lab.root));
        let report = std::fs::read_to_string(lab.root.join("reports/drain.json")).unwrap();
        serde_json::from_str(&report).unwrap()
    };
    (0..rounds).map(|_| stop()).collect()
}

#[test]
#[ignore = "needs pip and the network"]
fn ten_stops_under_load_lose_nothing_and_ten_with_too_short_a_drain_all_lose_something() {
    let _alone = alone();
    let lab = lab();
    for report in stops(&lab, "2", 10) {
        assert_eq!(report["lost"], 0, "{report}");
        assert_eq!(report["saw_not_ready"], report["callers"], "{report}");
        assert!(report["answered"].as_u64().unwrap() > 100, "{report}");
    }
    for report in stops(&lab, "0.1", 10) {
        assert!(report["lost"].as_u64().unwrap() > 0, "{report}");
    }
}

#[test]
#[ignore = "needs pip and the network"]
fn requirements_that_cannot_be_fetched_are_said_and_the_next_run_goes_on() {
    let _busy = busy();
    let lab = lab();
    let up = seen(
        lab.command(&["up"])
            .env("PIP_NO_INDEX", "1")
            .env("PIP_FIND_LINKS", "")
            .env("UV_NO_INDEX", "1")
            .env("UV_OFFLINE", "1"),
    );
    assert_eq!(up.code, 3, "{}", up.err);
    assert!(up.err.contains("hint: the index has no such version"), "{}", up.err);
    lab.ok(&["up"]);
    lab.ok(&["status"]);
}

#[test]
#[ignore = "needs pip and the network"]
fn the_machines_own_uv_is_used_where_there_is_one() {
    let Some(uv) = std::env::var_os("MLOPS_LAB_UV") else {
        assert!(!strict(), "MLOPS_LAB_UV names no uv");
        eprintln!("skipped: MLOPS_LAB_UV is not set");
        return;
    };
    let _busy = busy();
    let lab = lab();
    // A folder with uv and nothing else, in front: the rest of the machine stays as it is.
    let bin = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(uv, bin.path().join("uv")).unwrap();
    let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap());
    let up = seen(lab.command(&["up"]).env("PATH", path));
    assert_eq!(up.code, 0, "{}", up.err);
    assert!(
        up.err.contains("making .venv with uv") && !up.err.contains("requirements-uv.txt"),
        "{}",
        up.err
    );
    lab.ok(&["status"]);
}

#[test]
#[ignore = "needs pip and the network"]
fn pip_alone_makes_the_same_lab() {
    let _busy = busy();
    let lab = lab();
    let manifest = lab.root.join(".mlops-lab/lab.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let without: Vec<&str> = text.lines().filter(|line| !line.starts_with("uv = ")).collect();
    assert!(without.len() < text.lines().count(), "{text}");
    std::fs::write(&manifest, without.join("\n")).unwrap();
    lab.trust();
    let up = lab.ok(&["up"]);
    assert!(up.err.contains("with pip") && !up.err.contains("uv"), "{}", up.err);
    lab.ok(&["status"]);
}

#[test]
fn docker_that_is_down_is_said_with_the_way_without_it() {
    let lab = lab();
    let up = seen(
        lab.command(&["up", "--runtime", "compose"])
            .env("DOCKER_HOST", "unix:///nowhere/docker.sock"),
    );
    assert_eq!(up.code, 3, "{}", up.err);
    assert!(
        up.err.contains("docker.engine") && up.err.contains("mlops-lab up --runtime local"),
        "{}",
        up.err
    );
}

#[test]
#[ignore = "needs pip and the network"]
fn the_makefile_works_without_this_program() {
    let _busy = busy();
    let lab = lab();
    let make = |target: &str| {
        let mut command = Command::new("make");
        command.arg(target).current_dir(&lab.root).env_remove("MAKEFLAGS");
        must(&mut command)
    };
    make("up");
    let ready =
        must(Command::new("curl").args(["-sSf", &format!("{}/v2/health/ready", url(&lab))]));
    assert!(ready.out.contains("true"), "{}", ready.out);
    make("down");
}

#[test]
fn make_without_settings_says_so_at_once_and_starts_nothing() {
    let lab = lab();
    std::fs::remove_file(lab.root.join(".env")).unwrap();
    for target in ["up", "compose-up", "status", "ask"] {
        let seen =
            seen(Command::new("make").arg(target).current_dir(&lab.root).env_remove("MAKEFLAGS"));
        assert_eq!(seen.code, 2, "{target}: {}", seen.out);
        assert!(seen.err.contains("cp .env.example .env"), "{target}: {}", seen.err);
    }
    assert!(!lab.root.join(".venv").exists() && !lab.root.join("reports").exists());
    must(Command::new("make").arg("help").current_dir(&lab.root).env_remove("MAKEFLAGS"));
}

#[test]
#[ignore = "needs pip and the network"]
fn a_release_that_is_broken_and_put_back_does_no_step_and_keeps_what_the_learner_wrote() {
    let _busy = busy();
    let lab = lab();
    lab.ok(&["up"]);
    let routes = lab.root.join("config/routing.json");
    let own = "{\n  \"rollback\": { \"1\": 3, \"2\": 1 }\n}\n";
    std::fs::write(&routes, own).unwrap();
    let shown =
        must(Command::new("curl").args(["-sS", &format!("{}/v2/models/rollback", url(&lab))])).out;
    assert!(!shown.contains("\"3\""), "nothing of the release is there before it: {shown}");
    lab.ok(&["break", "bad-release"]);
    assert_eq!(lab.run(&["check", "bad-release"]).code, 1);
    let metrics =
        || must(Command::new("curl").args(["-sS", &format!("{}/metrics", url(&lab))])).out;
    let flagged = "model_predictions_total{model=\"rollback\",outcome=\"kept\",version=\"3\"}";
    let counted =
        metrics().lines().find_map(|line| line.strip_prefix(flagged)?.trim().parse::<f64>().ok());
    assert!(
        counted.is_some_and(|count| count > 0.0),
        "the evidence is in the metrics: {}",
        metrics()
    );
    lab.ok(&["break", "--undo"]);
    assert_eq!(std::fs::read_to_string(&routes).unwrap(), own);
    assert!(!lab.root.join("models/rollback/3").exists());
    assert_eq!(lab.run(&["check", "promote"]).code, 1);
}
