//! A tree of files as a value, and the only kind of path that may be written: relative, inside,
//! portable.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A file: its bytes and whether it may be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The content.
    pub bytes: Vec<u8>,
    /// Mode 0755 instead of 0644.
    pub executable: bool,
}

impl File {
    /// A file whose executable bit comes from its first two bytes: `#!` means a script.
    pub fn new(bytes: Vec<u8>) -> Self {
        let executable = bytes.starts_with(b"#!");
        File { bytes, executable }
    }
}

/// Files by path, sorted.
pub type Tree = BTreeMap<RelPath, File>;

/// A path with `/` that cannot leave the folder it is joined to, on any system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RelPath(String);

/// Names that Windows keeps for devices, with any extension.
const DEVICES: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8",
    "com9", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

impl RelPath {
    /// Whether this file may hold secrets: a `.env`, in whatever folder. Readable by its owner
    /// only, without a pristine copy, ignored by git.
    pub fn is_secret(&self) -> bool {
        self.as_str().rsplit('/').next() == Some(".env")
    }

    /// Takes a path with `/` between its parts. Refused, with the reason: empty, absolute, `.` or
    /// `..` parts, backslashes, characters and names that Windows refuses, parts over 255 bytes,
    /// control characters.
    pub fn new(path: impl Into<String>) -> Result<Self, String> {
        let path = path.into();
        let refuse = |why: &str| {
            Err(format!("`{}` is not a path inside the project: {why}", path.escape_debug()))
        };
        if path.is_empty() {
            return refuse("it is empty");
        }
        if path.starts_with('/') {
            return refuse("it is absolute");
        }
        for part in path.split('/') {
            if part.is_empty() || part == "." || part == ".." {
                return refuse("it has an empty, `.` or `..` part");
            }
            if part.len() > 255 {
                return refuse("a part is longer than 255 bytes");
            }
            if part.chars().any(|c| c.is_control() || r#"\:*?"<>|"#.contains(c)) {
                return refuse("it has a character that not every system allows");
            }
            if part.ends_with('.') || part.ends_with(' ') {
                return refuse("a part ends with a dot or a space");
            }
            let stem = part.split('.').next().unwrap_or_default().to_ascii_lowercase();
            if DEVICES.contains(&stem.as_str()) {
                return refuse("Windows keeps that name for a device");
            }
        }
        Ok(RelPath(path))
    }

    /// The path as text, with `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path below `root`.
    pub fn under(&self, root: &std::path::Path) -> std::path::PathBuf {
        let mut path = root.to_path_buf();
        path.extend(self.0.split('/'));
        path
    }
}

impl TryFrom<String> for RelPath {
    type Error = String;
    fn try_from(path: String) -> Result<Self, String> {
        RelPath::new(path)
    }
}

impl From<RelPath> for String {
    fn from(path: RelPath) -> String {
        path.0
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_the_project_are_refused() {
        for path in [
            "",
            "/etc/passwd",
            "..",
            "a/../b",
            "./a",
            "a//b",
            "a/",
            "a\\b",
            "C:x",
            "nul",
            "a/CON.txt",
            "a\nb",
            "a ",
            "b.",
        ] {
            assert!(RelPath::new(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn ordinary_paths_are_taken() {
        for path in ["a", ".gitignore", "k8s/base/deployment.yaml", "config/routing.json", "a b/c"]
        {
            assert_eq!(RelPath::new(path).unwrap().as_str(), path);
        }
    }

    #[test]
    fn a_script_is_executable() {
        assert!(File::new(b"#!/bin/sh\n".to_vec()).executable);
        assert!(!File::new(b"text".to_vec()).executable);
    }
}
