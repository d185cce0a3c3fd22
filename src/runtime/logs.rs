//! What services printed.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::Duration;

use super::{compose, kubernetes, places};
use crate::catalog::manifest::RuntimeKind;
use crate::error::{Error, Result, unknown};
use crate::platform::{clock, fs};
use crate::workspace::Workspace;

const POLL: Duration = Duration::from_millis(100);

/// Writes the last lines of a service's log, or of all; goes on until Ctrl-C when `follow`.
///
/// # Errors
/// Exit 2: no such service. Exit 1: it printed nothing yet.
pub fn logs(
    ws: &Workspace,
    kind: RuntimeKind,
    service: Option<&str>,
    lines: usize,
    follow: bool,
    out: &mut dyn Write,
) -> Result<()> {
    match kind {
        RuntimeKind::Local => local(ws, service, lines, follow, out),
        RuntimeKind::Compose => compose::logs(ws, service, lines, follow),
        RuntimeKind::Kubernetes => kubernetes::logs(ws, service, lines, follow),
    }
}

fn local(
    ws: &Workspace,
    service: Option<&str>,
    lines: usize,
    follow: bool,
    out: &mut dyn Write,
) -> Result<()> {
    let local = ws.manifest().runtime.local.as_ref();
    let services = local.iter().flat_map(|local| &local.service).map(|service| service.name.as_str());
    let tasks = local.iter().flat_map(|local| &local.task).map(|task| task.name.as_str());
    let background: Vec<String> = places::all_background(ws).into_iter().map(|record| record.name).collect();
    let known: Vec<&str> = services.chain(tasks).chain(background.iter().map(String::as_str)).collect();
    let wanted: Vec<&str> = match service {
        Some(name) if !known.contains(&name) => return Err(unknown("service", name, known)),
        Some(name) => vec![name],
        None => known,
    };
    let files: Vec<(&str, PathBuf)> = wanted
        .into_iter()
        .map(|name| (name, places::log(ws, name)))
        .filter(|(_, path)| path.is_file())
        .collect();
    if files.is_empty() {
        return Err(Error::no("nothing was printed yet").hint("start the lab: mlops-lab up"));
    }
    let several = files.len() > 1;
    let prefix = |name: &str| if several { format!("{name} | ") } else { String::new() };
    let mut seen = Vec::new();
    for (name, path) in &files {
        seen.push(path.metadata().map_or(0, |meta| meta.len()));
        for line in fs::tail(path, lines) {
            quiet(writeln!(out, "{}{line}", prefix(name)))?;
        }
    }
    if !follow {
        return Ok(());
    }
    loop {
        clock::pause(POLL)?;
        for ((name, path), seen) in files.iter().zip(&mut seen) {
            let length = path.metadata().map_or(0, |meta| meta.len());
            if length < *seen {
                // A new run of the service begins a new log.
                *seen = 0;
            }
            let mut fresh = Vec::new();
            if length > *seen
                && let Ok(mut file) = fs::open(path)
                && file.seek(SeekFrom::Start(*seen)).is_ok()
                && file.take(length - *seen).read_to_end(&mut fresh).is_ok()
            {
                let whole = fresh.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                *seen += whole as u64;
                for line in String::from_utf8_lossy(&fresh[..whole]).lines() {
                    quiet(writeln!(out, "{}{line}", prefix(name)))?;
                }
                quiet(out.flush())?;
            }
        }
    }
}

fn quiet(written: io::Result<()>) -> Result<()> {
    written.map_err(|error| match error.kind() {
        // Somebody stopped reading: the end of following, not a failure worth words.
        io::ErrorKind::BrokenPipe => Error::interrupted(),
        _ => Error::environment("cannot write to standard output").because(error),
    })
}
