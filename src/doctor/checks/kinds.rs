//! All checks that there are: their stable ids, what they are about, and the closed list of classes
//! each can come out with.

use crate::error::{Error, Result, nearest};

/// Where a check stands in the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Programs on this machine.
    Tools,
    /// The container engine and its client.
    Docker,
    /// A cluster and its client.
    Kubernetes,
    /// Disk, memory, processors.
    Machine,
    /// Where the lab wants to listen.
    Ports,
    /// Asked with `--online` only.
    Online,
}

impl Group {
    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Group::Tools => "Tools",
            Group::Docker => "Docker",
            Group::Kubernetes => "Kubernetes",
            Group::Machine => "Machine",
            Group::Ports => "Ports",
            Group::Online => "Online",
        }
    }
}

/// One kind of check.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Stable. `port` and `tool` stand for `port.8080`, `tool.helm` and so on.
    pub id: &'static str,
    /// Where it stands.
    pub group: Group,
    /// What it finds out, in one line.
    pub about: &'static str,
    /// All classes but `ok` and `blocked`.
    pub classes: &'static [&'static str],
    /// Whether a failure makes the runtime impossible: `up` refuses. Else the learner may judge.
    pub hard: bool,
}

/// What asking any program can come to.
const TOOL: [&str; 12] = [
    "absent",
    "not-executable",
    "broken-link",
    "broken-interpreter",
    "wrong-architecture",
    "unusable",
    "crashed",
    "failed",
    "late",
    "unreadable",
    "too-old",
    "shadowed",
];

const fn kind(
    id: &'static str,
    group: Group,
    hard: bool,
    about: &'static str,
    classes: &'static [&'static str],
) -> Kind {
    Kind { id, group, about, classes, hard }
}

/// Every check, in the order of the report.
pub const CHECKS: [Kind; 37] = [
    kind(
        "environment",
        Group::Tools,
        false,
        "the lab's .venv has its Python and its packages",
        &["broken"],
    ),
    kind(
        "python",
        Group::Tools,
        true,
        "an interpreter that can make environments, or uv",
        &[
            "absent",
            "too-old",
            "no-venv",
            "late",
            "crashed",
            "failed",
            "not-executable",
            "broken-link",
            "broken-interpreter",
            "wrong-architecture",
            "unusable",
            "developer-tools",
        ],
    ),
    kind("uv", Group::Tools, true, "uv's version", &TOOL),
    kind("git", Group::Tools, true, "git's version", &TOOL),
    kind("make", Group::Tools, false, "make's version", &TOOL),
    kind("kind", Group::Tools, true, "the version of kind (Kubernetes in Docker)", &TOOL),
    kind("tool", Group::Tools, true, "any other program that a lab needs", &TOOL),
    kind(
        "docker.client",
        Group::Docker,
        true,
        "the docker command",
        &[
            "absent",
            "not-executable",
            "broken-link",
            "broken-interpreter",
            "wrong-architecture",
            "unusable",
            "crashed",
            "failed",
            "late",
            "unreadable",
            "shadowed",
            "podman",
        ],
    ),
    kind(
        "docker.engine",
        Group::Docker,
        true,
        "the engine answers on its socket, and is not too old",
        &[
            "absent",
            "refused",
            "permission",
            "permission-session",
            "late",
            "error",
            "starting",
            "not-docker",
            "no-context",
            "bad-endpoint",
            "broken",
            "too-old",
            "api-mismatch",
            "podman",
            "client-failed",
        ],
    ),
    kind(
        "docker.compose",
        Group::Docker,
        true,
        "the plugin docker compose, version 2",
        &["no-plugin", "v1-only", "podman", "late", "crashed", "failed", "unreadable", "too-old"],
    ),
    kind(
        "docker.buildx",
        Group::Docker,
        true,
        "the plugin docker buildx",
        &["no-plugin", "podman", "late", "crashed", "failed", "unreadable", "too-old"],
    ),
    kind(
        "docker.credentials",
        Group::Docker,
        false,
        "the credential helpers that Docker's config names are there",
        &["helper-absent", "config-broken"],
    ),
    kind(
        "docker.memory",
        Group::Docker,
        false,
        "the engine's machine has the memory",
        &["too-little", "unknown"],
    ),
    kind(
        "docker.cpus",
        Group::Docker,
        false,
        "the engine's machine has the processors",
        &["too-little", "unknown"],
    ),
    kind(
        "docker.disk",
        Group::Docker,
        false,
        "the engine's disk has room",
        &["too-little", "remote", "unknown"],
    ),
    kind(
        "docker.arch",
        Group::Docker,
        false,
        "the lab's images exist for the engine's processor",
        &["emulated", "unknown"],
    ),
    kind("docker.gpu", Group::Docker, true, "containers can use the GPU", &["none", "no-runtime"]),
    kind(
        "docker.clock",
        Group::Docker,
        false,
        "the engine's clock agrees with this machine's",
        &["skewed", "unknown"],
    ),
    kind(
        "docker.proxy",
        Group::Docker,
        false,
        "the engine, which pulls, has the proxy that the shell has",
        &["daemon-without", "daemon-other"],
    ),
    kind("kubectl", Group::Kubernetes, true, "kubectl's version", &TOOL),
    kind(
        "kube.config",
        Group::Kubernetes,
        true,
        "the kubeconfig can be read and names a context that exists",
        &["no-config", "broken-config", "no-context", "missing-context", "missing-cluster"],
    ),
    kind(
        "kube.context",
        Group::Kubernetes,
        true,
        "the context is a local cluster, or was named with --context",
        &["guarded"],
    ),
    kind(
        "kube.api",
        Group::Kubernetes,
        true,
        "the API server answers, lets us in, and its version serves",
        &[
            "refused",
            "no-such-host",
            "late",
            "certificate",
            "unauthorized",
            "forbidden",
            "error",
            "no-exec-plugin",
            "failed",
            "too-old",
            "unreadable",
        ],
    ),
    kind(
        "kube.skew",
        Group::Kubernetes,
        false,
        "kubectl is within one minor version of the server",
        &["skewed", "unknown"],
    ),
    kind(
        "kube.rbac",
        Group::Kubernetes,
        true,
        "we may create a namespace and deployments",
        &["denied", "unknown"],
    ),
    kind(
        "kube.storage",
        Group::Kubernetes,
        true,
        "there is a default StorageClass",
        &["none", "no-default", "unknown"],
    ),
    kind(
        "kube.apis",
        Group::Kubernetes,
        true,
        "the APIs (CRDs) that the lab uses are installed",
        &["missing", "unknown"],
    ),
    kind(
        "kube.cpus",
        Group::Kubernetes,
        false,
        "the ready nodes have the processors",
        &["too-little", "not-ready", "unknown"],
    ),
    kind(
        "kube.memory",
        Group::Kubernetes,
        false,
        "the ready nodes have the memory",
        &["too-little", "not-ready", "unknown"],
    ),
    kind(
        "kube.inotify",
        Group::Kubernetes,
        false,
        "the kernel allows enough file watches for a cluster in containers",
        &["too-little", "unknown"],
    ),
    kind(
        "kube.cgroup",
        Group::Kubernetes,
        true,
        "cgroup v2, without which kubelet 1.35 and later do not start",
        &["v1", "v1-warn", "unknown"],
    ),
    kind("disk", Group::Machine, false, "room where the lab is", &["too-little", "unknown"]),
    kind("memory", Group::Machine, false, "memory of this machine", &["too-little", "unknown"]),
    kind("cpus", Group::Machine, false, "processors of this machine", &["too-little", "unknown"]),
    kind(
        "arch",
        Group::Machine,
        true,
        "the lab's programs exist for this processor",
        &["unsupported"],
    ),
    kind(
        "gpu",
        Group::Machine,
        true,
        "an NVIDIA GPU and its driver",
        &["none", "no-driver", "mismatch", "late", "failed"],
    ),
    kind(
        "proxy",
        Group::Machine,
        false,
        "a proxy in the environment leaves local addresses alone",
        &["no-local-exception"],
    ),
];

