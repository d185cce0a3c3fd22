//! Single keys while other work goes on: nothing is asked, nothing is drawn, Ctrl-C and Ctrl-Z stay
//! what they are.

use std::io;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{self, LocalModes, OptionalActions, SpecialCodeIndex};

use super::{Key, Keys, PoisonError, SAVED, clock, restore_terminal, unavailable};
use crate::error::Result;

/// How soon a signal is felt.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The terminal, sending keys as they are pressed and not showing them; given back when this is
/// dropped.
#[derive(Debug)]
pub struct Listener(Keys);

impl Listener {
    /// Takes the terminal; none where nobody sits at one, or where it is another job's just now.
    pub fn open() -> Option<Listener> {
        // A job in the background that touches the terminal is stopped by the system.
        let elsewhere = |group| group != rustix::process::getpgrp();
        if unavailable().is_some() || termios::tcgetpgrp(io::stdin()).is_ok_and(elsewhere) {
            return None;
        }
        let before = termios::tcgetattr(io::stdin()).ok()?;
        let mut modes = before.clone();
        modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        *SAVED.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        let listener = Listener(Keys::default());
        termios::tcsetattr(io::stdin(), OptionalActions::Now, &modes).ok()?;
        Some(listener)
    }

    /// The first key within this time; none when it passes without one.
    ///
    /// # Errors
    /// Exit 130 after Ctrl-C, and when the terminal is closed.
    pub fn key(&mut self, within: Duration) -> Result<Option<Pressed>> {
        let end = Instant::now() + within;
        loop {
            clock::interrupted()?;
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            let stdin = io::stdin();
            let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
            let timeout = Timespec::try_from(left.min(POLL_INTERVAL)).ok();
            match poll(&mut fds, timeout.as_ref()) {
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                Ok(_) => {}
                Err(_) => return Err(crate::error::Error::interrupted()),
            }
            let mut bytes = [0; 64];
            match rustix::io::read(&stdin, &mut bytes) {
                Ok(0) => return Err(crate::error::Error::interrupted()),
                Ok(count) => {
                    let keys = self.0.feed(&bytes[..count]);
                    if let Some(pressed) = keys.iter().find_map(Pressed::of) {
                        return Ok(Some(pressed));
                    }
                }
                Err(_) => {}
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        restore_terminal();
    }
}

/// What was pressed, as far as anybody listens for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressed {
    /// Enter.
    Enter,
    /// A letter, small.
    Letter(char),
}

impl Pressed {
    fn of(key: &Key) -> Option<Pressed> {
        match key {
            Key::Enter => Some(Pressed::Enter),
            Key::Char(c) if c.is_ascii_alphabetic() => {
                Some(Pressed::Letter(c.to_ascii_lowercase()))
            }
            _ => None,
        }
    }
}
