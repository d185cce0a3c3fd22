//! What is found out before anything is changed: which cluster, whose namespace, whether the
//! manifests can go there.

use std::collections::BTreeSet;

use serde_json::Value;

use super::kubectl::{Kubectl, QUERY_TIMEOUT};
use super::{APPLY, OWNER, manifests, owned};
use crate::catalog::manifest::Kubernetes;
use crate::cluster::{PROJECT, Record};
use crate::error::{Error, Result};
use crate::platform::kubeconfig::{self, Context, Problem};
use crate::workspace::{Cluster, Object, Workspace};

/// The context that is meant: the named one, else the one that the lab was brought to, else the
/// current one if it is known to be local.
///
/// # Errors
/// Exit 3: no such context, none at all, one that is not known to be local and was not named, one
/// that means another cluster now.
pub(super) fn resolve(
    ws: &Workspace,
    named: Option<&str>,
    before: Option<&Cluster>,
) -> Result<Context> {
    let wanted = named.or(before.map(|cluster| cluster.context.as_str()));
    let context = kubeconfig::context(&kubeconfig::files(), wanted).map_err(|problem| {
        let error = Error::environment(problem.to_string());
        match problem {
            Problem::MissingContext { .. } | Problem::NoContext { .. } => error
                .hint("see them: kubectl config get-contexts")
                .hint("name one: mlops-lab up --runtime kubernetes --context NAME")
                .hint("or make a cluster on this machine: mlops-lab cluster up"),
            Problem::NoConfig => error
                .hint("a cluster on this machine: mlops-lab cluster up")
                .hint("or without a cluster: mlops-lab up --runtime local"),
            Problem::Broken { .. } | Problem::MissingCluster { .. } => {
                error.hint("see: mlops-lab doctor --runtime kubernetes")
            }
        }
    })?;
    if !context.allowed() {
        return Err(Error::environment(format!(
            "the current context `{}` is not known to be a local cluster: it is left alone",
            context.name
        ))
        .detail(format!("its API server is {}", context.server))
        .hint(format!(
            "if you mean it: mlops-lab up --runtime kubernetes --context {}",
            context.name
        )));
    }
    let Some(before) = before.filter(|before| before.made) else { return Ok(context) };
    let record = ws.run_folder().join("cluster.json");
    let forget = format!("if that cluster does not exist any more: rm {}", record.display());
    if before.context != context.name {
        return Err(Error::environment(format!(
            "the lab is in the cluster of `{}`",
            before.context
        ))
        .hint("remove it there first: mlops-lab down --purge")
        .hint(forget));
    }
    if before.server != context.server {
        return Err(Error::environment(format!(
            "the context `{}` means another cluster now: {}, and the lab is at {}",
            context.name, context.server, before.server
        ))
        .hint("point it at that cluster again, then: mlops-lab down --purge")
        .hint(forget));
    }
    Ok(context)
}

/// Whether a context is that of the cluster that `mlops-lab cluster` made.
pub(super) fn is_own(context: &str) -> Result<bool> {
    Ok(Record::load()?.is_some_and(|record| record.made && record.tool.context() == context))
}

/// Whether the lab was in the cluster that `mlops-lab cluster` made, and that one is no more, with
/// all that was in it: its context is gone with it, or belongs to the one that was made since.
pub(super) fn is_gone(before: &Cluster) -> Result<bool> {
    if !before.own {
        return Ok(false);
    }
    let made_since = is_own(&before.context)?;
    Ok(match kubeconfig::context(&kubeconfig::files(), Some(&before.context)) {
        Ok(context) => made_since && context.server != before.server,
        Err(Problem::NoConfig | Problem::MissingContext { .. }) => !made_since,
        Err(_) => false,
    })
}

/// What was found out before anything was changed.
pub(super) struct Preflight {
    pub(super) documents: Vec<Value>,
    /// Whether the namespace is there, ours.
    pub(super) there: bool,
    /// Definitions that somebody else brought to the cluster: used, and left alone.
    pub(super) foreign: Vec<Object>,
}

