//! What is noted of a lab: its id, the folder that it is, and what is trusted of it.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::platform::fs;
use crate::platform::owner::{self, Node};

pub(super) const FILE: &str = "state.toml";

/// What is noted of a lab. A broken file counts as none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::workspace) struct State {
    /// Sixteen hexadecimal digits: marks every process of the lab, and its namespace.
    pub(in crate::workspace) id: String,
    pub(super) root: Root,
    /// Numbers of 64 bits and more: TOML's have 63.
    pub(super) device: String,
    pub(super) inode: String,
    pub(super) born: String,
    /// The id that the lab's record has, and every copy of it. Good for a word to the user; nothing
    /// is trusted by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) lab: Option<String>,
    /// What this user has trusted of this very folder, the latest last: see `trust`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) trusted: Vec<String>,
}

/// How many contents of a lab are remembered as trusted: enough to go back and forth between
/// branches.
const TRUSTED: usize = 16;

/// A path, of which TOML can hold only what is UTF-8.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Root {
    Text(String),
    Bytes(Vec<u8>),
}

impl From<&Path> for Root {
    fn from(path: &Path) -> Root {
        path.to_str().map_or_else(
            || Root::Bytes(path.as_os_str().as_bytes().to_vec()),
            |text| Root::Text(text.to_owned()),
        )
    }
}

impl State {
    pub(super) fn new(root: &Path, node: &Node, lab: Option<&str>, id: String) -> State {
        let Node { device, inode, born } = node;
        let [device, inode, born] = [device.to_string(), inode.to_string(), born.to_string()];
        State {
            id,
            root: root.into(),
            device,
            inode,
            born,
            lab: lab.map(str::to_owned),
            trusted: Vec::new(),
        }
    }

    /// The contents that were trusted of this folder. Another folder at the same path has none,
    /// whatever it inherits.
    pub(in crate::workspace) fn trusted(&self, root: &Path) -> &[String] {
        let same = owner::node(root).is_some_and(|node| self.is(&node));
        if same { &self.trusted } else { &[] }
    }

    pub(super) fn trust(&mut self, print: &str) {
        self.trusted.retain(|known| known != print);
        self.trusted.push(print.to_owned());
        let old = self.trusted.len().saturating_sub(TRUSTED);
        self.trusted.drain(..old);
    }

    /// What marks a change of files that was begun here: nobody else's folder has it, and the id
    /// cannot be read from it.
    pub(super) fn mark(&self) -> String {
        let hash = Sha256::new().chain_update("a change of ").chain_update(&self.id).finalize();
        hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    pub(super) fn root(&self) -> PathBuf {
        match &self.root {
            Root::Text(text) => text.into(),
            Root::Bytes(bytes) => OsString::from_vec(bytes.clone()).into(),
        }
    }

    /// Whether this is the folder, at whatever path. The device is left out where the path is the
    /// same: it may have another number after a restart.
    pub(super) fn is(&self, node: &Node) -> bool {
        self.inode == node.inode.to_string() && self.born == node.born.to_string()
    }

    /// Whether the lab that was at another path, where nothing is any more, is now at this one.
    pub(super) fn moved_to(&self, node: &Node, lab: Option<&str>) -> bool {
        let same = self.is(node)
            && self.device == node.device.to_string()
            && (lab.is_none() || self.lab.as_deref() == lab);
        same && gone(&self.root())
    }
}

pub(super) fn gone(path: &Path) -> bool {
    fs::kind(path).is_ok_and(|kind| kind == fs::Kind::Missing)
}
