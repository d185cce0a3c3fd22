//! What a runtime needs of the machine, as a manifest writes it. The doctor turns it into checks.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::units::{Size, VersionReq};

/// One thing that a runtime needs of the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// A CPython that can make environments (or uv, which brings one).
    Python(VersionReq),
    /// uv.
    Uv(VersionReq),
    /// git.
    Git(VersionReq),
    /// make.
    Make(VersionReq),
    /// A Docker engine that answers.
    Docker(VersionReq),
    /// Docker Compose v2.
    Compose(VersionReq),
    /// Docker Buildx.
    Buildx(VersionReq),
    /// Free space where the lab is.
    Disk(Size),
    /// Memory of the machine (of the engine's machine for compose).
    Memory(Size),
    /// Processors.
    Cpus(u32),
    /// Processors' architectures that the lab's programs or images exist for, as images name them:
    /// `amd64`, `arm64`.
    Arch(Vec<String>),
    /// A shared library of the system that prebuilt programs load, as `libgomp.so.1`.
    Library(String),
    /// What prebuilt programs expect of an amd64 processor, in the kernel's words: `avx2`.
    Cpu(Vec<String>),
    /// An NVIDIA GPU.
    Gpu(GpuNeed),
    /// Images that the lab pulls: asked for with `doctor --online` only.
    Images(Vec<String>),
    /// kind, which runs a cluster in containers.
    Kind(VersionReq),
    /// The Kubernetes client.
    Kubectl(VersionReq),
    /// A Kubernetes cluster that answers, in the kubeconfig's context.
    Cluster(VersionReq),
    /// Whether the cluster must have a default StorageClass.
    Storageclass(bool),
    /// API groups with versions that the cluster must serve, as in `serving.kserve.io/v1beta1`:
    /// what CRDs add.
    Apis(Vec<String>),
    /// Any other program.
    Tool(ToolNeed),
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A version that does not matter is not told.
        let any = |version: &VersionReq| *version == VersionReq::any();
        let mut name = |name: &str, version: &VersionReq| {
            if any(version) { f.write_str(name) } else { write!(f, "{name} {version}") }
        };
        match self {
            Need::Python(version) => name("Python", version),
            Need::Uv(version) => name("uv", version),
            Need::Git(version) => name("git", version),
            Need::Make(version) => name("make", version),
            Need::Docker(version) => name("Docker", version),
            Need::Compose(version) => name("Docker Compose", version),
            Need::Buildx(version) => name("Docker Buildx", version),
            Need::Disk(size) => write!(f, "{size} of disk"),
            Need::Memory(size) => write!(f, "{size} of memory"),
            Need::Cpus(1) => f.write_str("1 processor"),
            Need::Cpus(count) => write!(f, "{count} processors"),
            Need::Arch(names) => write!(f, "a processor {}", names.join(" or ")),
            Need::Library(library) => f.write_str(library),
            Need::Cpu(features) => write!(f, "a processor with {}", features.join(", ")),
            Need::Gpu(GpuNeed::Optional) => f.write_str("a GPU if there is one"),
            Need::Gpu(GpuNeed::Required) => f.write_str("an NVIDIA GPU"),
            Need::Images(images) => write!(f, "the images {}", images.join(", ")),
            Need::Kind(version) => name("kind", version),
            Need::Kubectl(version) => name("kubectl", version),
            Need::Cluster(version) => name("a cluster with Kubernetes", version),
            Need::Storageclass(_) => f.write_str("a default StorageClass"),
            Need::Apis(names) => write!(f, "the APIs {}", names.join(", ")),
            Need::Tool(tool) => name(&tool.name, &tool.version),
        }
    }
}

/// A program that this one knows nothing about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolNeed {
    /// Its name on PATH.
    pub name: String,
    /// Which versions serve.
    pub version: VersionReq,
    /// The arguments that make it print its version (default `--version`).
    #[serde(default = "ask_version")]
    pub ask: Vec<String>,
}

fn ask_version() -> Vec<String> {
    vec!["--version".to_owned()]
}

/// Whether a lab can do without a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GpuNeed {
    /// It is faster with one.
    Optional,
    /// It does not work without.
    Required,
}
