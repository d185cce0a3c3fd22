//! Pods one by one: containers, ports, probes, volumes, images, restarts.

use std::collections::HashSet;

use serde_json::Value;

use super::names::is_label;
use crate::manifests::model::{Pod, entries, id, kind, list, pods, protocol, text};

pub fn check(objects: &[Value]) -> Vec<String> {
    let mut findings = Vec::new();
    for pod in pods(objects) {
        let mut found = restarts(&pod);
        found.extend(volumes(&pod));
        found.extend(twice(
            "container",
            pod.containers().iter().map(|container| text(container, "/name")),
        ));
        let ports = pod.ports();
        found.extend(twice(
            "port name",
            ports.iter().map(|(name, ..)| *name).filter(|name| !name.is_empty()),
        ));
        for container in pod.containers() {
            let problems = container_problems(&pod, container);
            found.extend(
                problems
                    .into_iter()
                    .map(|it| format!("container {}: {it}", text(container, "/name"))),
            );
        }
        findings.extend(found.into_iter().map(|problem| format!("{}: {problem}", id(pod.owner))));
    }
    findings.extend(objects.iter().filter(|object| kind(object) == "CronJob").filter_map(schedule));
    findings
}

fn twice<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = HashSet::new();
    names
        .filter(|name| !seen.insert(*name))
        .map(|name| format!("the {what} `{name}` is there twice"))
        .collect()
}

fn container_problems(pod: &Pod, container: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let name = text(container, "/name");
    if (!name.is_empty() || !pod.partial) && (!is_label(name) || name.len() > 63) {
        found.push("the name is no DNS label".to_owned());
    }
    found.extend(image(text(container, "/image"), pod.partial));
    for port in list(container, "/ports") {
        found.extend(port_problem(port));
    }
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        if let Some(value) = container.get(probe) {
            found.extend(
                probe_problems(pod, probe, value).into_iter().map(|it| format!("{probe}: {it}")),
            );
        }
    }
    for hook in ["postStart", "preStop"] {
        if let Some(value) = container.pointer(&format!("/lifecycle/{hook}")) {
            found.extend(
                handlers(value, &["exec", "httpGet", "sleep", "tcpSocket"])
                    .map(|it| format!("{hook}: {it}")),
            );
        }
    }
    let known: HashSet<&str> = list(pod.spec, "/volumes")
        .iter()
        .map(|volume| text(volume, "/name"))
        .chain(pod.claims.clone())
        .collect();
    for mount in list(container, "/volumeMounts") {
        let volume = text(mount, "/name");
        if !known.contains(volume) {
            found.push(format!("mounts `{volume}`, and the pod has no such volume"));
        }
    }
    found.extend(twice(
        "mount path",
        list(container, "/volumeMounts").iter().map(|it| text(it, "/mountPath")),
    ));
    found.extend(environment(container));
    found
}

/// A variable that is there twice, or that uses one which is not there yet.
fn environment(container: &Value) -> Vec<String> {
    let all = list(container, "/env");
    let mut found = twice("variable", all.iter().map(|variable| text(variable, "/name")));
    let mut before = HashSet::new();
    for variable in all {
        let name = text(variable, "/name");
        if name.is_empty() || name.contains(['=', ' ']) {
            found.push(format!("`{name}` is no name of a variable"));
        }
        // `$(NAME)` is put in only when NAME stands above; `$$(NAME)` is meant as it is.
        for part in text(variable, "/value").replace("$$", "").split("$(").skip(1) {
            let used = part.split(')').next().unwrap_or_default();
            if !before.contains(used) && list(container, "/envFrom").is_empty() {
                found
                    .push(format!("the variable {name} uses $({used}), which is not set above it"));
            }
        }
        before.insert(name);
    }
    found
}

fn image(image: &str, partial: bool) -> Option<String> {
    let last = image.rsplit('/').next().unwrap_or_default();
    let tag = last.split('@').next().unwrap_or_default().split_once(':').map(|(_, tag)| tag);
    match tag {
        _ if image.is_empty() => (!partial).then(|| "has no image".to_owned()),
        Some("latest") => {
            Some(format!("the image {image} is `latest`: nobody knows which that is"))
        }
        None if !last.contains('@') => Some(format!("the image {image} has no tag")),
        _ => None,
    }
}

fn port_problem(port: &Value) -> Option<String> {
    let (number, name) = (port["containerPort"].as_u64().unwrap_or_default(), text(port, "/name"));
    if !(1..=65535).contains(&number) {
        return Some(format!("the port {} is not between 1 and 65535", port["containerPort"]));
    }
    (!name.is_empty() && !is_port_name(name))
        .then(|| format!("`{name}` is no name of a port (15 characters of a-z, 0-9, -)"))
}

