//! What each command takes.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Deferred, GlobalArgs};
use crate::catalog::manifest::RuntimeKind;
use crate::catalog::units::Within;

/// Of a command that takes nothing of its own.
#[derive(Debug, Args)]
pub struct NoArgs {}

/// Consent, for commands that run what a lab names.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Consent {
    /// Trust the lab as it is now: run what it names, without a question. Needed once for a lab
    /// that came from elsewhere, or changed.
    #[arg(long)]
    pub trust: bool,
}

/// `show`
#[derive(Debug, Args)]
pub struct Show {
    /// The lab.
    pub lab: String,
}

/// `down`
#[derive(Debug, Args)]
pub struct Down {
    /// Remove the data of the services as well: volumes, images, databases.
    #[arg(long)]
    pub purge: bool,
    /// Only this runtime; all when none is given.
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
}

/// `status`
#[derive(Debug, Args)]
pub struct Status {
    /// Only this runtime; the one that is up when none is given.
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
}

/// `logs`. With `--json` each line is a line of JSON of its own: `{"service": ..., "line": ...}`.
#[derive(Debug, Args)]
#[command(
    after_help = "With --json each line is one JSON object on a line of its own: {\"service\": \"files\", \"line\": \"...\"}"
)]
pub struct Logs {
    /// The service; all when none is given.
    pub service: Option<String>,
    /// How many lines of each.
    #[arg(short = 'n', long, default_value_t = 50, value_name = "N")]
    pub lines: usize,
    /// Go on as the log grows.
    #[arg(short, long)]
    pub follow: bool,
    /// Print it as it is, also what drives the terminal. Not with --json.
    #[arg(long)]
    pub raw: bool,
    /// Only this runtime; the one that is up when none is given.
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
}

/// `open`
#[derive(Debug, Args)]
pub struct Open {
    /// The endpoint; the first that people can look at when none is given.
    pub endpoint: Option<String>,
    /// Only this runtime; the one that is up when none is given.
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
}

/// `hint`
#[derive(Debug, Args)]
pub struct Hint {
    /// The step or drill; where you are when none is given.
    pub step: Option<String>,
    /// All hints at once.
    #[arg(long)]
    pub all: bool,
    /// Where the lab runs, when nothing runs.
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
}

/// `solve`
#[derive(Debug, Args)]
pub struct Solve {
    /// The step or drill; where you are when none is given.
    pub step: Option<String>,
    /// Only show what would change and run.
    #[arg(long)]
    pub diff: bool,
    /// Where the lab runs.
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
    /// For a lab that came from elsewhere.
    #[command(flatten)]
    pub consent: Consent,
}

/// `break`
#[derive(Debug, Args)]
pub struct Break {
    /// The drill; lists them when none is given.
    pub drill: Option<String>,
    /// Put everything back.
    #[arg(long)]
    pub undo: bool,
    /// For a lab that came from elsewhere.
    #[command(flatten)]
    pub consent: Consent,
}

/// `completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    pub shell: clap_complete::Shell,
}

/// `man`
#[derive(Debug, Args)]
pub struct Man {
    /// The folder, for example ~/.local/share/man/man1.
    pub folder: Option<PathBuf>,
}

/// A program to run.
#[derive(Debug, Args)]
pub struct Program {
    /// Program and arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<OsString>,
}

/// `init`
#[derive(Debug, Args)]
pub struct Init {
    /// The lab.
    pub lab: String,
    /// The new folder; the lab's default name when none is given.
    pub folder: Option<PathBuf>,
    /// Answer a question of the lab (`mlops-lab show LAB` lists them). Can be given again.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Take answers from a TOML or JSON file.
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// Ask for every answer that is not given, on this terminal. Without it, only what has no
    /// default is asked.
    #[arg(long)]
    pub ask: bool,
    /// Start the lab at once.
    #[arg(long)]
    pub up: bool,
    /// Leave out the check of this machine at the end.
    #[arg(long)]
    pub no_doctor: bool,
    /// Write into a folder that is not empty; what to do with files that are there already.
    #[arg(long, value_enum, value_name = "HOW")]
    pub on_conflict: Option<OnConflict>,
    /// Decide about one file, over --on-conflict. Can be given again.
    #[arg(long, value_name = "FILE=HOW", requires = "on_conflict")]
    pub settle: Vec<String>,
    /// Only list what would be written.
    #[arg(long, conflicts_with = "up")]
    pub dry_run: bool,
    /// Only show what would be written, line by line.
    #[arg(long, conflicts_with = "up")]
    pub diff: bool,
    /// Make the folder a git repository with a first commit.
    #[arg(long)]
    pub git: bool,
    /// Where `--up` starts the lab.
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
    /// The cluster, and how images get there.
    #[command(flatten)]
    pub cluster: Cluster,
}

