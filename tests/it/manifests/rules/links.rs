//! Selectors, and what Services and Ingresses lead to.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::containers::{is_port_name, ready_at};
use crate::manifests::model::{
    Pod, entries, find, id, kind, list, picks, pods, pods_of, protocol, text,
};

pub fn check(objects: &[Value]) -> Vec<String> {
    let mut findings = Vec::new();
    for object in objects {
        let found = match kind(object) {
            "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" => selector(object),
            "Service" => service(objects, object),
            "Ingress" => ingress(objects, object),
            _ => Vec::new(),
        };
        findings.extend(found.into_iter().map(|problem| format!("{}: {problem}", id(object))));
        if kind(object) == "StatefulSet" {
            let called = text(object, "/spec/serviceName");
            if find(objects, object, "Service", called).is_none() {
                findings
                    .push(format!("{}: there is no Service `{called}` for its names", id(object)));
            }
        }
    }
    findings
}

fn selector(object: &Value) -> Vec<String> {
    let wanted = &object["spec"]["selector"];
    let fits = pods_of(object).iter().all(|pod| picks(wanted, &pod.labels));
    let empty =
        entries(wanted, "/matchLabels").count() + list(wanted, "/matchExpressions").len() == 0;
    let problem = "the selector does not pick the labels of its own template";
    (!fits || empty).then(|| problem.to_owned()).into_iter().collect()
}

/// A Service's pods: none where it has no selector.
pub fn behind<'a>(objects: &'a [Value], service: &Value) -> Vec<Pod<'a>> {
    let wanted = json!({"matchLabels": service["spec"]["selector"]});
    pods(objects)
        .into_iter()
        .filter(|pod| pod.is_picked(service, &wanted) && !pod.labels.is_empty())
        .collect()
}

/// Where a port of a Service ends in a pod: number and protocol.
pub fn target(port: &Value, pod: &Pod) -> Option<(u64, String)> {
    let wanted = port.get("targetPort").unwrap_or(&port["port"]);
    let found = pod.ports().into_iter().find(|(name, number, spoken)| {
        *spoken == protocol(port)
            && (wanted.as_str() == Some(name) || wanted.as_u64() == Some(*number))
    });
    found.map(|(_, number, spoken)| (number, spoken.to_owned()))
}

fn service(objects: &[Value], service: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let ports = list(service, "/spec/ports");
    let outside = text(service, "/spec/type") == "ExternalName";
    if ports.is_empty() && !outside && text(service, "/spec/clusterIP") != "None" {
        found.push("has no ports".to_owned());
    }
    let (mut names, mut numbers) = (HashSet::new(), HashSet::new());
    for port in ports {
        let (name, number) = (text(port, "/name"), port["port"].as_u64().unwrap_or_default());
        for value in ["port", "targetPort"]
            .iter()
            .filter_map(|field| port.get(*field))
            .filter(|it| it.is_number())
        {
            if !(1..=65535).contains(&value.as_u64().unwrap_or_default()) {
                found.push(format!("the port {value} is not between 1 and 65535"));
            }
        }
        if let Some(node) = port.get("nodePort")
            && !(30000..=32767).contains(&node.as_u64().unwrap_or_default())
        {
            found.push(format!("the node port {node} is not between 30000 and 32767"));
        }
        if name.is_empty() && ports.len() > 1 {
            found.push("has several ports, and one has no name".to_owned());
        }
        if !name.is_empty() && !super::names::is_label(name) {
            found.push(format!("the port name `{name}` is no DNS label"));
        }
        if let Some(target) = port["targetPort"].as_str()
            && !is_port_name(target)
        {
            found.push(format!("the target `{target}` is no name of a port"));
        }
        if !names.insert(name) || !numbers.insert((number, protocol(port))) {
            found.push(format!("the port {number} ({name}) is there twice"));
        }
    }
    if outside || entries(service, "/spec/selector").count() == 0 {
        return found;
    }
    let behind = behind(objects, service);
    if behind.is_empty() {
        found.push("the selector picks no pod".to_owned());
    }
    for pod in &behind {
        for port in ports {
            let wanted = port.get("targetPort").unwrap_or(&port["port"]);
            match target(port, pod) {
                None => found.push(format!(
                    "leads to the port {wanted}, which {} does not have",
                    id(pod.owner)
                )),
                Some((number, spoken)) => {
                    let unready = pod
                        .main()
                        .into_iter()
                        .any(|it| ready_at(it, number, &spoken) == Some(false));
                    if unready {
                        found.push(format!(
                            "leads to {}, which has no readiness probe there",
                            id(pod.owner)
                        ));
                    }
                }
            }
        }
    }
    found
}

fn ingress(objects: &[Value], ingress: &Value) -> Vec<String> {
    let rules = list(ingress, "/spec/rules").iter().flat_map(|rule| list(rule, "/http/paths"));
    let backends =
        rules.map(|path| &path["backend"]).chain(ingress.pointer("/spec/defaultBackend"));
    let mut found = Vec::new();
    for backend in backends {
        let called = text(backend, "/service/name");
        let Some(service) = find(objects, ingress, "Service", called) else {
            found.push(format!("there is no Service {called}"));
            continue;
        };
        let (name, number) =
            (text(backend, "/service/port/name"), &backend["service"]["port"]["number"]);
        let fits = |port: &Value| {
            (!name.is_empty() && text(port, "/name") == name) || port["port"] == *number
        };
        if !list(service, "/spec/ports").iter().any(fits) {
            found.push(format!(
                "{} has no port {name}{}",
                id(service),
                number.as_u64().unwrap_or_default()
            ));
        }
    }
    for secret in list(ingress, "/spec/tls").iter().map(|tls| text(tls, "/secretName")) {
        if !secret.is_empty() && find(objects, ingress, "Secret", secret).is_none() {
            found.push(format!("there is no Secret {secret}"));
        }
    }
    found
}
