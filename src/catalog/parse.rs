//! From the text of a `lab.toml` to a [`Manifest`], with every error at its line and column.

use std::ops::Range;

use super::check::CheckSpec;
use super::finding::Finding;
pub use super::finding::{Problem, line_column};
use super::manifest::{Manifest, OLDEST, SCHEMA};
use crate::error::{Error, Result};

/// Reads a manifest. `file` names it in errors.
///
/// # Errors
/// Exit 2 with file, line, column and the source line: not TOML, unknown or missing keys, wrong
/// types, a schema this program does not read, a check without exactly one probe.
pub fn manifest(text: &str, file: &str) -> Result<Manifest> {
    read(text, file).map_err(|(problem, hint)| {
        let error = Error::from(Finding { problem, text: text.to_owned(), rule: RULE });
        hint.iter().fold(error, |error, hint| error.hint(*hint))
    })
}

/// The rule that a manifest is one.
pub const RULE: &str = "parse";

/// The most typos that are reported of one file.
const TYPOS: usize = 20;

/// The same, with the first problem as a value, and what to do about it.
pub fn read(text: &str, file: &str) -> Result<Manifest, (Problem, Option<&'static str>)> {
    let problem = |span, message| Problem { file: file.to_owned(), span, message };
    let manifest = toml::from_str::<Manifest>(text);
    // The schema before all else: a newer format must not be reported as a pile of unknown keys.
    // What this program understands is read once.
    let schema = match &manifest {
        Ok(manifest) => Some(i64::from(manifest.schema)),
        Err(_) => toml::from_str::<toml::Table>(text)
            .ok()
            .and_then(|table| table.get("schema")?.as_integer()),
    };
    if let Some(schema) = schema
        && !(i64::from(OLDEST)..=i64::from(SCHEMA)).contains(&schema)
    {
        let message =
            format!("this is schema {schema}, and this mlops-lab reads {OLDEST} to {SCHEMA}");
        let hint = Some("use the mlops-lab that made it, or a newer one");
        return Err((problem(locate(text, &["schema".into()]), message), hint));
    }
    let manifest = manifest.map_err(|error| (problem(span(text, &error), words(&error)), None))?;
    match shape(&manifest).into_iter().next() {
        None => Ok(manifest),
        Some((path, message)) => Err((problem(locate(text, &path), message), None)),
    }
}

/// Everything that keeps a manifest from being read, for its author: past a key that is unknown the
/// reading goes on without it.
pub fn problems(text: &str, file: &str) -> Vec<Problem> {
    let Err((first, _)) = read(text, file) else { return Vec::new() };
    let problem = |span, message| Problem { file: file.to_owned(), span, message };
    let mut rest = text.to_owned();
    let mut all = Vec::new();
    while all.len() < TYPOS {
        let error = match toml::from_str::<Manifest>(&rest) {
            Ok(manifest) => {
                let wrong = shape(&manifest).into_iter();
                all.extend(wrong.map(|(path, message)| problem(locate(text, &path), message)));
                break;
            }
            Err(error) => error,
        };
        all.push(problem(span(&rest, &error), words(&error)));
        let unknown = error.message().starts_with("unknown field");
        match error.span().filter(|_| unknown).and_then(|key| without(&rest, &key)) {
            Some(shorter) => rest = shorter,
            None => {
                let known = |span: &Option<Range<usize>>| all.iter().any(|one| one.span == *span);
                let checks = broken_checks(&rest).into_iter();
                let checks: Vec<Problem> = checks
                    .map(|(path, message)| problem(locate(text, &path), message))
                    .filter(|problem| !known(&problem.span))
                    .collect();
                all.extend(checks);
                break;
            }
        }
    }
    // Of another schema: one problem, whatever else does not fit.
    if all.is_empty() || all.iter().all(|found| found.span != first.span) {
        vec![first]
    } else {
        all
    }
}

/// Where an error stands: of a check that is none, the check itself and not its whole list.
fn span(text: &str, error: &toml::de::Error) -> Option<Range<usize>> {
    let whole = error.span()?;
    let message = words(error);
    let checks = broken_checks(text).into_iter().filter(|(_, why)| *why == message);
    let mut places = checks.filter_map(|(path, _)| locate(text, &path));
    let within = |place: &Range<usize>| whole.start <= place.start && place.end <= whole.end;
    Some(places.find(within).unwrap_or(whole))
}

