//! What a lab asks on a terminal, and how an answer is judged: by the same rules as the flags.
//! Pure.

use super::answers::{Given, plain, resolve};
use super::value;
use crate::catalog::Manifest;
use crate::catalog::manifest::{Var, VarKind};
use crate::error::Result;

/// One variable that somebody is to be asked for.
#[derive(Clone, Debug)]
pub struct Question {
    /// What it is called.
    pub name: String,
    /// Taken when nothing is typed; as it is shown.
    pub default: Option<String>,
    var: Var,
}

/// The questions that are open, in the manifest's order: of all that was not given (`every`), or
/// only of what has no default either.
///
/// # Errors
/// Exit 2 when something that was given is wrong: that is said before anything is asked.
pub fn questions(manifest: &Manifest, given: &Given, every: bool) -> Result<Vec<Question>> {
    let resolved = resolve(manifest, given)?;
    let open = |(name, var): &(&String, &Var)| {
        var.kind != VarKind::Secret
            && !resolved.given.contains(*name)
            && (every || var.default.is_none())
    };
    let question = |(name, var): (&String, &Var)| {
        let default = var.default.as_ref().map(plain);
        let default =
            default.map(|text| if var.kind == VarKind::Bool { spoken(&text) } else { text });
        Question { name: name.clone(), default, var: var.clone() }
    };
    let questions = manifest.vars.iter().filter(open).map(question).collect();
    resolved.wrong(manifest)?;
    Ok(questions)
}

/// A truth value as people type it.
fn spoken(text: &str) -> String {
    if text == "true" { "yes".to_owned() } else { "no".to_owned() }
}

impl Question {
    /// What it is about, in a sentence.
    pub fn help(&self) -> &str {
        &self.var.help
    }

    /// The answers that there are; none where any text of the right kind is one.
    pub fn choices(&self) -> &[String] {
        &self.var.choices
    }

    /// What an answer may be.
    pub fn expects(&self) -> String {
        match self.var.kind {
            VarKind::Name => "a-z, 0-9 and -".to_owned(),
            VarKind::Port => "a port from 1024 to 65535".to_owned(),
            VarKind::String => "some words".to_owned(),
            VarKind::Choice => format!("one of: {}", self.var.choices.join(", ")),
            VarKind::Bool => "y or n".to_owned(),
            VarKind::Integer => match (self.var.min, self.var.max) {
                (Some(min), Some(max)) => format!("a whole number from {min} to {max}"),
                (Some(min), None) => format!("a whole number, at least {min}"),
                (None, Some(max)) => format!("a whole number, at most {max}"),
                (None, None) => "a whole number".to_owned(),
            },
            VarKind::Path => "a path inside the project".to_owned(),
            VarKind::Secret => String::new(),
        }
    }

    /// The answer as it would stand after `--set NAME=`, or what is wrong with the text.
    ///
    /// # Errors
    /// In the words of the flags.
    pub fn judge(&self, text: &str) -> Result<String, String> {
        if self.var.kind == VarKind::Bool {
            return match text.to_ascii_lowercase().as_str() {
                "y" | "yes" | "true" => Ok("true".to_owned()),
                "n" | "no" | "false" => Ok("false".to_owned()),
                _ => Err("expected y or n".to_owned()),
            };
        }
        value::typed(&self.var, text).map(|_| text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::parse;

    const MANIFEST: &str = r#"
schema = 1
id = "tiny"
title = "Tiny"
summary = "A lab for tests."
devops = "nothing"
level = "beginner"
minutes = 1
tools = []
[vars.owner]
type = "string"
help = "who"
[vars.port]
type = "port"
default = 8080
help = "where"
[vars.gpu]
type = "bool"
default = false
help = "whether"
[vars.team]
type = "string"
help = "with whom"
[vars.password]
type = "secret"
help = "the password"
[runtime.local]
"#;

    fn open(sets: &[(&str, &str)], every: bool) -> Result<Vec<Question>> {
        let manifest = parse::manifest(MANIFEST, "labs/tiny/lab.toml").unwrap();
        let sets =
            sets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        questions(&manifest, &Given { sets, ..Given::default() }, every)
    }

    fn names(questions: &[Question]) -> Vec<&str> {
        questions.iter().map(|question| question.name.as_str()).collect()
    }

    #[test]
    fn only_what_has_no_answer_is_asked_unless_all_is_wanted() {
        assert_eq!(names(&open(&[], false).unwrap()), ["owner", "team"]);
        assert_eq!(names(&open(&[("owner", "ops")], false).unwrap()), ["team"]);
        assert_eq!(names(&open(&[("port", "9000")], true).unwrap()), ["owner", "gpu", "team"]);
    }

    #[test]
    fn what_was_given_and_is_wrong_is_said_before_anything_is_asked() {
        let error = open(&[("port", "80"), ("prot", "1")], false).unwrap_err();
        let detail = error.detail_text().unwrap();
        assert!(detail.contains("1024") && detail.contains("did you mean `port`?"), "{detail}");
        assert!(!detail.contains("owner"), "{detail}");
    }

    #[test]
    fn an_answer_is_judged_as_after_the_flag() {
        let all = open(&[], true).unwrap();
        assert_eq!(all[1].judge("9000"), Ok("9000".to_owned()));
        assert_eq!(all[1].judge("80"), Err("expected 1024-65535".to_owned()));
        assert_eq!((all[1].default.as_deref(), all[0].default.as_deref()), (Some("8080"), None));
        assert!(all[0].judge("").is_err());
        assert!(all[0].judge("$(rm)").is_err());
    }

    #[test]
    fn a_yes_is_true() {
        let all = open(&[], true).unwrap();
        assert_eq!(all[2].default.as_deref(), Some("no"));
        for (text, value) in [("y", "true"), ("YES", "true"), ("no", "false"), ("false", "false")] {
            assert_eq!(all[2].judge(text), Ok(value.to_owned()));
        }
        assert!(all[2].judge("maybe").is_err());
    }
}
