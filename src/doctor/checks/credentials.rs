//! The credential helpers that Docker's config names: without them no image can be pulled.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::subject::{Entry, Subject, entry};
use crate::catalog::manifest::Need;
use crate::doctor::check::{BoxedCheck, Check, check, classes};
use crate::doctor::draft::{Draft, short};
use crate::doctor::kind::{Group, Kind};
use crate::doctor::observations::Observations;
use crate::doctor::probe::{Probe, SharedProbe, probe};
use crate::doctor::scope::{Demand, Scope};
use crate::platform::process::{self, Command, NotRun};
use crate::platform::{fs, host};

pub(in crate::doctor) const SUBJECT: Subject = Subject { entries, checks };

fn entries() -> Vec<Entry> {
    vec![entry::<Credentials>()]
}

fn checks(demand: &Demand, _: &Scope) -> Vec<BoxedCheck> {
    let docker = demand.needs.iter().any(|need| matches!(need, Need::Docker(_)));
    docker.then(|| check(Credentials)).into_iter().collect()
}

classes! {
    CredentialsClass {
        HelperAbsent = "helper-absent",
        ConfigBroken = "config-broken",
        Late = "late",
    }
}

#[derive(Debug, PartialEq)]
struct Credentials;

impl Check for Credentials {
    type Class = CredentialsClass;

    const KIND: &'static Kind = &Kind::new(
        "docker.credentials",
        Group::Docker,
        "the credential helpers that Docker's config names can be run",
    );

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(HelperProbe)]
    }

    fn judge(&self, observed: &Observations) -> Draft<CredentialsClass> {
        let draft = match observed.get(&HelperProbe) {
            None => Draft::late(CredentialsClass::Late, observed.timeout),
            Some(Err(why)) => {
                let title = format!("cannot read Docker's config: {}", short(why, 160));
                Draft::warn(CredentialsClass::ConfigBroken, title)
            }
            Some(Ok(helpers)) => judge(helpers),
        };
        draft.cmd("cat \"${DOCKER_CONFIG:-$HOME/.docker}/config.json\"")
    }
}

fn judge(helpers: &[Helper]) -> Draft<CredentialsClass> {
    let broken =
        helpers.iter().find_map(|helper| Some((&helper.program, helper.not_run.as_ref()?)));
    if let Some((program, not_run)) = broken {
        let why = match not_run {
            NotRun::Absent(_) => "is not on PATH".to_owned(),
            NotRun::Unusable(_, why) => format!("cannot be run: {why}"),
        };
        let title = format!("Docker's config names {program}, which {why}: image pulls will fail");
        return Draft::warn(CredentialsClass::HelperAbsent, title).fact("helper", program);
    }
    if helpers.is_empty() {
        return Draft::pass("no helper is configured");
    }
    let names: Vec<&str> = helpers.iter().map(|helper| helper.program.as_str()).collect();
    Draft::pass(names.join(", "))
}

/// A credential helper that Docker's config names.
#[derive(Debug)]
struct Helper {
    /// `docker-credential-...`
    program: String,
    /// Why it cannot be run; none when it can.
    not_run: Option<NotRun>,
}

/// The helpers of `credsStore` and `credHelpers`, or why the config cannot be read. A missing
/// config names no helper.
#[derive(Debug, PartialEq)]
struct HelperProbe;

impl Probe for HelperProbe {
    type Observation = Result<Vec<Helper>, String>;

    fn run(&self, _: &Scope, _: Instant) -> Self::Observation {
        let Some(path) = config_folder().map(|folder| folder.join("config.json")) else {
            return Ok(Vec::new());
        };
        let bytes = match fs::read_io(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        let config: Value = serde_json::from_slice(&bytes)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(helpers(&config))
    }
}

fn helpers(config: &Value) -> Vec<Helper> {
    let store = config["credsStore"].as_str();
    let by_registry = config["credHelpers"].as_object().into_iter().flatten();
    let mut names: Vec<&str> =
        store.into_iter().chain(by_registry.filter_map(|(_, name)| name.as_str())).collect();
    names.retain(|name| !name.is_empty());
    names.sort_unstable();
    names.dedup();
    let helper = |name: &&str| {
        let program = format!("docker-credential-{name}");
        let not_run = process::locate(&Command::new(&program, Duration::ZERO)).err();
        Helper { program, not_run }
    };
    names.iter().map(helper).collect()
}

/// Where Docker keeps its config.
pub(super) fn config_folder() -> Option<PathBuf> {
    host::var("DOCKER_CONFIG")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(host::var("HOME")?).join(".docker")))
}
