//! The runtime `kubernetes`: the same verbs over kubectl, in a namespace of the lab's own.
//!
//! Nothing is done to a cluster that the user did not mean: its context has the name of a local
//! cluster, or was named; a namespace that somebody else made is left alone; of what belongs to the
//! whole cluster nothing is changed that is not ours.

mod apply;
mod down;
mod forward;
mod images;
mod kubectl;
mod logs;
mod manifests;
mod preflight;
mod rollout;
mod status;
mod wait;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::Duration;

use serde_json::Value;

use super::driver::{Changes, Down, Driver, LogRequest, Options, Purge};
use super::state::{Place, Service};
use super::timed_probe::TimedProbe;
use super::{context, free_ports, local, python, ready};
use crate::catalog::manifest::{Forward, Kubernetes, RuntimeKind};
use crate::cluster::Record;
use crate::error::{Error, Result};
use crate::platform::clock;
use crate::platform::term::Progress;
use crate::platform::world::World;
use crate::workspace::{Cluster, Object, Workspace};
use images::ImageDelivery;
use kubectl::{Kubectl, QUERY_TIMEOUT};
use preflight::Preflight;

const KIND: RuntimeKind = RuntimeKind::Kubernetes;

/// All rollouts together, when the lab says nothing.
const ROLLOUT: Duration = Duration::from_secs(10 * 60);

/// Applying what was rendered.
const APPLY: Duration = Duration::from_secs(120);

/// The label that says which lab a namespace was made for: a workspace's id.
const OWNER: &str = "dev.mlops-lab.workspace";

/// What is listed to see how far the rollouts are.
const WATCHED: &str = "deployments,statefulsets,daemonsets,jobs,pods,events";

/// What kubectl can roll out anew.
const ROLLING: [&str; 3] = ["Deployment", "StatefulSet", "DaemonSet"];

/// Whether an object's labels say that it was made for this lab by this user on this machine.
fn owned(ws: &Workspace, object: &Value) -> bool {
    ws.id().is_some_and(|id| object["metadata"]["labels"][OWNER] == id)
}

fn plan(ws: &Workspace) -> Result<&Kubernetes> {
    ws.manifest()
        .runtime
        .kubernetes
        .as_ref()
        .ok_or_else(|| Error::usage("this lab does not offer the runtime kubernetes"))
}

fn up(
    ws: &Workspace,
    options: &Options,
    world: &dyn World,
    progress: &mut dyn Progress,
) -> Result<Changes> {
    let plan = plan(ws)?;
    let before = match ws.cluster()? {
        Some(before) if preflight::is_gone(&before)? => None,
        before => before,
    };
    let context = preflight::resolve(ws, options.context.as_deref(), before.as_ref())?;
    let known = before.clone().filter(|before| before.context == context.name);
    let mut cluster = Cluster {
        context: context.name.clone(),
        server: context.server.clone(),
        namespace: ws.project(),
        up: true,
        made: known.as_ref().is_some_and(|known| known.made),
        own: preflight::is_own(&context.name)?,
        registry: options
            .registry
            .clone()
            .or(known.as_ref().and_then(|known| known.registry.clone())),
        load: options.load.clone().or(known.as_ref().and_then(|known| known.load.clone())),
        images: known.as_ref().map(|known| known.images.clone()).unwrap_or_default(),
        objects: known.as_ref().map(|known| known.objects.clone()).unwrap_or_default(),
    };
    let was_up = known.as_ref().is_some_and(|known| known.up);
    // What is wrong is found before anything is changed.
    progress.start("checking the cluster and the manifests");
    let preflight = preflight::check(ws, plan, &cluster)?;
    progress.done("");
    if was_up {
        // A build that outlived its killed `up` would race with ours.
        local::clear_passing(ws);
    } else {
        local::clear(ws);
        free_ports(ws, KIND)?;
    }
    python::prepare(ws, KIND, plan.python.as_ref(), options, progress)?;
    if !preflight.there {
        cluster.images.clear();
        cluster.made = false;
    }
    // Written before anything is made: after a kill in the middle `down` knows where to look.
    ws.set_cluster(&cluster, &context)?;
    let result = deploy(ws, plan, &mut cluster, &preflight, options, world, progress);
    clock::interrupted()
        .map_err(|error| error.hint("what is in the cluster already: mlops-lab down --purge"))?;
    result.map_err(|error| {
        if preflight.there {
            let Cluster { context, namespace, .. } = &cluster;
            return error.hint(format!(
                "what is there: kubectl --context {context} -n {namespace} get pods,events"
            ));
        }
        // Nothing half done: the namespace was made by this run. The first error is the one to
        // tell.
        let _ = down::down(ws, true, progress);
        error
    })
}

