//! A panic is a bug of ours, and ends the program at once with the exit code that says so, in whatever thread it happens.

use super::{prompt, term};
use crate::error::Exit;

/// From here on a panic gives the terminal back, says what happened and where, and ends the program. Nothing is cleaned up: what a change leaves
/// in the middle is brought to its end by the next command, as after a kill.
#[allow(clippy::disallowed_methods, reason = "there is nobody to return an exit code to")]
pub fn catch() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        prompt::give_back();
        tell(panic);
        term::say("this is a bug in mlops-lab: please report it with the lines above");
        std::process::exit(Exit::Bug as i32);
    }));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "the test is a process of its own that is to end")]

    use std::process::Command;

    /// Set in the process that is to panic.
    const HERE: &str = "MLOPS_LAB_TEST_PANIC";

    #[test]
    fn a_panic_in_any_thread_ends_the_program_with_70() {
        if std::env::var_os(HERE).is_some() {
            super::catch();
            let thread = std::thread::spawn(|| panic!("as it would look"));
            let _ = thread.join();
            std::process::exit(0);
        }
        let this = std::env::current_exe().unwrap();
        let name = "platform::panic::tests::a_panic_in_any_thread_ends_the_program_with_70";
        let seen = Command::new(this).args(["--exact", name, "--nocapture"]).env(HERE, "1").output().unwrap();
        let told = String::from_utf8_lossy(&seen.stderr);
        assert_eq!(seen.status.code(), Some(70), "{told}");
        assert!(told.contains("as it would look") && told.contains("platform/panic.rs:"), "{told}");
        assert!(told.contains("please report it"), "{told}");
    }
}
