//! What belongs to others: a compose project of the same name, the services of the lab that this
//! one was cloned from.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{self, BIN, Lab, Seen, must, seen};
use crate::security::trusting;

fn docker(args: &[&str]) -> Seen {
    seen(Command::new("docker").args(args))
}

/// Any image that can sleep.
fn image() -> Option<String> {
    let images = docker(&["images", "--format", "{{.Repository}}:{{.Tag}}"]).out;
    let known = ["python:", "alpine:", "busybox:", "postgres:", "haproxy:"];
    let found = images.lines().find(|image| known.iter().any(|known| image.starts_with(known)));
    assert!(found.is_some() || !harness::strict(), "there is no image: tests/images/make");
    found.map(str::to_owned)
}

/// Somebody's own compose project, with data in a volume.
struct Project {
    folder: tempfile::TempDir,
    name: String,
}

impl Project {
    fn new(image: &str) -> Project {
        let project = Project {
            folder: tempfile::tempdir().unwrap(),
            name: format!("test-own-{}", harness::free_port()),
        };
        std::fs::write(project.file(), compose(image)).unwrap();
        project
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("compose.yaml")
    }

    fn compose(&self, args: &[&str]) -> Seen {
        let file = self.file();
        docker(&[&["compose", "-p", &self.name, "-f", file.to_str().unwrap()], args].concat())
    }

    fn is_whole(&self) -> bool {
        self.compose(&["exec", "-T", "db", "cat", "/data/x"]).out == "precious\n"
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        self.compose(&["down", "--volumes", "--timeout", "1"]);
    }
}

fn compose(image: &str) -> String {
    format!(
        "services:\n  db:\n    image: {image}\n    entrypoint: [sleep, '600']\n    user: '0'\n    \
         init: true\n    volumes: ['data:/data']\nvolumes:\n  data: {{}}\n"
    )
}

/// A lab whose project has the same name, and which claims whatever a repository can claim.
#[test]
#[ignore = "needs Docker"]
fn a_compose_project_of_somebody_elses_is_left_alone_whatever_a_repository_claims() {
    let Some(image) = image() else {
        eprintln!("skipped: there is no image that can sleep");
        return;
    };
    let project = Project::new(&image);
    assert_eq!(project.compose(&["up", "--detach"]).code, 0);
    assert_eq!(
        project.compose(&["exec", "-T", "db", "sh", "-c", "echo precious >/data/x"]).code,
        0
    );
    let lab = Lab::new(
        Some("tiny"),
        "tiny",
        &["program=good", &format!("project_name={}", project.name)],
    );
    let manifest = lab.root.join(".mlops-lab/lab.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let text = text
        .replace("[endpoint.api]", "[runtime.compose]\nfile = \"compose.yaml\"\n[endpoint.api]");
    std::fs::write(&manifest, text).unwrap();
    std::fs::write(lab.root.join("compose.yaml"), compose(&image)).unwrap();
    let run = lab.root.join(".mlops-lab/run");
    for claim in ["", "{}", "{\"project\": \"NAME\", \"up\": true}"] {
        if !claim.is_empty() {
            std::fs::create_dir_all(&run).unwrap();
            std::fs::write(run.join("containers.json"), claim.replace("NAME", &project.name))
                .unwrap();
        }
        for args in [
            &["down"][..],
            &["down", "--purge"],
            &["down", "--runtime", "compose", "--purge"],
            &["up", "--runtime", "compose"],
        ] {
            lab.run(&trusting(args));
            assert!(project.is_whole(), "{args:?} with {claim:?} touched another project");
        }
    }
}

fn at(folder: &Path, args: &[&str]) -> Seen {
    seen(Command::new(BIN).args(trusting(args)).current_dir(folder))
}

fn state(folder: &Path) -> String {
    let status: serde_json::Value =
        serde_json::from_str(&at(folder, &["status", "--json"]).out).unwrap();
    status["services"][0]["state"].as_str().unwrap_or_default().to_owned()
}

/// Published and cloned twice: all that git carries is the same, the id in the record as well.
#[test]
fn two_clones_of_one_repository_are_two_labs() {
    let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
    // As a careless repository carries what runs, too.
    lab.ok(&["up"]);
    harness::copy(&lab.run_folder(), &lab.root.join(".mlops-lab/run"));
    lab.ok(&["down"]);
    let git = |args: &[&str], folder: &Path| {
        must(
            Command::new("git")
                .args(["-c", "user.name=x", "-c", "user.email=x@x"])
                .args(args)
                .current_dir(folder),
        )
    };
    git(&["init", "--quiet"], &lab.root);
    git(&["add", "--force", "--all"], &lab.root);
    git(&["commit", "--quiet", "--message", "x"], &lab.root);
    let around = lab.root.parent().unwrap();
    let (a, b) = (around.join("a"), around.join("b"));
    for clone in [&a, &b] {
        git(&["clone", "--quiet", lab.root.to_str().unwrap(), clone.to_str().unwrap()], around);
    }
    let (old, new) = (lab.port.to_string(), harness::free_port().to_string());
    for file in [".mlops-lab/lab.toml", "service.sh"] {
        let text = std::fs::read_to_string(b.join(file)).unwrap();
        std::fs::write(b.join(file), text.replace(&old, &new)).unwrap();
    }
    assert_eq!(at(&a, &["up"]).code, 0);
    assert!(at(&b, &["down"]).out.contains("nothing was running"));
    assert_eq!(state(&a), "ready", "down in one clone ended the other");
    assert_eq!(at(&b, &["up"]).code, 0);
    assert_eq!(
        (state(&a).as_str(), state(&b).as_str()),
        ("ready", "ready"),
        "up in one clone ended the other"
    );
    assert_eq!(at(&a, &["down", "--purge"]).code, 0);
    assert_eq!(state(&b), "ready");
    assert_eq!(at(&b, &["down", "--purge"]).code, 0);
}
