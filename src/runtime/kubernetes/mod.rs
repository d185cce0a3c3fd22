//! The runtime `kubernetes`: the same verbs over kubectl, in a namespace of the lab's own.
//!
//! Nothing is done to a cluster that the user did not mean: its context has the name of a local cluster, or was named; a namespace that
//! somebody else made is left alone; of what belongs to the whole cluster nothing is changed that is not ours.

mod down;
mod forward;
mod images;
mod kubectl;
mod manifests;
mod rollout;
mod status;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub(super) use down::down;
pub(super) use status::{leftovers, logs, memory, services};

use super::{Options, context, free_ports, local, python, ready};
use crate::catalog::manifest::{Kubernetes, RuntimeKind};
use crate::error::{Error, Result};
use crate::platform::kubeconfig::{self, Context};
use crate::platform::term::Progress;
use crate::platform::world::World;
use crate::platform::{clock, fs};
use crate::workspace::{Cluster, Object, Workspace};
use images::Road;
use kubectl::{ASK, Kubectl};
use rollout::{Rollout, Trouble};

const KIND: RuntimeKind = RuntimeKind::Kubernetes;

/// All rollouts together, when the lab says nothing.
const ROLLOUT: Duration = Duration::from_secs(10 * 60);

/// Applying what was rendered.
const APPLY: Duration = Duration::from_secs(120);

/// Between two looks at the rollouts.
const LOOK: Duration = Duration::from_millis(700);

/// Lines of a container's log that an error shows.
const TAIL: usize = 10;

/// Who we are to the API server (kubernetes.io, "Server-Side Apply: field management").
const MANAGER: &str = "--field-manager=mlops-lab";

/// The label that says which lab a namespace was made for: a workspace's id.
const OWNER: &str = "dev.mlops-lab.workspace";

/// The label that the labs' own manifests carry.
const PROJECT: &str = "dev.mlops-lab.project";

/// What is listed to see how far the rollouts are.
const WATCHED: &str = "deployments,statefulsets,daemonsets,jobs,pods,events";

fn plan(ws: &Workspace) -> Result<&Kubernetes> {
    ws.manifest()
        .runtime
        .kubernetes
        .as_ref()
        .ok_or_else(|| Error::usage("this lab does not offer the runtime kubernetes"))
}

/// The context that is meant: the named one, else the one that the lab was brought to, else the current one if it is known to be local.
///
/// # Errors
/// Exit 3: no such context, none at all, one that is not known to be local and was not named, one that means another cluster now.
fn resolve(ws: &Workspace, named: Option<&str>, before: Option<&Cluster>) -> Result<Context> {
    let wanted = named.or(before.map(|cluster| cluster.context.as_str()));
    let context = kubeconfig::context(&kubeconfig::files(), wanted).map_err(|(class, words)| {
        let error = Error::environment(words);
        match class {
            "missing-context" | "no-context" => error
                .hint("see them: kubectl config get-contexts")
                .hint("name one: mlops-lab up --runtime kubernetes --context NAME"),
            "no-config" => error
                .hint(
                    "a cluster on this machine: kind create cluster, then mlops-lab up --runtime kubernetes",
                )
                .hint("or without a cluster: mlops-lab up --runtime local"),
            _ => error.hint("see: mlops-lab doctor --runtime kubernetes"),
        }
    })?;
    if !context.allowed() {
        return Err(Error::environment(format!(
            "the current context `{}` is not known to be a local cluster: it is left alone",
            context.name
        ))
        .detail(format!("its API server is {}", context.server))
        .hint(format!("if you mean it: mlops-lab up --runtime kubernetes --context {}", context.name)));
    }
    if let Some(before) = before
        && (before.context != context.name || before.server != context.server)
        && before.made
    {
        return Err(Error::environment(format!(
            "the lab was brought to `{}` at {}, and `{}` is at {}",
            before.context, before.server, context.name, context.server
        ))
        .hint("take it away there first: mlops-lab down --purge")
        .hint(format!(
            "if that cluster does not exist any more: rm {}",
            ws.run_folder().join("cluster.json").display()
        )));
    }
    Ok(context)
}

