//! The cluster of the kubeconfig's context. kubectl's own time-outs take three to six times as long
//! as they say: the address is tried first, and kubectl only where it answers. Nothing here changes
//! a cluster, and one that is not known to be local is not even asked unless the user named its
//! context.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::doctor::probes::{Asked, ask};
use crate::platform::kubeconfig::{self, Context};
use crate::platform::net::{self, Unreachable};
use crate::platform::process::{self, Command};

/// The longest that a connection to the API server may take.
const CONNECT: Duration = Duration::from_secs(2);

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

pub(in crate::doctor) fn cluster(named: Option<&str>, end: Instant) -> ClusterSeen {
    let since = Instant::now();
    let files = kubeconfig::files();
    let context = kubeconfig::context(&files, named);
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
        let connected = if context.proxied {
            Ok(())
        } else {
            connect(&kubeconfig::authority(&context.server), within)
        };
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
    told.recv_timeout(within + Duration::from_millis(100))
        .unwrap_or(Err(Unreachable::TimedOut(within)))
}

/// Whether the program that hands out credentials can be run.
pub(in crate::doctor) fn there(program: &str) -> bool {
    process::locate(&Command::new(PathBuf::from(program), Duration::ZERO)).is_ok()
}

/// All questions side by side: each starts a kubectl, which takes fifty milliseconds before it asks
/// anything.
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
        let rights = ["create namespaces", "create deployments.apps"]
            .map(|what| scope.spawn(move || may(what)));
        seen.version = version.join().ok();
        seen.nodes = nodes.join().ok();
        seen.classes = classes.join().ok();
        seen.apis = apis.join().ok();
        seen.may = rights.into_iter().filter_map(|right| right.join().ok()).collect();
    });
}
