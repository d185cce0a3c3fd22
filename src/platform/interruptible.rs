//! Standard output whose reader may have stopped reading without going away: there a write waits
//! for ever, and Ctrl-C must end it.

use std::io::{self, ErrorKind, Write};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::clock;

/// How soon a signal is felt.
const SLICE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// What surely fits where there is room at all: a pipe is writable when 4096 bytes fit, and
/// standard output holds up to 1024 back.
const FITS: usize = 2048;

/// A writer to standard output that never waits for its reader longer than until Ctrl-C.
#[derive(Debug)]
pub struct Interruptible<W: Write> {
    inner: W,
    /// How much more fits for sure.
    room: usize,
}

impl<W: Write> Interruptible<W> {
    /// A writer before one that ends in standard output.
    pub fn new(inner: W) -> Self {
        Interruptible { inner, room: 0 }
    }
}

impl<W: Write> Write for Interruptible<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            wait()?;
            self.room = FITS;
        }
        let written = self.inner.write(&bytes[..bytes.len().min(self.room)])?;
        self.room -= written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Until standard output takes something. What is no pipe or terminal always does, and what is
/// closed says so when it is written to.
fn wait() -> io::Result<()> {
    let out = io::stdout();
    loop {
        let mut fds = [PollFd::new(&out, PollFlags::OUT)];
        match poll(&mut fds, Some(&SLICE)) {
            // Nobody reads any more what an interrupted command says: as when the reader has gone.
            Ok(0) if clock::interrupted().is_err() => {
                return Err(io::Error::new(ErrorKind::BrokenPipe, "interrupted"));
            }
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            _ => return Ok(()),
        }
    }
}
