//! `list`: the catalogue.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use super::{Session, View, consent, pasteable};
use crate::catalog::manifest::{Level, RuntimeKind};
use crate::catalog::{Listed, Source};
use crate::error::{Exit, Result};
use crate::platform::prose;
use crate::platform::term::{self, BAD, BOLD, DIM};
use crate::workspace::Workspace;

#[derive(Serialize)]
pub(super) struct List {
    labs: Vec<Row>,
    /// Labs that cannot be read: the others of their pack still can.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    broken: Vec<Broken>,
    /// The first pack with a lab that cannot be read.
    #[serde(skip)]
    pack: Option<PathBuf>,
}

#[derive(Serialize)]
struct Broken {
    id: String,
    error: String,
}

#[derive(Serialize)]
struct Row {
    id: String,
    /// What means this lab: its id, with the pack before it where two have one.
    name: String,
    /// The pack it comes from; none for the built-in labs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pack: Option<String>,
    title: String,
    summary: String,
    level: Level,
    minutes: u32,
    tools: Vec<String>,
    runtimes: Vec<RuntimeKind>,
    after: Vec<String>,
}

pub(super) fn run(session: &Session) -> Result<List> {
    // The lab in which we stand, if any, is no part of the catalogue.
    if let Ok(workspace) = Workspace::find(&session.folder) {
        consent::trusted_or_note(&workspace, "the list below is of the catalogue")?;
    }
    let (mut labs, mut broken) = (Vec::new(), Vec::new());
    let mut wrong = None;
    for Listed { name, id, source } in session.sources.labs()? {
        let manifest = match source.lab(&id) {
            Ok(lab) => lab.manifest,
            Err(error) => {
                if let Source::Pack(root) = source {
                    wrong.get_or_insert_with(|| root.clone());
                }
                broken.push(Broken { id: name, error: error.to_string() });
                continue;
            }
        };
        let pack = match source {
            Source::Embedded => None,
            Source::Pack(_) => Some(source.name()?),
        };
        let runtimes = manifest.runtimes();
        let crate::catalog::Manifest { id, title, summary, level, minutes, tools, after, .. } =
            manifest;
        labs.push(Row { id, name, pack, title, summary, level, minutes, tools, runtimes, after });
    }
    Ok(List { labs, broken, pack: wrong })
}

impl View for List {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let width = self.labs.iter().map(|lab| lab.name.len()).max().unwrap_or(0);
        for lab in &self.labs {
            let (indent, columns) = (width + 2, term::columns());
            let head = format!("{BOLD}{:width$}{BOLD:#}  ", lab.name);
            writeln!(out, "{}", prose::hanging(&head, indent, &lab.title, indent, columns))?;
            let below =
                |text: &str| prose::hanging(&" ".repeat(indent), indent, text, indent, columns);
            writeln!(out, "{}", below(&lab.summary))?;
            let runtimes: Vec<_> = lab.runtimes.iter().map(|kind| kind.name()).collect();
            let pack = lab.pack.as_ref().map(|pack| format!(" · pack {pack}")).unwrap_or_default();
            let facts = format!(
                "{} · {} min · {} · {}{}",
                lab.level,
                lab.minutes,
                runtimes.join(", "),
                lab.tools.join(", "),
                term::escape(&pack)
            );
            writeln!(out, "{DIM}{}{DIM:#}", below(&facts))?;
        }
        for Broken { id, error } in &self.broken {
            writeln!(out, "{BAD}{id}{BAD:#}  cannot be read: {}", term::escape(error))?;
        }
        let pack = self.pack.as_ref().map(|pack| pasteable(pack));
        match (self.labs.first(), &pack, self.broken.is_empty()) {
            (_, Some(pack), false) => writeln!(out, "\nnext: mlops-lab lab lint {pack}"),
            (Some(lab), ..) => writeln!(out, "\nnext: mlops-lab init {} --up", lab.name),
            (None, ..) => writeln!(out, "this pack has no labs"),
        }
    }

    /// A manifest is wrong, whatever else could be listed.
    fn exit(&self) -> Exit {
        if self.broken.is_empty() { Exit::Done } else { Exit::Usage }
    }
}
