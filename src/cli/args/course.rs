//! Arguments of the commands that follow the course: `check`, `hint`, `solve`, `break`.

use clap::Args;

use super::Consent;
use crate::catalog::manifest::RuntimeKind;

/// `check`
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes:
  0 passed · 1 not yet · 2 usage · 3 cannot tell

Examples:
  mlops-lab check  # from the current step on
  mlops-lab check predict
  mlops-lab check --watch")]
pub struct Check {
    /// The step or drill [default: from the current step on].
    pub step: Option<String>,
    /// Check every step, also those that passed before.
    #[arg(long)]
    pub all: bool,
    /// Keep checking, and print what changes. On a terminal: Enter checks now, h shows the next
    /// hint, q quits.
    #[arg(short, long)]
    pub watch: bool,
    /// The runtime, when nothing is up [default: local].
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
    /// For a lab that came from elsewhere.
    #[command(flatten)]
    pub consent: Consent,
}

/// `hint`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mlops-lab hint  # the next hint for the current step
  mlops-lab hint predict --all")]
pub struct Hint {
    /// The step or drill [default: the current one].
    pub step: Option<String>,
    /// Show all hints at once.
    #[arg(long)]
    pub all: bool,
    /// The runtime, when nothing is up [default: local].
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
}

/// `solve`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mlops-lab solve --diff  # show what would change and run
  mlops-lab solve predict")]
pub struct Solve {
    /// The step or drill [default: the current one].
    pub step: Option<String>,
    /// Show what would change and run, and do nothing.
    #[arg(long)]
    pub diff: bool,
    /// The runtime [default: the one that is up, else local].
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
    /// For a lab that came from elsewhere.
    #[command(flatten)]
    pub consent: Consent,
}

/// `break`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mlops-lab break         # list the drills
  mlops-lab break bad-release
  mlops-lab break --undo  # end the drill and restore your files")]
pub struct Break {
    /// The drill [default: list them].
    pub drill: Option<String>,
    /// End the drill under way and put back what it broke.
    #[arg(long)]
    pub undo: bool,
    /// For a lab that came from elsewhere.
    #[command(flatten)]
    pub consent: Consent,
}
