//! The kubeconfig, and the cluster of its context. kubectl's own time-outs take three to six times as long as they say: the address is
//! tried first, and kubectl only where it answers. Nothing here changes a cluster, and one that is not known to be local is not even asked
//! unless the user named its context.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Asked, ask};
use crate::platform::net::{self, Unreachable};
use crate::platform::process::{self, Command};
use crate::platform::{fs, host};

/// The longest that a connection to the API server may take.
const CONNECT: Duration = Duration::from_secs(2);

/// Names that kind, minikube, k3d and the desktops give to the contexts of their own local clusters.
const LOCAL: [&str; 9] = [
    "minikube",
    "docker-desktop",
    "microk8s",
    "colima",
    "orbstack",
    "rancher-desktop",
    "crc",
    "kind-",
    "k3d-",
];

/// What is known of the cluster.
#[derive(Clone, Debug)]
pub(in crate::doctor) struct ClusterSeen {
    /// The files that were read.
    pub(in crate::doctor) files: Vec<PathBuf>,
    /// The context that is meant, or why there is none.
    pub(in crate::doctor) context: Result<Context, (&'static str, String)>,
    /// Whether its address accepts connections; none when it was not tried.
    pub(in crate::doctor) connected: Option<Result<(), Unreachable>>,
    /// `/version`
    pub(in crate::doctor) version: Option<Asked>,
    /// `/api/v1/nodes`
    pub(in crate::doctor) nodes: Option<Asked>,
    /// The StorageClasses.
    pub(in crate::doctor) classes: Option<Asked>,
    /// `/apis`
    pub(in crate::doctor) apis: Option<Asked>,
    /// May we create a namespace, and deployments in it?
    pub(in crate::doctor) may: Vec<(&'static str, Asked)>,
    /// How long it took.
    pub(in crate::doctor) took: Duration,
}

/// A context of the kubeconfig.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::doctor) struct Context {
    pub(in crate::doctor) name: String,
    /// The address of its API server.
    pub(in crate::doctor) server: String,
    /// It goes through a proxy: its address cannot be tried directly.
    pub(in crate::doctor) proxied: bool,
    /// The program that its user's credentials come from.
    pub(in crate::doctor) exec: Option<String>,
    /// Whether the user named it on the command line.
    pub(in crate::doctor) named: bool,
}

impl Context {
    /// Whether its name is one that local clusters have.
    pub(in crate::doctor) fn local(&self) -> bool {
        LOCAL.iter().any(|local| match local.strip_suffix('-') {
            Some(_) => self.name.starts_with(local),
            // colima-work, minikube profiles and the like are not known to be local: a profile may be called anything.
            None => self.name == *local,
        })
    }