fn words(error: &toml::de::Error) -> String {
    error.message().trim().replace('\n', ", ")
}

/// The text with blanks in the place of a key and its value, and of the comma behind them; none
/// where they are not of one piece.
fn without(text: &str, key: &Range<usize>) -> Option<String> {
    let root = toml::de::DeTable::parse(text).ok()?;
    let value = value_of(root.get_ref(), key)?;
    let behind = text.get(value.end..)?;
    let blank = behind.len() - behind.trim_start().len();
    let end = value.end + if behind.trim_start().starts_with(',') { blank + 1 } else { 0 };
    let between = text.get(key.end..value.start)?.trim();
    (between == "=").then(|| {
        let kept = |c: char| if c == '\n' { "\n".to_owned() } else { " ".repeat(c.len_utf8()) };
        let blanks: String = text[key.start..end].chars().map(kept).collect();
        format!("{}{blanks}{}", &text[..key.start], &text[end..])
    })
}

/// Where the value of the key at this place stands.
fn value_of(table: &toml::de::DeTable<'_>, key: &Range<usize>) -> Option<Range<usize>> {
    fn inside(value: &toml::de::DeValue<'_>, key: &Range<usize>) -> Option<Range<usize>> {
        match value {
            toml::de::DeValue::Table(table) => value_of(table, key),
            toml::de::DeValue::Array(items) => {
                items.iter().find_map(|item| inside(item.get_ref(), key))
            }
            _ => None,
        }
    }
    table.iter().find_map(|(name, value)| {
        if name.span() == *key { Some(value.span()) } else { inside(value.get_ref(), key) }
    })
}

/// One part of the way to a value: a key or an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A table's key.
    Name(String),
    /// A list's index, from 0.
    Index(usize),
}

impl From<&str> for Key {
    fn from(name: &str) -> Key {
        Key::Name(name.to_owned())
    }
}

impl From<usize> for Key {
    fn from(index: usize) -> Key {
        Key::Index(index)
    }
}

/// What schema 1 calls a key that has another name now.
pub fn former(key: &str) -> Option<&'static str> {
    match key {
        "healthy" => Some("symptom"),
        "recovered" => Some("mended"),
        _ => None,
    }
}

/// Where in the text the value at `path` stands, or the nearest table above it that has a place.
pub fn locate(text: &str, path: &[Key]) -> Option<Range<usize>> {
    let root = toml::de::DeTable::parse(text).ok()?;
    let mut found = None;
    let mut here: Option<&toml::de::DeValue<'_>> = None;
    for key in path {
        let next = match (key, here) {
            (Key::Name(name), None) => root.get_ref().get(name.as_str()),
            (Key::Name(name), Some(toml::de::DeValue::Table(table))) => {
                table.get(name.as_str()).or_else(|| table.get(former(name)?))
            }
            (Key::Index(index), Some(toml::de::DeValue::Array(array))) => array.get(*index),
            _ => None,
        };
        let Some(next) = next else { break };
        found = Some(next.span());
        here = Some(next.get_ref());
    }
    found
}

/// Where a part of a string stands in the text: `part` are bytes of the value at `path`.
///
/// Exact where the string is written as it is read; with escapes before it, where the same words
/// stand for as many times; else the whole string.
pub fn locate_inside(text: &str, path: &[Key], part: Range<usize>) -> Option<Range<usize>> {
    let whole = locate(text, path)?;
    let raw = text.get(whole.clone())?;
    let root: toml::Table = toml::from_str(text).ok()?;
    let mut here = &toml::Value::Table(root);
    for key in path {
        here = match key {
            Key::Name(name) => here.get(name.as_str())?,
            Key::Index(index) => here.get(*index)?,
        };
    }
    let value = here.as_str()?;
    let found = match raw.find(value) {
        Some(start) => start + part.start,
        None => {
            let words = value.get(part.clone()).filter(|words| !words.is_empty())?;
            let times = value.get(..part.start)?.matches(words).count();
            raw.match_indices(words).nth(times).map_or(0, |(at, _)| at)
        }
    };
    let start = whole.start + found;
    Some(start..(start + part.len()).min(whole.end))
}

