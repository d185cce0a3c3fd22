//! The integration tests: our program from outside, as people and scripts run it. One binary, one
//! harness; docs/testing.md says what each module holds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test may fail loudly"
)]

mod harness;

mod authors;
mod cli;
mod cluster;
mod complete;
mod compose;
mod converge;
mod copies;
mod devcontainer;
mod doctor;
mod dotenv;
mod drills;
mod environment;
mod fetch;
mod gateway;
mod init;
mod killed;
mod kubeflow;
mod kubernetes;
mod labs;
mod ledger_of_proofs;
mod life;
mod lint;
mod llm;
mod manifests;
mod monitoring;
mod order_of_proofs;
mod packs;
mod prompt;
mod proof;
mod python;
mod reading;
mod room;
mod security;
mod serving;
mod stand_in;
mod tf_serving;
mod tracking;
mod update;
mod watch;