pub(super) fn check(ws: &Workspace, plan: &Kubernetes, cluster: &Cluster) -> Result<Preflight> {
    let kubectl = Kubectl { ws, cluster };
    let there = mine(&kubectl)?;
    let folder = ws.root().join(&plan.apply);
    let rendered = kubectl.run(&["kustomize", &folder.display().to_string()], Vec::new(), APPLY)?;
    if !rendered.well() {
        return Err(rendered.error(&format!("the manifests in {} cannot be rendered", plan.apply)));
    }
    let mut documents = manifests::documents(&rendered.out()).map_err(|why| {
        Error::environment(format!("the manifests in {} are broken", plan.apply)).detail(why)
    })?;
    manifests::assign_namespaces(&mut documents, &wide(&kubectl)?, &cluster.namespace);
    let outside = manifests::elsewhere(&documents, &cluster.namespace);
    if !outside.is_empty() {
        return Err(Error::environment(format!(
            "the manifests in {} have objects of another namespace than {}: {}",
            plan.apply,
            cluster.namespace,
            outside.join(", ")
        ))
        .hint(format!(
            "`namespace: {}` in its kustomization.yaml puts them there",
            cluster.namespace
        )));
    }
    let served = served(&kubectl)?;
    let unknown = manifests::unknown_apis(&documents, &served);
    if !unknown.is_empty() {
        return Err(Error::environment(format!(
            "the cluster does not serve {}",
            unknown.join(", ")
        ))
        .hint(
            "how to install it is in the lab's README; what is missing: \
             mlops-lab doctor --runtime kubernetes",
        ));
    }
    let mut foreign = Vec::new();
    for object in manifests::cluster_wide(&documents) {
        // What its own definition is to bring is not there yet.
        if object.version.contains('/') && !served.contains(&object.version) {
            continue;
        }
        let known =
            format!("{}.{}", object.kind.to_ascii_lowercase(), manifests::group(&object.version));
        let Some(there) = kubectl.get(&[&kind_of(&known), &object.name])? else { continue };
        if there["metadata"]["labels"][PROJECT] == cluster.namespace.as_str() {
            continue;
        }
        if object.kind != "CustomResourceDefinition" {
            return Err(Error::environment(format!(
                "the cluster has a {object} that is not this lab's"
            ))
            .hint("make this lab with another name: mlops-lab update --set project_name=NAME"));
        }
        foreign.push(object);
    }
    Ok(Preflight { documents, there, foreign })
}

/// `clusterrole.rbac.authorization.k8s.io`; the core group has no name.
pub(super) fn kind_of(dotted: &str) -> String {
    dotted.trim_end_matches('.').to_owned()
}

/// Whether the namespace is there, and ours.
///
/// # Errors
/// Exit 3 when it is somebody else's.
fn mine(kubectl: &Kubectl<'_>) -> Result<bool> {
    let name = &kubectl.cluster.namespace;
    let Some(namespace) = kubectl.get(&["namespace", name])? else { return Ok(false) };
    let labels = &namespace["metadata"]["labels"];
    if !owned(kubectl.ws, &namespace) {
        let whose = match labels[OWNER].as_str() {
            Some(other) => format!("another lab, with the id {other}"),
            None => "somebody else: it was not made by mlops-lab up".to_owned(),
        };
        return Err(Error::environment(format!("the namespace {name} belongs to {whose}"))
            .hint("make this lab with another name: mlops-lab update --set project_name=NAME")
            .hint(format!(
                "or give it to this lab: kubectl --context {} label --overwrite namespace {name} \
                 {OWNER}={}",
                kubectl.cluster.context,
                kubectl.ws.id().unwrap_or_default()
            )));
    }
    if namespace["status"]["phase"] == "Terminating" {
        return Err(Error::environment(format!("the namespace {name} is still being deleted"))
            .hint(format!(
                "wait for it: kubectl --context {} wait --for=delete namespace/{name}",
                kubectl.cluster.context
            )));
    }
    Ok(true)
}

/// The kinds of the cluster that belong to no namespace.
fn wide(kubectl: &Kubectl<'_>) -> Result<BTreeSet<String>> {
    let args = ["api-resources", "--namespaced=false", "--no-headers", "--request-timeout=15s"];
    let answer = kubectl.run(&args, Vec::new(), QUERY_TIMEOUT)?;
    let kinds = manifests::wide_kinds(&answer.out());
    // One API of many that is down, a metrics server say, makes kubectl end with 1 and still tell
    // all the others.
    if kinds.is_empty() { Err(answer.error("the cluster does not answer")) } else { Ok(kinds) }
}

/// The API versions that the cluster serves. Not `get --raw /apis`: that forgets a path in the
/// server's address, as proxies have.
pub(super) fn served(kubectl: &Kubectl<'_>) -> Result<BTreeSet<String>> {
    let answer =
        kubectl.run(&["api-versions", "--request-timeout=15s"], Vec::new(), QUERY_TIMEOUT)?;
    if answer.well() {
        Ok(answer.out().lines().map(|line| line.trim().to_owned()).collect())
    } else {
        Err(answer.error("the cluster does not answer"))
    }
}
