//! `doctor`: what this machine lacks.

mod gate;
mod remedy;
mod scope;

use std::io::{self, Write};

use serde::Serialize;

use super::{Session, View};
use crate::cli::{self, Format};
use crate::doctor::{self, Report};
use crate::error::{Error, Exit, Result};
use crate::platform::{clock, term};

pub(super) use gate::{before_up, of_manifest};

#[derive(Serialize)]
struct Diagnosis {
    #[serde(flatten)]
    report: Report,
    #[serde(skip)]
    format: Format,
    #[serde(skip)]
    verbose: bool,
}

pub(super) fn run(session: &Session, args: &cli::Doctor) -> Result<Exit> {
    if args.list {
        return session.show(&Checks(doctor::all().iter().map(Row::from).collect()));
    }
    if session.json && !matches!(args.format, Format::Text | Format::Json) {
        return Err(Error::usage(
            "--json and --format are two ways to choose the form of the report",
        )
        .hint("leave one of them out"));
    }
    doctor::validate(&args.only)?;
    doctor::validate(&args.skip)?;
    let scope = scope::of_args(session, args)?;
    let timeout = args.timeout.0;
    let mut report = doctor::run(&scope, timeout);
    clock::interrupted()?;
    if report.findings.is_empty() {
        return Err(Error::usage("none of these checks applies here")
            .hint("list all checks: mlops-lab doctor --list"));
    }
    if let Some(wait) = args.wait {
        report = remedy::wait(session, &scope, timeout, wait.0, report)?;
    }
    if args.fix && remedy::fix(&report, args.yes)? {
        report = doctor::run(&scope, timeout);
    }
    let report = report.strict(args.strict);
    let report = if args.report {
        doctor::redact(report, &doctor::Private::collect(&scope.root))
    } else {
        report
    };
    session.show(&Diagnosis { report, format: args.format, verbose: args.verbose || args.report })
}

impl View for Diagnosis {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.format {
            Format::Text | Format::Json => {
                doctor::human(&self.report, out, self.verbose, term::columns())
            }
            Format::Junit => {
                writeln!(
                    out,
                    "{}",
                    doctor::junit(&self.report).map_err(io::Error::other)?.trim_end()
                )
            }
            Format::Github => write!(out, "{}", doctor::github(&self.report)),
        }
    }

    fn exit(&self) -> Exit {
        self.report.verdict()
    }
}

/// `doctor --list`
#[derive(Serialize)]
#[serde(transparent)]
struct Checks(Vec<Row>);

#[derive(Serialize)]
struct Row {
    id: &'static str,
    group: &'static str,
    about: &'static str,
    classes: &'static [&'static str],
}

impl From<&'static doctor::Entry> for Row {
    fn from(entry: &'static doctor::Entry) -> Row {
        let kind = entry.kind;
        let group = kind.group.title();
        Row { id: kind.id, group, about: kind.about, classes: &entry.classes }
    }
}

impl View for Checks {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let width = self.0.iter().map(|row| row.id.len()).max().unwrap_or(0);
        for row in &self.0 {
            writeln!(out, "{:width$}  {}", row.id, row.about)?;
        }
        writeln!(out, "\nnext: mlops-lab doctor --only ID, or --skip ID")
    }
}