pub(super) fn up(
    ws: &Workspace,
    options: &Options,
    world: &dyn World,
    progress: &mut dyn Progress,
) -> Result<Vec<String>> {
    let plan = plan(ws)?;
    let before = ws.cluster()?;
    let context = resolve(ws, options.context.as_deref(), before.as_ref())?;
    let known = before.clone().filter(|before| before.context == context.name);
    let mut cluster = Cluster {
        context: context.name.clone(),
        server: context.server.clone(),
        namespace: ws.project(),
        up: true,
        made: known.as_ref().is_some_and(|known| known.made),
        registry: options.registry.clone().or(known.as_ref().and_then(|known| known.registry.clone())),
        load: options.load.clone().or(known.as_ref().and_then(|known| known.load.clone())),
        images: known.as_ref().map(|known| known.images.clone()).unwrap_or_default(),
        objects: known.as_ref().map(|known| known.objects.clone()).unwrap_or_default(),
    };
    let was_up = known.as_ref().is_some_and(|known| known.up);
    // What is wrong is found before anything is changed.
    progress.start("looking at the cluster and the manifests");
    let found = look(ws, plan, &cluster)?;
    progress.done("");
    if !was_up {
        local::clear(ws);
        free_ports(ws, KIND)?;
    }
    if let Some(wanted) = &plan.python {
        python::prepare(ws, KIND, wanted, options.verbose, progress)?;
    }
    if !found.there {
        cluster.images.clear();
        cluster.made = false;
    }
    // Written before anything is made: after a kill in the middle `down` knows where to look.
    ws.set_cluster(&cluster, &context)?;
    let result = bring(ws, plan, &mut cluster, &found, options, world, progress);
    clock::interrupted()
        .map_err(|error| error.hint("what is in the cluster already: mlops-lab down --purge"))?;
    if result.is_err() && !found.there {
        // Nothing half done: the namespace was made by this run. The first error is the one to tell.
        let _ = down(ws, true, progress);
    }
    result
}

/// What was found out before anything was changed.
struct Found {
    documents: Vec<Value>,
    /// Whether the namespace is there, ours.
    there: bool,
    /// Definitions that somebody else brought to the cluster: used, and left alone.
    foreign: Vec<Object>,
}

fn look(ws: &Workspace, plan: &Kubernetes, cluster: &Cluster) -> Result<Found> {
    let kubectl = Kubectl { ws, cluster };
    let there = mine(&kubectl)?;
    let folder = ws.root().join(&plan.apply);
    let rendered = kubectl.ask(&["kustomize", &folder.display().to_string()], Vec::new(), APPLY)?;
    if !rendered.well() {
        return Err(rendered.error(&format!("the manifests in {} cannot be rendered", plan.apply)));
    }
    let documents = manifests::documents(&rendered.out()).map_err(|why| {
        Error::environment(format!("the manifests in {} are broken", plan.apply)).detail(why)
    })?;
    let outside = manifests::elsewhere(&documents, &cluster.namespace);
    if !outside.is_empty() {
        return Err(Error::environment(format!(
            "the manifests in {} have objects of another namespace than {}: {}",
            plan.apply,
            cluster.namespace,
            outside.join(", ")
        ))
        .hint(format!("`namespace: {}` in its kustomization.yaml puts them there", cluster.namespace)));
    }
    let served = served(&kubectl)?;
    let unknown = manifests::unknown_apis(&documents, &served);
    if !unknown.is_empty() {
        return Err(Error::environment(format!("the cluster does not serve {}", unknown.join(", ")))
            .hint("what brings it there is in the lab's README; what is missing: mlops-lab doctor --runtime kubernetes"));
    }
    let mut foreign = Vec::new();
    for object in manifests::cluster_wide(&documents) {
        let known = format!("{}.{}", object.kind.to_ascii_lowercase(), group(&object.version));
        let Some(there) = kubectl.get(&[&kind_of(&known), &object.name])? else { continue };
        if there["metadata"]["labels"][PROJECT] == cluster.namespace.as_str() {
            continue;
        }
        if object.kind != "CustomResourceDefinition" {
            return Err(Error::environment(format!("the cluster has a {object} that is not this lab's"))
                .hint("make this lab with another name: mlops-lab init … --set project_name=NAME"));
        }
        foreign.push(object);
    }
    Ok(Found { documents, there, foreign })
}

