//! The terminal that a prompt has taken, so that whoever ends the program can give it back.

use std::io::{self, Write};
use std::sync::Mutex;

use rustix::termios::{self, OptionalActions, Termios};

/// The terminal as it was, and will be again, while a prompt has it.
pub(super) static SAVED: Mutex<Option<Termios>> = Mutex::new(None);

/// Gives the terminal back, if a prompt has taken it.
pub fn restore_terminal() {
    // Somebody who holds it just now has panicked, or is about to do this.
    if let Some(before) = SAVED.try_lock().ok().and_then(|mut taken| taken.take()) {
        put("\x1b[?2004l");
        let _ = termios::tcsetattr(io::stdin(), OptionalActions::Now, &before);
    }
}

/// A terminal that does not take what is written is gone, and the next read says so.
pub(super) fn put(text: &str) {
    let mut err = io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}
