//! Every Kubernetes manifest that a lab generates is right, as far as that can be told without a
//! cluster: YAML without double keys, strict schemas (tests/schemas), and rules for what schemas
//! miss. That the checks see anything is shown by planted errors. What a cluster knows beyond that,
//! it is asked where there is one (server.rs).
mod model;
mod operator;
mod planted;
mod render;
mod rules;
mod schema;
mod server;
mod yaml;

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use crate::harness::{BIN, Lab, must};
use planted::Planted;
use schema::Schemas;
use serde_json::Value;

static SCHEMAS: LazyLock<Schemas> = LazyLock::new(Schemas::load);

/// What is meant to be missing: lab, manifest, and the end of the finding. One that is not found is
/// an error too. SELF is the name of the project.
const MEANT: [(&str, &str, &str); 5] = [
    // The cluster's secret manager makes it.
    ("tracking", "k8s/overlays/production", "there is no Secret SELF"),
    ("kubeflow", "k8s/overlays/production", "there is no Secret mysql"),
    ("kubeflow", "k8s/overlays/production", "there is no Secret seaweedfs"),
    ("gateway", "k8s/overlays/vllm-gpu", "there is no Secret SELF"),
    // Programs of others that write where their authors let them: k8s/README.md says which. The
    // namespace, which would say that it is no `restricted` one, is the platform's to make there.
    ("kubeflow", "k8s/overlays/production", "readOnlyRootFilesystem is not true"),
];

/// Everything that is wrong with these objects, beside others that are applied with them.
fn judge(objects: &[Value], beside: &[Value]) -> Vec<String> {
    let mut findings = SCHEMAS.check(objects, beside);
    findings.extend(rules::check(objects, beside));
    findings.sort();
    findings.dedup();
    findings
}

/// Everything that is wrong with a text of manifests.
fn judge_text(text: &str) -> Vec<String> {
    let (objects, mut findings) = yaml::documents(text);
    findings.extend(judge(&objects, &[]));
    findings
}

fn sample() -> String {
    std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests/sound.yaml"),
    )
    .unwrap()
}

/// The project's name, as the harness gives it.
fn own(lab: &Lab) -> String {
    format!("test-{}", lab.port)
}

#[test]
fn every_manifest_of_every_lab_is_sound() {
    let Some(kubectl) = render::kubectl() else { return };
    let list: Value =
        serde_json::from_str(&must(Command::new(BIN).args(["list", "--json"])).out).unwrap();
    let (mut wrong, mut count, mut met) = (Vec::new(), 0, [false; MEANT.len()]);
    for id in list["labs"].as_array().unwrap().iter().map(|lab| lab["id"].as_str().unwrap()) {
        let lab = Lab::new(None, id, &[]);
        let (renders, mut findings) = render::renders(&lab, &kubectl);
        assert!(
            !renders.is_empty() || !lab.root.join("k8s").exists(),
            "{id}: k8s has no manifests"
        );
        let own = own(&lab);
        for render in &renders {
            let (objects, unread) = yaml::documents(&render.text);
            count += objects.len();
            for finding in unread.into_iter().chain(judge(&objects, &render.beside(&renders))) {
                let fits = |(lab, from, end): &(&str, &str, &str)| {
                    *lab == id
                        && render.from.starts_with(from)
                        && finding.ends_with(&end.replace("SELF", &own))
                };
                match MEANT.iter().position(fits) {
                    Some(which) => met[which] = true,
                    None => findings.push(format!("{}: {finding}", render.from)),
                }
            }
        }
        wrong.extend(findings.into_iter().map(|finding| format!("{id}: {finding}")));
    }
    for (meant, _) in MEANT.iter().zip(met).filter(|(_, met)| !met) {
        wrong.push(format!("is not missing any more: {meant:?}"));
    }
    eprintln!("{count} objects");
    assert!(count > 0, "no lab has manifests");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_sample_is_sound() {
    assert_eq!(judge_text(&sample()), Vec::<String>::new());
}

/// Judges an error that was planted; what nothing is said of is this test's own failure.
fn missed(error: &Planted, broken: &str, findings: &[String]) -> Option<String> {
    keep(&error.what, broken);
    let said = findings.iter().any(|finding| finding.contains(&error.says));
    (!said).then(|| format!("{}: expected `{}`, found {findings:?}", error.what, error.says))
}

/// MLOPS_LAB_PLANTED=FOLDER writes each set of broken manifests there: to see what a real API
/// server says of them.
fn keep(what: &str, text: &str) {
    let Some(folder) = std::env::var_os("MLOPS_LAB_PLANTED") else { return };
    std::fs::write(Path::new(&folder).join(what.replace(' ', "-")).with_extension("yaml"), text)
        .unwrap();
}

fn missed_in(sound: &[Value], table: &[Planted]) -> Vec<String> {
    let one = |error: &Planted| {
        let objects = error.in_objects(sound);
        let list =
            serde_json::json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
        missed(error, &list, &judge(&objects, &[]))
    };
    table.iter().filter_map(one).collect()
}

#[test]
fn planted_errors_of_yaml_are_found() {
    let sound = sample();
    for error in Planted::table("text.yaml", "") {
        let broken = error.in_text(&sound);
        assert_eq!(missed(&error, &broken, &judge_text(&broken)), None);
    }
}

#[test]
fn planted_errors_in_the_sample_are_found() {
    let missed = missed_in(&yaml::documents(&sample()).0, &Planted::table("sample.yaml", ""));
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn planted_errors_in_a_lab_are_found() {
    let Some(kubectl) = render::kubectl() else { return };
    let lab = Lab::new(None, "serving", &[]);
    let sound = sound_of(&lab, &kubectl, "k8s/overlays/local");
    let missed = missed_in(&sound, &Planted::table("serving.yaml", &own(&lab)));
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// The objects of one overlay, in which nothing is wrong yet.
fn sound_of(lab: &Lab, kubectl: &str, overlay: &str) -> Vec<Value> {
    let (renders, _) = render::renders(lab, kubectl);
    let render = renders.iter().find(|render| render.from == overlay).unwrap();
    let (sound, _) = yaml::documents(&render.text);
    assert_eq!(judge(&sound, &[]), Vec::<String>::new());
    sound
}

#[test]
fn every_schema_can_be_used() {
    assert_eq!(SCHEMAS.broken(), Vec::<String>::new());
}