/// An IANA service name.
pub fn is_port_name(name: &str) -> bool {
    is_label(name)
        && name.len() <= 15
        && !name.contains("--")
        && name.chars().any(|c| c.is_ascii_lowercase())
}

fn handlers(value: &Value, known: &[&str]) -> Option<String> {
    let here: Vec<&str> =
        known.iter().copied().filter(|handler| value.get(*handler).is_some()).collect();
    match here.len() {
        1 => None,
        0 => Some("has no handler".to_owned()),
        _ => Some(format!("has more than one handler: {}", here.join(" and "))),
    }
}

fn probe_problems(pod: &Pod, which: &str, probe: &Value) -> Vec<String> {
    let mut found: Vec<String> =
        handlers(probe, &["exec", "grpc", "httpGet", "tcpSocket"]).into_iter().collect();
    for pointer in ["/httpGet/port", "/tcpSocket/port"] {
        match probe.pointer(pointer) {
            Some(Value::String(name)) if !pod.ports().iter().any(|(port, ..)| port == name) => {
                found.push(format!("asks the port `{name}`, and the pod has none of that name"));
            }
            Some(Value::Number(number))
                if !(1..=65535).contains(&number.as_u64().unwrap_or_default()) =>
            {
                found.push(format!("the port {number} is not between 1 and 65535"));
            }
            _ => {}
        }
    }
    for field in ["periodSeconds", "timeoutSeconds", "failureThreshold", "successThreshold"] {
        if probe.get(field).is_some_and(|value| value.as_i64() < Some(1)) {
            found.push(format!("{field} is less than 1"));
        }
    }
    if which != "readinessProbe"
        && probe.get("successThreshold").is_some_and(|value| value.as_i64() != Some(1))
    {
        found.push("successThreshold must be 1".to_owned());
    }
    found
}

fn volumes(pod: &Pod) -> Vec<String> {
    let all = list(pod.spec, "/volumes");
    let mut found = twice("volume", all.iter().map(|volume| text(volume, "/name")));
    for volume in all {
        let name = text(volume, "/name");
        let sources = entries(volume, "").filter(|(key, _)| *key != "name").count();
        if sources != 1 {
            found.push(format!("the volume `{name}` has {sources} sources, one is allowed"));
        }
        if !is_label(name) || name.len() > 63 {
            found.push(format!("the volume name `{name}` is no DNS label"));
        }
    }
    found
}

/// A Deployment's pods are always started again, a Job's never are while it succeeds.
fn restarts(pod: &Pod) -> Vec<String> {
    let policy = text(pod.spec, "/restartPolicy");
    let fits = match kind(pod.owner) {
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" => {
            ["", "Always"].contains(&policy)
        }
        "Job" | "CronJob" | "JobSet" => ["OnFailure", "Never"].contains(&policy),
        // Trainer sets it.
        "TrainingRuntime" | "ClusterTrainingRuntime" => policy != "Always",
        _ => true,
    };
    let problem = format!("restartPolicy `{policy}` is not allowed in a {}", kind(pod.owner));
    (!fits).then_some(problem).into_iter().collect()
}

/// Five fields, each of numbers, ranges, lists and steps within its bounds, or an `@` word.
fn schedule(object: &Value) -> Option<String> {
    let text = text(object, "/spec/schedule");
    let words = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
    let bounds = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)];
    let fields: Vec<&str> = text.split_whitespace().collect();
    let number = |text: &str, (low, high): (u32, u32)| {
        text.parse::<u32>().is_ok_and(|read| (low..=high).contains(&read))
            || (high <= 12 && text.len() == 3 && text.chars().all(|c| c.is_ascii_alphabetic()))
    };
    let part = |text: &str, bounds| {
        let (range, step) = text.split_once('/').unwrap_or((text, "1"));
        let mut ends = range.split('-');
        let range =
            range == "*" || (range.matches('-').count() < 2 && ends.all(|end| number(end, bounds)));
        range && step.parse::<u32>().is_ok_and(|step| step > 0)
    };
    let fits = words.contains(&text)
        || (fields.len() == 5
            && fields
                .iter()
                .zip(bounds)
                .all(|(field, bounds)| field.split(',').all(|it| part(it, bounds))));
    (!fits).then(|| format!("{}: `{text}` is no schedule", id(object)))
}

/// Whether a container takes traffic at this port and says when it is ready for it.
pub fn ready_at(container: &Value, number: u64, wanted: &str) -> Option<bool> {
    let has = list(container, "/ports")
        .iter()
        .any(|port| port["containerPort"].as_u64() == Some(number) && protocol(port) == wanted);
    has.then(|| container.get("readinessProbe").is_some())
}
