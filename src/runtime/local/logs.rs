//! The logs of processes: files of the run state, printed and followed.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Error, Result, unknown};
use crate::platform::{clock, fs, process, term};
use crate::runtime::driver::LogRequest;
use crate::runtime::{json_lines, places};
use crate::workspace::Workspace;

const POLL: Duration = Duration::from_millis(100);

pub(super) fn logs(ws: &Workspace, request: LogRequest<'_>, out: &mut dyn Write) -> Result<()> {
    let LogRequest { service, lines, follow, json } = request;
    let local = ws.manifest().runtime.local.as_ref();
    let services =
        local.iter().flat_map(|local| &local.service).map(|service| service.name.as_str());
    let tasks = local.iter().flat_map(|local| &local.task).map(|task| task.name.as_str());
    let background: Vec<String> =
        places::all_background(ws).into_iter().map(|record| record.name).collect();
    let mut known: Vec<&str> =
        services.chain(tasks).chain(background.iter().map(String::as_str)).collect();
    // Where the manifest cannot be read, by what there is.
    let found = if ws.manifest().runtimes().is_empty() { places::logs(ws) } else { Vec::new() };
    known.extend(found.iter().map(String::as_str));
    let chosen: Vec<&str> = match service {
        Some(name) if !known.contains(&name) => return Err(unknown("service", name, known)),
        Some(name) => vec![name],
        None => known,
    };
    let mut files: Vec<(&str, PathBuf)> = chosen
        .into_iter()
        .map(|name| (name, places::log(ws, name)))
        .filter(|(_, path)| path.is_file())
        .collect();
    if files.is_empty() {
        return Err(Error::no("nothing was printed yet").hint("start the lab: mlops-lab up"));
    }
    // What was written last comes last: lines carry no time of their own.
    files.sort_by_key(|(_, path)| fs::modified(path));
    let logs = Logs { several: files.len() > 1, files, json };
    match logs
        .print(lines, out)
        .and_then(|ends| if follow { logs.follow(ends, out) } else { Ok(()) })
    {
        // Somebody stopped reading: the end, and no failure. Or Ctrl-C.
        Err(error)
            if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::Interrupted) =>
        {
            clock::interrupted()
        }
        Err(error) => Err(Error::environment("cannot write to standard output").because(error)),
        Ok(()) => Ok(()),
    }
}

fn size(bytes: u64) -> String {
    if bytes < 1 << 20 {
        format!("{} KiB", (bytes >> 10).max(1))
    } else {
        format!("{} MiB", bytes >> 20)
    }
}

/// The logs of this lab, by service.
struct Logs<'a> {
    files: Vec<(&'a str, PathBuf)>,
    several: bool,
    json: bool,
}

impl Logs<'_> {
    fn line(&self, name: &str, line: &str, out: &mut dyn Write) -> io::Result<()> {
        if self.json {
            return json_lines::print(name, line, out);
        }
        if self.several { writeln!(out, "{name} | {line}") } else { writeln!(out, "{line}") }
    }

    /// The last lines of each; returns how long each was.
    fn print(&self, lines: usize, out: &mut dyn Write) -> io::Result<Vec<u64>> {
        let mut ends = Vec::new();
        for (name, path) in &self.files {
            ends.push(fs::length(path));
            let (mut last, cut) = fs::last_lines(path, lines);
            let dropped = process::dropped_bytes(path);
            if dropped.is_some() && !cut && last.len() < lines {
                // The same run's: its log was begun anew at the limit.
                let (older, _) = fs::last_lines(&process::previous_log(path), lines - last.len());
                last = [older, last].concat();
            }
            if let Some(dropped @ 1..) = dropped {
                term::eprintln(&format!(
                    "{name}: the oldest {} of its output are gone: a log keeps the last 2 x {} MiB",
                    size(dropped),
                    process::LOG_LIMIT >> 20
                ));
            }
            if cut {
                term::eprintln(&format!(
                    "{name}: only the last {} lines; the whole log: {}",
                    last.len(),
                    path.display()
                ));
            }
            last.iter().try_for_each(|line| self.line(name, line, out))?;
        }
        out.flush()?;
        Ok(ends)
    }

    /// What comes after these ends, until Ctrl-C.
    fn follow(&self, mut ends: Vec<u64>, out: &mut dyn Write) -> io::Result<()> {
        loop {
            clock::pause(POLL).map_err(|_| io::Error::from(io::ErrorKind::Interrupted))?;
            if term::reader_gone() {
                return Ok(());
            }
            for ((name, path), seen) in self.files.iter().zip(&mut ends) {
                let length = fs::length(path);
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
                    let whole =
                        fresh.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                    *seen += whole as u64;
                    for line in String::from_utf8_lossy(&fresh[..whole]).lines() {
                        self.line(name, line, out)?;
                    }
                    out.flush()?;
                }
            }
        }
    }
}
