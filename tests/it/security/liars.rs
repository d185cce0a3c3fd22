//! An engine and a cluster that lie: docker and kubectl that are silent, endless, broken, late, or
//! say what drives a terminal or names what is somebody else's. Every command ends in time with an
//! exit code that means something.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use crate::harness::{self, Lab, seen};
use crate::security::trusting;

/// What a program answers, whatever it is asked, as the body of a shell script.
const LIES: [&str; 28] = [
    "exit 0",
    "exit 1",
    "echo",
    "echo '{'",
    "echo '[]'",
    "echo '{}'",
    "echo null",
    "echo 7",
    "echo '\"text\"'",
    "echo '[{\"Service\":7}]'",
    "echo '{\"Service\":\"files\",\"Name\":null,\"State\":[]}'",
    "printf '{\"Service\":\"\\\\u001b[2Jx\\\\u202e\",\"Name\":\"../../x\",\
     \"ID\":\"--all\",\"State\":\"running\",\"ExitCode\":0}\\n'",
    "printf '{\"Service\":\"files\",\"State\":\"exited\",\"ExitCode\":99999999999999999999}\\n'",
    "printf '\\033]0;owned\\007\\033[2J\\302\\233\\n'; exit 1",
    "printf '\\033]0;owned\\007\\033[2J\\302\\233\\n' >&2; exit 1",
    "head -c 65536 /dev/urandom",
    "head -c 65536 /dev/urandom >&2; exit 3",
    "head -c 50000000 /dev/zero",
    "head -c 300000 /dev/zero | tr '\\0' '['",
    "head -c 300000 /dev/zero | tr '\\0' '{'",
    "i=0; while [ $i -lt 3000 ]; do echo '{\"Service\":\"s\",\"State\":\"running\"}'; i=$((i+1)); \
     done",
    "kill -9 $$",
    "kill -STOP $$",
    "exec cat",
    "echo 28.0.0; exit 137",
    "echo '{\"items\":[{\"metadata\":{\"name\":\"../x\",\"labels\":7},\"status\":null}]}'",
    "echo '{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"kube-system\"}}'",
    "echo '{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"\\u001b[2J\",\"code\":500}'; \
     exit 1",
];

/// Those that never end: only what must answer soon is tried.
const ENDLESS: [&str; 3] = ["exec yes '{\"Service\":\"files\"}'", "exec yes >&2", "exec sleep 600"];

struct Bench {
    lab: Lab,
    bin: tempfile::TempDir,
}

impl Bench {
    /// A lab that was up before, of which containers and a cluster are on record.
    fn new(runtime: &str) -> Bench {
        let mut lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
        let bin = tempfile::tempdir().unwrap();
        let own = lab.root.join(".mlops-lab/lab.toml");
        let text = std::fs::read_to_string(&own).unwrap();
        let more = match runtime {
            "compose" => "[runtime.compose]\n[endpoint.api]",
            _ => "[runtime.kubernetes]\napply = \"k8s\"\n[endpoint.api]",
        };
        std::fs::write(&own, text.replace("[endpoint.api]", more)).unwrap();
        std::fs::write(lab.root.join("compose.yaml"), "services: {files: {image: x}}\n").unwrap();
        std::fs::create_dir(lab.root.join("k8s")).unwrap();
        std::fs::write(lab.root.join("k8s/kustomization.yaml"), "resources: []\n").unwrap();
        let config = "apiVersion: v1\nkind: Config\ncurrent-context: kind-x\nclusters: [{name: x, \
            cluster: {server: 'https://127.0.0.1:1'}}]\nusers: [{name: x, user: {}}]\ncontexts: \
            [{name: kind-x, context: {cluster: x, user: x}}]\n";
        let kubeconfig = bin.path().join("config");
        std::fs::write(&kubeconfig, config).unwrap();
        lab.env.insert("KUBECONFIG".to_owned(), kubeconfig.into());
        lab.ok(&trusting(&["up", "--runtime", "local"]));
        lab.ok(&["down", "--runtime", "local"]);
        let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap());
        lab.env.insert("PATH".to_owned(), path.into());
        let bench = Bench { lab, bin };
        bench.note(runtime);
        bench
    }

    fn note(&self, runtime: &str) {
        let run = self.lab.run_folder();
        let root = self.lab.root.canonicalize().unwrap();
        if runtime == "compose" {
            let note = serde_json::json!({"project": format!("test-{}", self.lab.port),
                "root": root, "up": true});
            std::fs::write(run.join("containers.json"), note.to_string()).unwrap();
        } else {
            let note = serde_json::json!({"context": "kind-x", "server": "https://127.0.0.1:1",
                "namespace": "x", "up": true, "made": true});
            std::fs::write(run.join("cluster.json"), note.to_string()).unwrap();
        }
    }

    fn lie(&self, name: &str, body: &str) {
        let path = self.bin.path().join(name);
        // Under another name first: one that runs cannot be written.
        let beside = self.bin.path().join(format!(".{name}"));
        std::fs::write(&beside, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::rename(beside, path).unwrap();
    }

    fn holds(&self, lie: &str, args: &[&str], within: Duration) {
        let since = Instant::now();
        let seen = seen(&mut self.lab.command(&trusting(args)));
        let what = format!("{args:?} with {lie}");
        assert!([0, 1, 2, 3].contains(&seen.code), "{what}: {seen:?}");
        assert!(!seen.err.contains("panicked"), "{what}: {seen:?}");
        let drives = |text: &str| text.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']);
        assert!(!drives(&seen.out) && !drives(&seen.err), "{what}: {seen:?}");
        assert!(since.elapsed() < within, "{what}: {:?}", since.elapsed());
    }
}

impl Drop for Bench {
    /// Nothing is there to be stopped, and a liar would be asked.
    fn drop(&mut self) {
        let run = harness::run_folder(&self.lab.root);
        for note in ["containers.json", "cluster.json"] {
            run.iter().for_each(|run| drop(std::fs::remove_file(run.join(note))));
        }
        self.lab.env.clear();
    }
}

const SOON: Duration = Duration::from_secs(40);

fn lied_to(runtime: &str, program: &str) {
    let bench = Bench::new(runtime);
    for lie in LIES {
        // What stands still is late, as what sleeps is.
        let stands = lie.contains("STOP");
        bench.lie(program, lie);
        for args in [
            &["status"][..],
            &["status", "--json"],
            &["doctor", "--timeout", "1s"],
            &["check"],
            &["logs"],
            &["down"],
            &["down", "--purge"],
        ] {
            // A log is shown whole, and that takes as long as there is something to show.
            let long = lie.contains("50000000") && args[0] == "logs";
            if long || stands && !["status", "doctor"].contains(&args[0]) {
                continue;
            }
            bench.note(runtime);
            bench.holds(lie, args, SOON);
        }
    }
    for lie in ENDLESS {
        bench.lie(program, lie);
        bench.note(runtime);
        bench.holds(lie, &["status"], Duration::from_secs(8));
        bench.holds(lie, &["doctor", "--timeout", "1s"], Duration::from_secs(15));
    }
}

#[test]
#[ignore = "takes long"]
fn an_engine_that_lies_is_answered_with_an_exit_code() {
    lied_to("compose", "docker");
}

#[test]
#[ignore = "takes long"]
fn a_cluster_that_lies_is_answered_with_an_exit_code() {
    lied_to("kubernetes", "kubectl");
}
