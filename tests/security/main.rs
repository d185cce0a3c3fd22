//! What a stranger's pack, lab, service or server may try, and must not get.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test may fail loudly"
)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../prompt/terminal.rs"]
#[allow(dead_code, reason = "the questions use the rest")]
mod terminal;

mod bounds;
mod liars;
mod listeners;
mod others;
mod pinned;
mod printed;
mod records;
mod signals;
mod surroundings;
mod terminals;
mod trust;

/// The arguments of a command that asks whether a lab is trusted, with the answer.
fn trusting<'a>(args: &[&'a str]) -> Vec<&'a str> {
    const ASK: [&str; 6] = ["up", "restart", "check", "solve", "break", "update"];
    let asks = args.iter().any(|word| ASK.contains(word)) && !args.contains(&"--trust");
    [args, if asks { &["--trust"] } else { &[] }].concat()
}
