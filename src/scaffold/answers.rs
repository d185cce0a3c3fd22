//! Answers: defaults, then a file, then `--set` and what was typed on a terminal, each held to its
//! type, all problems in one message.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::value;
use crate::catalog::Manifest;
use crate::catalog::manifest::VarKind;
use crate::catalog::parse::{line_column, locate};
use crate::error::{Error, Result, nearest};

/// What the user gave.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The name and text of a TOML or JSON file.
    pub file: Option<(String, String)>,
    /// Name and value, in order; a later one wins.
    pub sets: Vec<(String, String)>,
    /// Secrets that were generated before, by variable.
    pub secrets: BTreeMap<String, String>,
}

/// A typed answer for every variable of a lab.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// Answers that may stand anywhere.
    pub plain: BTreeMap<String, toml::Value>,
    /// Generated values that may stand in `.env` only.
    pub secret: BTreeMap<String, String>,
}

/// The variable that names the project, and its folder where no other is named.
pub const NAME: &str = "project_name";

/// The name of the project.
pub fn project_name(answers: &Answers) -> String {
    answers.plain.get(NAME).and_then(toml::Value::as_str).unwrap_or("lab").to_owned()
}

/// Puts the answers of a lab together.
///
/// # Errors
/// Exit 2 with every problem at once: unknown names (with the nearest one), wrong values, missing
/// answers with the flag that gives them.
pub fn answers(manifest: &Manifest, given: &Given) -> Result<Answers> {
    let Resolved { mut answers, problems, .. } = resolve(manifest, given)?;
    refuse(manifest, &problems)?;
    for (name, var) in manifest.vars.iter().filter(|(_, var)| var.kind == VarKind::Secret) {
        let known = given.secrets.get(name).cloned();
        answers.secret.insert(name.clone(), known.map_or_else(|| var.new_secret(), Ok)?);
    }
    Ok(answers)
}

/// What was given, held to its types.
pub(super) struct Resolved {
    /// No secrets in it yet.
    answers: Answers,
    /// In words, and whether it is that there is no answer.
    problems: Vec<(bool, String)>,
    /// The variables that were given, in a file or by a flag.
    pub(super) given: BTreeSet<String>,
}

impl Resolved {
    /// What is wrong with what was given; what is missing may still come.
    pub(super) fn wrong(self, manifest: &Manifest) -> Result<()> {
        let wrong: Vec<_> = self.problems.into_iter().filter(|(missing, _)| !missing).collect();
        refuse(manifest, &wrong)
    }
}

pub(super) fn resolve(manifest: &Manifest, given: &Given) -> Result<Resolved> {
    let mut problems: Vec<(bool, String)> = Vec::new();
    // Each answer with where it comes from, as the beginning of a sentence about it.
    let mut texts: BTreeMap<String, (String, String)> = BTreeMap::new();
    let mut names = BTreeSet::new();
    for (name, var) in &manifest.vars {
        if let Some(default) = &var.default {
            texts.insert(name.clone(), (format!("the default of {name}"), plain(default)));
        }
    }
    if let Some((file, text)) = &given.file {
        for Entry { name, value, place } in read(file, text)? {
            problems.extend(unknown(manifest, &name, &format!("{place}: ")));
            names.insert(name.clone());
            texts.insert(name.clone(), (format!("{place}: {name}"), value));
        }
    }
    for (name, value) in &given.sets {
        problems.extend(unknown(manifest, name, "--set "));
        names.insert(name.clone());
        texts.insert(name.clone(), (format!("--set {name}"), value.clone()));
    }
    let mut answers = Answers::default();
    for (name, var) in &manifest.vars {
        match (var.kind, texts.get(name)) {
            (VarKind::Secret, None) => {}
            (_, None) => problems
                .push((true, format!("{name} has no answer: --set {name}=…  ({})", var.help))),
            (_, Some((from, text))) => match value::typed(var, text) {
                Ok(value) => {
                    answers.plain.insert(name.clone(), value);
                }
                Err(why) => problems.push((false, format!("{from}: {why}, got {text:?}"))),
            },
        }
    }
    Ok(Resolved { answers, problems, given: names })
}

fn refuse(manifest: &Manifest, problems: &[(bool, String)]) -> Result<()> {
    let missing = problems.iter().filter(|(missing, _)| *missing).count();
    let error = match problems {
        [] => return Ok(()),
        [(_, one)] => Error::usage(one.clone()),
        many => {
            let what = match missing {
                0 => "wrong",
                all if all == many.len() => "missing",
                _ => "wrong or missing",
            };
            let lines: Vec<&str> = many.iter().map(|(_, problem)| problem.as_str()).collect();
            Error::usage(format!("{} answers are {what}", many.len())).detail(lines.join("\n"))
        }
    };
    Err(error.hint(format!("see its variables: mlops-lab show {}", manifest.id)))
}

fn unknown(manifest: &Manifest, name: &str, place: &str) -> Option<(bool, String)> {
    if manifest.vars.contains_key(name) {
        return None;
    }
    let meant = nearest(name, manifest.vars.keys().map(String::as_str));
    let meant = meant.map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default();
    Some((false, format!("{place}{name}: this lab has no such variable{meant}")))
}

/// An answer of a file.
struct Entry {
    name: String,
    value: String,
    /// `file:line:column`
    place: String,
}

/// The answers of a file, in its order.
fn read(file: &str, text: &str) -> Result<Vec<Entry>> {
    let place = |span: Option<Range<usize>>| {
        let place = span.map(|span| line_column(text, span.start));
        place.map_or(file.to_owned(), |(line, column)| format!("{file}:{line}:{column}"))
    };
    if file.ends_with(".json") {
        let table: toml::Table = serde_json::from_str(text).map_err(|error| {
            Error::usage(format!("{file}:{}:{}: {error}", error.line(), error.column()))
        })?;
        // A reader of JSON keeps no places: the name in quotes and a colon is where it stands,
        // unless it stands there twice.
        let found = |name: &str| {
            let quoted = format!("\"{name}\"");
            let mut keys = text
                .match_indices(&quoted)
                .filter(|(at, _)| text[at + quoted.len()..].trim_start().starts_with(':'));
            let first = keys.next().map(|(at, _)| at..at + quoted.len());
            first.filter(|_| keys.next().is_none())
        };
        let entry = |(name, value): (String, toml::Value)| {
            let place = place(found(&name));
            Entry { value: plain(&value), name, place }
        };
        return Ok(table.into_iter().map(entry).collect());
    }
    let wrong = |error: toml::de::Error| {
        Error::usage(format!(
            "{}: {}",
            place(error.span()),
            error.message().trim().replace('\n', ", ")
        ))
    };
    let table: toml::Table = toml::from_str(text).map_err(wrong)?;
    let entry = |(name, value): (String, toml::Value)| {
        let place = place(locate(text, &[name.as_str().into()]));
        Entry { value: plain(&value), name, place }
    };
    Ok(table.into_iter().map(entry).collect())
}

/// A value as it would be typed after `--set name=`.
pub fn plain(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
