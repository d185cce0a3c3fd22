//! The Prometheus operator's kinds: what they select must be there, and an alert must get to where
//! the render sends it.

use serde_json::Value;

use crate::manifests::model::{entries, id, kind, list, namespace, picks, text};

pub fn check(objects: &[Value]) -> Vec<String> {
    let mut findings = Vec::new();
    for object in objects {
        let found = match kind(object) {
            "ServiceMonitor" => monitor(objects, object),
            "PrometheusRule" => rules(objects, object),
            "AlertmanagerConfig" => routes(object, &object["spec"]["route"]),
            _ => Vec::new(),
        };
        findings.extend(found.into_iter().map(|problem| format!("{}: {problem}", id(object))));
    }
    findings
}

/// One that selects nothing is no error to anybody: its job has no targets.
fn monitor(objects: &[Value], monitor: &Value) -> Vec<String> {
    let spec = &monitor["spec"];
    if spec.get("namespaceSelector").is_some() {
        return Vec::new(); // others may be there
    }
    let picked = |object: &&Value| {
        let labels: Vec<(&str, &str)> = entries(object, "/metadata/labels")
            .map(|(key, value)| (key, value.as_str().unwrap_or_default()))
            .collect();
        kind(object) == "Service"
            && namespace(object) == namespace(monitor)
            && picks(&spec["selector"], &labels)
    };
    let services: Vec<&Value> = objects.iter().filter(picked).collect();
    if services.is_empty() {
        return vec!["the selector picks no Service".to_owned()];
    }
    let mut found = Vec::new();
    for port in list(spec, "/endpoints").iter().map(|endpoint| text(endpoint, "/port")) {
        for service in &services {
            if !list(service, "/spec/ports").iter().any(|it| text(it, "/name") == port) {
                found.push(format!("{} has no port named `{port}`", id(service)));
            }
        }
    }
    found
}

/// The operator sends to an AlertmanagerConfig what has the label of its namespace.
fn rules(objects: &[Value], rule: &Value) -> Vec<String> {
    let here = namespace(rule);
    let routed = objects.iter().any(|it| kind(it) == "AlertmanagerConfig" && namespace(it) == here);
    let alerts = list(rule, "/spec/groups").iter().flat_map(|group| list(group, "/rules"));
    let lost = alerts.filter(|alert| {
        routed && alert.get("alert").is_some() && text(alert, "/labels/namespace") != here
    });
    lost.map(|alert| {
        format!("{} does not have the label namespace `{here}`", text(alert, "/alert"))
    })
    .collect()
}

/// A route, and those below it, must name receivers that are there.
fn routes(config: &Value, route: &Value) -> Vec<String> {
    let wanted = text(route, "/receiver");
    let there = wanted.is_empty()
        || list(config, "/spec/receivers").iter().any(|receiver| text(receiver, "/name") == wanted);
    let mut found: Vec<String> =
        (!there).then(|| format!("there is no receiver {wanted}")).into_iter().collect();
    found.extend(list(route, "/routes").iter().flat_map(|below| routes(config, below)));
    found
}
