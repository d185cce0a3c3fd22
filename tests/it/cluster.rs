//! `cluster up`, `status` and `down`, with stubs for the tools that make clusters
//! (tests/stubs/cluster), a real kubectl and a fake API server.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{Limited, Seen, ended, listening, must, seen, signal};
use crate::kubernetes::bed::{Server, kubectl, until};

const IMAGE: &str = "kindest/node:v1.36.4@sha256:\
                     099e049362a1526b2db71494e1947aae99bd16290d7c895f2b7ea312e3cbfaed";

/// A machine with some tools on PATH, and nothing else.
struct Machine {
    home: tempfile::TempDir,
    server: Server,
}

impl Machine {
    /// None, with the reason, where there is no kubectl.
    fn new(tools: &[&str]) -> Option<Machine> {
        let kubectl = kubectl()?;
        let machine = Machine { home: tempfile::tempdir().unwrap(), server: Server::new() };
        for folder in ["bin", "stubs", "lab"] {
            std::fs::create_dir(machine.path(folder)).unwrap();
        }
        let stub = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stubs/cluster");
        for tool in tools {
            symlink(&stub, machine.path("bin").join(tool)).unwrap();
        }
        symlink(kubectl, machine.path("bin/kubectl")).unwrap();
        machine.write("stubs/server", &machine.server.address);
        machine.context("prod");
        Some(machine)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.home.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::write(self.path(path), text).unwrap();
    }

    /// The current context, which leads nowhere.
    fn context(&self, name: &str) {
        let config = json!({"apiVersion": "v1", "kind": "Config", "current-context": name});
        self.write("kubeconfig", &config.to_string());
    }

    fn current_context(&self) -> String {
        let config = std::fs::read_to_string(self.path("kubeconfig")).unwrap();
        let line = config.lines().find_map(|line| line.strip_prefix("current-context: "));
        line.unwrap_or_default().trim_matches('"').to_owned()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = listening();
        command
            .args(args)
            .current_dir(self.path("lab"))
            .env("PATH", self.path("bin"))
            .env("HOME", self.home.path())
            .env("STUBS", self.path("stubs"))
            .env("KUBECONFIG", self.path("kubeconfig"))
            .env("XDG_STATE_HOME", self.path("state"));
        command
    }

    fn run(&self, args: &[&str]) -> Seen {
        seen(&mut self.command(args))
    }

    /// Runs it, and it must end with this code.
    #[track_caller]
    fn ends(&self, args: &[&str], code: i32) -> Seen {
        let seen = self.run(args);
        assert_eq!(seen.code, code, "{args:?}\n{}\n{}", seen.out, seen.err);
        seen
    }

    #[track_caller]
    fn json(&self, args: &[&str], code: i32) -> Value {
        serde_json::from_str(&self.ends(&[args, &["--json"]].concat(), code).out).unwrap()
    }

    /// The calls of the tools that change something.
    fn changes(&self) -> Vec<String> {
        let calls = std::fs::read_to_string(self.path("stubs/calls")).unwrap_or_default();
        let queries = ["get clusters", "list", "docker ps", "docker inspect", "docker info"];
        let changes =
            calls.lines().filter(|call| !queries.iter().any(|query| call.contains(query)));
        changes.map(str::to_owned).collect()
    }

    fn forget_calls(&self) {
        self.write("stubs/calls", "");
    }

    fn recorded(&self) -> bool {
        self.path("state/mlops-lab/cluster.json").exists()
    }
}

