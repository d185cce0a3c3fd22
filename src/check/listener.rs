//! Who listens where a lab probes. A stranger is no part of the answer, and gets no password.

use std::path::{Path, PathBuf};

use super::context::Scope;
use super::outcome::ProbeOutcome;
use super::own::{Meant, Standing, by_containers, by_processes};
use crate::catalog::manifest::RuntimeKind;
use crate::platform::listening::Socket;
use crate::platform::net::{self, Unreachable};
use crate::platform::process::{Command, Ended};

/// Whose what listens at an address is.
pub(super) fn standing(url: &str, meant: Meant, scope: Scope<'_>) -> Standing {
    let own = &scope.context.own;
    let Some((host, port)) = net::loopback_address(url) else {
        // A cluster may be reached elsewhere; nothing else of a lab is.
        return match own.kind {
            RuntimeKind::Kubernetes => Standing::Ours,
            _ => Standing::Other("another machine".to_owned()),
        };
    };
    let sockets = sockets(&host, port, scope);
    let standing = by_processes(sockets.as_deref(), own, &scope.context.root, meant);
    // A port of a container is held by a process of Docker's, or by none.
    let may_be_a_container = match standing {
        Standing::Other(_) | Standing::Unknown => {
            own.containers && (meant == Meant::ByHand || own.kind == RuntimeKind::Compose)
        }
        Standing::Nobody => own.kind == RuntimeKind::Compose,
        Standing::Ours => false,
    };
    match may_be_a_container {
        true => in_containers(port, scope).unwrap_or(standing),
        false => standing,
    }
}

/// The sockets that would take a connection there; none when the system does not say. A closed
/// port says so at once: the system's tables cost a thousand times as much, and are asked for many
/// times while a server starts.
fn sockets(host: &str, port: u16, scope: Scope<'_>) -> Option<Vec<Socket>> {
    match scope.world.connect(&format!("{host}:{port}"), scope.left()) {
        Err(Unreachable::Refused) => Some(Vec::new()),
        _ => scope.world.listening(host, port),
    }
}

fn in_containers(port: u16, scope: Scope<'_>) -> Option<Standing> {
    const WHOSE: &str =
        "{{.Names}}\t{{.Ports}}\t{{.Label \"com.docker.compose.project.working_dir\"}}";
    let filter = format!("publish={port}");
    let command =
        Command::new("docker", scope.left()).args(["ps", "--filter", &filter, "--format", WHOSE]);
    let captured =
        scope.world.run(&command).ok().filter(|captured| captured.ended == Ended::Code(0))?;
    let root = &scope.context.root;
    let is_root = |folder: &Path| {
        folder == root || folder.canonicalize().is_ok_and(|folder: PathBuf| folder == *root)
    };
    by_containers(&String::from_utf8_lossy(&captured.stdout), port, is_root)
}

/// Whether a password may be sent to an endpoint; else why not.
pub(super) fn may_log_in(endpoint: &str, scope: Scope<'_>) -> Result<(), ProbeOutcome> {
    let context = scope.context;
    let Some(url) = context.logins.get(endpoint).and_then(|_| context.endpoints.get(endpoint))
    else {
        return Ok(());
    };
    let observed = match standing(url, Meant::ByHand, scope) {
        Standing::Ours => return Ok(()),
        Standing::Nobody => Unreachable::Refused.to_string(),
        Standing::Unknown => "this system does not show who listens there: no password was sent. \
             next: mlops-lab up"
            .to_owned(),
        Standing::Other(who) => stranger(&who, url, "no password was sent", scope),
    };
    Err(ProbeOutcome::cannot_tell(expected(url), observed))
}

/// The same for a command, which finds all passwords in its environment.
pub(super) fn may_run(scope: Scope<'_>) -> Result<(), ProbeOutcome> {
    for url in scope.context.logins.keys().filter_map(|name| scope.context.endpoints.get(name)) {
        if let Standing::Other(who) = standing(url, Meant::ByHand, scope) {
            let kept = "the command, which knows the password, was not run";
            let observed = stranger(&who, url, kept, scope);
            return Err(ProbeOutcome::cannot_tell(expected(url), observed));
        }
    }
    Ok(())
}

fn expected(url: &str) -> String {
    format!("the lab's own server at {url}")
}

fn stranger(who: &str, url: &str, kept: &str, scope: Scope<'_>) -> String {
    let next = next(url, scope);
    format!("{who} listens at {url} and is not part of this lab: {kept}. next: {next}")
}

/// What gets the lab its port, or another one.
fn next(url: &str, scope: Scope<'_>) -> String {
    let port = net::loopback_address(url).map(|(_, port)| port);
    let variable = port.and_then(|port| scope.context.own.variables.get(&port));
    match variable.zip(scope.world.spare_port()) {
        Some((variable, spare)) => format!("mlops-lab update --set {variable}={spare}"),
        None => "mlops-lab doctor".to_owned(),
    }
}
