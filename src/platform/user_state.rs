//! Where this user's own state is kept, outside of every lab: what runs, and its logs.

use std::path::{Path, PathBuf};

use super::{fs, host, owner};
use crate::error::{Error, Result};

/// What the choice of the folder rests on.
#[derive(Clone, Debug, Default)]
struct Candidates {
    /// `XDG_STATE_HOME`.
    state: Option<PathBuf>,
    /// `HOME`.
    home: Option<PathBuf>,
    /// The home of the user's entry in /etc/passwd.
    passwd: Option<PathBuf>,
    /// The user's number.
    user: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// Below a folder that is the user's own.
    Own(PathBuf),
    /// In a folder that everybody may write to: only with nobody else's hands on it.
    Private(PathBuf),
}

/// By the XDG base directory specification, where paths that are not absolute do not count. A home
/// that is not there, or somebody else's (`sudo` keeps it, and containers have `/`), is no place
/// for state.
fn choose(candidates: &Candidates, own: impl Fn(&Path) -> bool) -> Place {
    let absolute = |path: &Option<PathBuf>| path.clone().filter(|path| path.is_absolute());
    if let Some(state) = absolute(&candidates.state) {
        return Place::Own(state.join("mlops-lab"));
    }
    match [&candidates.home, &candidates.passwd]
        .into_iter()
        .filter_map(absolute)
        .find(|home| own(home))
    {
        Some(home) => Place::Own(home.join(".local/state/mlops-lab")),
        None => Place::Private(PathBuf::from(format!("/var/tmp/mlops-lab-{}", candidates.user))),
    }
}

fn place() -> Place {
    let user = host::user_id();
    let var =
        |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let (state, home) = (var("XDG_STATE_HOME"), var("HOME"));
    let own = |path: &Path| owner::owns(path, user);
    // The last one is looked up only where it is asked for: most runs never read /etc/passwd.
    let known = state.is_some() || home.as_deref().is_some_and(own);
    let passwd = if known { None } else { host::Root::default().home(user) };
    choose(&Candidates { state, home, passwd, user }, own)
}

/// The folder, which need not be there yet.
///
/// # Errors
/// Exit 3 when somebody else has a hand on it.
pub fn folder() -> Result<PathBuf> {
    let (path, shared) = match place() {
        Place::Own(path) => (path, false),
        Place::Private(path) => (path, true),
    };
    let there = fs::kind(&path).is_ok_and(|kind| kind != fs::Kind::Missing);
    if shared && there && !owner::private(&path, host::user_id()) {
        return Err(Error::environment(format!(
            "{} should hold what runs of your labs, and others have access to it",
            path.display()
        ))
        .hint("name a folder of your own: export XDG_STATE_HOME=DIR"));
    }
    Ok(path)
}

/// The folder, made when it is not there, for this user alone.
///
/// # Errors
/// As [`folder`], and when it cannot be made.
pub fn make() -> Result<PathBuf> {
    let path = folder()?;
    owner::make_private(&path).map_err(|error| {
        Error::environment(format!(
            "cannot make {}, where what runs of your labs is noted",
            path.display()
        ))
        .because(error)
        .hint("name another folder: export XDG_STATE_HOME=DIR")
    })?;
    // Somebody may have been there first.
    folder()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(state: &str, home: &str, passwd: &str, own: &[&str]) -> Place {
        let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
        let seen =
            Candidates { state: path(state), home: path(home), passwd: path(passwd), user: 1000 };
        choose(&seen, |path| own.iter().any(|own| Path::new(own) == path))
    }

    #[test]
    fn the_folder_is_below_the_state_home_or_the_users_own_home() {
        let own = |path: &str| Place::Own(path.into());
        let private = Place::Private("/var/tmp/mlops-lab-1000".into());
        for (state, home, passwd, owned, expected) in [
            ("/s", "/home/me", "", &["/home/me"][..], own("/s/mlops-lab")),
            ("", "/home/me", "", &["/home/me"], own("/home/me/.local/state/mlops-lab")),
            ("relative", "/home/me", "", &["/home/me"], own("/home/me/.local/state/mlops-lab")),
            // Unset, not there, somebody else's, not absolute.
            ("", "", "/home/me", &["/home/me"], own("/home/me/.local/state/mlops-lab")),
            ("", "/nonexistent", "/home/me", &["/home/me"], own("/home/me/.local/state/mlops-lab")),
            ("", "/root", "/home/me", &["/home/me"], own("/home/me/.local/state/mlops-lab")),
            ("", ".", "/home/me", &["/home/me", "."], own("/home/me/.local/state/mlops-lab")),
            ("", "/", "/nonexistent", &[], private.clone()),
            ("", "", "", &[], private),
        ] {
            assert_eq!(chosen(state, home, passwd, owned), expected, "{state} {home} {passwd}");
        }
    }

    #[test]
    fn a_folder_on_which_others_have_a_hand_is_not_private() {
        let temp = tempfile::tempdir().unwrap();
        let (mine, open, link) =
            (temp.path().join("mine"), temp.path().join("open"), temp.path().join("link"));
        owner::make_private(&mine).unwrap();
        owner::make_private(&open).unwrap();
        fs::set_bits(&open, 0o770);
        std::os::unix::fs::symlink(&mine, &link).unwrap();
        let user = host::user_id();
        assert!(owner::private(&mine, user) && !owner::private(&mine, user + 1));
        assert!(!owner::private(&open, user) && !owner::private(&link, user));
    }
}
