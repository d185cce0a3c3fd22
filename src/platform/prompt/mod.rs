//! Questions on a terminal: read from standard input key by key, shown on standard error. What the
//! keys do lives in `field`, what may be asked in the rooms above.
//!
//! The terminal is raw from [`Prompt::open`] until the prompt is dropped, however that comes about;
//! the keys Ctrl-C, Ctrl-D and Esc, the signals, and a terminal that is closed all end in the same
//! error, before which nothing of the question is left on the screen.

mod field;
mod keys;
mod listen;
mod saved;

use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use anstream::ColorChoice;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{self, InputModes, LocalModes, OptionalActions, SpecialCodeIndex};

pub use self::field::{Choice, Field};
use self::field::{Entry, Frame, Step};
use self::keys::{Key, Keys};
pub use self::listen::{Listener, Pressed};
pub use self::saved::restore_terminal;
use self::saved::{SAVED, put};
use super::{clock, host};
use crate::error::{Error, Exit, Result};

/// How soon a signal or another size of the window is felt.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The rest of a key that sends several bytes has come by then, also over a slow line; else it was
/// Esc.
const SEQUENCE: Duration = Duration::from_millis(150);

/// Why nobody can be asked; none when somebody can.
pub fn unavailable() -> Option<&'static str> {
    if !io::stdin().is_terminal() {
        return Some("standard input is not a terminal");
    }
    if !io::stderr().is_terminal() {
        return Some("standard error is not a terminal");
    }
    if host::var("CI").is_some_and(|ci| ci != "false" && ci != "0") {
        return Some("CI is set");
    }
    match host::var("TERM").as_deref() {
        None | Some("dumb") => Some("TERM is unset or dumb"),
        Some(_) => None,
    }
}

/// Somebody did not want to go on. Questions come before work: there is nothing to put back.
pub fn cancelled() -> Error {
    Error::new(Exit::Interrupted, "interrupted: nothing was changed")
}

/// A terminal on which questions are asked.
pub struct Prompt {
    keys: Keys,
    /// Pressed, and not looked at yet: somebody typed ahead.
    queue: VecDeque<Key>,
    plain: bool,
    /// How many lines stand above the cursor that belong to the question.
    above: usize,
}

impl Prompt {
    /// Takes the terminal.
    ///
    /// # Errors
    /// Exit 3 when it does not let itself be taken.
    pub fn open() -> Result<Prompt> {
        let refused = |error: rustix::io::Errno| {
            Error::environment("cannot prompt on this terminal").because(io::Error::from(error))
        };
        let before = termios::tcgetattr(io::stdin()).map_err(refused)?;
        let mut raw = before.clone();
        // Output stays as it is: a line end is one.
        raw.local_modes
            .remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN);
        raw.input_modes
            .remove(InputModes::IXON | InputModes::ICRNL | InputModes::INLCR | InputModes::IGNCR);
        raw.special_codes[SpecialCodeIndex::VMIN] = 1;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        *SAVED.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        termios::tcsetattr(io::stdin(), OptionalActions::Now, &raw).map_err(refused)?;
        let plain = anstream::AutoStream::choice(&io::stderr()) == ColorChoice::Never;
        let prompt = Prompt { keys: Keys::default(), queue: VecDeque::new(), plain, above: 0 };
        // Pastes are marked as such.
        put("\x1b[?2004h");
        Ok(prompt)
    }

    /// Asks, until there is an answer that the judge takes. Nothing of the question is left on the
    /// screen.
    ///
    /// # Errors
    /// Exit 130 when whoever was asked wants to be out of here, or is gone.
    pub fn read(&mut self, field: &Field<'_>) -> Result<String> {
        let mut entry = Entry::new(field);
        loop {
            let size = size();
            self.draw(&entry.frame(size.0, size.1));
            let answered = self.wait(size).map(|()| {
                while let Some(key) = self.queue.pop_front() {
                    match entry.press(&key) {
                        Step::Open => {}
                        end => return end,
                    }
                }
                Step::Open
            });
            match answered {
                Ok(Step::Open) => {}
                Ok(Step::Done(answer)) => {
                    self.wipe();
                    return Ok(answer);
                }
                Ok(Step::Cancel) | Err(_) => {
                    self.wipe();
                    return Err(cancelled());
                }
            }
        }
    }

    /// Shows lines that stay.
    pub fn print(&mut self, text: &str) {
        put(&format!("{}\n", self.styled(text)));
    }

    /// Waits for a key, or another size of the window.
    fn wait(&mut self, size: (usize, usize)) -> Result<()> {
        let mut since = Instant::now();
        while self.queue.is_empty() {
            clock::interrupted()?;
            let stdin = io::stdin();
            let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
            let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(POLL_INTERVAL.subsec_nanos()) };
            match poll(&mut fds, Some(&timeout)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {
                    if self.keys.open() && since.elapsed() >= SEQUENCE {
                        self.queue.extend(self.keys.pause());
                    }
                    if size != self::size() {
                        return Ok(());
                    }
                    continue;
                }
                Ok(_) => {}
                Err(_) => return Err(Error::interrupted()),
            }
            let mut bytes = [0; 1024];
            match rustix::io::read(&stdin, &mut bytes) {
                // The terminal is closed.
                Ok(0) => return Err(Error::interrupted()),
                Ok(count) => self.queue.extend(self.keys.feed(&bytes[..count])),
                Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
                Err(_) => return Err(Error::interrupted()),
            }
            since = Instant::now();
        }
        Ok(())
    }

    /// Draws over what was drawn before, in one write, so that nothing flickers.
    fn draw(&mut self, frame: &Frame) {
        let Frame { lines, row, column } = frame;
        let up = lines.len().saturating_sub(row + 1);
        put(&format!(
            "\x1b[?25l{}{}{}\r\x1b[{column}C\x1b[?25h",
            self.erased(),
            self.styled(&lines.join("\n")),
            if up > 0 { format!("\x1b[{up}A") } else { String::new() },
        ));
        self.above = *row;
    }

    fn wipe(&mut self) {
        put(&self.erased());
        self.above = 0;
    }

    /// Back to where the question began, and everything from there on gone.
    fn erased(&self) -> String {
        let up = if self.above > 0 { format!("\x1b[{}A", self.above) } else { String::new() };
        format!("\r{up}\x1b[J")
    }

    fn styled(&self, text: &str) -> String {
        // Not the stream's own stripping: that takes the moves of the cursor away, too.
        if self.plain { anstream::adapter::strip_str(text).to_string() } else { text.to_owned() }
    }
}

impl Drop for Prompt {
    fn drop(&mut self) {
        restore_terminal();
    }
}

/// Columns and rows; what the terminal does not know is what it was for decades.
fn size() -> (usize, usize) {
    let seen = termios::tcgetwinsize(io::stderr()).ok();
    let seen = seen.map(|size| (usize::from(size.ws_col), usize::from(size.ws_row)));
    match seen {
        Some((columns, rows)) if columns > 0 && rows > 0 => (columns, rows),
        _ => (80, 24),
    }
}

#[cfg(test)]
mod tests;
