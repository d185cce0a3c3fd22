//! Which file this program is. It may be replaced while it runs: an upgrade during a long `up`.

use std::path::PathBuf;

use crate::error::{Error, Result};

/// What Linux adds to the name of a program whose file is gone.
const GONE: &str = " (deleted)";

/// The path of what runs now, to start it once more; after an upgrade still the old one.
///
/// # Errors
/// Exit 3 when the system does not know it.
pub fn running_program() -> Result<PathBuf> {
    let path = path()?;
    let link = PathBuf::from("/proc/self/exe");
    Ok(if !path.exists() && link.exists() { link } else { path })
}

/// The path at which others find this program; after an upgrade the new one.
///
/// # Errors
/// Exit 3 when the system does not know it.
pub fn installed_program() -> Result<PathBuf> {
    let path = path()?;
    let name = path.to_str().and_then(|name| name.strip_suffix(GONE));
    Ok(match name.map(PathBuf::from) {
        Some(upgraded) if !path.exists() && upgraded.exists() => upgraded,
        _ => path,
    })
}

fn path() -> Result<PathBuf> {
    std::env::current_exe()
        .map_err(|error| Error::environment("cannot find this program").because(error))
}
