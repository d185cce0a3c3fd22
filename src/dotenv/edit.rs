//! Changing one value of a `.env` in place, and adding one at the end.

use super::{Document, Value};

impl Document {
    /// The same file with another value for a name: in the line that counts, with its quotes where
    /// they fit; every other byte stays. None when the name has no value in the file, or none of
    /// the ways to write this one is read back as it.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Option<Document> {
        let at = self.statements.iter().rposition(|statement| statement.name == name)?;
        let old = self.statements[at].value.as_ref()?;
        spellings(value, old.quote).into_iter().find_map(|spelled| {
            let text =
                format!("{}{spelled}{}", &self.text[..old.span.start], &self.text[old.span.end..]);
            let new = Document::parse(text).ok()?;
            // What stands behind the value may have become a part of it.
            let read = new.statements.len() == self.statements.len()
                && new.statements[at].value.as_ref().and_then(Value::constant).as_deref()
                    == Some(value);
            read.then_some(new)
        })
    }

    /// The same file with the value that another one has for a name in a line at the end, written
    /// as there. None when the other has none.
    #[must_use]
    pub fn and(&self, name: &str, from: &Document) -> Option<Document> {
        let statement = from.statements.iter().rfind(|statement| statement.name == name)?;
        let spelled = &from.text[statement.value.as_ref()?.span.clone()];
        let newline = if self.text.contains("\r\n") { "\r\n" } else { "\n" };
        let gap = if self.text.is_empty() || self.text.ends_with('\n') { "" } else { newline };
        Document::parse(format!("{}{gap}{name}={spelled}{newline}", self.text)).ok()
    }
}

/// Ways to write a value, that of the line before first.
fn spellings(value: &str, before: Option<char>) -> Vec<String> {
    let mut escaped = String::new();
    for c in value.chars() {
        match c {
            '\\' | '"' | '$' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            c => escaped.push(c),
        }
    }
    let (bare, single, double) =
        (value.to_owned(), format!("'{}'", value.replace('\'', "\\'")), format!("\"{escaped}\""));
    match before {
        None => vec![bare, single, double],
        Some('\'') => vec![single, double],
        Some(_) => vec![double, single],
    }
}
