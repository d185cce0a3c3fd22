//! What children find in their environment: one policy by kind of child, as a table that
//! `docs/environment.md` shows. Pure.

mod policy;

use std::ffi::{OsStr, OsString};

use policy::{FAMILIES, Rule, STEERING};

/// What a process that we start is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// docker, kubectl, git, probes for versions: found on the user's PATH, with the user's
    /// settings. Nothing of a lab reaches them.
    Tool,
    /// uv and pip, which make a lab's `.venv`: the user's indexes, proxies and certificates, and
    /// nothing that installs elsewhere.
    Installer,
    /// A lab's services and tasks.
    Service,
    /// A lab's commands: checks, solutions, drills.
    Command,
}

/// The kinds, in the order of the table's columns.
#[cfg(test)]
const ROLES: [Role; 4] = [Role::Tool, Role::Installer, Role::Service, Role::Command];

/// Hosts that no proxy is asked for.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "::1"];

impl Role {
    /// Whether a child of this kind does not get a variable of ours.
    pub fn drops(self, name: &OsStr) -> bool {
        let Some(name) = name.to_str() else { return false };
        let matches = |patterns: &[&str]| patterns.iter().any(|pattern| fits(pattern, name));
        let family = FAMILIES.iter().find(|family| matches(family.names));
        family.is_some_and(|family| {
            family.rules[self as usize] == Rule::Dropped && !matches(family.but)
        })
    }
}

/// Whether a name steers our own tools, so that no lab may set it for them.
pub fn steers(name: &str) -> bool {
    // curl and others read proxies in small letters, too.
    let upper = name.to_ascii_uppercase();
    STEERING.iter().any(|pattern| fits(pattern, &upper))
}

/// The variables of a child that keep a proxy away from this machine, from what it would find
/// otherwise.
pub fn no_proxy(found: impl Fn(&str) -> Option<OsString>) -> [(OsString, OsString); 2] {
    let names = ["NO_PROXY", "no_proxy"];
    names.map(|name| {
        let other = if name == names[0] { names[1] } else { names[0] };
        let text = |name: &str| found(name).filter(|value| !value.is_empty());
        let own = text(name).or_else(|| text(other)).unwrap_or_default();
        (
            name.into(),
            own.into_string().map_or_else(|bytes| bytes, |own| with_loopback(&own).into()),
        )
    })
}

fn with_loopback(hosts: &str) -> String {
    let mut all: Vec<&str> =
        hosts.split(',').map(str::trim).filter(|host| !host.is_empty()).collect();
    // All hosts already; with others beside it some programs do not see it any more.
    if all != ["*"] {
        let missing =
            LOOPBACK.iter().filter(|host| !all.contains(*host)).copied().collect::<Vec<_>>();
        all.extend(missing);
    }
    all.join(",")
}

fn fits(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drops(role: Role, name: &str) -> bool {
        role.drops(OsStr::new(name))
    }

    #[test]
    fn what_redirects_is_dropped_and_what_a_company_needs_passes() {
        for role in ROLES {
            assert!(
                drops(role, "GIT_DIR")
                    && drops(role, "GIT_CONFIG_COUNT")
                    && drops(role, "COMPOSE_FILE")
            );
            for name in
                ["GIT_AUTHOR_NAME", "GIT_SSH_COMMAND", "HOME", "LANG", "HTTPS_PROXY", "MY_OWN"]
            {
                assert!(!drops(role, name), "{name}");
            }
        }
        assert!(!drops(Role::Tool, "DOCKER_HOST") && !drops(Role::Tool, "PYTHONPATH"));
        for role in [Role::Installer, Role::Service, Role::Command] {
            for name in
                ["PIP_USER", "PIP_TARGET", "UV_PYTHON", "PYTHONSAFEPATH", "MLFLOW_TRACKING_URI"]
            {
                assert!(drops(role, name), "{name}");
            }
            for name in ["PIP_INDEX_URL", "PIP_CERT", "UV_INDEX_URL", "UV_INDEX", "PYTHONUTF8"] {
                assert!(!drops(role, name), "{name}");
            }
        }
    }

    #[test]
    fn no_proxy_keeps_what_is_there_and_adds_loopback() {
        let found = |hosts: &'static str, only: &'static str| {
            let pairs = no_proxy(|name| (name == only || only.is_empty()).then(|| hosts.into()));
            pairs.map(|(_, value)| value.into_string().unwrap())
        };
        let all = "127.0.0.1,localhost,::1";
        assert_eq!(found("", ""), [all, all]);
        let both = format!("corp.example,{all}");
        assert_eq!(found("corp.example", "no_proxy"), [both.clone(), both]);
        assert_eq!(found("localhost , a", ""), ["localhost,a,127.0.0.1,::1"; 2]);
        assert_eq!(found("*", ""), ["*", "*"]);
    }

    #[test]
    fn a_lab_steers_no_tool_of_ours() {
        for name in ["PATH", "DOCKER_CONFIG", "LD_PRELOAD", "https_proxy", "HOME", "GODEBUG"] {
            assert!(steers(name), "{name}");
        }
        for name in ["PORT", "POSTGRES_PASSWORD", "COMPOSE_PROFILES", "GPU"] {
            assert!(!steers(name), "{name}");
        }
    }

    /// The policy as a table in Markdown.
    fn table() -> String {
        let list = |names: &[&str]| {
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ")
        };
        let word = |rule: &Rule| match rule {
            Rule::Passes => "passes",
            Rule::Dropped => "dropped",
            Rule::Set => "set",
        };
        let mut table = "| variables | tools | installers | services | commands | why |\n\
             |---|---|---|---|---|---|\n"
            .to_owned();
        for family in &FAMILIES {
            let but = if family.but.is_empty() {
                String::new()
            } else {
                format!("; these pass: {}", list(family.but))
            };
            let rules = family.rules.iter().map(word).collect::<Vec<_>>().join(" | ");
            table.push_str(&format!(
                "| {}{but} | {rules} | {} |\n",
                list(family.names),
                family.why
            ));
        }
        table + "| everything else | passes | passes | passes | passes | it is the user's |\n"
    }

    #[test]
    fn the_page_shows_the_policy_that_is_in_force() {
        let page = include_str!("../../../docs/environment.md");
        let wanted = table();
        assert!(
            page.contains(&wanted),
            "docs/environment.md has another table than this:\n{wanted}"
        );
        let steering = STEERING.map(|name| format!("`{name}`")).join(" ");
        let in_one_line = page.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            in_one_line.contains(&steering),
            "docs/environment.md has another list than this:\n{steering}"
        );
    }
}
