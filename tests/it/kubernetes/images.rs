//! How the lab's images get to the nodes, by context and by the user's word.

use crate::kubernetes::bed::Bed;

const BUILDS: [&str; 2] = [
    "docker build --progress plain --tag lab-train:local --file Dockerfile --target train .",
    "docker build --progress plain --tag lab-server:local --file Dockerfile .",
];

/// What is asked of the stand-ins when images are brought to the cluster of this context.
#[track_caller]
fn brought(context: &str, args: &[&str], wanted: &[&str]) {
    let Some(bed) = Bed::new(context) else { return };
    bed.comes_up(args);
    assert_eq!(bed.calls(), [&BUILDS, wanted].concat());
}

#[test]
fn kind_loads_them() {
    brought(
        "kind-dev",
        &[],
        &["kind load docker-image --name dev lab-server:local lab-train:local"],
    );
}

#[test]
fn k3d_imports_them() {
    brought("k3d-dev", &[], &["k3d image import --cluster dev lab-server:local lab-train:local"]);
}

#[test]
fn minikube_loads_them() {
    brought("minikube", &[], &["minikube image load lab-server:local lab-train:local"]);
}

#[test]
fn docker_desktop_has_them_already() {
    brought("docker-desktop", &[], &[]);
}

#[test]
fn a_command_of_the_users_reads_them_and_is_remembered() {
    let Some(bed) = Bed::new("team") else { return };
    let got = bed.path("got it");
    bed.comes_up(&["--context", "team", "--load", &format!("cat >'{}'", got.display())]);
    let archive = std::fs::read_to_string(&got).unwrap().replace(&bed.name(), "lab");
    assert_eq!(archive, "an archive of lab-server:local lab-train:local\n");
    assert!(!bed.lab.run_folder().join("images.tar").exists(), "the archive is not kept");
    std::fs::remove_file(&got).unwrap();
    std::fs::write(bed.path("stubs/id"), "two").unwrap();
    bed.comes_up(&[]);
    assert!(got.exists(), "said once, meant until the lab is gone");
}

#[test]
fn a_load_command_that_fails_is_told_and_nothing_is_left() {
    let Some(bed) = Bed::new("team") else { return };
    let err = bed.fails(
        &["--context", "team", "--load", "echo no such node >&2; exit 9"],
        &["no such node"],
    );
    assert!(err.contains("exit code 9"), "{err}");
    let by_hand = "docker save lab-server:local lab-train:local | \
                   sh -c 'echo no such node >&2; exit 9'";
    assert!(err.replace(&bed.name(), "lab").contains(by_hand), "{err}");
    assert!(bed.server.changes().is_empty() && !bed.noted());
    assert!(!bed.lab.run_folder().join("images.tar").exists());
}

#[test]
fn a_registry_gets_them_pushed_and_the_manifests_name_it() {
    let Some(bed) = Bed::new("team") else { return };
    bed.comes_up(&["--context", "team", "--registry", "registry.example:5000/labs/"]);
    let there = |image: &str| {
        [
            format!("docker tag {image} registry.example:5000/labs/{image}"),
            format!("docker push registry.example:5000/labs/{image}"),
        ]
    };
    let pushed = [there("lab-server:local"), there("lab-train:local")].concat();
    assert_eq!(bed.calls(), [BUILDS.map(str::to_owned).to_vec(), pushed].concat());
    let pod = &bed.server.object("Deployment", "server")["spec"]["template"]["spec"];
    let name = bed.name();
    assert_eq!(
        pod["containers"][0]["image"],
        format!("registry.example:5000/labs/{name}-server:local").as_str()
    );
    assert_eq!(
        pod["initContainers"][0]["image"],
        format!("registry.example:5000/labs/{name}-train:local").as_str()
    );
    let store = bed.server.object("StatefulSet", "store");
    let pod = &store["spec"]["template"]["spec"];
    assert_eq!(pod["containers"][0]["image"], "postgres:17");
}

#[test]
fn unchanged_images_are_not_brought_again_and_changed_ones_restart_what_uses_them() {
    let Some(bed) = Bed::new("kind-dev") else { return };
    bed.comes_up(&[]);
    let template = || bed.server.object("Deployment", "server")["spec"]["template"].clone();
    let first = template();
    bed.forget_calls();
    bed.comes_up(&[]);
    assert_eq!(bed.calls(), BUILDS, "the builder knows what is up to date");
    assert_eq!(template(), first, "nothing is restarted");
    std::fs::write(bed.path("stubs/id"), "two").unwrap();
    bed.forget_calls();
    bed.comes_up(&[]);
    assert_eq!(
        bed.calls(),
        [&BUILDS[..], &["kind load docker-image --name dev lab-server:local lab-train:local"]]
            .concat()
    );
    assert!(
        template()["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"].is_string(),
        "{}",
        template()
    );
    assert!(
        bed.server.object("StatefulSet", "store")["spec"]["template"]["metadata"]["annotations"]
            .is_null(),
        "it uses none of them"
    );
}

#[test]
fn restart_rolls_out_anew_what_is_named_and_without_a_name_everything() {
    let Some(bed) = Bed::new("kind-dev") else { return };
    bed.comes_up(&[]);
    let restarted = |kind: &str, name: &str| {
        let template = bed.server.object(kind, name)["spec"]["template"].clone();
        template["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"]
            .as_str()
            .map(str::to_owned)
    };
    let seen = bed.lab.ok(&["restart", "server", "--runtime", "kubernetes", "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&seen.out).unwrap();
    assert_eq!(answer["restarted"], serde_json::json!({"server": "requested"}));
    assert!(
        restarted("Deployment", "server").is_some() && restarted("StatefulSet", "store").is_none()
    );
    bed.lab.ok(&["restart", "--runtime", "kubernetes"]);
    assert!(restarted("StatefulSet", "store").is_some());
    let unknown = bed.lab.run(&["restart", "stoer", "--runtime", "kubernetes"]);
    assert!(unknown.code == 2 && unknown.err.contains("store"), "{}", unknown.err);
    assert!(bed.answer(bed.lab.port).is_some(), "it is up as before");
}

#[test]
fn a_build_that_fails_is_told_with_its_last_words_and_nothing_is_left() {
    let Some(bed) = Bed::new("kind-dev") else { return };
    std::fs::write(bed.path("stubs/fail"), "build").unwrap();
    bed.fails(&[], &["docker build", "no space left on device", "build.log"]);
    assert!(bed.server.changes().is_empty() && !bed.noted());
    std::fs::write(bed.path("stubs/fail"), "version").unwrap();
    bed.fails(&[], &["Docker does not answer"]);
}
