//! `completions`: scripts for shells.

use clap::CommandFactory;

use crate::cli::Cli;
use crate::error::{Exit, Result};
use crate::platform::term;

pub(super) fn run(shell: clap_complete::Shell) -> Result<Exit> {
    clap_complete::generate(shell, &mut Cli::command(), "mlops-lab", &mut term::out());
    Ok(Exit::Done)
}
