//! `list`: the catalogue.

use std::io::{self, Write};

use serde::Serialize;

use super::{Session, View};
use crate::catalog::manifest::{Level, RuntimeKind};
use crate::error::Result;
use crate::platform::prose;
use crate::platform::term::{self, BOLD, DIM};

#[derive(Serialize)]
pub(super) struct List {
    labs: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: String,
    title: String,
    summary: String,
    level: Level,
    minutes: u32,
    tools: Vec<String>,
    runtimes: Vec<RuntimeKind>,
    after: Vec<String>,
}

pub(super) fn run(session: &Session) -> Result<List> {
    let mut labs = Vec::new();
    for id in session.source.ids()? {
        let manifest = session.source.lab(&id)?.manifest;
        let runtimes = manifest.runtimes();
        let crate::catalog::Manifest { id, title, summary, level, minutes, tools, after, .. } = manifest;
        labs.push(Row { id, title, summary, level, minutes, tools, runtimes, after });
    }
    Ok(List { labs })
}

impl View for List {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let width = self.labs.iter().map(|lab| lab.id.len()).max().unwrap_or(0);
        for lab in &self.labs {
            let (indent, columns) = (width + 2, term::columns());
            let head = format!("{BOLD}{:width$}{BOLD:#}  ", lab.id);
            writeln!(out, "{}", prose::hanging(&head, indent, &lab.title, indent, columns))?;
            let below = |text: &str| prose::hanging(&" ".repeat(indent), indent, text, indent, columns);
            writeln!(out, "{}", below(&lab.summary))?;
            let runtimes: Vec<_> = lab.runtimes.iter().map(|kind| kind.name()).collect();
            let facts = format!(
                "{} · {} min · {} · {}",
                lab.level,
                lab.minutes,
                runtimes.join(", "),
                lab.tools.join(", ")
            );
            writeln!(out, "{DIM}{}{DIM:#}", below(&facts))?;
        }
        match self.labs.first() {
            Some(lab) => writeln!(out, "\nnext: mlops-lab init {} --up", lab.id),
            None => writeln!(out, "this pack has no labs"),
        }
    }
}