#[test]
fn each_tool_makes_the_cluster_and_a_second_time_nothing_is_done() {
    let kind = format!("kind create cluster --name mlops-lab --image {IMAGE} --wait 5m");
    let k3d = "k3d cluster create mlops-lab --image rancher/k3s:v1.36.2-k3s1 --servers-memory \
               4096m --kubeconfig-switch-context=false --timeout 5m";
    let minikube = "minikube start --profile mlops-lab --kubernetes-version v1.36.0 --memory \
                    4096m --cpus 2 --keep-context";
    for (tool, create, delete, context) in [
        ("kind", kind.as_str(), "kind delete cluster --name mlops-lab", "kind-mlops-lab"),
        ("k3d", k3d, "k3d cluster delete mlops-lab", "k3d-mlops-lab"),
        ("minikube", minikube, "minikube delete --profile mlops-lab", "mlops-lab"),
    ] {
        let Some(machine) = Machine::new(&[tool, "docker"]) else { return };
        let up = machine.ends(&["cluster", "up"], 0);
        assert!(up.err.contains(create) && up.err.contains("to fetch"), "{}", up.err);
        let next = format!("mlops-lab up --runtime kubernetes --context {context}\n");
        assert!(up.out.ends_with(&next), "{}", up.out);
        assert_eq!(machine.changes(), [create]);
        assert_eq!(machine.current_context(), "prod", "{tool}");
        let again = machine.json(&["cluster", "up"], 0);
        assert_eq!((&again["step"], &again["commands"]), (&json!("nothing"), &json!([])));
        assert_eq!(machine.changes(), [create]);
        machine.ends(&["cluster", "down"], 0);
        assert_eq!(machine.changes(), [create, delete]);
        assert!(!machine.recorded());
        let nothing = machine.json(&["cluster", "down"], 0);
        assert_eq!(nothing["removed"], false);
    }
}

#[test]
fn the_tool_is_the_named_one_else_kind_else_k3d_else_minikube() {
    let Some(machine) = Machine::new(&["kind", "k3d", "minikube", "docker"]) else { return };
    let tool = |args: &[&str]| {
        let args = [&["cluster", "up", "--dry-run"], args].concat();
        machine.json(&args, 0)["tool"].as_str().unwrap().to_owned()
    };
    assert_eq!(tool(&[]), "kind");
    assert_eq!(tool(&["--with", "minikube"]), "minikube");
    machine.ends(&["cluster", "up", "--with", "podman"], 2);
    std::fs::remove_file(machine.path("bin/kind")).unwrap();
    assert_eq!(tool(&[]), "k3d");
    let absent = machine.ends(&["cluster", "up", "--with", "kind"], 3);
    assert!(absent.err.contains("mlops-lab cluster up --with k3d"), "{}", absent.err);
    // What made the cluster goes before what is preferred, and is not mixed with another.
    machine.ends(&["cluster", "up", "--with", "minikube"], 0);
    assert_eq!(tool(&[]), "minikube");
    let other = machine.ends(&["cluster", "up", "--with", "k3d"], 2);
    assert!(other.err.contains("was made with minikube"), "{}", other.err);
    assert!(other.err.contains("mlops-lab cluster down"), "{}", other.err);
}

#[test]
fn without_a_tool_or_kubectl_the_error_names_how_to_install_one() {
    let Some(machine) = Machine::new(&["docker"]) else { return };
    symlink("/bin/true", machine.path("bin/brew")).unwrap();
    let up = machine.ends(&["cluster", "up", "--dry-run"], 3);
    for hint in ["brew install kind", "https://k3d.io", "https://minikube", "mlops-lab cluster up"]
    {
        assert!(up.err.contains(hint), "no {hint} in:\n{}", up.err);
    }
    let up = machine.json(&["cluster", "up"], 3);
    assert_eq!(up["exit"], 3);
    drop(machine);
    let Some(machine) = Machine::new(&["kind", "docker"]) else { return };
    std::fs::remove_file(machine.path("bin/kubectl")).unwrap();
    let up = machine.ends(&["cluster", "up", "--with", "kind"], 3);
    assert!(up.err.contains("then: mlops-lab cluster up --with kind\n"), "{}", up.err);
    assert!(
        up.err.contains("kubectl is not on PATH") && up.err.contains("install kubectl: "),
        "{up:?}"
    );
    assert!(machine.changes().is_empty());
}

