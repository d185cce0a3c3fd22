//! The policy as a table: which variables of ours reach which kind of child.

use crate::layout;

use Rule::{Dropped, Passes, Set};

/// What becomes of a variable of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// The child gets it.
    Passes,
    /// The child does not.
    Dropped,
    /// The child gets a value of ours.
    Set,
}

/// Variables that share a rule. A name that ends with `*` stands for all that begin so.
pub(super) struct Family {
    pub(super) names: &'static [&'static str],
    /// Names among them that pass nevertheless.
    pub(super) but: &'static [&'static str],
    /// By kind of child.
    pub(super) rules: [Rule; 4],
    /// Why, for the table.
    #[cfg_attr(
        not(test),
        allow(dead_code, reason = "read by people and by the test of the table")
    )]
    pub(super) why: &'static str,
}

/// The policy. What no family names passes.
pub(super) const FAMILIES: [Family; 17] = [
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
        why: "in the runtime kubernetes the lab's context and namespace are current; elsewhere it \
            passes",
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
        why: "PIP_USER, PIP_TARGET and others install elsewhere; where packages come from is the \
            user's, hashes hold what they are. PIP_USER is set to 0 for installers, over a \
            `user = true` in pip.conf",
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
        why: "settings of what labs are made of: they would name another server, load or options",
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
        why: "this program, the mark of the lab's processes (set for every child of a lab), where \
            what runs is noted, the runtime, the addresses",
    },
    Family { names: &["PWD"], but: &[], rules: [Set, Set, Set, Set], why: "where the child runs" },
];

/// Names that steer a program whatever it is, or docker and what it starts. A lab's `.env` may give
/// them to the lab's own processes only.
pub(super) const STEERING: [&str; 21] = [
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
