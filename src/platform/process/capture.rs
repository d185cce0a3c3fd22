//! Running a command to its end or its deadline, keeping a bounded part of what it prints.
//!
//! duct is not used here: its wait does not end while a grandchild holds the pipe, and it keeps
//! endless output.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, kill_process_group};

use super::{Captured, Command, DEFAULT_CAPTURE, Ended, NotRun, find};
use crate::platform::clock;

/// After the command has ended, how long a grandchild may hold the pipe.
const DRAIN: Duration = Duration::from_millis(100);

/// Between two looks at whether it has ended, when it prints nothing.
const TICK: Duration = Duration::from_millis(10);

/// Runs a command to its end or its deadline, in its own process group, with bounded output. Ctrl-C
/// ends it at once.
///
/// # Errors
/// [`NotRun`] when it could not be started.
pub fn capture(command: &Command) -> Result<Captured, NotRun> {
    let program = find::locate(command)?;
    let since = Instant::now();
    let mut std = command.std(&program);
    std.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
    std.stdin(if command.stdin.is_empty() { Stdio::null() } else { Stdio::piped() });
    let mut child = std
        .spawn()
        .map_err(|error| NotRun::Unusable(program.clone(), find::refused(&program, &error)))?;
    feed(&mut child, command.stdin.clone());
    let mut out = Stream::new(child.stdout.take(), command.keep);
    // However much data is wanted, words are for people.
    let mut err = Stream::new(child.stderr.take(), command.keep.min(DEFAULT_CAPTURE));
    let end = since + command.within;
    let mut status = None;
    let mut drained = None;
    let ended = loop {
        wait_for_data(&out, &err, TICK);
        out.read();
        err.read();
        if status.is_none() {
            status = child.try_wait().ok().flatten();
            drained = status.map(|_| Instant::now() + DRAIN);
        }
        if let (Some(status), Some(drained)) = (status, drained)
            && (out.closed() && err.closed() || Instant::now() >= drained)
        {
            break Ended::from(status);
        }
        if status.is_none() && (Instant::now() >= end || clock::interrupted().is_err()) {
            kill_group(&mut child);
            break Ended::TimedOut;
        }
    };
    // Whatever the command left running in its group was not asked for.
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(pid, Signal::KILL);
    }
    let truncated = out.truncated || err.truncated;
    Ok(Captured { ended, stdout: out.kept, stderr: err.kept, truncated, took: since.elapsed() })
}

fn kill_group(child: &mut Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(pid, Signal::KILL);
    }
    let _ = child.wait();
}

/// Standard input from a thread: a command that never reads must not block us.
fn feed(child: &mut Child, bytes: Vec<u8>) {
    if let Some(mut stdin) = child.stdin.take() {
        std::thread::spawn(move || {
            // A command that ends without reading closes the pipe: no error of ours.
            let _ = stdin.write_all(&bytes);
        });
    }
}

struct Stream<R> {
    from: Option<R>,
    room: usize,
    kept: Vec<u8>,
    truncated: bool,
}

impl<R: Read + AsFd> Stream<R> {
    fn new(from: Option<R>, room: usize) -> Self {
        if let Some(from) = &from
            && let Ok(flags) = fcntl_getfl(from)
        {
            let _ = fcntl_setfl(from, flags | OFlags::NONBLOCK);
        }
        Stream { from, room, kept: Vec::new(), truncated: false }
    }

    fn closed(&self) -> bool {
        self.from.is_none()
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.from.as_ref().map(AsFd::as_fd)
    }

    /// Reads what is there, but never so long that a deadline is missed.
    fn read(&mut self) {
        let mut buffer = [0; 16 << 10];
        for _ in 0..64 {
            let Some(from) = &mut self.from else { return };
            match from.read(&mut buffer) {
                Ok(0) => self.from = None,
                Ok(length) => {
                    let room = self.room - self.kept.len();
                    self.kept.extend_from_slice(&buffer[..length.min(room)]);
                    self.truncated |= length > room;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.from = None,
            }
        }
    }
}

fn wait_for_data<A: Read + AsFd, B: Read + AsFd>(
    out: &Stream<A>,
    err: &Stream<B>,
    within: Duration,
) {
    let mut fds: Vec<PollFd<'_>> = [out.fd(), err.fd()]
        .into_iter()
        .flatten()
        .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
        .collect();
    if fds.is_empty() {
        // Both closed, and it has not ended: it goes on silently.
        clock::sleep_uninterruptible(Duration::from_millis(1));
        return;
    }
    let timeout = Timespec::try_from(within).ok();
    let _ = poll(&mut fds, timeout.as_ref());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, within: Duration) -> Captured {
        capture(&Command::new("sh", within).args(["-c", script])).unwrap()
    }

    #[test]
    fn output_and_exit_code_are_kept() {
        let seen = sh("echo out; echo err >&2; exit 3", Duration::from_secs(10));
        assert_eq!(
            (seen.ended, &seen.stdout[..], &seen.stderr[..]),
            (Ended::Code(3), &b"out\n"[..], &b"err\n"[..])
        );
    }

    #[test]
    fn a_command_that_ignores_sigterm_is_ended_at_its_deadline() {
        let seen = sh("trap '' TERM; sleep 60", Duration::from_millis(300));
        assert_eq!(seen.ended, Ended::TimedOut);
        assert!(seen.took < Duration::from_secs(5), "{:?}", seen.took);
    }

    #[test]
    fn a_grandchild_that_holds_the_pipe_does_not_hold_us() {
        let seen = sh("sleep 60 & echo done", Duration::from_secs(30));
        assert_eq!((seen.ended, &seen.stdout[..]), (Ended::Code(0), &b"done\n"[..]));
        assert!(seen.took < Duration::from_secs(10), "{:?}", seen.took);
    }

    #[test]
    fn endless_output_is_cut_and_ended_at_the_deadline() {
        let seen = sh("yes", Duration::from_millis(500));
        assert_eq!(seen.ended, Ended::TimedOut);
        assert!(seen.truncated && seen.stdout.len() == DEFAULT_CAPTURE);
    }

    #[test]
    fn a_signal_is_told() {
        assert_eq!(sh("kill -SEGV $$", Duration::from_secs(10)).ended, Ended::Signal(11));
    }

    #[test]
    fn standard_input_is_given() {
        let mut command = Command::new("cat", Duration::from_secs(10));
        command.stdin = b"hello".to_vec();
        assert_eq!(capture(&command).unwrap().stdout, b"hello");
    }

    #[test]
    fn what_cannot_be_run_is_told_apart() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str, mode: u32| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        file("plain", "#!/bin/sh\n", 0o644);
        file("orphan", "#!/nowhere/python\n", 0o755);
        file("empty", "", 0o755);
        file("bytes", "\u{1}\u{2}echo ran\n", 0o755);
        symlink("/nowhere", folder.path().join("dangling")).unwrap();
        std::fs::create_dir(folder.path().join("folder")).unwrap();
        let why = |name: &str| {
            let command = Command::new(name, Duration::from_secs(5)).env("PATH", folder.path());
            capture(&command).unwrap_err().to_string()
        };
        assert!(why("absent").contains("no program `absent`"));
        assert!(why("plain").contains("not executable"));
        assert!(why("orphan").contains("/nowhere/python does not exist"));
        assert!(why("empty").contains("empty"));
        assert!(why("bytes").contains("neither"));
        assert!(why("dangling").contains("link to nothing"));
        assert!(why("folder").contains("folder"));
    }
}
