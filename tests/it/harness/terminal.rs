//! Our program on a terminal: a pseudo terminal, somebody who types, and a screen that shows what
//! there is to be seen.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::harness::{Limited, Running};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};

/// Longer than any machine needs; what is waited for comes or the test fails.
const LONG: Duration = Duration::from_secs(30);

pub struct Terminal {
    child: Running,
    keyboard: File,
    /// The side of the program: open as long as we look, so that nothing that was written is lost.
    program: File,
    before: String,
    shown: Arc<(Mutex<Shown>, Condvar)>,
}

struct Shown {
    screen: vt100::Parser,
    raw: Vec<u8>,
}

/// How it ended.
pub struct Ended {
    pub code: i32,
    /// What was written to standard output, where that is a pipe.
    pub out: String,
    /// All that came to the screen, with what steers it.
    pub raw: String,
    /// The screen at the end.
    pub screen: String,
}

impl Terminal {
    /// Starts a command with standard input and standard error on a terminal of this size.
    pub fn start(command: &mut Command, columns: u16, rows: u16) -> Terminal {
        Terminal::open(command, columns, rows, false)
    }

    /// The same with standard output on the terminal, too.
    #[allow(dead_code, reason = "not every test file that shares this needs it")]
    pub fn whole(command: &mut Command, columns: u16, rows: u16) -> Terminal {
        Terminal::open(command, columns, rows, true)
    }

    fn open(command: &mut Command, columns: u16, rows: u16, whole: bool) -> Terminal {
        let keyboard =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let program = rustix::fs::open(name.as_c_str(), flags, Mode::empty()).unwrap();
        let size = Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&program, size).unwrap();
        let (keyboard, program) = (File::from(keyboard), File::from(program));
        let before = settings(&program);
        let child = command
            .env("TERM", "xterm-256color")
            .env_remove("CI")
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR")
            .stdin(program.try_clone().unwrap())
            .stdout(if whole { program.try_clone().unwrap().into() } else { Stdio::piped() })
            .stderr(program.try_clone().unwrap())
            .start();
        let parser = vt100::Parser::new(rows, columns, 0);
        let shown =
            Arc::new((Mutex::new(Shown { screen: parser, raw: Vec::new() }), Condvar::new()));
        let (mut from, to) = (keyboard.try_clone().unwrap(), Arc::clone(&shown));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                let mut shown = to.0.lock().unwrap();
                shown.screen.process(&bytes[..count]);
                shown.raw.extend(&bytes[..count]);
                to.1.notify_all();
            }
        });
        Terminal { child, keyboard, program, before, shown }
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the screen is as wanted, and gives it.
    pub fn until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + LONG;
        let mut shown = self.shown.0.lock().unwrap();
        loop {
            let screen = shown.screen.screen().contents();
            if wanted(&screen) {
                return screen;
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{what} never came:\n{screen}");
            shown = self.shown.1.wait_timeout(shown, left).unwrap().0;
        }
    }

    /// Waits until the screen shows this.
    pub fn sees(&self, text: &str) -> String {
        self.until(&format!("{text:?}"), |screen| screen.contains(text))
    }

    /// Makes the window another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.shown.0.lock().unwrap().screen.screen_mut().set_size(rows, columns);
        let size = Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.program, size).unwrap();
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Waits for the end. The terminal must then be as it was.
    pub fn end(mut self) -> Ended {
        let mut out = String::new();
        if let Some(mut stdout) = self.child.stdout.take() {
            stdout.read_to_string(&mut out).unwrap();
        }
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        assert_eq!(settings(&self.program), self.before, "the terminal was not put back");
        // A mark of our own behind all that the program wrote.
        self.program.write_all(b"\x1b]2;end\x07").unwrap();
        let end = Instant::now() + LONG;
        let mut shown = self.shown.0.lock().unwrap();
        while !shown.raw.ends_with(b"\x1b]2;end\x07") {
            assert!(Instant::now() < end, "the end was not seen");
            shown = self.shown.1.wait_timeout(shown, Duration::from_millis(100)).unwrap().0;
        }
        let screen = shown.screen.screen();
        assert!(!screen.hide_cursor() && !screen.bracketed_paste(), "the screen was not put back");
        let raw = String::from_utf8_lossy(&shown.raw).into_owned();
        Ended { code, out, raw, screen: screen.contents() }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn settings(terminal: &File) -> String {
    format!("{:?}", tcgetattr(terminal).unwrap())
}

/// Each file and folder below a folder, with what it holds; but for who took the lock last.
pub fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut open = vec![folder.to_owned()];
    let mut all = BTreeMap::new();
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                all.insert(format!("{}/", path.display()), String::new());
                open.push(path);
            } else if !path.ends_with("run/lock") {
                let bytes = std::fs::read(&path).unwrap();
                all.insert(path.display().to_string(), bytes.escape_ascii().to_string());
            }
        }
    }
    all
}
