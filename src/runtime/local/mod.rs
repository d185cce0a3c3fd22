//! The runtime `local`: processes of this machine, no Docker.

mod logs;
mod services;
mod settings;
mod stop;
mod up;

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use super::driver::{Changes, Down, Driver, LogRequest, Options, Purge};
use super::places;
use super::state::Service;
use super::timed_probe::TimedProbe;
use crate::catalog::manifest::RuntimeKind;
use crate::error::Result;
use crate::platform::process;
use crate::platform::term::Progress;
use crate::platform::world::World;
use crate::workspace::{Cluster, Workspace};

pub(super) use stop::{clear, clear_passing};

/// A service that says nothing has this long to end.
const STOP: Duration = Duration::from_secs(10);

/// Lines of a log that an error shows.
const TAIL: usize = 10;

const KIND: RuntimeKind = RuntimeKind::Local;

/// The driver.
pub(super) struct Processes;

impl Driver for Processes {
    fn title(&self) -> &'static str {
        "processes of this machine"
    }

    fn is_up(&self, ws: &Workspace) -> bool {
        !places::services(ws).is_empty() || places::prepared(ws).is_file()
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
        let stopped = stop::down(ws, purge == Purge::Everything, progress)?;
        let kept = if purge == Purge::ButData { stop::data(ws) } else { Vec::new() };
        Ok(Down { stopped, kept: kept.into_iter().map(str::to_owned).collect() })
    }

    fn stand_by(&self, ws: &Workspace) {
        // A build that outlived its `up` would go on making what is removed elsewhere.
        clear(ws);
    }

    fn services(&self, ws: &Workspace, probe: &TimedProbe<'_>) -> Result<Vec<Service>> {
        services::services(ws, probe)
    }

    fn logs(
        &self,
        ws: &Workspace,
        request: LogRequest<'_>,
        out: &mut dyn Write,
        _err: &mut dyn Write,
    ) -> Result<()> {
        logs::logs(ws, request, out)
    }

    fn logs_are_files(&self) -> bool {
        true
    }

    fn any_running(&self, ws: &Workspace) -> bool {
        places::any_alive(ws)
    }

    fn waiting(&self, ws: &Workspace) -> BTreeMap<String, String> {
        services::waiting(ws)
    }

    fn waits_behind(
        &self,
        ws: &Workspace,
        _endpoint: &str,
        waiting: &BTreeMap<String, String>,
    ) -> Option<(String, String)> {
        // Which service answers there is not known: it is one that waits when none was started.
        let first = waiting.iter().next().filter(|_| places::services(ws).is_empty());
        first.map(|(name, path)| (name.clone(), path.clone()))
    }

    fn leftovers(&self, ws: &Workspace, purged: bool, _: Option<&Cluster>) -> Result<Vec<String>> {
        let data = if purged { stop::data(ws) } else { Vec::new() };
        let shown = |path: &str| format!("data {}", ws.root().join(path).display());
        Ok(data.into_iter().map(shown).collect())
    }

    fn images(&self, _ws: &Workspace) -> Option<u64> {
        Some(0)
    }

    fn memory(&self, ws: &Workspace) -> Option<u64> {
        let marked = places::marked(ws);
        let sizes: Vec<u64> =
            marked.iter().filter_map(|marked| process::resident(marked.process.pid)).collect();
        (!sizes.is_empty()).then(|| sizes.iter().sum())
    }
}
