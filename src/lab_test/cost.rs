//! What a lab costs, measured while it is proven, and written into its manifest.

use std::ops::Range;
use std::path::PathBuf;

use super::project::Project;
use crate::catalog::Lab;
use crate::catalog::manifest::{Cost, RuntimeKind};
use crate::catalog::parse::{Key, locate};
use crate::catalog::source::Source;
use crate::error::{Error, Result};
use crate::platform::fs;
use crate::runtime;

const MB: u64 = 1_000_000;

/// Disk and memory of a lab that is up. Disk is what the files are said to hold, not what they
/// share with an installer's cache: another machine has no such cache.
pub(super) fn measure(project: &Project, cost: &mut Cost) -> Result<()> {
    let megabytes = |bytes: u64| u32::try_from(bytes.div_ceil(MB)).unwrap_or(u32::MAX);
    let workspace = project.workspace()?;
    let images = runtime::images(&workspace, project.kind);
    cost.disk_mb = images.map(|images| megabytes(images + fs::size(&project.root)));
    cost.peak_mb = runtime::memory(&workspace, project.kind).map(megabytes);
    Ok(())
}

/// The keys of `[cost.<runtime>]` that are measured.
const MEASURED: [&str; 3] = ["disk_mb", "peak_mb", "ready_s"];

/// Whether there is a number in the pack's lab.toml for everything that is measured: asked before
/// minutes are spent.
///
/// # Errors
/// Exit 2 with every key that is missing, as lines to paste; when the lab is built in; when the
/// file cannot be written.
pub fn costs_writable(lab: &Lab, kinds: &[RuntimeKind]) -> Result<()> {
    let path = file(lab)?;
    let text = fs::read_text(&path)?;
    let mut missing = Vec::new();
    for kind in kinds {
        let keys: Vec<&str> =
            MEASURED.into_iter().filter(|key| place(&text, *kind, key).is_none()).collect();
        if !keys.is_empty() {
            missing.push(format!("[cost.{kind}]"));
            missing.extend(keys.iter().map(|key| format!("{key} = 0")));
        }
    }
    if !missing.is_empty() {
        return Err(Error::usage(format!("{} has no place for what is measured", path.display()))
            .detail(missing.join("\n"))
            .hint("add these lines; the proof replaces the numbers"));
    }
    // Written as it is: what cannot be written at the end is known at the beginning.
    fs::write(&path, text.as_bytes(), false)
}

fn file(lab: &Lab) -> Result<PathBuf> {
    let Source::Pack(root) = &lab.source else {
        return Err(Error::usage("--write-cost: a built-in lab has no file to write")
            .hint("name its pack: --pack DIR"));
    };
    Ok(root.join("labs").join(&lab.manifest.id).join("lab.toml"))
}

/// Where the number stands. Only a value that stands on its own is replaced: a place that is not
/// found must not be guessed.
fn place(text: &str, kind: RuntimeKind, key: &str) -> Option<Range<usize>> {
    let at: [Key; 3] = ["cost".into(), kind.name().into(), key.into()];
    locate(text, &at)
        .filter(|span| text.get(span.clone()).is_some_and(|old| old.parse::<f64>().is_ok()))
}

/// Puts measured numbers into `[cost.<runtime>]` of the pack's lab.toml.
///
/// # Errors
/// As [`costs_writable`].
pub fn write_cost(lab: &Lab, kind: RuntimeKind, cost: &Cost) -> Result<()> {
    costs_writable(lab, &[kind])?;
    let path = file(lab)?;
    let mut text = fs::read_text(&path)?;
    let values = [
        cost.disk_mb.map(|mb| mb.to_string()),
        cost.peak_mb.map(|mb| mb.to_string()),
        cost.ready_s.map(|s| format!("{s:.1}")),
    ];
    for (key, value) in MEASURED.into_iter().zip(values) {
        if let (Some(value), Some(span)) = (value, place(&text, kind, key)) {
            text.replace_range(span, &value);
        }
    }
    fs::write(&path, text.as_bytes(), false)
}
