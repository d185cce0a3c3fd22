//! The manifests of a generated lab: what `kubectl kustomize` makes of every kustomization that no
//! other one uses (of every overlay also with each component that waits to be added), and the
//! manifests that stand alone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::{Lab, must, seen, strict};
use crate::manifests::model::text;
use crate::manifests::yaml;

/// A text of manifests, and where it comes from.
pub struct Render {
    pub from: String,
    pub text: String,
}

impl Render {
    /// What is applied together with it: of several overlays only one is, and `local` for what is
    /// none.
    pub fn beside(&self, renders: &[Render]) -> Vec<Value> {
        let with = |other: &&Render| {
            let overlay = other.from.contains("overlays/");
            other.from != self.from
                && (!overlay
                    || (other.from.ends_with("/local") && !self.from.contains("overlays/")))
        };
        renders.iter().filter(with).flat_map(|render| yaml::documents(&render.text).0).collect()
    }
}

/// `kubectl`, or nothing where there is none; in CI there must be one.
pub fn kubectl() -> Option<String> {
    let program = std::env::var("MLOPS_LAB_KUBECTL").unwrap_or_else(|_| "kubectl".to_owned());
    let works = which::which(&program).is_ok()
        && seen(Command::new(&program).args(["version", "--client"])).code == 0;
    assert!(works || !strict(), "there is no {program}");
    if !works {
        eprintln!("skipped: there is no {program}");
    }
    works.then_some(program)
}

/// All manifests of a lab, and what is wrong with the YAML of their sources: kustomize would hide a
/// key that is there twice.
pub fn renders(lab: &Lab, kubectl: &str) -> (Vec<Render>, Vec<String>) {
    let all = yaml_files(&lab.root);
    let kustomizations: Vec<&PathBuf> =
        all.iter().filter(|file| file.ends_with("kustomization.yaml")).collect();
    let used: BTreeSet<PathBuf> = kustomizations.iter().flat_map(|file| mentioned(file)).collect();
    let folders = || {
        kustomizations.iter().map(|file| file.parent().unwrap()).filter(|it| !used.contains(*it))
    };
    let mut findings = Vec::new();
    let mut renders = Vec::new();
    for folder in folders().filter(|folder| !is_component(folder)) {
        let from = relative(lab, folder);
        for component in folders().filter(|it| is_component(it) && from.contains("overlays/")) {
            let named = format!("{from} with {}", component.file_name().unwrap().display());
            renders.push(Render { from: named, text: with_component(kubectl, folder, component) });
        }
        renders.push(Render {
            from,
            text: must(Command::new(kubectl).arg("kustomize").arg(folder)).out,
        });
    }
    for file in &all {
        let text = std::fs::read_to_string(file).unwrap();
        // What Grafana reads has a version too, and no kind.
        let has = |key: &str| text.lines().any(|line| line.starts_with(key));
        let manifest = has("apiVersion:") && has("kind:");
        if manifest || used.contains(file) {
            let (_, mut wrong) = yaml::documents(&text);
            // What a ConfigMap is made of may be a list.
            wrong.retain(|problem| manifest || !problem.ends_with(yaml::NO_MAPPING));
            findings.extend(
                wrong.into_iter().map(|problem| format!("{}: {problem}", relative(lab, file))),
            );
        }
        if manifest && !used.contains(file) && !file.ends_with("kustomization.yaml") {
            renders.push(Render { from: relative(lab, file), text });
        }
    }
    (renders, findings)
}

fn is_component(folder: &Path) -> bool {
    std::fs::read_to_string(folder.join("kustomization.yaml")).unwrap().contains("kind: Component")
}

/// What an overlay makes when the learner adds a component that it comes without: of a copy beside
/// it, as paths are relative.
fn with_component(kubectl: &str, overlay: &Path, component: &Path) -> String {
    let copy = overlay.with_file_name("with");
    must(Command::new("cp").arg("-r").args([overlay, &copy]));
    let up = overlay.ancestors().nth(2).unwrap();
    let path = Path::new("../..").join(component.strip_prefix(up).unwrap());
    let file = copy.join("kustomization.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}components: [{}]\n", path.display())).unwrap();
    let text = must(Command::new(kubectl).arg("kustomize").arg(&copy)).out;
    std::fs::remove_dir_all(copy).unwrap();
    text
}

fn relative(lab: &Lab, path: &Path) -> String {
    path.strip_prefix(lab.root.canonicalize().unwrap()).unwrap().display().to_string()
}

/// The YAML files of a lab but for hidden folders: those hold what the tool and CI read.
fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path().canonicalize().unwrap();
        let hidden = path.file_name().unwrap().to_string_lossy().starts_with('.');
        if path.is_dir() && !hidden {
            found.extend(yaml_files(&path));
        } else if path.extension().is_some_and(|it| it == "yaml" || it == "yml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The files and folders that a kustomization names, wherever in it.
fn mentioned(file: &Path) -> Vec<PathBuf> {
    fn strings(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::String(text) => into.push(text.clone()),
            Value::Array(parts) => parts.iter().for_each(|part| strings(part, into)),
            Value::Object(parts) => parts.values().for_each(|part| strings(part, into)),
            _ => {}
        }
    }
    let (documents, _) = yaml::documents(&std::fs::read_to_string(file).unwrap());
    let mut names = Vec::new();
    for document in documents
        .iter()
        .filter(|it| ["", "Kustomization", "Component"].contains(&text(it, "/kind")))
    {
        strings(document, &mut names);
    }
    // `files` may say key=path.
    let paths =
        names.iter().map(|name| name.rsplit_once('=').map_or(name.as_str(), |(_, path)| path));
    paths.filter_map(|path| file.parent().unwrap().join(path).canonicalize().ok()).collect()
}
