//! Arguments of the commands that write a project: `show`, `init`, `update`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Cluster, Consent, Offline};
use crate::catalog::manifest::RuntimeKind;

/// `show`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mlops-lab show serving
  mlops-lab show tracking --json")]
pub struct Show {
    /// The lab.
    pub lab: String,
}

/// `fetch`
#[derive(Debug, Args)]
#[command(after_help = "\
Run it again after an interruption: what is there is kept. Labs can share a folder.

Examples:
  mlops-lab fetch serving  # into ./serving-offline
  mlops-lab fetch serving --to /media/usb/labs
  mlops-lab fetch serving --runtime local  # no images
  mlops-lab init serving --up --offline /media/usb/labs")]
pub struct Fetch {
    /// The lab.
    pub lab: String,
    /// The folder [default: ./LAB-offline].
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Fetch only for this runtime: local (packages) or compose (packages and images) [default:
    /// both, without images where there is no Docker].
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
}

/// `init`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mlops-lab init serving         # into ./serving-lab
  mlops-lab init serving ../my-lab --set port=9000 --up
  mlops-lab init tracking --ask  # prompt for every answer")]
pub struct Init {
    /// The lab.
    pub lab: String,
    /// The new folder [default: the lab's project name].
    pub folder: Option<PathBuf>,
    /// Set a variable of the lab (`mlops-lab show LAB` lists them). Repeatable.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Read answers from a TOML or JSON file.
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// Prompt for every answer that is not given. Without this flag only answers that have no
    /// default are prompted for.
    #[arg(long)]
    pub ask: bool,
    /// Start the lab right away.
    #[arg(long)]
    pub up: bool,
    /// Skip the check of this machine at the end.
    #[arg(long)]
    pub no_doctor: bool,
    /// Write into a folder that is not empty, and what to do with files that exist.
    #[arg(long, value_enum, value_name = "HOW")]
    pub on_conflict: Option<OnConflict>,
    /// Decide about one file; takes precedence over --on-conflict. Repeatable.
    #[arg(long, alias = "settle", value_name = "FILE=HOW", requires = "on_conflict")]
    pub resolve: Vec<String>,
    /// List what would be written, and write nothing.
    #[arg(long, conflicts_with = "up")]
    pub dry_run: bool,
    /// Show what would be written line by line, and write nothing.
    #[arg(long, conflicts_with = "up")]
    pub diff: bool,
    /// Make the folder a git repository with a first commit.
    #[arg(long)]
    pub git: bool,
    /// The runtime that `--up` starts [default: local].
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
    /// Without a network.
    #[command(flatten)]
    pub offline: Offline,
    /// The cluster, and how images get there.
    #[command(flatten)]
    pub cluster: Cluster,
}

/// `update`
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes:
  0 updated · 1 conflicts are left between markers · 2 usage · 3 environment

Examples:
  mlops-lab update --dry-run  # list what would change
  mlops-lab update --set port=9000
  mlops-lab update --on-conflict keep-both --resolve README.md=overwrite")]
pub struct Update {
    /// Change a variable of the lab. Repeatable.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// What to do with a file that both you and the lab changed.
    #[arg(long, value_enum, value_name = "HOW", default_value = "merge")]
    pub on_conflict: OnConflict,
    /// Decide about one file; takes precedence over --on-conflict. Repeatable.
    #[arg(long, alias = "settle", value_name = "FILE=HOW")]
    pub resolve: Vec<String>,
    /// List what would change, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Show what would change line by line, and change nothing.
    #[arg(long)]
    pub diff: bool,
    /// For a lab that came from elsewhere.
    #[command(flatten)]
    pub consent: Consent,
}

/// What to do with a file that both sides have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnConflict {
    /// Keep yours.
    Skip,
    /// Write the lab's; `undo` brings yours back.
    Overwrite,
    /// Merge both; changes of the same lines are put between conflict markers.
    Merge,
    /// Keep yours, and write the lab's beside it.
    KeepBoth,
    /// Prompt for each file before anything is written.
    Ask,
}
