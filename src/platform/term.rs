//! The terminal: data on stdout, talk on stderr, colour only where it is wanted, progress that also
//! reads well in a pipe.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the one place that prints")]

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::escape::Escaped;
pub use super::escape::{escape, escape_line};
use super::interruptible::Interruptible;
use crate::error::{Error, Exit};

/// Bold.
pub const BOLD: Style = Style::new().bold();
/// For what is secondary.
pub const DIM: Style = Style::new().dimmed();
/// For what is well.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// For what is not well.
pub const BAD: Style = AnsiColor::Red.on_default();
/// For what deserves a look.
pub const WARN: Style = AnsiColor::Yellow.on_default();

/// Standard output; styles are dropped where it is no terminal or `NO_COLOR` is set.
pub fn out() -> impl Write {
    Escaped::new(Interruptible::new(anstream::stdout()))
}

/// Standard error, likewise.
pub fn err() -> impl Write {
    Escaped::new(anstream::stderr())
}

/// Both as they are: for who asked for what a program printed, whatever it does to the terminal.
pub fn raw() -> (impl Write, impl Write) {
    (Interruptible::new(io::stdout()), io::stderr())
}

/// Says one line on stderr.
pub fn eprintln(line: &str) {
    let _ = writeln!(err(), "{line}");
}

/// Whether nobody reads standard output any more (`| head`).
pub fn reader_gone() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let out = io::stdout();
    let mut fds = [PollFd::new(&out, PollFlags::OUT)];
    let polled = poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    polled.is_ok() && fds[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}

/// Whether a person sits at standard error.
pub fn attended() -> bool {
    io::stderr().is_terminal()
}

/// How many columns standard output has: `COLUMNS`, else the terminal's; none in a pipe, where
/// lines are not broken.
pub fn columns() -> Option<usize> {
    let said = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let seen =
        || rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col));
    said.or_else(seen).filter(|columns| *columns >= 20)
}

/// Asks on the terminal; only `y` or `yes` is a yes. Where nobody can answer it is a no.
pub fn confirm(question: &str) -> bool {
    if !(io::stdin().is_terminal() && attended()) {
        return false;
    }
    let mut err = err();
    let _ = write!(err, "{question} [y/N] ").and_then(|()| err.flush());
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

/// Prints an error: what happened, why, the lines that belong to it, and what to do next.
pub fn report(error: &Error) {
    let mut err = err();
    let _ = match error.exit() {
        // The user did it, and knows: nothing went wrong.
        Exit::Interrupted => write!(err, "{}", error.message()),
        _ => write!(err, "{BAD}error{BAD:#}: {}", error.message()),
    };
    for cause in error.causes() {
        let _ = write!(err, ": {cause}");
    }
    let _ = writeln!(err);
    if let Some(detail) = error.detail_text() {
        for line in detail.lines() {
            let _ = writeln!(err, "  {line}");
        }
    }
    if !error.hints().is_empty() {
        let _ = writeln!(err);
    }
    for hint in error.hints() {
        let _ = writeln!(err, "{BOLD}hint{BOLD:#}: {hint}");
    }
}

/// Breaks text at spaces so that no line is wider than `width`, where words allow it.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        let line = &mut lines[last];
        let length = line.chars().count();
        if length > 0 && length.saturating_add(1 + word.chars().count()) > width {
            lines.push(word.to_owned());
        } else {
            if length > 0 {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// How long work is followed.
pub trait Progress {
    /// A piece of work begins; the one before, if not ended, is dropped.
    fn start(&mut self, what: &str);
    /// News about the work under way (a line of a log, a count): shown on a terminal only.
    fn update(&mut self, news: &str);
    /// The work under way ended well; `detail` may be empty.
    fn done(&mut self, detail: &str);
    /// A line that stays.
    fn note(&mut self, line: &str);
}

/// Progress on stderr: a spinner on a terminal, one line for each piece of work in a pipe.
pub struct Steps {
    bar: Option<ProgressBar>,
    what: String,
    since: Instant,
    quiet: bool,
}

impl Steps {
    /// Nothing is shown when `quiet`.
    pub fn new(quiet: bool) -> Self {
        Steps { bar: None, what: String::new(), since: Instant::now(), quiet }
    }
}

impl Progress for Steps {
    fn start(&mut self, what: &str) {
        self.what = what.to_owned();
        self.since = Instant::now();
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        if self.quiet || !attended() {
            return;
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg:.dim}")
        {
            bar.set_style(style);
        }
        bar.set_prefix(escape(what).replace(['\n', '\t'], " "));
        bar.enable_steady_tick(Duration::from_millis(120));
        self.bar = Some(bar);
    }

    fn update(&mut self, news: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(escape(news).replace(['\n', '\t'], " "));
        }
    }

    fn done(&mut self, detail: &str) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        if !self.quiet && !self.what.is_empty() {
            let seconds = self.since.elapsed().as_secs_f64();
            let detail = if detail.is_empty() { String::new() } else { format!("  {detail}") };
            eprintln(&format!(
                "{GOOD}ok{GOOD:#}  {}{detail} {DIM}{seconds:.1} s{DIM:#}",
                self.what
            ));
        }
        self.what.clear();
    }

    fn note(&mut self, line: &str) {
        if self.quiet {
            return;
        }
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln(line)),
            None => eprintln(line),
        }
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_spaces_and_long_words_are_left_whole() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("averylongword x", 5), ["averylongword", "x"]);
        assert_eq!(wrapped("", 5), [""]);
    }
}
