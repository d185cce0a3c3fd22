//! What children find in their environment: one policy by kind of child, as a table that
//! `docs/environment.md` shows. Pure.

use crate::layout;
use std::ffi::{OsStr, OsString};

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

/// What becomes of a variable of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// The child gets it.
    Passes,
    /// The child does not.
    Dropped,
    /// The child gets a value of ours.
    Set,
}

use Rule::{Dropped, Passes, Set};

/// Variables that share a rule. A name that ends with `*` stands for all that begin so.
struct Family {
    names: &'static [&'static str],
    /// Names among them that pass nevertheless.
    but: &'static [&'static str],
    /// By kind of child.
    rules: [Rule; 4],
    /// Why, for the table.
    #[cfg_attr(
        not(test),
        allow(dead_code, reason = "read by people and by the test of the table")
    )]
    why: &'static str,
}

/// The policy. What no family names passes.
const FAMILIES: [Family; 17] = [
    Family {
        names: &["NO_PROXY", "no_proxy"],
        but: &[],
        rules: [Set, Set, Set, Set],
        why: "the user's, with 127.0.0.1, localhost and ::1 added: a lab is on this machine",
    },
    Family {
        names: &["PATH"],
        but: &[],
        rules: [Passes, Passes, Set, Set],
        why: "`.venv/bin` of the lab comes first",
    },
    Family {
        names: &["VIRTUAL_ENV"],
        but: &[],
        rules: [Passes, Dropped, Dropped, Dropped],
        why: "the one that is active in the shell; where the lab has a `.venv`, that is set",
    },
    Family {
        names: &["GIT_*"],
        but: &[
            "GIT_AUTHOR_*",
            "GIT_COMMITTER_*",
            "GIT_SSH*",
            "GIT_ASKPASS",
            "GIT_TERMINAL_PROMPT",
            "GIT_CONFIG_GLOBAL",
            "GIT_CONFIG_SYSTEM",
            "GIT_CONFIG_NOSYSTEM",
            "GIT_EXEC_PATH",
            "GIT_TRACE*",
        ],
        rules: [Dropped, Dropped, Dropped, Dropped],
        why: "GIT_DIR, GIT_INDEX_FILE and others name another repository; hooks set them",
    },
    Family {
        names: &["COMPOSE_*"],
        but: &["COMPOSE_PARALLEL_LIMIT", "COMPOSE_HTTP_TIMEOUT"],
        rules: [Dropped, Dropped, Dropped, Dropped],
        why: "another project, file or profile; the lab's own stand in its `.env`",
    },
    Family {
        names: &["DOCKER_*", "BUILDX_*", "BUILDKIT_*"],
        but: &[],
        rules: [Passes, Dropped, Dropped, Passes],
        why: "which engine, by the user alone: the same names in a lab's `.env` do not count",
    },
    Family {
        names: &["KUBECONFIG"],
        but: &[],
        rules: [Passes, Dropped, Set, Set],
        why: "in the runtime kubernetes the lab's context and namespace are current; elsewhere it passes",
    },
    Family {
        names: &["PIP_*"],
        but: &[
            "PIP_INDEX_URL",
            "PIP_EXTRA_INDEX_URL",
            "PIP_NO_INDEX",
            "PIP_FIND_LINKS",
            "PIP_TRUSTED_HOST",
            "PIP_CERT",
            "PIP_CLIENT_CERT",
            "PIP_PROXY",
            "PIP_KEYRING_PROVIDER",
            "PIP_CONFIG_FILE",
            "PIP_CACHE_DIR",
            "PIP_NO_CACHE_DIR",
            "PIP_TIMEOUT",
            "PIP_DEFAULT_TIMEOUT",
            "PIP_RETRIES",
        ],
        rules: [Passes, Dropped, Dropped, Dropped],
        why: "PIP_USER, PIP_TARGET and others install elsewhere; where packages come from is the user's, hashes hold what they are. PIP_USER is set to 0 for installers, over a `user = true` in pip.conf",
    },
    Family {
        names: &["UV_*"],
        but: &[
            "UV_INDEX*",
            "UV_DEFAULT_INDEX",
            "UV_EXTRA_INDEX_URL",
            "UV_NO_INDEX",
            "UV_FIND_LINKS",
            "UV_INSECURE_HOST",
            "UV_KEYRING_PROVIDER",
            "UV_NATIVE_TLS",
            "UV_SYSTEM_CERTS",
            "UV_CONFIG_FILE",
            "UV_CACHE_DIR",
            "UV_NO_CACHE",
            "UV_LINK_MODE",
            "UV_OFFLINE",
            "UV_HTTP_*",
            "UV_REQUEST_TIMEOUT",
            "UV_CONCURRENT_*",
            "UV_PYTHON_INSTALL_*",
            "UV_PYTHON_DOWNLOADS*",
            "UV_PYTHON_PREFERENCE",
        ],
        rules: [Passes, Dropped, Dropped, Dropped],
        why: "as with pip",
    },
    Family {
        names: &["PYTHONPYCACHEPREFIX"],
        but: &[],
        rules: [Passes, Dropped, Dropped, Set],
        why: "what Python compiles for the lab's commands lies with the run state, not in the lab",
    },
    Family {
        names: &["PYTHON*"],
        but: &["PYTHONUNBUFFERED", "PYTHONUTF8", "PYTHONFAULTHANDLER"],
        rules: [Passes, Dropped, Dropped, Dropped],
        why: "another home, another path, no path at all (PYTHONSAFEPATH), slow starts",
    },
    Family {
        names: &[
            "MLFLOW_*",
            "DATABRICKS_*",
            "KFP_*",
            "LOCUST_*",
            "KERAS_*",
            "OTEL_*",
            "PYTEST_*",
            "WEB_CONCURRENCY",
        ],
        but: &[],
        rules: [Passes, Dropped, Dropped, Dropped],
        why: "settings of what labs are made of: somebody else's server, another load, other options",
    },
    Family {
        names: &["AWS_*", "AZURE_*", "GOOGLE_*", "CLOUDSDK_*"],
        but: &[],
        rules: [Passes, Passes, Dropped, Passes],
        why: "clouds; kubectl and keyrings may need them, a lab's services use no cloud",
    },
    Family {
        names: &["MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEFILES"],
        but: &[],
        rules: [Dropped, Dropped, Dropped, Dropped],
        why: "of the make that started us",
    },
    Family {
        names: &["BASH_ENV", "CDPATH", "SHELLOPTS", "BASHOPTS", "GREP_OPTIONS"],
        but: &[],
        rules: [Passes, Dropped, Dropped, Dropped],
        why: "they change what scripts do",
    },
    Family {
        names: &[layout::PROGRAM, layout::MARK, layout::RUN, layout::RUNTIME, layout::ENDPOINTS],
        but: &[],
        rules: [Passes, Passes, Set, Set],
        why: "this program, the mark of the lab's processes (set for every child of a lab), where what runs is noted, the runtime, the addresses",
    },
    Family { names: &["PWD"], but: &[], rules: [Set, Set, Set, Set], why: "where the child runs" },
];