/// The checks of a manifest with the way to each.
pub fn checks(manifest: &Manifest) -> Vec<(Vec<Key>, &CheckSpec)> {
    let mut all = Vec::new();
    for (s, step) in manifest.step.iter().enumerate() {
        for (c, check) in step.check.iter().enumerate() {
            all.push((vec!["step".into(), s.into(), "check".into(), c.into()], check));
        }
    }
    for (d, drill) in manifest.drill.iter().enumerate() {
        for (list, name) in [(&drill.healthy, "healthy"), (&drill.recovered, "recovered")] {
            for (c, check) in list.iter().enumerate() {
                all.push((vec!["drill".into(), d.into(), name.into(), c.into()], check));
            }
        }
    }
    for (s, stand_in) in manifest.stand_in.iter().enumerate() {
        all.push((vec!["stand_in".into(), s.into(), "seen".into()], &stand_in.seen));
    }
    if let Some(local) = &manifest.runtime.local {
        for (s, service) in local.service.iter().enumerate() {
            all.push((
                vec!["runtime".into(), "local".into(), "service".into(), s.into(), "ready".into()],
                &service.ready,
            ));
        }
    }
    if let Some(compose) = &manifest.runtime.compose {
        for (c, check) in compose.ready.iter().enumerate() {
            all.push((vec!["runtime".into(), "compose".into(), "ready".into(), c.into()], check));
        }
    }
    if let Some(cluster) = &manifest.runtime.kubernetes {
        for (c, check) in cluster.ready.iter().enumerate() {
            all.push((
                vec!["runtime".into(), "kubernetes".into(), "ready".into(), c.into()],
                check,
            ));
        }
    }
    all
}

/// The checks of a text that is no manifest which are none either, with why.
fn broken_checks(text: &str) -> Vec<(Vec<Key>, String)> {
    fn walk(value: &toml::Value, path: &[Key], wrong: &mut Vec<(Vec<Key>, String)>) {
        let inside = |key: Key| [path, &[key]].concat();
        match value {
            toml::Value::Table(table) => {
                for (name, value) in table {
                    let checks = matches!(
                        name.as_str(),
                        "check" | "healthy" | "symptom" | "recovered" | "mended" | "ready" | "seen"
                    );
                    let path = inside(name.as_str().into());
                    let one = std::slice::from_ref(value);
                    let list = value.as_array().map_or(one, Vec::as_slice);
                    for (index, check) in
                        list.iter().enumerate().filter(|(_, item)| checks && item.is_table())
                    {
                        if let Err(error) = check.clone().try_into::<CheckSpec>() {
                            let index = value.is_array().then(|| Key::from(index));
                            let path = path.iter().cloned().chain(index).collect();
                            wrong.push((path, words(&error)));
                        }
                    }
                    walk(value, &path, wrong);
                }
            }
            toml::Value::Array(items) => {
                items.iter().enumerate().for_each(|(n, item)| walk(item, &inside(n.into()), wrong));
            }
            _ => {}
        }
    }
    let mut wrong = Vec::new();
    let table: toml::Table = toml::from_str(text).unwrap_or_default();
    for name in ["step", "drill", "stand_in", "runtime"] {
        if let Some(value) = table.get(name) {
            walk(value, &[name.into()], &mut wrong);
        }
    }
    wrong
}

/// What the types alone cannot hold, and without which nothing downstream works.
fn shape(manifest: &Manifest) -> Vec<(Vec<Key>, String)> {
    let mut wrong = Vec::new();
    if manifest.runtimes().is_empty() {
        wrong.push((
            vec!["runtime".into()],
            "a lab needs at least one runtime: local, compose or kubernetes".to_owned(),
        ));
    }
    for (path, check) in checks(manifest) {
        let probe = &check.probe;
        if let Some(name) = probe.endpoint()
            && !manifest.endpoint.contains_key(name)
        {
            let known: Vec<_> = manifest.endpoint.keys().map(String::as_str).collect();
            let message =
                format!("there is no endpoint `{name}`; this lab has: {}", known.join(", "));
            let path = [path, vec![probe.name().into(), "endpoint".into()]].concat();
            wrong.push((path, message));
        }
    }
    wrong
}
