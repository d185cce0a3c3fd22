//! What a look at the machine brings back, as values; and the most common look: asking a tool.

use std::time::Duration;

use crate::platform::net::Port;
use crate::platform::process::{self, Command, Ended, NotRun};

/// What was seen.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Seen {
    /// A tool answered this.
    Said { asked: String, path: String, text: String, others: Vec<String> },
    /// A tool could not be asked, or failed: class and words.
    Failed { asked: String, class: &'static str, saw: String },
    /// A number: bytes, processors.
    Number { asked: String, value: u64 },
    /// Interpreters that were found.
    Pythons { found: Vec<Python>, uv: bool },
    /// A port.
    Port(Port),
    /// What could not be found out, and why.
    Unknown { asked: String, why: String },
}

/// One interpreter, and what it can do.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Python {
    pub(super) path: String,
    pub(super) version: String,
    pub(super) ensurepip: bool,
    /// Brought by uv, which needs no ensurepip.
    pub(super) uv: bool,
}

impl Seen {
    pub(super) fn late(deadline: Duration) -> Seen {
        Seen::Unknown {
            asked: String::new(),
            why: format!("no answer within {:.1} s", deadline.as_secs_f64()),
        }
    }
}

/// Asks a tool for its version.
pub(super) fn tool(name: &str, args: &[&str], deadline: Duration) -> Seen {
    let command = Command::new(name, deadline).args(args).env("LC_ALL", "C");
    let asked = command.to_string();
    let failed = |class, saw: String| Seen::Failed { asked: asked.clone(), class, saw };
    match process::capture(&command) {
        Err(NotRun::Absent(_)) => failed("absent", format!("there is no `{name}` on PATH")),
        Err(why @ NotRun::Unusable(..)) => failed("unusable", why.to_string()),
        Ok(captured) => {
            let text = String::from_utf8_lossy(&captured.stdout).trim().to_owned();
            let words = String::from_utf8_lossy(&captured.stderr).trim().to_owned();
            match captured.ended {
                Ended::TimedOut => Seen::Unknown {
                    asked: asked.clone(),
                    why: format!("no answer within {:.1} s", deadline.as_secs_f64()),
                },
                Ended::Signal(signal) => failed("crashed", format!("ended by signal {signal}")),
                Ended::Code(0) => {
                    let path =
                        process::locate(&command).map(|path| path.display().to_string()).unwrap_or_default();
                    Seen::Said { asked, path, text, others: others(name) }
                }
                Ended::Code(code) => {
                    failed("failed", format!("exit code {code}: {}", words.lines().next().unwrap_or(&text)))
                }
            }
        }
    }
}

/// All files of this name on PATH, links resolved, each once.
fn others(name: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for folder in std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()) {
        if let Ok(path) = folder.join(name).canonicalize()
            && path.is_file()
            && !all.contains(&path.display().to_string())
        {
            all.push(path.display().to_string());
        }
    }
    all
}
