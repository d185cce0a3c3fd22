//! Arguments of `lab`: the commands for people who write labs.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::super::{Deferred, GlobalArgs};
use super::{Cluster, NoArgs};
use crate::catalog::manifest::RuntimeKind;

/// `lab`
#[derive(Debug, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Examples:
  mlops-lab lab new my-lab ./pack  # a small lab that passes its own proof
  mlops-lab --pack ./pack lab test my-lab --runtime local"
)]
pub struct Lab {
    /// The command.
    #[command(subcommand)]
    pub command: LabCommand,
    /// Also between the two words.
    #[command(flatten)]
    pub global: GlobalArgs,
}

/// `lab ...`
#[derive(Debug, Subcommand)]
pub enum LabCommand {
    /// Write a small lab to start from.
    New(Deferred<LabNew>),
    /// Check a pack against the rules of the format.
    Lint(Deferred<LabLint>),
    /// Prove a lab on this machine.
    ///
    /// Every check must be red before its step and for wrong solutions, and green for right ones.
    /// Each case is printed as soon as it is known, with --json as one JSON object per line. Cases
    /// that need the real thing where a stand-in runs are counted as not proven.
    Test(Deferred<LabTest>),
    /// Print the documentation of the lab format.
    #[command(after_help = "\
Examples:
  mlops-lab lab format | less")]
    Format(Deferred<NoArgs>),
}

/// `lab new`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mlops-lab lab new my-lab ./pack
  mlops-lab --pack ./pack lab test my-lab --runtime local")]
pub struct LabNew {
    /// The id of the lab: a-z, 0-9 and -.
    pub id: String,
    /// The pack: a new folder, or one with labs/ and templates/.
    pub folder: PathBuf,
}

/// `lab lint`
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes:
  0 no findings · 1 findings · 2 usage

Examples:
  mlops-lab lab lint ./pack
  mlops-lab lab lint ./pack --json  # file, line, column, message, rule")]
pub struct LabLint {
    /// The pack's folder [default: the built-in labs].
    pub folder: Option<PathBuf>,
}

/// `lab test`. With `--json` each case is a line of JSON of its own, as soon as it is known.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes:
  0 no case failed · 1 a case failed · 2 usage · 3 no case could run on this machine

Examples:
  mlops-lab lab test serving --list
  mlops-lab lab test serving --runtime local --only predict
  mlops-lab lab test serving tracking --jobs 2 --junit proof.xml
  mlops-lab lab test serving --explain
  mlops-lab --pack ./pack lab test my-lab --keep")]
pub struct LabTest {
    /// The labs.
    #[arg(value_name = "LAB", required = true)]
    pub labs: Vec<String>,
    /// Test only this runtime [default: all that the lab offers].
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
    /// List the cases, and run none.
    #[arg(long)]
    pub list: bool,
    /// Print what would run, in order, and what must be observed; run nothing.
    #[arg(long, conflicts_with = "list")]
    pub explain: bool,
    /// Test up to this many labs and runtimes at once.
    #[arg(short, long, value_name = "N", default_value = "1", conflicts_with = "write_cost")]
    pub jobs: NonZeroUsize,
    /// Also write the cases to this file, as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Run only this case, or all cases of this step or drill; the steps before it are solved
    /// first. Repeatable.
    #[arg(long, value_name = "CASE")]
    pub only: Vec<String>,
    /// Write the measured cost into the lab.toml of the pack named by --pack.
    #[arg(long, conflicts_with = "only")]
    pub write_cost: bool,
    /// Keep the project, stopped, and print its folder.
    #[arg(long)]
    pub keep: bool,
    /// Set a variable of the lab where the default of the proof does not fit, such as the name of
    /// images that are already on a node. Repeatable.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// The cluster, and how images get there.
    #[command(flatten)]
    pub cluster: Cluster,
}
