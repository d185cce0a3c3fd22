//! What a runtime is asked for, and what it answers.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::error::{Result, unknown};

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

/// What of the logs is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// One service; all when none is named.
    pub service: Option<&'a str>,
    /// How many lines of each.
    pub lines: usize,
    /// What comes after them, too.
    pub follow: bool,
    /// Each line as a line of JSON.
    pub json: bool,
}
