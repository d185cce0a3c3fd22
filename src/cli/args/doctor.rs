//! Arguments of `doctor`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Consent;
use crate::catalog::manifest::RuntimeKind;
use crate::catalog::units::Within;
use crate::layout;

/// `doctor`
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes:
  0 no failure · 1 a check fails (with --strict: or warns) · 2 usage · 3 a check could not be made

Examples:
  mlops-lab doctor serving --runtime compose
  mlops-lab doctor --only docker,disk --verbose
  mlops-lab doctor --report > report.txt  # for a bug report, without secrets")]
pub struct Doctor {
    /// Check what this lab needs [default: the lab in this folder, else everything].
    pub lab: Option<String>,
    /// Check only what this runtime needs.
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
    /// Run only these checks: an id, or the part before its dot (`docker`). Repeatable.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Skip these checks. Repeatable.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// Treat warnings as failures.
    #[arg(long)]
    pub strict: bool,
    /// Wait this long for what recovers by itself: an engine or a cluster that is starting.
    #[arg(long, value_name = "DURATION")]
    pub wait: Option<Within>,
    /// The time limit of each probe; a check that takes longer is reported as unknown.
    #[arg(long, alias = "within", value_name = "DURATION", default_value = "5s")]
    pub timeout: Within,
    /// The format of the report.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
    /// Show how each result was obtained, as commands to paste.
    #[arg(short, long)]
    pub verbose: bool,
    /// Print a bug report: all evidence, without home, user, host, addresses, tokens and
    /// passwords.
    #[arg(long)]
    pub report: bool,
    /// Offer to run the commands that fix what fails. Nothing runs without your consent.
    #[arg(long)]
    pub fix: bool,
    /// Answer yes to every question of --fix.
    #[arg(long, requires = "fix")]
    pub yes: bool,
    /// Check package indexes and registries as well.
    #[arg(long)]
    pub online: bool,
    /// The kubeconfig context to use. Required unless the current context is known to be a local
    /// cluster.
    #[arg(long, value_name = "NAME", env = layout::KUBECONTEXT, hide_env_values = true)]
    pub context: Option<String>,
    /// Read /proc, /sys and /etc below this folder.
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// List all checks and what each one covers.
    #[arg(long)]
    pub list: bool,
    /// For a pack or a lab that came from elsewhere.
    #[command(flatten)]
    pub consent: Consent,
}

/// The format of the report. The verdicts and the exit code are the same in each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON value; its schema is src/doctor/report/schema.json.
    Json,
    /// JUnit XML.
    Junit,
    /// Annotations for GitHub Actions.
    Github,
}