#[allow(clippy::too_many_arguments, reason = "one sequence, in order")]
fn deploy(
    ws: &Workspace,
    plan: &Kubernetes,
    cluster: &mut Cluster,
    preflight: &Preflight,
    options: &Options,
    world: &dyn World,
    progress: &mut dyn Progress,
) -> Result<Changes> {
    let delivery = ImageDelivery::of(cluster, Record::load()?.as_ref());
    let (images, new) =
        images::deliver(ws, &plan.image, &delivery, &cluster.images, options, progress)?;
    if !preflight.there {
        apply::make_namespace(&Kubectl { ws, cluster })?;
    }
    cluster.made = true;
    let leave: BTreeSet<&Object> = preflight.foreign.iter().collect();
    let applied: Vec<Object> = manifests::objects(&preflight.documents)
        .into_iter()
        .filter(|object| !leave.contains(object))
        .collect();
    // What an earlier `up` applied, and the manifests have no more, is still to be found by `down`.
    let old = cluster
        .objects
        .iter()
        .filter(|object| !applied.contains(object))
        .cloned()
        .collect::<Vec<_>>();
    cluster.objects = [applied, old].concat();
    ws.note_cluster(cluster)?;
    let mut restarted = BTreeMap::new();
    let started = {
        let kubectl = Kubectl { ws, cluster };
        let before = kubectl.list(WATCHED)?;
        apply::apply(&kubectl, plan, preflight, &delivery, progress)?;
        let workloads = manifests::workloads(&preflight.documents);
        let rolling = workloads.iter().filter(|object| ROLLING.contains(&object.kind.as_str()));
        let asked = options.restart.names(rolling.map(|object| object.name.as_str()))?;
        let new: BTreeSet<&str> = new.iter().map(String::as_str).collect();
        let with_new = manifests::with_images(&preflight.documents, &new);
        for workload in &workloads {
            // The tag is the same and the image is not: only new pods take it.
            let why = match () {
                () if !before.iter().any(|item| is(item, workload)) => continue,
                () if with_new.contains(workload) => "its image was built anew",
                () if asked.contains(&workload.name) => "requested",
                () => continue,
            };
            apply::restart_rollout(&kubectl, workload)?;
            restarted.insert(workload.name.clone(), why.to_owned());
        }
        wait::wait(&kubectl, &workloads, plan.within.map_or(ROLLOUT, |within| within.0), progress)?;
        let known = |object: &&Object| !before.iter().any(|item| is(item, object));
        workloads.iter().filter(known).map(|object| object.name.clone()).collect::<Vec<_>>()
    };
    cluster.images = images;
    ws.note_cluster(cluster)?;
    let kubectl = Kubectl { ws, cluster };
    let opened = open_forwards(&kubectl, progress)?;
    progress.start("waiting until ready");
    let context = context(ws, KIND)?;
    for check in &plan.ready {
        ready::wait(check, &context, world, progress, &mut || Ok(()))?;
    }
    progress.done("");
    Ok(Changes { started: [started, opened].concat(), restarted, ..Changes::default() })
}

fn is(item: &Value, object: &Object) -> bool {
    item["kind"] == object.kind.as_str() && item["metadata"]["name"] == object.name.as_str()
}

