//! The runtime `compose`: the same verbs over `docker compose`.

mod command;
mod container;
mod down;
mod left;
mod logs;
mod status;
mod up;
mod whose;

use std::time::Duration;

use crate::catalog::manifest::{Compose, RuntimeKind};
use crate::error::{Error, Result};
use crate::workspace::Workspace;

pub(super) use down::down;
pub(super) use left::{images, leftovers, memory};
pub(super) use logs::logs;
pub(super) use status::services;
pub(super) use up::up;

/// Images that are built or pulled for the first time.
const BUILD: Duration = Duration::from_secs(30 * 60);

/// A question to Docker.
const ASK: Duration = Duration::from_secs(15);

const KIND: RuntimeKind = RuntimeKind::Compose;

fn plan(ws: &Workspace) -> Result<&Compose> {
    ws.manifest()
        .runtime
        .compose
        .as_ref()
        .ok_or_else(|| Error::usage("this lab does not offer the runtime compose"))
}