/// Names that steer a program whatever it is, or docker and what it starts. A lab's `.env` may give
/// them to the lab's own processes only.
const STEERING: [&str; 21] = [
    "PATH",
    "HOME",
    "PWD",
    "SHELL",
    "TMPDIR",
    "LD_*",
    "DYLD_*",
    "XDG_*",
    "SSL_*",
    "SSH_*",
    "GIT_*",
    "GODEBUG",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "DOCKER_*",
    "BUILDX_*",
    "BUILDKIT_*",
    "KUBECONFIG",
    "COMPOSE_ENV_FILES",
];

/// Hosts that no proxy is asked for.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "::1"];

impl Role {
    /// Whether a child of this kind does not get a variable of ours.
    pub fn drops(self, name: &OsStr) -> bool {
        let Some(name) = name.to_str() else { return false };
        let matches = |patterns: &[&str]| patterns.iter().any(|pattern| fits(pattern, name));
        let family = FAMILIES.iter().find(|family| matches(family.names));
        family.is_some_and(|family| family.rules[self as usize] == Dropped && !matches(family.but))
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
            Passes => "passes",
            Dropped => "dropped",
            Set => "set",
        };
        let mut table =
            "| variables | tools | installers | services | commands | why |\n|---|---|---|---|---|---|\n"
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
        let page = include_str!("../../docs/environment.md");
        let wanted = table();
        assert!(
            page.contains(&wanted),
            "docs/environment.md has another table than this:\n{wanted}"
        );
        let steering = STEERING.map(|name| format!("`{name}`")).join(" ");
        assert!(
            page.contains(&steering),
            "docs/environment.md has another list than this:\n{steering}"
        );
    }
}
