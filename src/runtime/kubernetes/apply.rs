//! Bringing the manifests to the cluster.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::images::ImageDelivery;
use super::kubectl::{Kubectl, QUERY_TIMEOUT, ToolOutput};
use super::preflight::Preflight;
use super::{APPLY, OWNER};
use crate::catalog::manifest::Kubernetes;
use crate::cluster::PROJECT;
use crate::error::{Error, Result};
use crate::platform::term::Progress;
use crate::platform::{clock, fs};
use crate::workspace::{Object, Workspace};

/// Who we are to the API server (kubernetes.io, "Server-Side Apply: field management").
const MANAGER: &str = "--field-manager=mlops-lab";

/// The namespace with our label, under a manager of its own: what the overlay says of the namespace
/// does not take the label away.
pub(super) fn make_namespace(kubectl: &Kubectl<'_>) -> Result<()> {
    let name = &kubectl.cluster.namespace;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name,
        "labels": {OWNER: kubectl.ws.id().unwrap_or_default(), PROJECT: name,
            "app.kubernetes.io/managed-by": "mlops-lab"}}});
    let args = ["apply", "--server-side", "--field-manager=mlops-lab-owner", "--filename=-"];
    let answer = kubectl.run(&args, namespace.to_string().into_bytes(), QUERY_TIMEOUT)?;
    if answer.well() {
        Ok(())
    } else {
        Err(answer.error(&format!("the namespace {name} cannot be made")))
    }
}

pub(super) fn apply(
    kubectl: &Kubectl<'_>,
    plan: &Kubernetes,
    preflight: &Preflight,
    delivery: &ImageDelivery,
    progress: &mut dyn Progress,
) -> Result<()> {
    progress.start("applying the manifests");
    let ws = kubectl.ws;
    let folder = over(ws, plan, preflight, delivery)?;
    let leave: BTreeSet<String> =
        preflight.foreign.iter().map(|object| object.name.clone()).collect();
    let definitions: Vec<&Value> = preflight
        .documents
        .iter()
        .filter(|document| document["kind"] == "CustomResourceDefinition")
        .filter(|document| {
            !leave.contains(document["metadata"]["name"].as_str().unwrap_or_default())
        })
        .collect();
    if !definitions.is_empty() {
        // Their objects are refused until they are established.
        let list = json!({"apiVersion": "v1", "kind": "List", "items": definitions}).to_string();
        let args = ["apply", "--server-side", "--force-conflicts", MANAGER, "--filename=-"];
        let answer = kubectl.run(&args, list.clone().into_bytes(), APPLY)?;
        if !answer.well() {
            return Err(refused(&answer));
        }
        let args = ["wait", "--for=condition=Established", "--timeout=60s", "--filename=-"];
        let answer = kubectl.run(&args, list.into_bytes(), APPLY)?;
        if !answer.well() {
            return Err(answer.error("the cluster does not take up the lab's definitions"));
        }
    }
    let shown = folder.display().to_string();
    let args = ["apply", "--server-side", "--force-conflicts", MANAGER, "--kustomize", &shown];
    let answer = kubectl.run(&args, Vec::new(), APPLY)?;
    if !answer.well() {
        return Err(refused(&answer));
    }
    progress.done("");
    Ok(())
}

/// The cluster says no to a manifest: its words name object and field.
fn refused(answer: &ToolOutput) -> Error {
    let words = answer.words();
    let error = answer.error("the cluster does not take the manifests");
    if words.contains("forbidden") {
        error.hint("may you? kubectl auth can-i --list")
    } else {
        error.hint("fix k8s/, then: mlops-lab up --runtime kubernetes")
    }
}

/// The folder to apply: the lab's own overlay, or one over it that names the registry and leaves
/// out what is not ours to change.
fn over(
    ws: &Workspace,
    plan: &Kubernetes,
    preflight: &Preflight,
    delivery: &ImageDelivery,
) -> Result<PathBuf> {
    let names: Vec<(String, String, String)> = plan
        .image
        .iter()
        .filter_map(|image| {
            let (remote, tag) = delivery.remote(&image.name)?;
            Some((image.name.rsplit_once(':')?.0.to_owned(), remote, tag))
        })
        .collect();
    if names.is_empty() && preflight.foreign.is_empty() {
        return Ok(ws.root().join(&plan.apply));
    }
    let folder = ws.run_folder().join("apply");
    fs::make_folder(&folder)?;
    // kustomize takes relative paths only, and follows links on the way.
    let real = folder.canonicalize().unwrap_or_else(|_| folder.clone());
    let up = "../".repeat(real.components().count() - 1);
    let below = ws.root().strip_prefix("/").unwrap_or(ws.root()).join(&plan.apply);
    let images: Vec<Value> = names
        .iter()
        .map(|(name, new, tag)| json!({"name": name, "newName": new, "newTag": tag}))
        .collect();
    let patches: Vec<Value> = preflight
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
        "resources": [format!("{up}{}", below.display())], "images": images, "patches": patches,
    });
    fs::write(
        &folder.join("kustomization.yaml"),
        format!("{kustomization:#}\n").as_bytes(),
        false,
    )?;
    Ok(folder)
}

/// What kubectl says of a second restart within one second: it marks one by the second in which it
/// was made.
const TOO_SOON: &str = "within the past second";

pub(super) fn restart_rollout(kubectl: &Kubectl<'_>, workload: &Object) -> Result<()> {
    let restart =
        || kubectl.run(&["rollout", "restart", &workload.to_string()], Vec::new(), QUERY_TIMEOUT);
    let mut answer = restart()?;
    if !answer.well() && answer.words().contains(TOO_SOON) {
        clock::pause(Duration::from_secs(1))?;
        answer = restart()?;
    }
    if answer.well() {
        Ok(())
    } else {
        Err(answer.error(&format!("{workload} cannot be restarted")))
    }
}
