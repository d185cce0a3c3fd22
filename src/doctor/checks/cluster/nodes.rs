//! Whether the ready nodes have the processors and the memory.

use serde_json::Value;

use super::api::judge_answers;
use super::config::probes;
use super::resources::list;
use crate::catalog::manifest::Need;
use crate::catalog::units::Size;
use crate::doctor::check::{BoxedCheck, Check, check, classes};
use crate::doctor::checks::common::{AmountClass, amount, gigabytes};
use crate::doctor::checks::subject::{Entry, Subject, entry};
use crate::doctor::draft::Draft;
use crate::doctor::kind::{Group, Kind};
use crate::doctor::observations::Observations;
use crate::doctor::probe::SharedProbe;
use crate::doctor::scope::{Demand, Scope};
use crate::doctor::tool::ToolOutput;

pub(in crate::doctor) const SUBJECT: Subject = Subject { entries, checks };

fn entries() -> Vec<Entry> {
    vec![entry::<NodeCpus>(), entry::<NodeMemory>()]
}

fn checks(demand: &Demand, _: &Scope) -> Vec<BoxedCheck> {
    let in_cluster = demand.in_cluster();
    let checks = demand.needs.iter().filter(|_| in_cluster).filter_map(|need| match need {
        Need::Cpus(count) => Some(check(NodeCpus(*count))),
        Need::Memory(size) => Some(check(NodeMemory(*size))),
        _ => None,
    });
    checks.collect()
}

classes! {
    NodesClass: AmountClass {
        NotReady = "not-ready",
    }
}

#[derive(Debug, PartialEq)]
struct NodeCpus(u32);

impl Check for NodeCpus {
    type Class = NodesClass;

    const KIND: &'static Kind =
        &Kind::new("kube.cpus", Group::Kubernetes, "the ready nodes have the processors");

    fn probes(&self) -> Vec<SharedProbe> {
        probes()
    }

    fn judge(&self, observed: &Observations) -> Draft<NodesClass> {
        judge_answers(observed, AmountClass::Late.into(), |answers, _| {
            let show = |thousandths| format!("{}", thousandths / 1000);
            capacity(&answers.nodes, Resource::Cpu, u64::from(self.0) * 1000, show)
        })
    }

    fn merge(&mut self, other: &NodeCpus) -> bool {
        self.0 = self.0.max(other.0);
        true
    }
}

#[derive(Debug, PartialEq)]
struct NodeMemory(Size);

impl Check for NodeMemory {
    type Class = NodesClass;

    const KIND: &'static Kind =
        &Kind::new("kube.memory", Group::Kubernetes, "the ready nodes have the memory");

    fn probes(&self) -> Vec<SharedProbe> {
        probes()
    }

    fn judge(&self, observed: &Observations) -> Draft<NodesClass> {
        judge_answers(observed, AmountClass::Late.into(), |answers, _| {
            capacity(&answers.nodes, Resource::Memory, self.0.0, gigabytes)
        })
    }

    fn merge(&mut self, other: &NodeMemory) -> bool {
        self.0 = self.0.max(other.0);
        true
    }
}

/// What a node can give to pods.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Resource {
    /// Processors, in thousandths.
    Cpu,
    /// Memory, in bytes.
    Memory,
}

/// The sum over the nodes that are ready.
fn capacity(
    output: &ToolOutput,
    resource: Resource,
    wanted: u64,
    show: impl Fn(u64) -> String,
) -> Draft<NodesClass> {
    let nodes = match list(output, "items") {
        Ok(nodes) => nodes,
        Err(message) => {
            return Draft::unknown(AmountClass::Unknown.into(), message).output(output);
        }
    };
    let ready = |node: &&Value| {
        let mut conditions = node["status"]["conditions"].as_array().into_iter().flatten();
        conditions.any(|one| one["type"] == "Ready" && one["status"] == "True")
    };
    let ready: Vec<&Value> = nodes.iter().filter(ready).collect();
    if ready.is_empty() {
        return Draft::warn(NodesClass::NotReady, "no node is ready").output(output).saw("");
    }
    let allocatable = |node: &&Value| {
        let all = &node["status"]["allocatable"];
        match resource {
            Resource::Cpu => quantity(all["cpu"].as_str()?, resource),
            Resource::Memory => quantity(all["memory"].as_str()?, resource),
        }
    };
    let sum = ready.iter().filter_map(allocatable).sum();
    amount(Some(sum), wanted, show).output(output)
}

/// A Kubernetes quantity (kubernetes.io, "Quantity"): `4`, `3920m` in thousandths; `8039Mi`,
/// `16393244Ki`, `8G` in bytes.
fn quantity(text: &str, resource: Resource) -> Option<u64> {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..at].parse().ok()?;
    let scale: u64 = match (&text[at..], resource) {
        ("m", Resource::Cpu) => return Some(number),
        ("m", Resource::Memory) => return Some(number / 1000),
        ("", Resource::Cpu) => 1000,
        ("", Resource::Memory) => 1,
        ("k", _) => 1000,
        ("Ki", _) => 1 << 10,
        ("M", _) => 1_000_000,
        ("Mi", _) => 1 << 20,
        ("G", _) => 1_000_000_000,
        ("Gi", _) => 1 << 30,
        ("Ti", _) => 1 << 40,
        _ => return None,
    };
    number.checked_mul(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_kubernetes_writes_them() {
        assert_eq!(quantity("4", Resource::Cpu), Some(4000));
        assert_eq!(quantity("3920m", Resource::Cpu), Some(3920));
        assert_eq!(quantity("16393244Ki", Resource::Memory), Some(16_393_244 << 10));
        assert_eq!(quantity("8Gi", Resource::Memory), Some(8 << 30));
        assert_eq!(quantity("8X", Resource::Memory), None);
        assert_eq!(quantity("", Resource::Memory), None);
    }
}
