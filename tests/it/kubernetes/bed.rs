//! A lab, a cluster of its own that is a fake, and tools that write down what they are asked.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Lab, Limited, Seen, client, free_port, seen, strict};

/// The longest that anything is waited for.
const LONGEST: Duration = Duration::from_secs(40);

/// The process behind all fake API servers. It ends when we do: nobody else holds its standard
/// input.
struct Process {
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Process {
    #[allow(clippy::zombie_processes, reason = "it ends with us, and nobody waits for it")]
    fn start() -> Process {
        let mut command = Command::new("python3");
        command.args(["-B", "-S", "-E"]).arg(client("apiserver.py"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).start();
        Process {
            to: child.stdin.take().unwrap(),
            from: BufReader::new(child.stdout.take().unwrap()),
        }
    }

    /// Begins (`+`) or stops (`-`) to serve on a port; whether it could.
    fn tell(what: char, port: u16) -> bool {
        static PROCESS: LazyLock<Mutex<Process>> = LazyLock::new(|| Mutex::new(Process::start()));
        let mut process = PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(process.to, "{what}{port}").unwrap();
        let mut answer = String::new();
        process.from.read_line(&mut answer).unwrap();
        answer == "ok\n"
    }
}

/// A fake API server with a cluster of its own.
pub struct Server {
    port: u16,
    pub address: String,
}

impl Server {
    pub fn new() -> Server {
        loop {
            let port = free_port();
            if Process::tell('+', port) {
                return Server { port, address: format!("http://127.0.0.1:{port}") };
            }
        }
    }

    /// From now on nobody listens there.
    pub fn stop(&self) {
        assert!(Process::tell('-', self.port));
    }

    /// The same address, and a cluster in which nothing is.
    pub fn again(&self) {
        assert!(Process::tell('+', self.port));
    }

    fn ask(&self, path: &str) -> Option<Value> {
        let mut answer = agent().get(format!("{}{path}", self.address)).call().ok()?;
        serde_json::from_str(
            &answer.body_mut().with_config().limit(32 << 20).read_to_string().ok()?,
        )
        .ok()
    }

    /// Tells the fake what to do.
    pub fn script(&self, script: &Value) {
        agent().post(format!("{}/_control", self.address)).send(script.to_string()).unwrap();
    }

    /// What a workload becomes, and after how many looks.
    pub fn becomes(&self, name: &str, state: &str, after: u64) {
        self.script(&json!({"workloads": {name: {"becomes": state, "after": after}}}));
    }

    pub fn requests(&self) -> Vec<Value> {
        self.ask("/_control/requests").unwrap().as_array().unwrap().clone()
    }

    /// The requests that change something, as `PATCH /path`, without the questions that are asked
    /// by POST.
    pub fn changes(&self) -> Vec<String> {
        let changes = self.requests().into_iter().map(|request| {
            format!("{} {}", request["method"].as_str().unwrap(), request["path"].as_str().unwrap())
        });
        changes
            .filter(|change| {
                !change.starts_with("GET ") && !change.contains("selfsubjectaccessreviews")
            })
            .collect()
    }

    /// The objects in the store, as `Deployment/lab/server`; nodes and the namespace `default` left
    /// out.
    pub fn objects(&self) -> BTreeSet<String> {
        let objects = self.ask("/_control/objects").unwrap();
        let named = objects.as_array().unwrap().iter().map(|object| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let meta = &object["metadata"];
            format!(
                "{}/{}/{}",
                text(&object["kind"]),
                text(&meta["namespace"]),
                text(&meta["name"])
            )
        });
        named
            .filter(|name| !["Node//node", "Namespace//default"].contains(&name.as_str()))
            .collect()
    }

    /// One object of the store.
    pub fn object(&self, kind: &str, name: &str) -> Value {
        let objects = self.ask("/_control/objects").unwrap();
        let found = objects
            .as_array()
            .unwrap()
            .iter()
            .find(|object| object["kind"] == kind && object["metadata"]["name"] == name);
        found.cloned().unwrap_or_default()
    }
}

fn agent() -> ureq::Agent {
    let config =
        ureq::Agent::config_builder().proxy(None).timeout_global(Some(Duration::from_secs(5)));
    config.build().into()
}

/// A lab with all that it needs.
pub struct Bed {
    pub lab: Lab,
    pub server: Server,
    pub extra_port: u16,
    pub home: tempfile::TempDir,
}

impl Bed {
    /// A lab beside a cluster whose context has this name. None, with the reason, where there is no
    /// kubectl.
    pub fn new(context: &str) -> Option<Bed> {
        let Some(kubectl) = kubectl() else {
            assert!(!strict(), "MLOPS_LAB_KUBECTL names no kubectl");
            eprintln!("skipped: MLOPS_LAB_KUBECTL names no kubectl");
            return None;
        };
        let home = tempfile::tempdir().unwrap();
        let bin = home.path().join("bin");
        for folder in [&bin, &home.path().join("stubs")] {
            std::fs::create_dir(folder).unwrap();
        }
        let stub =
            |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stubs").join(name);
        symlink(kubectl, bin.join("kubectl")).unwrap();
        symlink(stub("docker"), bin.join("docker")).unwrap();
        for loader in ["kind", "k3d", "minikube"] {
            symlink(stub("loader"), bin.join(loader)).unwrap();
        }
        let extra_port = free_port();
        let lab = Lab::new(Some("cluster"), "cluster", &[&format!("extra_port={extra_port}")]);
        let mut bed = Bed { lab, server: Server::new(), extra_port, home };
        let path = std::env::var("PATH").unwrap();
        bed.set("PATH", format!("{}:{path}", bin.display()));
        bed.set("HOME", bed.path(""));
        bed.set("STUBS", bed.path("stubs"));
        bed.set("KUBECONFIG", bed.path("kubeconfig"));
        // Some eight hundred runs of kubectl are most of what these tests cost; none lives long
        // enough to need its garbage collected.
        bed.set("GOGC", "off");
        for name in [
            "MLOPS_LAB_KUBECONTEXT",
            "MLOPS_LAB_KUBECONFIG",
            "MLOPS_LAB_REGISTRY",
            "MLOPS_LAB_LOAD",
        ] {
            assert!(std::env::var_os(name).is_none(), "{name} would change what these tests do");
        }
        bed.configure(context, &bed.server);
        Some(bed)
    }

