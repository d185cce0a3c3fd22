//! Runs a program for a probe, and keeps what it printed and how it ended.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::layout;
use crate::platform::host;
use crate::platform::process::{self, Command, Ended, NotRun, Unfit};

/// What one run of a program returned.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ToolOutput {
    /// The command, to paste.
    pub(super) cmd: String,
    /// The file that was run, or cannot be run.
    pub(super) path: Option<PathBuf>,
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) end: ToolEnd,
    pub(super) took: Duration,
}

/// How a run of a program ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ToolEnd {
    Code(i32),
    Signal(i32),
    /// Not within this time.
    Late(Duration),
    /// It is not on PATH.
    Absent,
    /// It is there, and cannot be run.
    Unfit(Unfit),
}

impl ToolOutput {
    /// Whether it ended with exit code 0.
    pub(super) fn ok(&self) -> bool {
        self.end == ToolEnd::Code(0)
    }

    /// The exit code, when there is one.
    pub(super) fn exit_code(&self) -> Option<i32> {
        match self.end {
            ToolEnd::Code(code) => Some(code),
            _ => None,
        }
    }

    /// The first line with text, on stderr or else on stdout.
    pub(super) fn message(&self) -> &str {
        let lines = self.stderr.lines().chain(self.stdout.lines());
        lines.map(str::trim).find(|line| !line.is_empty()).unwrap_or("no output")
    }

    /// The path of the program as text; empty when it was not found.
    pub(super) fn shown_path(&self) -> String {
        self.path.as_ref().map_or_else(String::new, |path| path.display().to_string())
    }
}

/// Runs a program of PATH, until `end` at the latest.
pub(super) fn run_tool(program: &str, args: &[&str], end: Instant) -> ToolOutput {
    run_file(program.into(), args, end)
}

/// Runs the program at a path, until `end` at the latest.
pub(super) fn run_file(program: PathBuf, args: &[&str], end: Instant) -> ToolOutput {
    let since = Instant::now();
    let within = end.saturating_duration_since(since);
    let mut command = Command::new(&program, within)
        .args(args)
        .env("LC_ALL", "C")
        .env("PYTHONWARNINGS", "ignore");
    let mut cmd = command.to_string();
    // A wrapper named kubectl may contact the cluster to choose the client's version, and would
    // hang with it.
    if program.file_name().is_some_and(|name| name == "kubectl") && args.contains(&"--client") {
        command = command.env("KUBECONFIG", "/dev/null");
        cmd = format!("KUBECONFIG=/dev/null {cmd}");
    } else if let Some(outside) = host::var(layout::KUBECONFIG) {
        command = command.env("KUBECONFIG", outside);
    }
    let mut output = ToolOutput {
        cmd,
        path: None,
        stdout: String::new(),
        stderr: String::new(),
        end: ToolEnd::Absent,
        took: Duration::ZERO,
    };
    match process::capture(&command) {
        Err(NotRun::Absent(_)) => {}
        Err(NotRun::Unusable(path, why)) => {
            output.path = Some(path);
            output.end = ToolEnd::Unfit(why);
        }
        Ok(captured) => {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
            output.path = process::locate(&command).ok();
            output.stdout = text(&captured.stdout);
            output.stderr = text(&captured.stderr);
            output.end = match captured.ended {
                Ended::TimedOut => ToolEnd::Late(within),
                Ended::Signal(signal) => ToolEnd::Signal(signal),
                Ended::Code(code) => ToolEnd::Code(code),
            };
        }
    }
    output.took = since.elapsed();
    output
}
