//! Starting and stopping labs: one driver for each runtime, the same verbs for all.

mod background;
mod compose;
mod driver;
mod fetch;
mod installer;
mod interpreter;
mod json_lines;
mod kubernetes;
mod left;
mod local;
mod logs;
mod offline;
mod places;
mod ports;
mod python;
mod ready;
mod state;
mod status;
mod timed_probe;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::time::{Duration, Instant};

use serde::Serialize;

pub use background::{
    background_runs, end_background, end_damage, generation, run, start_background,
};
pub use driver::{Changes, Down, LogRequest, Options, Restart};
pub use fetch::{Fetched, fetch};
pub use left::{images, leftovers, memory};
pub use ports::own_ports;
pub use python::python_trouble;
pub use state::{StandIn, Status};
pub use status::{stand_ins, status};

use crate::catalog::manifest::{Endpoint, RuntimeKind};
use crate::check::{Context, Credentials, Own};
use crate::error::{Error, Result};
use crate::layout;
use crate::platform::term::Progress;
use crate::platform::world::World;
use crate::platform::{host, net, process};
use crate::workspace::{Trust, Workspace};
use driver::{Driver, Purge};
use ports::{before_up, free_port, free_ports, taken};

/// A connection to this machine.
const CONNECT: Duration = Duration::from_secs(1);

/// A lab that is up.
#[derive(Clone, Debug, Serialize)]
pub struct Up {
    /// Where.
    pub runtime: RuntimeKind,
    /// Base URLs by name.
    pub endpoints: BTreeMap<String, String>,
    /// What this run changed.
    #[serde(flatten)]
    pub changes: Changes,
    /// Whether any service runs.
    pub running: bool,
    /// Services that have nothing to do yet, and the path that each waits for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub waiting: BTreeMap<String, String>,
    /// From the command to ready.
    pub seconds: f64,
}

/// Brings the lab to what its files say: starts what is not running and what runs with other
/// settings than it would have now, and waits until it is ready. What runs as it should is left
/// alone.
///
/// # Errors
/// Exit 3: another run is at work, another runtime is up, a port is taken (by whom), the
/// environment cannot be made, a task fails, a service dies or is not ready in time (with its last
/// lines); then what this run started is stopped again. Exit 130 after Ctrl-C, likewise.
pub fn up(
    ws: &Workspace,
    kind: RuntimeKind,
    options: &Options,
    world: &dyn World,
    progress: &mut dyn Progress,
) -> Result<Up> {
    let since = Instant::now();
    if options.offline.is_some() && kind == RuntimeKind::Kubernetes {
        return Err(Error::usage(format!("--offline is not for the runtime {kind}")).hint(
            format!("leave it out, or {} empty: mlops-lab up --runtime {kind}", layout::OFFLINE),
        ));
    }
    before_up(ws)?;
    let _lock = ws.lock("up")?;
    if let Some(other) = active(ws).filter(|other| *other != kind) {
        return Err(Error::environment(format!("the lab is up on {other}"))
            .hint(format!("stop it first: mlops-lab down, then mlops-lab up --runtime {kind}")));
    }
    let driver = driver(kind);
    let changes = driver.up(ws, options, world, progress)?;
    let waiting = driver.waiting(ws);
    Ok(Up {
        runtime: kind,
        endpoints: ws.manifest().endpoints(kind),
        running: driver.any_running(ws) || waiting.is_empty(),
        changes,
        waiting,
        seconds: since.elapsed().as_secs_f64(),
    })
}

/// Stops everything of the lab, in one runtime or in all, from what is on disk alone. With `purge`
/// the volumes and images of containers and the namespace in a cluster go as well, and of a lab
/// that is trusted the data of its services.
///
/// # Errors
/// Exit 3: another run is at work; Docker, or the cluster, cannot be reached although something of
/// the lab was started there.
pub fn down(
    ws: &Workspace,
    only: Option<RuntimeKind>,
    purge: bool,
    progress: &mut dyn Progress,
) -> Result<Down> {
    let _lock = ws.lock("down")?;
    // First: traffic on a lab that is going down only prints errors.
    let mut down = Down { stopped: end_background(ws)?, kept: Vec::new() };
    let purge = match purge {
        false => Purge::No,
        true if ws.trust_level().is_ok_and(|level| level == Trust::Given) => Purge::Everything,
        true => Purge::ButData,
    };
    for kind in RuntimeKind::ALL {
        if only.is_none_or(|only| only == kind) {
            let part = driver(kind).down(ws, purge, progress)?;
            down.stopped.extend(part.stopped);
            down.kept.extend(part.kept);
        } else {
            driver(kind).stand_by(ws);
        }
    }
    Ok(down)
}

