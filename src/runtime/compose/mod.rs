//! The runtime `compose`: the same verbs over `docker compose`.

mod command;
mod container;
mod dockerfile;
mod down;
mod fetch;
mod images;
mod left;
mod logs;
mod status;
mod up;
mod whose;

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

pub(super) use fetch::{fetch, unavailable};

use super::driver::{Changes, Down, Driver, LogRequest, Options, Purge};
use super::state::Service;
use super::timed_probe::TimedProbe;
use crate::catalog::manifest::{Compose, RuntimeKind};
use crate::error::{Error, Result};
use crate::platform::term::Progress;
use crate::platform::world::World;
use crate::workspace::{Cluster, Workspace};

/// Images that are built or pulled for the first time.
const BUILD: Duration = Duration::from_secs(30 * 60);

/// A question to Docker.
const QUERY_TIMEOUT: Duration = Duration::from_secs(15);

const KIND: RuntimeKind = RuntimeKind::Compose;

fn plan(ws: &Workspace) -> Result<&Compose> {
    ws.manifest()
        .runtime
        .compose
        .as_ref()
        .ok_or_else(|| Error::usage("this lab does not offer the runtime compose"))
}

/// The driver.
pub(super) struct Containers;

impl Driver for Containers {
    fn title(&self) -> &'static str {
        "containers"
    }

    fn is_up(&self, ws: &Workspace) -> bool {
        ws.containers().is_some_and(|noted| noted.up)
    }

    fn up(
        &self,
        ws: &Workspace,
        options: &Options,
        world: &dyn World,
        progress: &mut dyn Progress,
    ) -> Result<Changes> {
        up::up(ws, options, world, progress)
    }

    fn down(&self, ws: &Workspace, purge: Purge, progress: &mut dyn Progress) -> Result<Down> {
        let stopped = down::down(ws, purge != Purge::No, progress)?;
        Ok(Down { stopped, ..Down::default() })
    }

    fn services(&self, ws: &Workspace, probe: &TimedProbe<'_>) -> Result<Vec<Service>> {
        status::services(ws, probe)
    }

    fn logs(
        &self,
        ws: &Workspace,
        request: LogRequest<'_>,
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> Result<()> {
        super::logs::print("docker compose logs", logs::command(ws, request)?, request, out, err)
    }

    fn waits_behind(
        &self,
        _ws: &Workspace,
        _endpoint: &str,
        _waiting: &BTreeMap<String, String>,
    ) -> Option<(String, String)> {
        None
    }

    fn engine_owns_ports(&self) -> bool {
        true
    }

    fn leftovers(&self, ws: &Workspace, purged: bool, _: Option<&Cluster>) -> Result<Vec<String>> {
        Ok(left::leftovers(ws, purged))
    }

    fn volumes(&self, ws: &Workspace) -> Vec<String> {
        let left = left::leftovers(ws, true);
        left.iter().filter_map(|name| name.strip_prefix("volume ").map(str::to_owned)).collect()
    }

    fn images(&self, ws: &Workspace) -> Option<u64> {
        left::images(ws)
    }

    fn memory(&self, ws: &Workspace) -> Option<u64> {
        left::memory(ws)
    }
}
