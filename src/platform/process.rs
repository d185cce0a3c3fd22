//! Processes: probes with hard bounds, commands that the user should see, services that outlive us, and ending them all.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A command to run. Nothing is given to a shell.
#[derive(Clone, Debug)]
pub struct Command {
    /// A name looked up on the command's own PATH, or a path.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Where it runs; ours when none.
    pub cwd: Option<PathBuf>,
    /// Variables over our own environment.
    pub env: Vec<(OsString, OsString)>,
    /// Variables of our environment that it does not get.
    pub unset: Vec<OsString>,
    /// Standard input; none means an empty one.
    pub stdin: Vec<u8>,
    /// After this it is ended with its whole group.
    pub within: Duration,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// By us, at its deadline.
    TimedOut,
}

/// What a command printed and how it ended.
#[derive(Clone, Debug)]
pub struct Captured {
    /// How it ended.
    pub ended: Ended,
    /// At most 256 KiB.
    pub stdout: Vec<u8>,
    /// At most 256 KiB.
    pub stderr: Vec<u8>,
    /// Whether more was printed than was kept.
    pub truncated: bool,
    /// How long it ran.
    pub took: Duration,
}

/// Why a command could not be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRun {
    /// No such program on PATH.
    Absent(String),
    /// It is there, and the system cannot run it: the path, and why in plain words.
    Unusable(PathBuf, String),
}

/// Runs a command to its end or its deadline, in its own process group, with bounded output.
pub fn capture(_command: &Command) -> Result<Captured, NotRun> {
    unimplemented!()
}

/// A process that may outlive us, so named that a stranger with the same number is not taken for it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ProcessId {
    /// The number.
    pub pid: u32,
    /// When it started, in the system's own terms (Linux: clock ticks since boot and the boot's id).
    pub started: String,
}

/// Whether this very process is still alive.
pub fn alive(_process: &ProcessId) -> bool {
    unimplemented!()
}

/// Unused.
pub fn _path(_: &Path) {}
