//! Answers: defaults, then a file, then `--set` and what was typed on a terminal, each held to its type, all problems in one message.

use std::collections::{BTreeMap, BTreeSet};

use super::value;
use crate::catalog::Manifest;
use crate::catalog::manifest::VarKind;
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
/// Exit 2 with every problem at once: unknown names (with the nearest one), wrong values, missing answers with the flag that gives them.
pub fn answers(manifest: &Manifest, given: &Given) -> Result<Answers> {
    let Settled { mut answers, problems, .. } = settle(manifest, given)?;
    refuse(manifest, &problems)?;
    for (name, var) in manifest.vars.iter().filter(|(_, var)| var.kind == VarKind::Secret) {
        let known = given.secrets.get(name).cloned();
        answers.secret.insert(name.clone(), known.map_or_else(|| var.new_secret(), Ok)?);
    }
    Ok(answers)
}

/// What was given, held to its types.
pub(super) struct Settled {
    /// No secrets in it yet.
    answers: Answers,
    /// In words, and whether it is that there is no answer.
    problems: Vec<(bool, String)>,
    /// The variables that were given, in a file or by a flag.
    pub(super) given: BTreeSet<String>,
}

impl Settled {
    /// What is wrong with what was given; what is missing may still come.
    pub(super) fn wrong(self, manifest: &Manifest) -> Result<()> {
        let wrong: Vec<_> = self.problems.into_iter().filter(|(missing, _)| !missing).collect();
        refuse(manifest, &wrong)
    }
}

pub(super) fn settle(manifest: &Manifest, given: &Given) -> Result<Settled> {
    let mut problems = Vec::new();
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    let mut names = BTreeSet::new();
    for (name, var) in &manifest.vars {
        if let Some(default) = &var.default {
            texts.insert(name.clone(), plain(default));
        }
    }
    if let Some((file, text)) = &given.file {
        for (name, value) in read(file, text)? {
            problems.extend(unknown(manifest, &name, &format!("{file}: ")));
            names.insert(name.clone());
            texts.insert(name, value);
        }
    }
    for (name, value) in &given.sets {
        problems.extend(unknown(manifest, name, "--set "));
        names.insert(name.clone());
        texts.insert(name.clone(), value.clone());
    }
    let mut problems: Vec<(bool, String)> = problems.into_iter().map(|problem| (false, problem)).collect();
    let mut answers = Answers::default();
    for (name, var) in &manifest.vars {
        match (var.kind, texts.get(name)) {
            (VarKind::Secret, None) => {}
            (_, None) => {
                problems.push((true, format!("{name} has no answer: --set {name}=…  ({})", var.help)))
            }
            (_, Some(text)) => match value::typed(var, text) {
                Ok(value) => {
                    answers.plain.insert(name.clone(), value);
                }
                Err(why) => problems.push((false, format!("{name} {why}, and is {text:?}"))),
            },
        }
    }
    Ok(Settled { answers, problems, given: names })
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
    Err(error.hint(format!("see what this lab asks: mlops-lab show {}", manifest.id)))
}

fn unknown(manifest: &Manifest, name: &str, place: &str) -> Option<String> {
    if manifest.vars.contains_key(name) {
        return None;
    }
    let meant = nearest(name, manifest.vars.keys().map(String::as_str));
    let meant = meant.map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default();
    Some(format!("{place}{name}: this lab has no such variable{meant}"))
}

fn read(file: &str, text: &str) -> Result<BTreeMap<String, String>> {
    let table: toml::Table = if file.ends_with(".json") {
        serde_json::from_str(text)
            .map_err(|error| Error::usage(format!("{file}:{}:{}: {error}", error.line(), error.column())))?
    } else {
        toml::from_str(text).map_err(|error| {
            let place = error.span().map(|span| crate::catalog::parse::line_column(text, span.start));
            let place = place.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
            Error::usage(format!("{file}{place}: {}", error.message()))
        })?
    };
    Ok(table.into_iter().map(|(name, value)| (name, plain(&value))).collect())
}

/// A value as it would be typed after `--set name=`.
pub fn plain(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
