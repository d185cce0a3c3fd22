//! `down`: stopping containers, and with `--purge` removing what they keep.

use std::time::Duration;

use super::command::{by_name, compose_all};
use super::container::containers;
use super::whose::{folders_of, mine, same};
use crate::error::Result;
use crate::platform::clock;
use crate::platform::process::{self, LogOptions};
use crate::platform::term::Progress;
use crate::runtime::places;
use crate::workspace::{Containers, Workspace};

pub(super) fn down(
    ws: &Workspace,
    purge: bool,
    progress: &mut dyn Progress,
) -> Result<Vec<String>> {
    // A lab whose containers were never started here needs no Docker to go down.
    let noted = ws.containers().filter(|noted| noted.up || purge);
    if noted.is_none() {
        // What is written on containers says whose they are, also when what was noted is lost.
        let found = if purge && ws.manifest().runtime.compose.is_some() {
            folders_of(&ws.project())
        } else {
            None
        };
        if !found.is_some_and(|folders| folders.iter().any(|folder| same(folder, ws.root()))) {
            return Ok(Vec::new());
        }
    }
    mine(ws)?;
    let names: Vec<String> =
        containers(ws)?.into_iter().map(|container| container.service).collect();
    remove(ws, purge, progress)?;
    Ok(names)
}

pub(super) fn remove(ws: &Workspace, purge: bool, progress: &mut dyn Progress) -> Result<()> {
    progress.start("stopping the containers");
    let mut args = vec!["--progress", "plain", "down", "--remove-orphans"];
    if purge {
        args.extend(["--volumes", "--rmi", "local"]);
    }
    let log = places::log(ws, "compose-down");
    let how = LogOptions { log: &log, record: None, verbose: false };
    // With its file compose knows images of which no container is there; a file or a `.env` that it
    // cannot read holds up nothing.
    let whole = compose_all(ws, &args, STOP)
        .and_then(|command| process::run_logged(&command, how, progress));
    if let Err(error) = whole {
        clock::interrupted()?;
        process::run_logged(&by_name(ws, &args, STOP)?, how, progress).map_err(|_| error)?;
    }
    progress.done("");
    match ws.containers() {
        Some(noted) if !purge => ws.note_containers(&Containers { up: false, ..noted }),
        _ => ws.forget_containers(),
    }
}

/// Stopping containers that drain.
const STOP: Duration = Duration::from_secs(120);
