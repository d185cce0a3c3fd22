//! The runtime `local`: processes of this machine, no Docker.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Options, context, free_ports, places, python, ready};
use crate::catalog::manifest::{Local, RuntimeKind, Service, Task};
use crate::catalog::tree::RelPath;
use crate::error::{Error, Result};
use crate::platform::fs::{self, Kind};
use crate::platform::process::{self, Child, Record, Shown};
use crate::platform::term::Progress;
use crate::platform::world::World;
use crate::workspace::Workspace;

/// A task that says nothing has this long.
const TASK: Duration = Duration::from_secs(10 * 60);

/// A service that says nothing has this long to end.
const STOP: Duration = Duration::from_secs(10);

/// Lines of a log that an error shows.
const TAIL: usize = 10;

const KIND: RuntimeKind = RuntimeKind::Local;

pub(super) fn up(
    ws: &Workspace,
    options: &Options,
    world: &dyn World,
    progress: &mut dyn Progress,
) -> Result<Vec<String>> {
    let manifest = ws.manifest();
    let local = manifest
        .runtime
        .local
        .as_ref()
        .ok_or_else(|| Error::usage("this lab does not offer the runtime local"))?;
    let running = still_running(ws, local, world, progress)?;
    let wanted = |service: &&Service| !running.contains(&service.name) && absent(ws, service).is_none();
    let missing: Vec<&Service> = local.service.iter().filter(wanted).collect();
    if missing.is_empty() && !running.is_empty() {
        // Everything runs: its environment must not be made anew under it.
        return Ok(Vec::new());
    }
    if running.is_empty() {
        // The rest of a run that was killed: an installer would race with ours, a child of a dead service may hold the port.
        clear(ws);
        free_ports(ws, KIND)?;
    }
    if let Some(wanted) = &local.python {
        python::prepare(ws, KIND, wanted, options.verbose, progress)?;
    }
    for task in &local.task {
        run_task(ws, task, options.verbose, progress)?;
    }
    if local.service.is_empty() {
        fs::write(&places::prepared(ws), b"", false)?;
    }
    let mut started: Vec<Record> = Vec::new();
    // Asked anew: a task may have made what a service requires.
    let missing = local.service.iter().filter(wanted);
    for service in missing {
        match start(ws, service, world, progress) {
            Ok(record) => started.push(record),
            Err(error) => {
                // Nothing half done: what this run started is stopped; what ran before is left alone.
                for record in started.iter().rev() {
                    stop(ws, local, record);
                }
                return Err(error);
            }
        }
    }
    Ok(started.into_iter().map(|record| record.name).collect())
}

/// The names of the services that run, each ready. One that dies while it is waited for, or was dying already, is none of them.
fn still_running(
    ws: &Workspace,
    local: &Local,
    world: &dyn World,
    progress: &mut dyn Progress,
) -> Result<Vec<String>> {
    let context = context(ws, KIND)?;
    let mut running = Vec::new();
    for record in alive(ws) {
        if let Some(service) = local.service.iter().find(|service| service.name == record.name) {
            let dead = || Error::environment(format!("{} is dying", record.name));
            let mut gone = || if process::alive(&record.process) { Ok(()) } else { Err(dead()) };
            let waited = ready::wait(&service.ready, &context, world, progress, &mut gone);
            if !process::alive(&record.process) {
                continue;
            }
            waited?;
        }
        running.push(record.name);
    }
    Ok(running)
}

/// The first path without which the service has nothing to do, while it is not there.
fn absent<'a>(ws: &Workspace, service: &'a Service) -> Option<&'a str> {
    service.requires.iter().map(String::as_str).find(|path| !ws.root().join(path).exists())
}

/// The services that wait for a path, by name.
pub(super) fn waiting(ws: &Workspace) -> BTreeMap<String, String> {
    let services = ws.manifest().runtime.local.iter().flat_map(|local| &local.service);
    let running: Vec<String> = alive(ws).into_iter().map(|record| record.name).collect();
    services
        .filter(|service| !running.contains(&service.name))
        .filter_map(|service| Some((service.name.clone(), absent(ws, service)?.to_owned())))
        .collect()
}

fn run_task(ws: &Workspace, task: &Task, verbose: bool, progress: &mut dyn Progress) -> Result<()> {
    let name = &task.name;
    let making = places::making(ws, name);
    let there = !task.creates.is_empty() && task.creates.iter().all(|path| ws.root().join(path).is_file());
    if there && !making.is_file() {
        return Ok(());
    }
    progress.start(&format!("{name}: {}", process::shell_words(&task.run)));
    fs::write(&making, b"", false)?;
    let command = ws.service(KIND, &task.run, task.within.map_or(TASK, |within| within.0))?;
    let (log, record) = (places::log(ws, name), places::passing(ws, name));
    process::shown(&command, Shown { log: &log, record: Some((name, &record)), verbose }, progress)?;
    fs::remove(&making)?;
    progress.done("");
    Ok(())
}

