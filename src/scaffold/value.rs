//! The types of variables: what an answer must be so that it can stand in a file name, YAML, TOML,
//! a shell or a Dockerfile. Pure.

use crate::catalog::manifest::{Var, VarKind};
use crate::catalog::tree::RelPath;

/// Compose, Docker and Kubernetes put things before and after a name; an RFC 1123 label has at most
/// 63 characters.
const NAME_LENGTH: usize = 40;

/// The longest string when the manifest says nothing.
const STRING_LENGTH: usize = 200;

/// Characters that end or open something in one of the languages that an answer may land in.
const UNSAFE: &str = "\"'\\`$<>{}[]#&|;*!%@=:~^?";

/// The answer as a TOML value of the variable's type, or why it is none.
pub(super) fn typed(var: &Var, text: &str) -> Result<toml::Value, String> {
    let value = text.to_owned();
    match var.kind {
        VarKind::Name => name(text).map(|()| value.into()),
        VarKind::Port => match text.parse::<u16>() {
            Ok(port) if port >= 1024 && text == port.to_string() => Ok(i64::from(port).into()),
            _ => Err("expected 1024-65535".to_owned()),
        },
        VarKind::String => {
            string(text, var.max_length.unwrap_or(STRING_LENGTH)).map(|()| value.into())
        }
        VarKind::Choice if var.choices.contains(&value) => Ok(value.into()),
        VarKind::Choice => Err(format!("expected one of: {}", var.choices.join(", "))),
        VarKind::Bool => match text {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => Err("expected true or false".to_owned()),
        },
        VarKind::Integer => {
            let (min, max) = (var.min.unwrap_or(i64::MIN), var.max.unwrap_or(i64::MAX));
            match text.parse::<i64>() {
                Ok(number) if (min..=max).contains(&number) => Ok(number.into()),
                _ => Err(match (var.min, var.max) {
                    (Some(min), Some(max)) => {
                        format!("expected a whole number from {min} to {max}")
                    }
                    (Some(min), None) => format!("expected a whole number, at least {min}"),
                    (None, Some(max)) => format!("expected a whole number, at most {max}"),
                    (None, None) => "expected a whole number".to_owned(),
                }),
            }
        }
        VarKind::Path => {
            string(text, STRING_LENGTH)?;
            RelPath::new(text).map(|_| value.into())
        }
        VarKind::Secret => {
            Err("is generated and cannot be set: change it in .env afterwards".to_owned())
        }
    }
}

fn name(text: &str) -> Result<(), String> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.is_empty() || text.len() > NAME_LENGTH {
        return Err(format!("expected 1 to {NAME_LENGTH} characters"));
    }
    if !text.starts_with(|c: char| c.is_ascii_lowercase())
        || text.ends_with('-')
        || !text.chars().all(inner)
    {
        return Err("expected a letter, then a-z, 0-9 and - (not at the end)".to_owned());
    }
    Ok(())
}

fn string(text: &str, longest: usize) -> Result<(), String> {
    if text.is_empty() || text.chars().count() > longest {
        return Err(format!("expected 1 to {longest} characters"));
    }
    if text != text.trim() || text.starts_with('-') {
        return Err("expected no space at either end and no - at the start".to_owned());
    }
    match text.chars().find(|c| c.is_control() || UNSAFE.contains(*c)) {
        Some(c) => Err(format!(
            "expected no {:?}: that character has a meaning in YAML, TOML or a shell",
            c
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::manifest::Alphabet;

    fn var(kind: VarKind) -> Var {
        let choices = vec!["a".to_owned(), "b".to_owned()];
        Var {
            kind,
            default: None,
            help: String::new(),
            choices,
            min: Some(1),
            max: Some(10),
            max_length: None,
            length: None,
            alphabet: Alphabet::default(),
        }
    }

    #[test]
    fn answers_of_the_right_type_are_taken() {
        for (kind, text) in [
            (VarKind::Name, "serving-lab"),
            (VarKind::Port, "8080"),
            (VarKind::String, "Model für alle, 2nd try (v1.2)"),
            (VarKind::Choice, "b"),
            (VarKind::Bool, "false"),
            (VarKind::Integer, "10"),
            (VarKind::Path, "data/raw"),
        ] {
            assert!(typed(&var(kind), text).is_ok(), "{kind:?} {text}");
        }
    }

    #[test]
    fn answers_that_could_break_out_are_refused() {
        for text in
            ["../evil", "-x", "X", "a_b", "a b", "a\n", "", "1a", "a-", "a".repeat(41).as_str()]
        {
            assert!(typed(&var(VarKind::Name), text).is_err(), "{text:?}");
        }
        for text in ["80", "65536", "08080", "+8080", "8080 ", "x", ""] {
            assert!(typed(&var(VarKind::Port), text).is_err(), "{text:?}");
        }
        for text in [
            "a\"",
            "$(x)",
            "`x`",
            "a: b",
            "a\nb",
            " a",
            "<[ x ]>",
            "{{ x }}",
            "a\\",
            "it's",
            "a #b",
            "- a",
            "\u{1b}[0m",
        ] {
            assert!(typed(&var(VarKind::String), text).is_err(), "{text:?}");
        }
        for text in ["/etc", "../x", "a/../../b", "a//b"] {
            assert!(typed(&var(VarKind::Path), text).is_err(), "{text:?}");
        }
        for (kind, text) in [
            (VarKind::Bool, "yes"),
            (VarKind::Choice, "c"),
            (VarKind::Integer, "11"),
            (VarKind::Integer, "1.0"),
            (VarKind::Secret, "x"),
        ] {
            assert!(typed(&var(kind), text).is_err(), "{kind:?} {text}");
        }
    }
}
