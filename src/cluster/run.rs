//! Running a tool that changes the cluster: one run at a time, found again after `kill -9`.

use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::time::Duration;

use super::probe;
use crate::error::{Error, Result};
use crate::platform::process::{self, LogOptions, Record};
use crate::platform::term::Progress;
use crate::platform::{clock, fs, user_state};

/// How long a tool of a killed run has to end after SIGTERM.
const STOP: Duration = Duration::from_secs(10);

/// Which process of ours is at work.
fn at_work() -> Result<PathBuf> {
    Ok(user_state::make()?.join("cluster.process"))
}

/// Runs a tool to its end. Its output is kept until the next one.
///
/// # Errors
/// Exit 3 with its last lines; exit 130 after Ctrl-C.
pub(super) fn run(words: &[String], within: Duration, progress: &mut dyn Progress) -> Result<()> {
    let (log, record) = (user_state::make()?.join("cluster.log"), at_work()?);
    let how = LogOptions { log: &log, record: Some(("cluster", &record)), verbose: false };
    process::run_logged(&probe::command(words, within), how, progress)
}

/// One run at a time changes the cluster; held until dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock. A tool that a killed run left at work is ended first: it would race with
    /// ours.
    ///
    /// # Errors
    /// Exit 3 when another run holds it, or that tool does not end.
    pub fn take() -> Result<Lock> {
        let path = user_state::make()?.join("cluster.lock");
        let file = fs::open_lock(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::environment("another mlops-lab makes or removes the cluster")
                    .hint("wait until it has ended, then: mlops-lab cluster status"));
            }
            Err(TryLockError::Error(error)) => {
                return Err(
                    Error::environment(format!("cannot lock {}", path.display())).because(error)
                );
            }
        }
        end_what_was_left()?;
        Ok(Lock { _file: file })
    }
}

fn end_what_was_left() -> Result<()> {
    let path = at_work()?;
    let Some(bytes) = fs::read_optional(&path)? else { return Ok(()) };
    // One that cannot be read was not written whole: nothing was started yet.
    if let Ok(Record { process, argv, .. }) = serde_json::from_slice(&bytes) {
        process::end(&process, STOP);
        clock::interrupted()?;
        if process::alive(&process) {
            return Err(Error::environment(format!(
                "`{}` of an earlier run does not end",
                process::shell_words(&argv)
            ))
            .hint(format!("end it: kill -9 {}", process.pid)));
        }
    }
    fs::remove(&path)
}
