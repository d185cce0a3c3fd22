//! What several commands take.

use std::path::PathBuf;

use clap::Args;

use crate::layout;

/// No arguments.
#[derive(Debug, Args)]
pub struct NoArgs {}

/// Consent, for commands that run what a lab names.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Consent {
    /// Trust the lab as it is now and run what it names. Needed once for a lab that came from
    /// elsewhere, and again after it changed.
    #[arg(long)]
    pub trust: bool,
}

/// Where packages and images come from without a network.
#[derive(Clone, Debug, Default, Args)]
pub struct Offline {
    /// Install from this folder, which `mlops-lab fetch` made, and use no network. In the runtimes
    /// local and compose.
    #[arg(
        id = "offline",
        long,
        value_name = "DIR",
        env = layout::OFFLINE,
        hide_env_values = true
    )]
    pub folder: Option<PathBuf>,
}

/// The cluster for the runtime `kubernetes`. Kept with the lab until `down --purge`.
#[derive(Clone, Debug, Default, Args)]
pub struct Cluster {
    /// The kubeconfig context to use. Required unless the current context is known to be a local
    /// cluster.
    #[arg(long, value_name = "NAME", env = layout::KUBECONTEXT, hide_env_values = true)]
    pub context: Option<String>,
    /// Push the lab's images to this registry, from which the cluster pulls them: HOST/PATH.
    #[arg(long, value_name = "HOST", env = layout::REGISTRY, hide_env_values = true)]
    pub registry: Option<String>,
    /// Load the lab's images into the nodes with this command, which reads the output of
    /// `docker save` on standard input.
    #[arg(
        long,
        value_name = "COMMAND",
        env = layout::LOAD,
        hide_env_values = true,
        conflicts_with = "registry"
    )]
    pub load: Option<String>,
}
