//! mlops-lab: a lab bench for DevOps engineers who move into MLOps.

mod catalog;
mod check;
mod cli;
mod commands;
mod doctor;
mod error;
mod platform;
mod prove;
mod runtime;
mod scaffold;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let exit = match std::panic::catch_unwind(|| commands::run(&cli::Cli::parse())) {
        Ok(exit) => exit,
        Err(_) => {
            platform::term::say("this is a bug in mlops-lab: please report it with the lines above");
            error::Exit::Bug
        }
    };
    ExitCode::from(exit as u8)
}
