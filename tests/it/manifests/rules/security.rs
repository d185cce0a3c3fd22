//! The Pod Security Standard "restricted", wherever a namespace asks for it, and a root file system
//! that is read-only.

use serde_json::Value;

use crate::manifests::model::{Pod, entries, id, kind, list, name, namespace, pods, text};

const LABEL: &str = "pod-security.kubernetes.io/";

/// Volumes that lead nowhere but to the pod's own data.
const VOLUMES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

pub fn check(objects: &[Value]) -> Vec<String> {
    let mut findings = Vec::new();
    for home in objects.iter().filter(|it| kind(it) == "Namespace") {
        let levels = entries(home, "/metadata/labels").filter(|(key, _)| {
            ["enforce", "audit", "warn"].iter().any(|how| *key == format!("{LABEL}{how}"))
        });
        for (_, level) in levels.filter(|(_, it)| {
            !["privileged", "baseline", "restricted"].iter().any(|known| it == known)
        }) {
            findings.push(format!("{}: {level} is no level of pod security", id(home)));
        }
    }
    // A ServingRuntime is half a pod: it is looked at in the InferenceService that uses it.
    for pod in pods(objects).iter().filter(|pod| !kind(pod.owner).ends_with("ServingRuntime")) {
        let enforced = asks(objects, pod.owner, "enforce");
        if !enforced && !asks(objects, pod.owner, "warn") {
            continue;
        }
        let mut found = pod_problems(pod);
        for container in pod.containers() {
            let mut problems = container_problems(pod, container);
            if enforced && container["securityContext"]["readOnlyRootFilesystem"] != true {
                problems.push("readOnlyRootFilesystem is not true");
            }
            found.extend(
                problems.iter().map(|it| format!("container {}: {it}", text(container, "/name"))),
            );
        }
        findings.extend(found.into_iter().map(|problem| format!("{}: {problem}", id(pod.owner))));
    }
    findings
}

/// What a namespace asks for: refuse (`enforce`), or only say (`warn`). One that is not in the
/// render may well refuse.
fn asks(objects: &[Value], owner: &Value, how: &str) -> bool {
    let home = objects.iter().find(|it| kind(it) == "Namespace" && name(it) == namespace(owner));
    let label = format!("{LABEL}{how}");
    home.is_none_or(|home| home["metadata"]["labels"][label] == "restricted")
}

fn pod_problems(pod: &Pod) -> Vec<String> {
    let mut found = Vec::new();
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        if pod.spec[field] == true {
            found.push(format!("{field} is not allowed"));
        }
    }
    for volume in list(pod.spec, "/volumes") {
        for (source, _) in
            entries(volume, "").filter(|(key, _)| *key != "name" && !VOLUMES.contains(key))
        {
            found.push(format!("a volume of the kind {source} is not allowed"));
        }
    }
    for sysctl in list(pod.spec, "/securityContext/sysctls") {
        if !SYSCTLS.contains(&text(sysctl, "/name")) {
            found.push(format!("the sysctl {} is not allowed", text(sysctl, "/name")));
        }
    }
    found
}

const SYSCTLS: [&str; 4] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
];

fn container_problems(pod: &Pod, container: &Value) -> Vec<&'static str> {
    let mut found = Vec::new();
    let own = &container["securityContext"];
    let either = |field: &str| own.get(field).or_else(|| pod.spec["securityContext"].get(field));
    if either("runAsNonRoot") != Some(&Value::Bool(true)) {
        found.push("runAsNonRoot is not true");
    }
    if either("runAsUser").is_some_and(|user| user == 0) {
        found.push("runs as root");
    }
    let seccomp = either("seccompProfile").map_or("", |profile| text(profile, "/type"));
    if !["RuntimeDefault", "Localhost"].contains(&seccomp) {
        found.push("has no seccomp profile");
    }
    if own["allowPrivilegeEscalation"] != false {
        found.push("allowPrivilegeEscalation is not false");
    }
    if own["privileged"] == true {
        found.push("is privileged");
    }
    if !list(own, "/capabilities/drop").iter().any(|it| it == "ALL") {
        found.push("does not drop ALL capabilities");
    }
    if list(own, "/capabilities/add").iter().any(|it| it != "NET_BIND_SERVICE") {
        found.push("adds capabilities");
    }
    if list(container, "/ports")
        .iter()
        .any(|port| port["hostPort"].as_u64().is_some_and(|it| it != 0))
    {
        found.push("takes a port of the host");
    }
    found
}
