//! Every case of the doctor with the injected thing real: programs that misbehave, sockets that
//! hang, servers that refuse.
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

mod bench;
mod cluster;
mod engine;
mod host;
mod programs;
mod report;