/// `clusterrole.rbac.authorization.k8s.io`; the core group has no name.
fn kind_of(dotted: &str) -> String {
    dotted.trim_end_matches('.').to_owned()
}

fn group(version: &str) -> &str {
    version.split_once('/').map_or("", |(group, _)| group)
}

/// Whether the namespace is there, and ours.
///
/// # Errors
/// Exit 3 when it is somebody else's.
fn mine(kubectl: &Kubectl<'_>) -> Result<bool> {
    let name = &kubectl.cluster.namespace;
    let Some(namespace) = kubectl.get(&["namespace", name])? else { return Ok(false) };
    let labels = &namespace["metadata"]["labels"];
    if labels[OWNER] != kubectl.ws.id() {
        let whose = match labels[OWNER].as_str() {
            Some(other) => format!("the lab with the id {other}"),
            None => "somebody else: it was not made by mlops-lab up".to_owned(),
        };
        return Err(Error::environment(format!("the namespace {name} belongs to {whose}"))
            .hint("make this lab with another name: mlops-lab init … --set project_name=NAME")
            .hint(format!(
                "or give it to this lab: kubectl --context {} label namespace {name} {OWNER}={}",
                kubectl.cluster.context,
                kubectl.ws.id()
            )));
    }
    if namespace["status"]["phase"] == "Terminating" {
        return Err(Error::environment(format!("the namespace {name} is still being deleted")).hint(
            format!(
                "wait for it: kubectl --context {} wait --for=delete namespace/{name}",
                kubectl.cluster.context
            ),
        ));
    }
    Ok(true)
}

/// The API versions that the cluster serves.
fn served(kubectl: &Kubectl<'_>) -> Result<BTreeSet<String>> {
    let groups = kubectl.raw("/apis")?;
    let groups = groups["groups"].as_array().cloned().unwrap_or_default();
    let versions = groups.iter().flat_map(|group| group["versions"].as_array().cloned().unwrap_or_default());
    Ok(versions.filter_map(|version| version["groupVersion"].as_str().map(str::to_owned)).collect())
}

