//! Running a command whose output is passed on as it comes: what it prints reaches the terminal
//! only through the writers that it is given.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, kill_process_group};

use super::{Command, Ended, find, launch};
use crate::error::{Error, Result};
use crate::platform::{clock, term};

/// Between two looks at Ctrl-C, and at whether anybody still reads.
const TICK: Duration = Duration::from_millis(50);

/// Runs a command to its end and passes on what it prints; none when nobody reads standard output
/// any more. Its deadline does not count.
///
/// # Errors
/// Exit 3 when it cannot be run or its output cannot be written; exit 130 after Ctrl-C.
pub fn forward_output(
    command: &Command,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Option<Ended>> {
    let program = find::locate(command).map_err(launch::not_run)?;
    let mut std = command.std(&program);
    std.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = std
        .spawn()
        .map_err(|error| Error::environment(format!("cannot run {command}")).because(error))?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let passed = copy(stdout, stderr, out, err);
    if !matches!(passed, Ok(Passed::All))
        && let Some(group) = group
    {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let status = child
        .wait()
        .map_err(|error| Error::environment(format!("cannot wait for {command}")).because(error))?;
    clock::interrupted()?;
    match passed {
        Ok(Passed::All) => Ok(Some(Ended::from(status))),
        Ok(Passed::NobodyReads) => Ok(None),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(None),
        Err(error) => Err(Error::environment("cannot write to standard output").because(error)),
    }
}

#[derive(Debug)]
enum Passed {
    All,
    NobodyReads,
}

fn copy(
    mut stdout: Option<impl Read + AsFd>,
    mut stderr: Option<impl Read + AsFd>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Passed> {
    stdout.iter().for_each(not_blocking);
    stderr.iter().for_each(not_blocking);
    while stdout.is_some() || stderr.is_some() {
        if clock::interrupted().is_err() || term::reader_gone() {
            return Ok(Passed::NobodyReads);
        }
        let open = [stdout.as_ref().map(AsFd::as_fd), stderr.as_ref().map(AsFd::as_fd)];
        let mut fds: Vec<PollFd<'_>> = open
            .into_iter()
            .flatten()
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .collect();
        let _ = poll(&mut fds, Timespec::try_from(TICK).ok().as_ref());
        some(&mut stdout, out)?;
        some(&mut stderr, err)?;
    }
    Ok(Passed::All)
}

/// Passes on a part of what is there; the stream is none at its end.
fn some(from: &mut Option<impl Read>, to: &mut dyn Write) -> io::Result<()> {
    let Some(stream) = from else { return Ok(()) };
    let mut buffer = [0; 64 << 10];
    match stream.read(&mut buffer) {
        Ok(0) => *from = None,
        Ok(length) => to.write_all(&buffer[..length])?,
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
        Err(_) => *from = None,
    }
    Ok(())
}

fn not_blocking(from: &impl AsFd) {
    if let Ok(flags) = fcntl_getfl(from) {
        let _ = fcntl_setfl(from, flags | OFlags::NONBLOCK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::escape::Escaped;

    #[test]
    fn what_a_command_prints_goes_through_the_writers_that_it_is_given() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let script = r"printf 'a\033]0;owned\007\n'; printf 'b\033[2J\n' >&2; exit 3";
        let command = Command::new("sh", Duration::ZERO).args(["-c", script]);
        let ended =
            forward_output(&command, &mut Escaped::new(&mut out), &mut Escaped::new(&mut err))
                .unwrap();
        assert_eq!(ended, Some(Ended::Code(3)));
        assert_eq!(String::from_utf8(out).unwrap(), "a\\u001b]0;owned\\u0007\n");
        assert_eq!(String::from_utf8(err).unwrap(), "b\\u001b[2J\n");
    }

    #[test]
    fn a_command_whose_reader_has_left_is_ended() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let command = Command::new("yes", Duration::ZERO);
        assert_eq!(forward_output(&command, &mut Gone, &mut io::sink()).unwrap(), None);
    }
}
