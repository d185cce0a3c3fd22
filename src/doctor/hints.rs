//! Hints as data: by check and class, fit for the system, the package manager and the session that
//! are here.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use serde::Deserialize;

use super::Hint;
use super::checks::kinds;
use crate::platform::host::{self, Root};

const TEXT: &str = include_str!("hints.toml");

/// Package managers and the program that shows each is here, in the order in which they are
/// preferred when several are.
const MANAGERS: [(&str, &str); 8] = [
    ("apt", "apt-get"),
    ("dnf", "dnf"),
    ("pacman", "pacman"),
    ("zypper", "zypper"),
    ("apk", "apk"),
    ("brew", "brew"),
    ("nix", "nix-env"),
    ("winget", "winget"),
];

/// Everything that a hint may depend on.
const TAGS: [&str; 15] = [
    "linux",
    "macos",
    "systemd",
    "container",
    "wsl",
    "ssh",
    "ci",
    "desktop",
    "root",
    "debian",
    "ubuntu",
    "snap-docker",
    "colima",
    "uv",
    "docker",
];

/// What of this machine decides about hints.
#[derive(Clone, Debug, Default)]
pub(super) struct Here {
    /// Managers that are on PATH.
    pub(super) managers: Vec<&'static str>,
    /// Those of [`TAGS`] that hold.
    pub(super) tags: Vec<String>,
    /// Who we are.
    pub(super) user: String,
}

impl Here {
    /// Looks at PATH, the environment and a few files.
    pub(super) fn look(root: &Root) -> Here {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let there = |program: &str| {
            std::env::split_paths(&path).any(|folder| Path::new(&folder).join(program).is_file())
        };
        let distribution = root.distribution();
        let managers =
            MANAGERS.iter().filter(|(_, program)| there(program)).map(|(name, _)| *name).collect();
        let set = |name: &str| host::var(name).is_some();
        let kernel =
            root.text("/proc/sys/kernel/osrelease").unwrap_or_default().to_ascii_lowercase();
        let holds = |tag: &str| match tag {
            "linux" => cfg!(target_os = "linux"),
            "macos" => cfg!(target_os = "macos"),
            "systemd" => root.has("/run/systemd/system"),
            "container" => root.has("/.dockerenv") || root.has("/run/.containerenv"),
            "wsl" => kernel.contains("microsoft"),
            "ssh" => set("SSH_CONNECTION"),
            "ci" => set("CI"),
            "desktop" => cfg!(target_os = "macos") || set("DISPLAY") || set("WAYLAND_DISPLAY"),
            "root" => host::user_id() == 0,
            // Ubuntu is like Debian, but its packages have other names: only the first name counts.
            "debian" | "ubuntu" => distribution.first().is_some_and(|name| name == tag),
            "snap-docker" => root.has("/snap/bin/docker"),
            "colima" | "uv" | "docker" => there(tag),
            _ => false,
        };
        let tags = TAGS.iter().filter(|tag| holds(tag)).map(|tag| (*tag).to_owned()).collect();
        let user = root
            .user(host::user_id())
            .or_else(|| host::var("USER"))
            .unwrap_or_else(|| "$USER".to_owned());
        Here { managers, tags, user }
    }

