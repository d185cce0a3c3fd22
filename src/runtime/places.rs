//! Where things lie below `.mlops-lab/run`, and what is on disk about processes.

use std::path::PathBuf;

use crate::platform::fs;
use crate::platform::process::Record;
use crate::workspace::Workspace;

/// The record of a service.
pub(super) fn service(ws: &Workspace, name: &str) -> PathBuf {
    ws.run_folder().join("service").join(format!("{name}.json"))
}

/// What a service was started with.
pub(super) fn settings(ws: &Workspace, name: &str) -> PathBuf {
    ws.run_folder().join("settings").join(format!("{name}.json"))
}

/// The record of a passing process of `up`: an installer, a task, a build.
pub(super) fn passing(ws: &Workspace, name: &str) -> PathBuf {
    ws.run_folder().join("passing").join(format!("{name}.json"))
}

/// The record of a command that runs while a drill is under way.
pub(super) fn background(ws: &Workspace, name: &str) -> PathBuf {
    ws.run_folder().join("background").join(format!("{name}.json"))
}

/// The record of a command that damages the lab, or puts it back, for a drill.
pub(super) fn damage(ws: &Workspace) -> PathBuf {
    ws.run_folder().join("damage").join("command.json")
}

/// The log of a service, a task, an installer.
pub(super) fn log(ws: &Workspace, name: &str) -> PathBuf {
    ws.run_folder().join("log").join(format!("{name}.log"))
}

/// Says that something is being made, and is not whole while this file is there.
pub(super) fn making(ws: &Workspace, what: &str) -> PathBuf {
    ws.run_folder().join(format!("making-{what}"))
}

/// Says that containers of the lab were started.
pub(super) fn containers(ws: &Workspace) -> PathBuf {
    ws.run_folder().join("containers.json")
}

/// Says that the lab was brought up: its environment is made, its tasks are done. Its services may still wait for something, or it has none.
pub(super) fn prepared(ws: &Workspace) -> PathBuf {
    ws.run_folder().join("prepared")
}

/// The services on record.
pub(super) fn services(ws: &Workspace) -> Vec<Record> {
    records(ws, "service")
}

/// The passing processes on record.
pub(super) fn all_passing(ws: &Workspace) -> Vec<Record> {
    records(ws, "passing")
}

/// What runs, or ran, while a drill is under way.
pub(super) fn all_background(ws: &Workspace) -> Vec<Record> {
    records(ws, "background")
}

fn records(ws: &Workspace, folder: &str) -> Vec<Record> {
    let folder = ws.run_folder().join(folder);
    let names = fs::names(&folder).unwrap_or_default();
    // A file that is no record is the rest of something killed in its first instant: the mark finds that process.
    names
        .iter()
        .filter(|name| name.ends_with(".json") && !name.starts_with('.'))
        .filter_map(|name| serde_json::from_slice(&fs::read_io(&folder.join(name)).ok()?).ok())
        .collect()
}
