//! A lab whose own files say too little, or are gone: what was noted when it was started is enough
//! to stop it.

use std::path::Path;

use super::path::real;
use super::{Record, Workspace, instance, search};
use crate::catalog::Manifest;
use crate::catalog::parse;
use crate::error::{Error, Result};
use crate::layout;

/// A manifest that says nothing.
const NOTHING: &str = "schema = 1\nid = ''\ntitle = ''\nsummary = ''\ndevops = ''\nlevel = \
    'beginner'\nminutes = 1\ntools = []\n[runtime]\n";

impl Workspace {
    /// The lab that is, or was, at `start` or above it, as far as this machine knows of one: of its
    /// files what can be read.
    ///
    /// # Errors
    /// Exit 3 when there is no safe place for the user's state.
    pub fn known(start: &Path) -> Result<Option<Workspace>> {
        for root in real(start).ancestors() {
            let instance = instance::find(root, None)?;
            if instance.state.is_some() {
                let ours = search::ours(root);
                let record =
                    Record::read(root).ok().filter(|_| ours).unwrap_or_else(Record::unknown);
                let (manifest, text) = manifest(root, ours)?;
                return Ok(Some(Workspace {
                    root: root.to_owned(),
                    record,
                    manifest,
                    text,
                    instance,
                }));
            }
        }
        Ok(None)
    }
}

/// What the lab's manifest says, with its text; nothing where it cannot be read, or is a
/// stranger's.
fn manifest(root: &Path, ours: bool) -> Result<(Manifest, String)> {
    let path = root.join(layout::MANIFEST);
    let text =
        if ours { super::text(root, layout::MANIFEST).unwrap_or_default() } else { String::new() };
    let own = parse::manifest(&text, &path.display().to_string());
    // Not by way of the parser: it refuses one that offers no runtime.
    let nothing = || {
        toml::from_str(NOTHING).map_err(|error| Error::bug("a manifest of nothing").because(error))
    };
    Ok((own.or_else(|_| nothing())?, text))
}
