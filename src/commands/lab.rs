//! `lab lint` and `lab test`: for people who write labs.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Session, View, pasteable};
use crate::catalog::lint;
use crate::catalog::manifest::RuntimeKind;
use crate::catalog::parse::line_column;
use crate::catalog::source::{self, Source};
use crate::catalog::tree::{File, RelPath, Tree};
use crate::cli;
use crate::error::{Error, Exit, Result};
use crate::platform::term::{self, BAD, BOLD, DIM, GOOD, WARN};
use crate::prove::{self, Case, Outcome};
use crate::scaffold::{self, Given};

#[derive(Serialize)]
pub(super) struct Begun {
    id: String,
    pack: PathBuf,
    files: Vec<String>,
}

/// Writes the skeleton of a lab into a pack: both of its folders, or neither.
pub(super) fn new(session: &Session, id: &str, folder: &Path) -> Result<Begun> {
    let well = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !id.starts_with(|c: char| c.is_ascii_lowercase())
        || !id.chars().all(well)
        || id.ends_with('-')
        || id.len() > 40
    {
        return Err(Error::usage(format!("`{id}` cannot be a lab's id"))
            .hint("a letter, then a-z, 0-9 and -, 40 characters at most"));
    }
    let pack = session.folder.join(folder);
    let files = source::skeleton(id);
    let mut whole = Tree::new();
    for (path, bytes) in &files {
        whole.insert(RelPath::new(path.as_str()).map_err(Error::bug)?, File::new(bytes.to_vec()));
    }
    if scaffold::vacant(&pack)? {
        scaffold::create(&pack, &whole)?;
    } else {
        let places = ["labs", "templates"].map(|part| (part, pack.join(part).join(id)));
        for (_, place) in &places {
            if !scaffold::vacant(place)? {
                return Err(Error::usage(format!(
                    "{} is there already: nothing was changed",
                    place.display()
                )));
            }
        }
        for (part, place) in &places {
            let below = format!("{part}/{id}/");
            let inside = whole.iter().filter_map(|(path, file)| {
                Some((RelPath::new(path.as_str().strip_prefix(&below)?).ok()?, file.clone()))
            });
            scaffold::create(place, &inside.collect())?;
        }
    }
    Ok(Begun { id: id.to_owned(), pack: folder.to_owned(), files: files.into_keys().collect() })
}

impl View for Begun {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let pack = pasteable(&self.pack);
        writeln!(
            out,
            "{GOOD}made{GOOD:#} the lab {}: {} files in {}",
            self.id,
            self.files.len(),
            self.pack.display()
        )?;
        writeln!(
            out,
            "\nnext:\n  mlops-lab lab lint {pack}\n  mlops-lab --pack {pack} lab test {}",
            self.id
        )?;
        writeln!(out, "\nThe format is described in labs/README.md of mlops-lab's repository.")
    }
}

#[derive(Serialize)]
pub(super) struct Linted {
    labs: Vec<String>,
    problems: Vec<Told>,
    #[serde(skip)]
    shown: String,
}

impl Linted {
    fn add(&mut self, finding: &lint::Finding) {
        self.shown.push_str(&format!("{}\n", lint::line(finding)));
        if let Some(snippet) = finding.problem.snippet(&finding.text) {
            self.shown.push_str(&format!("{snippet}\n\n"));
        }
        self.problems.push(Told::from(finding));
    }
}

/// A problem for programs.
#[derive(Serialize)]
struct Told {
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    message: String,
    rule: &'static str,
}

impl Told {
    /// A problem whose place, if there is one, stands in its words: a lab that cannot be read at all.
    fn plain(rule: &'static str, message: String) -> Told {
        Told { file: None, line: None, column: None, message, rule }
    }
}

impl From<&lint::Finding> for Told {
    fn from(finding: &lint::Finding) -> Told {
        let place = finding.problem.span.as_ref().map(|span| line_column(&finding.text, span.start));
        let (file, message) = (Some(finding.problem.file.clone()), finding.problem.message.clone());
        let (line, column) = place.unzip();
        Told { file, line, column, message, rule: finding.rule }
    }
}

pub(super) fn lint(session: &Session, folder: Option<&Path>) -> Result<Linted> {
    let source = folder.map_or(session.source.clone(), |folder| Source::Pack(session.folder.join(folder)));
    let mut linted = Linted { labs: source.ids()?, problems: Vec::new(), shown: String::new() };
    if linted.labs.is_empty() {
        return Err(
            Error::usage("this pack has no labs").hint("a lab is labs/<id>/lab.toml with templates/<id>/")
        );
    }
    // A pack may build on the labs that everybody has.
    let others = linted.labs.iter().cloned().chain(Source::Embedded.ids()?).collect();
    for id in linted.labs.clone() {
        let lab = match source.lab(&id) {
            Ok(lab) => lab,
            Err(error) => {
                let found = source.unparsed(&id);
                if found.is_empty() {
                    let detail = error.detail_text().unwrap_or_default();
                    linted.shown.push_str(&format!("{error}\n{detail}\n\n"));
                    linted.problems.push(Told::plain("read", error.to_string()));
                }
                found.iter().for_each(|finding| linted.add(finding));
                continue;
            }
        };
        // The last rules need a render: nothing undefined, nothing that does not parse.
        let rendered = super::bounded(|| scaffold::trial(&lab, &Given::default()));
        for finding in lint::lint(&lab, &others).into_iter().chain(rendered) {
            linted.add(&finding);
        }
    }
    Ok(linted)
}

