//! What a process prints, kept on the disk within a bound: a service in trouble would fill the disk
//! over night.
//!
//! Its output is a pipe to `mlops-lab __write-log LOG`. That process outlives us, as the service
//! does, and ends when the last process that could write has ended. It runs in a session of its own
//! and carries no mark: the last lines of a service that is being stopped must still be read.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, PipeWriter, Read, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::running_program;
use crate::error::{Error, Result};
use crate::platform::{clock, fs};

/// The most that one file of a log holds. There are two: the one that is written, and the one
/// before.
pub const LOG_LIMIT: u64 = 16 << 20;

/// How long we wait for the last words of a process that has ended; a child of its may hold the
/// pipe for ever.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The process that keeps a log.
#[derive(Debug)]
pub(super) struct LogWriter(std::process::Child);

impl LogWriter {
    /// Waits until everything that was printed is in the log, for a moment.
    pub(super) fn finish(&mut self) {
        let end = Instant::now() + LAST_WORDS;
        while matches!(self.0.try_wait(), Ok(None)) && Instant::now() < end {
            clock::sleep_uninterruptible(Duration::from_millis(5));
        }
    }
}

/// Starts to keep a log; what is written to the pipe is appended to it.
///
/// # Errors
/// Exit 3 when the log cannot be written or the system gives no pipe.
pub(super) fn open_log(log: &Path) -> Result<(PipeWriter, LogWriter)> {
    // Tried here, where somebody reads the error.
    drop(fs::append(log)?);
    if fs::length(log) == 0 {
        // What was dropped was of another run.
        let _ = fs::remove(&note(log));
    }
    let cannot = |error: io::Error| {
        Error::environment(format!("cannot keep {}", log.display())).because(error)
    };
    let program = running_program()?;
    let (reader, writer) = io::pipe().map_err(cannot)?;
    let child = std::process::Command::new(program)
        .args([OsString::from("__write-log"), "--".into(), log.into()])
        .env_clear()
        .current_dir("/")
        .stdin(reader)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(cannot)?;
    Ok((writer, LogWriter(child)))
}

/// The other end of [`keep`]: LOG, to the end of standard input.
///
/// # Errors
/// Exit 3 when standard input cannot be read.
pub fn write_log(args: &[OsString]) -> Result<()> {
    let [log] = args else { return Err(Error::bug("__write-log LOG")) };
    // Fails when we already lead a session: then there is nothing to leave.
    let _ = rustix::process::setsid();
    copy(io::stdin().lock(), Path::new(log), LOG_LIMIT)
        .map_err(|error| Error::environment("cannot read what is to be kept").because(error))
}

/// Appends everything to a log, beginning a new one at the limit. What cannot be written is
/// dropped: the service must not stand still for a full disk.
fn copy(mut from: impl Read, log: &Path, limit: u64) -> io::Result<()> {
    let mut file: Option<File> = fs::append(log).ok();
    let mut length = fs::length(log);
    let mut buffer = vec![0; 64 << 10];
    let mut dropped = None;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if length + read as u64 > limit && length > 0 {
            // What stands there at first is of the run before.
            dropped = Some(dropped.map_or(0, |dropped| dropped + fs::length(&previous_log(log))));
            let _ = fs::rename(log, &previous_log(log));
            let _ = fs::write(&note(log), dropped.unwrap_or(0).to_string().as_bytes(), false);
            file = fs::append(log).ok();
            length = 0;
        }
        if let Some(file) = &mut file
            && file.write_all(&buffer[..read]).is_ok()
        {
            length += read as u64;
        }
    }
}

/// The log before this one: of the run before, or what was printed before the limit was met.
pub fn previous_log(log: &Path) -> std::path::PathBuf {
    log.with_extension("log.1")
}

/// Says that a log was begun anew at the limit, and how much was dropped.
fn note(log: &Path) -> std::path::PathBuf {
    log.with_extension("log.dropped")
}

/// How many bytes of a run's output are gone; none when all of it is in the log, else the rest is
/// in the log before it, too.
pub fn dropped_bytes(log: &Path) -> Option<u64> {
    fs::read_text(&note(log)).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests look at the disk by themselves")]

    use super::*;

    #[test]
    fn a_log_holds_the_last_that_was_printed_and_no_more_than_twice_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("service.log");
        let lines: Vec<String> = (0..10_000).map(|number| format!("line {number}\n")).collect();
        let text = lines.concat();
        copy(text.as_bytes(), &log, 20_000).unwrap();
        let (old, new) = (std::fs::read(previous_log(&log)).unwrap(), std::fs::read(&log).unwrap());
        assert!(new.len() <= 65_536 && old.len() <= 65_536, "{} {}", old.len(), new.len());
        let gone = text.len() - old.len() - new.len();
        assert!(text.ends_with(&String::from_utf8([old, new].concat()).unwrap()));
        assert_eq!(dropped_bytes(&log), Some(gone as u64));
    }

    #[test]
    fn a_short_log_is_appended_to() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("service.log");
        for text in ["one\n", "two\n"] {
            copy(text.as_bytes(), &log, LOG_LIMIT).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "one\ntwo\n");
        assert!(!previous_log(&log).exists() && dropped_bytes(&log).is_none());
    }
}
