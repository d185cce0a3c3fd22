//! Why an installer failed, by its own words, and what to do about it. Pure.

use std::path::Path;

use crate::platform::process::shell_words;

/// Why an installer failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// No room, on the disk or in the temporary folder.
    Disk,
    /// The home folder, where caches lie, is not there or not ours.
    Home,
    /// The folder's files are another user's, or it is mounted read-only.
    Permission,
    /// The file system has no symbolic links, as exFAT, or does not run programs.
    FileSystem,
    /// What came is not what the requirements name.
    Hash,
    /// The user's own settings of pip or uv are in the way.
    Settings,
    /// Nobody vouches for the index's certificate: a proxy that opens TLS, mostly.
    Certificate,
    /// The index cannot be reached.
    Network,
    /// The index answers and has no such package.
    NoSuchPackage,
    /// This Python cannot make environments.
    NoVenv,
}

/// The words by which each is known, in lower case; the first that fits counts: what comes later
/// may only follow from it.
const WORDS: [(Failure, &[&str]); 10] = [
    (
        Failure::Disk,
        &[
            "no space left on device",
            "errno 28",
            "os error 28",
            "disk quota exceeded",
            "os error 122",
        ],
    ),
    (
        Failure::NoVenv,
        &["ensurepip is not available", "no module named venv", "no module named ensurepip"],
    ),
    (
        Failure::Hash,
        &[
            "do not match the hashes",
            "hash mismatch",
            "hashes are required",
            "all requirements must have their versions pinned",
        ],
    ),
    (
        Failure::Settings,
        &[
            "'--user' install",
            "can not combine '--user'",
            "cannot set --home and --prefix",
            "--target",
            "invalid value for option",
            "failed to parse: `",
            "configuration file could not be loaded",
        ],
    ),
    (
        Failure::Home,
        &[
            "failed to initialize cache",
            "could not find the home",
            "home directory",
            "/.cache/uv`",
            "/.local/share/uv`",
        ],
    ),
    (
        Failure::FileSystem,
        &[
            "failed to create symlink",
            "unable to symlink",
            "failed to symlink",
            "os error 95",
            "operation not supported",
        ],
    ),
    (
        Failure::Permission,
        &[
            "permission denied",
            "errno 13",
            "os error 13",
            "read-only file system",
            "operation not permitted",
        ],
    ),
    (
        Failure::Certificate,
        &[
            "certificate verify failed",
            "invalid peer certificate",
            "unknownissuer",
            "self-signed certificate",
            "self signed certificate",
        ],
    ),
    (
        Failure::Network,
        &[
            "name resolution",
            "failed to establish a new connection",
            "connection refused",
            "connection reset",
            "network is unreachable",
            "dns error",
            "failed to lookup address",
            "error sending request",
            "proxyerror",
            "tunnel",
            "timed out",
            "could not connect",
            "failed to fetch",
            "max retries exceeded",
        ],
    ),
    (
        Failure::NoSuchPackage,
        &[
            "no matching distribution",
            "could not find a version",
            "no solution found",
            "was not found in the package registry",
            "no versions of",
        ],
    ),
];

impl Failure {
    /// What an installer's words say; none when they say nothing known.
    pub(super) fn of(words: &str) -> Option<Failure> {
        let words = words.to_lowercase();
        let known =
            |(_, known): &&(Failure, &[&str])| known.iter().any(|known| words.contains(known));
        WORDS.iter().find(known).map(|(failure, _)| *failure)
    }

