//! What a kustomization comes to, as values: which objects, what they need of the cluster, what
//! runs. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::workspace::Object;

/// Kinds whose pods are waited for.
const WORKLOADS: [&str; 4] = ["Deployment", "StatefulSet", "DaemonSet", "Job"];

/// Whether it is a workload that is waited for.
pub(super) fn is_workload(object: &Object) -> bool {
    WORKLOADS.contains(&object.kind.as_str())
}

/// The kinds that belong to no namespace, as `group/Kind`, from what `kubectl api-resources
/// --namespaced=false --no-headers` prints: the last three columns are version, `false` and kind.
pub(super) fn wide_kinds(listed: &str) -> BTreeSet<String> {
    let kind = |line: &str| {
        let mut words = line.split_whitespace().rev();
        let (kind, namespaced, version) = (words.next()?, words.next()?, words.next()?);
        (namespaced == "false").then(|| format!("{}/{kind}", group(version)))
    };
    listed.lines().filter_map(kind).collect()
}

/// The API group of a version: `apps` of `apps/v1`, nothing of `v1`.
pub(super) fn group(version: &str) -> &str {
    version.split_once('/').map_or("", |(group, _)| group)
}

/// Says of every object where it belongs. kustomize gives a namespace also to kinds that have none
/// and that it does not know; and what has none of those that need one goes to the lab's. `wide`
/// are the kinds of the cluster; definitions among the documents bring more.
pub(super) fn assign_namespaces(documents: &mut [Value], wide: &BTreeSet<String>, namespace: &str) {
    let defined =
        documents.iter().filter(|document| document["spec"]["scope"] == "Cluster").map(|crd| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            format!("{}/{}", text(&crd["spec"]["group"]), text(&crd["spec"]["names"]["kind"]))
        });
    let wide: BTreeSet<String> = defined.chain(wide.iter().cloned()).collect();
    for document in documents {
        let version = document["apiVersion"].as_str().unwrap_or_default();
        let kind = format!("{}/{}", group(version), document["kind"].as_str().unwrap_or_default());
        let Some(metadata) = document["metadata"].as_object_mut() else { continue };
        if wide.contains(&kind) {
            metadata.remove("namespace");
        } else {
            metadata.entry("namespace").or_insert_with(|| namespace.into());
        }
    }
}

/// The documents of a rendered kustomization.
///
/// # Errors
/// What is wrong with the YAML, or with a document that is no object of Kubernetes.
pub(super) fn documents(text: &str) -> Result<Vec<Value>, String> {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(text).map_err(|error| error.to_string())?;
    let documents: Vec<Value> =
        documents.into_iter().filter(|document| !document.is_null()).collect();
    match documents.iter().find(|document| named(document).is_none()) {
        None => Ok(documents),
        Some(document) => {
            let start: String = document.to_string().chars().take(80).collect();
            Err(format!("a document without apiVersion, kind and metadata.name: {start}"))
        }
    }
}

/// What the object is called; none when it is no object.
pub(super) fn named(document: &Value) -> Option<Object> {
    let kind = document["kind"].as_str()?.to_owned();
    Some(Object {
        version: document["apiVersion"].as_str()?.to_owned(),
        name: document["metadata"]["name"].as_str()?.to_owned(),
        namespace: document["metadata"]["namespace"].as_str().map(str::to_owned),
        kind,
    })
}

/// All objects, in order.
pub(super) fn objects(documents: &[Value]) -> Vec<Object> {
    documents.iter().filter_map(named).collect()
}

/// The API versions that the objects are of, and that neither the cluster serves nor a definition
/// among them brings.
pub(super) fn unknown_apis(documents: &[Value], served: &BTreeSet<String>) -> Vec<String> {
    let defined: BTreeSet<String> = documents
        .iter()
        .filter(|document| document["kind"] == "CustomResourceDefinition")
        .flat_map(|crd| {
            let group = crd["spec"]["group"].as_str().unwrap_or_default().to_owned();
            let versions = crd["spec"]["versions"].as_array().cloned().unwrap_or_default();
            versions
                .into_iter()
                .filter_map(move |version| Some(format!("{group}/{}", version["name"].as_str()?)))
        })
        .collect();
    let wanted: BTreeSet<String> =
        objects(documents).into_iter().map(|object| object.version).collect();
    wanted
        .into_iter()
        .filter(|version| {
            version != "v1" && !served.contains(version) && !defined.contains(version)
        })
        .collect()
}

/// The objects of other namespaces than the lab's.
pub(super) fn elsewhere(documents: &[Value], namespace: &str) -> Vec<String> {
    let outside = |object: &Object| match (&object.namespace, object.kind.as_str()) {
        (_, "Namespace") => object.name != namespace,
        (own, _) => own.as_ref().is_some_and(|own| own != namespace),
    };
    objects(documents).iter().filter(|object| outside(object)).map(ToString::to_string).collect()
}

/// The objects of the whole cluster but the lab's namespace itself.
pub(super) fn cluster_wide(documents: &[Value]) -> Vec<Object> {
    let wide = |object: &Object| object.namespace.is_none() && object.kind != "Namespace";
    objects(documents).into_iter().filter(wide).collect()
}

