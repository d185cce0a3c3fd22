//! `up`: starts what is missing, starts again what runs with other settings, leaves the rest alone.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::services::{absent, outdated, stands};
use super::settings::Settings;
use super::stop::{self, clear, stop};
use super::{KIND, STOP, TAIL};
use crate::catalog::manifest::{Local, Service, Task};
use crate::error::{Error, Result};
use crate::platform::fs::{self, Kind};
use crate::platform::process::{self, Child, LogOptions, Record};
use crate::platform::term::Progress;
use crate::platform::world::World;
use crate::runtime::python::Lack;
use crate::runtime::{Changes, Options, context, free_ports, places, python, ready};
use crate::workspace::Workspace;

/// A task that says nothing has this long.
const TASK: Duration = Duration::from_secs(10 * 60);

/// Brings the lab to what its files say: makes what tasks should have made, starts what is missing,
/// starts again what runs with other settings than it would have now, or what was named, and leaves
/// the rest alone.
pub(super) fn up(
    ws: &Workspace,
    options: &Options,
    world: &dyn World,
    progress: &mut dyn Progress,
) -> Result<Changes> {
    let local = ws
        .manifest()
        .runtime
        .local
        .as_ref()
        .ok_or_else(|| Error::usage("this lab does not offer the runtime local"))?;
    // Renamed or dropped by an update: nobody would ever stop it.
    let known = |record: &Record| local.service.iter().any(|service| service.name == record.name);
    let gone: Vec<Record> = places::alive(ws).into_iter().filter(|record| !known(record)).collect();
    let mut changes = Changes { stopped: stop(ws, &gone, progress)?, ..Changes::default() };
    let lack = local.python.as_ref().map_or(Ok(None), |wanted| python::lack(ws, KIND, wanted))?;
    let mut due = due(ws, local, options)?;
    if let Some(Lack::Everything(why)) = &lack {
        // It cannot be made anew under what runs in it.
        let all = places::alive(ws);
        for record in &all {
            due.entry(record.name.clone()).or_insert_with(|| why.clone());
        }
        stop(ws, &all, progress)?;
    }
    add_readers_of_what_is_missing(ws, local, &mut due)?;
    let running = still_running(ws, local, &due, world, progress)?;
    if running.is_empty() {
        // The rest of a run that was killed: an installer would race with ours, a child of a dead
        // service may hold the port.
        clear(ws);
    }
    free_ports(ws, KIND)?;
    if let (Some(wanted), Some(lack)) = (&local.python, &lack) {
        python::make(ws, KIND, wanted, lack, options, progress)?;
    }
    run_tasks(ws, local, &running, options, progress)?;
    fs::write(&places::prepared(ws), b"", false)?;
    start_services(ws, local, &due, world, progress, &mut changes)?;
    Ok(changes)
}

/// The services that run and are to be started again, each with the reason: they were started with
/// other settings, or were named.
fn due(ws: &Workspace, local: &Local, options: &Options) -> Result<BTreeMap<String, String>> {
    let mut due = outdated(ws, local)?;
    let asked = options.restart.names(local.service.iter().map(|service| service.name.as_str()))?;
    for record in places::alive(ws).into_iter().filter(|record| asked.contains(&record.name)) {
        due.entry(record.name).or_insert_with(|| "requested".to_owned());
    }
    Ok(due)
}

/// Services that run and read what a task will have to make again.
fn add_readers_of_what_is_missing(
    ws: &Workspace,
    local: &Local,
    due: &mut BTreeMap<String, String>,
) -> Result<()> {
    for task in &local.task {
        let Some(path) = lacking(ws, task) else { continue };
        let readers = local
            .service
            .iter()
            .filter(|service| reads(service, task))
            .map(|service| &service.name);
        for record in places::alive(ws)
            .into_iter()
            .filter(|record| readers.clone().any(|name| *name == record.name))
        {
            let why = format!("{path} was missing");
            Settings::outdate(ws, &record.name, &why)?;
            due.entry(record.name).or_insert(why);
        }
    }
    Ok(())
}

