//! Ending what runs: services in order and, when they are slow, side by side; then whatever else
//! carries the lab's mark.

use std::time::{Duration, Instant};

use super::STOP;
use crate::catalog::manifest::Service;
use crate::error::{Error, Result};
use crate::platform::clock;
use crate::platform::fs;
use crate::platform::inside::{self, cannot};
use crate::platform::process::{self, Record};
use crate::platform::term::Progress;
use crate::runtime::places;
use crate::workspace::Workspace;

/// A service that takes longer to end does not hold up the next one.
const PATIENCE: Duration = Duration::from_secs(1);

pub(in crate::runtime) fn down(
    ws: &Workspace,
    purge: bool,
    progress: &mut dyn Progress,
) -> Result<Vec<String>> {
    let mut records = places::services(ws);
    // The last one started may need the others to end well.
    let services: Vec<&Service> =
        ws.manifest().runtime.local.iter().flat_map(|local| &local.service).collect();
    let order = |record: &Record| services.iter().position(|service| service.name == record.name);
    records.sort_by_key(|record| std::cmp::Reverse(order(record)));
    let mut stopped = stop(ws, &records, progress)?;
    stopped.extend(clear(ws));
    // What a killed `up` had just begun may have been written down since, by processes that are
    // ended now.
    let late = places::services(ws);
    stopped.extend(stop(ws, &late, progress)?);
    clock::interrupted().map_err(|error| error.hint("stop the rest: mlops-lab down"))?;
    fs::remove(&places::prepared(ws))?;
    if purge {
        for path in data(ws) {
            // A link goes itself, not what it points to.
            inside::remove_tree(ws.root(), path).map_err(cannot("remove", ws.root(), path))?;
        }
    }
    Ok(stopped)
}

/// How long a service has to end.
pub(super) fn within(ws: &Workspace, name: &str) -> Duration {
    let mut services = ws.manifest().runtime.local.iter().flat_map(|local| &local.service);
    let own = services.find(|service| service.name == name).and_then(|service| service.stop_within);
    own.map_or(STOP, |within| within.0)
}

/// Ends services, one after the other as long as they end quickly; returns the names of those that
/// were alive.
pub(super) fn stop(
    ws: &Workspace,
    records: &[Record],
    progress: &mut dyn Progress,
) -> Result<Vec<String>> {
    let running: Vec<&Record> =
        records.iter().filter(|record| process::alive(&record.process)).collect();
    let names: Vec<String> = running.iter().map(|record| record.name.clone()).collect();
    if !names.is_empty() {
        progress.start(&format!("stopping {}", names.join(", ")));
    }
    std::thread::scope(|scope| {
        let mut slow = Vec::new();
        for record in running {
            let within = within(ws, &record.name);
            let ending = scope.spawn(move || process::end(&record.process, within));
            let begun = Instant::now();
            let patient = || begun.elapsed() < PATIENCE.min(within) && clock::interrupted().is_ok();
            while !ending.is_finished() && patient() {
                clock::sleep_uninterruptible(Duration::from_millis(10));
            }
            if !ending.is_finished() && clock::interrupted().is_ok() {
                progress.note(&format!(
                    "{} is still stopping: waiting up to {} s, then it is killed",
                    record.name,
                    within.as_secs_f64()
                ));
            }
            slow.push(ending);
        }
        while slow.iter().any(|ending| !ending.is_finished()) {
            clock::sleep_uninterruptible(Duration::from_millis(10));
        }
    });
    let (left, gone): (Vec<&Record>, Vec<&Record>) =
        records.iter().partition(|record| process::alive(&record.process));
    if !names.is_empty() && left.is_empty() {
        progress.done("");
    }
    for record in gone {
        fs::remove(&places::service(ws, &record.name))?;
        fs::remove(&places::settings(ws, &record.name))?;
    }
    if let Some(record) = left.first() {
        let error = clock::interrupted()
            .err()
            .unwrap_or_else(|| Error::environment(format!("{} does not end", record.name)));
        return Err(error.hint("what is left: mlops-lab status; to stop it: mlops-lab down"));
    }
    Ok(names)
}

/// What services keep their data in, as far as it is there and no link leads to it.
pub(in crate::runtime) fn data(ws: &Workspace) -> Vec<&str> {
    let paths = ws.manifest().runtime.local.iter().flat_map(|local| &local.data);
    paths.map(String::as_str).filter(|path| inside::exists(ws.root(), path)).collect()
}

/// Ends what no service is: installers and tasks of a run that was killed, children of dead
/// services. Returns their names.
pub(in crate::runtime) fn clear(ws: &Workspace) -> Vec<String> {
    let mut cleared = clear_passing(ws);
    let services: Vec<u32> = places::alive(ws).iter().map(|record| record.process.pid).collect();
    let marked = places::marked(ws).into_iter().filter(|marked| {
        let of_service = marked.group.is_some_and(|group| services.contains(&group));
        !services.contains(&marked.process.pid) && !of_service && process::alive(&marked.process)
    });
    let marked: Vec<_> = marked.collect();
    std::thread::scope(|scope| {
        for marked in &marked {
            // Not the leader of a group, perhaps: its own number is what is known.
            scope.spawn(|| process::end_one(&marked.process, STOP));
        }
    });
    cleared.extend(marked.into_iter().map(|marked| marked.command));
    // One that was ended in its first moment has written itself down meanwhile.
    clear_passing(ws);
    cleared
}

/// Ends what is on record of a run that was killed: an installer, a task, a build. Returns their
/// names.
pub(in crate::runtime) fn clear_passing(ws: &Workspace) -> Vec<String> {
    let mut cleared = Vec::new();
    for record in places::all_passing(ws) {
        if process::alive(&record.process) {
            process::end(&record.process, STOP);
            cleared.push(record.name.clone());
        }
        if !process::alive(&record.process) {
            let _ = fs::remove(&places::passing(ws, &record.name));
        }
    }
    cleared
}
