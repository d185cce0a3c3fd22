//! Arguments of `cluster`: the cluster on this machine for the runtime `kubernetes`.

use clap::{Args, Subcommand};

use super::super::{Deferred, GlobalArgs};
use super::NoArgs;
use crate::cluster::Tool;

/// `cluster`
#[derive(Debug, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Examples:
  mlops-lab cluster up  # with kind, k3d or minikube
  mlops-lab cluster status
  mlops-lab cluster down"
)]
pub struct LocalCluster {
    /// The command.
    #[command(subcommand)]
    pub command: ClusterCommand,
    /// They may also stand between `cluster` and its command.
    #[command(flatten)]
    pub global: GlobalArgs,
}

/// `cluster ...`
#[derive(Debug, Subcommand)]
pub enum ClusterCommand {
    /// Make the cluster, or start it; prints first what it runs and what that costs.
    ///
    /// In a lab it gets the memory and the processors that the lab needs, as far as the tool can
    /// set them. Your current context stays as it is.
    Up(Deferred<ClusterUp>),
    /// Remove the cluster that `cluster up` made, with all that is in it.
    #[command(after_help = "\
Exit codes:
  0 removed, or there was none · 3 not made by `cluster up`, or broken environment

Examples:
  mlops-lab cluster down
  mlops-lab cluster down --json")]
    Down(Deferred<NoArgs>),
    /// Show the cluster, whether it answers, and which labs are in it.
    #[command(after_help = "\
Exit codes:
  0 it answers · 1 there is none · 3 it does not answer, or cannot tell

Examples:
  mlops-lab cluster status
  mlops-lab cluster status --json")]
    Status(Deferred<NoArgs>),
}

/// `cluster up`
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes:
  0 it runs · 2 usage · 3 nothing to make it with, or it fails

Examples:
  mlops-lab cluster up --dry-run  # only print the commands and the cost
  mlops-lab cluster up --with k3d")]
pub struct ClusterUp {
    /// The tool [default: the one that made the cluster, else the first of these on PATH].
    #[arg(long, value_enum, value_name = "TOOL")]
    pub with: Option<Tool>,
    /// Print what it would run and what that costs, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
}
