//! Hints as data: by check and class, for this system, package manager and session.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::host_facts::HostFacts;
use super::report::Hint;

const TEXT: &str = include_str!("hints.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// `python`, `docker.engine`, `port` (for all ports).
    checks: Vec<String>,
    /// The classes it is for.
    classes: Vec<String>,
    /// Whether waiting may fix it.
    #[serde(default)]
    transient: bool,
    /// Where to read on.
    docs: Option<String>,
    /// What installs it, by package manager: only the packages.
    #[serde(default)]
    install: BTreeMap<String, String>,
    /// Tags that must hold for that.
    #[serde(default)]
    install_when: Vec<String>,
    /// Other things to do, in this order.
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

/// The file is part of the program: a test fails when it is broken.
static ENTRIES: LazyLock<Vec<Entry>> =
    LazyLock::new(|| toml::from_str::<File>(TEXT).map(|file| file.hint).unwrap_or_default());

/// The entry for a kind of check and a class.
fn entry(kind: &str, class: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| {
        entry.checks.iter().any(|known| known == kind)
            && entry.classes.iter().any(|known| known == class)
    })
}

/// Whether waiting may fix this.
pub(super) fn is_transient(kind: &str, class: &str) -> bool {
    entry(kind, class).is_some_and(|entry| entry.transient)
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

/// What to do about a finding, best first, and where to read on. Only package managers that are on
/// PATH are named.
pub(super) fn hints(
    kind: &str,
    class: &str,
    facts: &BTreeMap<&'static str, String>,
    host: &HostFacts,
) -> (Vec<Hint>, Option<String>) {
    let Some(entry) = entry(kind, class) else { return (Vec::new(), None) };
    // root needs no sudo, and a container may not have it.
    let root = host.tags.iter().any(|tag| tag == "root");
    let plain = |command: String| if root { command.replace("sudo ", "") } else { command };
    let by_manager = host.managers.iter().find_map(|manager| {
        // `apt@ubuntu` is for that distribution only, and goes before `apt`.
        let special =
            host.tags.iter().find_map(|tag| entry.install.get(&format!("{manager}@{tag}")));
        let packages = special
            .or_else(|| entry.install.get(*manager))
            .filter(|_| host.holds(&entry.install_when))?;
        Some(Hint {
            cmd: Some(plain(fill(&install(manager, packages), facts, host)?)),
            manager: Some((*manager).to_owned()),
            fix: true,
            ..Hint::default()
        })
    });
    let lines = entry.hint.iter().filter(|line| host.holds(&line.when)).filter_map(|line| {
        let cmd = match &line.cmd {
            Some(cmd) => Some(plain(fill(cmd, facts, host)?)),
            None => None,
        };
        let os =
            ["linux", "macos", "wsl"].into_iter().find(|os| line.when.iter().any(|tag| tag == os));
        Some(Hint {
            text: fill(&line.text, facts, host)?,
            cmd,
            manager: None,
            os: os.map(str::to_owned),
            fix: line.fix,
        })
    });
    let mut hints: Vec<Hint> = by_manager.into_iter().chain(lines).collect();
    // What it was the alternative to does not hold on this machine.
    if let Some(first) = hints.first_mut()
        && let Some(rest) = first.text.strip_prefix("or ")
    {
        first.text = rest.to_owned();
    }
    (hints, entry.docs.clone())
}

/// Replaces each `{name}` by its fact; none when one is not known: half a hint does not help.
fn fill(text: &str, facts: &BTreeMap<&'static str, String>, host: &HostFacts) -> Option<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        filled.push_str(before);
        match name {
            "user" => filled.push_str(&host.user),
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
    use crate::doctor::host_facts::{MANAGERS, TAGS};
    use crate::doctor::registry;

    fn host(managers: &[&'static str], tags: &[&str]) -> HostFacts {
        HostFacts {
            managers: managers.to_vec(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            user: "ada".to_owned(),
        }
    }

    fn commands(
        kind: &str,
        class: &str,
        facts: &[(&'static str, &str)],
        host: &HostFacts,
    ) -> Vec<String> {
        let facts = facts.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        hints(kind, class, &facts, host).0.into_iter().filter_map(|hint| hint.cmd).collect()
    }

    #[test]
    fn every_class_of_every_check_has_a_hint_or_a_reason_why_none() {
        toml::from_str::<File>(TEXT).unwrap();
        let mut missing = Vec::new();
        for known in registry::all() {
            for class in &known.classes {
                let name = format!("{} {class}", known.kind.id);
                match entry(known.kind.id, class) {
                    None => missing.push(name),
                    Some(entry) => assert!(
                        entry.none.is_some()
                            != (!entry.hint.is_empty() || !entry.install.is_empty()),
                        "{name}: hints, or a reason why none"
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
                let known = registry::all()
                    .iter()
                    .find(|known| known.kind.id == check)
                    .unwrap_or_else(|| panic!("no check {check}"));
                for class in &entry.classes {
                    let shared = entry.checks.len() > 1;
                    assert!(
                        shared || known.classes.contains(&class.as_str()),
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
                "{:?}: no hint where no condition holds",
                entry.checks
            );
        }
    }

    #[test]
    fn the_first_hint_is_no_alternative_to_one_that_is_left_out() {
        for entry in ENTRIES.iter() {
            for (check, class) in entry.checks.iter().zip(&entry.classes) {
                let (hints, _) = hints(check, class, &BTreeMap::new(), &host(&[], &[]));
                let first = hints.first().map_or("", |hint| &hint.text);
                assert!(!first.starts_with("or "), "{check} {class}: {first}");
            }
        }
        let hints = hints("kube.cgroup", "v1-warn", &BTreeMap::new(), &host(&[], &[])).0;
        assert_eq!(hints[0].text, "use a cluster with Kubernetes 1.34 or earlier");
    }

    #[test]
    fn only_managers_that_are_here_are_named() {
        assert_eq!(
            commands("git", "absent", &[], &host(&["apt"], &[])),
            ["sudo apt-get install -y git"]
        );
        assert_eq!(
            commands("git", "absent", &[], &host(&["apt"], &["root"])),
            ["apt-get install -y git"]
        );
        assert_eq!(
            commands("git", "absent", &[], &host(&["brew"], &["macos"])),
            ["brew install git"]
        );
        for known in registry::all() {
            for class in &known.classes {
                for command in commands(known.kind.id, class, &[], &host(&[], &[])) {
                    let named = MANAGERS
                        .iter()
                        .any(|(_, program)| command.split(' ').any(|word| word == *program));
                    assert!(!named, "{} {class}: {command}", known.kind.id);
                }
            }
        }
    }

    #[test]
    fn hints_fit_the_session() {
        let systemd = host(&["apt"], &["linux", "systemd"]);
        assert_eq!(
            commands("docker.engine", "refused", &[], &systemd)[0],
            "sudo systemctl start docker"
        );
        let mac = host(&["brew"], &["macos", "desktop"]);
        assert!(commands("docker.engine", "refused", &[], &mac)[0].starts_with("open -a Docker"));
        let container = host(&["apt"], &["linux", "container", "root"]);
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
        let ubuntu = host(&["apt"], &["linux", "ubuntu"]);
        assert!(
            commands("docker.compose", "no-plugin", &[], &ubuntu)[0].contains("docker-compose-v2")
        );
    }

    #[test]
    fn a_hint_whose_facts_are_not_known_is_left_out() {
        let host = host(&[], &["linux"]);
        assert!(
            commands("port", "taken", &[("pid", "42"), ("name", "x"), ("port", "8080")], &host)
                .contains(&"kill 42".to_owned())
        );
        assert!(
            !commands("port", "taken", &[("port", "8080")], &host)
                .iter()
                .any(|cmd| cmd.starts_with("kill"))
        );
    }
}
