//! This machine: disk, memory, processors, and a proxy in the environment.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::common::{AmountClass, amount, gigabytes};
use super::subject::{Entry, Subject, entry};
use crate::catalog::manifest::Need;
use crate::catalog::units::Size;
use crate::doctor::check::{BoxedCheck, Check, check, classes};
use crate::doctor::draft::{Draft, short};
use crate::doctor::kind::{Group, Kind};
use crate::doctor::observations::Observations;
use crate::doctor::probe::{Probe, SharedProbe, probe};
use crate::doctor::scope::{Demand, Scope};
use crate::doctor::tool::run_tool;
use crate::platform::host;

pub(in crate::doctor) const SUBJECT: Subject = Subject { entries, checks };

fn entries() -> Vec<Entry> {
    vec![entry::<Disk>(), entry::<Memory>(), entry::<Cpus>(), entry::<Arch>(), entry::<Proxy>()]
}

fn checks(demand: &Demand, _: &Scope) -> Vec<BoxedCheck> {
    let here = !demand.in_engine();
    let outside = here && !demand.in_cluster();
    let checks = demand.needs.iter().filter_map(|need| match need {
        Need::Disk(size) => Some(check(Disk(*size))),
        Need::Memory(size) if outside => Some(check(Memory(*size))),
        Need::Cpus(count) if outside => Some(check(Cpus(*count))),
        Need::Arch(names) if here => Some(check(Arch(names.clone()))),
        _ => None,
    });
    checks.chain([check(Proxy)]).collect()
}

/// What the system and the environment report of themselves.
#[derive(Debug)]
pub(super) struct Host {
    /// All memory, in bytes.
    memory: Option<u64>,
    /// Processors that we may use.
    cpus: Option<u64>,
    /// Bytes free where the lab is or will be.
    disk: Result<u64, String>,
    /// Where the lab is or will be.
    folder: String,
    /// The processor as images name it.
    arch: String,
    /// `fs.inotify.max_user_instances` and `max_user_watches`.
    pub(super) inotify: Option<(u64, u64)>,
    /// 1 or 2; none where there are no control groups.
    pub(super) cgroup: Option<u8>,
    /// Proxy variables that are set, in lower case.
    proxies: BTreeMap<&'static str, String>,
}

impl Host {
    /// The proxy that the shell's programs use.
    pub(super) fn proxy(&self) -> Option<&String> {
        self.proxies.get("https_proxy").or_else(|| self.proxies.get("http_proxy"))
    }
}

/// Reads files of the system and the environment.
#[derive(Debug, PartialEq)]
pub(super) struct HostProbe;

impl Probe for HostProbe {
    type Observation = Host;

    fn run(&self, scope: &Scope, end: Instant) -> Host {
        let root = &scope.root;
        let inotify = |name: &str| root.number(&format!("/proc/sys/fs/inotify/{name}"));
        let variables = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];
        let proxies = variables.into_iter().filter_map(|name| {
            let value = host::var(name).or_else(|| host::var(name.to_ascii_uppercase()));
            Some((name, value?))
        });
        Host {
            memory: root.memory().or_else(|| apple_memory(end)),
            cpus: std::thread::available_parallelism().ok().map(|count| count.get() as u64),
            disk: host::free_space(&scope.folder).map_err(|error| error.to_string()),
            folder: scope.folder.display().to_string(),
            arch: host::architecture(std::env::consts::ARCH).to_owned(),
            inotify: inotify("max_user_instances").zip(inotify("max_user_watches")),
            cgroup: match () {
                () if root.has("/sys/fs/cgroup/cgroup.controllers") => Some(2),
                () if root.has("/sys/fs/cgroup") => Some(1),
                () => None,
            },
            proxies: proxies.collect(),
        }
    }
}

fn apple_memory(end: Instant) -> Option<u64> {
    if !cfg!(target_os = "macos") {
        return None;
    }
    let end = end.min(Instant::now() + Duration::from_secs(2));
    run_tool("sysctl", &["-n", "hw.memsize"], end).stdout.parse().ok()
}

#[derive(Debug, PartialEq)]
pub(in crate::doctor) struct Disk(pub(in crate::doctor) Size);

impl Check for Disk {
    type Class = AmountClass;

