//! Questions on a terminal, all of them before the first byte is written: answers of a lab, and
//! what becomes of files that both sides have.

use super::diff::unified;
use super::equivalent::{EquivalentCommand, Resolved};
use super::{Session, quoted};
use crate::catalog::Manifest;
use crate::catalog::tree::{RelPath, Tree};
use crate::cli::OnConflict;
use crate::error::{Error, Result, unknown};
use crate::platform::prompt::{self, Choice, Field, Prompt};
use crate::platform::term::{self, BAD, BOLD, DIM, GOOD};
use crate::scaffold::{self, Action, Change, Given, Policies, Policy, Question};

/// A rule of the command over that of the lab.
pub(super) type Rule<'a> = &'a dyn Fn(&str, &str) -> Result<(), String>;

/// Asks for what is open, of all that was not given (`every`) or of what has no default, and adds
/// it to what was given. Where nobody can be asked nothing is: what then is missing is told by
/// `scaffold::answers`.
pub(super) fn answers(
    session: &Session,
    manifest: &Manifest,
    given: &mut Given,
    every: bool,
    rule: Rule<'_>,
    equivalent: &mut EquivalentCommand,
) -> Result<()> {
    let questions = scaffold::questions(manifest, given, every)?;
    if questions.is_empty() {
        return Ok(());
    }
    if let Some(why) = unavailable(session) {
        return if every { Err(unasked(&questions, why)) } else { Ok(()) };
    }
    let pad = questions.iter().map(|question| question.name.len()).max().unwrap_or(0);
    let mut prompt = Prompt::open()?;
    prompt.print(&format!(
        "{BOLD}{}{BOLD:#}  {DIM}Esc cancels: nothing is written{DIM:#}\n",
        manifest.title
    ));
    for question in &questions {
        let name = &question.name;
        let choice = |name: &String| Choice { name: name.clone(), about: String::new() };
        let options: Vec<Choice> = question.choices().iter().map(choice).collect();
        let taken = question.default.as_ref().map(|default| format!("Enter accepts {default}"));
        let expects =
            [Some(question.expects()), taken].into_iter().flatten().collect::<Vec<_>>().join(" · ");
        let judge = |text: &str| {
            let value = question.judge(text)?;
            rule(name, &value).map(|()| value)
        };
        let value = prompt.read(&Field {
            name,
            help: question.help(),
            expects: &expects,
            default: question.default.as_deref(),
            options: &options,
            judge: &judge,
        })?;
        prompt.print(&format!("{GOOD}ok{GOOD:#}  {name:pad$}  {value}"));
        equivalent.sets.push((name.clone(), value.clone()));
        given.sets.push((name.clone(), value));
    }
    Ok(())
}

/// Why nobody can be asked.
pub(super) fn unavailable(session: &Session) -> Option<&'static str> {
    if session.json { Some("--json is for programs") } else { prompt::unavailable() }
}

fn unasked(questions: &[Question], why: &str) -> Error {
    let line = |question: &Question| {
        let default = question.default.as_ref().map(|default| format!(" (default {default})"));
        format!("--set {}=…  {}{}", question.name, question.help(), default.unwrap_or_default())
    };
    let lines: Vec<String> = questions.iter().map(line).collect();
    Error::usage(format!("--ask needs a terminal: {why}"))
        .detail(lines.join("\n"))
        .hint("pass the answers with these flags, or omit --ask to accept the defaults")
}

/// The three trees of a change.
pub(super) struct Trees<'a> {
    /// What the template gave before.
    pub(super) base: &'a Tree,
    /// The disk.
    pub(super) mine: &'a Tree,
    /// What the template gives now.
    pub(super) theirs: &'a Tree,
}