#[test]
fn a_dry_run_prints_the_commands_and_the_cost_and_changes_nothing() {
    let Some(machine) = Machine::new(&["kind", "docker"]) else { return };
    let before = std::fs::read_to_string(machine.path("kubeconfig")).unwrap();
    let plan = machine.ends(&["cluster", "up", "--dry-run"], 0);
    for line in [
        &format!("  kind create cluster --name mlops-lab --image {IMAGE} --wait 5m\n"),
        "  kubectl config set current-context prod\n",
        "needs:  4096 MiB of memory, 2 processors, for most labs and the control plane\n",
        "limits: none of its own",
        "costs:  about",
        "next: mlops-lab cluster up --with kind\n",
    ] {
        assert!(plan.out.contains(line), "no {line} in:\n{}", plan.out);
    }
    assert!(machine.changes().is_empty() && !machine.path("state").exists());
    assert_eq!(std::fs::read_to_string(machine.path("kubeconfig")).unwrap(), before);
    let plan = machine.json(&["cluster", "up", "--dry-run"], 0);
    assert_eq!((&plan["dry_run"], &plan["step"]), (&json!(true), &json!("create")));
}

#[test]
fn in_a_lab_the_cluster_is_as_large_as_the_lab_needs() {
    let Some(machine) = Machine::new(&["minikube", "docker"]) else { return };
    for id in ["serving", "kubeflow"] {
        let folder = machine.path(id);
        must(machine.command(&["init", id, "--no-doctor"]).arg(folder));
    }
    let serving = machine.json(&["-C", "../serving", "cluster", "up"], 0);
    // 2 GB for the lab, 1 GiB for the control plane, and not less than two processors.
    assert_eq!(serving["limits"], json!({"memory": 2932, "cpus": 2}));
    let small = machine.ends(&["-C", "../kubeflow", "cluster", "up"], 0);
    assert!(small.out.contains("needs 7168 MiB of memory and 4 processors"), "{}", small.out);
    let next = "next: mlops-lab -C ../kubeflow up --runtime kubernetes --context mlops-lab\n";
    assert!(small.out.ends_with(next), "{}", small.out);
    machine.ends(&["cluster", "down"], 0);
    let kubeflow = machine.json(&["-C", "../kubeflow", "cluster", "up"], 0);
    assert_eq!(kubeflow["limits"], json!({"memory": 7168, "cpus": 4}));
    // kind sets no limit, and Docker's are what counts.
    let Some(machine) = Machine::new(&["kind", "docker"]) else { return };
    must(machine.command(&["init", "serving", "--no-doctor"]).arg(machine.path("serving")));
    let note = |info: &str| {
        machine.write("stubs/info", info);
        machine.json(&["-C", "../serving", "cluster", "up", "--dry-run"], 0)["note"].clone()
    };
    let lacking = note("2073100288 1\n");
    assert!(lacking.as_str().unwrap().contains("2932 MiB of memory and 2 processors"), "{lacking}");
    assert_eq!(note("8330862592 4\n"), Value::Null);
    assert_eq!(note("0 0\n"), Value::Null, "an engine that does not report it");
}

#[test]
fn a_cluster_of_someone_else_is_left_alone() {
    let Some(machine) = Machine::new(&["kind", "docker"]) else { return };
    machine.write("stubs/kind.clusters", "mlops-lab\n");
    machine.write("stubs/containers", "theirs\n");
    for verb in ["up", "down"] {
        let refused = machine.ends(&["cluster", verb], 3);
        assert!(refused.err.contains("left alone"), "{}", refused.err);
        assert!(refused.err.contains("kind delete cluster --name mlops-lab"), "{}", refused.err);
    }
    let status = machine.json(&["cluster", "status"], 1);
    assert_eq!((&status["there"], &status["others"]), (&json!(false), &json!(["kind"])));
    let text = machine.ends(&["cluster", "status"], 1).out;
    let next = "mlops-lab up --runtime kubernetes --context kind-mlops-lab\n";
    assert!(text.ends_with(next), "{text}");
    assert!(machine.changes().is_empty() && machine.server.requests().is_empty());
    // Ours was deleted by hand, and another one has its name.
    machine.write("stubs/kind.clusters", "");
    machine.ends(&["cluster", "up"], 0);
    machine.write("stubs/containers", "theirs\n");
    machine.forget_calls();
    let requests = machine.server.requests().len();
    for verb in ["up", "down"] {
        machine.ends(&["cluster", verb], 3);
    }
    machine.ends(&["cluster", "status"], 1);
    assert!(machine.changes().is_empty(), "{:?}", machine.changes());
    assert_eq!(
        machine.server.requests().len(),
        requests,
        "a cluster that is not ours was contacted"
    );
}

