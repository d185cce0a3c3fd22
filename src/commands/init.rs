//! `init`: a lab and answers become a folder.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::changes::{self, sets};
use super::equivalent::EquivalentCommand;
use super::prompts::{self, Trees};
use super::{Session, View, doctor, git, pasteable, up};
use crate::catalog::tree::{RelPath, Tree};
use crate::catalog::{Lab, Manifest};
use crate::cli::{Init, OnConflict, Up};
use crate::error::{Error, Exit, Result};
use crate::layout;
use crate::platform::fs;
use crate::platform::term::{self, BAD, BOLD, GOOD};
use crate::scaffold::{self, Action, By, Change, Given, Op, Policies};
use crate::workspace::{self, Left, Place, Workspace};

/// `init` promises to be quick: what the doctor cannot find out in this time it leaves to `doctor`
/// and `up`.
const DOCTOR_WITHIN: Duration = Duration::from_millis(400);

#[derive(Serialize)]
struct Made {
    lab: String,
    title: String,
    folder: PathBuf,
    files: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    doctor: Option<crate::doctor::Report>,
    /// Files in which both versions stand between markers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    conflicts: Vec<RelPath>,
    next: Vec<String>,
}

pub(super) fn run(session: &Session, args: &Init) -> Result<Exit> {
    let lab = session.sources.lab(&args.lab)?;
    ensure_offered(&lab, args)?;
    let mut equivalent = EquivalentCommand::default();
    let mut given = given(session, args)?;
    if let Some(folder) = args.folder.as_ref().filter(|_| args.on_conflict.is_none()) {
        // Before somebody has answered everything.
        scaffold::ensure_vacant(&place(session, folder))?;
    }
    prompts::answers(
        session,
        &lab.manifest,
        &mut given,
        args.ask,
        &|name, value| name_is_free(session, args, name, value),
        &mut equivalent,
    )?;
    let answers = scaffold::answers(&lab.manifest, &given)?;
    let rendered = super::bounded(&lab, || scaffold::render(&lab, &answers))?;
    let folder = match &args.folder {
        Some(folder) => place(session, folder),
        None => place(session, Path::new(&scaffold::project_name(&answers))),
    };
    let tree = workspace::seed(
        &Place { root: &folder, id: None, given: session.sources.given(&lab.source) },
        &lab,
        &rendered.manifest_text,
        &rendered.knowledge,
        &rendered.tree,
        &rendered.dotenvs,
        &answers.plain,
    )?;
    let pack = workspace::pack_print(&lab);
    let prints: Vec<String> = std::iter::once(workspace::fingerprint(&tree)).chain(pack).collect();
    let files = rendered.tree.len();
    if args.dry_run || args.diff {
        equivalent.print();
        return session.show(&planned(session, args, &folder, &rendered.tree, &tree)?);
    }
    let conflicts = write(session, args, &folder, rendered.tree, tree, &mut equivalent)?;
    Workspace::made(&folder, &prints);
    if args.git {
        git::repository(&folder)?;
    }
    // As it was typed, unless `-C` named another place to type it from.
    let here = std::env::current_dir().is_ok_and(|here| here == session.folder);
    let typed =
        args.folder.clone().unwrap_or_else(|| PathBuf::from(scaffold::project_name(&answers)));
    let shown = if here { typed } else { folder.clone() };
    let made = made(args, &rendered.manifest, folder, &shown, files, conflicts);
    if args.up { made_and_up(session, args, &made, &shown) } else { session.show(&made) }
}

fn ensure_offered(lab: &Lab, args: &Init) -> Result<()> {
    match args.runtime.filter(|kind| !lab.manifest.runtimes().contains(kind)) {
        Some(kind) => {
            Err(Error::usage(format!("the lab `{}` does not offer the runtime `{kind}`", args.lab)))
        }
        None => Ok(()),
    }
}

/// Writes the lab: a new folder, or into one that is there. Gives the files in which both versions
/// stand between markers.
fn write(
    session: &Session,
    args: &Init,
    folder: &Path,
    files: Tree,
    mut seed: Tree,
    equivalent: &mut EquivalentCommand,
) -> Result<Vec<RelPath>> {
    let vacant = scaffold::vacant(folder)?;
    if let Some(how) = args.on_conflict.filter(|_| !vacant) {
        let decide = |mine: &Tree| {
            let trees = Trees { base: &Tree::new(), mine, theirs: &files };
            let policies =
                prompts::policies(session, how, &args.resolve, &trees, false, equivalent)?;
            equivalent.print();
            Ok(policies)
        };
        return into(folder, decide, &files, &seed);
    }
    equivalent.print();
    seed.extend(files);
    if vacant && let Some(left) = workspace::left_before(folder)? {
        return Err(still_there(&left));
    }
    scaffold::create(folder, &seed)?;
    Ok(Vec::new())
}

