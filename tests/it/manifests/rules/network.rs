//! Network policies: they must pick something, name ports that are there, and let a Service's
//! traffic in.

use serde_json::Value;

use super::links::{behind, target};
use crate::manifests::model::{Pod, entries, id, kind, list, pods, protocol, text};

pub fn check(objects: &[Value]) -> Vec<String> {
    let mut findings = Vec::new();
    let policies: Vec<&Value> = objects.iter().filter(|it| kind(it) == "NetworkPolicy").collect();
    for policy in &policies {
        findings.extend(
            problems(objects, policy)
                .into_iter()
                .map(|problem| format!("{}: {problem}", id(policy))),
        );
    }
    for service in objects.iter().filter(|it| kind(it) == "Service") {
        for pod in behind(objects, service) {
            for port in list(service, "/spec/ports") {
                let Some((number, spoken)) = target(port, &pod) else { continue };
                if !lets_in(&policies, &pod, number, &spoken) {
                    findings.push(format!(
                        "{}: no network policy lets anybody in at {number}",
                        id(service)
                    ));
                }
            }
        }
    }
    findings
}

/// Labels of pods that other programs make while they run: no manifest shows them.
const MADE_LATER: [&str; 2] = ["pipelines.kubeflow.org/", "workflows.argoproj.io/"];

fn is_made_later(selector: &Value) -> bool {
    entries(selector, "/matchLabels")
        .any(|(key, _)| MADE_LATER.iter().any(|prefix| key.starts_with(prefix)))
}

fn problems(objects: &[Value], policy: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let all = pods(objects);
    let picked: Vec<&Pod> =
        all.iter().filter(|pod| pod.is_picked(policy, &policy["spec"]["podSelector"])).collect();
    let selector = &policy["spec"]["podSelector"];
    let everybody = selector.as_object().is_some_and(serde_json::Map::is_empty);
    if picked.is_empty() && !everybody && !is_made_later(selector) {
        found.push("the selector picks no pod".to_owned());
    }
    for (direction, peers) in [("ingress", "/from"), ("egress", "/to")] {
        for rule in list(&policy["spec"], &format!("/{direction}")) {
            let mut others: Vec<&Pod> = Vec::new();
            for peer in list(rule, peers) {
                let Some(selector) =
                    peer.get("podSelector").filter(|_| peer.get("namespaceSelector").is_none())
                else {
                    continue;
                };
                let here: Vec<&Pod> =
                    all.iter().filter(|pod| pod.is_picked(policy, selector)).collect();
                if here.is_empty() && !is_made_later(selector) {
                    found.push(format!("a peer of its {direction} rules picks no pod"));
                }
                others.extend(here);
            }
            let at: Vec<&Pod> = if direction == "ingress" { picked.clone() } else { others };
            for port in list(rule, "/ports") {
                found.extend(port_problem(direction, port, &at));
            }
        }
        let listed = list(&policy["spec"], "/policyTypes")
            .iter()
            .any(|it| it.as_str().is_some_and(|it| it.eq_ignore_ascii_case(direction)));
        if policy["spec"].get(direction).is_some() && !listed && direction == "egress" {
            found.push("has egress rules and no policyTypes that says Egress".to_owned());
        }
    }
    found
}

fn port_problem(direction: &str, port: &Value, at: &[&Pod]) -> Option<String> {
    match &port["port"] {
        Value::String(name)
            if !at.iter().any(|pod| pod.ports().iter().any(|(it, ..)| it == name)) =>
        {
            Some(format!("its {direction} rules name the port `{name}`, which no pod there has"))
        }
        Value::Number(number) if !(1..=65535).contains(&number.as_u64().unwrap_or_default()) => {
            Some(format!("the port {number} is not between 1 and 65535"))
        }
        _ => None,
    }
}

/// Whether traffic to a port of a pod passes: no policy for incoming traffic picks the pod, or one
/// allows it.
fn lets_in(policies: &[&Value], pod: &Pod, number: u64, spoken: &str) -> bool {
    let incoming = |policy: &&&Value| {
        let types = list(policy, "/spec/policyTypes");
        types.is_empty() || types.iter().any(|it| it.as_str() == Some("Ingress"))
    };
    let picking: Vec<&&Value> = policies
        .iter()
        .filter(incoming)
        .filter(|policy| pod.is_picked(policy, &policy["spec"]["podSelector"]))
        .collect();
    let allows = |rule: &Value| {
        let ports = list(rule, "/ports");
        ports.is_empty()
            || ports.iter().any(|port| {
                let named = pod.ports().iter().any(|(name, at, _)| {
                    !name.is_empty() && text(port, "/port") == *name && *at == number
                });
                let end = port["endPort"].as_u64().or(port["port"].as_u64());
                let ranged = port["port"]
                    .as_u64()
                    .is_some_and(|from| (from..=end.unwrap_or(from)).contains(&number));
                protocol(port) == spoken && (port.get("port").is_none() || named || ranged)
            })
    };
    picking.is_empty()
        || picking.iter().any(|policy| list(policy, "/spec/ingress").iter().any(allows))
}
