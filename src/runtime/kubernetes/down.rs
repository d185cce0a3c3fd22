//! Taking the lab out of its cluster: what runs, or with `purge` all of it.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::kubectl::{Kubectl, QUERY_TIMEOUT};
use super::manifests::group;
use super::preflight::{is_gone, kind_of, resolve, served};
use super::{close_forwards, images, manifests, owned};
use crate::cluster::PROJECT;
use crate::error::{Error, Result};
use crate::platform::clock;
use crate::platform::term::Progress;
use crate::workspace::{Cluster, Object, Workspace};

/// Pods that drain, volumes that are let go.
const STOP: Duration = Duration::from_secs(5 * 60);

/// Between two looks at what is still there.
const POLL_INTERVAL: Duration = Duration::from_millis(300);

/// Everything that runs pods.
const RUNNING: &str =
    "deployments,statefulsets,daemonsets,jobs,cronjobs,replicasets,replicationcontrollers,pods";

/// What stays until `--purge`: data, what holds it, and definitions, with which all of their
/// objects would go.
const KEPT: [&str; 4] =
    ["Namespace", "PersistentVolumeClaim", "PersistentVolume", "CustomResourceDefinition"];

/// Stops what runs in the cluster; with `purge` the namespace goes with all that is in it, and what
/// was built here goes from the engine. Copies of images on the nodes stay: the nodes themselves
/// drop what nobody uses when their disks fill.
///
/// # Errors
/// Exit 3 when the cluster cannot be asked although something of the lab is there, or when it does
/// not let go in time.
pub(super) fn down(
    ws: &Workspace,
    purge: bool,
    progress: &mut dyn Progress,
) -> Result<Vec<String>> {
    let mut stopped = close_forwards(ws);
    let Some(mut cluster) = ws.cluster()? else { return Ok(stopped) };
    if !cluster.up && !purge {
        return Ok(stopped);
    }
    if is_gone(&cluster)? {
        images::forget(cluster.images.keys().filter(|_| purge));
        ws.forget_cluster()?;
        return Ok(stopped);
    }
    resolve(ws, Some(&cluster.context), Some(&cluster))?;
    let kubectl = Kubectl { ws, cluster: &cluster };
    let namespace = kubectl.get(&["namespace", &cluster.namespace])?;
    let ours = namespace.as_ref().is_some_and(|namespace| owned(ws, namespace));
    if ours {
        progress.start(&format!("stopping what runs in {}", cluster.namespace));
        let running = kubectl.list("deployments,statefulsets,daemonsets,jobs,cronjobs")?;
        stopped
            .extend(running.iter().filter_map(manifests::named).map(|object| object.to_string()));
        delete_objects(&kubectl, &cluster.objects, purge)?;
        if purge {
            delete_namespace(&kubectl, progress)?;
            stopped.push(format!("namespace/{}", cluster.namespace));
        } else {
            delete_running(&kubectl, progress)?;
        }
        progress.done("");
    } else if purge && namespace.is_none() {
        // Else everything of that name is another's by now.
        let wide: Vec<Object> =
            cluster.objects.iter().filter(|object| object.namespace.is_none()).cloned().collect();
        delete_objects(&kubectl, &wide, purge)?;
    }
    if purge {
        images::forget(cluster.images.keys());
        ws.forget_cluster()?;
    } else {
        cluster.up = false;
        cluster.made = ours;
        ws.note_cluster(&cluster)?;
    }
    Ok(stopped)
}

/// Deletes what was applied. Of what belongs to the whole cluster only what carries our label goes,
/// and a definition only when nobody else has objects of it.
fn delete_objects(kubectl: &Kubectl<'_>, objects: &[Object], purge: bool) -> Result<()> {
    // Objects whose definition is gone are gone as well, and kubectl would stumble over them.
    let served = served(kubectl)?;
    let mut gone: Vec<Object> = Vec::new();
    for object in objects {
        if object.version.contains('/') && !served.contains(&object.version) {
            continue;
        }
        let wide = object.namespace.is_none();
        if object.kind == "Namespace" || KEPT.contains(&object.kind.as_str()) && !(purge && wide) {
            continue;
        }
        if wide && !(purge && ours(kubectl, object)?) {
            continue;
        }
        gone.push(object.clone());
    }
    if gone.is_empty() {
        return Ok(());
    }
    let list = manifests::to_delete(&gone).to_string();
    let args = ["delete", "--ignore-not-found", "--wait=false", "--filename=-"];
    let answer = kubectl.run(&args, list.into_bytes(), STOP)?;
    if answer.well() { Ok(()) } else { Err(answer.error("not everything could be deleted")) }
}

