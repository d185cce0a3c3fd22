//! A repository of its own for a new lab, with a first commit.

use std::path::Path;
use std::time::Duration;

use super::pasteable;
use crate::error::{Error, Result};
use crate::platform::process::{self, Captured, Command, Ended};
use crate::platform::term;

/// One command of git.
const GIT: Duration = Duration::from_secs(60);

const MESSAGE: &str = "Lab created by mlops-lab init";

/// `git init`, and a first commit of everything that git does not ignore. In a folder that belongs
/// to a repository already nothing is done: a repository in a repository is not seen by the outer
/// one, and what lies there is not ours to commit.
///
/// # Errors
/// Exit 3 when there is no git, or it fails: the lab is made all the same.
pub(super) fn repository(folder: &Path) -> Result<()> {
    let asked = ask(folder, &["rev-parse", "--show-toplevel"])?;
    // One that ignores the folder leaves it to others.
    if asked.ended == Ended::Code(0)
        && ask(folder, &["check-ignore", "--quiet", "."])?.ended != Ended::Code(0)
    {
        let top = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
        let add = format!("git -C {} add .", pasteable(folder));
        term::eprintln(&format!(
            "no repository was made: the lab is inside the repository {top}\nto add it there: {add}"
        ));
        return Ok(());
    }
    run(folder, &["init", "--quiet"])?;
    run(folder, &["add", "--all"])?;
    // Without a name of the user's own git refuses to commit.
    let known = ask(folder, &["config", "user.email"])?;
    let known = known.ended == Ended::Code(0) && !known.stdout.trim_ascii().is_empty();
    let who: &[&str] = if known {
        &[]
    } else {
        &["-c", "user.name=mlops-lab", "-c", "user.email=mlops-lab@localhost"]
    };
    run(folder, &[who, &["commit", "--quiet", "--message", MESSAGE]].concat()).map_err(|error| {
        let commit = |how: &str| format!("git -C {} commit{how} -m '{MESSAGE}'", pasteable(folder));
        // `gpg failed to sign the data`, `error: Couldn't load public key`: your settings ask for a
        // signature.
        let signs = ask(folder, &["config", "--type=bool", "commit.gpgsign"])
            .is_ok_and(|asked| asked.stdout.trim_ascii() == b"true");
        let error = if signs {
            error.hint(format!(
                "git could not sign the commit; without a signature: {}",
                commit(" --no-gpg-sign")
            ))
        } else {
            error
        };
        error.hint(format!("once git can commit: {}", commit("")))
    })
}

fn ask(folder: &Path, args: &[&str]) -> Result<Captured> {
    process::capture(&Command::new("git", GIT).args(args.iter().copied()).cwd(folder)).map_err(
        |why| {
            Error::environment(why.to_string())
                .hint(format!("the lab is made; install git, then: git init {}", pasteable(folder)))
        },
    )
}

fn run(folder: &Path, args: &[&str]) -> Result<()> {
    let captured = ask(folder, args)?;
    if captured.ended == Ended::Code(0) {
        return Ok(());
    }
    let shown = Command::new("git", GIT).args(args.iter().copied()).to_string();
    Err(Error::environment(format!("the lab is made, and `{shown}` ended with {}", captured.ended))
        .detail(String::from_utf8_lossy(&captured.stderr).trim().to_owned()))
}
