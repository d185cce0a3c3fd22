//! Arguments of the commands that run a lab: `up`, `restart`, `down`, `status`, `logs`, `open`.

use clap::Args;

use super::{Cluster, Consent, Offline};
use crate::catalog::manifest::RuntimeKind;

/// `up`
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  mlops-lab up                    # processes on this machine
  mlops-lab up --runtime compose  # containers
  mlops-lab up --runtime kubernetes --context kind-kind")]
pub struct Up {
    /// The runtime: local (processes), compose (containers) or kubernetes (pods) [default: the one
    /// that is up, else local].
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
    /// Show the output of installers and builds.
    #[arg(short, long)]
    pub verbose: bool,
    /// Without a network.
    #[command(flatten)]
    pub offline: Offline,
    /// The cluster, and how images get there.
    #[command(flatten)]
    pub cluster: Cluster,
    /// For a lab that came from elsewhere.
    #[command(flatten)]
    pub consent: Consent,
}

/// `restart`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mlops-lab restart  # all services
  mlops-lab restart server")]
pub struct Restart {
    /// The services [default: all].
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,
    /// As for `up`: what does not run yet is started.
    #[command(flatten)]
    pub up: Up,
}

/// `down`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mlops-lab down
  mlops-lab down --purge        # and delete the services' data
  mlops-lab -C ../old-lab down  # also when the folder is gone")]
pub struct Down {
    /// Delete the services' data as well: volumes, images, databases.
    #[arg(long)]
    pub purge: bool,
    /// Stop only this runtime [default: all].
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
}

/// `status`
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes:
  0 everything is ready · 1 nothing runs, or not everything is ready · 3 cannot tell

Examples:
  mlops-lab status
  mlops-lab status --runtime compose --json")]
pub struct Status {
    /// Show only this runtime [default: the one that is up].
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
}

/// `logs`. With `--json` each line is a line of JSON of its own: `{"service": ..., "line": ...}`.
#[derive(Debug, Args)]
#[command(after_help = "\
With --json each line is one JSON object: {\"service\": \"server\", \"line\": \"...\"}

Examples:
  mlops-lab logs
  mlops-lab logs server -n 200 --follow")]
pub struct Logs {
    /// The service [default: all].
    pub service: Option<String>,
    /// The number of lines to show of each service.
    #[arg(short = 'n', long, default_value_t = 50, value_name = "N")]
    pub lines: usize,
    /// Keep printing new lines.
    #[arg(short, long)]
    pub follow: bool,
    /// Do not escape control characters. Not with --json.
    #[arg(long)]
    pub raw: bool,
    /// Show only this runtime [default: the one that is up].
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
}

/// `open`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mlops-lab open
  curl -s \"$(mlops-lab open api)\"  # in a pipe, only the address is printed")]
pub struct Open {
    /// The endpoint [default: the first one that has a page].
    pub endpoint: Option<String>,
    /// Use only this runtime [default: the one that is up].
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
}