/// Whether an object of the whole cluster is this lab's to delete.
fn ours(kubectl: &Kubectl<'_>, object: &Object) -> Result<bool> {
    let kind = kind_of(&format!("{}.{}", object.kind.to_ascii_lowercase(), group(&object.version)));
    let Some(there) = kubectl.get(&[&kind, &object.name])? else { return Ok(false) };
    if there["metadata"]["labels"][PROJECT] != kubectl.cluster.namespace.as_str() {
        return Ok(false);
    }
    if object.kind != "CustomResourceDefinition" {
        return Ok(true);
    }
    let found = kubectl.get(&[&object.name, "--all-namespaces"])?.unwrap_or_default();
    let own = kubectl.cluster.namespace.as_str();
    let foreign = |item: &&Value| match item["metadata"]["namespace"].as_str() {
        Some(namespace) => namespace != own,
        // Of the whole cluster, like the definition: ours carry our label.
        None => item["metadata"]["labels"][PROJECT] != own,
    };
    Ok(found["items"].as_array().is_none_or(|items| !items.iter().any(|item| foreign(&item))))
}

fn delete_running(kubectl: &Kubectl<'_>, progress: &mut dyn Progress) -> Result<()> {
    let end = Instant::now() + STOP;
    let args = ["delete", RUNNING, "--all", "--wait=false", "--ignore-not-found"];
    let answer = kubectl.run(&args, Vec::new(), STOP)?;
    if !answer.well() {
        return Err(answer.error("not everything could be stopped"));
    }
    loop {
        let pods = kubectl.list("pods")?;
        if pods.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> =
            pods.iter().filter_map(|pod| pod["metadata"]["name"].as_str()).collect();
        progress.update(&format!("waiting for {}", names.join(", ")));
        if Instant::now() >= end {
            return Err(Error::environment(format!(
                "pods that do not end within {} s",
                STOP.as_secs()
            ))
            .detail(names.join("\n"))
            .hint("what holds them: kubectl describe pod, its finalizers and its node"));
        }
        clock::pause(POLL_INTERVAL)?;
    }
}

fn delete_namespace(kubectl: &Kubectl<'_>, progress: &mut dyn Progress) -> Result<()> {
    let name = &kubectl.cluster.namespace;
    let args = ["delete", "namespace", name, "--wait=false", "--ignore-not-found"];
    let answer = kubectl.run(&args, Vec::new(), QUERY_TIMEOUT)?;
    if !answer.well() {
        return Err(answer.error(&format!("the namespace {name} cannot be deleted")));
    }
    let end = Instant::now() + STOP;
    loop {
        let Some(namespace) = kubectl.get(&["namespace", name])? else { return Ok(()) };
        let conditions = namespace["status"]["conditions"].as_array();
        let holding = conditions.into_iter().flatten().filter(|one| one["status"] == "True");
        let words: Vec<&str> = holding.filter_map(|one| one["message"].as_str()).collect();
        progress.update(words.last().copied().unwrap_or("waiting until the namespace is gone"));
        if Instant::now() >= end {
            return Err(Error::environment(format!(
                "the namespace {name} is not gone after {} s",
                STOP.as_secs()
            ))
            .detail(words.join("\n"))
            .hint(
                "a finalizer of something in it is never removed: remove it, then: \
                 mlops-lab down --purge",
            ));
        }
        clock::pause(POLL_INTERVAL)?;
    }
}

/// What is left in the cluster, in words.
pub(super) fn left(ws: &Workspace, cluster: &Cluster, purged: bool) -> Result<Vec<String>> {
    let kubectl = Kubectl { ws, cluster };
    let mut left = Vec::new();
    let Some(namespace) = kubectl.get(&["namespace", &cluster.namespace])? else { return Ok(left) };
    if !owned(ws, &namespace) {
        return Ok(left);
    }
    if purged {
        left.push(format!("namespace {}", cluster.namespace));
    }
    let pods = kubectl.list("pods")?;
    left.extend(pods.iter().filter_map(manifests::named).map(|pod| format!("pod {}", pod.name)));
    Ok(left)
}