/// What is done with files that both sides have: by the flags, and, where those say so, by whoever
/// sits at the terminal. A plan that is only looked at (`dry`) asks nothing.
pub(super) fn policies(
    session: &Session,
    how: OnConflict,
    resolve: &[String],
    trees: &Trees<'_>,
    dry: bool,
    equivalent: &mut EquivalentCommand,
) -> Result<Policies> {
    let mut policies = Policies::from(policy(how));
    for text in resolve {
        let (path, how) = resolved(text, trees)?;
        policies.named.insert(path, policy(how));
    }
    let Trees { base, mine, theirs } = trees;
    let mut open = scaffold::plan(base, mine, theirs, policies.clone());
    open.retain(|change| change.action == Action::Ask);
    if dry || open.is_empty() {
        return Ok(policies);
    }
    if let Some(why) = unavailable(session) {
        return Err(undecided(&open, why));
    }
    let mut prompt = Prompt::open()?;
    let files = if open.len() == 1 { "1 file".to_owned() } else { format!("{} files", open.len()) };
    prompt.print(&format!(
        "{BOLD}{files}{BOLD:#} that you and the lab have in different versions  {DIM}Esc cancels: \
         nothing is changed{DIM:#}\n"
    ));
    let pad = open.iter().map(|change| change.path.as_str().len()).max().unwrap_or(0);
    for (index, change) in open.iter().enumerate() {
        if policies.named.contains_key(&change.path) {
            continue;
        }
        let left = &open[index..];
        let (how, rest) = decide(&mut prompt, trees, &policies, change, (index + 1, open.len()))?;
        for change in if rest { left } else { &left[..1] } {
            prompt.print(&format!(
                "{GOOD}ok{GOOD:#}  {:pad$}  {}",
                change.path.as_str(),
                word(how)
            ));
            policies.named.insert(change.path.clone(), policy(how));
            equivalent.resolved.push(Resolved { path: change.path.to_string(), how: word(how) });
        }
    }
    Ok(policies)
}

const HOWS: [OnConflict; 4] =
    [OnConflict::Skip, OnConflict::Overwrite, OnConflict::Merge, OnConflict::KeepBoth];

/// The word of the command line as a policy.
fn policy(how: OnConflict) -> Policy {
    match how {
        OnConflict::Skip => Policy::Skip,
        OnConflict::Overwrite => Policy::Overwrite,
        OnConflict::Merge => Policy::Merge,
        OnConflict::KeepBoth => Policy::KeepBoth,
        OnConflict::Ask => Policy::Ask,
    }
}

fn word(how: OnConflict) -> &'static str {
    match how {
        OnConflict::Skip => "skip",
        OnConflict::Overwrite => "overwrite",
        OnConflict::Merge => "merge",
        OnConflict::KeepBoth => "keep-both",
        OnConflict::Ask => "ask",
    }
}

/// `FILE=HOW`
fn resolved(text: &str, trees: &Trees<'_>) -> Result<(RelPath, OnConflict)> {
    let wrong = || {
        Error::usage(format!("--resolve: expected FILE=HOW, got {text:?}"))
            .hint("HOW is skip, overwrite, merge or keep-both")
    };
    let (path, how) = text.rsplit_once('=').ok_or_else(wrong)?;
    let how = HOWS.into_iter().find(|known| word(*known) == how).ok_or_else(wrong)?;
    match RelPath::new(path).ok().filter(|path| trees.theirs.contains_key(path)) {
        Some(path) => Ok((path, how)),
        None => Err(unknown("file of the lab", path, near(path, trees.theirs))),
    }
}

/// A lab has many files: those that may be meant.
fn near<'a>(path: &str, tree: &'a Tree) -> Vec<&'a str> {
    crate::error::nearest(path, tree.keys().map(RelPath::as_str)).into_iter().collect()
}

fn undecided(open: &[Change], why: &str) -> Error {
    let lines: Vec<String> =
        open.iter().map(|change| format!("--resolve {}=…", quoted(change.path.as_str()))).collect();
    Error::usage(format!("--on-conflict ask needs a terminal: {why}; nothing was changed"))
        .detail(lines.join("\n"))
        .hint("decide with these flags: skip, overwrite, merge or keep-both")
        .hint("or for all files: --on-conflict merge (preview: --dry-run)")
}