/// `update`
#[derive(Debug, Args)]
pub struct Update {
    /// Change an answer of the lab. Can be given again.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// What to do with a file that both you and the lab changed.
    #[arg(long, value_enum, value_name = "HOW", default_value = "merge")]
    pub on_conflict: OnConflict,
    /// Decide about one file, over --on-conflict. Can be given again.
    #[arg(long, value_name = "FILE=HOW")]
    pub settle: Vec<String>,
    /// Only list what would change.
    #[arg(long)]
    pub dry_run: bool,
    /// Only show what would change, line by line.
    #[arg(long)]
    pub diff: bool,
    /// For a lab that came from elsewhere.
    #[command(flatten)]
    pub consent: Consent,
}

/// What to do where both sides have something of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnConflict {
    /// Leave yours.
    Skip,
    /// Take the lab's; yours is kept for `undo`.
    Overwrite,
    /// Take both changes; where they meet, both stand between markers.
    Merge,
    /// Leave yours, and put the lab's beside it.
    KeepBoth,
    /// Ask for each file, on this terminal, before anything is written.
    Ask,
}

/// `up`
#[derive(Debug, Default, Args)]
pub struct Up {
    /// Where: local (processes, the default), compose (containers) or kubernetes (pods).
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
    /// Show what installers and builds print.
    #[arg(short, long)]
    pub verbose: bool,
    /// The cluster, and how images get there.
    #[command(flatten)]
    pub cluster: Cluster,
    /// For a lab that came from elsewhere.
    #[command(flatten)]
    pub consent: Consent,
}

/// `restart`
#[derive(Debug, Args)]
pub struct Restart {
    /// The services; all when none is given.
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,
    /// As `up`, which comes with it: what does not run is started.
    #[command(flatten)]
    pub up: Up,
}

/// Which cluster, for the runtime kubernetes. Kept in the lab: said once, meant until `down
/// --purge`.
#[derive(Clone, Debug, Default, Args)]
pub struct Cluster {
    /// The kubeconfig context that is meant; needed for one that is not known to be a local
    /// cluster.
    #[arg(long, value_name = "NAME", env = "MLOPS_LAB_KUBECONTEXT", hide_env_values = true)]
    pub context: Option<String>,
    /// Push the lab's images to this registry, for the cluster to pull them: HOST/PATH.
    #[arg(long, value_name = "HOST", env = "MLOPS_LAB_REGISTRY", hide_env_values = true)]
    pub registry: Option<String>,
    /// Bring the lab's images to the nodes with this command, which reads a `docker save` on
    /// standard input.
    #[arg(
        long,
        value_name = "COMMAND",
        env = "MLOPS_LAB_LOAD",
        hide_env_values = true,
        conflicts_with = "registry"
    )]
    pub load: Option<String>,
}