    pub fn set(&mut self, name: &str, value: impl Into<std::ffi::OsString>) {
        self.lab.env.insert(name.to_owned(), value.into());
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.home.path().join(path)
    }

    /// The name of the project, and of its namespace.
    pub fn name(&self) -> String {
        format!("test-{}", self.lab.port)
    }

    /// What the lab has noted there.
    pub fn noted_in(&self, path: &str) -> Value {
        serde_json::from_slice(&std::fs::read(self.lab.run_folder().join(path)).unwrap()).unwrap()
    }

    /// The id of the lab on this machine.
    pub fn id(&self) -> String {
        let state = std::fs::read_to_string(self.lab.run_folder().join("state.toml")).unwrap();
        let line = state.lines().find_map(|line| line.strip_prefix("id = \"")).unwrap();
        line.trim_end_matches('"').to_owned()
    }

    /// A kubeconfig whose current context leads to this server.
    pub fn configure(&self, context: &str, server: &Server) {
        let config = json!({"apiVersion": "v1", "kind": "Config", "current-context": context,
            "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": server.address}}],
            "users": [{"name": "u", "user": {}}]});
        std::fs::write(self.path("kubeconfig"), format!("{config:#}\n")).unwrap();
    }

    /// `up` on the cluster.
    pub fn up(&self, args: &[&str]) -> Seen {
        self.lab.run(&[&["up", "--runtime", "kubernetes"], args].concat())
    }

    /// `up`, and it must end well.
    pub fn comes_up(&self, args: &[&str]) -> Seen {
        let seen = self.up(args);
        assert_eq!(seen.code, 0, "{}\n{}", seen.out, seen.err);
        seen
    }

    /// `up`, and it must be refused for these reasons, with nothing changed in the cluster and
    /// nothing noted in the lab.
    #[track_caller]
    pub fn refused(&self, args: &[&str], words: &[&str]) {
        let before = self.server.changes();
        self.fails(args, words);
        assert_eq!(self.server.changes(), before);
        assert!(!self.noted(), "the lab believes to be in a cluster");
    }

    /// `up`, and it must end with exit 3 and these words; returns what it said.
    #[track_caller]
    pub fn fails(&self, args: &[&str], words: &[&str]) -> String {
        let up = self.up(args);
        assert_eq!(up.code, 3, "{}\n{}", up.out, up.err);
        for word in words {
            assert!(up.err.contains(word), "no `{word}` in:\n{}", up.err);
        }
        up.err
    }

    /// Whether the lab has a record of a cluster.
    pub fn noted(&self) -> bool {
        self.lab.run_folder().join("cluster.json").exists()
    }

    /// What the stand-ins were asked, less the questions that change nothing.
    pub fn calls(&self) -> Vec<String> {
        let calls = std::fs::read_to_string(self.path("stubs/calls")).unwrap_or_default();
        let asked =
            |call: &&str| !call.starts_with("docker version") && !call.starts_with("docker image");
        calls.lines().filter(asked).map(|call| call.replace(&self.name(), "lab")).collect()
    }

    /// Forgets what the stand-ins were asked.
    pub fn forget_calls(&self) {
        std::fs::write(self.path("stubs/calls"), "").unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.lab.root.join(path)).unwrap()
    }

    pub fn write(&self, path: &str, text: &str) {
        std::fs::write(self.lab.root.join(path), text).unwrap();
    }

    pub fn replace(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "no `{from}` in {path}");
        self.write(path, &text.replace(from, to));
        if path.starts_with(".mlops-lab/") {
            self.lab.trust();
        }
    }

    /// Gives the lab one more manifest.
    pub fn manifest(&self, name: &str, text: &str) {
        self.write(&format!("k8s/base/{name}.yaml"), text);
        let kustomization = self.read("k8s/base/kustomization.yaml");
        self.write("k8s/base/kustomization.yaml", &format!("{kustomization}  - {name}.yaml\n"));
    }

    /// The processes of the lab that are alive, by the mark in their environment: what they run.
    pub fn processes(&self) -> Vec<(u32, String)> {
        let mark = format!("MLOPS_LAB_WORKSPACE={}", self.id());
        let pids = std::fs::read_dir("/proc").unwrap();
        let pids = pids.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
        let marked = pids.filter_map(|pid| {
            let environ = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
            environ.split(|byte| *byte == 0).find(|variable| *variable == mark.as_bytes())?;
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            Some((pid, String::from_utf8_lossy(&line).replace('\0', " ")))
        });
        marked.collect()
    }

    /// The process with these words on its command line.
    pub fn process(&self, words: &str) -> Option<u32> {
        self.processes().iter().find(|(_, line)| line.contains(words)).map(|(pid, _)| *pid)
    }

    /// What the forwarded port answers; none when nobody does.
    pub fn answer(&self, port: u16) -> Option<String> {
        agent()
            .get(format!("http://127.0.0.1:{port}/"))
            .call()
            .ok()?
            .body_mut()
            .read_to_string()
            .ok()
    }

    /// `status --json`, as `name: state`.
    pub fn states(&self) -> Vec<String> {
        let status: Value = serde_json::from_str(&self.lab.run(&["status", "--json"]).out).unwrap();
        let services = status["services"].as_array().unwrap().iter();
        services
            .map(|service| {
                format!(
                    "{}: {}",
                    service["name"].as_str().unwrap(),
                    service["state"].as_str().unwrap()
                )
            })
            .collect()
    }

    /// The lab's namespace, seeded as somebody else's: with these labels.
    pub fn namespace(&self, labels: &Value) -> Value {
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name(),
            "labels": labels}})
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        // The lab ends what runs of it on this machine; that it finds no cluster then saves time.
        let _ = std::fs::remove_file(self.path("kubeconfig"));
    }
}

/// The real client.
pub fn kubectl() -> Option<PathBuf> {
    std::env::var_os("MLOPS_LAB_KUBECTL").map(PathBuf::from).filter(|path| path.is_file())
}

/// Looks again and again until it holds; whether it did in time.
fn wait_for(mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + LONGEST;
    while !holds() {
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(40));
    }
    true
}

/// Waits until it holds.
#[track_caller]
pub fn until(what: &str, holds: impl FnMut() -> bool) {
    assert!(wait_for(holds), "{what}");
}

/// SIGKILL.
pub fn kill(pid: u32) {
    assert_eq!(seen(Command::new("kill").args(["-9", &pid.to_string()])).code, 0);
}
