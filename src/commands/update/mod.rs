//! `update`: the lab as this program, or its pack, makes it now, with what the learner changed.

mod view;

use serde::Serialize;
use std::collections::BTreeSet;

use super::Session;
use super::changes::{content, disk, sets, shown};
use super::consent::{self, Purpose};
use super::equivalent::EquivalentCommand;
use super::prompts::{self, Trees};
use crate::catalog::differences::{Became, Differences, Values, differences};
use crate::catalog::tree::{File, RelPath, Tree};
use crate::catalog::{Lab, Manifest, Source};
use crate::cli;
use crate::error::{Error, Result};
use crate::layout;
use crate::platform::fs::Kind;
use crate::platform::inside::{self, cannot};
use crate::platform::term;
use crate::runtime;
use crate::scaffold::{self, By, Change, Given, Op, Renewed};
use crate::workspace::{self, Place, Workspace};

#[derive(Serialize)]
pub(super) struct Updated {
    lab: String,
    /// Only shown, not done.
    dry: bool,
    changes: Vec<Change>,
    /// Lines of `.env` files that are new or other: file and names, never values.
    env: Vec<Env>,
    /// Steps whose checks are others than before.
    recheck: Vec<String>,
    /// Steps, answers and defaults that are not what they were.
    #[serde(flatten)]
    differences: Differences,
    #[serde(skip_serializing_if = "String::is_empty")]
    diff: String,
}

#[derive(Serialize)]
struct Env {
    path: RelPath,
    /// Lines that are new or have another value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    names: Vec<String>,
    /// Lines that another answer is for now, and that stay because the learner changed them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kept: Vec<String>,
}

pub(super) fn run(session: &Session, args: &cli::Update) -> Result<Updated> {
    let dry = args.dry_run || args.diff;
    // Before anything is read: what is planned must be what is then found.
    let (ws, _lock) = if dry {
        (session.workspace()?, None)
    } else {
        consent::require(session, session.workspace()?, Purpose::Work)?;
        let (ws, lock) = session.locked("update")?;
        // What was asked about is what is now read.
        consent::ensure_unchanged(&ws, "nothing was changed", "mlops-lab update")?;
        (ws, Some(lock))
    };
    if let Some(kind) = runtime::active(&ws).filter(|_| !dry) {
        return Err(Error::environment(format!("the lab is up on {kind}: its files are in use"))
            .hint("stop it first: mlops-lab down")
            .hint("or look only: mlops-lab update --dry-run"));
    }
    let lab = lab(session, &ws)?;
    let mut equivalent = EquivalentCommand::default();
    let next = next(session, &ws, &lab, args, &mut equivalent)?;
    let base = ws.base()?;
    let mine = disk(ws.root(), base.keys().chain(next.tree.keys()))?;
    let trees = Trees { base: &base, mine: &mine, theirs: &next.tree };
    let policies =
        prompts::policies(session, args.on_conflict, &args.resolve, &trees, dry, &mut equivalent)?;
    equivalent.print();
    let changes = scaffold::plan(&base, &mine, &next.tree, policies);
    let mut ops: Vec<Op> = changes
        .iter()
        .filter(|change| change.writes())
        .map(|change| Op::over(change.path.clone(), change.file.clone(), mine.get(&change.path)))
        .collect();
    let mut env = Vec::new();
    for (path, (old, new)) in &next.secret {
        let own = content(ws.root(), path)?;
        let Renewed { file, changed: names, kept } = scaffold::renew(old, own.as_ref(), new)
            .map_err(|problem| {
                let place = path.under(ws.root());
                Error::usage(format!("{}:{}: {}", place.display(), problem.line, problem.why))
                    .hint("nothing was changed: fix that line, then try it again")
            })?;
        ops.extend(file.map(|file| Op::over(path.clone(), Some(file), own.as_ref())));
        if !names.is_empty() || !kept.is_empty() {
            env.push(Env { path: path.clone(), names, kept });
        }
    }
    ops.extend(own_files(&ws, &next.seed)?);
    let diff = if args.diff { shown(&changes, &mine) } else { String::new() };
    if dry {
        // What a real run would be refused for.
        scaffold::possible(ws.root(), &ops)?;
    } else if !ops.is_empty() {
        let mark = super::change_mark(ws.root())?;
        trust(session, &ws, &lab, &next.seed)?;
        scaffold::commit(ws.root(), By { command: "update", mark: &mark }, &ops)?;
    }
    let before: Values = ws.record().answers.clone().into_iter().collect();
    let differences = differences((ws.manifest(), &before), (&next.manifest, &next.answers));
    let rechecked = differences.steps.iter().filter(|step| step.change == Became::Rechecked);
    let recheck = rechecked.filter(|step| step.kind == "step").map(|step| step.id.clone());
    let recheck = recheck.collect();
    let lab = lab.manifest.id.clone();
    Ok(Updated { lab, dry, changes, env, recheck, differences, diff })
}

/// What is about to be written is trusted, unless it is made from a pack that this user has neither
/// named nor used here as it is now: a pack travels, too, and what it makes is then asked about
/// before it runs.
fn trust(session: &Session, ws: &Workspace, lab: &Lab, seed: &Tree) -> Result<()> {
    let named = !session.sources.typed().is_empty();
    let pack = workspace::pack_print(lab);
    if named || pack.as_deref().is_none_or(|pack| ws.trusts(pack)) {
        let prints = pack.into_iter().chain([workspace::fingerprint(seed)]);
        return prints.into_iter().try_for_each(|print| ws.clone().trust_content(&print).map(drop));
    }
    term::eprintln(
        "note: the pack is not named on the command line, and not known here as it is now\n  what \
        the lab would run now is listed before it runs: mlops-lab up",
    );
    Ok(())
}

