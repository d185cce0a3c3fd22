//! Where a lab's checks probe: endpoints, logins, variables, and how much time is left.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::outcome::ProbeOutcome;
use super::own::Own;
use crate::catalog::tree::RelPath;
use crate::platform::world::World;

/// Where the checks of a lab probe.
#[derive(Clone, Debug)]
pub struct Context {
    /// The project's folder; relative paths are below it.
    pub root: PathBuf,
    /// Base URLs by endpoint name.
    pub endpoints: BTreeMap<String, String>,
    /// How requests to an endpoint log in, by its name.
    pub logins: BTreeMap<String, Credentials>,
    /// Variables for commands.
    pub env: Vec<(OsString, OsString)>,
    /// What of this machine is the lab's own.
    pub own: Own,
}

impl Context {
    /// The address of an endpoint with this path behind it, as something to read.
    pub(super) fn shown(&self, endpoint: &str, path: &str) -> String {
        format!("{}{path}", self.endpoints.get(endpoint).map_or(endpoint, String::as_str))
    }

    /// A variable of the lab's environment.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let found = self.env.iter().rev().find(|(known, _)| known == name)?;
        found.1.to_str().map(str::to_owned)
    }
}

/// A user and a password, and the variables that they come from.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: String,
    /// What stands for both in a command to paste: `$USER:$PASSWORD`.
    pub shown: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Credentials {
    /// The header of Basic authentication (RFC 7617).
    pub(super) fn header(&self) -> (String, String) {
        use base64::Engine as _;
        let pair = base64::engine::general_purpose::STANDARD
            .encode(format!("{}:{}", self.user, self.password));
        ("Authorization".to_owned(), format!("Basic {pair}"))
    }
}

/// What one probe works with: the lab, the world, and the one deadline from which every part of the
/// probe takes what is left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    pub(super) context: &'a Context,
    pub(super) world: &'a dyn World,
    pub(super) deadline: Instant,
}

impl std::fmt::Debug for dyn World + '_ {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}

impl Scope<'_> {
    /// The time that is left, at least a millisecond: a probe given nothing would report another
    /// error than a time-out.
    pub(super) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(self.world.now()).max(Duration::from_millis(1))
    }

    /// The base URL of an endpoint.
    pub(super) fn base(&self, endpoint: &str) -> Result<&str, ProbeOutcome> {
        let missing = || {
            let observed = format!("the endpoint `{endpoint}` does not exist in this runtime");
            ProbeOutcome::cannot_tell("an endpoint", observed)
        };
        self.context.endpoints.get(endpoint).map(String::as_str).ok_or_else(missing)
    }

    /// A file of the project by its path in the manifest.
    pub(super) fn read(&self, path: &str) -> Result<io::Result<Vec<u8>>, ProbeOutcome> {
        match RelPath::new(path) {
            Ok(path) => Ok(self.world.read(&self.context.root, path.as_str())),
            Err(why) => Err(ProbeOutcome::cannot_tell("a file of the project", why)),
        }
    }

    /// A file of the project that is sent, named by what it is sent as.
    pub(super) fn read_to_send(&self, path: &str, role: &str) -> Result<Vec<u8>, ProbeOutcome> {
        self.read(path)?.map_err(|error| {
            ProbeOutcome::cannot_tell(role, format!("cannot read {path}: {error}"))
        })
    }
}
