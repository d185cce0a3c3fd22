//! mlops-lab: a lab bench for DevOps engineers who move into MLOps.

mod catalog;
mod check;
mod cli;
mod cluster;
mod commands;
mod course;
mod doctor;
mod dotenv;
mod error;
mod lab_test;
mod layout;
mod platform;
mod runtime;
mod scaffold;
mod workspace;

use std::process::ExitCode;

fn main() -> ExitCode {
    platform::panic::catch();
    if let Some(exit) = commands::complete() {
        return ExitCode::from(exit as u8);
    }
    ExitCode::from(commands::run(&cli::Cli::read()) as u8)
}
