//! Starting and stopping labs: one driver for each runtime, the same verbs for all.

mod background;
mod compose;
mod kubernetes;
mod left;
mod local;
mod logs;
mod places;
mod python;
mod ready;
mod state;
mod status;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Instant;

use serde::Serialize;

pub use background::{end_background, end_damage, generation, run, start_background};
pub use left::{leftovers, memory};
pub use logs::logs;
pub use state::{StandIn, Status};
pub use status::{stand_ins, status};

use crate::catalog::manifest::{Endpoint, RuntimeKind};
use crate::check::{Context, Credentials};
use crate::error::{Error, Result};
use crate::platform::net;
use crate::platform::term::Progress;
use crate::platform::world::World;
use crate::workspace::Workspace;

/// How `up` works.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Show what installers and builds print.
    pub verbose: bool,
    /// The context of the cluster that is meant.
    pub context: Option<String>,
    /// The registry that images are pushed to, for the cluster to pull.
    pub registry: Option<String>,
    /// A command that brings images to the cluster's nodes: it reads a `docker save` on standard input.
    pub load: Option<String>,
}

/// A lab that is up.
#[derive(Clone, Debug, Serialize)]
pub struct Up {
    /// Where.
    pub runtime: RuntimeKind,
    /// Base URLs by name.
    pub endpoints: BTreeMap<String, String>,
    /// What was started by this run; empty when everything ran already.
    pub started: Vec<String>,
    /// Services that have nothing to do yet, and the path that each waits for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub waiting: BTreeMap<String, String>,
    /// From the command to ready.
    pub seconds: f64,
}

/// What `down` did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Down {
    /// What was stopped.
    pub stopped: Vec<String>,
}

/// Starts what is not running, and waits until it is ready. What runs is left alone.
///
/// # Errors
/// Exit 3: another run is at work, another runtime is up, a port is taken (by whom), the environment cannot be made, a task fails, a service
/// dies or is not ready in time (with its last lines); then what this run started is stopped again. Exit 130 after Ctrl-C, likewise.
pub fn up(
    ws: &Workspace,
    kind: RuntimeKind,
    options: &Options,
    world: &dyn World,
    progress: &mut dyn Progress,
) -> Result<Up> {
    let since = Instant::now();
    let _lock = ws.lock("up")?;
    if let Some(other) = active(ws).filter(|other| *other != kind) {
        return Err(Error::environment(format!("the lab is up on {other}"))
            .hint(format!("stop it first: mlops-lab down, then mlops-lab up --runtime {kind}")));
    }
    let started = match kind {
        RuntimeKind::Local => local::up(ws, options, world, progress)?,
        RuntimeKind::Compose => compose::up(ws, options, world, progress)?,
        RuntimeKind::Kubernetes => kubernetes::up(ws, options, world, progress)?,
    };
    let waiting = match kind {
        RuntimeKind::Local => local::waiting(ws),
        RuntimeKind::Compose => BTreeMap::new(),
        RuntimeKind::Kubernetes => kubernetes::waiting(ws),
    };
    Ok(Up {
        runtime: kind,
        endpoints: ws.manifest().endpoints(kind),
        started,
        waiting,
        seconds: since.elapsed().as_secs_f64(),
    })
}

/// Stops everything of the lab, in one runtime or in all, from what is on disk alone. With `purge` the volumes and images of containers and
/// the namespace in a cluster go as well.
///
/// # Errors
/// Exit 3: another run is at work; Docker, or the cluster, cannot be reached although something of the lab was started there.
pub fn down(
    ws: &Workspace,
    only: Option<RuntimeKind>,
    purge: bool,
    progress: &mut dyn Progress,
) -> Result<Down> {
    let _lock = ws.lock("down")?;
    let meant = |kind: RuntimeKind| only.is_none_or(|only| only == kind);
    // First: traffic on a lab that is going down only prints errors.
    let mut stopped = end_background(ws)?;
    if meant(RuntimeKind::Local) {
        stopped.extend(local::down(ws, purge, progress)?);
    } else {
        // A build that outlived its `up` would go on making what is removed here.
        local::clear(ws);
    }
    if meant(RuntimeKind::Compose) {
        stopped.extend(compose::down(ws, purge, progress)?);
    }
    if meant(RuntimeKind::Kubernetes) {
        stopped.extend(kubernetes::down(ws, purge, progress)?);
    }
    Ok(Down { stopped })
}

/// The runtime in which something of the lab runs, or should.
pub fn active(ws: &Workspace) -> Option<RuntimeKind> {
    if places::containers(ws).is_file() {
        return Some(RuntimeKind::Compose);
    }
    if ws.cluster().is_ok_and(|cluster| cluster.is_some_and(|cluster| cluster.up)) {
        return Some(RuntimeKind::Kubernetes);
    }
    let local = !places::services(ws).is_empty() || places::prepared(ws).is_file();
    local.then_some(RuntimeKind::Local)
}

/// Where the lab's checks look in this runtime.
pub fn context(ws: &Workspace, kind: RuntimeKind) -> Result<Context> {
    let env = ws.env(kind)?;
    Ok(Context {
        root: ws.root().to_owned(),
        endpoints: ws.manifest().endpoints(kind),
        logins: logins(ws, &env),
        env,
    })
}

/// What the endpoints' logins come to: the values of their variables in the lab's environment, where both are set.
fn logins(ws: &Workspace, env: &[(OsString, OsString)]) -> BTreeMap<String, Credentials> {
    let value = |wanted: &str| {
        let found = env.iter().rev().find(|(name, _)| name == wanted)?;
        found.1.to_str().filter(|value| !value.is_empty()).map(str::to_owned)
    };
    let login = |(name, endpoint): (&String, &Endpoint)| {
        let login = endpoint.login.as_ref()?;
        let (user, password) = (value(&login.user)?, value(&login.password)?);
        let shown = format!("${}:${}", login.user, login.password);
        Some((name.clone(), Credentials { user, password, shown }))
    };
    ws.manifest().endpoint.iter().filter_map(login).collect()
}

/// The ports that the lab itself holds now: to a doctor they are not «taken».
pub fn own_ports(ws: &Workspace) -> Vec<u16> {
    let held = match active(ws) {
        None => return Vec::new(),
        Some(RuntimeKind::Local) => local::any_alive(ws),
        Some(RuntimeKind::Compose) => true,
        Some(RuntimeKind::Kubernetes) => kubernetes::holds_ports(ws),
    };
    let ports = active(ws).map(|kind| ports(ws, kind)).unwrap_or_default();
    if held { ports } else { Vec::new() }
}

fn ports(ws: &Workspace, kind: RuntimeKind) -> Vec<u16> {
    let mut ports: Vec<u16> =
        ws.manifest().endpoints(kind).values().filter_map(|url| net::own_port(url)).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// Every port of the lab is free; looked at before anything is started.
fn free_ports(ws: &Workspace, kind: RuntimeKind) -> Result<()> {
    ports(ws, kind).into_iter().try_for_each(free_port)
}

fn free_port(port: u16) -> Result<()> {
    match net::port(port) {
        net::Port::Free => Ok(()),
        net::Port::Busy(owner) => {
            let who = owner.map_or("another program (of another user, perhaps)".to_owned(), |owner| {
                format!("{} (process {})", owner.name, owner.pid)
            });
            Err(Error::environment(format!("port {port} is taken by {who}"))
                .hint("stop that program, or choose another port: mlops-lab init … --set port=9000"))
        }
        net::Port::Forbidden(why) => Err(Error::environment(format!("port {port} cannot be used: {why}"))),
    }
}