    const KIND: &'static Kind = &Kind::new("disk", Group::Machine, "space where the lab is");

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(HostProbe)]
    }

    fn judge(&self, observed: &Observations) -> Draft<AmountClass> {
        let Some(host) = observed.get(&HostProbe) else {
            return Draft::late(AmountClass::Late, observed.timeout);
        };
        let draft = match &host.disk {
            Ok(free) => amount(Some(*free), self.0.0, |bytes| format!("{} free", gigabytes(bytes))),
            Err(message) => Draft::unknown(AmountClass::Unknown, short(message, 80)),
        };
        draft.cmd(format!("df -h {}", host.folder)).fact("folder", &host.folder)
    }

    fn merge(&mut self, other: &Disk) -> bool {
        self.0 = self.0.max(other.0);
        true
    }
}

#[derive(Debug, PartialEq)]
struct Memory(Size);

impl Check for Memory {
    type Class = AmountClass;

    const KIND: &'static Kind = &Kind::new("memory", Group::Machine, "memory of this machine");

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(HostProbe)]
    }

    fn judge(&self, observed: &Observations) -> Draft<AmountClass> {
        match observed.get(&HostProbe) {
            Some(host) => {
                amount(host.memory, self.0.0, gigabytes).cmd("grep MemTotal /proc/meminfo")
            }
            None => Draft::late(AmountClass::Late, observed.timeout),
        }
    }

    fn merge(&mut self, other: &Memory) -> bool {
        self.0 = self.0.max(other.0);
        true
    }
}

#[derive(Debug, PartialEq)]
struct Cpus(u32);

impl Check for Cpus {
    type Class = AmountClass;

    const KIND: &'static Kind = &Kind::new("cpus", Group::Machine, "processors of this machine");

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(HostProbe)]
    }

    fn judge(&self, observed: &Observations) -> Draft<AmountClass> {
        match observed.get(&HostProbe) {
            Some(host) => {
                amount(host.cpus, u64::from(self.0), |count| count.to_string()).cmd("nproc")
            }
            None => Draft::late(AmountClass::Late, observed.timeout),
        }
    }

    fn merge(&mut self, other: &Cpus) -> bool {
        self.0 = self.0.max(other.0);
        true
    }
}

classes! {
    ArchClass {
        Unsupported = "unsupported",
        Late = "late",
    }
}

#[derive(Debug, PartialEq)]
struct Arch(Vec<String>);

impl Check for Arch {
    type Class = ArchClass;

    const KIND: &'static Kind =
        &Kind::new("arch", Group::Machine, "the lab's programs exist for this processor")
            .blocks_up();

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(HostProbe)]
    }

    fn judge(&self, observed: &Observations) -> Draft<ArchClass> {
        let Some(Host { arch, .. }) = observed.get(&HostProbe) else {
            return Draft::late(ArchClass::Late, observed.timeout);
        };
        let draft = if self.0.contains(arch) {
            Draft::pass(arch)
        } else {
            let title = format!("{arch}; the lab's programs exist for {} only", self.0.join(", "));
            Draft::fail(ArchClass::Unsupported, title)
        };
        draft.cmd("uname -m")
    }
}

classes! {
    ProxyClass {
        NoLocalException = "no-local-exception",
        Late = "late",
    }
}

#[derive(Debug, PartialEq)]
pub(super) struct Proxy;

impl Check for Proxy {
    type Class = ProxyClass;

    const KIND: &'static Kind = &Kind::new(
        "proxy",
        Group::Machine,
        "a proxy in the environment is not used for local addresses",
    );

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(HostProbe)]
    }

    fn judge(&self, observed: &Observations) -> Draft<ProxyClass> {
        let draft = match observed.get(&HostProbe) {
            Some(host) => proxy(host),
            None => Draft::late(ProxyClass::Late, observed.timeout),
        };
        draft.cmd("env | grep -i proxy")
    }
}

fn proxy(host: &Host) -> Draft<ProxyClass> {
    let set = ["https_proxy", "http_proxy", "all_proxy"];
    let Some(name) = set.into_iter().find(|name| host.proxies.contains_key(name)) else {
        return Draft::pass("none is set");
    };
    let exceptions = host.proxies.get("no_proxy").map_or("", String::as_str);
    let has = |wanted: &str| exceptions.split(',').any(|entry| entry.trim() == wanted);
    let missing: Vec<&str> =
        ["localhost", "127.0.0.1"].into_iter().filter(|local| !has(local) && !has("*")).collect();
    if missing.is_empty() {
        return Draft::pass(format!("{name} is set, and not used for local addresses"));
    }
    let title = format!(
        "{name} is set, and NO_PROXY lacks {}: requests to the lab would go to the proxy",
        missing.join(" and ")
    );
    let entries: Vec<&str> =
        Some(exceptions).filter(|text| !text.is_empty()).into_iter().chain(missing).collect();
    Draft::warn(ProxyClass::NoLocalException, title).fact("no_proxy", entries.join(","))
}