/// What `init` reports. With `--up` the doctor comes at the head of `up`.
fn made(
    args: &Init,
    manifest: &Manifest,
    folder: PathBuf,
    shown: &Path,
    files: usize,
    conflicts: Vec<RelPath>,
) -> Made {
    let default = manifest.runtimes().first().copied().unwrap_or_default();
    let kind = args.runtime.unwrap_or(default);
    let inspect = !args.no_doctor && !args.up;
    let doctor =
        inspect.then(|| doctor::of_manifest(manifest, &folder, args.runtime, DOCTOR_WITHIN));
    let runtime = if kind == default { String::new() } else { format!(" --runtime {kind}") };
    let next = vec![
        format!("cd {}", pasteable(shown)),
        format!("mlops-lab up{runtime}"),
        "mlops-lab check".to_owned(),
    ];
    Made {
        lab: args.lab.clone(),
        title: manifest.title.clone(),
        folder,
        files,
        doctor,
        conflicts,
        next,
    }
}

fn made_and_up(session: &Session, args: &Init, made: &Made, shown: &Path) -> Result<Exit> {
    if !session.json {
        session.show(&Brief(made))?;
    }
    let workspace = Workspace::find(&made.folder)?.register()?;
    let wanted = Up {
        runtime: args.runtime,
        cluster: args.cluster.clone(),
        offline: args.offline.clone(),
        ..Up::default()
    };
    session.show(&up::run(session, &workspace, &wanted)?.after_init(shown))
}

/// The lab that was in this folder was deleted while it was up.
fn still_there(left: &Left) -> Error {
    let root = pasteable(&left.root);
    Error::environment(format!(
        "of the lab that was in {root} there is still: {}",
        left.left.join(", ")
    ))
    .hint(format!("stop it first: mlops-lab -C {root} down --purge"))
}

fn place(session: &Session, folder: &Path) -> PathBuf {
    let path = session.folder.join(folder);
    // Without `..`, where what is above is there to say what that means; `components` drops a `.`
    // at the end.
    match (path.parent().and_then(|above| above.canonicalize().ok()), path.file_name()) {
        (Some(above), Some(name)) => above.join(name),
        _ => path.components().collect(),
    }
}

/// What would be written.
#[derive(Serialize)]
struct Planned {
    folder: PathBuf,
    changes: Vec<Change>,
    #[serde(skip_serializing_if = "String::is_empty")]
    diff: String,
}

fn planned(
    session: &Session,
    args: &Init,
    folder: &Path,
    tree: &Tree,
    seed: &Tree,
) -> Result<Planned> {
    let vacant = scaffold::vacant(folder)?;
    if !vacant && args.on_conflict.is_none() {
        // The same words as without --dry-run.
        scaffold::ensure_vacant(folder)?;
    }
    let mine = if vacant { Tree::new() } else { changes::disk(folder, tree.keys())? };
    let how = args.on_conflict.unwrap_or(OnConflict::Merge);
    let trees = Trees { base: &Tree::new(), mine: &mine, theirs: tree };
    let policies = prompts::policies(
        session,
        how,
        &args.resolve,
        &trees,
        true,
        &mut EquivalentCommand::default(),
    )?;
    let changes = scaffold::plan(&Tree::new(), &mine, tree, policies);
    if vacant {
        scaffold::ensure_creatable(folder, tree)?;
    } else {
        scaffold::possible(folder, &ops(&changes, &mine, seed))?;
    }
    let diff = if args.diff { changes::shown(&changes, &mine) } else { String::new() };
    Ok(Planned { folder: folder.to_owned(), changes, diff })
}

impl View for Planned {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{}", term::escape(&self.diff))?;
        changes::listed(&self.changes, out)?;
        writeln!(
            out,
            "\n{} files in {}; nothing was written",
            self.changes.len(),
            self.folder.display()
        )
    }
}

/// The name of the project is that of the folder, where no other is named: it must be free.
fn name_is_free(session: &Session, args: &Init, name: &str, value: &str) -> Result<(), String> {
    if name != scaffold::NAME || args.folder.is_some() || args.on_conflict.is_some() {
        return Ok(());
    }
    scaffold::ensure_vacant(&session.folder.join(value))
        .map_err(|_| "names a folder that is there already".to_owned())
}

