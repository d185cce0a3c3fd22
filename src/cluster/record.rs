//! What is written down of the cluster in the user's state folder: that we made it, and how it is
//! known again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::sizes::Limits;
use super::tool::Tool;
use crate::error::{Error, Result};
use crate::platform::{fs, user_state};

/// The cluster that we made, or were making.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// By which tool.
    pub tool: Tool,
    /// Whether it was made whole: a run that was killed leaves one that is not.
    pub made: bool,
    /// What it may take.
    pub limits: Limits,
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
            Error::environment(format!("{} cannot be read", path.display()))
                .because(error)
                .hint(format!("if you made no cluster: rm '{}'", path.display()))
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
    pub fn is(&self, containers: &[String]) -> bool {
        match (self.made, self.containers.is_empty()) {
            // There was none of this name when we began.
            (false, _) => true,
            (true, true) => containers.is_empty(),
            (true, false) => containers.iter().any(|id| self.containers.contains(id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_cluster_of_the_same_name_has_other_containers() {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let record = |made, containers: &[&str]| Record {
            tool: Tool::Kind,
            made,
            limits: Limits::default(),
            containers: ids(containers),
        };
        for (made, ours, there, same) in [
            (true, &["a"][..], &["a"][..], true),
            // A node was added, or replaced.
            (true, &["a", "b"], &["b", "c"], true),
            (true, &["a"], &["b"], false),
            (true, &["a"], &[], false),
            // A virtual machine: the name is all that is known.
            (true, &[], &[], true),
            (true, &[], &["b"], false),
            // Killed while it was made.
            (false, &[], &["b"], true),
        ] {
            assert_eq!(record(made, ours).is(&ids(there)), same, "{ours:?} {there:?}");
        }
    }
}
