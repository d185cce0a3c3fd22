//! Limits of this kernel that matter for a cluster in containers on this machine: one that is
//! there, or one that is still to be created.

use super::api::server_version;
use super::config::probes;
use super::probe::ClusterProbe;
use crate::catalog::manifest::Need;
use crate::cluster;
use crate::doctor::check::{BoxedCheck, Check, check, classes};
use crate::doctor::checks::common::AmountClass;
use crate::doctor::checks::host::HostProbe;
use crate::doctor::checks::subject::{Entry, Subject, entry};
use crate::doctor::draft::Draft;
use crate::doctor::kind::{Group, Kind};
use crate::doctor::observations::Observations;
use crate::doctor::probe::{SharedProbe, probe};
use crate::doctor::scope::{Demand, Scope};

pub(in crate::doctor) const SUBJECT: Subject = Subject { entries, checks };

fn entries() -> Vec<Entry> {
    vec![entry::<Inotify>(), entry::<Cgroup>()]
}

fn checks(demand: &Demand, _: &Scope) -> Vec<BoxedCheck> {
    let clusters = demand.needs.iter().filter(|need| matches!(need, Need::Cluster(_)));
    clusters.flat_map(|_| [check(Inotify), check(Cgroup)]).collect()
}

fn kernel_probes() -> Vec<SharedProbe> {
    let mut all = probes();
    all.push(probe(HostProbe));
    all
}

const ELSEWHERE: &str = "for clusters that share this machine's kernel only";
const LINUX_ONLY: &str = "for clusters in containers on Linux only";

/// Names that clusters in containers of this machine give to their contexts.
const CONTAINERS: [&str; 3] = ["kind-", "k3d-", "minikube"];

/// Contexts of clusters in a virtual machine, with a kernel of its own, whose API server is
/// forwarded to an address of this machine.
const VIRTUAL_MACHINES: [&str; 5] =
    ["docker-desktop", "colima", "orbstack", "rancher-desktop", "crc"];

fn is_elsewhere(observed: &Observations) -> bool {
    observed.get(&ClusterProbe).is_some_and(|facts| {
        facts.context.as_ref().is_ok_and(|context| runs_elsewhere(&context.name, facts.own_host))
    })
}

/// Whether the kernel of this machine does not matter to a cluster, by the name of its context and
/// by whether its API server has an address of this machine.
fn runs_elsewhere(context: &str, own_host: bool) -> bool {
    // With minikube the context of the cluster that `mlops-lab cluster` makes has its whole name.
    let in_containers =
        context == cluster::NAME || CONTAINERS.iter().any(|name| context.starts_with(name));
    !in_containers && (!own_host || VIRTUAL_MACHINES.contains(&context))
}

/// What kind needs of the host for clusters of several nodes (kind.sigs.k8s.io, "known issues":
/// too many open files).
const INSTANCES: u64 = 512;
const WATCHES: u64 = 524_288;

#[derive(Debug, PartialEq)]
struct Inotify;

impl Check for Inotify {
    type Class = AmountClass;

    const KIND: &'static Kind = &Kind::new(
        "kube.inotify",
        Group::Kubernetes,
        "the kernel allows enough file watches for a cluster in containers",
    );

    fn probes(&self) -> Vec<SharedProbe> {
        kernel_probes()
    }

    fn judge(&self, observed: &Observations) -> Draft<AmountClass> {
        let Some(host) = observed.get(&HostProbe) else {
            return Draft::late(AmountClass::Late, observed.timeout);
        };
        let draft = match host.inotify {
            _ if is_elsewhere(observed) => Draft::skip(ELSEWHERE),
            None if cfg!(target_os = "linux") => {
                Draft::unknown(AmountClass::Unknown, "the kernel does not report it")
            }
            None => Draft::skip(LINUX_ONLY),
            Some((instances, watches)) if instances >= INSTANCES && watches >= WATCHES => {
                Draft::pass(format!("{instances} instances, {watches} watches"))
            }
            Some((instances, watches)) => {
                let title = format!(
                    "{instances} instances and {watches} watches: \
                     a cluster in containers needs {INSTANCES} and {WATCHES}"
                );
                Draft::warn(AmountClass::TooLittle, title)
                    .fact("instances", instances.max(INSTANCES).to_string())
                    .fact("watches", watches.max(WATCHES).to_string())
            }
        };
        draft.cmd("sysctl fs.inotify.max_user_instances fs.inotify.max_user_watches")
    }
}

/// From this kubelet on cgroup v1 is refused (kubernetes#134298).
const WITHOUT_CGROUP_1: [u64; 3] = [1, 35, 0];

classes! {
    CgroupClass {
        V1 = "v1",
        V1Warn = "v1-warn",
        Unknown = "unknown",
        Late = "late",
    }
}

#[derive(Debug, PartialEq)]
struct Cgroup;

impl Check for Cgroup {
    type Class = CgroupClass;

    const KIND: &'static Kind = &Kind::new(
        "kube.cgroup",
        Group::Kubernetes,
        "cgroup v2, without which kubelet 1.35 and later do not start",
    )
    .blocks_up();

    fn probes(&self) -> Vec<SharedProbe> {
        kernel_probes()
    }

    fn judge(&self, observed: &Observations) -> Draft<CgroupClass> {
        let Some(host) = observed.get(&HostProbe) else {
            return Draft::late(CgroupClass::Late, observed.timeout);
        };
        let draft = match (host.cgroup, server_version(observed)) {
            _ if is_elsewhere(observed) => Draft::skip(ELSEWHERE),
            (Some(2), _) => Draft::pass("version 2"),
            (Some(_), Some(server)) if server.numbers >= WITHOUT_CGROUP_1 => {
                let title = format!("version 1: the kubelet of Kubernetes {server} does not start");
                Draft::fail(CgroupClass::V1, title)
            }
            (Some(_), _) => Draft::warn(
                CgroupClass::V1Warn,
                "version 1: the kubelet of Kubernetes 1.35 and later does not start",
            ),
            (None, _) if cfg!(target_os = "linux") => {
                Draft::unknown(CgroupClass::Unknown, "there is no /sys/fs/cgroup")
            }
            (None, _) => Draft::skip(LINUX_ONLY),
        };
        draft.cmd("stat -fc %T /sys/fs/cgroup")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_with_an_address_of_this_machine_is_on_it_unless_a_virtual_machine_has_it() {
        for (context, own_host, elsewhere) in [
            ("kind-lab", true, false),
            // Under a name of the container engine's machine.
            ("kind-lab", false, false),
            ("mlops-lab", false, false),
            ("mlops-lab-prod", false, true),
            ("default", true, false),
            ("default", false, true),
            ("docker-desktop", true, true),
        ] {
            assert_eq!(runs_elsewhere(context, own_host), elsewhere, "{context} {own_host}");
        }
    }
}
