//! What checks expect: values that the probe can show at all.

use super::Lint;
use crate::catalog::check::{
    CheckSpec, Content, FileExpect, HttpExpect, HttpProbe, Json, KubernetesExpect, Match, Probe,
};
use crate::catalog::parse::{Key, checks};

/// The characters of a SHA-256 in hexadecimal.
const SHA256: usize = 64;

/// What is wrong, with the way to it below the check.
type Wrong = Vec<(Vec<Key>, String)>;

impl Lint<'_> {
    pub(super) fn expectations(&mut self) {
        for (at, check) in checks(&self.lab.manifest.clone()) {
            for (below, message) in impossible(check) {
                self.manifest(&[at.clone(), below].concat(), message);
            }
        }
    }
}

/// What can never hold.
fn impossible(check: &CheckSpec) -> Wrong {
    match &check.probe {
        Probe::Http(probe, expect) => [request(probe), response(expect)].concat(),
        Probe::Command(_, expect) => {
            [pointers("json", &expect.json), text("stdout", expect.stdout.as_ref())].concat()
        }
        Probe::File(_, FileExpect::Present(expect)) => content(expect),
        Probe::Metric(probe, expect) => [metric(&probe.name), value(&expect.value)].concat(),
        Probe::Kubernetes(_, KubernetesExpect::Present(json)) => pointers("json", json),
        Probe::File(_, FileExpect::Absent)
        | Probe::Kubernetes(_, KubernetesExpect::Absent)
        | Probe::Tcp(..) => Wrong::new(),
    }
}

fn request(probe: &HttpProbe) -> Wrong {
    let at = |key: &str| vec!["http".into(), key.into()];
    let mut wrong = Wrong::new();
    if !probe.path.starts_with('/') && !probe.path.starts_with("<[") {
        wrong.push((at("path"), format!("a path begins with `/`: \"/{}\"", probe.path)));
    }
    if probe.repeat == 0 {
        wrong.push((at("repeat"), "repeat: expected at least 1, got 0".to_owned()));
    }
    wrong
}

fn response(expect: &HttpExpect) -> Wrong {
    let header = |(name, rules): (&String, &Match)| {
        let at = vec!["expect".into(), "headers".into(), name.as_str().into()];
        Some((at, format!("a header is text: {}", not_of_text(rules)?)))
    };
    [
        pointers("json", &expect.json),
        text("body", expect.body.as_ref()),
        expect.headers.iter().filter_map(header).collect(),
    ]
    .concat()
}

fn content(expect: &Content) -> Wrong {
    [
        hash(expect.sha256.as_deref()),
        pointers("json", &expect.json),
        pointers("toml", &expect.toml),
        text("text", expect.text.as_ref()),
    ]
    .concat()
}

fn pointers(name: &str, values: &Json) -> Wrong {
    let wrong = |pointer: &&String| !pointer.is_empty() && !pointer.starts_with('/');
    let message = |pointer: &String| {
        let at = vec!["expect".into(), name.into(), pointer.as_str().into()];
        (at, format!("`{pointer}` is no JSON pointer: write \"/{pointer}\""))
    };
    values.keys().filter(wrong).map(message).collect()
}

fn text(name: &str, rules: Option<&Match>) -> Wrong {
    let why = rules.and_then(not_of_text);
    why.map(|why| (vec!["expect".into(), name.into()], format!("`{name}` is text: {why}")))
        .into_iter()
        .collect()
}

fn value(rules: &Match) -> Wrong {
    let at = vec!["expect".into(), "value".into()];
    let why = not_of_number(rules);
    why.map(|why| (at, format!("a metric's value is a number: {why}"))).into_iter().collect()
}

fn hash(sha256: Option<&str>) -> Wrong {
    let hex = |text: &str| text.len() == SHA256 && text.chars().all(|c| c.is_ascii_hexdigit());
    if sha256.is_none_or(|text| hex(text) || text.contains("<[")) {
        return Wrong::new();
    }
    let at = vec!["expect".into(), "sha256".into()];
    vec![(at, format!("a SHA-256 has {SHA256} hexadecimal digits"))]
}

fn metric(name: &str) -> Wrong {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    let well = |c: char| first(c) || c.is_ascii_digit();
    let named = name.starts_with(first) && name.chars().all(well);
    if named || name.contains("<[") {
        return Wrong::new();
    }
    let at = vec!["metric".into(), "name".into()];
    vec![(at, format!("`{name}` is no name of a metric: letters, digits, `_` and `:`"))]
}

/// Why these rules never hold for text.
fn not_of_text(rules: &Match) -> Option<String> {
    if let Some(value) = rules.eq.as_ref().filter(|value| !value.is_string()) {
        return Some(format!(
            "it never equals {value}; write \"{value}\" or {{ contains = \"{value}\" }}"
        ));
    }
    if [rules.gt, rules.ge, rules.lt, rules.le].iter().any(Option::is_some) {
        return Some("it has no size to compare; write { matches = \"...\" }".to_owned());
    }
    None
}

/// Why these rules never hold for a number.
fn not_of_number(rules: &Match) -> Option<String> {
    let other = rules.eq.iter().chain(&rules.ne).find(|value| !value.is_number());
    if let Some(value) = other {
        return Some(format!("{value} is none"));
    }
    let texts = rules.matches.is_some() || rules.contains.is_some() || rules.length.is_some();
    texts.then(|| "compare it by eq, ne, gt, ge, lt or le".to_owned())
}
