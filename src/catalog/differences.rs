//! What differs between a lab as it was made and as it is now, besides its files: steps and drills,
//! answers, defaults. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use super::manifest::{Manifest, Var, VarKind};

/// Answers by their variable.
pub type Values = BTreeMap<String, toml::Value>;

/// All that differs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Differences {
    /// Steps and drills, in the order of the lab as it is now, those that are gone at the end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepChange>,
    /// Answers, in the order of the lab as it is now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<AnswerChange>,
    /// Defaults of variables that both have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub defaults: Vec<DefaultChange>,
}

impl Differences {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.answers.is_empty() && self.defaults.is_empty()
    }
}

/// A step or a drill that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepChange {
    /// Its id; the former one where it is gone.
    pub id: String,
    /// `step` or `drill`.
    pub kind: &'static str,
    /// What became of it.
    pub change: Became,
    /// What it was called before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
}

/// What became of a step or a drill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Became {
    /// It was not there.
    New,
    /// It has another name.
    Renamed,
    /// It is checked in another way, or in other runtimes.
    Rechecked,
    /// It is not there any more.
    Gone,
}

/// An answer that is not what it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AnswerChange {
    /// The variable.
    pub name: String,
    /// What was answered; none for a new question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<toml::Value>,
    /// What is answered now; none where it is not asked any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<toml::Value>,
}

/// A default that is not what it was. The answer stays.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DefaultChange {
    /// The variable.
    pub name: String,
    /// The default that it had; none where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<toml::Value>,
    /// The default that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<toml::Value>,
    /// What is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<toml::Value>,
}

/// What differs, of manifests with their answers.
pub fn differences(before: (&Manifest, &Values), now: (&Manifest, &Values)) -> Differences {
    Differences {
        steps: steps(before.0, now.0),
        answers: answers(before.1, now),
        defaults: defaults(before.0, now),
    }
}

/// A step or a drill, as far as it matters here.
struct Unit<'a> {
    id: &'a str,
    kind: &'static str,
    was: &'a [String],
    /// How it is judged, and where.
    judged: Option<serde_json::Value>,
}

fn units(manifest: &Manifest) -> Vec<Unit<'_>> {
    let steps = manifest.step.iter().map(|step| Unit {
        id: &step.id,
        kind: "step",
        was: &step.was,
        judged: serde_json::to_value((&step.check, &step.runtimes)).ok(),
    });
    let drills = manifest.drill.iter().map(|drill| Unit {
        id: &drill.id,
        kind: "drill",
        was: &drill.was,
        judged: serde_json::to_value((&drill.healthy, &drill.recovered, &drill.runtimes)).ok(),
    });
    steps.chain(drills).collect()
}

fn steps(before: &Manifest, now: &Manifest) -> Vec<StepChange> {
    let (before, now) = (units(before), units(now));
    let is = |unit: &Unit<'_>, old: &Unit<'_>| {
        unit.kind == old.kind && (unit.id == old.id || unit.was.iter().any(|was| was == old.id))
    };
    let change = |unit: &Unit<'_>, change, was: Option<&str>| StepChange {
        id: unit.id.to_owned(),
        kind: unit.kind,
        change,
        was: was.map(str::to_owned),
    };
    let mut all = Vec::new();
    for unit in &now {
        match before.iter().find(|old| is(unit, old)) {
            None => all.push(change(unit, Became::New, None)),
            Some(old) => {
                if old.id != unit.id {
                    all.push(change(unit, Became::Renamed, Some(old.id)));
                }
                if old.judged != unit.judged {
                    all.push(change(unit, Became::Rechecked, None));
                }
            }
        }
    }
    let gone = before.iter().filter(|old| !now.iter().any(|unit| is(unit, old)));
    all.extend(gone.map(|old| change(old, Became::Gone, None)));
    all
}

fn asked(manifest: &Manifest) -> impl Iterator<Item = (&String, &Var)> {
    manifest.vars.iter().filter(|(_, var)| var.kind != VarKind::Secret)
}

fn answers(before: &Values, (manifest, now): (&Manifest, &Values)) -> Vec<AnswerChange> {
    let dropped = before.keys().filter(|name| !manifest.vars.contains_key(*name));
    asked(manifest)
        .map(|(name, _)| name)
        .chain(dropped)
        .map(|name| AnswerChange {
            name: name.clone(),
            before: before.get(name).cloned(),
            now: now.get(name).cloned(),
        })
        .filter(|change| change.before != change.now)
        .collect()
}

fn defaults(before: &Manifest, (manifest, now): (&Manifest, &Values)) -> Vec<DefaultChange> {
    let change = |(name, var): (&String, &Var)| {
        let old = before.vars.get(name)?;
        (old.default != var.default).then(|| DefaultChange {
            name: name.clone(),
            before: old.default.clone(),
            now: var.default.clone(),
            answer: now.get(name).cloned(),
        })
    };
    asked(manifest).filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::parse;

    const LAB: &str = r#"
schema = 2
id = "tiny"
title = "Tiny"
summary = "."
devops = "."
level = "beginner"
minutes = 1
tools = []
[runtime.local]
[vars.port]
type = "port"
default = 8080
help = "."
[vars.owner]
type = "string"
default = "me"
help = "."
[[step]]
id = "one"
title = "One"
text = "steps/one.md"
check = [{ file = { path = "a" } }]
solution = { run = [["true"]] }
[[step]]
id = "two"
title = "Two"
text = "steps/two.md"
check = [{ file = { path = "b" } }]
solution = { run = [["true"]] }
"#;

    fn read(text: &str) -> Manifest {
        parse::manifest(text, "lab.toml").unwrap()
    }

    fn values(values: &[(&str, toml::Value)]) -> Values {
        values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn what_is_as_it_was_is_no_difference() {
        let (lab, answers) = (read(LAB), values(&[("port", 8080.into())]));
        assert!(differences((&lab, &answers), (&lab, &answers)).is_empty());
    }

    #[test]
    fn steps_answers_and_defaults_are_named_with_what_became_of_them() {
        let now = LAB
            .replace("id = \"one\"", "id = \"first\"\nwas = [\"one\"]")
            .replace("path = \"a\"", "path = \"c\"")
            .replace("id = \"two\"", "id = \"three\"")
            .replace("default = 8080", "default = 8081")
            .replace("[vars.owner]", "[vars.team]");
        let old = values(&[("port", 9000.into()), ("owner", "me".into())]);
        let new = values(&[("port", 9000.into()), ("team", "me".into())]);
        let found = differences((&read(LAB), &old), (&read(&now), &new));
        let steps: Vec<(&str, Became)> =
            found.steps.iter().map(|step| (step.id.as_str(), step.change)).collect();
        assert_eq!(
            steps,
            [
                ("first", Became::Renamed),
                ("first", Became::Rechecked),
                ("three", Became::New),
                ("two", Became::Gone)
            ]
        );
        assert_eq!(found.steps[0].was.as_deref(), Some("one"));
        let answers: Vec<(&str, bool, bool)> = found
            .answers
            .iter()
            .map(|one| (one.name.as_str(), one.before.is_some(), one.now.is_some()))
            .collect();
        assert_eq!(answers, [("team", false, true), ("owner", true, false)]);
        assert_eq!(found.defaults.len(), 1);
        assert_eq!(
            (&found.defaults[0].before, &found.defaults[0].answer),
            (&Some(8080.into()), &Some(9000.into()))
        );
    }
}
