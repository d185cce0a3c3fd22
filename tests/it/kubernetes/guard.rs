//! What is left alone: clusters that were not meant, namespaces and objects of others; and what is
//! seen before anything is changed.

use serde_json::json;

use crate::kubernetes::bed::{Bed, Server};

#[test]
fn a_context_that_may_be_production_is_not_even_asked_unless_it_is_named() {
    let Some(mut bed) = Bed::new("prod") else { return };
    bed.refused(&[], &["`prod` is not known to be a local cluster"]);
    // The doctor at the head of `up` leaves it alone as well.
    let apply = "apply = \"k8s/overlays/local\"\n";
    bed.replace(
        ".mlops-lab/lab.toml",
        apply,
        &format!("{apply}needs = [{{ cluster = \">=1.28\" }}]\n"),
    );
    bed.refused(&[], &["`prod` is not known to be a local cluster"]);
    assert!(bed.server.requests().is_empty(), "{:?}", bed.server.requests());
    let up = bed.comes_up(&["--context", "prod"]);
    assert!(up.err.contains("this cluster must have the images"), "{}", up.err);
    assert!(
        bed.calls().is_empty(),
        "images for a cluster that nothing is known of: {:?}",
        bed.calls()
    );
    // Said once, meant until the lab is gone.
    bed.comes_up(&[]);
    bed.lab.ok(&["down", "--purge"]);
    bed.refused(&[], &["`prod` is not known to be a local cluster"]);
    bed.set("MLOPS_LAB_KUBECONTEXT", "prod");
    bed.comes_up(&[]);
}

#[test]
fn a_context_that_is_not_there_and_no_kubeconfig_at_all_are_told_apart() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.refused(&["--context", "kind-other"], &["`kind-other` does not exist", "kind-lab"]);
    std::fs::write(bed.path("kubeconfig"), "contexts: [").unwrap();
    bed.refused(&[], &["kubeconfig"]);
    std::fs::remove_file(bed.path("kubeconfig")).unwrap();
    bed.refused(&[], &["there is no kubeconfig"]);
    assert!(bed.server.requests().is_empty());
}

#[test]
fn a_context_that_means_another_cluster_by_now_is_told_and_neither_is_touched() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.comes_up(&[]);
    let (before, other) = (bed.server.changes(), Server::new());
    bed.configure("kind-lab", &other);
    bed.fails(&[], &["another cluster"]);
    let down = bed.lab.run(&["down", "--purge"]);
    assert_eq!(down.code, 3, "{}", down.err);
    assert!(down.err.contains(&bed.server.address) && bed.noted(), "{}", down.err);
    assert!(other.changes().is_empty() && bed.server.changes() == before);
    bed.configure("kind-lab", &bed.server);
    bed.lab.ok(&["down", "--purge"]);
    assert!(bed.server.objects().is_empty(), "{:?}", bed.server.objects());
}

#[test]
fn a_namespace_of_somebody_else_is_left_alone() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.server.script(&json!({"objects": [bed.namespace(&json!({}))]}));
    bed.refused(&[], &[&format!("the namespace {} belongs to somebody else", bed.name())]);
    bed.server.script(&json!({"objects": [
        bed.namespace(&json!({"dev.mlops-lab.workspace": "0123456789abcdef"})),
    ]}));
    bed.refused(&[], &["belongs to another lab, with the id 0123456789abcdef"]);
    let mut ending = bed.namespace(&json!({"dev.mlops-lab.workspace": bed.id()}));
    ending["status"] = json!({"phase": "Terminating"});
    bed.server.script(&json!({"objects": [ending], "namespace_looks": 1000}));
    bed.refused(&[], &["still being deleted"]);
}

