//! Answers: defaults, then a file, then `--set`, each held to its type, all problems in one message.

use std::collections::BTreeMap;

use super::value;
use crate::catalog::Manifest;
use crate::catalog::manifest::{Alphabet, Var, VarKind};
use crate::error::{Error, Result, nearest};

/// The letters and digits of a generated secret: about 190 bits.
const SECRET_LENGTH: usize = 32;

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

/// The name of the project.
pub fn project_name(answers: &Answers) -> String {
    answers.plain.get("project_name").and_then(toml::Value::as_str).unwrap_or("lab").to_owned()
}

/// Puts the answers of a lab together.
///
/// # Errors
/// Exit 2 with every problem at once: unknown names (with the nearest one), wrong values, missing answers with the flag that gives them.
pub fn answers(manifest: &Manifest, given: &Given) -> Result<Answers> {
    let mut problems = Vec::new();
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for (name, var) in &manifest.vars {
        if let Some(default) = &var.default {
            texts.insert(name.clone(), plain(default));
        }
    }
    if let Some((file, text)) = &given.file {
        for (name, value) in read(file, text)? {
            known(manifest, &name, &format!("{file}: "), &mut problems);
            texts.insert(name, value);
        }
    }
    for (name, value) in &given.sets {
        known(manifest, name, "--set ", &mut problems);
        texts.insert(name.clone(), value.clone());
    }
    let mut answers = Answers::default();
    for (name, var) in &manifest.vars {
        match (var.kind, texts.get(name)) {
            (VarKind::Secret, None) => {
                let known = given.secrets.get(name).cloned();
                answers.secret.insert(name.clone(), known.map_or_else(|| secret(var), Ok)?);
            }
            (_, None) => problems.push(format!("{name} has no answer: --set {name}=…  ({})", var.help)),
            (_, Some(text)) => match value::typed(var, text) {
                Ok(value) => {
                    answers.plain.insert(name.clone(), value);
                }
                Err(why) => problems.push(format!("{name} {why}, and is {text:?}")),
            },
        }
    }
    if problems.is_empty() {
        return Ok(answers);
    }
    let error = match &problems[..] {
        [one] => Error::usage(one.clone()),
        many => Error::usage(format!("{} answers are wrong", many.len())).detail(many.join("\n")),
    };
    Err(error.hint(format!("see what this lab asks: mlops-lab show {}", manifest.id)))
}

fn known(manifest: &Manifest, name: &str, place: &str, problems: &mut Vec<String>) {
    if !manifest.vars.contains_key(name) {
        let meant = nearest(name, manifest.vars.keys().map(String::as_str));
        let meant = meant.map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default();
        problems.push(format!("{place}{name}: this lab has no such variable{meant}"));
    }
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

fn secret(var: &Var) -> Result<String> {
    let alphabet: &[u8] = match var.alphabet {
        Alphabet::Alphanumeric => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        Alphabet::Hex => b"0123456789abcdef",
    };
    let length = var.length.unwrap_or(SECRET_LENGTH);
    let mut text = String::new();
    while text.len() < length {
        let mut bytes = [0; 64];
        getrandom::fill(&mut bytes).map_err(|error| {
            Error::environment("the system gives no random numbers").because(error.to_string())
        })?;
        // Bytes beyond the last whole round would make some letters likelier.
        let fair =
            bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < 256 - 256 % alphabet.len());
        text.extend(fair.take(length - text.len()).map(|byte| char::from(alphabet[byte % alphabet.len()])));
    }
    Ok(text)
}
