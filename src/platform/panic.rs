//! A panic is a bug of ours, and ends the program at once with the exit code that says so, in
//! whatever thread it happens.

use super::{prompt, term};
use crate::error::Exit;

/// From here on a panic gives the terminal back, says what happened and where, and ends the
/// program. Nothing is cleaned up: what a change leaves in the middle is brought to its end by the
/// next command, as after a kill.
#[allow(clippy::disallowed_methods, reason = "there is nobody to return an exit code to")]
pub fn catch() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        prompt::restore_terminal();
        tell(panic);
        term::eprintln("this is a bug in mlops-lab: please report it with the lines above");
        std::process::exit(Exit::Bug as i32);
    }));
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "the test is a process of its own that is to end"
    )]

    use std::process::{Command, Output, Stdio};

    use rustix::fs::{Mode, OFlags};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{LocalModes, tcgetattr};

    use super::super::prompt::Prompt;

    /// Set in the process that is to panic.
    const HERE: &str = "MLOPS_LAB_TEST_PANIC";

    /// This test again, in a process in which [`HERE`] is set.
    fn again(name: &str, input: Stdio) -> Output {
        let this = std::env::current_exe().unwrap();
        let name = format!("platform::panic::tests::{name}");
        Command::new(this)
            .args(["--exact", &name, "--nocapture"])
            .env(HERE, "1")
            .stdin(input)
            .output()
            .unwrap()
    }

    #[test]
    fn a_panic_in_any_thread_ends_the_program_with_70() {
        if std::env::var_os(HERE).is_some() {
            super::catch();
            let thread = std::thread::spawn(|| panic!("as it would look"));
            let _ = thread.join();
            std::process::exit(0);
        }
        let seen = again("a_panic_in_any_thread_ends_the_program_with_70", Stdio::null());
        let told = String::from_utf8_lossy(&seen.stderr);
        assert_eq!(seen.status.code(), Some(70), "{told}");
        assert!(told.contains("as it would look") && told.contains("platform/panic.rs:"), "{told}");
        assert!(told.contains("please report it"), "{told}");
    }

    #[test]
    fn a_panic_in_a_question_gives_the_terminal_back() {
        if std::env::var_os(HERE).is_some() {
            super::catch();
            let _prompt = Prompt::open().unwrap();
            // Else the test would be about nothing.
            assert!(!tcgetattr(std::io::stdin()).unwrap().local_modes.contains(LocalModes::ECHO));
            panic!("in the middle of a question");
        }
        let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&screen).unwrap();
        unlockpt(&screen).unwrap();
        let name = ptsname(&screen, Vec::new()).unwrap();
        let terminal =
            rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let before = tcgetattr(&terminal).unwrap();
        let seen = again(
            "a_panic_in_a_question_gives_the_terminal_back",
            terminal.try_clone().unwrap().into(),
        );
        let told = String::from_utf8_lossy(&seen.stderr);
        assert_eq!(seen.status.code(), Some(70), "{told}");
        assert!(told.contains("in the middle of a question"), "{told}");
        let after = tcgetattr(&terminal).unwrap();
        assert!(after.local_modes.contains(LocalModes::ECHO | LocalModes::ICANON));
        assert_eq!(
            (after.local_modes, after.input_modes),
            (before.local_modes, before.input_modes)
        );
    }
}
