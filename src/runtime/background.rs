//! What runs while a drill is under way, so that there is evidence to find: started by `break`,
//! ended with the drill or by `down`.

use std::time::{Duration, Instant};

use super::places;
use super::state::{Service, State};
use crate::catalog::manifest::{Drill, RuntimeKind};
use crate::error::{Error, Result};
use crate::platform::process::{self, Child, Ended, LogOptions, Record};
use crate::platform::term::Progress;
use crate::platform::{clock, fs};
use crate::workspace::Workspace;

/// How long one has to end after SIGTERM.
const STOP: Duration = Duration::from_secs(5);

/// How long a command of a solution or a drill has: it may build images.
const COMMAND: Duration = Duration::from_secs(20 * 60);

/// How long it has to write down which process it is.
const WRITTEN: Duration = Duration::from_secs(5);

/// Lines of a log that an error shows.
const TAIL: usize = 10;

/// What was started by this run.
#[derive(Debug)]
pub struct Background(Vec<(String, Child)>);

impl Background {
    /// An error when one of them has ended in failure: there would be no evidence.
    ///
    /// # Errors
    /// Exit 3 with its last lines.
    pub fn runs(&mut self, ws: &Workspace) -> Result<()> {
        for (name, child) in &mut self.0 {
            match child.ended()? {
                None | Some(Ended::Code(0)) => {}
                Some(ended) => {
                    let what =
                        format!("{name}, which the drill runs beside the lab, ended with {ended}");
                    return Err(Error::environment(what)
                        .detail(fs::tail(&places::log(ws, name), TAIL).join("\n"))
                        .hint("put it back: mlops-lab break --undo"));
                }
            }
        }
        Ok(())
    }
}

/// Starts what a drill runs in the background. Each writes down by itself which process it is,
/// before it begins.
///
/// # Errors
/// Exit 3 when one cannot be started; those that were are on record.
pub fn start_background(ws: &Workspace, kind: RuntimeKind, drill: &Drill) -> Result<Background> {
    let mut started = Background(Vec::new());
    for (index, argv) in drill.background.iter().enumerate() {
        let name = format!("background-{}", index + 1);
        let command = ws.command(kind, argv, STOP)?;
        let log = places::log(ws, &name);
        if log.is_file() {
            let _ = fs::rename(&log, &log.with_extension("log.1"));
        }
        let record = places::background(ws, &name);
        let mut child = process::start(&command, &name, &record, &log)?;
        let end = Instant::now() + WRITTEN;
        while !record.is_file() && child.ended()?.is_none() && Instant::now() < end {
            clock::sleep_uninterruptible(Duration::from_millis(5));
        }
        started.0.push((name, child));
    }
    Ok(started)
}

/// Whether something that a drill runs in the background is alive.
pub fn background_runs(ws: &Workspace) -> bool {
    places::all_background(ws).iter().any(|record| process::alive(&record.process))
}

/// Ends what a drill runs in the background, from what is on disk alone. Returns the names of those
/// that were alive.
///
/// # Errors
/// Exit 3 when a record cannot be removed.
pub fn end_background(ws: &Workspace) -> Result<Vec<String>> {
    let mut ended = Vec::new();
    for record in places::all_background(ws) {
        if process::alive(&record.process) {
            process::end(&record.process, STOP);
            if process::alive(&record.process) {
                return Err(Error::interrupted().hint("stop the rest: mlops-lab down"));
            }
            ended.push(record.name.clone());
        }
        fs::remove(&places::background(ws, &record.name))?;
    }
    Ok(ended)
}

/// Runs a command of a lab to its end: of a solution, or of a drill. One of a drill is on record,
/// so that it can be ended when we are killed.
///
/// # Errors
/// Exit 3 with its last lines when it fails.
pub fn run(
    ws: &Workspace,
    kind: RuntimeKind,
    argv: &[String],
    of_drill: bool,
    progress: &mut dyn Progress,
) -> Result<()> {
    let (log, record) = (places::log(ws, "command"), places::damage(ws));
    let record = of_drill.then_some(("command", record.as_path()));
    process::run_logged(
        &ws.command(kind, argv, COMMAND)?,
        LogOptions { log: &log, record, verbose: false },
        progress,
    )
}

/// Ends the command of a drill whose `break` was killed: it must not go on damaging what is put
/// back.
///
/// # Errors
/// Exit 3 when its record cannot be removed.
pub fn end_damage(ws: &Workspace) -> Result<()> {
    let path = places::damage(ws);
    let record =
        fs::read_io(&path).ok().and_then(|bytes| serde_json::from_slice::<Record>(&bytes).ok());
    if let Some(record) = record {
        process::end(&record.process, STOP);
    }
    fs::remove(&path)
}

/// What of the lab runs, in a word that changes when something of it is started anew.
pub fn generation(ws: &Workspace) -> String {
    let pids: Vec<String> = places::services(ws)
        .iter()
        .map(|record| format!("{} {}", record.process.pid, record.since))
        .collect();
    format!("{:?} {}", super::active(ws), pids.join(", "))
}

/// What a drill runs in the background, for `status`.
pub(super) fn background(ws: &Workspace) -> Vec<Service> {
    let service = |record: Record| {
        let alive = process::alive(&record.process);
        Service {
            place: Some(format!("process {}", record.process.pid)),
            since: Some(record.since),
            ..Service::new(record.name, if alive { State::Ready } else { State::Dead })
        }
    };
    places::all_background(ws).into_iter().map(service).collect()
}