#[test]
fn down_leaves_a_namespace_alone_that_became_somebody_elses() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.comes_up(&[]);
    bed.server.script(&json!({"objects": [bed.namespace(&json!({"team": "payments"}))]}));
    let before = bed.server.objects();
    bed.lab.ok(&["down"]);
    bed.lab.ok(&["down", "--purge"]);
    assert_eq!(bed.server.objects(), before, "objects in a namespace that is not ours");
    assert!(!bed.noted());
}

#[test]
fn an_api_that_the_cluster_lacks_is_named_before_anything_is_changed() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.manifest(
        "model",
        "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata:\n  name: model\n",
    );
    bed.refused(&[], &["the cluster does not serve serving.kserve.io/v1beta1"]);
}

#[test]
fn manifests_that_are_broken_or_reach_beyond_the_namespace_are_refused() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.manifest("more", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: more\ndata: [\n");
    bed.refused(&[], &["the manifests in k8s/overlays/local cannot be rendered", "more.yaml"]);
    bed.write("k8s/base/more.yaml", "apiVersion: v1\nmetadata:\n  name: more\n");
    bed.refused(&[], &["the manifests in k8s/overlays/local cannot be rendered", "kind"]);
    bed.write(
        "k8s/base/more.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: more\n  namespace: kube-system\n",
    );
    let line = format!("namespace: {}\n", bed.name());
    bed.replace("k8s/overlays/local/kustomization.yaml", &line, "");
    bed.refused(&[], &["objects of another namespace", "configmap/more"]);
}

#[test]
fn an_object_of_the_whole_cluster_that_is_not_ours_is_not_taken_over() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "reader", "labels": {"team": "payments"}}, "rules": []});
    bed.server.script(&json!({"objects": [role]}));
    bed.manifest(
        "role",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: reader\n\
         rules: []\n",
    );
    bed.refused(&[], &["the cluster has a clusterrole/reader that is not this lab's"]);
}

#[test]
fn no_other_runtime_is_started_while_the_lab_is_in_a_cluster() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.comes_up(&[]);
    let up = bed.lab.run(&["up", "--runtime", "local"]);
    assert_eq!(up.code, 3);
    assert!(up.err.contains("the lab is up on kubernetes"), "{}", up.err);
    bed.lab.ok(&["status"]);
}

#[test]
fn a_port_that_is_taken_is_told_before_anything_is_changed() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    let _holder = std::net::TcpListener::bind(("127.0.0.1", bed.lab.port)).unwrap();
    bed.refused(&[], &[&format!("port {} is taken", bed.lab.port)]);
}

#[test]
fn a_lab_whose_cluster_was_removed_is_down_and_comes_up_in_the_next_one() {
    let Some(mut bed) = Bed::new("kind-mlops-lab") else { return };
    // What is noted of our cluster is not to be seen by other tests.
    bed.set("XDG_STATE_HOME", bed.path("state"));
    let record = bed.path("state/mlops-lab/cluster.json");
    let made = json!({"tool": "kind", "made": true, "begun": 0, "containers": [],
        "limits": {"memory": null, "cpus": null}});
    let make = || std::fs::write(&record, made.to_string()).unwrap();
    std::fs::create_dir_all(record.parent().unwrap()).unwrap();
    make();
    bed.comes_up(&["--trust"]);
    // `cluster down` takes the context along.
    std::fs::remove_file(&record).unwrap();
    bed.configure("prod", &bed.server);
    let before = bed.server.requests().len();
    bed.lab.ok(&["down"]);
    bed.lab.ok(&["down", "--purge"]);
    assert_eq!(bed.server.requests().len(), before, "a cluster that is not meant was asked");
    // And one that was up while the next one was made.
    make();
    bed.configure("kind-mlops-lab", &bed.server);
    bed.comes_up(&[]);
    let next = Server::new();
    bed.configure("kind-mlops-lab", &next);
    bed.comes_up(&[]);
    assert!(next.objects().iter().any(|object| object.starts_with("Deployment/")));
    bed.lab.ok(&["down", "--purge"]);
    assert!(next.objects().is_empty(), "{:?}", next.objects());
}
