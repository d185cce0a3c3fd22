//! A bound on work that cannot be asked to stop: templates of a stranger's pack may loop for ever
//! or double a text until memory ends.
//!
//! The program ends when the bound is met. So it is for work that has changed nothing yet.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use super::{clock, process, prompt, term};
use crate::error::Error;

/// The longest that a lab's templates take. The largest lab here takes some hundredths of a second.
const LONGEST: Duration = Duration::from_secs(5);

/// The most memory that this program holds meanwhile, in bytes.
const MOST: u64 = 512 << 20;

const POLL: Duration = Duration::from_millis(5);

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Watchdog {
    /// Its end ends the watch.
    _working: Sender<()>,
}

impl Watchdog {
    /// Watches what this thread does from here on. `what` is what takes so long, in the plural:
    /// "the templates of this lab".
    #[allow(clippy::disallowed_methods, reason = "the thread that works cannot be asked to return")]
    pub fn over(what: &'static str, hint: &'static str) -> Watchdog {
        let (working, ended) = mpsc::channel();
        std::thread::spawn(move || {
            if let Some(error) = watch(&ended, what) {
                prompt::restore_terminal();
                let error = error.hint(hint);
                term::report(&error);
                std::process::exit(error.exit() as i32);
            }
        });
        Watchdog { _working: working }
    }
}

/// Why the work has to end; none when it has ended.
fn watch(ended: &mpsc::Receiver<()>, what: &str) -> Option<Error> {
    let since = Instant::now();
    loop {
        match ended.recv_timeout(POLL) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return None,
        }
        if let Err(error) = clock::interrupted() {
            return Some(error);
        }
        if since.elapsed() > LONGEST {
            let seconds = LONGEST.as_secs();
            return Some(Error::usage(format!(
                "{what} take longer than {seconds} s: nothing was changed"
            )));
        }
        if process::resident(std::process::id()).is_some_and(|bytes| bytes > MOST) {
            let most = MOST >> 20;
            return Some(Error::usage(format!(
                "{what} take more than {most} MiB of memory: nothing was changed"
            )));
        }
    }
}
