//! The report for people.

use std::io::{self, Write};

use super::{Report, Status};
use crate::platform::term::{BAD, BOLD, DIM, GOOD, WARN, escape};

fn word(status: Status) -> (anstyle::Style, &'static str) {
    match status {
        Status::Pass => (GOOD, "ok"),
        Status::Warn => (WARN, "warn"),
        Status::Skip => (DIM, "skip"),
        Status::Unknown => (WARN, "?"),
        Status::Fail => (BAD, "fail"),
    }
}

/// The whole report: a line for each finding, causes and hints under it, what it means at the end.
pub fn human(report: &Report, out: &mut dyn Write, verbose: bool) -> io::Result<()> {
    writeln!(out, "{BOLD}{}{BOLD:#}\n", report.title)?;
    for finding in &report.findings {
        let (style, word) = word(finding.status);
        writeln!(out, "{style}{word:<4}{style:#}  {}", escape(&finding.title))?;
        if verbose {
            let evidence = &finding.evidence;
            writeln!(
                out,
                "      {DIM}{}  {}  {} ms  needed by {}{DIM:#}",
                finding.id,
                escape(&evidence.asked),
                evidence.ms,
                finding.needed_by.join(", ")
            )?;
        }
        for hint in &finding.hints {
            writeln!(out, "      {hint}")?;
        }
    }
    writeln!(out)?;
    for (runtime, status) in &report.runtimes {
        let (style, word) = match status {
            Status::Fail => (BAD, "does not work here"),
            Status::Unknown => (WARN, "cannot tell"),
            _ => (GOOD, "works here"),
        };
        writeln!(out, "{runtime:<20} {style}{word}{style:#}")?;
    }
    writeln!(out, "\nnext: {}", report.next)
}

/// The end of `init`: one line when all is well, else what is not.
pub fn brief(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let off: Vec<_> = report
        .findings
        .iter()
        .filter(|finding| !matches!(finding.status, Status::Pass | Status::Skip))
        .collect();
    if off.is_empty() {
        return writeln!(out, "{GOOD}ok{GOOD:#}   this machine has what it needs");
    }
    for finding in off {
        let (style, word) = word(finding.status);
        writeln!(out, "{style}{word:<4}{style:#} {}", escape(&finding.title))?;
        for hint in &finding.hints {
            writeln!(out, "     {hint}")?;
        }
    }
    Ok(())
}