/// The lab in the pack that it came from, unless another is named.
///
/// # Errors
/// Exit 3 when the pack is not there, or is another by now: the lab came without it.
fn lab(session: &Session, ws: &Workspace) -> Result<Lab> {
    let record = ws.record();
    if !session.sources.typed().is_empty() {
        return session.sources.typed_lab(&record.lab);
    }
    let Some(origin) = &record.pack else { return Source::Embedded.lab(&record.lab) };
    // Before, its absolute path was noted.
    let place = ws.root().join(&origin.path);
    let source = Source::Pack(place.clone());
    let there = source.is_there();
    let same = |source: &Source| -> Result<bool> {
        origin.name.as_ref().map_or(Ok(true), |name| Ok(source.name()? == *name))
    };
    if there && same(&source)? {
        return source.lab(&record.lab);
    }
    // It was moved, and is one of those that are always there.
    if let Some(name) = &origin.name
        && let Some(source) = session.sources.standing_pack(name)?
    {
        return source.lab(&record.lab);
    }
    let folder = || place.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name = origin.name.clone().unwrap_or_else(folder);
    let why = if there { "another pack is at" } else { "it is not at" };
    let had = origin.source.as_ref().map(|source| format!("get it from {source}, then name it"));
    let had = had.unwrap_or_else(|| "name it".to_owned());
    Err(Error::environment(format!(
        "cannot find the pack `{name}` that this lab came from: {why} {}",
        place.display()
    ))
    .hint(format!("{had}: mlops-lab update --pack DIR"))
    .hint("everything else works without it: mlops-lab up, check, hint, solve, down"))
}

/// What the lab comes to now.
struct Next {
    manifest: Manifest,
    /// The project's files but those that may hold secrets.
    tree: Tree,
    /// Those: as the new template gives them for the old answers, and for the new ones.
    secret: std::collections::BTreeMap<RelPath, (File, File)>,
    /// Our own files, below `.mlops-lab`.
    seed: Tree,
    answers: Values,
}

fn next(
    session: &Session,
    ws: &Workspace,
    lab: &Lab,
    args: &cli::Update,
    equivalent: &mut EquivalentCommand,
) -> Result<Next> {
    let mut before = Given {
        file: None,
        // An answer to a question that is not asked any more is dropped.
        sets: ws
            .record()
            .answers
            .iter()
            .filter(|(name, _)| lab.manifest.vars.contains_key(*name))
            .map(|(name, value)| (name.clone(), scaffold::plain(value)))
            .collect(),
        secrets: Default::default(),
    };
    let sets = sets(&args.set)?;
    let mut after = Given { sets: [before.sets.clone(), sets].concat(), ..before.clone() };
    // A new question has no old answer: what is said now is as if it always had been.
    prompts::answers(session, &lab.manifest, &mut after, false, &|_, _| Ok(()), equivalent)?;
    let known: BTreeSet<String> = before.sets.iter().map(|(name, _)| name.clone()).collect();
    let fresh = after.sets.iter().filter(|(name, _)| !known.contains(name));
    before.sets.extend(fresh.cloned());
    let templates = scaffold::dotenvs(lab, &scaffold::answers(&lab.manifest, &before)?)?;
    before.secrets = scaffold::secrets(&templates, &disk(ws.root(), templates.keys())?);
    let old = scaffold::answers(&lab.manifest, &before)?;
    after.secrets = old.secret.clone();
    let new = scaffold::answers(&lab.manifest, &after)?;
    let was = super::bounded(lab, || scaffold::render(lab, &old))?;
    let now = super::bounded(lab, || scaffold::render(lab, &new))?;
    // Where it was found as before, it was given as before.
    let before = ws.record().pack.as_ref().and_then(|pack| pack.given.as_deref());
    let given = session.sources.given(&lab.source).or(before);
    let seed = workspace::seed(
        &Place { root: ws.root(), id: Some(&ws.record().id), given },
        lab,
        &now.manifest_text,
        &now.knowledge,
        &now.tree,
        &now.dotenvs,
        &new.plain,
    )?;
    let (secret, tree): (Tree, Tree) = now.tree.into_iter().partition(|(path, _)| path.is_secret());
    let secret = secret
        .into_iter()
        .map(|(path, file)| {
            let old = was.tree.get(&path).cloned().unwrap_or_else(|| file.clone());
            (path, (old, file))
        })
        .collect();
    Ok(Next { manifest: now.manifest, tree, secret, seed, answers: new.plain })
}

/// What changes below `.mlops-lab`: the record, the manifest, the lab's own files and the pristine
/// ones.
fn own_files(ws: &Workspace, seed: &Tree) -> Result<Vec<Op>> {
    let mut ops = Vec::new();
    for folder in [layout::KNOWLEDGE, layout::DOTENVS, layout::BASE_FOLDER] {
        for path in inside::files(ws.root(), folder).map_err(cannot("read", ws.root(), folder))? {
            let path = RelPath::new(path).map_err(Error::environment)?;
            if !seed.contains_key(&path) {
                ops.push(Op::ours(path, None));
            }
        }
    }
    for (path, file) in seed {
        // A folder where a file is to be now gives way with its files.
        let folder = inside::kind(ws.root(), path.as_str()).is_ok_and(|kind| kind == Kind::Folder);
        let now = if folder { None } else { content(ws.root(), path)? };
        if now.is_none_or(|now| now.bytes != file.bytes) {
            ops.push(Op::ours(path.clone(), Some(file.clone())));
        }
    }
    Ok(ops)
}