impl View for Linted {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{}", self.shown)?;
        if self.problems.is_empty() {
            writeln!(
                out,
                "{GOOD}clean{GOOD:#}: {}\n\nnext: mlops-lab lab test {}",
                self.labs.join(", "),
                self.labs[0]
            )
        } else {
            let problems = counted(self.problems.len(), "problem");
            writeln!(out, "{BAD}{problems}{BAD:#} in {}", self.labs.join(", "))
        }
    }

    fn exit(&self) -> Exit {
        if self.problems.is_empty() { Exit::Done } else { Exit::No }
    }
}

pub(super) fn test(session: &Session, args: &cli::LabTest) -> Result<Exit> {
    let cli::LabTest { lab, runtime, list, write_cost, keep, set, cluster } = args;
    let (runtime, list, write_cost, keep) = (*runtime, *list, *write_cost, *keep);
    let lab = session.source.lab(lab)?;
    let offered = lab.manifest.runtimes();
    if let Some(kind) = runtime
        && !offered.contains(&kind)
    {
        return Err(Error::usage(format!(
            "the lab `{}` does not offer the runtime `{kind}`",
            lab.manifest.id
        )));
    }
    let kinds: Vec<RuntimeKind> =
        offered.into_iter().filter(|kind| runtime.is_none_or(|asked| asked == *kind)).collect();
    if write_cost && lab.source == Source::Embedded {
        return Err(Error::usage("--write-cost: a built-in lab has no file to write")
            .hint("name its pack: --pack DIR"));
    }
    if list {
        let names = kinds.iter().map(|kind| prove::cases(&lab, *kind)).collect::<Result<Vec<_>>>()?;
        return session.show(&Names(names.concat()));
    }
    let (mut failed, mut skipped, mut unproven, mut passed) = (0, 0, 0, 0);
    for kind in kinds {
        let cli::Cluster { context, registry, load } = cluster.clone();
        let (source, set) = (session.source.clone(), set.to_vec());
        let options = prove::Options { keep, source, set, context, registry, load };
        let costs = prove::prove(&lab, kind, &options, &mut |case: &Case| {
            match &case.outcome {
                Outcome::Pass => passed += 1,
                Outcome::Fail(_) => failed += 1,
                Outcome::Skip(_) => skipped += 1,
                Outcome::Unproven(_) => unproven += 1,
            }
            tell(session, case);
        })?;
        if write_cost {
            prove::write_cost(&lab, kind, &costs)?;
        }
        term::say(&format!("\nmeasured on {kind}: {}", serde_json::to_string(&costs).unwrap_or_default()));
    }
    term::say(&format!("\n{passed} passed, {failed} failed, {skipped} skipped, {unproven} not proven"));
    Ok(if failed > 0 {
        Exit::No
    } else if passed == 0 {
        Exit::Environment
    } else {
        Exit::Done
    })
}

/// One line for each case as soon as it is known: a proof takes minutes.
fn tell(session: &Session, case: &Case) {
    let mut out = term::out();
    let _ = if session.json {
        writeln!(out, "{}", serde_json::to_string(case).unwrap_or_default())
    } else {
        let seconds = format!("{DIM}{:.1} s{DIM:#}", case.seconds);
        match &case.outcome {
            Outcome::Pass => writeln!(out, "{GOOD}pass{GOOD:#}  {} {seconds}", case.name).and_then(|()| {
                let observed =
                    case.observed.iter().map(|text| format!("      {DIM}{}{DIM:#}", one_line(text)));
                let warning = case.warning.iter().map(|text| format!("      {WARN}warning{WARN:#}: {text}"));
                observed.chain(warning).try_for_each(|line| writeln!(out, "{line}"))
            }),
            Outcome::Fail(why) => writeln!(
                out,
                "{BAD}FAIL{BAD:#}  {} {seconds}\n      {}",
                case.name,
                why.replace('\n', "\n      ")
            ),
            Outcome::Skip(why) => writeln!(out, "{WARN}skip{WARN:#}  {}: {why}", case.name),
            Outcome::Unproven(why) => writeln!(out, "{WARN}not proven{WARN:#}  {}: {why}", case.name),
        }
    };
    let _ = out.flush();
}

/// `1 problem`, `2 problems`
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// What fits on a line of a terminal, in one line.
fn one_line(text: &str) -> String {
    const ROOM: usize = 70;
    let words = term::escape(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    match words.char_indices().nth(ROOM) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Names(Vec<String>);

impl View for Names {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{BOLD}{} cases{BOLD:#}", self.0.len())?;
        self.0.iter().try_for_each(|name| writeln!(out, "{name}"))
    }
}
