//! What the engine is set up for: the GPU, the clock, the proxy.

use super::info::judge_info;
use super::probe::EngineProbe;
use crate::catalog::manifest::{GpuNeed, Need};
use crate::doctor::check::{BoxedCheck, Check, check, classes};
use crate::doctor::checks::gpu::{Gpu, GpuProbe, stronger};
use crate::doctor::checks::host::{HostProbe, Proxy};
use crate::doctor::checks::subject::{Entry, Subject, entry};
use crate::doctor::draft::Draft;
use crate::doctor::kind::{Group, Kind};
use crate::doctor::observations::Observations;
use crate::doctor::probe::{SharedProbe, probe};
use crate::doctor::scope::{Demand, Scope};

pub(in crate::doctor) const SUBJECT: Subject = Subject { entries, checks };

fn entries() -> Vec<Entry> {
    vec![entry::<EngineGpu>(), entry::<Clock>(), entry::<EngineProxy>()]
}

fn checks(demand: &Demand, _: &Scope) -> Vec<BoxedCheck> {
    let in_engine = demand.in_engine();
    let checks = demand.needs.iter().flat_map(|need| match need {
        Need::Docker(_) => vec![check(Clock), check(EngineProxy)],
        Need::Gpu(need) if in_engine => vec![check(EngineGpu(*need))],
        _ => Vec::new(),
    });
    checks.collect()
}

classes! {
    EngineGpuClass {
        NoRuntime = "no-runtime",
        Late = "late",
    }
}

#[derive(Debug, PartialEq)]
struct EngineGpu(GpuNeed);

impl Check for EngineGpu {
    type Class = EngineGpuClass;

    const KIND: &'static Kind =
        &Kind::new("docker.gpu", Group::Docker, "containers can use the GPU").blocks_up();

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(EngineProbe), probe(GpuProbe)]
    }

    fn judge(&self, observed: &Observations) -> Draft<EngineGpuClass> {
        let no_gpu = observed.get(&GpuProbe).is_some_and(|gpu| gpu.is_none());
        if no_gpu && self.0 == GpuNeed::Optional {
            return Draft::pass("no GPU; the lab runs without one");
        }
        judge_info(observed, EngineGpuClass::Late, |info, _| {
            let cdi = info["DiscoveredDevices"].as_array().into_iter().flatten().any(|device| {
                device["ID"].as_str().is_some_and(|id| id.contains("nvidia.com/gpu"))
            });
            match () {
                () if no_gpu => Draft::blocked(Gpu::KIND),
                () if cdi => Draft::pass("by CDI"),
                () if info["Runtimes"]["nvidia"].is_object() => {
                    Draft::pass("by the runtime nvidia")
                }
                () => Draft::fail(
                    EngineGpuClass::NoRuntime,
                    "the engine has neither the runtime nvidia nor a CDI device for it",
                ),
            }
        })
    }

    fn merge(&mut self, other: &EngineGpu) -> bool {
        self.0 = stronger(self.0, other.0);
        true
    }
}

/// Below this difference, in seconds, the clocks agree: certificates and signatures allow for a
/// few minutes, caches for seconds.
const SKEW: u64 = 60;

classes! {
    ClockClass {
        Skewed = "skewed",
        Unknown = "unknown",
        Late = "late",
    }
}

#[derive(Debug, PartialEq)]
struct Clock;

impl Check for Clock {
    type Class = ClockClass;

    const KIND: &'static Kind =
        &Kind::new("docker.clock", Group::Docker, "the engine's clock agrees with this machine's");

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(EngineProbe)]
    }

    fn judge(&self, observed: &Observations) -> Draft<ClockClass> {
        judge_info(observed, ClockClass::Late, |_, facts| {
            let Some(skew) = facts.skew else {
                let title = "the engine does not report its time";
                return Draft::unknown(ClockClass::Unknown, title);
            };
            let (seconds, ahead) =
                (skew.unsigned_abs(), if skew > 0 { "ahead of" } else { "behind" });
            let draft = if seconds <= SKEW {
                Draft::pass("agrees with this machine's")
            } else {
                let title =
                    format!("{seconds} s {ahead} this machine's: certificates may be refused");
                Draft::warn(ClockClass::Skewed, title)
            };
            draft.saw(format!("{skew} s"))
        })
    }
}

classes! {
    EngineProxyClass {
        DaemonWithout = "daemon-without",
        DaemonOther = "daemon-other",
        Late = "late",
    }
}

/// The engine pulls, not the shell: a proxy that only the shell knows does not help it.
#[derive(Debug, PartialEq)]
struct EngineProxy;

impl Check for EngineProxy {
    type Class = EngineProxyClass;

    const KIND: &'static Kind = &Kind::new(
        "docker.proxy",
        Group::Docker,
        "the engine, which pulls images, uses the shell's proxy",
    );

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(EngineProbe), probe(HostProbe)]
    }

    fn judge(&self, observed: &Observations) -> Draft<EngineProxyClass> {
        judge_info(observed, EngineProxyClass::Late, |info, _| {
            let Some(host) = observed.get(&HostProbe) else { return Draft::blocked(Proxy::KIND) };
            let reported = |key: &str| info[key].as_str().filter(|value| !value.is_empty());
            let engine = reported("HttpsProxy").or_else(|| reported("HttpProxy"));
            match (host.proxy(), engine) {
                (None, None) => Draft::pass("none, as in the shell"),
                (Some(_), None) => Draft::warn(
                    EngineProxyClass::DaemonWithout,
                    "the shell has a proxy; the engine, which pulls images, has none",
                ),
                (None, Some(_)) => Draft::pass("the engine has its own"),
                // The engine masks the password in what it reports.
                (Some(shell), Some(engine)) if bare(shell) == bare(engine) => {
                    Draft::pass("the same as in the shell")
                }
                (Some(_), Some(_)) => Draft::warn(
                    EngineProxyClass::DaemonOther,
                    "the engine has another proxy than the shell",
                ),
            }
        })
    }
}

/// A proxy's address without user, password and the slash at the end.
fn bare(proxy: &str) -> &str {
    let rest = proxy.split_once("://").map_or(proxy, |(_, rest)| rest);
    rest.rsplit_once('@').map_or(rest, |(_, host)| host).trim_end_matches('/')
}
