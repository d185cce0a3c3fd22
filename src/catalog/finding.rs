//! A problem of a lab at its place: file, line and column, and the line with a caret.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::error::Error;

/// A problem at a place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file as the user knows it.
    pub file: String,
    /// Bytes of the file's text, when the place is known.
    pub span: Option<Range<usize>>,
    /// What is wrong, in one sentence.
    pub message: String,
}

impl Problem {
    /// `file:line:column`, or the file alone. Lines and columns count from 1, columns in
    /// characters.
    pub fn place(&self, text: &str) -> String {
        match &self.span {
            Some(span) => {
                let (line, column) = line_column(text, span.start);
                format!("{}:{line}:{column}", self.file)
            }
            None => self.file.clone(),
        }
    }

    /// The lines around the place with a caret under it, without the message, which stands above.
    pub fn snippet(&self, text: &str) -> Option<String> {
        let span = self.span.clone()?;
        let start = span.start.min(text.len());
        let end = span.end.clamp(start, text.len());
        let snippet = Snippet::source(text)
            .path(&self.file)
            .annotation(AnnotationKind::Primary.span(start..end));
        let report = [Level::ERROR.primary_title("").element(snippet)];
        // The title is ours to print; keep what comes under it.
        let drawn = Renderer::plain().render(&report);
        Some(drawn.lines().skip(1).collect::<Vec<_>>().join("\n"))
    }
}

/// Line and column of a byte offset, both from 1, the column in characters.
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

/// A problem with the text that it is in, for showing the line.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What and where.
    pub problem: Problem,
    /// The text of the file; empty for one that is not text.
    pub text: String,
    /// The rule that it is against.
    pub rule: &'static str,
}

impl Finding {
    /// A problem at a place of a text.
    pub fn new(
        rule: &'static str,
        file: String,
        text: &str,
        span: Option<Range<usize>>,
        message: String,
    ) -> Self {
        Finding { problem: Problem { file, span, message }, text: text.to_owned(), rule }
    }
}

impl From<Finding> for Error {
    fn from(finding: Finding) -> Error {
        let error = Error::usage(line(&finding));
        match finding.problem.snippet(&finding.text) {
            Some(snippet) => error.detail(snippet),
            None => error,
        }
    }
}

/// `file:line:column: message`, as compilers print it.
pub fn line(finding: &Finding) -> String {
    format!("{}: {}", finding.problem.place(&finding.text), finding.problem.message)
}
