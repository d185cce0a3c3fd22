//! The folders of run state: one for each lab, by the lab's real path.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::state::{FILE, State};
use crate::platform::fs;

pub(super) fn labs(state: PathBuf) -> PathBuf {
    state.join("labs")
}

/// `serving-0123456789abcdef`: the folder's name for people, the whole path's hash for us.
pub(super) fn name(root: &Path, number: usize) -> String {
    let hash: String = Sha256::digest(root.as_os_str().as_bytes())
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let last = root.file_name().unwrap_or_default().to_string_lossy();
    let last: String = last.chars().map(plain).take(30).collect();
    if number == 0 { format!("{last}-{hash}") } else { format!("{last}-{hash}-{number}") }
}

pub(super) fn read(folder: &Path) -> Option<State> {
    let bytes = fs::read_io(&folder.join(FILE)).ok()?;
    toml::from_str(std::str::from_utf8(&bytes).ok()?).ok()
}

pub(super) fn all(labs: &Path) -> Vec<(PathBuf, State)> {
    let folders = fs::folders(labs).unwrap_or_default().into_iter().map(|name| labs.join(name));
    folders.filter_map(|folder| read(&folder).map(|state| (folder, state))).collect()
}
