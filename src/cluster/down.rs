//! `cluster down`: removes the cluster that we made, and no other.

use std::time::Duration;

use serde::Serialize;

use super::plan::{self, Facts};
use super::record::Record;
use super::tool::Tool;
use super::{NAME, probe, run, up};
use crate::error::{Error, Result};
use crate::platform::term::Progress;

/// Removing a cluster of containers; a virtual machine takes longer.
const DELETE: Duration = Duration::from_secs(5 * 60);

/// What was removed.
#[derive(Debug, Serialize)]
pub struct Down {
    /// The cluster.
    pub name: &'static str,
    /// What had made it; none where there was none.
    pub tool: Option<Tool>,
    /// Whether it was there.
    pub removed: bool,
    /// The namespaces of labs that were in it.
    pub namespaces: Vec<String>,
}

/// Removes the cluster, with all that is in it.
///
/// # Errors
/// Exit 3 when the name belongs to someone else's cluster, or the tool fails.
pub fn down(progress: &mut dyn Progress) -> Result<Down> {
    let nothing = Down { name: NAME, tool: None, removed: false, namespaces: Vec::new() };
    let Some(record) = Record::load()? else {
        return match probe::others()?.first() {
            Some(tool) => Err(plan::foreign(*tool)),
            None => Ok(nothing),
        };
    };
    let tool = record.tool;
    let there = probe::has_cluster(tool)?;
    if !there {
        Record::forget()?;
        return Ok(Down { tool: Some(tool), ..nothing });
    }
    let containers = probe::containers(tool)?;
    let facts = Facts { record: Some(&record), there, containers: &containers, answers: false };
    if !facts.ours() {
        return Err(plan::foreign(tool));
    }
    let namespaces = probe::namespaces(tool).ok().and_then(Result::ok).unwrap_or_default();
    progress.start(&format!("{tool} deletes the cluster"));
    run::run(&tool.delete(), DELETE, progress)?;
    if probe::has_cluster(tool)? {
        return Err(Error::environment(format!(
            "{tool} has deleted the cluster, and still lists it"
        ))
        .hint("see what is left: mlops-lab cluster status"));
    }
    progress.done("");
    if !record.made {
        up::give_back(tool, record.context.as_deref())?;
    }
    Record::forget()?;
    let namespaces = namespaces.into_iter().map(|(name, _)| name).collect();
    Ok(Down { tool: Some(tool), removed: true, namespaces, ..nothing })
}
