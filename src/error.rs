//! What every failure carries: an exit code, what happened, and what to type next. Printing lives
//! in `platform::term`.

use std::fmt;

/// The documented exit codes of the program. Ctrl-C ends it with 130.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// The thing asked for was done, or the answer is yes.
    Done = 0,
    /// The answer is no, or not yet: a check fails, a file is in conflict.
    No = 1,
    /// The command line, an answer or a manifest is wrong.
    Usage = 2,
    /// Cannot tell, or the environment is broken: nothing was judged.
    Environment = 3,
    /// A bug in this program.
    Bug = 70,
    /// Ctrl-C or SIGTERM.
    Interrupted = 130,
}

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure as the user sees it.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    exit: Exit,
    message: String,
    detail: Option<String>,
    hints: Vec<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A failure with this exit code; `message` says what happened and where, in one sentence
    /// without a full stop.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Error(Box::new(Inner {
            exit,
            message: message.into(),
            detail: None,
            hints: Vec::new(),
            source: None,
        }))
    }

    /// The answer is no, or not yet (exit 1).
    pub fn no(message: impl Into<String>) -> Self {
        Self::new(Exit::No, message)
    }

    /// The user's input is wrong (exit 2).
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The machine does not allow it, or it cannot be told (exit 3).
    pub fn environment(message: impl Into<String>) -> Self {
        Self::new(Exit::Environment, message)
    }

    /// Our own mistake (exit 70).
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(Exit::Bug, message)
    }

    /// Ctrl-C (exit 130).
    pub fn interrupted() -> Self {
        Self::new(Exit::Interrupted, "interrupted")
    }

    /// Adds what to type next, or what to look at. Hints are shown in the order in which they were
    /// added.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hints.push(hint.into());
        self
    }

    /// The same with other words in its hints.
    #[must_use]
    pub fn rephrased(mut self, words: impl Fn(&str) -> String) -> Self {
        for hint in &mut self.0.hints {
            *hint = words(hint);
        }
        self
    }

    /// Adds several lines shown under the message: a source snippet, the end of a log.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds the lower error that caused this one.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The code with which the program ends.
    pub fn exit(&self) -> Exit {
        self.0.exit
    }

    /// What happened, in one sentence.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The lines under the message, if any.
    pub fn detail_text(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// What to do next, most useful first.
    pub fn hints(&self) -> &[String] {
        &self.0.hints
    }

    /// The texts of the lower errors, nearest first.
    pub fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut next: Option<&(dyn std::error::Error + 'static)> =
            self.0.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static));
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        causes
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        for cause in self.causes() {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// The name among `known` that is nearest to `given`, when it is near enough to be a slip of the
/// finger.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(given, name), name))
        .filter(|(score, name)| *score >= 0.5 || (given.len() >= 3 && name.starts_with(given)))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// An error for a name that does not exist: says what was meant, perhaps, and lists what there is.
pub fn unknown<'a>(what: &str, given: &str, known: impl IntoIterator<Item = &'a str>) -> Error {
    let known: Vec<&str> = known.into_iter().collect();
    let error = Error::usage(format!("there is no {what} `{given}`"));
    let error = match nearest(given, known.iter().copied()) {
        Some(name) => error.hint(format!("did you mean `{name}`?")),
        None => error,
    };
    if known.is_empty() { error } else { error.hint(format!("known: {}", known.join(", "))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_the_name_and_nonsense_finds_none() {
        assert_eq!(nearest("servng", ["serving", "tracking"]), Some("serving"));
        assert_eq!(nearest("serv", ["serving", "tracking"]), Some("serving"));
        assert_eq!(nearest("zzzz", ["serving", "tracking"]), None);
    }

    #[test]
    fn the_display_form_holds_the_causes() {
        let low = std::io::Error::other("no space left");
        assert_eq!(
            Error::environment("cannot write a.txt").because(low).to_string(),
            "cannot write a.txt: no space left"
        );
    }
}
