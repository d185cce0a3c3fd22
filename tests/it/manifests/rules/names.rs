//! Names, labels and namespaces: what the API server refuses by their form, and objects that are
//! there twice.

use std::collections::HashSet;

use serde_json::Value;

use crate::manifests::model::{entries, id, kind, list, name, namespace, pods_of, text};

/// Kinds that live in no namespace.
pub const CLUSTER: [&str; 19] = [
    "APIService",
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterServingRuntime",
    "ClusterStorageContainer",
    "ClusterTrainingRuntime",
    "ClusterWorkflowTemplate",
    "CSIDriver",
    "CustomResourceDefinition",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "PersistentVolume",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
];

pub fn check(objects: &[Value]) -> Vec<String> {
    let mut findings = Vec::new();
    let cluster = cluster_kinds(objects);
    let mut seen = HashSet::new();
    for object in objects {
        let group = text(object, "/apiVersion").rsplit_once('/').map_or("", |(group, _)| group);
        if !seen.insert((group, kind(object), namespace(object), name(object))) {
            findings.push(format!("{}: is there twice", id(object)));
        }
        findings.extend(named(object).map(|problem| format!("{}: {problem}", id(object))));
        findings
            .extend(labels(object).into_iter().map(|problem| format!("{}: {problem}", id(object))));
        if cluster.contains(kind(object)) && !namespace(object).is_empty() {
            findings.push(format!("{}: has a namespace, and its kind lives in none", id(object)));
        }
    }
    findings.extend(namespaces(objects, &cluster));
    findings
}

/// The kinds without a namespace, with those of the CRDs at hand.
fn cluster_kinds(objects: &[Value]) -> HashSet<&str> {
    let custom = objects.iter().filter(|object| text(object, "/spec/scope") == "Cluster");
    CLUSTER.into_iter().chain(custom.map(|crd| text(crd, "/spec/names/kind"))).collect()
}

/// One namespace for all, and one that is there if the render brings any.
fn namespaces(objects: &[Value], cluster: &HashSet<&str>) -> Vec<String> {
    let own: Vec<&str> =
        objects.iter().filter(|object| kind(object) == "Namespace").map(name).collect();
    let inside = objects.iter().filter(|object| !cluster.contains(kind(object)));
    let expected =
        own.first().copied().or_else(|| inside.clone().next().map(namespace)).unwrap_or_default();
    inside
        .filter(|object| namespace(object) != expected && !own.contains(&namespace(object)))
        .map(|object| {
            format!(
                "{}: is in the namespace `{}`, the others in `{expected}`",
                id(object),
                namespace(object)
            )
        })
        .collect()
}

/// What is wrong with the name of an object.
fn named(object: &Value) -> Option<String> {
    let name = name(object);
    let longest = match kind(object) {
        "CronJob" | "StatefulSet" => 52, // a label of its pods holds the name and a hash or a time
        "Namespace" | "Service" | "Job" | "JobSet" | "TrainJob" | "InferenceService" => 63,
        _ => 253,
    };
    let fits = match kind(object) {
        // RBAC allows what a URL allows.
        "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding" => {
            !name.is_empty() && !name.contains(['/', '%'])
        }
        "Service" | "JobSet" | "TrainJob" | "InferenceService" => {
            is_label(name) && name.starts_with(|first: char| first.is_ascii_lowercase())
        }
        "Namespace" => is_label(name),
        _ => name.split('.').all(is_label),
    };
    if name.is_empty() {
        Some("has no name".to_owned())
    } else if !fits {
        Some("the name is no DNS name of the form that its kind wants".to_owned())
    } else if name.len() > longest {
        Some(format!("the name has {} characters, {longest} are allowed", name.len()))
    } else {
        None
    }
}

/// A label of a host name: `web-1`.
pub fn is_label(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty()
        && name.len() <= 253
        && name.chars().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// Labels and annotations of an object, and of the pods that it makes.
fn labels(object: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let pods = pods_of(object);
    let of_pods = pods.iter().flat_map(|pod| pod.labels.iter().copied());
    let claims = list(object, "/spec/volumeClaimTemplates").iter();
    let own = claims.chain([object]).flat_map(|it| entries(it, "/metadata/labels"));
    let own = own.map(|(key, value)| (key, value.as_str().unwrap_or_default()));
    for (key, value) in own.chain(of_pods) {
        if !is_qualified(key) {
            found.push(format!("the label key `{key}` has a form that is not allowed"));
        }
        if !value.is_empty() && !is_word(value) {
            found.push(format!(
                "the label {key} has the value `{value}`, which has a form that is not allowed"
            ));
        }
    }
    for (key, _) in entries(object, "/metadata/annotations").filter(|(key, _)| !is_qualified(key)) {
        found.push(format!("the annotation key `{key}` has a form that is not allowed"));
    }
    if ["ConfigMap", "Secret"].contains(&kind(object)) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        for (key, _) in
            ["/data", "/stringData", "/binaryData"].iter().flat_map(|field| entries(object, field))
        {
            if key.is_empty() || key.len() > 253 || !key.chars().all(allowed) {
                found.push(format!("the key `{key}` has a form that is not allowed"));
            }
        }
    }
    found.dedup();
    found
}

/// `prefix/name` of a label or an annotation.
fn is_qualified(key: &str) -> bool {
    let (prefix, name) =
        key.rsplit_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    prefix.is_none_or(|prefix| prefix.split('.').all(is_label)) && is_word(name)
}

fn is_word(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphanumeric();
    (1..=63).contains(&text.len())
        && text.starts_with(edge)
        && text.ends_with(edge)
        && text.chars().all(|c| edge(c) || "-_.".contains(c))
}

#[test]
fn names_and_labels_have_their_forms() {
    assert!(is_label("web-1") && !is_label("Web") && !is_label("-web") && !is_label(""));
    assert!(
        is_qualified("app.kubernetes.io/name") && !is_qualified("a b") && !is_qualified("App.io/")
    );
    assert!(is_word("v1.2_3") && !is_word("a/b") && !is_word(&"a".repeat(64)) && !is_word("-a"));
}