#[test]
fn while_docker_does_not_answer_nobody_s_cluster_is_removed() {
    let Some(machine) = Machine::new(&["kind", "docker"]) else { return };
    machine.ends(&["cluster", "up"], 0);
    machine.forget_calls();
    machine.write("stubs/fail", "docker ps");
    for verb in ["up", "down", "status"] {
        let error = machine.ends(&["cluster", verb], 3).err;
        assert!(error.contains("mlops-lab doctor --only docker"), "{error}");
    }
    assert!(machine.changes().is_empty(), "{:?}", machine.changes());
    std::fs::remove_file(machine.path("stubs/fail")).unwrap();
    machine.ends(&["cluster", "down"], 0);
}

#[test]
fn names_in_the_cluster_do_not_style_the_terminal() {
    let Some(machine) = Machine::new(&["kind", "docker"]) else { return };
    machine.ends(&["cluster", "up"], 0);
    let named = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {
        "name": "\u{1b}[31mred", "labels": {"dev.mlops-lab.project": "\u{1b}[31mred"}}});
    machine.server.script(&json!({"objects": [named]}));
    for verb in ["status", "down"] {
        let shown = machine.ends(&["cluster", verb], 0).out;
        assert!(shown.contains("\\u001b[31mred") && !shown.contains('\u{1b}'), "{shown:?}");
    }
}

#[test]
fn names_in_the_cluster_begin_no_line_of_their_own() {
    let Some(machine) = Machine::new(&["kind", "docker"]) else { return };
    machine.ends(&["cluster", "up"], 0);
    let named = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {
        "name": "red\n  API      forged", "labels": {"dev.mlops-lab.project": "red\nforged"}}});
    machine.server.script(&json!({"objects": [named]}));
    for verb in ["status", "down"] {
        let shown = machine.ends(&["cluster", verb], 0).out;
        assert!(shown.contains("red\\u000a"), "{shown:?}");
        assert!(!shown.lines().any(|line| line.trim_start().starts_with("API      forged")));
    }
}

#[test]
fn status_reports_the_api_and_the_labs_in_it() {
    let Some(machine) = Machine::new(&["kind", "docker"]) else { return };
    let none = machine.ends(&["cluster", "status"], 1);
    assert!(none.out.ends_with("next: mlops-lab cluster up\n"), "{}", none.out);
    machine.ends(&["cluster", "up"], 0);
    let namespace = |name: &str, labels: Value| {
        json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "labels": labels}})
    };
    let lab = namespace("my-lab", json!({"dev.mlops-lab.project": "my-lab"}));
    machine.server.script(&json!({"objects": [lab, namespace("other", json!({}))]}));
    let status = machine.json(&["cluster", "status"], 0);
    assert_eq!(status["context"], "kind-mlops-lab");
    assert_eq!(status["server"], machine.server.address.as_str());
    assert_eq!(status["namespaces"], json!([{"name": "my-lab", "project": "my-lab"}]));
    let text = machine.ends(&["cluster", "status"], 0).out;
    assert!(text.contains("my-lab in the namespace my-lab"), "{text}");
    machine.server.stop();
    let status = machine.json(&["cluster", "status"], 3);
    assert!(status["trouble"].as_str().unwrap().contains("refused"), "{status}");
    machine.server.again();
    let down = machine.json(&["cluster", "down"], 0);
    assert_eq!(down["removed"], true);
}

#[test]
fn a_cluster_that_does_not_answer_is_started_and_its_context_written_again() {
    let Some(machine) = Machine::new(&["kind", "docker"]) else { return };
    machine.ends(&["cluster", "up"], 0);
    machine.forget_calls();
    let node = std::fs::read_to_string(machine.path("stubs/containers")).unwrap();
    machine.context("prod");
    assert_eq!(machine.json(&["cluster", "up"], 0)["step"], "start");
    let start = format!("docker start {}", node.trim());
    assert_eq!(machine.changes(), [&start, "kind export kubeconfig --name mlops-lab"]);
    assert_eq!(machine.current_context(), "prod");
    machine.ends(&["cluster", "status"], 0);
}

