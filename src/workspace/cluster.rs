//! Which cluster the lab runs in, as `up` wrote it down: all that `down` needs, also after a kill.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Workspace;
use crate::error::{Error, Result};
use crate::layout;
use crate::platform::fs;
use crate::platform::kubeconfig::{self, Context};

/// The cluster of a lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// The context of the kubeconfig.
    pub context: String,
    /// The address of its API server when the lab was brought there: a context may come to mean
    /// another cluster.
    pub server: String,
    /// The lab's namespace.
    pub namespace: String,
    /// Whether the lab is up, or was being brought up.
    pub up: bool,
    /// Whether the namespace was ours when it was last seen: made by us, with our label.
    #[serde(default)]
    pub made: bool,
    /// Whether the cluster is the one that `mlops-lab cluster` made.
    #[serde(default)]
    pub own: bool,
    /// Where images are pushed, when they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// The command that brings images to the nodes, when the user named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<String>,
    /// The images that were brought there: name and id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<String, String>,
    /// What was applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<Object>,
}

/// What an object of a cluster is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Object {
    /// `apps/v1`
    pub version: String,
    /// `Deployment`
    pub kind: String,
    /// Its name.
    pub name: String,
    /// None for what belongs to the whole cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind.to_ascii_lowercase(), self.name)
    }
}

impl Workspace {
    fn cluster_file(&self) -> PathBuf {
        cluster_file(self.run_folder())
    }

    fn kubeconfig_file(&self) -> PathBuf {
        self.run_folder().join("kubeconfig")
    }

    /// The cluster that the lab was brought to, if any.
    ///
    /// # Errors
    /// Exit 3 when the record cannot be read.
    pub fn cluster(&self) -> Result<Option<Cluster>> {
        let path = self.cluster_file();
        let Some(bytes) = fs::read_optional(&path)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            Error::environment(format!("{} cannot be read", path.display())).because(error)
        })
    }

    /// Writes down where the lab is being brought.
    ///
    /// # Errors
    /// Exit 3 when it cannot be written.
    pub fn set_cluster(&self, cluster: &Cluster, context: &Context) -> Result<()> {
        // Only which context is current, and the namespace in it: addresses and credentials stay
        // where they are. kubectl takes the first entry of a name, and JSON is YAML.
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": cluster.context,
            "contexts": [{"name": cluster.context, "context":
                {"cluster": context.cluster, "user": context.user,
                    "namespace": cluster.namespace}}],
        });
        fs::write(&self.kubeconfig_file(), format!("{config:#}\n").as_bytes(), false)?;
        self.note_cluster(cluster)
    }

    /// Writes down what has changed.
    ///
    /// # Errors
    /// Exit 3 when it cannot be written.
    pub fn note_cluster(&self, cluster: &Cluster) -> Result<()> {
        let bytes = serde_json::to_vec_pretty(cluster)
            .map_err(|error| Error::bug("a record that cannot be written").because(error))?;
        fs::write(&self.cluster_file(), &bytes, false)
    }

    /// Nothing of the lab is in a cluster any more.
    ///
    /// # Errors
    /// Exit 3 when the record cannot be removed.
    pub fn forget_cluster(&self) -> Result<()> {
        fs::remove(&self.kubeconfig_file())?;
        fs::remove(&self.cluster_file())
    }

    /// What makes kubectl, run for the lab, mean the lab's cluster and namespace. Before the lab
    /// was brought to one, it means none: never the one that the user happens to work with.
    pub(super) fn kubectl_env(&self) -> Result<Vec<(OsString, OsString)>> {
        let own = self.kubeconfig_file();
        let outside: Vec<PathBuf> =
            kubeconfig::files().into_iter().filter(|file| *file != own).collect();
        let list = |files: &[PathBuf]| {
            std::env::join_paths(files).map_err(|error| {
                Error::environment(format!("{} cannot stand in KUBECONFIG", own.display()))
                    .because(error)
                    .hint("move the lab to a path without a colon")
            })
        };
        let mut env = vec![(layout::KUBECONFIG.into(), list(&outside)?)];
        match self.cluster()? {
            None => env.push(("KUBECONFIG".into(), own.into())),
            Some(cluster) => {
                env.push(("KUBECONFIG".into(), list(&[vec![own.clone()], outside].concat())?));
                env.push((layout::KUBECONTEXT.into(), cluster.context.into()));
                env.push((layout::NAMESPACE.into(), cluster.namespace.into()));
            }
        }
        Ok(env)
    }
}

/// The record of the cluster, in a folder of run state.
pub(super) fn cluster_file(run: &Path) -> PathBuf {
    run.join("cluster.json")
}
