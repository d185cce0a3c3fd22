//! A command that is started anew whenever it ends.

use std::ffi::OsString;
use std::time::Duration;

use super::{Command, find, launch};
use crate::error::{Error, Result};
use crate::platform::clock;

/// Between an end and the next start: first short, for what ended because its other side was
/// replaced, then longer.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// A run this long counts as well: the next pause is short again.
const WELL: Duration = Duration::from_secs(5);

/// Runs PROGRAM ARGS again and again in our own process group, until a signal ends us.
///
/// # Errors
/// Exit 3 when the program is not there; exit 130 after Ctrl-C or SIGTERM.
pub fn supervise(argv: &[OsString]) -> Result<()> {
    let [program, args @ ..] = argv else {
        return Err(Error::bug("__supervise PROGRAM [ARG ...]"));
    };
    let command = Command::new(program, Duration::ZERO).args(args);
    let path = find::locate(&command).map_err(launch::not_run)?;
    let mut failures = 0;
    loop {
        let since = std::time::Instant::now();
        let mut child =
            command.std(&path).stdin(std::process::Stdio::null()).spawn().map_err(|error| {
                Error::environment(format!("cannot start {command}")).because(error)
            })?;
        loop {
            if clock::interrupted().is_err() {
                let _ = child.kill();
                let _ = child.wait();
                return Err(Error::interrupted());
            }
            match child.try_wait() {
                Ok(None) => clock::sleep_uninterruptible(Duration::from_millis(50)),
                Ok(Some(_)) => break,
                Err(error) => {
                    return Err(
                        Error::environment(format!("cannot wait for {command}")).because(error)
                    );
                }
            }
        }
        failures = if since.elapsed() >= WELL { 0 } else { failures + 1 };
        clock::pause(PAUSES[failures.min(PAUSES.len() - 1)])?;
    }
}
