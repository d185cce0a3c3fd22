//! What the learner's own kubectl means, in a lab and outside, and checks that look into the
//! cluster.

use serde_json::{Value, json};

use crate::harness::must;
use crate::kubernetes::bed::{Bed, Server};

/// A step's verdict, and what was observed.
fn verdict(bed: &Bed, step: &str) -> (String, String) {
    let seen = bed.lab.run(&["check", step, "--runtime", "kubernetes", "--json"]);
    let report: Value = serde_json::from_str(&seen.out).unwrap_or_else(|_| panic!("{}", seen.err));
    let rows = report["rows"].as_array().unwrap();
    let now = &rows.iter().find(|row| row["id"] == step).unwrap()["now"];
    (now["verdict"].as_str().unwrap().to_owned(), now["observed"].as_str().unwrap().to_owned())
}

#[test]
fn a_commands_kubectl_means_the_lab_and_before_up_nothing_at_all() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    assert_eq!(verdict(&bed, "where").0, "not-yet");
    assert_eq!(verdict(&bed, "there").0, "cannot-tell");
    assert_eq!(
        bed.lab.run(&["solve", "mode", "--runtime", "kubernetes"]).code,
        3,
        "no cluster to do it in"
    );
    assert!(bed.server.requests().is_empty(), "{:?}", bed.server.requests());
    bed.comes_up(&[]);
    // The learner works with another cluster meanwhile.
    let (own, other) = (std::fs::read_to_string(bed.path("kubeconfig")).unwrap(), Server::new());
    let mut config: Value = serde_json::from_str(&own).unwrap();
    let list = |config: &mut Value, key: &str, entry: Value| {
        config[key].as_array_mut().unwrap().push(entry)
    };
    list(&mut config, "clusters", json!({"name": "o", "cluster": {"server": other.address}}));
    list(
        &mut config,
        "contexts",
        json!({"name": "prod", "context": {"cluster": "o", "user": "u"}}),
    );
    config["current-context"] = "prod".into();
    let own = config.to_string();
    std::fs::write(bed.path("kubeconfig"), &own).unwrap();
    assert_eq!(verdict(&bed, "where").0, "pass");
    bed.lab.ok(&["status"]);
    bed.lab.ok(&["solve", "mode"]);
    assert_eq!(bed.server.object("ConfigMap", "settings")["data"]["mode"], "fast");
    bed.comes_up(&[]);
    bed.lab.ok(&["down", "--purge"]);
    assert!(other.requests().is_empty(), "{:?}", other.requests());
    assert_eq!(
        std::fs::read_to_string(bed.path("kubeconfig")).unwrap(),
        own,
        "it is the learner's"
    );
}

#[test]
fn a_look_into_the_cluster_passes_or_not_yet_or_cannot_tell() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.comes_up(&[]);
    assert_eq!(verdict(&bed, "there").0, "pass");
    let (mode, observed) = verdict(&bed, "mode");
    assert!(mode == "not-yet" && observed.contains("slow"), "{mode}: {observed}");
    let (secret, observed) = verdict(&bed, "secret");
    assert!(secret == "not-yet" && observed.contains("not found"), "{secret}: {observed}");
    assert_eq!(verdict(&bed, "tidy").0, "pass");
    bed.server.script(&json!({"objects": [{"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "leftover", "namespace": bed.name()}}]}));
    assert_eq!(verdict(&bed, "tidy").0, "not-yet");
    let (strange, observed) = verdict(&bed, "strange");
    assert!(strange == "cannot-tell" && observed.contains("unicorn"), "{strange}: {observed}");
    bed.server.stop();
    assert_eq!(verdict(&bed, "there").0, "cannot-tell");
}

#[test]
fn a_kubeconfig_that_is_named_from_where_the_user_stands_is_found() {
    let Some(mut bed) = Bed::new("kind-lab") else { return };
    bed.set("KUBECONFIG", "kubeconfig");
    let folder = bed.lab.root.display().to_string();
    let from = |args: &[&str]| {
        let mut command = bed.lab.command(&[&["-C", &folder], args].concat());
        command.current_dir(bed.home.path());
        must(&mut command)
    };
    from(&["up", "--runtime", "kubernetes"]);
    from(&["status"]);
    from(&["down", "--purge"]);
    assert!(bed.server.objects().is_empty(), "{:?}", bed.server.objects());
}

#[test]
fn two_labs_side_by_side_in_one_cluster_do_not_touch_each_other() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    let Some(other) = Bed::new("kind-lab") else { return };
    other.configure("kind-lab", &bed.server);
    bed.comes_up(&[]);
    other.comes_up(&[]);
    bed.lab.ok(&["down", "--purge"]);
    other.lab.ok(&["status"]);
    let names = bed.server.objects();
    assert!(
        !names.is_empty() && names.iter().all(|name| name.contains(&other.name())),
        "{names:?}"
    );
    other.lab.ok(&["down", "--purge"]);
    assert!(bed.server.objects().is_empty());
}
