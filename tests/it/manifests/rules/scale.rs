//! Autoscalers, rollouts and disruption budgets: bounds that contradict themselves, targets that
//! are not there.

use serde_json::Value;

use crate::manifests::model::{find, id, kind, list, pods, pods_of, text};

pub fn check(objects: &[Value]) -> Vec<String> {
    let mut findings = Vec::new();
    for object in objects {
        let found = match kind(object) {
            "HorizontalPodAutoscaler" => autoscaler(objects, object),
            "Deployment" => rollout(object),
            "PodDisruptionBudget" => budget(objects, object),
            _ => Vec::new(),
        };
        findings.extend(found.into_iter().map(|problem| format!("{}: {problem}", id(object))));
    }
    findings
}

fn autoscaler(objects: &[Value], object: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let spec = &object["spec"];
    let (min, max) = (
        spec["minReplicas"].as_i64().unwrap_or(1),
        spec["maxReplicas"].as_i64().unwrap_or_default(),
    );
    if min > max {
        found.push(format!("minReplicas {min} is more than maxReplicas {max}"));
    }
    if min < 1 {
        found.push(format!("minReplicas {min} is less than 1"));
    }
    let (wanted, called) = (text(spec, "/scaleTargetRef/kind"), text(spec, "/scaleTargetRef/name"));
    let Some(target) = find(objects, object, wanted, called) else {
        found.push(format!("there is no {wanted} {called} to scale"));
        return found;
    };
    if text(target, "/apiVersion") != text(spec, "/scaleTargetRef/apiVersion") {
        found.push(format!("the target is of {}", text(target, "/apiVersion")));
    }
    if let Some(count) = target.pointer("/spec/replicas") {
        found.push(format!(
            "the target sets replicas {count}: every apply would fight the autoscaler"
        ));
    }
    // A share of the request: without one there is nothing to take a share of.
    for metric in list(spec, "/metrics")
        .iter()
        .filter(|it| text(it, "/resource/target/type") == "Utilization")
    {
        let name = text(metric, "/resource/name");
        let without = pods_of(target)
            .iter()
            .flat_map(|pod| pod.main())
            .any(|it| it.pointer(&format!("/resources/requests/{name}")).is_none());
        if without {
            found.push(format!("scales by {name}, and a container of the target requests none"));
        }
    }
    found
}

/// With neither a pod more nor a pod less no new one can come.
fn rollout(object: &Value) -> Vec<String> {
    let nothing = |field: &str| {
        object
            .pointer(&format!("/spec/strategy/rollingUpdate/{field}"))
            .is_some_and(|it| it == 0 || it == "0%")
    };
    let stuck = nothing("maxSurge") && nothing("maxUnavailable");
    stuck.then(|| "maxSurge and maxUnavailable are both 0".to_owned()).into_iter().collect()
}

fn budget(objects: &[Value], object: &Value) -> Vec<String> {
    let mut found = Vec::new();
    match (object["spec"].get("minAvailable"), object["spec"].get("maxUnavailable")) {
        (Some(_), Some(_)) => {
            found.push("has minAvailable and maxUnavailable: one is allowed".to_owned())
        }
        (None, None) => found.push("has neither minAvailable nor maxUnavailable".to_owned()),
        (one, other) => {
            let value = one.or(other).unwrap();
            let share = |text: &str| {
                text.strip_suffix('%')
                    .and_then(|it| it.parse::<u32>().ok())
                    .is_some_and(|it| it <= 100)
            };
            if value.as_u64().is_none() && !value.as_str().is_some_and(share) {
                found.push(format!("{value} is neither a number nor a share"));
            }
        }
    }
    if !pods(objects)
        .iter()
        .any(|pod| pod.is_picked(object, &object["spec"]["selector"]) && !pod.labels.is_empty())
    {
        found.push("the selector picks no pod".to_owned());
    }
    found
}
