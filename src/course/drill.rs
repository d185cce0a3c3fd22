//! Which drill is meant: to start, or to undo. Pure.

use super::progress::Progress;
use crate::catalog::Manifest;
use crate::catalog::manifest::{Drill, RuntimeKind};
use crate::error::{Error, Result, unknown};

/// What every way out of a drill that cannot go on names.
pub const UNDO: &str = "put it back: mlops-lab break --undo";

/// The drill under way.
#[derive(Clone, Copy, Debug)]
pub struct UnderWay<'a> {
    /// Its name.
    pub id: &'a str,
    /// What the lab knows of it; nothing when an update took it away.
    pub known: Option<&'a Drill>,
}

fn is(drill: &Drill, name: &str) -> bool {
    drill.id == name || drill.was.iter().any(|was| was == name)
}

/// # Errors
/// Exit 1 when a drill is under way: two at once teach nothing.
pub fn ensure_none(progress: &Progress) -> Result<()> {
    match &progress.drill {
        None => Ok(()),
        Some(active) => Err(Error::no(format!("the drill `{}` is under way", active.id))
            .hint(format!("fix it, or {UNDO}"))),
    }
}

/// The drill with this name, present or former.
///
/// # Errors
/// Exit 2 when there is none in this runtime, with the nearest name.
pub fn to_start<'m>(manifest: &'m Manifest, kind: RuntimeKind, name: &str) -> Result<&'m Drill> {
    let known = manifest.drills(kind).map(|drill| drill.id.as_str());
    let found = manifest.drills(kind).find(|drill| is(drill, name));
    found.ok_or_else(|| unknown("drill", name, known))
}

/// The drill under way, whatever runtime is up now; none when there is none.
///
/// # Errors
/// Exit 2 when another one was named.
pub fn to_undo<'a>(
    manifest: &'a Manifest,
    progress: &'a Progress,
    named: Option<&str>,
) -> Result<Option<UnderWay<'a>>> {
    let Some(id) = progress.drill.as_ref().map(|drill| drill.id.as_str()) else {
        return Ok(None);
    };
    let known = manifest.drill.iter().find(|drill| drill.id == id);
    match named.filter(|name| !known.is_some_and(|drill| is(drill, name))) {
        Some(other) => {
            let message = format!("the drill under way is `{id}`, not `{other}`");
            Err(Error::usage(message).hint(UNDO))
        }
        None => Ok(Some(UnderWay { id, known })),
    }
}
