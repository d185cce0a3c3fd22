//! What every runtime can do: one trait, implemented once for each.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use super::state::{Place, Service};
use super::timed_probe::TimedProbe;
use crate::error::{Result, unknown};
use crate::platform::term::Progress;
use crate::platform::world::World;
use crate::workspace::{Cluster, Workspace};

/// One runtime. `super::driver` gives the one of a kind; nothing else in the program matches on the
/// kind to start, stop or describe something.
pub(super) trait Driver: Sync {
    /// What the runtime is made of, in a few words.
    fn title(&self) -> &'static str;

    /// Whether something of the lab runs here, or should.
    fn is_up(&self, ws: &Workspace) -> bool;

    /// Brings the lab to what its files say.
    ///
    /// # Errors
    /// As [`super::up`].
    fn up(
        &self,
        ws: &Workspace,
        options: &Options,
        world: &dyn World,
        progress: &mut dyn Progress,
    ) -> Result<Changes>;

    /// Stops everything, from what is on disk alone.
    ///
    /// # Errors
    /// As [`super::down`].
    fn down(&self, ws: &Workspace, purge: Purge, progress: &mut dyn Progress) -> Result<Down>;

    /// Another runtime alone is stopped: what would disturb that ends here as well.
    fn stand_by(&self, _ws: &Workspace) {}

    /// The services and their state.
    ///
    /// # Errors
    /// Exit 3 when the lab's files cannot be read, or docker or kubectl cannot be run.
    fn services(&self, ws: &Workspace, probe: &TimedProbe<'_>) -> Result<Vec<Service>>;

    /// Prints logs.
    ///
    /// # Errors
    /// As [`super::logs`].
    fn logs(
        &self,
        ws: &Workspace,
        request: LogRequest<'_>,
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> Result<()>;

    /// Whether logs are files of ours, so that reading them runs nothing that the lab names.
    fn logs_are_files(&self) -> bool {
        false
    }

    /// Whether any service runs after `up`.
    fn any_running(&self, _ws: &Workspace) -> bool {
        true
    }

    /// The services that have nothing to do yet, by name, and what each waits for.
    fn waiting(&self, _ws: &Workspace) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// Why nobody answers at an endpoint: the service that waits, and what for.
    fn waits_behind(
        &self,
        ws: &Workspace,
        endpoint: &str,
        waiting: &BTreeMap<String, String>,
    ) -> Option<(String, String)>;

    /// Whether the engine itself sees to it that a port is published once. Of such a port the
    /// system may know nothing.
    fn engine_owns_ports(&self) -> bool {
        false
    }

    /// Where in a cluster the lab is.
    ///
    /// # Errors
    /// Exit 3 when the record cannot be read.
    fn cluster(&self, _ws: &Workspace) -> Result<Option<Place>> {
        Ok(None)
    }

    /// What is left of the lab, in words. With `purged`, what data lies in counts too. `cluster` is
    /// where the lab was, when its record is gone.
    ///
    /// # Errors
    /// Exit 3 when the cluster does not answer.
    fn leftovers(
        &self,
        ws: &Workspace,
        purged: bool,
        cluster: Option<&Cluster>,
    ) -> Result<Vec<String>>;

    /// Volumes that may hold data under passwords of before.
    fn volumes(&self, _ws: &Workspace) -> Vec<String> {
        Vec::new()
    }

    /// What the lab's images take up, in bytes; none where nobody says.
    fn images(&self, ws: &Workspace) -> Option<u64>;

    /// Resident memory of what runs, in bytes; none where nobody says.
    fn memory(&self, ws: &Workspace) -> Option<u64>;
}

/// What `down` removes beside what runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purge {
    /// Nothing.
    No,
    /// Volumes, images, the namespace, and the data of services.
    Everything,
    /// The same without the data: what an untrusted manifest calls data may be anything below the
    /// lab's folder.
    ButData,
}

/// What `down` did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Down {
    /// What was stopped.
    pub stopped: Vec<String>,
    /// Data that was to go, and is kept: the lab that names it is not trusted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<String>,
}

/// How `up` works.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Show what installers and builds print.
    pub verbose: bool,
    /// The context of the cluster that is meant.
    pub context: Option<String>,
    /// The registry that images are pushed to, for the cluster to pull.
    pub registry: Option<String>,
    /// A command that brings images to the cluster's nodes: it reads a `docker save` on standard
    /// input.
    pub load: Option<String>,
    /// A folder that `fetch` made: everything is installed from there.
    pub offline: Option<PathBuf>,
    /// What is started again.
    pub restart: Restart,
}

/// Which running services are started again although nothing says that they must be.
#[derive(Clone, Debug, Default)]
pub enum Restart {
    /// None.
    #[default]
    No,
    /// All.
    All,
    /// Those with these names.
    Only(Vec<String>),
}

impl Restart {
    /// The names that are meant among those that there are.
    ///
    /// # Errors
    /// Exit 2 for a name that there is not.
    pub(super) fn names<'a>(&self, known: impl Iterator<Item = &'a str>) -> Result<Vec<String>> {
        let known: Vec<&str> = known.collect();
        match self {
            Restart::No => Ok(Vec::new()),
            Restart::All => Ok(known.into_iter().map(str::to_owned).collect()),
            Restart::Only(names) => match names.iter().find(|name| !known.contains(&name.as_str()))
            {
                Some(name) => Err(unknown("service", name, known)),
                None => Ok(names.clone()),
            },
        }
    }
}

/// What a run of `up` changed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Changes {
    /// What was started; empty when everything ran already.
    pub started: Vec<String>,
    /// What ran and was started again, and why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub restarted: BTreeMap<String, String>,
    /// What ran and is no part of the lab any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stopped: Vec<String>,
}

/// Which logs are printed, and how.
#[derive(Clone, Copy, Debug)]
pub struct LogRequest<'a> {
    /// One service; all when none is named.
    pub service: Option<&'a str>,
    /// How many lines of each.
    pub lines: usize,
    /// What comes after them, too.
    pub follow: bool,
    /// Each line as a line of JSON.
    pub json: bool,
}
