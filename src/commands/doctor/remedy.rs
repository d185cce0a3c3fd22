//! `doctor --wait` and `doctor --fix`.

use std::time::{Duration, Instant};

use crate::commands::Session;
use crate::doctor::{self, Report, Scope};
use crate::error::Result;
use crate::platform::term::{self, BOLD, Progress};
use crate::platform::{clock, process};

/// How often an engine or a cluster that is starting is probed.
const INTERVAL: Duration = Duration::from_secs(1);

/// Repeats the checks that waiting may fix, until they pass or the time is over; then runs all.
pub(super) fn wait(
    session: &Session,
    scope: &Scope,
    timeout: Duration,
    wait: Duration,
    first: Report,
) -> Result<Report> {
    let end = Instant::now() + wait;
    let mut waiting = doctor::transient(&first);
    if waiting.is_empty() {
        return Ok(first);
    }
    let mut progress = session.progress();
    while let Some(id) = waiting.first().cloned() {
        progress.start(&format!("waiting for {id}"));
        loop {
            clock::pause(INTERVAL.min(end.saturating_duration_since(Instant::now())))?;
            // The clients as well: what some answers mean depends on them.
            let only = vec![id.clone(), "docker.client".to_owned(), "kubectl".to_owned()];
            let again = doctor::run(&Scope { only, ..scope.clone() }, timeout);
            if !doctor::transient(&again).contains(&id) {
                progress.done("");
                break;
            }
            if Instant::now() >= end {
                progress.note(&format!("{id} did not recover within {} s", wait.as_secs()));
                return Ok(doctor::run(scope, timeout));
            }
        }
        waiting.remove(0);
    }
    Ok(doctor::run(scope, timeout))
}

/// Shows the first command that fixes each failure, and runs it after a yes; whether anything ran.
pub(super) fn fix(report: &Report, yes: bool) -> Result<bool> {
    let mut ran = false;
    let mut shown: Vec<String> = Vec::new();
    for finding in report.troubles() {
        let Some(cmd) =
            finding.hints.iter().filter(|hint| hint.fix).find_map(|hint| hint.cmd.clone())
        else {
            continue;
        };
        if shown.contains(&cmd) {
            continue;
        }
        term::eprintln(&format!(
            "{}: {}\n  {BOLD}{cmd}{BOLD:#}",
            finding.id,
            term::escape(&finding.title)
        ));
        shown.push(cmd.clone());
        if yes || term::confirm("  run it?") {
            let ended = process::run_in_foreground(&cmd)?;
            clock::interrupted()?;
            ran = true;
            if ended != process::Ended::Code(0) {
                term::eprintln(&format!("  failed: {ended}"));
            }
        } else {
            term::eprintln("  not run");
        }
    }
    if shown.is_empty() {
        term::eprintln("nothing fails that --fix has a command for");
    } else if !yes && !term::attended() {
        term::eprintln(
            "nothing was run; to run these without a question: mlops-lab doctor --fix --yes",
        );
    }
    Ok(ran)
}
