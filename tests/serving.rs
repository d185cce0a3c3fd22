//! The lab `serving` beyond its steps: clients of the field, malformed requests, ten stops under load, its own tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test may fail loudly"
)]

mod support;

use std::process::Command;

use support::{Lab, alone, client, compose, must, seen, strict};

fn lab() -> Lab {
    Lab::new(None, "serving", &[])
}

fn url(lab: &Lab) -> String {
    format!("http://127.0.0.1:{}", lab.port)
}

/// A Python with KServe's client: too large for the lab itself. `.ci/tools` makes it.
fn kserve() -> Option<String> {
    let python = std::env::var("MLOPS_LAB_KSERVE_PYTHON").ok();
    assert!(python.is_some() || !strict(), "MLOPS_LAB_KSERVE_PYTHON names no Python with KServe's client");
    python
}

fn clients(lab: &Lab) {
    let python = lab.root.join(".venv/bin/python");
    let refused = must(Command::new(&python).arg(client("malformed.py")).arg(url(lab)));
    assert!(refused.out.contains("21 refused"), "{}", refused.out);
    match kserve() {
        Some(python) => assert!(
            must(Command::new(python).arg(client("kserve_client.py")).arg(url(lab))).out.contains("ok")
        ),
        None => eprintln!("KServe's client was not tried: MLOPS_LAB_KSERVE_PYTHON is not set"),
    }
    // tritonclient is the lab's own: the step `predict` and the lab's tests drive it; here it asks the live server.
    lab.ok(&["solve", "predict"]);
    lab.ok(&["check", "predict"]);
}

#[test]
fn clients_of_the_field_get_right_answers_and_malformed_requests_a_reason_on_local() {
    let _alone = alone();
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
fn clients_of_the_field_get_right_answers_and_malformed_requests_a_reason_on_compose() {
    if !compose("serving") {
        return;
    }
    let _alone = alone();
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

#[test]
fn ten_stops_under_load_lose_nothing() {
    let _alone = alone();
    let lab = lab();
    let dotenv = lab.root.join(".env");
    let settings = std::fs::read_to_string(&dotenv).unwrap();
    assert!(settings.contains("DRAIN_SECONDS=0"), "{settings}");
    std::fs::write(&dotenv, settings.replace("DRAIN_SECONDS=0", "DRAIN_SECONDS=2")).unwrap();
    for round in 1..=10 {
        lab.ok(&["up"]);
        let drain = [".venv/bin/python", "-m", "ops.drain", "--", support::BIN, "down"];
        let seen = must(Command::new(drain[0]).args(&drain[1..]).current_dir(&lab.root));
        let report = std::fs::read_to_string(lab.root.join("reports/drain.json")).unwrap();
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["lost"], 0, "round {round}: {report}\n{}", seen.out);
        assert!(report["answered"].as_u64().unwrap() > 100, "round {round}: {report}");
    }
}

#[test]
fn requirements_that_cannot_be_fetched_are_said_and_the_next_run_goes_on() {
    let _alone = alone();
    let lab = lab();
    let up = seen(
        lab.command(&["up"])
            .env("PIP_NO_INDEX", "1")
            .env("PIP_FIND_LINKS", "")
            .env("UV_NO_INDEX", "1")
            .env("UV_OFFLINE", "1"),
    );
    assert_eq!(up.code, 3, "{}", up.err);
    assert!(up.err.contains("hint") && up.err.contains("package index"), "{}", up.err);
    lab.ok(&["up"]);
    lab.ok(&["status"]);
}

#[test]
fn the_machines_own_uv_is_used_where_there_is_one() {
    let Some(uv) = std::env::var_os("MLOPS_LAB_UV") else {
        assert!(!strict(), "MLOPS_LAB_UV names no uv");
        eprintln!("skipped: MLOPS_LAB_UV is not set");
        return;
    };
    let _alone = alone();
    let lab = lab();
    // A folder with uv and nothing else, in front: the rest of the machine stays as it is.
    let bin = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(uv, bin.path().join("uv")).unwrap();
    let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap());
    let up = seen(lab.command(&["up"]).env("PATH", path));
    assert_eq!(up.code, 0, "{}", up.err);
    assert!(up.err.contains("making .venv with uv") && !up.err.contains("requirements-uv.txt"), "{}", up.err);
    lab.ok(&["status"]);
}

#[test]
fn pip_alone_makes_the_same_lab() {
    let _alone = alone();
    let lab = lab();
    let manifest = lab.root.join(".mlops-lab/lab.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let without: Vec<&str> = text.lines().filter(|line| !line.starts_with("uv = ")).collect();
    assert!(without.len() < text.lines().count(), "{text}");
    std::fs::write(&manifest, without.join("\n")).unwrap();
    let up = lab.ok(&["up"]);
    assert!(up.err.contains("with pip") && !up.err.contains("uv"), "{}", up.err);
    lab.ok(&["status"]);
}

#[test]
fn docker_that_is_down_is_said_with_the_way_without_it() {
    let lab = lab();
    let up =
        seen(lab.command(&["up", "--runtime", "compose"]).env("DOCKER_HOST", "unix:///nowhere/docker.sock"));
    assert_eq!(up.code, 3, "{}", up.err);
    assert!(
        up.err.contains("docker.engine") && up.err.contains("mlops-lab up --runtime local"),
        "{}",
        up.err
    );
}

#[test]
fn the_makefile_works_without_this_program() {
    let _alone = alone();
    let lab = lab();
    let make = |target: &str| {
        let mut command = Command::new("make");
        command.arg(target).current_dir(&lab.root).env_remove("MAKEFLAGS");
        must(&mut command)
    };
    make("up");
    let ready = must(Command::new("curl").args(["-sSf", &format!("{}/v2/health/ready", url(&lab))]));
    assert!(ready.out.contains("true"), "{}", ready.out);
    make("down");
}
