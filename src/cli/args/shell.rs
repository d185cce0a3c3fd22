//! Arguments of the commands for the shell, and of the hidden ones that this program runs itself.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

/// `completions`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  source <(mlops-lab completions bash)  # in ~/.bashrc
  mlops-lab completions fish > ~/.config/fish/completions/mlops-lab.fish")]
pub struct Completions {
    /// The shell.
    pub shell: clap_complete::Shell,
}

/// `man`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mlops-lab man ~/.local/share/man/man1
  mlops-lab man | man -l -")]
pub struct Man {
    /// The folder, for example ~/.local/share/man/man1.
    pub folder: Option<PathBuf>,
}

/// A program to run.
#[derive(Debug, Args)]
pub struct Program {
    /// Program and arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<OsString>,
}