    /// Whether all these tags hold; `!tag` holds where the tag does not.
    fn is(&self, when: &[String]) -> bool {
        when.iter().all(|tag| match tag.strip_prefix('!') {
            Some(tag) => !self.tags.iter().any(|own| own == tag),
            None => self.tags.contains(tag),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// `python`, `docker.engine`, `port` (for all ports).
    checks: Vec<String>,
    /// The classes it is for.
    classes: Vec<String>,
    /// Whether waiting may mend it.
    #[serde(default)]
    heals: bool,
    /// Where to read on.
    docs: Option<String>,
    /// What installs it, by package manager: packages only, the command is the manager's.
    #[serde(default)]
    install: BTreeMap<String, String>,
    /// Tags that must hold for that.
    #[serde(default)]
    install_when: Vec<String>,
    /// What else there is to do, in this order.
    #[serde(default)]
    hint: Vec<Line>,
    /// Why there is nothing to do: for whoever reads the file, and for the test that holds every
    /// class to hints or a reason.
    #[cfg_attr(not(test), allow(dead_code, reason = "read by people and by the test"))]
    none: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// In words.
    #[serde(default)]
    text: String,
    /// What to type.
    cmd: Option<String>,
    /// Tags that must hold.
    #[serde(default)]
    when: Vec<String>,
    /// Whether `--fix` may offer it.
    #[serde(default)]
    fix: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    hint: Vec<Entry>,
}

/// The file is part of the program, and a test reads it: a broken one shows there and not to a
/// user.
static ENTRIES: LazyLock<Vec<Entry>> =
    LazyLock::new(|| toml::from_str::<File>(TEXT).map(|file| file.hint).unwrap_or_default());

fn entry(id: &str, class: &str) -> Option<&'static Entry> {
    let check = kinds::of(id).map_or(id, |kind| kind.id);
    ENTRIES.iter().find(|entry| {
        entry.checks.iter().any(|known| known == check)
            && entry.classes.iter().any(|known| known == class)
    })
}

/// Whether this may mend itself while we wait.
pub(super) fn heals(id: &str, class: &str) -> bool {
    entry(id, class).is_some_and(|entry| entry.heals)
}

/// The command by which a manager installs packages.
fn install(manager: &str, packages: &str) -> String {
    match manager {
        "apt" => format!("sudo apt-get install -y {packages}"),
        "dnf" => format!("sudo dnf install -y {packages}"),
        "pacman" => format!("sudo pacman -S --noconfirm {packages}"),
        "zypper" => format!("sudo zypper --non-interactive install {packages}"),
        "apk" => format!("sudo apk add {packages}"),
        "brew" => format!("brew install {packages}"),
        "nix" => format!("nix-env -iA {packages}"),
        _ => format!("{manager} install {packages}"),
    }
}

/// What to do about a finding, most fitting first, and where to read on. Only managers that are
/// here are named.
pub(super) fn hints(
    id: &str,
    class: &str,
    facts: &BTreeMap<&'static str, String>,
    here: &Here,
) -> (Vec<Hint>, Option<String>) {
    let Some(entry) = entry(id, class) else { return (Vec::new(), None) };
    // Nobody is told to type sudo who is root, least of all in a container without it.
    let root = here.tags.iter().any(|tag| tag == "root");
    let plain = |command: String| if root { command.replace("sudo ", "") } else { command };
    let by_manager = here.managers.iter().find_map(|manager| {
        // `apt@ubuntu` is for that distribution only, and goes before `apt`.
        let special =
            here.tags.iter().find_map(|tag| entry.install.get(&format!("{manager}@{tag}")));
        let packages = special
            .or_else(|| entry.install.get(*manager))
            .filter(|_| here.is(&entry.install_when))?;
        Some(Hint {
            cmd: Some(plain(fill(&install(manager, packages), facts, here)?)),
            manager: Some((*manager).to_owned()),
            fix: true,
            ..Hint::default()
        })
    });
    let lines = entry.hint.iter().filter(|line| here.is(&line.when)).filter_map(|line| {
        let cmd = match &line.cmd {
            Some(cmd) => Some(plain(fill(cmd, facts, here)?)),
            None => None,
        };
        let os =
            ["linux", "macos", "wsl"].into_iter().find(|os| line.when.iter().any(|tag| tag == os));
        Some(Hint {
            text: fill(&line.text, facts, here)?,
            cmd,
            manager: None,
            os: os.map(str::to_owned),
            fix: line.fix,
        })
    });
    (by_manager.into_iter().chain(lines).collect(), entry.docs.clone())
}

/// Puts facts into `{name}`; nothing when one is not known: such a hint would be half a sentence.
fn fill(text: &str, facts: &BTreeMap<&'static str, String>, here: &Here) -> Option<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        filled.push_str(before);
        match name {
            "user" => filled.push_str(&here.user),
            name => filled.push_str(facts.get(name)?),
        }
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(managers: &[&'static str], tags: &[&str]) -> Here {
        Here {
            managers: managers.to_vec(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            user: "ada".to_owned(),
        }
    }

    fn commands(id: &str, class: &str, facts: &[(&'static str, &str)], here: &Here) -> Vec<String> {
        let facts = facts.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        hints(id, class, &facts, here).0.into_iter().filter_map(|hint| hint.cmd).collect()
    }

    #[test]
    fn every_class_of_every_check_has_a_hint_or_a_reason_why_none() {
        toml::from_str::<File>(TEXT).unwrap();
        let mut missing = Vec::new();
        for kind in kinds::all() {
            for class in kind.classes {
                match entry(kind.id, class) {
                    None => missing.push(format!("{} {class}", kind.id)),
                    Some(entry) => assert!(
                        entry.none.is_some()
                            != (!entry.hint.is_empty() || !entry.install.is_empty()),
                        "{} {class}: hints, or a reason why none",
                        kind.id
                    ),
                }
            }
        }
        assert!(missing.is_empty(), "no hint for: {}", missing.join(", "));
    }

    #[test]
    fn no_hint_is_for_a_check_a_class_a_manager_or_a_tag_that_does_not_exist() {
        for entry in ENTRIES.iter() {
            for check in &entry.checks {
                let kind = kinds::all()
                    .find(|kind| kind.id == check)
                    .unwrap_or_else(|| panic!("no check {check}"));
                for class in &entry.classes {
                    let shared = entry.checks.len() > 1;
                    assert!(
                        shared || kind.classes.contains(&class.as_str()),
                        "{check} has no class {class}"
                    );
                }
            }
            for manager in entry.install.keys() {
                let (manager, tag) = manager.split_once('@').unwrap_or((manager, "linux"));
                assert!(MANAGERS.iter().any(|(name, _)| *name == manager), "no manager {manager}");
                assert!(TAGS.contains(&tag), "no tag {tag}");
            }
            for tag in entry.hint.iter().flat_map(|line| &line.when) {
                assert!(TAGS.contains(&tag.trim_start_matches('!')), "no tag {tag}");
            }
            let named =
                entry.hint.iter().any(|line| line.when.is_empty() || line.text.contains("http"));
            assert!(
                entry.none.is_some() || named || entry.docs.is_some(),
                "{:?}: nothing is said where no condition holds",
                entry.checks
            );
        }
    }

    #[test]
    fn only_managers_that_are_here_are_named() {
        assert_eq!(
            commands("git", "absent", &[], &here(&["apt"], &[])),
            ["sudo apt-get install -y git"]
        );
        assert_eq!(
            commands("git", "absent", &[], &here(&["apt"], &["root"])),
            ["apt-get install -y git"]
        );
        assert_eq!(
            commands("git", "absent", &[], &here(&["brew"], &["macos"])),
            ["brew install git"]
        );
        for kind in kinds::all() {
            for class in kind.classes {
                for command in commands(kind.id, class, &[], &here(&[], &[])) {
                    let named = MANAGERS
                        .iter()
                        .any(|(_, program)| command.split(' ').any(|word| word == *program));
                    assert!(!named, "{} {class}: {command}", kind.id);
                }
            }
        }
    }

    #[test]
    fn hints_fit_the_session() {
        let systemd = here(&["apt"], &["linux", "systemd"]);
        assert_eq!(
            commands("docker.engine", "refused", &[], &systemd)[0],
            "sudo systemctl start docker"
        );
        let mac = here(&["brew"], &["macos", "desktop"]);
        assert!(commands("docker.engine", "refused", &[], &mac)[0].starts_with("open -a Docker"));
        let container = here(&["apt"], &["linux", "container", "root"]);
        assert!(
            commands("docker.engine", "refused", &[], &container)
                .iter()
                .all(|cmd| !cmd.contains("systemctl"))
        );
        assert_eq!(
            commands("docker.engine", "permission", &[], &systemd)[0],
            "sudo usermod -aG docker ada"
        );
        assert!(
            commands("docker.engine", "permission-session", &[], &systemd)[0]
                .starts_with("newgrp docker")
        );
        let ubuntu = here(&["apt"], &["linux", "ubuntu"]);
        assert!(
            commands("docker.compose", "no-plugin", &[], &ubuntu)[0].contains("docker-compose-v2")
        );
    }

    #[test]
    fn a_hint_whose_facts_are_not_known_is_left_out() {
        let here = here(&[], &["linux"]);
        assert!(
            commands(
                "port.8080",
                "taken",
                &[("pid", "42"), ("name", "x"), ("port", "8080")],
                &here
            )
            .contains(&"kill 42".to_owned())
        );
        assert!(
            !commands("port.8080", "taken", &[("port", "8080")], &here)
                .iter()
                .any(|cmd| cmd.starts_with("kill"))
        );
    }
}