/// Writes into a folder in which there is something: one change, of which `undo` puts back what
/// gave way. Returns the files in which markers stand. What is decided is decided first: until then
/// nothing is written, not even the lock.
fn into(
    folder: &Path,
    decide: impl FnOnce(&Tree) -> Result<Policies>,
    tree: &Tree,
    seed: &Tree,
) -> Result<Vec<RelPath>> {
    not_a_lab(folder)?;
    if scaffold::unfinished(folder) && super::owns_pending_change(folder)? {
        let _lock = workspace::lock(folder, "init")?;
        recover(folder)?;
    }
    let seen = changes::disk(folder, tree.keys())?;
    let policies = decide(&seen)?;
    let ours = folder.join(layout::FOLDER);
    let new = fs::kind(&ours).is_ok_and(|kind| kind == fs::Kind::Missing);
    let result = entered(folder, &seen, policies, tree, seed);
    // A refusal leaves nothing, not even the lock.
    if new
        && result.is_err()
        && !scaffold::unfinished(folder)
        && !folder.join(layout::RECORD).is_file()
    {
        let _ = fs::remove_tree(&ours);
    }
    result
}

fn recover(folder: &Path) -> Result<()> {
    if let Some(found) = scaffold::recover(folder, workspace::mark(folder)?.as_deref())? {
        super::print_recovered(&found);
    }
    Ok(())
}

fn not_a_lab(folder: &Path) -> Result<()> {
    if folder.join(layout::RECORD).is_file() {
        return Err(Error::usage(format!("{} is a lab already", folder.display()))
            .hint("bring it up to date: mlops-lab update"));
    }
    Ok(())
}

fn entered(
    folder: &Path,
    seen: &Tree,
    policies: Policies,
    tree: &Tree,
    seed: &Tree,
) -> Result<Vec<RelPath>> {
    let _lock = workspace::lock(folder, "init")?;
    recover(folder)?;
    // Another run may have made one since.
    not_a_lab(folder)?;
    let mine = changes::disk(folder, tree.keys())?;
    if mine != *seen {
        return Err(Error::environment(format!(
            "files in {} changed meanwhile: nothing was written",
            folder.display()
        ))
        .hint("try it again"));
    }
    let changes = scaffold::plan(&Tree::new(), &mine, tree, policies);
    let ops = ops(&changes, &mine, seed);
    scaffold::possible(folder, &ops)?;
    // Before the first byte: killed in the middle, it is brought to its end by another run.
    workspace::trust_content(folder, &workspace::fingerprint(seed))?;
    scaffold::commit(folder, By { command: "init", mark: &super::change_mark(folder)? }, &ops)?;
    let marked = changes.into_iter().filter(|change| change.action == Action::Conflict);
    Ok(marked.map(|change| change.path).collect())
}

/// What is written: the plan, and what the lab knows of itself.
fn ops(changes: &[Change], mine: &Tree, seed: &Tree) -> Vec<Op> {
    let write = changes.iter().filter(|change| change.writes());
    let mut ops: Vec<Op> = write
        .map(|change| Op::over(change.path.clone(), change.file.clone(), mine.get(&change.path)))
        .collect();
    ops.extend(seed.iter().map(|(path, file)| Op::ours(path.clone(), Some(file.clone()))));
    ops
}

fn given(session: &Session, args: &Init) -> Result<Given> {
    let sets = sets(&args.set)?;
    let file = match &args.answers {
        None => None,
        Some(path) => {
            let path = session.folder.join(path);
            let shown = path.display().to_string();
            match fs::read_optional(&path)? {
                None => return Err(Error::usage(format!("there is no file {shown}"))),
                Some(bytes) => {
                    let text = String::from_utf8(bytes).map_err(|error| {
                        Error::usage(format!("{shown} is not UTF-8")).because(error)
                    })?;
                    Some((shown, text))
                }
            }
        }
    };
    Ok(Given { file, sets, ..Given::default() })
}

impl View for Made {
    fn exit(&self) -> Exit {
        if self.conflicts.is_empty() { Exit::Done } else { Exit::No }
    }

    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        Brief(self).human(out)?;
        if let Some(report) = &self.doctor {
            crate::doctor::brief(report, out, term::columns())?;
        }
        writeln!(out, "\nnext:")?;
        for line in &self.next {
            writeln!(out, "  {line}")?;
        }
        writeln!(out, "\nThe course is in {BOLD}README.md{BOLD:#} of the new folder.")
    }
}

/// The first line alone, for `init --up`.
#[derive(Serialize)]
#[serde(transparent)]
struct Brief<'a>(&'a Made);

impl View for Brief<'_> {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Made { title, folder, files, .. } = self.0;
        writeln!(out, "{GOOD}made{GOOD:#} {title}: {files} files in {}", folder.display())?;
        self.0.conflicts.iter().try_for_each(|path| {
            writeln!(
                out,
                "  {BAD}conflict{BAD:#}  {path}: both versions stand in it, between <<<<<<< and \
                >>>>>>>"
            )
        })
    }
}