/// Writes the last lines of a service's log, or of each; goes on until Ctrl-C when asked to. Ends
/// well when nobody reads any more.
///
/// # Errors
/// Exit 2: no such service. Exit 1: it printed nothing yet.
pub fn logs(
    ws: &Workspace,
    kind: RuntimeKind,
    request: LogRequest<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<()> {
    driver(kind).logs(ws, request, out, err)
}

/// Whether the logs of a lab in this runtime are files of ours.
pub fn logs_are_files(kind: RuntimeKind) -> bool {
    driver(kind).logs_are_files()
}

/// What a runtime is made of, in a few words.
pub fn title(kind: RuntimeKind) -> &'static str {
    driver(kind).title()
}

/// Volumes that may hold data under passwords of before.
pub fn volumes(ws: &Workspace, kind: RuntimeKind) -> Vec<String> {
    driver(kind).volumes(ws)
}

/// The runtime in which something of the lab runs, or should.
pub fn active(ws: &Workspace) -> Option<RuntimeKind> {
    // The local one last: what an installer leaves looks like one of its processes.
    RuntimeKind::ALL.into_iter().rev().find(|kind| driver(*kind).is_up(ws))
}

/// The driver of a runtime.
fn driver(kind: RuntimeKind) -> &'static dyn Driver {
    match kind {
        RuntimeKind::Local => &local::Processes,
        RuntimeKind::Compose => &compose::Containers,
        RuntimeKind::Kubernetes => &kubernetes::Pods,
    }
}

/// That somebody takes connections at an address of the lab.
///
/// # Errors
/// Exit 1: nothing runs, or what would answer waits for something. Exit 3: it should answer and
/// does not.
pub fn answers(ws: &Workspace, kind: RuntimeKind, endpoint: &str, url: &str) -> Result<()> {
    let address =
        url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
    let Err(why) = net::connect(address, CONNECT) else { return Ok(()) };
    if active(ws) != Some(kind) {
        return Err(Error::no(format!("nothing runs at {url}"))
            .hint(format!("start the lab: mlops-lab up --runtime {kind}")));
    }
    let waiting = driver(kind).waiting(ws);
    if let Some((name, path)) = driver(kind).waits_behind(ws, endpoint, &waiting) {
        return Err(Error::no(format!("nobody answers at {url} yet: {name} waits for {path}"))
            .hint("what to do for it: mlops-lab check, mlops-lab hint")
            .hint("when it is there: mlops-lab up"));
    }
    let error = Error::environment(format!("nobody answers at {url}: {why}"));
    let error = waiting
        .iter()
        .fold(error, |error, (name, path)| error.hint(format!("{name} waits for {path}")));
    Err(error.hint("see what runs: mlops-lab status"))
}

/// Where the lab's checks look in this runtime.
pub fn context(ws: &Workspace, kind: RuntimeKind) -> Result<Context> {
    let env = ws.command_env(kind)?;
    Ok(Context {
        root: ws.root().to_owned(),
        endpoints: ws.manifest().endpoints(kind),
        logins: logins(ws, &env),
        env,
        own: own(ws, kind),
    })
}

/// What of this machine is the lab's own.
fn own(ws: &Workspace, kind: RuntimeKind) -> Own {
    let alive = places::services(ws).into_iter().filter(|record| process::alive(&record.process));
    let variables =
        ports::ports(ws, kind).into_iter().filter_map(|port| Some((port, ws.port_variable(port)?)));
    Own {
        kind,
        mark: ws.id().map(str::to_owned),
        leaders: alive.map(|record| record.process.pid).collect(),
        user: host::user_id(),
        containers: ws.manifest().runtime.compose.is_some(),
        variables: variables.collect(),
    }
}

/// What the endpoints' logins come to: the values of their variables in the lab's environment,
/// where both are set.
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