/// Starts a service and waits until it is ready; on failure it is ended again.
fn start(
    ws: &Workspace,
    service: &Service,
    world: &dyn World,
    progress: &mut dyn Progress,
) -> Result<Record> {
    let name = &service.name;
    progress.start(&format!("{name}: waiting until it is ready"));
    let mut command = ws.service(KIND, &service.run, STOP)?;
    command.env.extend(service.env.iter().map(|(name, value)| (name.into(), value.into())));
    let (log, record) = (places::log(ws, name), places::service(ws, name));
    if log.is_file() {
        // The last words of the run before are kept.
        let _ = fs::rename(&log, &process::before(&log));
    }
    fs::remove(&record)?;
    let mut child = process::start(&command, name, &record, &log)?;
    let context = context(ws, KIND)?;
    let waited = ready::wait(&service.ready, &context, world, progress, &mut || dead(&mut child, name, &log));
    let written = written(&record, &mut child, name, &log);
    match waited.and(written) {
        Ok(written) => {
            progress.done("");
            Ok(written)
        }
        Err(error) => {
            if let Some(process) = process::identity(child.id()) {
                process::end(&process, service.stop_within.map_or(STOP, |within| within.0));
            }
            let _ = child.ended();
            // Known dead, with its log: `status` shows its last words from the log; nothing runs that a record would have to name.
            fs::remove(&record)?;
            Err(error)
        }
    }
}

/// An error when the process has ended.
fn dead(child: &mut Child, name: &str, log: &std::path::Path) -> Result<()> {
    match child.ended()? {
        None => Ok(()),
        Some(ended) => Err(Error::environment(format!("{name} ended with {ended} before it was ready"))
            .detail(fs::tail(log, TAIL).join("\n"))
            .hint(format!("all of its output: mlops-lab logs {name}"))),
    }
}

/// The record that the process wrote about itself before it became the service.
fn written(record: &std::path::Path, child: &mut Child, name: &str, log: &std::path::Path) -> Result<Record> {
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        if let Some(bytes) = fs::read_optional(record)? {
            return serde_json::from_slice(&bytes)
                .map_err(|error| Error::bug("a record that cannot be read").because(error));
        }
        dead(child, name, log)?;
        if Instant::now() >= end {
            return Err(Error::bug(format!("{name} did not write its record")));
        }
        crate::platform::clock::nap(Duration::from_millis(5));
    }
}

pub(super) fn down(ws: &Workspace, purge: bool, progress: &mut dyn Progress) -> Result<Vec<String>> {
    let mut stopped = Vec::new();
    let local = ws.manifest().runtime.local.clone().unwrap_or(Local {
        needs: Vec::new(),
        python: None,
        env: indexmap::IndexMap::new(),
        data: Vec::new(),
        task: Vec::new(),
        service: Vec::new(),
    });
    let mut records = places::services(ws);
    // The last one started may need the others to end well.
    let order = |record: &Record| local.service.iter().position(|service| service.name == record.name);
    records.sort_by_key(|record| std::cmp::Reverse(order(record)));
    for record in &records {
        progress.start(&format!("stopping {}", record.name));
        if stop(ws, &local, record) {
            progress.done("");
            stopped.push(record.name.clone());
        }
        fs::remove(&places::service(ws, &record.name))?;
    }
    stopped.extend(clear(ws));
    fs::remove(&places::prepared(ws))?;
    if purge {
        for path in data(ws) {
            match fs::kind(&path) {
                Ok(Kind::Folder) => fs::remove_tree(&path)?,
                // A link goes itself, not what it points to.
                _ => fs::remove(&path)?,
            }
        }
    }
    Ok(stopped)
}

/// What services keep their data in, as far as it is there and no link leads to it.
pub(super) fn data(ws: &Workspace) -> Vec<PathBuf> {
    let paths = ws.manifest().runtime.local.iter().flat_map(|local| &local.data);
    let inside = paths.filter_map(|path| Some(RelPath::new(path.as_str()).ok()?.under(ws.root())));
    let is = |path: &Path, wanted: Kind| fs::kind(path).is_ok_and(|kind| kind == wanted);
    let reached = |path: &PathBuf| {
        let mut above = path.ancestors().skip(1).take_while(|above| *above != ws.root());
        !is(path, Kind::Missing) && above.all(|above| is(above, Kind::Folder))
    };
    inside.filter(reached).collect()
}

/// Ends a service of ours; whether it was alive.
fn stop(ws: &Workspace, local: &Local, record: &Record) -> bool {
    let within = local
        .service
        .iter()
        .find(|service| service.name == record.name)
        .and_then(|service| service.stop_within);
    let was = process::alive(&record.process);
    process::end(&record.process, within.map_or(STOP, |within| within.0));
    let _ = fs::remove(&places::service(ws, &record.name));
    was
}

/// Ends what no service is: installers and tasks of a run that was killed, children of dead services. Returns their names.
pub(super) fn clear(ws: &Workspace) -> Vec<String> {
    let mut cleared = clear_passing(ws);
    let services: Vec<u32> = alive(ws).iter().map(|record| record.process.pid).collect();
    for marked in process::marked(ws.id()) {
        let of_service = marked.group.is_some_and(|group| services.contains(&group));
        if services.contains(&marked.process.pid) || of_service || !process::alive(&marked.process) {
            continue;
        }
        // Not the leader of a group, perhaps: its own number is what is known.
        process::end_one(&marked.process, STOP);
        cleared.push(marked.command);
    }
    cleared
}

/// Ends what is on record of a run that was killed: an installer, a task, a build. Returns their names.
pub(super) fn clear_passing(ws: &Workspace) -> Vec<String> {
    let mut cleared = Vec::new();
    for record in places::all_passing(ws) {
        if process::alive(&record.process) {
            process::end(&record.process, STOP);
            cleared.push(record.name.clone());
        }
        let _ = fs::remove(&places::passing(ws, &record.name));
    }
    cleared
}

/// The services that run.
pub(super) fn alive(ws: &Workspace) -> Vec<Record> {
    places::services(ws).into_iter().filter(|record| process::alive(&record.process)).collect()
}

pub(super) fn any_alive(ws: &Workspace) -> bool {
    !alive(ws).is_empty()
}