    /// What to do about it, in the lab at `root`.
    pub(super) fn hint(self, root: &Path) -> String {
        let lab = shell_words(&[root.display().to_string()]);
        match self {
            Failure::Disk => {
                format!("the disk is full: make room (df -h {lab} /tmp ~), then: mlops-lab up")
            }
            Failure::Home => {
                "the home folder cannot be used for caches: HOME=/a/folder/of/yours mlops-lab up"
                    .to_owned()
            }
            Failure::Permission => format!(
                "files there belong to another user (root, after sudo?): \
                 sudo chown -R \"$(id -u):$(id -g)\" {lab}, then: mlops-lab up"
            ),
            Failure::FileSystem => format!(
                "the file system of {lab} cannot hold a Python environment: move the lab to a \
                 disk that can (ext4, APFS), then: mlops-lab up"
            ),
            Failure::Hash => {
                "what the index serves is not what this lab was tested with: do not install it; \
                 another index, or a cache that is emptied (pip cache purge, uv cache clean), \
                 then: mlops-lab up"
                    .to_owned()
            }
            Failure::Settings => {
                "a setting of yours is in the way; see it: python3 -m pip config list, \
                 env | grep -E '^(PIP|UV)_'"
                    .to_owned()
            }
            Failure::Certificate => {
                "name the certificates of your network: SSL_CERT_FILE=/path/to/ca.pem mlops-lab up"
                    .to_owned()
            }
            Failure::Network => {
                "the package index cannot be reached; see why: mlops-lab doctor --online, then: \
                 mlops-lab up (goes on where it stopped)"
                    .to_owned()
            }
            Failure::NoSuchPackage => {
                "the index has no such version for this Python: is it a mirror that lags behind? \
                 then: mlops-lab up"
                    .to_owned()
            }
            Failure::NoVenv => {
                "this Python lacks venv: sudo apt install python3-venv (Debian, Ubuntu), or \
                 install uv"
                    .to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installer_that_fails_is_understood_by_its_words() {
        for (words, failure) in [
            (
                "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on \
                 device",
                Failure::Disk,
            ),
            (
                "error: Failed to install: onnx\n  Caused by: failed to write: No space left on \
                 device (os error 28)",
                Failure::Disk,
            ),
            (
                "error: Failed to initialize cache at `/nonexistent/.cache/uv`\n  Caused by: \
                 failed to create directory: Permission denied (os error 13)",
                Failure::Home,
            ),
            (
                "error: failed to create directory `/nonexistent/.cache/uv`: Read-only file system",
                Failure::Home,
            ),
            (
                "error: failed to open file `/lab/.venv/.lock`: Permission denied (os error 13)",
                Failure::Permission,
            ),
            (
                "ERROR: Could not install packages due to an OSError: [Errno 13] Permission \
                 denied: '/lab/.venv'",
                Failure::Permission,
            ),
            (
                "error: Failed to create virtual environment\n  Caused by: failed to create \
                 symlink: Operation not permitted (os error 1)",
                Failure::FileSystem,
            ),
            (
                "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
                Failure::Hash,
            ),
            (
                "  × Failed to download `six==1.17.0`\n  ╰─▶ Hash mismatch for `six==1.17.0`",
                Failure::Hash,
            ),
            (
                "ERROR: Can not perform a '--user' install. User site-packages are not visible in \
                 this virtualenv.",
                Failure::Settings,
            ),
            (
                "SSLError(SSLCertVerificationError(1, 'certificate verify failed: unable to get \
                 local issuer certificate'))\nERROR: No matching distribution found for six",
                Failure::Certificate,
            ),
            (
                "NewConnectionError: Failed to establish a new connection: [Errno -3] Temporary \
                 failure in name resolution\nERROR: No matching distribution found for six==1.17.0",
                Failure::Network,
            ),
            (
                "error: Request failed after 3 retries\n  Caused by: error sending request for \
                 url\n  Caused by: dns error",
                Failure::Network,
            ),
            (
                "ERROR: Could not find a version that satisfies the requirement six==9\nERROR: No \
                 matching distribution found for six==9",
                Failure::NoSuchPackage,
            ),
            (
                "The virtual environment was not created successfully because ensurepip is not \
                 available.",
                Failure::NoVenv,
            ),
        ] {
            assert_eq!(Failure::of(words), Some(failure), "{words}");
        }
        assert_eq!(Failure::of("Segmentation fault"), None);
    }

    #[test]
    fn every_failure_has_a_hint_with_something_to_type() {
        for (failure, _) in WORDS {
            let hint = failure.hint(Path::new("/a lab"));
            assert!(
                hint.contains("mlops-lab") || hint.contains("pip config") || hint.contains("apt"),
                "{hint}"
            );
        }
        assert!(Failure::Permission.hint(Path::new("/a lab")).contains("'/a lab'"));
    }
}
