//! Probes the cluster of the kubeconfig's context. kubectl's own time-outs take three to six times
//! as long as they say: the address is tried first, and kubectl only where it accepts connections.
//! Nothing here changes a cluster, and one that is not known to be local is not contacted unless
//! the user named its context.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::doctor::probe::Probe;
use crate::doctor::scope::Scope;
use crate::doctor::tool::{ToolOutput, run_tool};
use crate::platform::kubeconfig::{self, Context, Problem};
use crate::platform::net::{self, Unreachable};
use crate::platform::process::{self, Command};

/// The longest that a connection to the API server may take.
const CONNECT: Duration = Duration::from_secs(2);

/// What is known of the cluster.
#[derive(Debug)]
pub(super) struct ClusterFacts {
    /// The files that were read.
    pub(super) files: Vec<PathBuf>,
    /// The context that is meant, or why there is none.
    pub(super) context: Result<Context, Problem>,
    /// Whether its address is one of this machine's own.
    pub(super) own_host: bool,
    /// Whether its address accepts connections; none when it was not tried.
    pub(super) connected: Option<Result<(), Unreachable>>,
    /// What kubectl printed; none when it was not run.
    pub(super) answers: Option<Answers>,
}

/// What the API server answered, through kubectl.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) version: ToolOutput,
    pub(super) nodes: ToolOutput,
    pub(super) storage_classes: ToolOutput,
    pub(super) apis: ToolOutput,
    /// May we create a namespace, and deployments in it?
    pub(super) rights: Vec<(&'static str, ToolOutput)>,
}

#[derive(Debug, PartialEq)]
pub(super) struct ClusterProbe;

impl Probe for ClusterProbe {
    type Observation = ClusterFacts;

    fn run(&self, scope: &Scope, end: Instant) -> ClusterFacts {
        let files = kubeconfig::files();
        let context = kubeconfig::context(&files, scope.context.as_deref());
        let own_host = context.as_ref().is_ok_and(|context| {
            !context.proxied && net::is_own_host(&kubeconfig::authority(&context.server))
        });
        let mut facts = ClusterFacts { files, context, own_host, connected: None, answers: None };
        let Ok(context) = &facts.context else { return facts };
        if !context.allowed() || context.exec.as_ref().is_some_and(|program| !can_run(program)) {
            return facts;
        }
        let within = CONNECT.min(end.saturating_duration_since(Instant::now()));
        let connected = if context.proxied {
            Ok(())
        } else {
            connect(&kubeconfig::authority(&context.server), within)
        };
        if connected.is_ok() {
            facts.answers = requests(&context.name, end);
        }
        facts.connected = Some(connected);
        facts
    }
}

/// Resolving a name has no time-out of its own: it is left to a thread that may be late.
fn connect(address: &str, within: Duration) -> Result<(), Unreachable> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let address = address.to_owned();
    std::thread::spawn(move || {
        let _ = sender.send(net::connect(&address, within));
    });
    receiver
        .recv_timeout(within + Duration::from_millis(100))
        .unwrap_or(Err(Unreachable::TimedOut(within)))
}

/// Whether the program that hands out credentials can be run.
fn can_run(program: &str) -> bool {
    process::locate(&Command::new(PathBuf::from(program), Duration::ZERO)).is_ok()
}

/// All requests side by side: each starts a kubectl, which takes fifty milliseconds before it
/// sends anything.
fn requests(context: &str, end: Instant) -> Option<Answers> {
    let get = |path: &str| run_tool("kubectl", &["--context", context, "get", "--raw", path], end);
    let may = |right: &'static str| {
        let (verb, what) = right.split_once(' ').unwrap_or((right, ""));
        (right, run_tool("kubectl", &["--context", context, "auth", "can-i", verb, what], end))
    };
    std::thread::scope(|threads| {
        let version = threads.spawn(|| get("/version"));
        let nodes = threads.spawn(|| get("/api/v1/nodes"));
        let storage_classes = threads.spawn(|| get("/apis/storage.k8s.io/v1/storageclasses"));
        let apis = threads.spawn(|| get("/apis"));
        let rights = ["create namespaces", "create deployments.apps"]
            .map(|right| threads.spawn(move || may(right)));
        Some(Answers {
            version: version.join().ok()?,
            nodes: nodes.join().ok()?,
            storage_classes: storage_classes.join().ok()?,
            apis: apis.join().ok()?,
            rights: rights.into_iter().filter_map(|right| right.join().ok()).collect(),
        })
    })
}
