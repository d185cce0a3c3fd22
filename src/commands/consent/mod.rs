//! Consent: before anything runs that a lab names, its user has made the lab here, or has seen what
//! it would be and said yes. What is trusted lies in `workspace`; here it is asked for.

mod listing;

use std::path::Path;

use super::{Session, pasteable, prompts, quoted};
use crate::error::{Error, Result};
use crate::layout::{FOLDER, MANIFEST};
use crate::platform::prompt::{Field, Prompt};
use crate::platform::{fs, term};
use crate::workspace::{Trust, Workspace};

/// What the command is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To start something, or to write into the lab's folder.
    Work,
    /// To judge the lab as it is.
    Judge,
}

/// The lab in which the session is, for a command that runs what the lab names: it is trusted, and
/// known to this machine.
pub(super) fn trusted_workspace(session: &Session) -> Result<Workspace> {
    require(session, session.workspace()?, Purpose::Work)?.register()
}

/// The lab, once it is trusted.
///
/// # Errors
/// Exit 2 where nobody can be asked, with what would run and the command that says yes; exit 1 when
/// the answer is no; exit 3 (to judge: 1) in a folder that this user cannot write.
pub(super) fn require(
    session: &Session,
    workspace: Workspace,
    purpose: Purpose,
) -> Result<Workspace> {
    let level = workspace.trust_level()?;
    if level == Trust::Given {
        return Ok(workspace);
    }
    let root = pasteable(workspace.root());
    let why = why(level);
    writable(workspace.root(), purpose, why)?;
    if session.trust {
        return workspace.trust();
    }
    // What is listed is what is trusted, whatever becomes of the files until somebody has answered.
    let print = workspace.print()?;
    let listing = listing::page(workspace.manifest(), &workspace.written()?);
    if prompts::unavailable(session).is_some() {
        let typed = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
        return Err(Error::usage(format!("the lab in {root} {why}: nothing was run"))
            .detail(format!("it would run and write:\n{listing}"))
            .hint(format!("to trust it: {}", line(typed, &session.folder)))
            .hint(format!("all of it is in {root}/{MANIFEST}")));
    }
    term::eprintln(&format!("the lab in {root} {why}\nit would run and write:\n"));
    listing.lines().for_each(|line| term::eprintln(&format!("  {line}")));
    term::eprintln(&format!("\nall of it is in {root}/{MANIFEST}"));
    if yes()? {
        let workspace = workspace.trust_content(&print)?;
        ensure_unchanged(&workspace, "nothing was run", "mlops-lab up")?;
        return Ok(workspace);
    }
    Err(Error::no("the lab is not trusted: nothing was run")
        .hint("inspect it: mlops-lab diff, mlops-lab status"))
}

/// That the lab is still as it was trusted, for a command that reads it again: `left` is not done
/// when it is not, and `next` goes on.
///
/// # Errors
/// Exit 2 when it is not.
pub(super) fn ensure_unchanged(workspace: &Workspace, left: &str, next: &str) -> Result<()> {
    let level = workspace.trust_level()?;
    if level == Trust::Given {
        return Ok(());
    }
    let root = pasteable(workspace.root());
    Err(Error::usage(format!("the lab in {root} {}: {left}", why(level)))
        .hint(format!("review what it would run: {next}")))
}

/// Said once by a command that only looks: nothing of a lab that is not trusted is run or asked for
/// it. `left_out` is what the command would have looked at.
pub(super) fn trusted_or_note(workspace: &Workspace, left_out: &str) -> Result<bool> {
    let level = workspace.trust_level()?;
    if level != Trust::Given {
        term::eprintln(&format!("note: the lab here {}: {left_out}", why(level)));
    }
    Ok(level == Trust::Given)
}

fn why(level: Trust) -> &'static str {
    match level {
        Trust::Given => "is trusted",
        Trust::Changed => "has changed since you trusted it",
        Trust::None => "is not trusted yet",
    }
}

/// Nobody is asked about a lab with which nothing can be done.
fn writable(root: &Path, purpose: Purpose, why: &str) -> Result<()> {
    let own = root.join(FOLDER);
    let Some(error) = [root, &own].into_iter().find_map(|folder| fs::may_change(folder).err())
    else {
        return Ok(());
    };
    let shown = pasteable(root);
    let refused = match purpose {
        Purpose::Judge => Error::no(format!(
            "cannot run the lab in {shown}: it {why}, and you cannot write to its folder"
        )),
        Purpose::Work => Error::environment(format!("cannot write in {shown}")).because(error),
    };
    Err(refused.hint(format!("work in a copy: cp -r {shown} ~/lab && cd ~/lab")))
}

fn yes() -> Result<bool> {
    let judge = |text: &str| match text.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok("yes".to_owned()),
        "" | "n" | "no" => Ok("no".to_owned()),
        _ => Err("y or n".to_owned()),
    };
    let answer = Prompt::open()?.read(&Field {
        name: "trust it?",
        help: "[y/N]",
        expects: "y trusts this lab, as it is now · Enter does not",
        default: Some("n"),
        options: &[],
        judge: &judge,
    })?;
    Ok(answer == "yes")
}

/// What was typed, with the folder of the lab and the word of consent.
fn line(typed: impl Iterator<Item = String>, folder: &Path) -> String {
    const FLAG: &str = "--trust";
    let mut words = vec!["mlops-lab".to_owned(), "-C".to_owned(), pasteable(folder)];
    let mut typed = typed.peekable();
    let mut tail = Vec::new();
    while let Some(word) = typed.next() {
        match word.as_str() {
            "--" => tail = std::iter::once(word).chain(typed.by_ref()).collect(),
            "-C" | "--directory" => drop(typed.next()),
            _ if word.starts_with("-C") || word.starts_with("--directory=") => {}
            _ => words.push(quoted(&word)),
        }
    }
    words.push(FLAG.to_owned());
    words.extend(tail.iter().map(|word| quoted(word)));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_command_is_what_was_typed_with_the_folder_and_the_word_of_consent() {
        for (typed, expected) in [
            ("up", "mlops-lab -C '/my labs/a' up --trust"),
            ("-C ../a check --all --json", "mlops-lab -C '/my labs/a' check --all --json --trust"),
            (
                "solve --directory=a one --runtime compose",
                "mlops-lab -C '/my labs/a' solve one --runtime compose --trust",
            ),
            ("restart -- api", "mlops-lab -C '/my labs/a' restart --trust -- api"),
            ("update --set it's=1", r"mlops-lab -C '/my labs/a' update --set 'it'\''s=1' --trust"),
        ] {
            assert_eq!(
                line(typed.split(' ').map(str::to_owned), Path::new("/my labs/a")),
                expected
            );
        }
    }
}
