//! Time, waiting, and Ctrl-C.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::error::{Error, Exit, Result};

static INTERRUPTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// From a signal to the end of a command, whatever it does: less than the half of a second that
/// people wait before they press it again.
const GRACE: Duration = Duration::from_millis(400);

/// From here on Ctrl-C, SIGTERM and SIGHUP are noted instead of ending the program: long work looks
/// at [`interrupted`] and leaves things whole. A second signal ends the program at once.
///
/// Long computations and waits that do not look are ended after [`GRACE`]; with `patient` they are
/// not.
pub fn catch_interrupts(patient: bool) {
    let ignored = ignored();
    let last = if patient { None } else { last_resort() };
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // `nohup` and the like: who started us does not want us to hear it.
        if ignored >> (signal - 1) & 1 == 1 {
            continue;
        }
        // In this order: the first is for what the second has noted before. Failing to install them
        // leaves the default behaviour, which is to end: nothing to report.
        let _ = flag::register_conditional_shutdown(
            signal,
            Exit::Interrupted as i32,
            INTERRUPTED.clone(),
        )
        .and_then(|_| flag::register(signal, INTERRUPTED.clone()));
        if let Some(last) = last.as_ref().and_then(|last| last.try_clone().ok()) {
            let _ = signal_hook::low_level::pipe::register(signal, last);
        }
    }
}

/// Ends the program when a signal has been heard on the other side and nobody has ended it since.
/// What it leaves is what `kill -9` leaves, and the next command brings that to its end.
#[allow(clippy::disallowed_methods, reason = "whoever is at work does not look at the signal")]
fn last_resort() -> Option<UnixStream> {
    let (mut heard, signal) = UnixStream::pair().ok()?;
    std::thread::spawn(move || {
        if heard.read_exact(&mut [0]).is_ok() {
            sleep_uninterruptible(GRACE);
            super::prompt::restore_terminal();
            std::process::exit(Exit::Interrupted as i32);
        }
    });
    Some(signal)
}

/// The signals that are ignored now, one bit each; none where the system does not say.
fn ignored() -> u64 {
    let status =
        super::fs::read_text(std::path::Path::new("/proc/self/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// An error with exit 130 when Ctrl-C was pressed.
pub fn interrupted() -> Result<()> {
    if INTERRUPTED.load(Ordering::SeqCst) { Err(Error::interrupted()) } else { Ok(()) }
}

/// Waits, in slices short enough for Ctrl-C to be felt at once.
pub fn pause(length: Duration) -> Result<()> {
    let end = Instant::now() + length;
    loop {
        interrupted()?;
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        sleep_uninterruptible(left.min(Duration::from_millis(50)));
    }
}

/// Waits without looking for Ctrl-C: for clean-up that must end even after it. Keep it short.
#[allow(clippy::disallowed_methods, reason = "the one place that sleeps")]
pub fn sleep_uninterruptible(length: Duration) {
    std::thread::sleep(length);
}

/// Seconds since 1970.
pub fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Seconds since 1970 of an RFC 3339 time in UTC; none of a time with another zone.
pub fn unix_of_utc(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.split('-').map(|part| part.parse::<i64>());
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let mut time = time.split('.').next()?.split(':').map(|part| part.parse::<i64>());
    let (hour, minute, second) = (time.next()?.ok()?, time.next()?.ok()?, time.next()?.ok()?);
    // Days since 1970 of a Gregorian date: years begin in March, so that the leap day comes last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
        - 719_469;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

/// How long ago a moment was, in one unit: `3 min ago`.
pub fn ago(unix: u64) -> String {
    let seconds = unix_now().saturating_sub(unix);
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}
