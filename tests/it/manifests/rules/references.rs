//! What a pod names must be there: ConfigMaps and Secrets with their keys, claims, accounts,
//! variables.

use serde_json::Value;

use crate::manifests::model::{Pod, entries, find, id, kind, list, name, namespace, pods, text};

/// A ConfigMap or Secret that something names, with the keys that it must have.
struct Reference<'a> {
    kind: &'static str,
    name: &'a str,
    keys: Vec<&'a str>,
    optional: bool,
}

impl<'a> Reference<'a> {
    fn new(kind: &'static str, value: &'a Value, field: &str, keys: Vec<&'a str>) -> Reference<'a> {
        let optional = value.get("optional") == Some(&Value::Bool(true));
        Reference { kind, name: text(value, field), keys, optional }
    }
}

pub fn check(objects: &[Value]) -> Vec<String> {
    let mut findings = Vec::new();
    for pod in pods(objects) {
        // Templates without a namespace are used in others.
        if super::CLUSTER.contains(&kind(pod.owner)) {
            continue;
        }
        for reference in references(&pod).into_iter().filter(|reference| !reference.optional) {
            findings.extend(unmet(objects, pod.owner, &reference));
        }
        for volume in list(pod.spec, "/volumes") {
            let claim = text(volume, "/persistentVolumeClaim/claimName");
            if !claim.is_empty()
                && find(objects, pod.owner, "PersistentVolumeClaim", claim).is_none()
            {
                findings
                    .push(format!("{}: there is no PersistentVolumeClaim {claim}", id(pod.owner)));
            }
        }
        let account = text(pod.spec, "/serviceAccountName");
        if !["", "default"].contains(&account)
            && find(objects, pod.owner, "ServiceAccount", account).is_none()
        {
            findings.push(format!("{}: there is no ServiceAccount {account}", id(pod.owner)));
        }
    }
    findings.extend(bindings(objects));
    findings.extend(
        objects.iter().filter(|it| kind(it) == "TrainJob").filter_map(|job| runtime(objects, job)),
    );
    findings
}

fn references<'a>(pod: &Pod<'a>) -> Vec<Reference<'a>> {
    let mut found = Vec::new();
    let keys = |source: &'a Value| {
        list(source, "/items").iter().map(|item| text(item, "/key")).collect::<Vec<_>>()
    };
    for volume in list(pod.spec, "/volumes") {
        let projected = list(volume, "/projected/sources").iter();
        for source in projected.chain([volume]) {
            for (field, kind, called) in [
                ("configMap", "ConfigMap", "/name"),
                ("secret", "Secret", if source == volume { "/secretName" } else { "/name" }),
            ] {
                if let Some(source) = source.get(field) {
                    found.push(Reference::new(kind, source, called, keys(source)));
                }
            }
        }
    }
    for secret in list(pod.spec, "/imagePullSecrets") {
        found.push(Reference::new("Secret", secret, "/name", Vec::new()));
    }
    for container in pod.containers() {
        for (kind, from, key) in [
            ("ConfigMap", "configMapRef", "configMapKeyRef"),
            ("Secret", "secretRef", "secretKeyRef"),
        ] {
            let whole = list(container, "/envFrom").iter().filter_map(|source| source.get(from));
            found.extend(whole.map(|source| Reference::new(kind, source, "/name", Vec::new())));
            let single = list(container, "/env")
                .iter()
                .filter_map(|it| it.pointer(&format!("/valueFrom/{key}")));
            found.extend(
                single.map(|source| {
                    Reference::new(kind, source, "/name", vec![text(source, "/key")])
                }),
            );
        }
    }
    found
}

fn unmet(objects: &[Value], owner: &Value, reference: &Reference) -> Vec<String> {
    let Some(target) = find(objects, owner, reference.kind, reference.name) else {
        return vec![format!("{}: there is no {} {}", id(owner), reference.kind, reference.name)];
    };
    let has = |key: &str| {
        ["/data", "/stringData", "/binaryData"]
            .iter()
            .any(|field| entries(target, field).any(|(it, _)| it == key))
    };
    let missing = reference.keys.iter().filter(|key| !has(key));
    missing.map(|key| format!("{}: {} has no key `{key}`", id(owner), id(target))).collect()
}

/// Rights go to accounts that exist, from roles that exist.
fn bindings(objects: &[Value]) -> Vec<String> {
    let mut findings = Vec::new();
    for binding in
        objects.iter().filter(|it| ["RoleBinding", "ClusterRoleBinding"].contains(&kind(it)))
    {
        let (role, called) = (text(binding, "/roleRef/kind"), text(binding, "/roleRef/name"));
        let everywhere = ["view", "edit", "admin", "cluster-admin"].contains(&called)
            || called.starts_with("system:");
        let there = objects.iter().any(|it| {
            kind(it) == role
                && name(it) == called
                && (role != "Role" || namespace(it) == namespace(binding))
        });
        if !(there || role == "ClusterRole" && everywhere) {
            findings.push(format!("{}: there is no {role} {called}", id(binding)));
        }
        for subject in list(binding, "/subjects").iter().filter(|it| kind(it) == "ServiceAccount") {
            let (called, place) = (text(subject, "/name"), text(subject, "/namespace"));
            let there = |it: &Value| {
                kind(it) == "ServiceAccount" && name(it) == called && namespace(it) == place
            };
            if called != "default" && !objects.iter().any(there) {
                findings.push(format!(
                    "{}: there is no ServiceAccount {called} in `{place}`",
                    id(binding)
                ));
            }
        }
    }
    findings
}

/// A TrainJob's runtime, where it is one of this namespace; those of the cluster come with Trainer.
fn runtime(objects: &[Value], job: &Value) -> Option<String> {
    let called = text(job, "/spec/runtimeRef/name");
    let missing = text(job, "/spec/runtimeRef/kind") == "TrainingRuntime"
        && find(objects, job, "TrainingRuntime", called).is_none();
    missing.then(|| format!("{}: there is no TrainingRuntime {called}", id(job)))
}
