//! Processes: probes with hard bounds, commands that the user should see, services that outlive us,
//! and ending them all.
#![allow(clippy::disallowed_methods, reason = "the one place that starts processes")]

mod capture;
mod find;
mod forward;
mod identity;
mod launch;
mod log;
mod logged;
mod own;
mod supervise;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::environment;

pub use super::environment::Role;
pub use capture::capture;
pub use find::{Unfit, find_all, locate};
pub use forward::forward_output;
pub use identity::{
    Marked, ProcessId, alive, end, end_one, identity, mark_of, marked, relatives, resident,
};
pub use launch::{Child, Record, launch, spawn, start};
pub use log::{LOG_LIMIT, dropped_bytes, previous_log, write_log};
pub use logged::{LogOptions, run_in_foreground, run_logged};
pub use own::{installed_program, running_program};
pub use supervise::supervise;

/// What is kept of each stream unless more is asked for; the rest is read and dropped, so that the
/// command is not held up.
pub const DEFAULT_CAPTURE: usize = 256 << 10;

/// A command to run. Nothing is given to a shell.
#[derive(Clone, Debug)]
pub struct Command {
    /// A name looked up on the command's own PATH, or a path.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Where it runs; ours when none.
    pub cwd: Option<PathBuf>,
    /// What it is for: decides what of our environment it gets.
    pub role: Role,
    /// Variables over our own environment.
    pub env: Vec<(OsString, OsString)>,
    /// Variables of our environment that it does not get either.
    pub unset: Vec<OsString>,
    /// Standard input.
    pub stdin: Vec<u8>,
    /// After this it is ended with its whole group.
    pub within: Duration,
    /// How many bytes of each stream are kept by [`capture`].
    pub keep: usize,
}

impl Command {
    /// A tool of ours, with nothing but a program and a deadline.
    pub fn new(program: impl Into<OsString>, within: Duration) -> Self {
        let (args, env, unset) = (Vec::new(), Vec::new(), Vec::new());
        Command {
            program: program.into(),
            args,
            cwd: None,
            role: Role::Tool,
            env,
            unset,
            stdin: Vec::new(),
            within,
            keep: DEFAULT_CAPTURE,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Adds a variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Sets where it runs.
    #[must_use]
    pub fn cwd(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cwd = Some(folder.into());
        self
    }

    /// The PATH on which its program is looked up.
    fn path(&self) -> OsString {
        let own =
            self.env.iter().rev().find(|(name, _)| name == "PATH").map(|(_, value)| value.clone());
        own.or_else(|| std::env::var_os("PATH")).unwrap_or_default()
    }

    /// The variables of our environment that it does not get, and those that it gets over it.
    fn changes(&self) -> (Vec<OsString>, Vec<(OsString, OsString)>) {
        let ours = std::env::vars_os().map(|(name, _)| name);
        let mut removed: Vec<OsString> = ours.filter(|name| self.role.drops(name)).collect();
        removed.extend(self.unset.iter().cloned());
        let mut set = Vec::new();
        // Ours may lead there through a link, or elsewhere: some programs take it for the truth.
        set.extend(self.cwd.iter().map(|cwd| ("PWD".into(), cwd.clone().into())));
        set.extend(self.env.iter().cloned());
        let found = |name: &str| {
            let own =
                self.env.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value.clone());
            own.or_else(|| std::env::var_os(name))
        };
        set.extend(environment::no_proxy(found));
        (removed, set)
    }

    /// The standard library's command for a program that was found.
    fn std(&self, program: &Path) -> std::process::Command {
        let mut command = std::process::Command::new(program);
        command.args(&self.args);
        let (removed, set) = self.changes();
        for name in removed {
            command.env_remove(name);
        }
        command.envs(set);
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        command
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = std::iter::once(&self.program)
            .chain(&self.args)
            .map(|word| word.to_string_lossy().into_owned());
        f.write_str(&shell_words(&words.collect::<Vec<_>>()))
    }
}

/// Words as they can be pasted into a shell.
pub fn shell_words(words: &[String]) -> String {
    let quoted = words.iter().map(|word| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:=@%".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
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

impl From<std::process::ExitStatus> for Ended {
    fn from(status: std::process::ExitStatus) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::process::ExitStatusExt;
            if let Some(signal) = status.signal() {
                return Ended::Signal(signal);
            }
        }
        Ended::Code(status.code().unwrap_or(-1))
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ended::Code(code) => write!(f, "exit code {code}"),
            Ended::Signal(9) => f.write_str("signal 9 (killed, possibly because memory ran out)"),
            Ended::Signal(signal) => write!(f, "signal {signal}"),
            Ended::TimedOut => f.write_str("a time-out"),
        }
    }
}

/// What a command printed and how it ended.
#[derive(Clone, Debug)]
pub struct Captured {
    /// How it ended.
    pub ended: Ended,
    /// As much as the command was to keep.
    pub stdout: Vec<u8>,
    /// As much as the command was to keep.
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
    /// It is there, and the system cannot run it: the path, and why.
    Unusable(PathBuf, Unfit),
}

impl fmt::Display for NotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotRun::Absent(program) => write!(f, "there is no program `{program}` on PATH"),
            NotRun::Unusable(path, why) => write!(f, "{} cannot be run: {why}", path.display()),
        }
    }
}

impl std::error::Error for NotRun {}

/// Asks the desktop to open an address; whether it was asked.
pub fn open_in_browser(url: &str) -> bool {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    // A server without a display has the program and no browser: it would only print an error
    // later.
    let display = cfg!(target_os = "macos")
        || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    let command = Command::new(opener, Duration::from_secs(5)).args([url]);
    display && capture(&command).is_ok_and(|captured| captured.ended == Ended::Code(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_can_be_pasted() {
        let words = ["sh", "-c", "echo \"it's\"", ""].map(str::to_owned);
        assert_eq!(shell_words(&words), r#"sh -c 'echo "it'\''s"' ''"#);
    }
}
