//! In which order things are made, by whom, and what is left out.

use serde_json::{Value, json};

use crate::kubernetes::bed::Bed;

/// A definition and an object of it.
fn definition(project: Option<&str>) -> Value {
    let labels = project.map_or(json!({}), |name| json!({"dev.mlops-lab.project": name}));
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "models.test.dev", "labels": labels},
        "spec": {"group": "test.dev", "scope": "Namespaced", "names": {"plural": "models",
            "singular": "model", "kind": "Model"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object",
                    "x-kubernetes-preserve-unknown-fields": true}}}]}})
}

/// Gives the lab the definition and an object of it; the object's file comes first.
fn with_definition(bed: &Bed) {
    bed.manifest("amodel", "apiVersion: test.dev/v1\nkind: Model\nmetadata:\n  name: iris\n");
    bed.manifest("crd", &definition(None).to_string());
}

#[test]
fn the_namespace_comes_first_then_definitions_then_the_rest_and_all_by_our_own_manager() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    with_definition(&bed);
    bed.comes_up(&[]);
    let requests = bed.server.requests();
    let at = |part: &str| {
        let found = requests.iter().position(|request| {
            request["method"] == "PATCH" && request["path"].as_str().unwrap().contains(part)
        });
        found.unwrap_or_else(|| panic!("nothing was applied to {part}"))
    };
    let (namespace, crd, model) =
        (at("/namespaces/test-"), at("/models.test.dev"), at("/models/iris"));
    assert!(namespace < crd && crd < at("/configmaps/settings") && crd < model);
    let established = requests.iter().position(|request| {
        request["path"].as_str().unwrap().ends_with("/customresourcedefinitions")
            && request["query"]["fieldSelector"] == "metadata.name=models.test.dev"
    });
    let established = established.expect("nobody waited for the definition");
    assert!(crd < established && established < at("/configmaps/settings") && established < model);
    let namespace = &requests[namespace];
    assert_eq!(namespace["query"]["fieldManager"], "mlops-lab-owner");
    assert_eq!(
        namespace["body"]["metadata"]["labels"]["dev.mlops-lab.workspace"],
        bed.id().as_str()
    );
    for request in requests.iter().filter(|request| request["method"] == "PATCH").skip(1) {
        assert_eq!(request["query"]["fieldManager"], "mlops-lab", "{request}");
        assert_eq!(request["query"]["force"], "true", "{request}");
    }
    let namespace = bed.server.object("Namespace", &bed.name());
    assert_eq!(
        namespace["metadata"]["labels"]["dev.mlops-lab.workspace"],
        bed.id().as_str(),
        "the overlay's own words of the namespace do not take our label away"
    );
}

#[test]
fn a_definition_that_somebody_else_brought_is_used_and_stays() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.server.script(&json!({"objects": [definition(None)]}));
    with_definition(&bed);
    let before = bed.server.object("CustomResourceDefinition", "models.test.dev");
    bed.comes_up(&[]);
    assert!(bed.server.objects().contains(&format!("Model/{}/iris", bed.name())));
    bed.lab.ok(&["down", "--purge"]);
    assert_eq!(bed.server.object("CustomResourceDefinition", "models.test.dev"), before);
    assert_eq!(bed.server.objects().len(), 1, "{:?}", bed.server.objects());
}

#[test]
fn what_is_ours_of_the_whole_cluster_goes_with_purge_and_not_before() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    with_definition(&bed);
    bed.manifest(
        "role",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: reader\n\
         rules: []\n",
    );
    bed.comes_up(&[]);
    bed.comes_up(&[]);
    bed.lab.ok(&["down"]);
    let kept = bed.server.objects();
    assert!(kept.contains("ClusterRole//reader"), "{kept:?}");
    assert!(kept.contains("CustomResourceDefinition//models.test.dev"), "{kept:?}");
    bed.lab.ok(&["down", "--purge"]);
    assert!(bed.server.objects().is_empty(), "{:?}", bed.server.objects());
}

#[test]
fn a_definition_of_ours_stays_while_somebody_else_has_objects_of_it() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    with_definition(&bed);
    bed.comes_up(&[]);
    bed.server.script(&json!({"objects": [{"apiVersion": "test.dev/v1", "kind": "Model",
        "metadata": {"name": "theirs", "namespace": "default"}}]}));
    bed.lab.ok(&["down", "--purge"]);
    let left: Vec<String> = bed.server.objects().into_iter().collect();
    assert_eq!(left, ["CustomResourceDefinition//models.test.dev", "Model/default/theirs"]);
}

#[test]
fn an_object_of_the_whole_cluster_whose_definition_comes_with_it_is_made_and_taken_away() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.manifest(
        "aruntime",
        "apiVersion: trainer.test.dev/v1\nkind: ClusterTrainingRuntime\nmetadata:\n  name: torch\n",
    );
    let crd = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "clustertrainingruntimes.trainer.test.dev"},
        "spec": {"group": "trainer.test.dev", "scope": "Cluster",
            "names": {"plural": "clustertrainingruntimes", "singular": "clustertrainingruntime",
                "kind": "ClusterTrainingRuntime"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object"}}}]}});
    bed.manifest("crd", &crd.to_string());
    bed.comes_up(&[]);
    assert!(
        bed.server.objects().contains("ClusterTrainingRuntime//torch"),
        "{:?}",
        bed.server.objects()
    );
    bed.lab.ok(&["down", "--purge"]);
    assert!(bed.server.objects().is_empty(), "{:?}", bed.server.objects());
}

#[test]
fn what_the_manifests_have_no_more_is_still_found_by_down() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.manifest("more", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: more\n");
    bed.comes_up(&[]);
    bed.replace("k8s/base/kustomization.yaml", "  - more.yaml\n", "");
    bed.comes_up(&[]);
    let more = format!("ConfigMap/{}/more", bed.name());
    assert!(bed.server.objects().contains(&more));
    bed.lab.ok(&["down"]);
    assert!(!bed.server.objects().contains(&more));
}

#[test]
fn a_manifest_that_the_cluster_refuses_is_told_in_its_words() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    let words = "ConfigMap \\\"settings\\\" is invalid: data.mode: Too long";
    bed.server.script(&json!({"refuse": {"ConfigMap/settings": words}}));
    bed.fails(&[], &["the cluster does not take the manifests", "data.mode: Too long", "fix k8s/"]);
    assert!(bed.server.objects().is_empty(), "{:?}", bed.server.objects());
    assert!(!bed.noted());
}
