//! What a lab costs, measured while it is proven, and written into its manifest.

use super::project::Project;
use crate::catalog::Lab;
use crate::catalog::manifest::{Cost, RuntimeKind};
use crate::catalog::parse::{Key, locate};
use crate::catalog::source::Source;
use crate::error::{Error, Result};
use crate::platform::fs;
use crate::runtime;

const MB: u64 = 1_000_000;

/// Disk and memory of a lab that is up.
pub(super) fn measure(project: &Project, cost: &mut Cost) -> Result<()> {
    let megabytes = |bytes: u64| u32::try_from(bytes.div_ceil(MB)).unwrap_or(u32::MAX);
    cost.disk_mb = Some(megabytes(fs::size(&project.root)));
    cost.peak_mb = runtime::memory(&project.workspace()?, project.kind)?.map(megabytes);
    Ok(())
}

/// Puts measured numbers into `[cost.<runtime>]` of the pack's lab.toml; keys that are not there yet are said.
///
/// # Errors
/// Exit 2 when the lab is built in: it has no file to write.
pub fn write_cost(lab: &Lab, kind: RuntimeKind, cost: &Cost) -> Result<()> {
    let Source::Pack(root) = &lab.source else {
        return Err(Error::usage("a built-in lab has no file to write").hint("name its pack: --pack DIR"));
    };
    let path = root.join("labs").join(&lab.manifest.id).join("lab.toml");
    let mut text = fs::read_text(&path)?;
    let values = [
        ("disk_mb", cost.disk_mb.map(|mb| mb.to_string())),
        ("peak_mb", cost.peak_mb.map(|mb| mb.to_string())),
        ("ready_s", cost.ready_s.map(|s| format!("{s:.1}"))),
    ];
    for (key, value) in values {
        let Some(value) = value else { continue };
        let at: [Key; 3] = ["cost".into(), kind.name().into(), key.into()];
        // Only a value that stands on its own is replaced: a place that is not found must not be guessed.
        match locate(&text, &at)
            .filter(|span| text.get(span.clone()).is_some_and(|old| old.parse::<f64>().is_ok()))
        {
            Some(span) => text.replace_range(span, &value),
            None => {
                return Err(Error::usage(format!("{} has no number at cost.{kind}.{key}", path.display()))
                    .hint(format!("add under [cost.{kind}]: {key} = {value}")));
            }
        }
    }
    fs::write(&path, text.as_bytes(), false)
}
