//! `lab lint`: a pack held to the rules of the format.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::counted;
use crate::catalog::lint;
use crate::catalog::parse::line_column;
use crate::catalog::source::Source;
use crate::commands::{Session, View, pasteable};
use crate::error::{Error, Exit, Result};
use crate::platform::term::{BAD, GOOD};
use crate::scaffold::{self, Given};

#[derive(Serialize)]
pub(in crate::commands) struct Linted {
    labs: Vec<String>,
    problems: Vec<LintProblem>,
    #[serde(skip)]
    shown: String,
    #[serde(skip)]
    pack: Option<PathBuf>,
}

impl Linted {
    fn add(&mut self, finding: &lint::Finding) {
        self.shown.push_str(&format!("{}\n", lint::line(finding)));
        if let Some(snippet) = finding.problem.snippet(&finding.text) {
            self.shown.push_str(&format!("{snippet}\n\n"));
        }
        self.problems.push(LintProblem::from(finding));
    }
}

/// A problem for programs.
#[derive(Serialize)]
struct LintProblem {
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    message: String,
    rule: &'static str,
}

impl LintProblem {
    /// A problem whose place, if there is one, stands in its words: a lab that cannot be read at
    /// all.
    fn plain(rule: &'static str, message: String) -> LintProblem {
        LintProblem { file: None, line: None, column: None, message, rule }
    }
}

impl From<&lint::Finding> for LintProblem {
    fn from(finding: &lint::Finding) -> LintProblem {
        let place =
            finding.problem.span.as_ref().map(|span| line_column(&finding.text, span.start));
        let (file, message) = (Some(finding.problem.file.clone()), finding.problem.message.clone());
        let (line, column) = place.unzip();
        LintProblem { file, line, column, message, rule: finding.rule }
    }
}

pub(in crate::commands) fn lint(session: &Session, folder: Option<&Path>) -> Result<Linted> {
    let named = folder.map(|folder| vec![Source::Pack(session.folder.join(folder))]);
    let sources = named.unwrap_or_else(|| session.sources.meant().to_vec());
    let pack = sources.iter().find_map(|source| match source {
        Source::Embedded => None,
        Source::Pack(root) => Some(root.clone()),
    });
    let mut linted = Linted { labs: Vec::new(), problems: Vec::new(), shown: String::new(), pack };
    for source in &sources {
        lint_source(source, &mut linted)?;
    }
    if linted.labs.is_empty() && linted.problems.is_empty() {
        return Err(Error::usage("this pack has no labs")
            .hint("a lab is labs/<id>/lab.toml with templates/<id>/"));
    }
    Ok(linted)
}

fn lint_source(source: &Source, linted: &mut Linted) -> Result<()> {
    // Where it cannot be read, nothing else of the pack can.
    if let Some(finding) = source.pack_problem()? {
        linted.add(&finding);
        return Ok(());
    }
    let ids = source.ids()?;
    // A pack may build on the labs that everybody has.
    let others = ids.iter().cloned().chain(Source::Embedded.ids()?).collect();
    for id in ids {
        linted.labs.push(id.clone());
        let lab = match source.lab(&id) {
            Ok(lab) => lab,
            Err(error) => {
                let found = source.unparsed(&id);
                if found.is_empty() {
                    let detail = error.detail_text().unwrap_or_default();
                    linted.shown.push_str(&format!("{error}\n{detail}\n\n"));
                    linted.problems.push(LintProblem::plain("read", error.to_string()));
                }
                found.iter().for_each(|finding| linted.add(finding));
                continue;
            }
        };
        // The last rules need a render: nothing undefined, nothing that does not parse.
        let rendered = crate::commands::bounded(&lab, || scaffold::trial(&lab, &Given::default()));
        for finding in lint::lint(&lab, &others).into_iter().chain(rendered) {
            linted.add(&finding);
        }
    }
    Ok(())
}

impl View for Linted {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{}", self.shown)?;
        if self.problems.is_empty() {
            writeln!(
                out,
                "{GOOD}clean{GOOD:#}: {}\n\nnext: mlops-lab {}lab test {}",
                self.labs.join(", "),
                self.pack
                    .as_ref()
                    .map(|pack| format!("--pack {} ", pasteable(pack)))
                    .unwrap_or_default(),
                self.labs[0]
            )
        } else {
            let problems = counted(self.problems.len(), "problem");
            match &self.labs[..] {
                [] => writeln!(out, "{BAD}{problems}{BAD:#}"),
                labs => writeln!(out, "{BAD}{problems}{BAD:#} in {}", labs.join(", ")),
            }
        }
    }

    fn exit(&self) -> Exit {
        if self.problems.is_empty() { Exit::Done } else { Exit::No }
    }
}