#[test]
fn what_a_failed_run_began_is_removed_and_its_reason_is_shown() {
    let Some(machine) = Machine::new(&["kind", "docker"]) else { return };
    machine.write("stubs/fail", "kind create");
    let up = machine.ends(&["cluster", "up"], 3);
    for words in
        ["no space left on device", "cluster.log", "mlops-lab doctor", "mlops-lab cluster up"]
    {
        assert!(up.err.contains(words), "no {words} in:\n{}", up.err);
    }
    assert!(!machine.recorded());
    std::fs::remove_file(machine.path("stubs/fail")).unwrap();
    machine.write("stubs/late", "kind create");
    let up = machine.ends(&["cluster", "up"], 3);
    assert!(up.err.contains("nothing is left of it"), "{}", up.err);
    assert_eq!(machine.current_context(), "prod");
    std::fs::remove_file(machine.path("stubs/late")).unwrap();
    machine.write("stubs/fail", "kind get");
    let up = machine.ends(&["cluster", "up"], 3);
    assert!(up.err.contains("mlops-lab doctor --only docker"), "{}", up.err);
    std::fs::remove_file(machine.path("stubs/fail")).unwrap();
    machine.ends(&["cluster", "up"], 0);
    // What cannot be deleted is still ours.
    machine.write("stubs/fail", "kind delete");
    machine.ends(&["cluster", "down"], 3);
    assert!(machine.recorded());
}

/// Begins to make the cluster, and ends the run in the middle.
fn interrupted(machine: &Machine, by: Signal) -> i32 {
    machine.write("stubs/hang", "kind create");
    let mut up = machine.command(&["cluster", "up"]);
    let mut up = up.stdout(Stdio::null()).stderr(Stdio::null()).start();
    until("the cluster is begun", || machine.path("stubs/containers").exists());
    signal(&up, by);
    let code = ended(&mut up);
    std::fs::remove_file(machine.path("stubs/hang")).unwrap();
    machine.forget_calls();
    code
}

#[test]
fn after_a_kill_in_the_middle_up_makes_it_again_and_down_removes_it() {
    let Some(machine) = Machine::new(&["kind", "docker"]) else { return };
    assert_eq!(interrupted(&machine, Signal::KILL), -9);
    // The stub, which is at work all the same, gives its node its own number.
    let node = std::fs::read_to_string(machine.path("stubs/containers")).unwrap();
    let tool = format!("/proc/{}/cmdline", node.trim().trim_start_matches("node-"));
    // Of one that has ended, and that nobody has waited for yet, it is empty.
    let runs = || !std::fs::read(&tool).unwrap_or_default().is_empty();
    assert!(runs() || cfg!(not(target_os = "linux")));
    assert!(machine.json(&["cluster", "status"], 3)["there"].as_bool().unwrap());
    assert_eq!(machine.json(&["cluster", "up"], 0)["step"], "recreate");
    let deleted = "kind delete cluster --name mlops-lab";
    assert_eq!(machine.changes()[0], deleted);
    assert!(!runs(), "the tool of the killed run races with ours");
    machine.ends(&["cluster", "status"], 0);
    machine.ends(&["cluster", "down"], 0);
    assert_eq!(interrupted(&machine, Signal::INT), 130);
    machine.ends(&["cluster", "down"], 0);
    assert_eq!(machine.changes(), [deleted]);
    assert!(!machine.recorded());
}

