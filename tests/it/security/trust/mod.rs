//! A lab from elsewhere: what only looks at it runs nothing, what works on it asks once, and a
//! stranger's is no lab of ours.

mod asking;
mod looking;
mod strangers;

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::terminal::Terminal;
use crate::harness::{BIN, Lab, Seen, copy, free_port, listening, must, seen, trust};

/// Commands that only look, and those that take back what is there.
const LOOKING: [&[&str]; 19] = [
    &["list"],
    &["show", "serving"],
    &["status"],
    &["status", "--json"],
    &["logs"],
    &["hint"],
    &["hint", "--all"],
    &["diff"],
    &["open"],
    &["doctor"],
    &["doctor", "--runtime", "compose", "--online"],
    &["solve", "--diff"],
    &["update", "--dry-run"],
    &["update", "--diff"],
    &["break"],
    &["undo"],
    &["down"],
    &["down", "--purge"],
    &["completions", "bash"],
];

/// Commands that run what a lab names.
const WORKING: [&[&str]; 8] = [
    &["up"],
    &["restart"],
    &["check"],
    &["check", "--watch"],
    &["solve", "one"],
    &["break", "gone"],
    &["break", "--undo"],
    &["update", "--set", "port=21999"],
];

struct Clone {
    _lab: Lab,
    root: PathBuf,
    marker: PathBuf,
}

impl Clone {
    /// A lab that a stranger has published, and that was cloned.
    fn of(prepare: impl FnOnce(&Path)) -> Clone {
        let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
        prepare(&lab.root);
        let git = |folder: &Path, args: &[&str]| {
            let who = ["-c", "user.name=me", "-c", "user.email=me@localhost"];
            must(Command::new("git").args(who).args(args).current_dir(folder));
        };
        git(&lab.root, &["init", "--quiet"]);
        git(&lab.root, &["add", "--all", "--force"]);
        git(&lab.root, &["commit", "--quiet", "--message", "a lab"]);
        let above = lab.root.parent().unwrap();
        let (root, marker) = (above.join("clone"), above.join("it ran"));
        git(above, &["clone", "--quiet", lab.root.to_str().unwrap(), root.to_str().unwrap()]);
        Clone { _lab: lab, root, marker }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = listening();
        command.args(args).current_dir(&self.root).env("MARKER", &self.marker);
        command
    }

    fn run(&self, args: &[&str]) -> Seen {
        seen(&mut self.command(args))
    }
}

fn script(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, "#!/bin/sh\ntouch \"$MARKER\"\necho '{}'\n").unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn edit(root: &Path, edit: impl FnOnce(String) -> String) {
    let path = root.join(".mlops-lab/lab.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, edit(text)).unwrap();
}

fn append(root: &Path, more: &str) {
    edit(root, |text| text + more);
}

/// The lab needs one more tool.
fn need(root: &Path, tool: &str) {
    const NEEDS: &str = "[[runtime.local.needs]]";
    edit(root, |text| text.replacen(NEEDS, &format!("{NEEDS}\ntool = {tool}\n{NEEDS}"), 1));
}

/// The first service is ready when a command of the repository says so.
fn ready_by_command(root: &Path) {
    let (http, body) = (
        "[runtime.local.service.ready.http]\nendpoint = \"api\"\npath = \"/made.txt\"",
        "[runtime.local.service.ready.expect.body]\ncontains = \"made\"",
    );
    edit(root, |text| {
        assert!(text.contains(http) && text.contains(body), "{text}");
        text.replacen(http, "[runtime.local.service.ready.command]\nargv = [\"./evil\"]", 1)
            .replacen(body, "", 1)
    });
}

/// What a repository may bring, with its name.
type Trap = (&'static str, fn(&Path));

/// What a repository may bring so that something of it runs.
fn traps() -> Vec<Trap> {
    fn ran_before(root: &Path, note: &str, text: &str) {
        std::fs::create_dir_all(root.join(".mlops-lab/run")).unwrap();
        std::fs::write(root.join(".mlops-lab/run").join(note), text).unwrap();
    }
    const COMPOSE: &str = "\n[runtime.compose]\npython = { requirements = [\"r.txt\"] }\n";
    vec![
        ("a stand-in that is asked by a command", |root| {
            script(&root.join("evil"));
            append(
                root,
                "\n[[stand_in]]\nof = \"x\"\ntext = \"y\"\nsteps = [\"one\"]\nseen = { command = \
                 { argv = [\"./evil\"] } }\n",
            );
            ran_before(root, "prepared", "");
        }),
        ("a tool with a version to ask for", |root| {
            need(
                root,
                "{ name = \"sh\", version = \"*\", ask = [\"-c\", \"touch \\\"$MARKER\\\"\"] }",
            );
        }),
        ("a service whose readiness is a command", |root| {
            script(&root.join("evil"));
            ready_by_command(root);
            ran_before(root, "prepared", "");
        }),
        ("docker on a PATH of .env", |root| {
            script(&root.join("bin/docker"));
            std::fs::write(root.join(".env"), "PATH=bin:/usr/bin:/bin\n").unwrap();
            append(root, COMPOSE);
            std::fs::write(root.join("compose.yaml"), "services: {}\n").unwrap();
            ran_before(root, "containers.json", "{}");
        }),
        ("docker and kubectl in .venv/bin", |root| {
            script(&root.join(".venv/bin/docker"));
            script(&root.join(".venv/bin/kubectl"));
            append(root, COMPOSE);
            append(
                root,
                "\n[runtime.kubernetes]\napply = \"k8s\"\npython = { requirements = [\"r.txt\"] \
                 }\n",
            );
            std::fs::write(root.join("compose.yaml"), "services: {}\n").unwrap();
            ran_before(
                root,
                "cluster.json",
                r#"{"context":"kind-x","server":"https://127.0.0.1:1","namespace":"x","up":true}"#,
            );
        }),
        ("plugins of docker in DOCKER_CONFIG of .env", |root| {
            script(&root.join("d/cli-plugins/docker-compose"));
            std::fs::write(root.join(".env"), "DOCKER_CONFIG=d\n").unwrap();
            append(root, COMPOSE);
            std::fs::write(root.join("compose.yaml"), "services: {}\n").unwrap();
            ran_before(root, "containers.json", r#"{"project":"x","root":"/","up":true}"#);
        }),
    ]
}
