//! How large a cluster must be for a lab, by the lab's needs. Pure.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalog::manifest::Need;
use crate::catalog::units::VersionReq;

/// What the control plane takes beside the pods of a lab: API server, etcd, kubelet, DNS.
const CONTROL_PLANE: u64 = 1 << 30;

/// Without a lab: enough for any that a beginner starts with.
const MEMORY: u64 = 4 << 30;

/// The fewest processors with which kubeadm, and so minikube, makes a control plane
/// (kubernetes.io, "Installing kubeadm").
const CPUS: u32 = 2;

/// How large a cluster must be, and how new.
#[derive(Clone, Debug, PartialEq)]
pub struct Sizes {
    /// Memory, in bytes.
    pub memory: u64,
    /// Processors.
    pub cpus: u32,
    /// Which versions of Kubernetes serve.
    pub kubernetes: VersionReq,
}

impl Default for Sizes {
    fn default() -> Sizes {
        Sizes { memory: MEMORY, cpus: CPUS, kubernetes: VersionReq::any() }
    }
}

impl Sizes {
    /// What a lab needs, by its needs of one runtime; none when it needs no cluster.
    pub fn of(needs: &[Need]) -> Option<Sizes> {
        let kubernetes = needs.iter().find_map(|need| match need {
            Need::Cluster(version) => Some(version.clone()),
            _ => None,
        })?;
        let mut sizes = Sizes { kubernetes, ..Sizes::default() };
        for need in needs {
            match need {
                Need::Memory(size) => sizes.memory = size.0.saturating_add(CONTROL_PLANE),
                Need::Cpus(count) => sizes.cpus = sizes.cpus.max(*count),
                _ => {}
            }
        }
        Some(sizes)
    }

    /// The memory as the tools take it.
    pub fn mebibytes(&self) -> u64 {
        self.memory.div_ceil(1 << 20)
    }
}

/// What a cluster may take at most, as far as its tool can limit it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Memory, in MiB.
    pub memory: Option<u64>,
    /// Processors.
    pub cpus: Option<u32>,
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.memory, self.cpus) {
            (None, None) => {
                f.write_str("none of its own: it shares Docker's memory and processors")
            }
            (Some(memory), None) => {
                write!(f, "{memory} MiB of memory; it shares Docker's processors")
            }
            (None, Some(cpus)) => write!(f, "{cpus} processors; it shares Docker's memory"),
            (Some(memory), Some(cpus)) => write!(f, "{memory} MiB of memory, {cpus} processors"),
        }
    }
}

impl Limits {
    /// What a lab needs beyond them.
    pub fn lacks(&self, sizes: &Sizes) -> Option<String> {
        let memory = self.memory.filter(|memory| *memory < sizes.mebibytes());
        let cpus = self.cpus.filter(|cpus| *cpus < sizes.cpus);
        let needs = [
            memory.map(|_| format!("{} MiB of memory", sizes.mebibytes())),
            cpus.map(|_| format!("{} processors", sizes.cpus)),
        ];
        let needs: Vec<String> = needs.into_iter().flatten().collect();
        (!needs.is_empty()).then(|| needs.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::units::Size;

    #[test]
    fn a_lab_gets_its_memory_beside_the_control_plane_and_its_processors() {
        let version: VersionReq = ">=1.32".parse().unwrap();
        let needs = [Need::Cluster(version.clone()), Need::Memory(Size(6 << 30)), Need::Cpus(4)];
        let sizes = Sizes::of(&needs).unwrap();
        assert_eq!(sizes, Sizes { memory: 7 << 30, cpus: 4, kubernetes: version });
        assert_eq!(sizes.mebibytes(), 7168);
        let one = Sizes::of(&[Need::Cluster(VersionReq::any()), Need::Cpus(1)]).unwrap();
        assert_eq!((one.memory, one.cpus), (MEMORY, CPUS));
    }

    #[test]
    fn a_cluster_that_was_made_for_a_smaller_lab_lacks_what_is_more() {
        let sizes = Sizes { memory: 7 << 30, cpus: 4, ..Sizes::default() };
        let lacks = |memory, cpus| Limits { memory, cpus }.lacks(&sizes);
        assert_eq!(lacks(Some(3072), Some(2)).unwrap(), "7168 MiB of memory and 4 processors");
        assert_eq!(lacks(Some(7168), Some(2)).unwrap(), "4 processors");
        assert_eq!(lacks(Some(8000), Some(4)), None);
        assert_eq!(lacks(None, None), None, "no limit");
    }

    #[test]
    fn a_lab_without_a_cluster_needs_none() {
        assert_eq!(Sizes::of(&[Need::Memory(Size(1)), Need::Cpus(9)]), None);
    }
}
