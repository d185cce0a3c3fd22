//! Which engine the docker command would use, and which setting selects it.

use std::fmt;
use std::path::Path;

use serde_json::Value;

use crate::doctor::checks::credentials::config_folder;
use crate::platform::{fs, host};

/// An engine's address, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::doctor::checks) struct Endpoint {
    pub(super) host: String,
    pub(super) source: Source,
    /// Why the address cannot be used.
    pub(super) unclear: Option<Unclear>,
}

/// Why it is not clear which engine is meant.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Unclear {
    /// There is no context of this name.
    NoContext(String),
    /// The address has an unknown form.
    BadAddress,
}

/// The setting that won.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Source {
    Default,
    HostVariable,
    /// DOCKER_CONTEXT, with the context that it names.
    ContextVariable(String),
    /// `currentContext` of the config, with the context that it names.
    Config(String),
}

impl Source {
    /// The setting without what it names.
    pub(super) fn setting(&self) -> &'static str {
        match self {
            Source::Default => "the default",
            Source::HostVariable => "DOCKER_HOST",
            Source::ContextVariable(_) => "DOCKER_CONTEXT",
            Source::Config(_) => "currentContext in Docker's config",
        }
    }

    /// Set for one shell and forgotten: the commonest reason to end up at the wrong engine.
    pub(super) fn variable(&self) -> Option<&'static str> {
        matches!(self, Source::HostVariable | Source::ContextVariable(_)).then(|| self.setting())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Default => f.write_str("the default"),
            Source::HostVariable => f.write_str("from DOCKER_HOST"),
            Source::ContextVariable(name) | Source::Config(name) => {
                write!(f, "from {}, context `{name}`", self.setting())
            }
        }
    }
}

impl Endpoint {
    /// DOCKER_HOST, else DOCKER_CONTEXT, else `currentContext` of the config, else the default.
    pub(in crate::doctor::checks) fn resolve() -> Endpoint {
        let (host, source) = match (host::var("DOCKER_HOST"), context()) {
            (Some(host), _) => (Some(host), Source::HostVariable),
            (None, None) => (Some(DEFAULT.to_owned()), Source::Default),
            // `docker context show` repeats the name of a context that does not exist and exits
            // with 0: read the files.
            (None, Some((name, source))) => (address_of(&name), source),
        };
        let unclear = match (&host, &source) {
            (Some(host), _) if SCHEMES.iter().any(|scheme| host.starts_with(scheme)) => None,
            (None, Source::ContextVariable(name) | Source::Config(name)) => {
                Some(Unclear::NoContext(name.clone()))
            }
            _ => Some(Unclear::BadAddress),
        };
        Endpoint { host: host.unwrap_or_default(), source, unclear }
    }

    /// The socket's path, when it is one of this machine.
    pub(in crate::doctor::checks) fn socket(&self) -> Option<&Path> {
        self.host.strip_prefix("unix://").filter(|_| self.unclear.is_none()).map(Path::new)
    }
}

const DEFAULT: &str = "unix:///var/run/docker.sock";
const SCHEMES: [&str; 5] = ["unix://", "tcp://", "ssh://", "http://", "https://"];

/// The context that is chosen, when it is not the default one.
fn context() -> Option<(String, Source)> {
    let folder = config_folder()?;
    let (name, source) = match host::var("DOCKER_CONTEXT") {
        Some(name) => (name.clone(), Source::ContextVariable(name)),
        None => {
            let config = json(&folder.join("config.json"))?;
            let name = config["currentContext"].as_str()?.to_owned();
            (name.clone(), Source::Config(name))
        }
    };
    (name != "default").then_some((name, source))
}

fn address_of(context: &str) -> Option<String> {
    let contexts = config_folder()?.join("contexts").join("meta");
    let mut metas = fs::names(&contexts)
        .ok()?
        .into_iter()
        .filter_map(|folder| json(&contexts.join(folder).join("meta.json")));
    let meta = metas.find(|meta| meta["Name"] == context)?;
    Some(meta["Endpoints"]["docker"]["Host"].as_str()?.to_owned())
}

fn json(path: &Path) -> Option<Value> {
    serde_json::from_slice(&fs::read_io(path).ok()?).ok()
}