/// The workloads that are waited for.
pub(super) fn workloads(documents: &[Value]) -> Vec<Object> {
    objects(documents).into_iter().filter(is_workload).collect()
}

/// The workloads with a container of one of these images.
pub(super) fn with_images(documents: &[Value], images: &BTreeSet<&str>) -> Vec<Object> {
    let uses = |document: &&Value| {
        let pod = &document["spec"]["template"]["spec"];
        ["initContainers", "containers"].iter().any(|list| {
            let containers = pod[*list].as_array().into_iter().flatten();
            containers
                .filter_map(|container| container["image"].as_str())
                .any(|image| images.contains(image))
        })
    };
    let restartable = |object: &Object| is_workload(object) && object.kind != "Job";
    documents.iter().filter(uses).filter_map(named).filter(restartable).collect()
}

/// What kubectl needs to delete these, the last first: what was made later may need what was made
/// before it to end well.
pub(super) fn to_delete(objects: &[Object]) -> Value {
    let item = |object: &Object| {
        let mut metadata = serde_json::json!({"name": object.name});
        if let Some(namespace) = &object.namespace {
            metadata["namespace"] = namespace.as_str().into();
        }
        serde_json::json!({"apiVersion": object.version, "kind": object.kind, "metadata": metadata})
    };
    let items: Vec<Value> = objects.iter().rev().map(item).collect();
    serde_json::json!({"apiVersion": "v1", "kind": "List", "items": items})
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "apiVersion: v1
kind: Namespace
metadata:
  name: lab
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: server
  namespace: lab
spec:
  template:
    spec:
      initContainers:
        - image: lab-train:local
      containers:
        - image: lab-server:local
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: model
  namespace: lab
";

    #[test]
    fn what_a_kustomization_comes_to_is_read() {
        let documents = documents(TEXT).unwrap();
        let shown: Vec<String> = objects(&documents).iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["namespace/lab", "deployment/server", "inferenceservice/model"]);
        assert_eq!(workloads(&documents).len(), 1);
        assert_eq!(with_images(&documents, &BTreeSet::from(["lab-train:local"]))[0].name, "server");
        assert!(with_images(&documents, &BTreeSet::from(["other:local"])).is_empty());
        assert!(cluster_wide(&documents).is_empty());
    }

    #[test]
    fn an_api_that_nobody_brings_is_unknown() {
        let served = BTreeSet::from(["apps/v1".to_owned()]);
        let mut documents = documents(TEXT).unwrap();
        assert_eq!(unknown_apis(&documents, &served), ["serving.kserve.io/v1beta1"]);
        documents.push(serde_json::json!({"apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "x"}, "spec": {"group": "serving.kserve.io",
                "versions": [{"name": "v1beta1"}]}}));
        assert_eq!(unknown_apis(&documents, &served), ["apiextensions.k8s.io/v1"]);
    }

    #[test]
    fn objects_of_another_namespace_are_seen() {
        let documents = documents(TEXT).unwrap();
        assert!(elsewhere(&documents, "lab").is_empty());
        assert_eq!(elsewhere(&documents, "other").len(), 3);
    }

    #[test]
    fn what_belongs_to_the_whole_cluster_is_what_the_cluster_or_a_definition_says() {
        let wide = wide_kinds(
            "namespaces  ns  v1  false  Namespace\nclusterissuers  cert-manager.io/v1  false  \
             ClusterIssuer\npods  po  v1  true  Pod\n",
        );
        assert_eq!(
            wide,
            BTreeSet::from(["/Namespace".to_owned(), "cert-manager.io/ClusterIssuer".to_owned()])
        );
        let object = |version: &str, kind: &str, namespace: Option<&str>| {
            let mut object =
                serde_json::json!({"apiVersion": version, "kind": kind, "metadata": {"name": "x"}});
            if let Some(namespace) = namespace {
                object["metadata"]["namespace"] = namespace.into();
            }
            object
        };
        let mut documents = vec![
            // As kustomize gives it: it knows nothing of this kind.
            object("cert-manager.io/v1", "ClusterIssuer", Some("lab")),
            object("example.org/v1", "Gadget", Some("lab")),
            object("v1", "ConfigMap", None),
            serde_json::json!({"apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": "gadgets.example.org"},
                "spec": {"scope": "Cluster", "group": "example.org", "names": {"kind": "Gadget"}}}),
        ];
        let wide = wide
            .into_iter()
            .chain(["apiextensions.k8s.io/CustomResourceDefinition".to_owned()])
            .collect();
        assign_namespaces(&mut documents, &wide, "lab");
        let shown: Vec<String> = cluster_wide(&documents).iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            ["clusterissuer/x", "gadget/x", "customresourcedefinition/gadgets.example.org"]
        );
        assert_eq!(objects(&documents)[2].namespace.as_deref(), Some("lab"));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        assert!(documents("a: 1\n").unwrap_err().contains("without apiVersion"));
        assert!(documents("a: [1\n").is_err());
    }
}
