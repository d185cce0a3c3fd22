//! From needs to checks. Pure.

use super::checks::kinds;
use super::probes::Look;
use super::{Scope, key};
use crate::catalog::manifest::{GpuNeed, Need, RuntimeKind, ToolNeed};
use crate::catalog::units::{Size, VersionReq};

/// One check with what it asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ask {
    Python(VersionReq),
    Environment,
    Tool(ToolNeed),
    Client,
    Engine(VersionReq),
    Compose(VersionReq),
    Buildx(VersionReq),
    Credentials,
    EngineMemory(Size),
    EngineCpus(u32),
    EngineDisk(Size),
    EngineArch(Vec<String>),
    EngineGpu(GpuNeed),
    Clock,
    DaemonProxy,
    Kubectl(VersionReq),
    KubeConfig,
    KubeContext,
    KubeApi(VersionReq),
    Skew,
    Rbac,
    Storage,
    Apis(Vec<String>),
    ClusterCpus(u32),
    ClusterMemory(Size),
    Inotify,
    Cgroup,
    Disk(Size),
    Memory(Size),
    Cpus(u32),
    Arch(Vec<String>),
    Gpu(GpuNeed),
    Proxy,
    Port(u16),
    Packages,
    Image(String),
}

/// A check and who needs it.
#[derive(Clone, Debug)]
pub(super) struct Want {
    pub(super) ask: Ask,
    pub(super) needed_by: Vec<String>,
}

impl Ask {
    /// Its stable id.
    pub(super) fn id(&self) -> String {
        let fixed = match self {
            Ask::Python(_) => "python",
            Ask::Environment => "environment",
            Ask::Tool(tool) => {
                let own = kinds::all().any(|kind| kind.id == tool.name && kind.id != "tool");
                return if own { tool.name.clone() } else { format!("tool.{}", tool.name) };
            }
            Ask::Client => "docker.client",
            Ask::Engine(_) => "docker.engine",
            Ask::Compose(_) => "docker.compose",
            Ask::Buildx(_) => "docker.buildx",
            Ask::Credentials => "docker.credentials",
            Ask::EngineMemory(_) => "docker.memory",
            Ask::EngineCpus(_) => "docker.cpus",
            Ask::EngineDisk(_) => "docker.disk",
            Ask::EngineArch(_) => "docker.arch",
            Ask::EngineGpu(_) => "docker.gpu",
            Ask::Clock => "docker.clock",
            Ask::DaemonProxy => "docker.proxy",
            Ask::Kubectl(_) => "kubectl",
            Ask::KubeConfig => "kube.config",
            Ask::KubeContext => "kube.context",
            Ask::KubeApi(_) => "kube.api",
            Ask::Skew => "kube.skew",
            Ask::Rbac => "kube.rbac",
            Ask::Storage => "kube.storage",
            Ask::Apis(_) => "kube.apis",
            Ask::ClusterCpus(_) => "kube.cpus",
            Ask::ClusterMemory(_) => "kube.memory",
            Ask::Inotify => "kube.inotify",
            Ask::Cgroup => "kube.cgroup",
            Ask::Disk(_) => "disk",
            Ask::Memory(_) => "memory",
            Ask::Cpus(_) => "cpus",
            Ask::Arch(_) => "arch",
            Ask::Gpu(_) => "gpu",
            Ask::Proxy => "proxy",
            Ask::Port(port) => return format!("port.{port}"),
            Ask::Packages => "online.packages",
            Ask::Image(image) => return format!("online.image.{image}"),
        };
        fixed.to_owned()
    }

    /// The looks that it is judged by. The same look serves several checks.
    pub(super) fn looks(&self) -> Vec<Look> {
        match self {
            Ask::Python(version) => vec![Look::Pythons(version.clone())],
            // The lab's own files: seen before.
            Ask::Environment => Vec::new(),
            Ask::Tool(tool) => vec![Look::Tool(tool.name.clone(), tool.ask.clone())],
            Ask::Client => vec![Look::client()],
            Ask::Engine(_) => vec![Look::Engine],
            Ask::Compose(_) => vec![Look::client(), Look::Compose],
            Ask::Buildx(_) => vec![Look::client(), Look::Buildx],
            Ask::Credentials => vec![Look::Credentials],
            Ask::EngineMemory(_)
            | Ask::EngineCpus(_)
            | Ask::EngineDisk(_)
            | Ask::EngineArch(_)
            | Ask::Clock => vec![Look::Engine],
            Ask::EngineGpu(_) => vec![Look::Engine, Look::Gpu],
            Ask::DaemonProxy => vec![Look::Engine, Look::Host],
            Ask::Kubectl(_) => vec![Look::kubectl()],
            Ask::KubeConfig
            | Ask::KubeContext
            | Ask::KubeApi(_)
            | Ask::Rbac
            | Ask::Storage
            | Ask::Apis(_)
            | Ask::ClusterCpus(_)
            | Ask::ClusterMemory(_) => vec![Look::kubectl(), Look::Cluster],
            Ask::Skew => vec![Look::kubectl(), Look::Cluster],
            Ask::Inotify | Ask::Cgroup => vec![Look::Host, Look::kubectl(), Look::Cluster],
            Ask::Disk(_) | Ask::Memory(_) | Ask::Cpus(_) | Ask::Arch(_) | Ask::Proxy => {
                vec![Look::Host]
            }
            Ask::Gpu(_) => vec![Look::Gpu],
            Ask::Port(port) => vec![Look::Port(*port)],
            Ask::Packages => vec![Look::Packages],
            Ask::Image(image) => vec![Look::Engine, Look::Image(image.clone())],
        }
    }