#[allow(clippy::too_many_arguments, reason = "one road, told in order")]
fn bring(
    ws: &Workspace,
    plan: &Kubernetes,
    cluster: &mut Cluster,
    found: &Found,
    options: &Options,
    world: &dyn World,
    progress: &mut dyn Progress,
) -> Result<Vec<String>> {
    let road = Road::to(cluster);
    let (images, new) = images::bring(ws, &plan.image, &road, &cluster.images, options, progress)?;
    if !found.there {
        make_namespace(&Kubectl { ws, cluster })?;
    }
    cluster.made = true;
    let leave: BTreeSet<&Object> = found.foreign.iter().collect();
    let applied: Vec<Object> =
        manifests::objects(&found.documents).into_iter().filter(|object| !leave.contains(object)).collect();
    // What an earlier `up` applied, and the manifests have no more, is still to be found by `down`.
    let old = cluster.objects.iter().filter(|object| !applied.contains(object)).cloned().collect::<Vec<_>>();
    cluster.objects = [applied, old].concat();
    ws.note_cluster(cluster)?;
    let started = {
        let kubectl = Kubectl { ws, cluster };
        let before = kubectl.list(WATCHED)?;
        apply(&kubectl, plan, found, &road, progress)?;
        let restart: BTreeSet<&str> = new.iter().map(String::as_str).collect();
        for workload in manifests::with_images(&found.documents, &restart) {
            // The tag is the same and the image is not: only new pods take it.
            if before.iter().any(|item| is(item, &workload)) {
                restart_rollout(&kubectl, &workload)?;
            }
        }
        let workloads = manifests::workloads(&found.documents);
        wait(&kubectl, &workloads, plan.within.map_or(ROLLOUT, |within| within.0), progress)?;
        let known = |object: &&Object| !before.iter().any(|item| is(item, object));
        workloads.iter().filter(known).map(|object| object.name.clone()).collect::<Vec<_>>()
    };
    cluster.images = images;
    ws.note_cluster(cluster)?;
    let kubectl = Kubectl { ws, cluster };
    let opened = open_forwards(&kubectl, progress)?;
    progress.start("waiting until it is ready");
    let context = context(ws, KIND)?;
    for check in &plan.ready {
        ready::wait(check, &context, world, progress, &mut || Ok(()))?;
    }
    progress.done("");
    Ok([started, opened].concat())
}

fn is(item: &Value, object: &Object) -> bool {
    item["kind"] == object.kind.as_str() && item["metadata"]["name"] == object.name.as_str()
}

/// The namespace with our label, under a manager of its own: what the overlay says of the namespace does not take the label away.
fn make_namespace(kubectl: &Kubectl<'_>) -> Result<()> {
    let name = &kubectl.cluster.namespace;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name,
        "labels": {OWNER: kubectl.ws.id(), PROJECT: name, "app.kubernetes.io/managed-by": "mlops-lab"}}});
    let args = ["apply", "--server-side", "--field-manager=mlops-lab-owner", "--filename=-"];
    let answer = kubectl.ask(&args, namespace.to_string().into_bytes(), ASK)?;
    if answer.well() { Ok(()) } else { Err(answer.error(&format!("the namespace {name} cannot be made"))) }
}

fn apply(
    kubectl: &Kubectl<'_>,
    plan: &Kubernetes,
    found: &Found,
    road: &Road,
    progress: &mut dyn Progress,
) -> Result<()> {
    progress.start("applying the manifests");
    let ws = kubectl.ws;
    let folder = over(ws, plan, found, road)?;
    let leave: BTreeSet<String> = found.foreign.iter().map(|object| object.name.clone()).collect();
    let definitions: Vec<&Value> = found
        .documents
        .iter()
        .filter(|document| document["kind"] == "CustomResourceDefinition")
        .filter(|document| !leave.contains(document["metadata"]["name"].as_str().unwrap_or_default()))
        .collect();
    if !definitions.is_empty() {
        // Their objects are refused until they are established.
        let list = json!({"apiVersion": "v1", "kind": "List", "items": definitions}).to_string();
        let args = ["apply", "--server-side", "--force-conflicts", MANAGER, "--filename=-"];
        let answer = kubectl.ask(&args, list.clone().into_bytes(), APPLY)?;
        if !answer.well() {
            return Err(refused(&answer));
        }
        let args = ["wait", "--for=condition=Established", "--timeout=60s", "--filename=-"];
        let answer = kubectl.ask(&args, list.into_bytes(), APPLY)?;
        if !answer.well() {
            return Err(answer.error("the cluster does not take up the lab's definitions"));
        }
    }
    let shown = folder.display().to_string();
    let args = ["apply", "--server-side", "--force-conflicts", MANAGER, "--kustomize", &shown];
    let answer = kubectl.ask(&args, Vec::new(), APPLY)?;
    if !answer.well() {
        return Err(refused(&answer));
    }
    progress.done("");
    Ok(())
}

