//! Questions on a real (pseudo) terminal: what is asked, what is refused, how one leaves, and what
//! is then on the disk.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test may fail loudly"
)]

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod bench;
mod files;
mod terminal;