/// Opens what is not open; Services that are not there (yet) wait for a later `up`.
fn open_forwards(kubectl: &Kubectl<'_>, progress: &mut dyn Progress) -> Result<Vec<String>> {
    let mut opened = Vec::new();
    for (endpoint, place) in &kubectl.ws.manifest().endpoint {
        let Some(wanted) = &place.kubernetes else { continue };
        if reachable(kubectl, wanted, QUERY_TIMEOUT)? {
            if forward::open(kubectl, endpoint, wanted, progress)? {
                opened.push(forward::name(endpoint));
            }
        } else {
            forward::close(kubectl.ws, endpoint);
        }
    }
    Ok(opened)
}

fn reachable(kubectl: &Kubectl<'_>, wanted: &Forward, within: Duration) -> Result<bool> {
    let namespace = wanted.namespace.as_deref().unwrap_or(&kubectl.cluster.namespace);
    let namespace = format!("--namespace={namespace}");
    Ok(kubectl.get_within(&["service", &wanted.service, &namespace], within)?.is_some())
}

/// The endpoints whose Service is not there yet, by name.
fn waiting(ws: &Workspace) -> BTreeMap<String, String> {
    let endpoints = ws.manifest().endpoint.iter();
    endpoints
        .filter(|(name, _)| forward::alive(ws, name).is_none())
        .filter_map(|(name, place)| {
            Some((name.clone(), format!("the Service {}", place.kubernetes.as_ref()?.service)))
        })
        .collect()
}

/// Ends the forwards, all of this machine that the runtime started.
fn close_forwards(ws: &Workspace) -> Vec<String> {
    let names = ws.manifest().endpoint.keys();
    names.filter(|name| forward::close(ws, name)).map(|name| forward::name(name)).collect()
}

/// The driver.
pub(super) struct Pods;

impl Driver for Pods {
    fn title(&self) -> &'static str {
        "pods of a cluster"
    }

    fn is_up(&self, ws: &Workspace) -> bool {
        ws.cluster().is_ok_and(|cluster| cluster.is_some_and(|cluster| cluster.up))
    }

    fn up(
        &self,
        ws: &Workspace,
        options: &Options,
        world: &dyn World,
        progress: &mut dyn Progress,
    ) -> Result<Changes> {
        up(ws, options, world, progress)
    }

    fn down(&self, ws: &Workspace, purge: Purge, progress: &mut dyn Progress) -> Result<Down> {
        let stopped = down::down(ws, purge != Purge::No, progress)?;
        Ok(Down { stopped, ..Down::default() })
    }

    fn services(&self, ws: &Workspace, probe: &TimedProbe<'_>) -> Result<Vec<Service>> {
        status::services(ws, probe)
    }

    fn logs(
        &self,
        ws: &Workspace,
        request: LogRequest<'_>,
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> Result<()> {
        super::logs::print("kubectl logs", logs::command(ws, request)?, request, out, err)
    }

    fn waiting(&self, ws: &Workspace) -> BTreeMap<String, String> {
        waiting(ws)
    }

    fn waits_behind(
        &self,
        _ws: &Workspace,
        endpoint: &str,
        waiting: &BTreeMap<String, String>,
    ) -> Option<(String, String)> {
        waiting.get(endpoint).map(|path| (endpoint.to_owned(), path.clone()))
    }

    fn cluster(&self, ws: &Workspace) -> Result<Option<Place>> {
        let place = |Cluster { context, namespace, up, .. }| Place { context, namespace, up };
        Ok(ws.cluster()?.map(place))
    }

    fn leftovers(
        &self,
        ws: &Workspace,
        purged: bool,
        cluster: Option<&Cluster>,
    ) -> Result<Vec<String>> {
        status::leftovers(ws, purged, cluster)
    }

    fn images(&self, _ws: &Workspace) -> Option<u64> {
        // On the cluster's nodes, which many share.
        None
    }

    fn memory(&self, ws: &Workspace) -> Option<u64> {
        status::memory(ws)
    }
}