/// The cluster says no to a manifest: its words name object and field.
fn refused(answer: &kubectl::Answer) -> Error {
    let words = answer.words();
    let error = answer.error("the cluster does not take the manifests");
    if words.contains("forbidden") {
        error.hint("may you? kubectl auth can-i --list")
    } else {
        error.hint("mend k8s/, then: mlops-lab up --runtime kubernetes")
    }
}

/// The folder to apply: the lab's own overlay, or one over it that names the registry and leaves out what is not ours to change.
fn over(ws: &Workspace, plan: &Kubernetes, found: &Found, road: &Road) -> Result<PathBuf> {
    let names: Vec<(String, String, String)> = plan
        .image
        .iter()
        .filter_map(|image| {
            let (remote, tag) = road.remote(&image.name)?;
            Some((image.name.rsplit_once(':')?.0.to_owned(), remote, tag))
        })
        .collect();
    if names.is_empty() && found.foreign.is_empty() {
        return Ok(ws.root().join(&plan.apply));
    }
    let folder = ws.run_folder().join("apply");
    let up = "../".repeat(folder.strip_prefix(ws.root()).map_or(0, |below| below.components().count()));
    let images: Vec<Value> =
        names.iter().map(|(name, new, tag)| json!({"name": name, "newName": new, "newTag": tag})).collect();
    let patches: Vec<Value> = found
        .foreign
        .iter()
        .map(|object| {
            let patch = json!({"apiVersion": object.version, "kind": object.kind,
                "metadata": {"name": object.name}, "$patch": "delete"});
            json!({"patch": patch.to_string()})
        })
        .collect();
    let kustomization = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
        "resources": [format!("{up}{}", plan.apply)], "images": images, "patches": patches,
    });
    fs::write(&folder.join("kustomization.yaml"), format!("{kustomization:#}\n").as_bytes(), false)?;
    Ok(folder)
}

fn restart_rollout(kubectl: &Kubectl<'_>, workload: &Object) -> Result<()> {
    let answer = kubectl.ask(&["rollout", "restart", &workload.to_string()], Vec::new(), ASK)?;
    if answer.well() { Ok(()) } else { Err(answer.error(&format!("{workload} cannot be restarted"))) }
}

/// Waits until all workloads are ready, as long as something moves.
fn wait(
    kubectl: &Kubectl<'_>,
    workloads: &[Object],
    within: Duration,
    progress: &mut dyn Progress,
) -> Result<()> {
    progress.start("waiting for the rollouts");
    let end = Instant::now() + within;
    let mut since: BTreeMap<(String, String), Instant> = BTreeMap::new();
    loop {
        let seen = rollout::judge(workloads, &kubectl.list(WATCHED)?);
        if seen.done() {
            progress.done("");
            return Ok(());
        }
        progress.update(&seen.line());
        let now = Instant::now();
        let key = |trouble: &Trouble| (trouble.who.clone(), trouble.reason.clone());
        since.retain(|known, _| seen.troubles.iter().any(|trouble| key(trouble) == *known));
        for trouble in &seen.troubles {
            let began = *since.entry(key(trouble)).or_insert(now);
            if now.duration_since(began) >= trouble.patience {
                return Err(explain(kubectl, &seen, trouble));
            }
        }
        if now >= end {
            return Err(late(kubectl, &seen, within));
        }
        clock::pause(LOOK)?;
    }
}

fn explain(kubectl: &Kubectl<'_>, seen: &Rollout, trouble: &Trouble) -> Error {
    let mut detail = vec![trouble.words.clone()];
    if let Some((pod, container)) = &trouble.log {
        detail.extend(last_words(kubectl, pod, container));
    }
    let error = Error::environment(format!("{} does not come up: {}", trouble.who, trouble.reason))
        .detail(detail.join("\n"));
    let error = trouble.hint.iter().fold(error, |error, hint| error.hint(hint.clone()));
    let others: Vec<&str> = seen
        .troubles
        .iter()
        .filter(|other| other.who != trouble.who)
        .map(|other| other.who.as_str())
        .collect();
    let error = if others.is_empty() { error } else { error.hint(format!("nor do {}", others.join(", "))) };
    let Cluster { context, namespace, .. } = kubectl.cluster;
    error.hint(format!(
        "all that is known of it: kubectl --context {context} -n {namespace} describe {}",
        trouble.who
    ))
}

