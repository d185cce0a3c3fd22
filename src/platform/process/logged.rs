//! Commands whose output matters to the user: kept in a log, followed while they run, shown when
//! they fail.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::{Command, Ended, find, identity, launch, log};
use crate::error::{Error, Result};
use crate::platform::term::Progress;
use crate::platform::{clock, fs};

/// How many lines of the log an error shows.
const TAIL: usize = 12;

/// Where the output goes, and who writes the process down.
#[derive(Clone, Copy, Debug)]
pub struct LogOptions<'a> {
    /// The log; begun anew.
    pub log: &'a Path,
    /// Name and record, for a command that must be found again when we are killed.
    pub record: Option<(&'a str, &'a Path)>,
    /// Show every line as it comes.
    pub verbose: bool,
}

/// Runs a command to its end, its output in a log and its last line as progress. Ctrl-C and the
/// deadline end its whole group.
///
/// # Errors
/// Exit 3 with the last lines of the log: not started, another exit code than 0, a signal, the
/// deadline. Exit 130 after Ctrl-C.
pub fn run_logged(
    command: &Command,
    how: LogOptions<'_>,
    progress: &mut dyn Progress,
) -> Result<()> {
    let program = find::locate(command).map_err(launch::not_run)?;
    let run = match how.record {
        Some((name, record)) => {
            if let Some(folder) = record.parent() {
                fs::make_folder(folder)?;
            }
            launch::launcher(command, name, record)?
        }
        None => Command { program: program.into(), ..command.clone() },
    };
    fs::write(how.log, b"", false)?;
    let (out, mut writer) = log::open_log(how.log)?;
    let handle = expression(&run, out)
        .start()
        .map_err(|error| Error::environment(format!("cannot start {command}")).because(error))?;
    let group =
        handle.pids().first().and_then(|pid| i32::try_from(*pid).ok()).and_then(Pid::from_raw);
    let end = Instant::now() + command.within;
    let mut seen = 0;
    let ended = loop {
        let status = handle.try_wait().map_err(|error| {
            Error::environment(format!("cannot wait for {command}")).because(error)
        })?;
        if let Some(output) = status {
            writer.finish();
            print_new_lines(how.log, seen, how.verbose, progress);
            break Ended::from(output.status);
        }
        seen = print_new_lines(how.log, seen, how.verbose, progress);
        let late = Instant::now() >= end;
        if late || clock::interrupted().is_err() {
            // duct's own kill misses grandchildren.
            if let Some(group) = group {
                let _ = kill_process_group(group, Signal::TERM);
                identity::wait_for_group(group, identity::LAST);
                let _ = kill_process_group(group, Signal::KILL);
            }
            let _ = handle.wait();
            break Ended::TimedOut;
        }
        clock::sleep_uninterruptible(Duration::from_millis(40));
    };
    if let Some((_, record)) = how.record {
        fs::remove(record)?;
    }
    clock::interrupted()?;
    if ended == Ended::Code(0) {
        return Ok(());
    }
    let tail = fs::tail(how.log, TAIL).join("\n");
    let error = Error::environment(format!("`{command}` ended with {ended}"))
        .hint(format!("all of its output: {}", how.log.display()));
    Err(if tail.trim().is_empty() { error } else { error.detail(tail) })
}

/// Runs a line of shell in the foreground, with our terminal: it may ask for a password. What it
/// prints goes to standard error.
///
/// # Errors
/// Exit 3 when there is no shell.
pub fn run_in_foreground(line: &str) -> Result<Ended> {
    let output = duct::cmd("sh", ["-c", line]).stdout_to_stderr().unchecked().run();
    let output = output.map_err(|error| Error::environment("cannot start sh").because(error))?;
    Ok(Ended::from(output.status))
}

fn expression(command: &Command, out: std::io::PipeWriter) -> duct::Expression {
    let mut expression = duct::cmd(&command.program, &command.args)
        .stdin_null()
        .stderr_to_stdout()
        .stdout_file(out)
        .unchecked()
        .before_spawn(|std| {
            use std::os::unix::process::CommandExt;
            std.process_group(0);
            Ok(())
        });
    let (removed, set) = command.changes();
    expression =
        removed.into_iter().fold(expression, |expression, name| expression.env_remove(name));
    expression =
        set.into_iter().fold(expression, |expression, (name, value)| expression.env(name, value));
    match &command.cwd {
        Some(cwd) => expression.dir(cwd),
        None => expression,
    }
}

/// Tells what is new in the log; returns how much of it has been told.
fn print_new_lines(log: &Path, seen: usize, verbose: bool, progress: &mut dyn Progress) -> usize {
    if !verbose {
        if let Some(line) = fs::tail(log, 1).pop().filter(|line| !line.trim().is_empty()) {
            progress.update(line.trim());
        }
        return seen;
    }
    let Ok(bytes) = fs::read_io(log) else { return seen };
    // At its limit a log begins anew.
    let seen = if bytes.len() < seen { 0 } else { seen };
    let fresh = bytes.get(seen..).unwrap_or_default();
    let whole = fresh.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    for line in String::from_utf8_lossy(&fresh[..whole]).lines() {
        progress.note(&crate::platform::term::escape(line));
    }
    seen + whole
}
