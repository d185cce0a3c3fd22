//! `man`: the manual, made from the same descriptions as `--help`.

use std::path::Path;

use clap::CommandFactory;

use super::Session;
use crate::cli::Cli;
use crate::error::{Error, Exit, Result};
use crate::platform::{fs, term};

pub(super) fn run(session: &Session, folder: Option<&Path>) -> Result<Exit> {
    let failed =
        |error: std::io::Error| Error::bug("a man page that cannot be made").because(error);
    let command = Cli::command();
    let Some(folder) = folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page).map_err(failed)?;
        return session.print(&page);
    };
    let folder = session.folder.join(folder);
    fs::make_folder(&folder)?;
    clap_mangen::generate_to(command, &folder).map_err(|error| {
        Error::environment(format!("cannot write into {}", folder.display())).because(error)
    })?;
    term::eprintln(&format!("written: {}/mlops-lab*.1", folder.display()));
    Ok(Exit::Done)
}