/// Checks that stand for many: each port, each online question.
pub const FAMILIES: [Kind; 3] = [
    kind(
        "port",
        Group::Ports,
        false,
        "the port is free, or the lab's own",
        &["own", "taken", "forbidden", "late"],
    ),
    kind(
        "online.packages",
        Group::Online,
        true,
        "pip reaches its package index",
        &["unreachable", "late", "absent"],
    ),
    kind(
        "online.image",
        Group::Online,
        true,
        "the engine reaches the image's registry, and the tag exists",
        &["no-such-image", "unreachable", "late"],
    ),
];

/// All kinds, in the order of the report.
pub fn all() -> impl Iterator<Item = &'static Kind> {
    CHECKS.iter().chain(&FAMILIES)
}

/// The kind behind an id: `port.8080` is a `port`.
pub fn of(id: &str) -> Option<&'static Kind> {
    all().find(|kind| kind.id == id).or_else(|| {
        ["port", "tool", "online.image"]
            .into_iter()
            .find(|family| id.strip_prefix(family).is_some_and(|rest| rest.starts_with('.')))
            .and_then(|family| all().find(|kind| kind.id == family))
    })
}

/// Whether a word given to `--only` or `--skip` means this id: the id itself, or what stands before
/// one of its dots.
pub fn means(word: &str, id: &str) -> bool {
    id.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        || (word == "kubernetes" && of(id).is_some_and(|kind| kind.group == Group::Kubernetes))
}

/// Holds words for `--only` and `--skip` to the checks that there are.
///
/// # Errors
/// Exit 2 with the nearest id.
pub fn known(words: &[String]) -> Result<()> {
    for word in words {
        let port = word.strip_prefix("port.").is_some_and(|port| port.parse::<u16>().is_ok());
        let tool = word.strip_prefix("tool.").is_some_and(|name| !name.is_empty());
        let image = word.starts_with("online.image.");
        if !(port || tool || image || all().any(|kind| means(word, kind.id))) {
            let groups = ["docker", "kube", "kubernetes", "online"];
            let error = Error::usage(format!("there is no check `{word}`"));
            let error = match nearest(word, groups.into_iter().chain(all().map(|kind| kind.id))) {
                Some(name) => error.hint(format!("did you mean `{name}`?")),
                None => error,
            };
            return Err(error.hint("all of them: mlops-lab doctor --list"));
        }
    }
    Ok(())
}
