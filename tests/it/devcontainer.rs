//! The `.devcontainer/` of every lab: what it says, and that its image builds.
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{BIN, Lab, busy, must};

/// What of the format the labs use.
const KNOWN: [&str; 5] = ["name", "build", "remoteUser", "forwardPorts", "postCreateCommand"];

fn ids() -> Vec<String> {
    let listed: Value =
        serde_json::from_str(&must(Command::new(BIN).args(["list", "--json"])).out).unwrap();
    let labs = listed["labs"].as_array().unwrap().iter();
    labs.map(|lab| lab["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_lab_opens_in_a_container_of_its_own_with_its_port() {
    for id in ids() {
        let lab = Lab::new(None, &id, &[]);
        let text =
            std::fs::read_to_string(lab.root.join(".devcontainer/devcontainer.json")).unwrap();
        let said: Value = serde_json::from_str(&text).unwrap();
        let names: Vec<&String> = said.as_object().unwrap().keys().collect();
        assert!(names.iter().all(|name| KNOWN.contains(&name.as_str())), "{id}: {names:?}");
        assert_eq!(said["name"], format!("test-{}", lab.port), "{id}");
        assert_eq!(said["forwardPorts"], json!([lab.port]), "{id}");
        let file = said["build"]["dockerfile"].as_str().unwrap();
        let file = std::fs::read_to_string(lab.root.join(".devcontainer").join(file)).unwrap();
        let user = format!("--uid 1000 --shell /bin/bash {}", said["remoteUser"].as_str().unwrap());
        assert!(file.contains(&user) && file.ends_with("\nUSER 1000\n"), "{id}: {file}");
        // What is run in it exists.
        let made = must(
            Command::new("make").args(["--dry-run", ".venv/installed"]).current_dir(&lab.root),
        );
        assert!(made.out.contains("venv"), "{id}: {}", made.out);
        assert_eq!(said["postCreateCommand"], json!(["make", ".venv/installed"]), "{id}");
    }
}

#[test]
#[ignore = "needs Docker and the network"]
fn its_image_builds_and_has_what_the_makefile_calls() {
    let _busy = busy();
    let lab = Lab::new(None, "serving", &[]);
    let tag = format!("mlops-lab-test/devcontainer:{}", lab.port);
    let folder = lab.root.join(".devcontainer");
    must(Command::new("docker").args(["build", "--quiet", "--tag", &tag]).arg(folder));
    let script = "test \"$(id -un)\" = learner && make --version && curl --version \
                  && git --version && python -m venv --help && jq --version";
    must(Command::new("docker").args(["run", "--rm", &tag, "sh", "-ec", script]));
    must(Command::new("docker").args(["image", "rm", &tag]));
}
