//! What is written down of the cluster in the user's state folder: that we made it, and how it is
//! known again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::sizes::Limits;
use super::tool::Tool;
use crate::error::{Error, Result};
use crate::platform::{fs, process, user_state};

/// How long a tool may take to make a cluster: images are fetched over a slow network.
pub(super) const MAKING: Duration = Duration::from_secs(20 * 60);

/// How far the clock of an engine in a virtual machine may be from ours.
const SKEW: Duration = Duration::from_secs(60);

/// A container of a control plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Container {
    pub(super) id: String,
    /// When it was created, in seconds since 1970; none where the engine does not report it.
    pub(super) created: Option<u64>,
}

/// The cluster that we made, or were making.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// By which tool.
    pub tool: Tool,
    /// Whether it was made whole: a run that was killed leaves one that is not.
    pub made: bool,
    /// When we began to make it, in seconds since 1970.
    pub begun: u64,
    /// What it may take.
    pub limits: Limits,
    /// The context that was current when we began. A tool that makes its own the current one may
    /// be ended before we give this one back.
    #[serde(default)]
    pub context: Option<String>,
    /// The ids of its control plane's containers; none where no engine knows any. Another cluster
    /// of the same name has others.
    pub containers: Vec<String>,
}

fn path(folder: &Path) -> PathBuf {
    folder.join("cluster.json")
}

impl Record {
    /// The record, if any.
    ///
    /// # Errors
    /// Exit 3 when it cannot be read.
    pub fn load() -> Result<Option<Record>> {
        let path = path(&user_state::folder()?);
        let Some(bytes) = fs::read_optional(&path)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            Error::environment(format!("{} cannot be read", path.display())).because(error).hint(
                format!(
                    "if you made no cluster: {}",
                    process::shell_words(&["rm".to_owned(), path.display().to_string()])
                ),
            )
        })
    }

    /// Writes it down.
    ///
    /// # Errors
    /// Exit 3 when it cannot be written.
    pub(super) fn save(&self) -> Result<()> {
        let bytes = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::bug("a record that cannot be written").because(error))?;
        fs::write(&path(&user_state::make()?), &bytes, false)
    }

    /// There is no cluster of ours any more.
    ///
    /// # Errors
    /// Exit 3 when it cannot be removed.
    pub(super) fn forget() -> Result<()> {
        fs::remove(&path(&user_state::folder()?))
    }

    /// Whether a cluster of our name with these containers is the one that we made.
    pub(super) fn is(&self, containers: &[Container]) -> bool {
        if !self.made {
            // There was none of this name when we began. What was created long after we were
            // killed is someone else's.
            let begun = self.begun.saturating_sub(SKEW.as_secs());
            let period = begun..=self.begun.saturating_add(MAKING.as_secs());
            let ours = |created: u64| period.contains(&created);
            return containers.iter().all(|container| container.created.is_some_and(ours));
        }
        if self.containers.is_empty() {
            return containers.is_empty();
        }
        containers.iter().any(|container| self.containers.contains(&container.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_cluster_of_the_same_name_has_other_containers() {
        let record = |made, containers: &[&str]| Record {
            tool: Tool::Kind,
            made,
            begun: 1_000_000,
            limits: Limits::default(),
            context: None,
            containers: containers.iter().map(|id| (*id).to_owned()).collect(),
        };
        let created = |ids: &[&str], created| -> Vec<Container> {
            ids.iter().map(|id| Container { id: (*id).to_owned(), created }).collect()
        };
        for (ours, there, same) in [
            (&["a"][..], &["a"][..], true),
            // A node was added, or replaced.
            (&["a", "b"], &["b", "c"], true),
            (&["a"], &["b"], false),
            (&["a"], &[], false),
            // A virtual machine: the name is all that is known.
            (&[], &[], true),
            (&[], &["b"], false),
        ] {
            let is = record(true, ours).is(&created(there, None));
            assert_eq!(is, same, "{ours:?} {there:?}");
        }
        // Killed while it was made.
        for (at, same) in [
            (Some(999_999), true),
            (Some(1_000_600), true),
            // Before we began, and long after.
            (Some(900_000), false),
            (Some(1_002_000), false),
            (None, false),
        ] {
            assert_eq!(record(false, &[]).is(&created(&["b"], at)), same, "{at:?}");
        }
        assert!(record(false, &[]).is(&[]), "killed before there was a container");
    }
}