/// `doctor`
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes:   0 all well, or warnings only · 1 something fails (with --strict: or warns) · 2 usage · 3 something could not be found out"
)]
pub struct Doctor {
    /// Only what this lab needs; inside a lab, that lab.
    pub lab: Option<String>,
    /// Only what this runtime needs.
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
    /// Only these checks: an id, or what stands before its dot (`docker`). Can be given again.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Leave out these checks.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// Count a warning as a failure.
    #[arg(long)]
    pub strict: bool,
    /// Wait this long for what can heal by itself: an engine or a cluster that is starting.
    #[arg(long, value_name = "DURATION")]
    pub wait: Option<Within>,
    /// The longest that one look may take; what is later is «not found out».
    #[arg(long, value_name = "DURATION", default_value = "5s")]
    pub within: Within,
    /// How the report is written.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
    /// Show how each thing was found out, as commands to paste.
    #[arg(short, long)]
    pub verbose: bool,
    /// For a bug report: with all evidence, without home, user, host, addresses, tokens and
    /// passwords.
    #[arg(long)]
    pub report: bool,
    /// Offer to run the commands that fix what fails. Nothing is run without a yes.
    #[arg(long)]
    pub fix: bool,
    /// Say yes to --fix.
    #[arg(long, requires = "fix")]
    pub yes: bool,
    /// Ask package indexes and registries as well.
    #[arg(long)]
    pub online: bool,
    /// The kubeconfig context that is meant; needed for one that is not known to be a local
    /// cluster.
    #[arg(long, value_name = "NAME", env = "MLOPS_LAB_KUBECONTEXT", hide_env_values = true)]
    pub context: Option<String>,
    /// Read /proc, /sys and /etc below this folder.
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// List all checks and what they find out.
    #[arg(long)]
    pub list: bool,
    /// For a pack or a lab that came from elsewhere.
    #[command(flatten)]
    pub consent: Consent,
}

/// How `doctor` writes its report. The same verdicts and the same exit code in each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON value; its form is src/doctor/report/schema.json.
    Json,
    /// For test reports.
    Junit,
    /// Annotations for GitHub Actions.
    Github,
}

/// `check`
#[derive(Debug, Args)]
pub struct Check {
    /// The step or drill; from where you are when none is given.
    pub step: Option<String>,
    /// Every step, also those done before.
    #[arg(long)]
    pub all: bool,
    /// Go on checking, and print what changes. On a terminal: Enter checks now, h gives the next
    /// hint, q quits.
    #[arg(short, long)]
    pub watch: bool,
    /// Where the lab runs, when nothing runs.
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
    /// For a lab that came from elsewhere.
    #[command(flatten)]
    pub consent: Consent,
}

/// `lab`
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Lab {
    /// What to do.
    #[command(subcommand)]
    pub command: LabCommand,
    /// Also between the two words.
    #[command(flatten)]
    pub global: GlobalArgs,
}

/// `lab ...`
#[derive(Debug, Subcommand)]
pub enum LabCommand {
    /// Write a small lab that holds the rules, to begin from.
    New(Deferred<LabNew>),
    /// Hold a pack to the rules of the format.
    Lint(Deferred<LabLint>),
    /// Prove a lab on this machine: checks are red before their step and for wrong solutions, green
    /// for right ones.
    ///
    /// Each case is printed as soon as it is known, with --json as a line of JSON of its own. Ends
    /// with 1 when a case failed, with 3 when none could be run here, else with 0: cases that need
    /// the real thing where a stand-in runs are counted as not proven, in words.
    Test(Deferred<LabTest>),
    /// Print the documentation of the format of labs.
    Format(Deferred<NoArgs>),
}

/// `lab new`
#[derive(Debug, Args)]
pub struct LabNew {
    /// What it is called: a-z, 0-9 and -.
    pub id: String,
    /// The pack: a new folder, or one with labs/ and templates/.
    pub folder: PathBuf,
}

/// `lab lint`
#[derive(Debug, Args)]
pub struct LabLint {
    /// The pack's folder; the built-in labs when none is given.
    pub folder: Option<PathBuf>,
}

/// `lab test`. With `--json` each case is a line of JSON of its own, as soon as it is known.
#[derive(Debug, Args)]
pub struct LabTest {
    /// The lab.
    pub lab: String,
    /// Only this runtime; else all that the lab offers.
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeKind>,
    /// Only list the cases.
    #[arg(long)]
    pub list: bool,
    /// Run only this case, or all cases of this step or drill; the steps before it are solved
    /// first.
    #[arg(long, value_name = "CASE")]
    pub only: Vec<String>,
    /// Write the measured cost into the lab.toml of the pack named by --pack.
    #[arg(long, conflicts_with = "only")]
    pub write_cost: bool,
    /// Keep the project that was made, stopped; its folder is printed at the end.
    #[arg(long)]
    pub keep: bool,
    /// Answer a question of the lab, where the proof's own answer does not fit: images that lie on
    /// a node already have a name.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// The cluster, and how images get there.
    #[command(flatten)]
    pub cluster: Cluster,
}
