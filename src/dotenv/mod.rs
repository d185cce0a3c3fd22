//! `.env` files: the one reader, which reads as compose does, and the one editor, which keeps every
//! byte that it does not change. Pure.
//!
//! The grammar is that of compose-go's `dotenv` package; `tests/it/dotenv.rs` holds it against the
//! real `docker compose config`.

mod edit;
mod expand;
mod placeholder;

use std::fmt;
use std::ops::Range;

pub use placeholder::{fill, hole, secrets};

/// How a variable's value is found outside the file: in the environment of whoever reads it.
pub type Outside<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A file that was read: its text, and what it assigns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    text: String,
    statements: Vec<Statement>,
}

/// One `NAME=value`, or a `NAME` alone, which means the value of that name in the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Statement {
    name: String,
    line: usize,
    value: Option<Value>,
}

/// A value as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Value {
    /// Its bytes in the text, quotes included, a comment behind it not.
    span: Range<usize>,
    quote: Option<char>,
    /// What stands between the quotes, escaped quotes already plain; nothing expanded yet.
    inner: String,
}

/// Why a file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// From 1.
    pub line: usize,
    /// In words.
    pub why: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl Document {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// The first statement that is none.
    pub fn parse(text: impl Into<String>) -> Result<Document, Problem> {
        let text = text.into();
        let mut statements = Vec::new();
        // Editors on Windows put a byte order mark in front.
        let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        while let Some(start) = next_statement(&text, at) {
            let (statement, end) = statement(&text, start)?;
            statements.push(statement);
            at = end;
        }
        Ok(Document { text, statements })
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the file mentions a name, with a value or alone.
    pub fn mentions(&self, name: &str) -> bool {
        self.statements.iter().any(|statement| statement.name == name)
    }

    /// Whether the file gives a name a value of its own.
    pub fn assigns(&self, name: &str) -> bool {
        self.statements.iter().any(|statement| statement.name == name && statement.value.is_some())
    }

    /// The names in the order of the file, each once.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for statement in &self.statements {
            if !names.contains(&statement.name.as_str()) {
                names.push(&statement.name);
            }
        }
        names
    }

    /// Names and values with variables filled in, in order; the later of two counts. A name alone
    /// that is not set outside has no value.
    ///
    /// # Errors
    /// A value with a `${...}` that is none, or with `${NAME:?why}` where NAME has no value.
    pub fn values(&self, outside: Outside<'_>) -> Result<Vec<(String, String)>, Problem> {
        let mut values: Vec<(String, String)> = Vec::new();
        for statement in &self.statements {
            let value = match &statement.value {
                None => outside(&statement.name),
                Some(value) => {
                    let lookup = |name: &str| {
                        let own = || {
                            values
                                .iter()
                                .find(|(known, _)| known == name)
                                .map(|(_, own)| own.clone())
                        };
                        outside(name).or_else(own)
                    };
                    let expanded = value.expanded(&lookup);
                    Some(expanded.map_err(|why| Problem { line: statement.line, why })?)
                }
            };
            let Some(value) = value else { continue };
            match values.iter_mut().find(|(name, _)| *name == statement.name) {
                Some((_, before)) => *before = value,
                None => values.push((statement.name.clone(), value)),
            }
        }
        Ok(values)
    }

    /// The value that counts for a name, where it depends on no variable: what can be compared with
    /// another file's.
    pub fn constant(&self, name: &str) -> Option<String> {
        let last = self.statements.iter().rfind(|statement| statement.name == name)?;
        last.value.as_ref()?.constant()
    }
}

impl Value {
    fn expanded(&self, lookup: Outside<'_>) -> Result<String, String> {
        match self.quote {
            Some('\'') => Ok(self.inner.clone()),
            Some(_) => expand::variables(&expand::escapes(&self.inner), lookup),
            None => expand::variables(&self.inner, lookup),
        }
    }

    fn constant(&self) -> Option<String> {
        let asked = std::cell::Cell::new(false);
        let value = self.expanded(&|_| {
            asked.set(true);
            None
        });
        value.ok().filter(|_| !asked.get())
    }
}

/// White space within a line.
fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

/// Where the next statement begins: after white space, empty lines and comments.
fn next_statement(text: &str, mut at: usize) -> Option<usize> {
    loop {
        at += text[at..].find(|c: char| !c.is_whitespace())?;
        if !text[at..].starts_with('#') {
            return Some(at);
        }
        at += text[at..].find('\n')?;
    }
}

/// The statement that begins at `start`, and where it ends.
fn statement(text: &str, start: usize) -> Result<(Statement, usize), Problem> {
    let line = text[..start].matches('\n').count() + 1;
    let fail = |why: String| Problem { line, why };
    let mut at = start;
    if let Some(rest) = text[at..].strip_prefix("export")
        && rest.starts_with(|c: char| c.is_ascii_whitespace())
    {
        at = skip(text, text.len() - rest.len());
    }
    let mut end = None;
    for (offset, c) in text[at..].char_indices() {
        match c {
            '=' | ':' | '\n' => {
                end = Some((at + offset, c));
                break;
            }
            '_' | '.' | '-' | '[' | ']' => {}
            c if is_space(c) || c.is_alphanumeric() => {}
            c => {
                let shown = text[at..].lines().next().unwrap_or_default();
                let name: String = shown.chars().take_while(|c| *c != '=').collect();
                return Err(fail(format!("unexpected {c:?} in the name `{}`", name.trim())));
            }
        }
    }
    let (stop, sign) = end.unwrap_or((text.len(), '\n'));
    let name = text[at..stop].trim_end().to_owned();
    if name.is_empty() {
        return Err(fail(format!(
            "there is no name before `{}`",
            if sign == '\n' { "=" } else { &text[stop..=stop] }
        )));
    }
    if name.contains(' ') {
        return Err(fail(format!("`{name}` is not NAME=value: a name has no space in it")));
    }
    if sign == '\n' {
        return Ok((Statement { name, line, value: None }, (stop + 1).min(text.len())));
    }
    let (value, end) = value(text, skip(text, stop + 1)).map_err(fail)?;
    Ok((Statement { name, line, value: Some(value) }, end))
}

/// The place after white space within the line.
fn skip(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start_matches(is_space).len()
}

/// The value that begins at `at`, and where the statement ends.
fn value(text: &str, at: usize) -> Result<(Value, usize), String> {
    let rest = &text[at..];
    let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        let line = rest.split('\n').next().unwrap_or_default();
        let inner = line.split(" #").next().unwrap_or_default().trim_end();
        let end = (at + line.len() + 1).min(text.len());
        return Ok((
            Value { span: at..at + inner.len(), quote: None, inner: inner.to_owned() },
            end,
        ));
    };
    let mut inner = String::new();
    let mut escaped = false;
    for (offset, c) in rest.char_indices().skip(1) {
        match c {
            c if c == quote && !escaped => {
                let end = at + offset + 1;
                return Ok((Value { span: at..end, quote: Some(quote), inner }, end));
            }
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            c => {
                if escaped && c != quote {
                    inner.push('\\');
                }
                inner.push(c);
            }
        }
        escaped = false;
    }
    Err(format!("the quote {quote} does not end"))
}

#[cfg(test)]
mod tests;
