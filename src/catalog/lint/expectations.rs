//! What checks expect: values that the probe can show at all.

use super::Lint;
use crate::catalog::expect::{Check, Match, Probe};
use crate::catalog::parse::{Key, checks};

/// The characters of a SHA-256 in hexadecimal.
const SHA256: usize = 64;

impl Lint<'_> {
    pub(super) fn expectations(&mut self) {
        for (at, check) in checks(&self.lab.manifest.clone()) {
            for (below, message) in impossible(check) {
                self.manifest(&[at.clone(), below].concat(), message);
            }
        }
    }
}

/// What can never hold, with the way to it below the check.
fn impossible(check: &Check) -> Vec<(Vec<Key>, String)> {
    let mut wrong = Vec::new();
    let expect = &check.expect;
    let key = |name: &str| -> Vec<Key> { vec!["expect".into(), name.into()] };
    for (name, values) in [("json", &expect.json), ("toml", &expect.toml)] {
        for pointer in
            values.keys().filter(|pointer| !pointer.is_empty() && !pointer.starts_with('/'))
        {
            let at = [key(name), vec![pointer.as_str().into()]].concat();
            wrong.push((at, format!("`{pointer}` is no JSON pointer: write \"/{pointer}\"")));
        }
    }
    let texts = [("body", &expect.body), ("stdout", &expect.stdout), ("text", &expect.text)];
    for (name, rules) in texts {
        if let Some(why) = rules.as_ref().and_then(not_of_text) {
            wrong.push((key(name), format!("`{name}` is text: {why}")));
        }
    }
    for (name, rules) in &expect.headers {
        if let Some(why) = not_of_text(rules) {
            let at = [key("headers"), vec![name.as_str().into()]].concat();
            wrong.push((at, format!("a header is text: {why}")));
        }
    }
    if let Some(why) = expect.value.as_ref().and_then(not_of_number) {
        wrong.push((key("value"), format!("a metric's value is a number: {why}")));
    }
    let hex = |text: &String| text.len() == SHA256 && text.chars().all(|c| c.is_ascii_hexdigit());
    if expect.sha256.as_ref().is_some_and(|text| !hex(text) && !text.contains("<[")) {
        wrong.push((key("sha256"), format!("a SHA-256 has {SHA256} hexadecimal digits")));
    }
    match check.probe() {
        Ok(Probe::Http(probe)) => {
            if !probe.path.starts_with('/') && !probe.path.starts_with("<[") {
                let at = vec!["http".into(), "path".into()];
                wrong.push((at, format!("a path begins with `/`: \"/{}\"", probe.path)));
            }
            if probe.repeat == 0 {
                wrong
                    .push((vec!["http".into(), "repeat".into()], "it is asked 0 times".to_owned()));
            }
            if probe.body.is_some() && probe.json.is_some() {
                let message = "a request has one body: `body` or `json`".to_owned();
                wrong.push((vec!["http".into(), "json".into()], message));
            }
        }
        Ok(Probe::Metric(probe)) => {
            let first = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
            let well = |c: char| first(c) || c.is_ascii_digit();
            let name = &probe.name;
            let named = name.starts_with(first) && name.chars().all(well);
            if !named && !name.contains("<[") {
                let at = vec!["metric".into(), "name".into()];
                wrong.push((
                    at,
                    format!("`{name}` is no name of a metric: letters, digits, `_` and `:`"),
                ));
            }
        }
        _ => {}
    }
    wrong
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
