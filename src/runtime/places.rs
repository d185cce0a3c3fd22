//! Where things lie in the lab's run state.

use std::path::PathBuf;

use crate::platform::fs;
use crate::platform::process::{self, Marked, Record};
use crate::workspace::Workspace;

fn record(ws: &Workspace, folder: &str, name: &str) -> PathBuf {
    ws.run_folder().join(folder).join(format!("{name}.json"))
}

/// The record of a service.
pub(super) fn service(ws: &Workspace, name: &str) -> PathBuf {
    record(ws, "service", name)
}

/// What a service was started with.
pub(super) fn settings(ws: &Workspace, name: &str) -> PathBuf {
    ws.run_folder().join("settings").join(format!("{name}.json"))
}

/// The record of a passing process of `up`: an installer, a task, a build.
pub(super) fn passing(ws: &Workspace, name: &str) -> PathBuf {
    record(ws, "passing", name)
}

/// The record of a command that runs while a drill is under way.
pub(super) fn background(ws: &Workspace, name: &str) -> PathBuf {
    record(ws, "background", name)
}

/// The record of a command that damages the lab, or puts it back, for a drill.
pub(super) fn damage(ws: &Workspace) -> PathBuf {
    record(ws, "damage", "command")
}

/// The log of a service, a task, an installer.
pub(super) fn log(ws: &Workspace, name: &str) -> PathBuf {
    ws.run_folder().join("log").join(format!("{name}.log"))
}

/// The names of all logs.
pub(super) fn logs(ws: &Workspace) -> Vec<String> {
    let names = fs::names(&ws.run_folder().join("log")).unwrap_or_default();
    names.iter().filter_map(|name| name.strip_suffix(".log").map(str::to_owned)).collect()
}

/// Says that something is being made, and is not whole while this file is there.
pub(super) fn making(ws: &Workspace, what: &str) -> PathBuf {
    ws.run_folder().join(format!("making-{what}"))
}

/// Says that the lab was brought up: its environment is made, its tasks are done. Its services may
/// still wait for something, or it has none.
pub(super) fn prepared(ws: &Workspace) -> PathBuf {
    ws.run_folder().join("prepared")
}

/// The processes that carry the lab's mark.
pub(super) fn marked(ws: &Workspace) -> Vec<Marked> {
    ws.id().map(process::marked).unwrap_or_default()
}

/// The services on record.
pub(super) fn services(ws: &Workspace) -> Vec<Record> {
    ws.records("service")
}

/// The passing processes on record.
pub(super) fn all_passing(ws: &Workspace) -> Vec<Record> {
    ws.records("passing")
}

/// What runs, or ran, while a drill is under way.
pub(super) fn all_background(ws: &Workspace) -> Vec<Record> {
    ws.records("background")
}

/// The services that run.
pub(super) fn alive(ws: &Workspace) -> Vec<Record> {
    services(ws).into_iter().filter(|record| process::alive(&record.process)).collect()
}

pub(super) fn any_alive(ws: &Workspace) -> bool {
    !alive(ws).is_empty()
}
