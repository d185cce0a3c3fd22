//! Quantities: they must be read, and a request must fit its limit.

use serde_json::Value;

use crate::manifests::model::{entries, id, kind, pods_of, text};

pub fn check(objects: &[Value]) -> Vec<String> {
    objects
        .iter()
        .flat_map(|object| {
            in_object(object).into_iter().map(move |problem| format!("{}: {problem}", id(object)))
        })
        .collect()
}

fn in_object(object: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for pod in pods_of(object) {
        for container in pod.containers() {
            let called = text(container, "/name");
            found.extend(
                resources(container)
                    .into_iter()
                    .map(|problem| format!("container {called}: {problem}")),
            );
            if !pod.partial {
                found.extend(
                    missing(container).map(|problem| format!("container {called}: {problem}")),
                );
            }
        }
        for volume in crate::manifests::model::list(pod.spec, "/volumes") {
            if let Some(limit) = volume.pointer("/emptyDir/sizeLimit") {
                found.extend(unread("sizeLimit", limit));
            }
        }
    }
    let claims = crate::manifests::model::list(object, "/spec/volumeClaimTemplates").iter();
    for claim in claims.chain((kind(object) == "PersistentVolumeClaim").then_some(object)) {
        found.extend(
            entries(claim, "/spec/resources/requests").flat_map(|(key, size)| unread(key, size)),
        );
    }
    if let Some(trainer) = object.pointer("/spec/trainer/resourcesPerNode") {
        found.extend(resources(&serde_json::json!({"resources": trainer})));
    }
    if kind(object) == "ResourceQuota" {
        found.extend(entries(object, "/spec/hard").flat_map(|(key, size)| unread(key, size)));
    }
    found
}

/// Without requests the scheduler is blind, without a limit of memory one pod takes the node's.
fn missing(container: &Value) -> Option<String> {
    let wanted = ["requests/cpu", "requests/memory", "limits/memory"];
    let missing: Vec<&str> = wanted
        .into_iter()
        .filter(|path| container.pointer(&format!("/resources/{path}")).is_none())
        .collect();
    (!missing.is_empty()).then(|| format!("has no {}", missing.join(", no ")))
}

fn resources(container: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for pointer in ["/resources/requests", "/resources/limits"] {
        for (name, size) in entries(container, pointer) {
            found.extend(unread(name, size));
            if name == "memory" && size.as_str().is_some_and(|size| size.ends_with('m')) {
                found.push("memory in thousandths of a byte: `Mi` is meant".to_owned());
            }
        }
    }
    for (name, request) in entries(container, "/resources/requests") {
        let limit = container
            .pointer("/resources/limits")
            .and_then(|limits| limits.get(name))
            .and_then(quantity);
        if let (Some(request), Some(limit)) = (quantity(request), limit)
            && request > limit
        {
            found.push(format!("requests more {name} than its limit"));
        }
    }
    found
}

fn unread(name: &str, size: &Value) -> Option<String> {
    quantity(size).is_none().then(|| format!("{name}: {size} is no quantity"))
}

/// A quantity as the API reads it: `250m`, `1.5Gi`, `1e3`, `2`.
pub fn quantity(size: &Value) -> Option<f64> {
    let text = match size {
        Value::Number(number) => return number.as_f64().filter(|number| *number >= 0.0),
        Value::String(text) => text.as_str(),
        _ => return None,
    };
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    // `1e3` and `1E3` end in a digit; `1E` is a suffix.
    let scale = match &text[number.len()..] {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024_f64.powi(2),
        "Gi" => 1024_f64.powi(3),
        "Ti" => 1024_f64.powi(4),
        "Pi" => 1024_f64.powi(5),
        "Ei" => 1024_f64.powi(6),
        _ => return None,
    };
    let digits =
        !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c));
    digits
        .then(|| number.parse::<f64>().ok())
        .flatten()
        .filter(|read| *read >= 0.0)
        .map(|read| read * scale)
}

#[test]
fn quantities_are_read_as_the_api_reads_them() {
    let read = |text: &str| quantity(&Value::from(text));
    for (text, value) in
        [("250m", 0.25), ("1.5Gi", 1.5 * 1024_f64.powi(3)), ("1e3", 1e3), ("2", 2.0), ("1E", 1e18)]
    {
        assert_eq!(read(text), Some(value), "{text}");
    }
    for text in ["", "Mi", "1MB", "1 Gi", "1gi", "one", "-1", "1mi", "0x10", "1Gb"] {
        assert_eq!(read(text), None, "{text}");
    }
}