    /// The greater of two amounts of the same thing: too little of it is a warning, whoever asked
    /// for more.
    fn join(&mut self, other: &Ask) -> bool {
        match (&mut *self, other) {
            (Ask::Disk(a), Ask::Disk(b))
            | (Ask::Memory(a), Ask::Memory(b))
            | (Ask::EngineMemory(a), Ask::EngineMemory(b))
            | (Ask::EngineDisk(a), Ask::EngineDisk(b))
            | (Ask::ClusterMemory(a), Ask::ClusterMemory(b)) => *a = (*a).max(*b),
            (Ask::Cpus(a), Ask::Cpus(b))
            | (Ask::EngineCpus(a), Ask::EngineCpus(b))
            | (Ask::ClusterCpus(a), Ask::ClusterCpus(b)) => *a = (*a).max(*b),
            (Ask::Gpu(a), Ask::Gpu(b)) | (Ask::EngineGpu(a), Ask::EngineGpu(b)) => {
                if *b == GpuNeed::Required {
                    *a = *b;
                }
            }
            (same, other) => return same == other,
        }
        true
    }
}

/// The checks of a scope, each once, in the order of the report.
pub(super) fn wanted(scope: &Scope) -> Vec<Want> {
    let mut wanted: Vec<Want> = Vec::new();
    for demand in &scope.demands {
        let by = key(&demand.lab, demand.kind);
        let mut asks = vec![Ask::Proxy];
        let cluster = demand.needs.iter().any(|need| matches!(need, Need::Cluster(_)));
        asks.extend(
            demand.needs.iter().flat_map(|need| of(need, demand.kind, cluster, scope.online)),
        );
        let python = demand.needs.iter().any(|need| matches!(need, Need::Python(_)));
        asks.extend((python && scope.environment.is_some()).then_some(Ask::Environment));
        asks.extend(demand.ports.iter().map(|port| Ask::Port(*port)));
        for ask in asks {
            match wanted.iter_mut().find_map(|want| want.ask.join(&ask).then_some(want)) {
                Some(want) if want.needed_by.contains(&by) => {}
                Some(want) => want.needed_by.push(by.clone()),
                None => wanted.push(Want { ask, needed_by: vec![by.clone()] }),
            }
        }
    }
    wanted.retain(|want| {
        let id = want.ask.id();
        (scope.only.is_empty() || scope.only.iter().any(|word| kinds::means(word, &id)))
            && !scope.skip.iter().any(|word| kinds::means(word, &id))
    });
    wanted.sort_by_key(|want| {
        let id = want.ask.id();
        let place =
            kinds::all().position(|kind| kinds::of(&id).is_some_and(|own| own.id == kind.id));
        (kinds::of(&id).map(|kind| kind.group), place)
    });
    wanted
}

fn of(need: &Need, kind: RuntimeKind, cluster: bool, online: bool) -> Vec<Ask> {
    let tool = |name: &str, version: &VersionReq| {
        let ask = if name == "kind" { "version" } else { "--version" };
        vec![Ask::Tool(ToolNeed {
            name: name.to_owned(),
            version: version.clone(),
            ask: vec![ask.to_owned()],
        })]
    };
    // Containers live in the engine's machine, which has less than this one on a Mac.
    let compose = kind == RuntimeKind::Compose;
    match need {
        Need::Python(version) if online => vec![Ask::Python(version.clone()), Ask::Packages],
        Need::Python(version) => vec![Ask::Python(version.clone())],
        Need::Uv(version) => tool("uv", version),
        Need::Git(version) => tool("git", version),
        Need::Make(version) => tool("make", version),
        Need::Kind(version) => tool("kind", version),
        Need::Tool(need) => vec![Ask::Tool(need.clone())],
        Need::Docker(version) => {
            vec![Ask::Engine(version.clone()), Ask::Credentials, Ask::Clock, Ask::DaemonProxy]
        }
        Need::Compose(version) => vec![Ask::Client, Ask::Compose(version.clone())],
        Need::Buildx(version) => vec![Ask::Client, Ask::Buildx(version.clone())],
        Need::Disk(size) if compose => vec![Ask::Disk(*size), Ask::EngineDisk(*size)],
        Need::Disk(size) => vec![Ask::Disk(*size)],
        Need::Memory(size) if cluster => vec![Ask::ClusterMemory(*size)],
        Need::Memory(size) if compose => vec![Ask::EngineMemory(*size)],
        Need::Memory(size) => vec![Ask::Memory(*size)],
        Need::Cpus(count) if cluster => vec![Ask::ClusterCpus(*count)],
        Need::Cpus(count) if compose => vec![Ask::EngineCpus(*count)],
        Need::Cpus(count) => vec![Ask::Cpus(*count)],
        Need::Arch(names) if compose => vec![Ask::EngineArch(names.clone())],
        Need::Arch(names) => vec![Ask::Arch(names.clone())],
        Need::Gpu(need) if compose => vec![Ask::Gpu(*need), Ask::EngineGpu(*need)],
        Need::Gpu(need) => vec![Ask::Gpu(*need)],
        Need::Images(images) if online => {
            images.iter().map(|image| Ask::Image(image.clone())).collect()
        }
        Need::Images(_) => Vec::new(),
        Need::Kubectl(version) => vec![Ask::Kubectl(version.clone())],
        Need::Cluster(version) => vec![
            Ask::KubeConfig,
            Ask::KubeContext,
            Ask::KubeApi(version.clone()),
            Ask::Skew,
            Ask::Rbac,
            Ask::Inotify,
            Ask::Cgroup,
        ],
        Need::Storageclass(true) => vec![Ask::Storage],
        Need::Storageclass(false) => Vec::new(),
        Need::Apis(names) => vec![Ask::Apis(names.clone())],
    }
}
