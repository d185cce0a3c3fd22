//! What a real API server says: a dry run of every manifest, and of planted errors that nobody else
//! sees. Needs a cluster, that of CI or the one that MLOPS_LAB_KUBECONTEXT names, and removes what
//! it creates there.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::cluster::Cluster;
use crate::harness::{BIN, Lab, Seen, must, seen, strict};
use crate::manifests::model::{kind, name, namespace, text};
use crate::manifests::planted::Planted;
use crate::manifests::{judge, keep, own, render, yaml};

const CONTEXT: &str = "MLOPS_LAB_KUBECONTEXT";

struct Server {
    env: HashMap<&'static str, OsString>,
    /// What was created, as `kubectl delete` takes it.
    created: Vec<String>,
    files: tempfile::TempDir,
}

impl Server {
    /// The cluster, or nothing where there is none; in CI there must be one.
    fn find() -> Option<Server> {
        render::kubectl()?;
        let named = || Some(vec![(CONTEXT, std::env::var_os(CONTEXT)?)]);
        let env = Cluster::named().map(|cluster| cluster.env()).or_else(named);
        assert!(env.is_some() || !strict(), "MLOPS_LAB_TEST_CLUSTER names no cluster");
        let Some(env) = env else {
            eprintln!("skipped: neither MLOPS_LAB_TEST_CLUSTER nor {CONTEXT} names a cluster");
            return None;
        };
        let env = env.into_iter().collect();
        Some(Server { env, created: Vec::new(), files: tempfile::tempdir().unwrap() })
    }

    fn kubectl(&self, args: &[&str]) -> Command {
        let mut command = Command::new(render::kubectl().unwrap());
        command.envs(&self.env).arg("--context").arg(&self.env[CONTEXT]);
        command.args(["--request-timeout", "60s"]).args(args);
        command
    }

    /// Where kubectl reads these objects.
    fn file(&self, objects: &[Value]) -> String {
        let path = self.files.path().join("objects.json");
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        std::fs::write(&path, list.to_string()).unwrap();
        path.display().to_string()
    }

    /// Creates what is not there yet.
    fn create(&mut self, objects: &[Value]) {
        let file = self.file(objects);
        let run = seen(&mut self.kubectl(&["create", "--output", "name", "--filename", &file]));
        self.created.extend(run.out.lines().map(str::to_owned));
        let other: Vec<&str> =
            run.err.lines().filter(|line| !line.contains("(AlreadyExists)")).collect();
        assert!(other.is_empty(), "{}", other.join("\n"));
    }

    /// The kinds of others, without their controllers.
    fn define(&mut self) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(root.join(".ci/cluster"));
        let list = must(command.arg("definitions").arg(root.join("tests/schemas"))).out;
        let list: Value = serde_json::from_str(&list).unwrap();
        self.create(list["items"].as_array().unwrap());
        for made in &self.created {
            let args = ["wait", "--for", "condition=Established", "--timeout", "30s", made];
            must(&mut self.kubectl(&args));
        }
    }

    /// The namespaces that the objects want: even a dry run needs them.
    fn make_namespaces(&mut self, objects: &[Value]) {
        let mut names: BTreeSet<&str> = objects.iter().map(namespace).collect();
        names.extend(objects.iter().filter(|object| kind(object) == "Namespace").map(name));
        let make =
            |name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let spaces: Vec<Value> =
            names.into_iter().filter(|name| !name.is_empty()).map(make).collect();
        if !spaces.is_empty() {
            self.create(&spaces);
        }
    }

    fn apply(&self, objects: &[Value], more: &[&str]) -> Seen {
        let file = self.file(objects);
        let args = ["apply", "--server-side", "--force-conflicts", "--filename", &file];
        seen(self.kubectl(&args).args(more))
    }

    fn dry_run(&self, objects: &[Value]) -> Seen {
        self.apply(objects, &["--dry-run=server"])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for made in &self.created {
            seen(&mut self.kubectl(&["delete", "--ignore-not-found", "--wait=false", made]));
        }
    }
}

#[test]
#[ignore = "needs a cluster"]
fn a_server_takes_every_manifest_of_every_lab() {
    let Some(mut server) = Server::find() else { return };
    server.define();
    let list: Value =
        serde_json::from_str(&must(Command::new(BIN).args(["list", "--json"])).out).unwrap();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for id in list["labs"].as_array().unwrap().iter().map(|lab| lab["id"].as_str().unwrap()) {
        let lab = Lab::new(None, id, &[]);
        for render in render::renders(&lab, &render::kubectl().unwrap()).0 {
            let (mut objects, _) = yaml::documents(&render.text);
            // What the program kind reads, no server has.
            objects.retain(|object| !text(object, "/apiVersion").starts_with("kind.x-k8s.io/"));
            count += objects.len();
            if objects.is_empty() {
                continue;
            }
            server.make_namespaces(&objects);
            let run = server.dry_run(&objects);
            if run.code != 0 {
                wrong.push(format!("{id}: {}: {}", render.from, run.err));
            }
        }
    }
    eprintln!("{count} objects");
    assert!(count > 0, "no lab has manifests");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "needs a cluster"]
fn planted_errors_that_only_a_server_finds_are_refused() {
    let Some(mut server) = Server::find() else { return };
    let lab = Lab::new(None, "tracking", &[]);
    let (renders, _) = render::renders(&lab, &render::kubectl().unwrap());
    let local = renders.iter().find(|render| render.from == "k8s/overlays/local").unwrap();
    let (sound, _) = yaml::documents(&local.text);
    server.make_namespaces(&sound);

    let missed = |table: &str| -> Vec<String> {
        let table = Planted::table(table, &own(&lab));
        table.iter().filter_map(|error| missed(&server, error, &sound)).collect()
    };
    let mut all = missed("server.yaml");
    let applied = server.apply(&sound, &[]);
    assert_eq!(applied.code, 0, "{}", applied.err);
    all.extend(missed("change.yaml"));
    assert!(all.is_empty(), "{}", all.join("\n"));
}

/// What is wrong with a line of a table: the server takes the error, or it is found without one.
fn missed(server: &Server, error: &Planted, sound: &[Value]) -> Option<String> {
    let objects = error.in_objects(sound);
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    keep(&error.what, &list.to_string());
    let known = judge(&objects, &[]);
    if !known.is_empty() {
        return Some(format!("{}: found without a server: {known:?}", error.what));
    }
    let run = server.dry_run(&objects);
    let said = run.code != 0 && run.err.contains(&error.says);
    (!said).then(|| format!("{}: expected `{}`, got `{}`", error.what, error.says, run.err))
}
