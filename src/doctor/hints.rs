//! Hints as data: by check and class, for the package manager that is here.

use std::path::Path;

use serde::Deserialize;

const TEXT: &str = include_str!("hints.toml");

/// Package managers, in the order in which they are preferred when several are there.
const MANAGERS: [&str; 8] = ["apt", "dnf", "pacman", "zypper", "apk", "brew", "nix", "winget"];

/// What of this machine decides about hints.
#[derive(Clone, Debug, Default)]
pub(super) struct Here {
    managers: Vec<&'static str>,
    root: bool,
}

impl Here {
    /// The managers that are on PATH.
    pub(super) fn look() -> Here {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let there = |name: &&&str| {
            std::env::split_paths(&path).any(|folder| Path::new(&folder).join(program(name)).is_file())
        };
        let managers = MANAGERS.iter().filter(there).copied().collect();
        Here { managers, root: rustix::process::geteuid().is_root() }
    }
}

fn program(manager: &str) -> &str {
    match manager {
        "apt" => "apt-get",
        other => other,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// `python`, `docker.engine`, `port` (for all ports).
    check: String,
    /// The classes it is for.
    classes: Vec<String>,
    /// A command by package manager; only those that are here are shown.
    #[serde(default)]
    install: std::collections::BTreeMap<String, String>,
    /// What holds everywhere.
    #[serde(default)]
    text: Vec<String>,
    /// Why there is nothing to say.
    #[serde(default)]
    none: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    hint: Vec<Entry>,
}

fn entries() -> Vec<Entry> {
    // The file is part of the program, and a test reads it: a broken one shows there and not to a user.
    toml::from_str::<File>(TEXT).map(|file| file.hint).unwrap_or_default()
}

fn entry(entries: Vec<Entry>, id: &str, class: &str) -> Option<Entry> {
    let check = if id.starts_with("port.") { "port" } else { id };
    entries.into_iter().find(|entry| entry.check == check && entry.classes.iter().any(|known| known == class))
}

/// What to do about a finding, most fitting first.
pub(super) fn hints(id: &str, class: &str, here: &Here) -> Vec<String> {
    let Some(entry) = entry(entries(), id, class) else { return Vec::new() };
    debug_assert!(entry.none.is_none() || entry.text.is_empty());
    let command = here.managers.iter().find_map(|manager| entry.install.get(*manager));
    // Nobody is told to type sudo who is root, least of all in a container without it.
    let command =
        command.map(|command| if here.root { command.replace("sudo ", "") } else { command.clone() });
    command.into_iter().chain(entry.text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every class that a check can come out with; one that is new must be added here and given a hint.
    const CLASSES: [(&str, &[&str]); 11] = [
        ("python", &["absent", "too-old", "no-ensurepip", "unknown"]),
        ("uv", &["absent", "unusable", "crashed", "failed", "too-old", "unknown"]),
        ("git", &["absent", "unusable", "crashed", "failed", "too-old", "unknown"]),
        ("make", &["absent", "unusable", "crashed", "failed", "too-old", "unknown"]),
        (
            "docker.engine",
            &[
                "absent",
                "refused",
                "permission",
                "broken",
                "error",
                "not-docker",
                "no-context",
                "too-old",
                "unusable",
                "crashed",
                "failed",
                "unknown",
            ],
        ),
        ("docker.compose", &["absent", "unusable", "crashed", "failed", "too-old", "unknown"]),
        ("docker.buildx", &["absent", "unusable", "crashed", "failed", "too-old", "unknown"]),
        ("docker.memory", &["too-little", "unknown"]),
        ("disk", &["too-little", "unknown"]),
        ("memory", &["too-little", "unknown"]),
        ("port.8080", &["taken", "forbidden"]),
    ];

    #[test]
    fn every_class_of_every_check_has_a_hint_or_a_reason_why_none() {
        let file: File = toml::from_str(TEXT).unwrap();
        drop(file);
        for (id, classes) in CLASSES {
            for class in classes {
                let found = entry(entries(), id, class).unwrap_or_else(|| panic!("no hint for {id} {class}"));
                assert!(
                    !found.text.is_empty() || !found.install.is_empty() || found.none.is_some(),
                    "{id} {class}"
                );
                assert!(
                    found.install.keys().all(|manager| MANAGERS.contains(&manager.as_str())),
                    "{id} {class}"
                );
            }
        }
    }

    #[test]
    fn only_managers_that_are_here_are_named() {
        let apt = Here { managers: vec!["apt"], root: false };
        assert!(hints("git", "absent", &apt)[0].starts_with("sudo apt"));
        assert!(!hints("git", "absent", &Here::default()).iter().any(|hint| hint.contains("apt")));
        assert!(hints("git", "absent", &Here { root: true, ..apt })[0].starts_with("apt"));
    }
}
