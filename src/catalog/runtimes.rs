//! The part of `lab.toml` that says where and how a lab runs.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::check::CheckSpec;
use super::manifest::RuntimeKind;
use super::needs::Need;
use super::units::Within;

/// The runtimes that a lab describes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runtimes {
    /// Processes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<Local>,
    /// Containers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compose: Option<Compose>,
    /// Pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<Kubernetes>,
}

/// What a runtime asks of the machine that starts it.
pub struct Host<'a> {
    /// Programs, memory, disk, ports.
    pub needs: &'a [Need],
    /// The environment for Python, if it has one.
    pub python: Option<&'a Python>,
}

impl Runtimes {
    /// What a runtime asks of the machine; none when the lab does not offer it.
    pub fn host(&self, kind: RuntimeKind) -> Option<Host<'_>> {
        let (needs, python) = match kind {
            RuntimeKind::Local => self.local.as_ref().map(|local| (&local.needs, &local.python)),
            RuntimeKind::Compose => {
                self.compose.as_ref().map(|compose| (&compose.needs, &compose.python))
            }
            RuntimeKind::Kubernetes => {
                self.kubernetes.as_ref().map(|cluster| (&cluster.needs, &cluster.python))
            }
        }?;
        Some(Host { needs, python: python.as_ref() })
    }
}

/// The runtime `local`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Local {
    /// What the machine must have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
    /// The Python environment of the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<Python>,
    /// Environment of every task and service; `.env` is read first.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub env: IndexMap<String, String>,
    /// Paths of the project that services keep their data in, as volumes are for containers: `down
    /// --purge` removes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<String>,
    /// One-shot commands before the services, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub task: Vec<Task>,
    /// Long-running processes, started in order, each when the one before is ready.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service: Vec<Service>,
}

/// The runtime `compose`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compose {
    /// What the machine must have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
    /// A Python environment on the host for clients and tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<Python>,
    /// The compose file.
    #[serde(default = "compose_file")]
    pub file: String,
    /// Files and folders of the project that containers of another user read as mounts: a strict
    /// umask must not keep them from it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readable: Vec<String>,
    /// What must pass before the lab counts as up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ready: Vec<CheckSpec>,
}

/// The runtime `kubernetes`. The lab's namespace is called as the project is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kubernetes {
    /// What the machine and the cluster must have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
    /// A Python environment on the host for clients and tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<Python>,
    /// The folder of the kustomization that is applied.
    pub apply: String,
    /// Images that are made here and brought into the cluster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub image: Vec<Image>,
    /// How long all rollouts together may take (default 10 minutes).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
    /// What must pass after the rollouts before the lab counts as up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ready: Vec<CheckSpec>,
}

/// An image that is built from the project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// With its tag, as the manifests name it.
    pub name: String,
    /// The folder that is sent to the builder.
    #[serde(default = "here")]
    pub context: String,
    /// The Dockerfile.
    #[serde(default = "dockerfile")]
    pub file: String,
    /// The stage; the last one when none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

fn here() -> String {
    ".".to_owned()
}

fn dockerfile() -> String {
    "Dockerfile".to_owned()
}

fn compose_file() -> String {
    "compose.yaml".to_owned()
}

/// A Python environment in `.venv`, installed from hashed requirements.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Python {
    /// Requirement files; every entry carries hashes.
    pub requirements: Vec<String>,
    /// Requirement files whose packages are installed without what they depend on: for data and
    /// programs that come as packages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub no_deps: Vec<String>,
    /// A requirement file that holds uv, fetched by pip where the machine has no uv: it installs
    /// the rest three times faster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uv: Option<String>,
}

impl Python {
    /// Every requirement file.
    pub fn files(&self) -> impl Iterator<Item = &String> {
        self.requirements.iter().chain(&self.no_deps).chain(&self.uv)
    }
}

/// A one-shot command.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Names its log.
    pub name: String,
    /// Program and arguments.
    pub run: Vec<String>,
    /// Skipped when all of these exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub creates: Vec<String>,
    /// Stopped after this (default 10 minutes).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
}

/// A long-running process.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Names its log.
    pub name: String,
    /// Program and arguments.
    pub run: Vec<String>,
    /// Environment of this service, over the runtime's.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub env: IndexMap<String, String>,
    /// How long it may take to end after SIGTERM before its group is killed (default 10 s).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_within: Option<Within>,
    /// Paths of the project without which the service has nothing to do yet: while one is missing
    /// it is left out, and a later `up` starts it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
    /// What must pass before the service counts as ready.
    pub ready: CheckSpec,
}

/// Where an endpoint is, by runtime.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// A base URL, `http://` or `tcp://`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<String>,
    /// The same for compose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compose: Option<String>,
    /// A Service of the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<Forward>,
    /// The path that `open` shows in a browser; without one the endpoint is not for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<String>,
    /// How probes log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<Login>,
}

/// Basic authentication (RFC 7617) with values that only `.env` holds: the names of its variables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The variable with the user's name.
    pub user: String,
    /// The variable with the password.
    pub password: String,
}

impl Endpoint {
    /// The base URL in this runtime.
    pub fn place(&self, kind: RuntimeKind) -> Option<&str> {
        match kind {
            RuntimeKind::Local => self.local.as_deref(),
            RuntimeKind::Compose => self.compose.as_deref(),
            RuntimeKind::Kubernetes => self.kubernetes.as_ref().map(|forward| forward.url.as_str()),
        }
    }
}

/// A Service that is reached through a port of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    /// The Service's name.
    pub service: String,
    /// The Service's port.
    pub port: u16,
    /// Its namespace; the lab's own when none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Where it is reached: `http://127.0.0.1:PORT`.
    pub url: String,
}
