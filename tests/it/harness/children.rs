//! Children of the tests: none runs without a limit. One that hangs is ended with all that it
//! started, and the test fails and names its command; it would take the whole run with it.

use std::ops::{Deref, DerefMut};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Longer than anything that a test starts, the proof of a small lab included.
const LONGEST: Duration = Duration::from_secs(20 * 60);

/// From the first signal to the last, and for what still holds a pipe.
const GRACE: Duration = Duration::from_secs(10);

/// A child with a limit. Let go of while it runs, it runs on, as a `Child` does, within its limit.
pub struct Running {
    child: Option<Child>,
    shown: String,
    hung: Arc<AtomicBool>,
    /// The watch ends when this is dropped.
    _watched: mpsc::Sender<()>,
    within: Duration,
}

/// How the tests run commands.
pub trait Limited {
    /// As `spawn`.
    fn start(&mut self) -> Running {
        self.start_within(LONGEST)
    }

    /// As `spawn`, for what takes less or longer than others.
    fn start_within(&mut self, within: Duration) -> Running;

    /// As `output`, with nothing to read.
    fn finish(&mut self) -> Output;
}

impl Limited for Command {
    fn start_within(&mut self, within: Duration) -> Running {
        start_within(self, within)
    }

    fn finish(&mut self) -> Output {
        finish_within(self, LONGEST)
    }
}

fn start_within(command: &mut Command, within: Duration) -> Running {
    // Python prints its stack when SIGABRT ends it.
    command.env("PYTHONFAULTHANDLER", "1");
    let shown = format!("{command:?}");
    let child = command.spawn().unwrap_or_else(|error| panic!("{shown}: {error}"));
    let (pid, hung) = (Pid::from_child(&child), Arc::new(AtomicBool::new(false)));
    let (watched, end) = mpsc::channel::<()>();
    let (watch_hung, watch_shown) = (Arc::clone(&hung), shown.clone());
    std::thread::spawn(move || {
        let late = |within| end.recv_timeout(within) == Err(mpsc::RecvTimeoutError::Timeout);
        if !late(within) {
            return;
        }
        watch_hung.store(true, Ordering::SeqCst);
        eprintln!("still running after {within:?}: {watch_shown}");
        for (signal, grace) in [(Signal::ABORT, GRACE), (Signal::KILL, Duration::ZERO)] {
            // Those below first: once their parent is gone, nobody knows them.
            for pid in family(pid).into_iter().rev() {
                let _ = kill_process(pid, signal);
            }
            if !late(grace) {
                return;
            }
        }
    });
    Running { child: Some(child), shown, hung, _watched: watched, within }
}

/// A process and all below it, each behind its parent.
fn family(root: Pid) -> Vec<Pid> {
    let out = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output();
    let text = out.map(|out| String::from_utf8_lossy(&out.stdout).into_owned()).unwrap_or_default();
    let pairs: Vec<(i32, i32)> = text
        .lines()
        .filter_map(|line| line.trim().split_once(char::is_whitespace))
        .filter_map(|(pid, parent)| Some((pid.parse().ok()?, parent.trim().parse().ok()?)))
        .collect();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        let below = pairs.iter().filter(|(_, of)| *of == parent.as_raw_nonzero().get());
        found.extend(below.filter_map(|(pid, _)| Pid::from_raw(*pid)));
        next += 1;
    }
    found
}

impl Deref for Running {
    type Target = Child;

    fn deref(&self) -> &Child {
        self.child.as_ref().unwrap()
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        self.child.as_mut().unwrap()
    }
}

impl Running {
    /// As `Child::wait_with_output`. A grandchild that left the family may still hold a pipe.
    pub fn finish(mut self) -> Output {
        let (child, (send, end)) = (self.child.take().unwrap(), mpsc::channel());
        std::thread::spawn(move || send.send(child.wait_with_output()));
        let output = end.recv_timeout(self.within + GRACE * 2);
        let Ok(output) = output else { panic!("its output has no end: {}", self.shown) };
        let output = output.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if self.hung.load(Ordering::SeqCst) {
            eprintln!("{}\n{}", text(&output.stdout), text(&output.stderr));
        }
        output
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let hung = self.hung.load(Ordering::SeqCst);
        assert!(
            !hung || std::thread::panicking(),
            "still running after {:?}: {}",
            self.within,
            self.shown
        );
    }
}

fn finish_within(command: &mut Command, within: Duration) -> Output {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    start_within(command, within).finish()
}

#[test]
fn what_hangs_fails_and_names_its_command() {
    // Its child holds the pipe, too.
    let hangs = || {
        let mut command = Command::new("sh");
        finish_within(command.args(["-c", "sleep 61; :"]), Duration::from_millis(200));
    };
    let since = std::time::Instant::now();
    let failure = std::panic::catch_unwind(hangs).unwrap_err();
    let text = failure.downcast_ref::<String>().unwrap();
    assert!(text.contains("still running") && text.contains("sleep 61"), "{text}");
    assert!(since.elapsed() < GRACE, "{:?}", since.elapsed());
}