fn last_words(kubectl: &Kubectl<'_>, pod: &str, container: &str) -> Vec<String> {
    let tail = format!("--tail={TAIL}");
    let look = |previous: &str| {
        let args = ["logs", pod, "--container", container, &tail, previous];
        let answer = kubectl.ask(&args, Vec::new(), ASK).ok()?;
        (answer.well() && !answer.out().trim().is_empty()).then(|| answer.out())
    };
    let words = look("--previous=true").or_else(|| look("--previous=false"));
    let lines = words.map(|words| words.lines().map(str::to_owned).collect::<Vec<_>>()).unwrap_or_default();
    if lines.is_empty() { lines } else { [vec![format!("{container} printed last:")], lines].concat() }
}

fn late(kubectl: &Kubectl<'_>, seen: &Rollout, within: Duration) -> Error {
    let open = seen.workloads.iter().filter(|workload| !workload.ready && !workload.finished);
    let mut lines: Vec<String> = open
        .map(|workload| {
            format!("{}/{}: {}", workload.kind.to_ascii_lowercase(), workload.name, workload.words)
        })
        .collect();
    lines.extend(seen.pods.iter().map(|pod| format!("pod/{pod}")));
    lines.extend(seen.troubles.iter().map(|trouble| format!("{}: {}", trouble.who, trouble.words)));
    let Cluster { context, namespace, .. } = kubectl.cluster;
    Error::environment(format!("not ready within {} s", within.as_secs())).detail(lines.join("\n")).hint(
        format!(
            "what happened: kubectl --context {context} -n {namespace} get events --sort-by=.lastTimestamp"
        ),
    )
}

/// Opens what is not open; Services that are not there (yet) wait for a later `up`.
fn open_forwards(kubectl: &Kubectl<'_>, progress: &mut dyn Progress) -> Result<Vec<String>> {
    let mut opened = Vec::new();
    for (endpoint, place) in &kubectl.ws.manifest().endpoint {
        let Some(wanted) = &place.kubernetes else { continue };
        if reachable(kubectl, wanted)? {
            if forward::open(kubectl, endpoint, wanted, progress)? {
                opened.push(forward::name(endpoint));
            }
        } else {
            forward::close(kubectl.ws, endpoint);
        }
    }
    Ok(opened)
}

fn reachable(kubectl: &Kubectl<'_>, wanted: &crate::catalog::manifest::Forward) -> Result<bool> {
    let namespace = wanted.namespace.as_deref().unwrap_or(&kubectl.cluster.namespace);
    let namespace = format!("--namespace={namespace}");
    Ok(kubectl.get(&["service", &wanted.service, &namespace])?.is_some())
}

/// The endpoints whose Service is not there yet, by name.
pub(super) fn waiting(ws: &Workspace) -> BTreeMap<String, String> {
    let endpoints = ws.manifest().endpoint.iter();
    endpoints
        .filter(|(name, _)| forward::alive(ws, name).is_none())
        .filter_map(|(name, place)| {
            Some((name.clone(), format!("the Service {}", place.kubernetes.as_ref()?.service)))
        })
        .collect()
}

/// Whether a forward of the lab holds its port.
pub(super) fn holds_ports(ws: &Workspace) -> bool {
    ws.manifest().endpoint.keys().any(|name| forward::alive(ws, name).is_some())
}

/// Ends the forwards, all of this machine that the runtime started.
fn close_forwards(ws: &Workspace) -> Vec<String> {
    let names = ws.manifest().endpoint.keys();
    names.filter(|name| forward::close(ws, name)).map(|name| forward::name(name)).collect()
}