/// Tasks whose outputs are missing; one that names no output is run whenever something is started.
fn run_tasks(
    ws: &Workspace,
    local: &Local,
    running: &[String],
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<()> {
    let begins =
        |service: &&Service| !running.contains(&service.name) && absent(ws, service).is_none();
    let starting = running.is_empty() || local.service.iter().any(|service| begins(&service));
    for task in &local.task {
        let wanted = if task.creates.is_empty() { starting } else { lacking(ws, task).is_some() };
        if wanted {
            run_task(ws, task, options.verbose, progress)?;
        }
    }
    Ok(())
}

/// Services that do not run, or are due, in their order; into `changes` goes what was done.
fn start_services(
    ws: &Workspace,
    local: &Local,
    due: &BTreeMap<String, String>,
    world: &dyn World,
    progress: &mut dyn Progress,
    changes: &mut Changes,
) -> Result<()> {
    let mut started: Vec<Record> = Vec::new();
    for service in &local.service {
        let old = places::alive(ws).into_iter().find(|record| record.name == service.name);
        let why = due.get(&service.name);
        if old.is_some() && why.is_none() {
            continue;
        }
        // Asked now: a task may have made what it requires.
        if absent(ws, service).is_some() {
            continue;
        }
        stop(ws, old.as_slice(), progress)?;
        match (start(ws, service, world, progress), why) {
            (Ok(_), Some(why)) => drop(changes.restarted.insert(service.name.clone(), why.clone())),
            (Ok(record), None) => started.push(record),
            (Err(error), why) => {
                // Nothing half done: what this run started is stopped; what ran before is left
                // alone.
                started.reverse();
                let _ = stop(ws, &started, progress);
                let told = why
                    .map(|why| format!("{} was running, and was restarted: {why}", service.name));
                return Err(told.into_iter().fold(error, Error::hint));
            }
        }
    }
    changes.started = started.into_iter().map(|record| record.name).collect();
    Ok(())
}

/// Whether a service reads what a task makes: what it requires says so; one that requires nothing
/// is started after all tasks, and may.
fn reads(service: &Service, task: &Task) -> bool {
    service.requires.is_empty() || service.requires.iter().any(|path| task.creates.contains(path))
}

/// The names of the services that run, each ready, unless it is to be started again. One that dies
/// while it is waited for, or was dying already, is none of them.
fn still_running(
    ws: &Workspace,
    local: &Local,
    due: &BTreeMap<String, String>,
    world: &dyn World,
    progress: &mut dyn Progress,
) -> Result<Vec<String>> {
    let context = context(ws, KIND)?;
    let mut running = Vec::new();
    for record in places::alive(ws) {
        if let Some(service) = local.service.iter().find(|service| service.name == record.name)
            && !due.contains_key(&record.name)
        {
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

/// The first output of a task that is not there, or not whole; none for a task that says of no
/// output.
fn lacking<'a>(ws: &Workspace, task: &'a Task) -> Option<&'a str> {
    let half = places::making(ws, &task.name).is_file();
    let lacks = |path: &&str| matches!(stands(ws, path), Kind::Missing | Kind::Folder);
    task.creates.iter().map(String::as_str).find(|path| half || lacks(path))
}

fn run_task(ws: &Workspace, task: &Task, verbose: bool, progress: &mut dyn Progress) -> Result<()> {
    let name = &task.name;
    let making = places::making(ws, name);
    progress.start(&format!("{name}: {}", process::shell_words(&task.run)));
    fs::write(&making, b"", false)?;
    let command = ws.service(KIND, &task.run, task.within.map_or(TASK, |within| within.0))?;
    let (log, record) = (places::log(ws, name), places::passing(ws, name));
    process::run_logged(
        &command,
        LogOptions { log: &log, record: Some((name, &record)), verbose },
        progress,
    )?;
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
    progress.start(&format!("{name}: waiting until ready"));
    let mut command = ws.service(KIND, &service.run, STOP)?;
    command.env.extend(service.env.iter().map(|(name, value)| (name.into(), value.into())));
    let (log, record) = (places::log(ws, name), places::service(ws, name));
    if log.is_file() {
        // The last words of the run before are kept.
        let _ = fs::rename(&log, &process::previous_log(&log));
    }
    fs::remove(&record)?;
    Settings::now(ws, service)?.note(ws, name)?;
    let mut child = process::start(&command, name, &record, &log)?;
    let mut context = context(ws, KIND)?;
    context.own.leaders.push(child.id());
    let waited = ready::wait(&service.ready, &context, world, progress, &mut || {
        dead(&mut child, name, &log)
    });
    let written = written(&record, &mut child, name, &log);
    match waited.and(written) {
        Ok(written) => {
            progress.done("");
            Ok(written)
        }
        Err(error) => {
            if let Some(process) = process::identity(child.id()) {
                process::end(&process, stop::within(ws, name));
            }
            // Known dead, with its log: `status` shows its last words from the log; nothing runs
            // that a record would have to name.
            if child.ended().is_ok_and(|ended| ended.is_some()) {
                fs::remove(&record)?;
            }
            Err(error)
        }
    }
}

/// An error when the process has ended.
fn dead(child: &mut Child, name: &str, log: &std::path::Path) -> Result<()> {
    match child.ended()? {
        None => Ok(()),
        Some(ended) => {
            Err(Error::environment(format!("{name} ended with {ended} before it was ready"))
                .detail(fs::tail(log, TAIL).join("\n"))
                .hint(format!("all of its output: mlops-lab logs {name}")))
        }
    }
}

/// The record that the process wrote about itself before it became the service.
fn written(
    record: &std::path::Path,
    child: &mut Child,
    name: &str,
    log: &std::path::Path,
) -> Result<Record> {
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
        crate::platform::clock::sleep_uninterruptible(Duration::from_millis(5));
    }
}
