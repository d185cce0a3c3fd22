//! Ports of this machine that lead to Services of the cluster: a process for each, recorded like
//! any service, so that `down` finds it after a kill.
//!
//! `kubectl port-forward` holds on to one pod and ends with it. The process is therefore this
//! program again, which starts kubectl anew as often as it ends.

use std::time::{Duration, Instant};

use super::KIND;
use super::kubectl::{Kubectl, QUERY_TIMEOUT};
use crate::catalog::manifest::Forward;
use crate::check::{self, Standing};
use crate::error::{Error, Result};
use crate::platform::process::{self, Command, Record};
use crate::platform::term::Progress;
use crate::platform::world::Machine;
use crate::platform::{clock, fs, net};
use crate::runtime::{context, free_port, places, taken};
use crate::workspace::Workspace;

/// From the start to the first connection.
const OPEN: Duration = Duration::from_secs(60);

/// A forward has nothing to finish.
const STOP: Duration = Duration::from_secs(3);

/// A forward that was killed just now may hold its port a moment longer.
const LETS_GO: Duration = Duration::from_secs(1);

/// Lines of its log that an error shows.
const TAIL: usize = 5;

/// The name of an endpoint's forward among the services.
pub(super) fn name(endpoint: &str) -> String {
    format!("forward-{endpoint}")
}

/// The record of a forward that is alive.
pub(super) fn alive(ws: &Workspace, endpoint: &str) -> Option<Record> {
    let name = name(endpoint);
    places::services(ws)
        .into_iter()
        .find(|record| record.name == name && process::alive(&record.process))
}

/// Ends the kubectl of a forward that was killed: it would hold the port.
fn end_orphans(ws: &Workspace, endpoint: &str) {
    let name = name(endpoint);
    let Some(record) = places::services(ws).into_iter().find(|record| record.name == name) else {
        return;
    };
    if process::alive(&record.process) {
        return;
    }
    for marked in places::marked(ws) {
        if marked.group == Some(record.process.pid) {
            process::end_one(&marked.process, STOP);
        }
    }
}

/// Opens the forward of an endpoint unless it is open, and waits until it takes connections.
/// Whether it was opened now.
///
/// # Errors
/// Exit 3 when it cannot be opened in time, with what kubectl printed.
pub(super) fn open(
    kubectl: &Kubectl<'_>,
    endpoint: &str,
    forward: &Forward,
    progress: &mut dyn Progress,
) -> Result<bool> {
    let ws = kubectl.ws;
    if alive(ws, endpoint).is_some() {
        return Ok(false);
    }
    let Some(port) = net::own_port(&forward.url) else {
        return Err(Error::environment(format!("{} is no port of this machine", forward.url)));
    };
    let name = name(endpoint);
    progress.start(&format!("forwarding 127.0.0.1:{port} to the Service {}", forward.service));
    let (log, record) = (places::log(ws, &name), places::service(ws, &name));
    end_orphans(ws, endpoint);
    // Else the first connection would be taken for an open forward, whoever answers.
    let end = Instant::now() + LETS_GO;
    while let Err(error) = free_port(ws, port) {
        if Instant::now() >= end {
            return Err(error);
        }
        clock::pause(Duration::from_millis(50))?;
    }
    fs::remove(&log)?;
    fs::remove(&record)?;
    let (service, ports) =
        (format!("service/{}", forward.service), format!("{port}:{}", forward.port));
    let mut args = vec!["port-forward", "--address=127.0.0.1", &service, &ports];
    let other = forward.namespace.as_ref().map(|namespace| format!("--namespace={namespace}"));
    args.extend(other.as_deref());
    let command = kubectl.command(&args, STOP)?;
    let mut argv = vec![process::running_program()?.display().to_string()];
    argv.push("__supervise".to_owned());
    argv.push(command.program.to_string_lossy().into_owned());
    argv.extend(command.args.iter().map(|arg| arg.to_string_lossy().into_owned()));
    let keeper = Command { env: command.env.clone(), ..ws.tool(&argv, STOP)? };
    let mut child = process::start(&keeper, &name, &record, &log)?;
    let mut context = context(ws, KIND)?;
    context.own.leaders.push(child.id());
    let end = Instant::now() + OPEN;
    loop {
        if net::connect(&format!("127.0.0.1:{port}"), Duration::from_millis(500)).is_ok() {
            if let Standing::Other(who) =
                check::holder(&forward.url, &context, &Machine, QUERY_TIMEOUT)
            {
                close(ws, endpoint);
                return Err(taken(ws.root(), port, &who, ws.port_variable(port).as_deref()));
            }
            progress.done("");
            return Ok(true);
        }
        let ended = child.ended()?;
        if ended.is_some() || Instant::now() >= end {
            let words = fs::tail(&log, TAIL).join("\n");
            close(ws, endpoint);
            return Err(Error::environment(format!(
                "the Service {} cannot be reached",
                forward.service
            ))
            .detail(words)
            .hint("what runs there: mlops-lab status"));
        }
        clock::pause(Duration::from_millis(50))?;
    }
}

/// Ends an endpoint's forward; whether it was alive.
pub(super) fn close(ws: &Workspace, endpoint: &str) -> bool {
    let was = alive(ws, endpoint);
    if let Some(record) = &was {
        process::end(&record.process, STOP);
    }
    end_orphans(ws, endpoint);
    let _ = fs::remove(&places::service(ws, &name(endpoint)));
    was.is_some()
}
