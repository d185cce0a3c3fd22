//! The order of the proofs: first those that a change touched, the longest first among equals.
//! Pure.

use std::cmp::Reverse;

/// A proof before it begins.
pub struct Planned {
    pub lab: String,
    pub runtime: String,
    /// The packs that are laid under the lab's own files.
    pub shared: Vec<String>,
    pub cases: usize,
}

/// How closely a change concerns a proof, the closest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Lab,
    Pack,
    Engine,
}

/// The numbers of all proofs, in their order, each with the paths that put it there: those of the
/// closest reach. None of them when no path concerns it.
pub fn order<'a>(planned: &[Planned], changed: &'a [String]) -> Vec<(usize, Vec<&'a str>)> {
    let mut all: Vec<_> = planned
        .iter()
        .enumerate()
        .map(|(number, proof)| {
            let near = changed.iter().filter_map(|path| reach(path, proof)).min();
            let why = changed.iter().map(String::as_str);
            let why = why.filter(|path| near.is_some() && reach(path, proof) == near).collect();
            (near.is_none(), near, Reverse(proof.cases), number, why)
        })
        .collect();
    all.sort();
    all.into_iter().map(|(.., number, why)| (number, why)).collect()
}

fn reach(path: &str, proof: &Planned) -> Option<Reach> {
    let parts: Vec<&str> = path.split('/').collect();
    let (touched, reach) = match parts[..] {
        ["labs" | "templates", "_shared", pack, ..] => {
            (proof.shared.iter().any(|shared| shared == pack) && runs_in(path, proof), Reach::Pack)
        }
        ["labs" | "templates", lab, _, ..] => {
            (lab == proof.lab && runs_in(path, proof), Reach::Lab)
        }
        ["src", "runtime", "local" | "compose" | "kubernetes", ..] => {
            (parts[2] == proof.runtime, Reach::Engine)
        }
        // The stand-ins of base images.
        ["tests", "images", ..] => (proof.runtime != "local", Reach::Engine),
        [".ci", name] if name.starts_with("cluster") => {
            (proof.runtime == "kubernetes", Reach::Engine)
        }
        ["src", ..] | ["Cargo.toml" | "Cargo.lock" | "build.rs"] => (true, Reach::Engine),
        _ => (false, Reach::Engine),
    };
    touched.then_some(reach)
}

/// Whether a path is of the proof's lab or of a pack that it shares.
pub fn is_of(path: &str, proof: &Planned) -> bool {
    matches!(reach(path, proof), Some(Reach::Lab | Reach::Pack))
}

/// Whether a lab's file may matter in the proof's runtime.
fn runs_in(path: &str, proof: &Planned) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    if path.split('/').any(|part| part == "k8s") {
        proof.runtime == "kubernetes"
    } else if name.starts_with("compose.") {
        proof.runtime == "compose"
    } else if name == "Dockerfile" || name == "dot-dockerignore" {
        proof.runtime != "local"
    } else {
        true
    }
}

/// The order in words, for the log of a run.
pub fn explain(planned: &[Planned], order: &[(usize, Vec<&str>)]) -> String {
    let line = |(number, why): &(usize, Vec<&str>)| {
        let proof = &planned[*number];
        let name = format!("{}::{}", proof.lab, proof.runtime);
        let why = match why[..] {
            [] => "not touched".to_owned(),
            [path] => path.to_owned(),
            [path, ref more @ ..] => format!("{path} and {} more", more.len()),
        };
        format!("  {name:24}  {:3} cases  {why}\n", proof.cases)
    };
    order.iter().map(line).collect()
}
