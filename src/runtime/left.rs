//! What is left of a lab on this machine, and what it takes up.

use super::{driver, places};
use crate::catalog::manifest::RuntimeKind;
use crate::error::Result;
use crate::platform::process;
use crate::workspace::{Cluster, Workspace};

/// Everything of the lab that is alive, or lies in Docker or in a cluster, in words. With `purged`,
/// volumes and the namespace count too. `cluster` is where the lab was, when its record is gone.
pub fn leftovers(ws: &Workspace, purged: bool, cluster: Option<&Cluster>) -> Result<Vec<String>> {
    let mut left = Vec::new();
    for record in places::services(ws)
        .into_iter()
        .chain(places::all_passing(ws))
        .chain(places::all_background(ws))
    {
        if process::alive(&record.process) {
            left.push(format!("{} (pid {})", record.name, record.process.pid));
        }
    }
    left.extend(
        places::marked(ws)
            .into_iter()
            .map(|marked| format!("{} (pid {})", marked.command, marked.process.pid)),
    );
    for kind in RuntimeKind::ALL {
        left.extend(driver(kind).leftovers(ws, purged, cluster)?);
    }
    Ok(left)
}

/// What the lab takes up outside the project's folder, in bytes: the images of its containers. None
/// where the engine does not say.
pub fn images(ws: &Workspace, kind: RuntimeKind) -> Option<u64> {
    driver(kind).images(ws)
}

/// Resident memory of what runs, in bytes.
pub fn memory(ws: &Workspace, kind: RuntimeKind) -> Option<u64> {
    driver(kind).memory(ws)
}