/// Asks about one file until there is a decision; also whether it is meant for all that come after.
fn decide(
    prompt: &mut Prompt,
    trees: &Trees<'_>,
    policies: &Policies,
    change: &Change,
    (number, of): (usize, usize),
) -> Result<(OnConflict, bool)> {
    let path = &change.path;
    let own = change.renamed_from.as_ref().unwrap_or(path);
    let bytes = |tree: &Tree, path: &RelPath| {
        tree.get(path).map(|file| file.bytes.clone()).unwrap_or_default()
    };
    let (mine, theirs) = (bytes(trees.mine, own), bytes(trees.theirs, path));
    let mut help =
        format!("{number} of {of}: yours has {}, the lab's {}", size(&mine), size(&theirs));
    if own != path {
        help.push_str(&format!("; renamed from {own}"));
    }
    let left = of - number;
    let mut rest = false;
    let mark = if trees.base.contains_key(own) { "merge" } else { "skip" };
    loop {
        let mut options: Vec<Choice> = HOWS
            .into_iter()
            .map(|how| Choice {
                name: word(how).to_owned(),
                about: outcome(trees, policies, change, how),
            })
            .collect();
        let option =
            |name: &str, about: &str| Choice { name: name.to_owned(), about: about.to_owned() };
        options.push(option("diff", "show the differences first"));
        if left > 0 {
            let files = if left == 1 { "the file".to_owned() } else { format!("the {left} files") };
            let tick = if rest { "[x]" } else { "[ ]" };
            options.push(option("all", &format!("{tick} the same for {files} after this one")));
        }
        options.push(option("quit", "cancel, and change nothing"));
        let answer = prompt.read(&Field {
            name: path.as_str(),
            help: &help,
            expects: "",
            default: Some(mark),
            options: &options,
            judge: &|text| Ok(text.to_owned()),
        })?;
        match answer.as_str() {
            "diff" => prompt.print(&coloured(&unified(path, &mine, &theirs))),
            "all" => rest = !rest,
            "quit" => return Err(prompt::cancelled()),
            how => {
                let how = HOWS.into_iter().find(|known| word(*known) == how);
                return how
                    .map(|how| (how, rest))
                    .ok_or_else(|| Error::bug("an option that is none"));
            }
        }
    }
}

/// What would become of a file.
fn outcome(trees: &Trees<'_>, policies: &Policies, change: &Change, how: OnConflict) -> String {
    let mut policies = policies.clone();
    policies.named.insert(change.path.clone(), policy(how));
    let before = scaffold::plan(trees.base, trees.mine, trees.theirs, policies);
    let beside = format!("{}.new", change.path);
    let same = before.iter().find(|other| other.path == change.path);
    let new = before.iter().find(|other| other.path.as_str().starts_with(&beside));
    match (how, same.map(|change| change.action)) {
        (OnConflict::Skip, _) => "keep yours".to_owned(),
        (OnConflict::Overwrite, _) => "write the lab's; `mlops-lab undo` restores yours".to_owned(),
        (OnConflict::Merge, Some(Action::Merge)) => "merge both: no overlap".to_owned(),
        (OnConflict::Merge, Some(Action::Conflict)) => {
            let file = same.and_then(|change| change.file.as_ref());
            let text = file
                .map(|file| String::from_utf8_lossy(&file.bytes).into_owned())
                .unwrap_or_default();
            let places = text.lines().filter(|line| line.starts_with("<<<<<<<")).count();
            let places =
                if places == 1 { "1 place".to_owned() } else { format!("{places} places") };
            format!("merge both: conflict markers in {places}")
        }
        (OnConflict::Merge, _) if new.is_none() => "yours already has the change".to_owned(),
        _ => match new {
            Some(new) => format!("keep yours; write the lab's as {}", new.path),
            None => "keep yours, and write the lab's beside it".to_owned(),
        },
    }
}

fn size(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.lines().count() == 1 => "1 line".to_owned(),
        Ok(text) => format!("{} lines", text.lines().count()),
        Err(_) => format!("{} bytes", bytes.len()),
    }
}

/// A diff for the eye.
fn coloured(diff: &str) -> String {
    let line = |line: &str| {
        let text = term::escape(line);
        match line.as_bytes().first() {
            Some(b'+') => format!("{GOOD}{text}{GOOD:#}"),
            Some(b'-') => format!("{BAD}{text}{BAD:#}"),
            Some(b'@') => format!("{DIM}{text}{DIM:#}"),
            _ => text,
        }
    };
    diff.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"
}
