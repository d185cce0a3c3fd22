//! The ports of a lab before it is started: free, its own, and the same in all of its files.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{active, own, places};
use crate::catalog::manifest::RuntimeKind;
use crate::check::{self, Context, Standing};
use crate::error::{Error, Result};
use crate::platform::world::Machine;
use crate::platform::{net, process};
use crate::workspace::{MovedPort, Workspace};

/// All that is waited for an engine that does not say whose its containers are.
const QUERY_TIMEOUT: Duration = Duration::from_secs(1);

/// The ports that the lab itself holds now: to a doctor they are not taken. A stranger on one of
/// them is none of the lab.
pub fn own_ports(ws: &Workspace) -> Vec<u16> {
    let Some(kind) = active(ws) else { return Vec::new() };
    let context = Context {
        root: ws.root().to_owned(),
        endpoints: ws.manifest().endpoints(kind),
        logins: BTreeMap::new(),
        env: Vec::new(),
        own: own(ws, kind),
    };
    let end = Instant::now() + QUERY_TIMEOUT;
    let held = |url: &String| {
        let left = end.saturating_duration_since(Instant::now());
        match check::holder(url, &context, &Machine, left) {
            Standing::Ours => true,
            // Whose it is cannot be read: ours, perhaps.
            Standing::Unknown => !context.own.leaders.is_empty(),
            Standing::Nobody | Standing::Other(_) => false,
        }
    };
    context
        .endpoints
        .values()
        .filter(|url| held(url))
        .filter_map(|url| net::own_port(url))
        .collect()
}

pub(super) fn ports(ws: &Workspace, kind: RuntimeKind) -> Vec<u16> {
    let mut ports: Vec<u16> =
        ws.manifest().endpoints(kind).values().filter_map(|url| net::own_port(url)).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// Every port of the lab is free, or held by a service of its own; looked at before anything is
/// started.
pub(super) fn free_ports(ws: &Workspace, kind: RuntimeKind) -> Result<()> {
    for port in ports(ws, kind) {
        let held = match net::port(port) {
            net::Port::Busy(Some(owner)) => {
                places::marked(ws).iter().any(|marked| marked.process.pid == owner.pid)
            }
            // Whose it is cannot be read: ours, perhaps.
            net::Port::Busy(None) => places::any_alive(ws),
            net::Port::Free | net::Port::Forbidden(_) => false,
        };
        if !held {
            free_port(ws, port)?;
        }
    }
    Ok(())
}

/// That a port is free.
///
/// # Errors
/// Exit 3 with who holds it, and how the lab moves to another.
pub(super) fn free_port(ws: &Workspace, port: u16) -> Result<()> {
    match net::port(port) {
        net::Port::Free => Ok(()),
        net::Port::Busy(owner) => {
            let who = owner
                .map_or("another program (of another user, perhaps)".to_owned(), |owner| {
                    format!("{} (process {})", owner.name, owner.pid)
                });
            Err(taken(ws.root(), port, &who, ws.port_variable(port).as_deref()))
        }
        net::Port::Forbidden(why) => {
            Err(Error::environment(format!("port {port} cannot be used: {why}")))
        }
    }
}

/// Somebody else has the lab's port; with its variable, how the lab moves to another.
pub(super) fn taken(root: &Path, port: u16, who: &str, variable: Option<&str>) -> Error {
    let error = Error::environment(format!("port {port} is taken by {who}"));
    let error = match variable.zip(net::spare_port().ok()) {
        Some((variable, spare)) => {
            let update = typed(root, &format!("update --set {variable}={spare}"));
            error.hint(format!("give the lab a port that is free: {update}"))
        }
        None => error,
    };
    error.hint("or stop that program")
}

/// What would make every start fail, found before anything is started: no loopback, a port that was
/// changed in `.env` alone.
pub(super) fn before_up(ws: &Workspace) -> Result<()> {
    if let Err(error) = net::loopback() {
        return Err(Error::environment("this machine does not reach itself at 127.0.0.1")
            .because(error)
            .hint("is its loopback interface up? sudo ip link set lo up"));
    }
    let Some(moved) = ws.moved_port()? else { return Ok(()) };
    let MovedPort { name, value, variable, port } = moved;
    let up = active(ws).is_some();
    let down = if up { format!("{} && ", typed(ws.root(), "down")) } else { String::new() };
    Err(Error::usage(format!(".env has {name}={value}, and the lab was made for {port}"))
        .detail("its checks, its manifests and other files have that port, too")
        .hint(format!(
            "change it global: {down}{}",
            typed(ws.root(), &format!("update --set {variable}={value}"))
        ))
        .hint(format!("or put it back in .env: {name}={port}")))
}

/// A command of ours as it must be typed from where we are: after `init --up`, the user stands
/// outside.
fn typed(root: &Path, words: &str) -> String {
    let inside = std::env::current_dir().is_ok_and(|here| here.starts_with(root));
    if inside {
        return format!("mlops-lab {words}");
    }
    format!("mlops-lab -C {} {words}", process::shell_words(&[root.display().to_string()]))
}