#[test]
fn after_a_kill_what_the_tool_made_whole_is_kept_and_what_came_long_after_is_left_alone() {
    let Some(machine) = Machine::new(&["kind", "docker"]) else { return };
    machine.ends(&["cluster", "up"], 0);
    let record = "state/mlops-lab/cluster.json";
    let made = std::fs::read_to_string(machine.path(record)).unwrap();
    let mut killed: Value = serde_json::from_str(&made).unwrap();
    killed["made"] = json!(false);
    killed["containers"] = json!([]);
    // The tool outlived the run that had started it.
    machine.write(record, &killed.to_string());
    machine.forget_calls();
    assert_eq!(machine.json(&["cluster", "up"], 0)["step"], "start");
    assert!(machine.changes().iter().all(|call| !call.contains("delete")));
    machine.ends(&["cluster", "status"], 0);
    // What was begun came to nothing, and its user made a cluster by hand a day later.
    killed["begun"] = json!(killed["begun"].as_u64().unwrap() - 86_400);
    machine.write(record, &killed.to_string());
    machine.forget_calls();
    for verb in ["up", "down"] {
        let refused = machine.ends(&["cluster", verb], 3);
        assert!(refused.err.contains("left alone"), "{}", refused.err);
    }
    machine.ends(&["cluster", "status"], 1);
    assert!(machine.changes().is_empty(), "{:?}", machine.changes());
}

#[test]
fn the_context_that_was_current_is_given_back_after_a_run_that_was_ended() {
    let Some(machine) = Machine::new(&["kind", "docker"]) else { return };
    let own = "kind-mlops-lab";
    // kind has made its context the current one when the run ends.
    let left = |by: Signal| {
        machine.context("prod");
        interrupted(&machine, by);
        machine.context(own);
    };
    left(Signal::KILL);
    assert_eq!(machine.json(&["cluster", "up"], 0)["step"], "recreate");
    assert_eq!(machine.current_context(), "prod");
    machine.ends(&["cluster", "down"], 0);
    left(Signal::INT);
    machine.ends(&["cluster", "down"], 0);
    assert_eq!(machine.current_context(), "prod");
    // What the user chose after it stays.
    left(Signal::INT);
    machine.context("staging");
    machine.ends(&["cluster", "up"], 0);
    assert_eq!(machine.current_context(), "staging");
    // The user works with the cluster: it stays the current one.
    machine.context(own);
    machine.forget_calls();
    machine.ends(&["cluster", "up"], 0);
    assert_eq!(machine.current_context(), own);
}

#[test]
fn a_context_that_is_chosen_while_the_cluster_is_made_stays() {
    let Some(machine) = Machine::new(&["kind", "docker"]) else { return };
    machine.write("stubs/chosen", "staging");
    machine.ends(&["cluster", "up"], 0);
    assert_eq!(machine.current_context(), "staging");
}

#[test]
fn a_cluster_that_stops_ours_from_being_made_is_not_removed() {
    let Some(machine) = Machine::new(&["kind", "docker"]) else { return };
    // Its nodes are there, and the tool did not list it.
    machine.write("stubs/containers", "theirs\n");
    machine.write("stubs/created", "2026-01-01T00:00:00Z\n");
    machine.write("stubs/fail", "kind create");
    let up = machine.ends(&["cluster", "up"], 3);
    assert!(up.err.contains("mlops-lab cluster status"), "{}", up.err);
    assert!(!machine.recorded());
    assert!(machine.changes().iter().all(|call| !call.contains("delete")));
}

#[test]
fn two_runs_at_once_do_not_make_two_clusters() {
    let Some(machine) = Machine::new(&["kind", "docker"]) else { return };
    machine.write("stubs/hang", "kind create");
    let mut first = machine.command(&["cluster", "up"]);
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).start();
    until("the cluster is begun", || machine.path("stubs/containers").exists());
    let second = machine.ends(&["cluster", "up"], 3);
    assert!(second.err.contains("another mlops-lab"), "{}", second.err);
    signal(&first, Signal::INT);
    assert_eq!(ended(&mut first), 130);
}

#[test]
fn a_record_that_cannot_be_read_is_named_and_nothing_is_done() {
    let Some(machine) = Machine::new(&["kind", "docker"]) else { return };
    std::fs::create_dir_all(machine.path("state/mlops-lab")).unwrap();
    for text in ["", "{", r#"{"tool": "helm", "made": true}"#] {
        machine.write("state/mlops-lab/cluster.json", text);
        for verb in ["up", "down", "status"] {
            let seen = machine.ends(&["cluster", verb], 3);
            assert!(seen.err.contains("cluster.json cannot be read"), "{}", seen.err);
            assert!(seen.err.contains("rm "), "{}", seen.err);
        }
    }
    assert!(machine.changes().is_empty());
}
