//! The report as text: grouped, a line a check with its hints, the verdicts at the end.

use std::io::{self, Write};

use indexmap::IndexMap;

use super::{Finding, Hint, Report, Status, Verdict};
use crate::doctor::kind::Group;
use crate::platform::term::{BAD, BOLD, DIM, GOOD, WARN, escape, wrapped};

/// Below this width a title is printed under its check, not beside it.
const NARROW: usize = 64;

/// Before each hint, as before the hints of an error.
const HINT: &str = "hint: ";

fn word(status: Status) -> (anstyle::Style, &'static str) {
    match status {
        Status::Pass => (GOOD, "ok"),
        Status::Warn => (WARN, "warn"),
        Status::Skip => (DIM, "skip"),
        Status::Unknown => (WARN, "?"),
        Status::Fail => (BAD, "fail"),
    }
}

/// The whole report. `columns`: where lines are broken; none in a pipe.
pub fn human(
    report: &Report,
    out: &mut dyn Write,
    verbose: bool,
    columns: Option<usize>,
) -> io::Result<()> {
    let page = Page::new(&report.findings, columns, verbose);
    writeln!(out, "{BOLD}{}{BOLD:#}", report.title)?;
    let mut group: Option<Group> = None;
    for finding in &report.findings {
        let own = finding.kind.group;
        if group != Some(own) {
            group = Some(own);
            writeln!(out, "\n{BOLD}{}{BOLD:#}", own.title())?;
        }
        page.finding(finding, out)?;
    }
    writeln!(out)?;
    page.verdicts(&report.runtimes, out)?;
    page.paragraph(&count(report), 0, DIM, out)?;
    writeln!(out, "\nnext: {}", report.next)
}

/// The end of `init`: one line when everything passes, else what does not.
pub fn brief(report: &Report, out: &mut dyn Write, columns: Option<usize>) -> io::Result<()> {
    let off: Vec<Finding> = report.troubles().cloned().collect();
    if off.is_empty() {
        return writeln!(out, "{GOOD}ok{GOOD:#}   this machine has what it needs");
    }
    let page = Page::new(&off, columns, false);
    off.iter().try_for_each(|finding| page.finding(finding, out))
}