    /// Whether it may be asked: local, or named.
    pub(in crate::doctor) fn allowed(&self) -> bool {
        self.named || self.local()
    }
}

/// The kubeconfig: the files of KUBECONFIG, else the one in the home; in each list the first of a name wins, as kubectl merges them
/// (kubernetes.io, "Organizing Cluster Access Using kubeconfig Files"). kubectl itself is not asked: a dispatcher that stands for it
/// asks the cluster before it does anything, and so would hang with it, and would touch one that is to be left alone.
fn read(files: &[PathBuf]) -> Result<Value, (&'static str, String)> {
    let mut merged = json!({"contexts": [], "clusters": [], "users": [], "current-context": ""});
    for file in files {
        let bytes = match fs::read_io(file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(("broken-config", format!("{}: {error}", file.display()))),
        };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let broken = |why: &dyn std::fmt::Display| {
            let why = why.to_string();
            ("broken-config", format!("{}: {}", file.display(), why.lines().next().unwrap_or_default()))
        };
        let text = String::from_utf8(bytes).map_err(|error| broken(&error))?;
        let config: Value = serde_saphyr::from_str(&text).map_err(|error| broken(&error))?;
        if !config.is_object() {
            return Err(broken(&"it holds no kubeconfig"));
        }
        for list in ["contexts", "clusters", "users"] {
            for entry in config[list].as_array().into_iter().flatten() {
                if let Some(all) = merged[list].as_array_mut()
                    && !all.iter().any(|known| known["name"] == entry["name"])
                {
                    all.push(entry.clone());
                }
            }
        }
        if merged["current-context"] == "" && config["current-context"].is_string() {
            merged["current-context"] = config["current-context"].clone();
        }
    }
    Ok(merged)
}

/// Where kubectl looks.
fn files() -> Vec<PathBuf> {
    match host::var("KUBECONFIG") {
        Some(list) => std::env::split_paths(&list).filter(|file| !file.as_os_str().is_empty()).collect(),
        None => host::var("HOME").map(|home| PathBuf::from(home).join(".kube/config")).into_iter().collect(),
    }
}

/// The context that is meant; or a class and words.
fn resolve(config: &Value, named: Option<&str>) -> Result<Context, (&'static str, String)> {
    let all = |key: &str| config[key].as_array().cloned().unwrap_or_default();
    let named_in = |key: &str, name: &str| all(key).into_iter().find(|entry| entry["name"] == name);
    let contexts = all("contexts");
    let names: Vec<&str> = contexts.iter().filter_map(|context| context["name"].as_str()).collect();
    let current = config["current-context"].as_str().filter(|name| !name.is_empty());
    let Some(name) = named.or(current) else {
        return Err(if names.is_empty() {
            ("no-config", "there is no kubeconfig, or it names no cluster".to_owned())
        } else {
            ("no-context", format!("no context is chosen; there are: {}", names.join(", ")))
        });
    };
    let Some(context) = named_in("contexts", name) else {
        let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Err(("missing-context", format!("the context `{name}` does not exist; there are: {there}")));
    };
    let cluster = context["context"]["cluster"].as_str().unwrap_or_default();
    let Some(server) = named_in("clusters", cluster)
        .and_then(|entry| Some((entry["cluster"]["server"].as_str()?.to_owned(), entry)))
    else {
        return Err((
            "missing-cluster",
            format!("the context `{name}` names the cluster `{cluster}`, which does not exist"),
        ));
    };
    let user = named_in("users", context["context"]["user"].as_str().unwrap_or_default()).unwrap_or_default();
    Ok(Context {
        name: name.to_owned(),
        server: server.0,
        proxied: server.1["cluster"]["proxy-url"].is_string(),
        exec: user["user"]["exec"]["command"].as_str().map(str::to_owned),
        named: named.is_some(),
    })
}

/// `host:port` of an API server's address; 443 and 80 when it names no port.
fn authority(server: &str) -> String {
    let (scheme, rest) = server.split_once("://").unwrap_or(("https", server));
    let authority = rest.split('/').next().unwrap_or_default();
    let port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    match (port, scheme) {
        (true, _) => authority.to_owned(),
        (false, "http") => format!("{authority}:80"),
        (false, _) => format!("{authority}:443"),
    }
}

pub(super) fn cluster(named: Option<&str>, end: Instant) -> ClusterSeen {
    let since = Instant::now();
    let files = files();
    let context = read(&files).and_then(|config| resolve(&config, named));
    let mut seen = ClusterSeen {
        files,
        context,
        connected: None,
        version: None,
        nodes: None,
        classes: None,
        apis: None,
        may: Vec::new(),
        took: Duration::ZERO,
    };
    if let Ok(context) = seen.context.clone()
        && context.allowed()
        && context.exec.as_ref().is_none_or(|program| there(program))
    {
        let within = CONNECT.min(end.saturating_duration_since(Instant::now()));
        let connected = if context.proxied { Ok(()) } else { connect(&authority(&context.server), within) };
        if connected.is_ok() {
            questions(&mut seen, &context.name, end);
        }
        seen.connected = Some(connected);
    }
    seen.took = since.elapsed();
    seen
}

/// Resolving a name has no time-out of its own: it is left to a thread that may be late.
fn connect(address: &str, within: Duration) -> Result<(), Unreachable> {
    let (tell, told) = std::sync::mpsc::channel();
    let address = address.to_owned();
    std::thread::spawn(move || {
        let _ = tell.send(net::connect(&address, within));
    });
    told.recv_timeout(within + Duration::from_millis(100)).unwrap_or(Err(Unreachable::TimedOut(within)))
}

/// Whether the program that hands out credentials can be run.
pub(in crate::doctor) fn there(program: &str) -> bool {
    process::locate(&Command::new(PathBuf::from(program), Duration::ZERO)).is_ok()
}

/// All questions side by side: each starts a kubectl, which takes fifty milliseconds before it asks anything.
fn questions(seen: &mut ClusterSeen, context: &str, end: Instant) {
    let get = |path: &str| ask("kubectl", &["--context", context, "get", "--raw", path], end);
    let may = |verb_of: &'static str| {
        let (verb, what) = verb_of.split_once(' ').unwrap_or((verb_of, ""));
        (verb_of, ask("kubectl", &["--context", context, "auth", "can-i", verb, what], end))
    };
    std::thread::scope(|scope| {
        let version = scope.spawn(|| get("/version"));
        let nodes = scope.spawn(|| get("/api/v1/nodes"));
        let classes = scope.spawn(|| get("/apis/storage.k8s.io/v1/storageclasses"));
        let apis = scope.spawn(|| get("/apis"));
        let rights =
            ["create namespaces", "create deployments.apps"].map(|what| scope.spawn(move || may(what)));
        seen.version = version.join().ok();
        seen.nodes = nodes.join().ok();
        seen.classes = classes.join().ok();
        seen.apis = apis.join().ok();
        seen.may = rights.into_iter().filter_map(|right| right.join().ok()).collect();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_server_has_a_port() {
        assert_eq!(authority("https://10.0.0.1:6443"), "10.0.0.1:6443");
        assert_eq!(authority("https://x.example/k8s/clusters/c"), "x.example:443");
        assert_eq!(authority("http://[::1]"), "[::1]:80");
    }

    #[test]
    fn only_names_of_local_clusters_count_as_local() {
        let local = |name: &str| {
            Context { name: name.to_owned(), server: String::new(), proxied: false, exec: None, named: false }
                .local()
        };
        for name in ["kind-kind", "k3d-x", "minikube", "docker-desktop", "colima"] {
            assert!(local(name), "{name}");
        }
        for name in [
            "prod",
            "arn:aws:eks:eu-west-1:1:cluster/kind-of",
            "gke_x_y_minikube",
            "minikube-prod",
            "kind",
            "admin@kind-prod",
        ] {
            assert!(!local(name), "{name}");
        }
    }
}
