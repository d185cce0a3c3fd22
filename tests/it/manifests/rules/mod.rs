//! What no schema says: each rule looks at all objects of a render and says what is wrong, one line
//! for each.

mod containers;
mod links;
mod monitors;
mod names;
mod network;
mod references;
mod scale;
mod security;
mod sizes;

use std::collections::HashSet;

use serde_json::Value;

use crate::manifests::model::{resolved, text};

pub use names::CLUSTER;

/// Everything that the rules find. What is applied with them (the other manifests of a lab) is
/// there, but not judged.
pub fn check(objects: &[Value], beside: &[Value]) -> Vec<String> {
    let mut all = every(&[objects, beside].concat());
    let known: HashSet<String> = every(beside).into_iter().collect();
    all.retain(|finding| !known.contains(finding));
    all
}

/// A rule looks at all objects and says what is wrong.
type Rule = fn(&[Value]) -> Vec<String>;

fn every(objects: &[Value]) -> Vec<String> {
    let rules: [Rule; 9] = [
        names::check,
        containers::check,
        sizes::check,
        references::check,
        links::check,
        monitors::check,
        scale::check,
        network::check,
        security::check,
    ];
    // The configuration of a kind cluster is no object of the API.
    let mut objects = resolved(objects);
    objects.retain(|object| !text(object, "/apiVersion").starts_with("kind.x-k8s.io/"));
    rules.iter().flat_map(|rule| rule(&objects)).collect()
}