fn count(report: &Report) -> String {
    let of = |status| report.findings.iter().filter(|finding| finding.status == status).count();
    let parts = [
        (of(Status::Pass), "ok"),
        (of(Status::Warn), "with warnings"),
        (of(Status::Fail), "failed"),
        (of(Status::Unknown), "unknown"),
        (of(Status::Skip), "skipped"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    format!("{} checks in {} ms: {}", report.findings.len(), report.ms, parts.join(", "))
}

struct Page {
    /// Where lines are broken.
    columns: usize,
    /// The width of the longest id.
    ids: usize,
    verbose: bool,
}

impl Page {
    fn new(findings: &[Finding], columns: Option<usize>, verbose: bool) -> Page {
        let ids =
            findings.iter().map(|finding| finding.id.chars().count()).max().unwrap_or(0).min(24);
        Page { columns: columns.unwrap_or(usize::MAX), ids, verbose }
    }

    fn narrow(&self) -> bool {
        self.columns < NARROW
    }

    /// Where titles and evidence begin.
    fn indent(&self) -> usize {
        if self.narrow() { 6 } else { 2 + 6 + self.ids + 2 }
    }

    fn finding(&self, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
        let (style, word) = word(finding.status);
        let dim = if finding.status == Status::Skip { DIM } else { anstyle::Style::new() };
        if self.narrow() {
            writeln!(out, "{style}{word:<4}{style:#}  {BOLD}{}{BOLD:#}", finding.id)?;
            self.paragraph(&finding.title, self.indent(), dim, out)?;
        } else {
            let ids = self.ids;
            write!(out, "  {style}{word:<4}{style:#}  {:<ids$}  ", finding.id)?;
            let lines =
                wrapped(&escape(&finding.title), self.columns.saturating_sub(self.indent()));
            for (index, line) in lines.iter().enumerate() {
                let indent = if index == 0 { 0 } else { self.indent() };
                writeln!(out, "{:indent$}{dim}{line}{dim:#}", "")?;
            }
        }
        for hint in &finding.hints {
            self.hint(hint, out)?;
        }
        if let Some(docs) = finding.docs.as_ref().filter(|_| self.verbose) {
            self.paragraph(docs, self.indent(), DIM, out)?;
        }
        if self.verbose { self.evidence(finding, out) } else { Ok(()) }
    }

    /// The evidence: a command to paste, and what was observed.
    fn evidence(&self, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
        let evidence = &finding.evidence;
        let indent = self.indent();
        if !evidence.cmd.is_empty() {
            writeln!(out, "{:indent$}{DIM}$ {}{DIM:#}", "", escape(&evidence.cmd))?;
        }
        let rc = evidence.rc.map_or_else(String::new, |rc| format!("exit code {rc}, "));
        let path = evidence.path.as_ref().map_or_else(String::new, |path| format!("{path}, "));
        let facts = format!(
            "{path}{rc}{} ms, class {}, for {}",
            evidence.ms,
            finding.class,
            finding.needed_by.join(", ")
        );
        self.paragraph(&facts, indent, DIM, out)?;
        match evidence.saw.lines().next() {
            Some(saw) if !saw.is_empty() && *saw != finding.title => {
                self.paragraph(saw, indent, DIM, out)
            }
            _ => Ok(()),
        }
    }

    /// Text is wrapped; a command never is, so that it can be pasted.
    fn hint(&self, hint: &Hint, out: &mut dyn Write) -> io::Result<()> {
        let indent = if self.narrow() { 2 } else { 2 + 6 };
        let inner = indent + HINT.len();
        let cmd = hint.cmd.as_ref().map(|cmd| escape(cmd));
        let text = escape(&hint.text);
        write!(out, "{:indent$}{DIM}{HINT}{DIM:#}", "")?;
        match &cmd {
            Some(cmd) if text.is_empty() => return writeln!(out, "{BOLD}{cmd}{BOLD:#}"),
            Some(cmd) => {
                let length = text.chars().count() + 2 + cmd.chars().count();
                if inner.saturating_add(length) <= self.columns.min(110) {
                    return writeln!(out, "{text}: {BOLD}{cmd}{BOLD:#}");
                }
            }
            None => {}
        }
        let text = if cmd.is_some() { format!("{text}:") } else { text };
        for (index, line) in wrapped(&text, self.columns.saturating_sub(inner)).iter().enumerate() {
            let indent = if index == 0 { 0 } else { inner };
            writeln!(out, "{:indent$}{line}", "")?;
        }
        match cmd {
            Some(cmd) => writeln!(out, "{:inner$}{BOLD}{cmd}{BOLD:#}", ""),
            None => Ok(()),
        }
    }

    /// A line for each lab: in which runtimes it works here.
    fn verdicts(
        &self,
        runtimes: &IndexMap<String, Verdict>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut labs: IndexMap<&str, Vec<(&str, &Verdict)>> = IndexMap::new();
        for (key, verdict) in runtimes {
            let (lab, kind) = key.split_once('/').unwrap_or((key, ""));
            labs.entry(lab).or_default().push((kind, verdict));
        }
        let width = labs.keys().map(|lab| lab.chars().count()).max().unwrap_or(0);
        for (lab, runtimes) in labs {
            for (index, (kind, verdict)) in runtimes.into_iter().enumerate() {
                let lab = if index == 0 { lab } else { "" };
                self.verdict(&format!("{lab:<width$}  {kind:<10}  "), verdict, out)?;
            }
        }
        Ok(())
    }

    fn verdict(&self, head: &str, verdict: &Verdict, out: &mut dyn Write) -> io::Result<()> {
        let (style, word) = match verdict.status {
            Status::Fail => (BAD, "does not work here"),
            Status::Unknown => (WARN, "unknown"),
            _ => (GOOD, "works here"),
        };
        let because = match verdict.because.as_slice() {
            [] => String::new(),
            ids => format!(": {}", ids.join(", ")),
        };
        let indent = head.chars().count();
        let columns = self.columns.saturating_sub(indent).max(16);
        for (index, line) in wrapped(&format!("{word}{because}"), columns).iter().enumerate() {
            let head = if index == 0 { head } else { "" };
            writeln!(out, "{head:indent$}{style}{line}{style:#}")?;
        }
        Ok(())
    }

    fn paragraph(
        &self,
        text: &str,
        indent: usize,
        style: anstyle::Style,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        for line in wrapped(&escape(text), self.columns.saturating_sub(indent)) {
            writeln!(out, "{:indent$}{style}{line}{style:#}", "")?;
        }
        Ok(())
    }
}
