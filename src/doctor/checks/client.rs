//! The docker command and its plugins: Compose and Buildx.

use std::time::Instant;

use super::common::{ToolTrouble, crashed, failed, trouble};
use super::programs::{ProgramClass, ProgramProbe, Programs, version};
use super::subject::{Subject, entry};
use crate::catalog::manifest::Need;
use crate::catalog::units::{Version, VersionReq};
use crate::doctor::check::{BoxedCheck, Check, check, classes};
use crate::doctor::draft::{Draft, no_answer, short};
use crate::doctor::kind::{Group, Kind};
use crate::doctor::observations::Observations;
use crate::doctor::probe::{Probe, SharedProbe, probe};
use crate::doctor::scope::{Demand, Scope};
use crate::doctor::tool::{ToolEnd, ToolOutput, run_tool};

/// The docker command.
pub(in crate::doctor) const SUBJECT: Subject =
    Subject { entries: || vec![entry::<Client>()], checks: client_checks };

/// Its plugins: in the report after the engine.
pub(in crate::doctor) const PLUGINS: Subject =
    Subject { entries: || vec![entry::<Compose>(), entry::<Buildx>()], checks: plugin_checks };

fn client_checks(demand: &Demand, scope: &Scope) -> Vec<BoxedCheck> {
    if plugin_checks(demand, scope).is_empty() { Vec::new() } else { vec![check(Client)] }
}

fn plugin_checks(demand: &Demand, _: &Scope) -> Vec<BoxedCheck> {
    let plugins = demand.needs.iter().filter_map(|need| match need {
        Need::Compose(version) => Some(check(Compose(version.clone()))),
        Need::Buildx(version) => Some(check(Buildx(version.clone()))),
        _ => None,
    });
    plugins.collect()
}

/// The docker command.
pub(super) fn docker() -> ProgramProbe {
    ProgramProbe::new("docker", &["--version"])
}

/// The docker command, when it was found to run.
pub(super) fn working(observed: &Observations) -> Option<&ToolOutput> {
    observed.get(&docker()).map(|programs| &programs.first).filter(|first| first.ok())
}

/// Whether podman stands behind the command docker.
pub(super) fn is_podman(observed: &Observations) -> bool {
    working(observed).is_some_and(named_podman)
}

fn named_podman(client: &ToolOutput) -> bool {
    client.stdout.to_ascii_lowercase().starts_with("podman")
}

classes! {
    ClientClass: ProgramClass {
        Podman = "podman",
    }
}

/// The docker command: any version will do, the plugins are judged apart.
#[derive(Debug, PartialEq)]
pub(super) struct Client;

impl Check for Client {
    type Class = ClientClass;

    const KIND: &'static Kind =
        &Kind::new("docker.client", Group::Docker, "the docker command").blocks_up();

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(docker())]
    }

    fn judge(&self, observed: &Observations) -> Draft<ClientClass> {
        match observed.get(&docker()) {
            Some(programs) => client(programs),
            None => Draft::late(ProgramClass::from(ToolTrouble::Late).into(), observed.timeout),
        }
    }
}

fn client(programs: &Programs) -> Draft<ClientClass> {
    let draft = version(programs, &VersionReq::any());
    let first = &programs.first;
    if !(draft.is_ok() && named_podman(first)) {
        return draft.map(ClientClass::from);
    }
    let version = Version::find(&first.stdout).map_or_else(String::new, |found| found.to_string());
    let title = format!("podman {version} under the name docker");
    Draft::pass_as(ClientClass::Podman, title).output(first)
}

classes! {
    PluginClass {
        NoPlugin = "no-plugin",
        Podman = "podman",
        Late = "late",
        Crashed = "crashed",
        Failed = "failed",
        Unreadable = "unreadable",
        TooOld = "too-old",
    }
}

classes! {
    ComposeClass: PluginClass {
        V1Only = "v1-only",
    }
}

#[derive(Debug, PartialEq)]
struct Compose(VersionReq);

impl Check for Compose {
    type Class = ComposeClass;

    const KIND: &'static Kind =
        &Kind::new("docker.compose", Group::Docker, "the plugin docker compose, version 2")
            .blocks_up();

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(docker()), probe(ComposeProbe)]
    }

    fn judge(&self, observed: &Observations) -> Draft<ComposeClass> {
        let Some((output, old)) = observed.get(&ComposeProbe) else {
            return Draft::late(PluginClass::Late.into(), observed.timeout);
        };
        let draft = plugin(output, &self.0, observed);
        // The plugin is missing: what is there under the old name?
        let missing = draft.is(PluginClass::NoPlugin);
        let draft = draft.map(ComposeClass::from);
        match old.as_ref().filter(|old| missing && old.ok()) {
            Some(old) => standalone(old, draft),
            None => draft,
        }
    }
}

/// `docker-compose`, where the plugin is missing.
fn standalone(old: &ToolOutput, draft: Draft<ComposeClass>) -> Draft<ComposeClass> {
    let path = old.shown_path();
    match Version::find(&old.stdout) {
        Some(version) if version.numbers[0] < 2 => {
            let title = format!(
                "only docker-compose {version} ({path}), which is no longer maintained: \
                 the lab needs `docker compose`"
            );
            Draft::fail(ComposeClass::V1Only, title).output(old)
        }
        Some(_) => draft.fact("standalone", path),
        None => draft,
    }
}

/// `docker compose`, and what `docker-compose` prints where that does not answer.
#[derive(Debug, PartialEq)]
struct ComposeProbe;

impl Probe for ComposeProbe {
    type Observation = (ToolOutput, Option<ToolOutput>);

    fn run(&self, _: &Scope, end: Instant) -> Self::Observation {
        let plugin = run_tool("docker", &["compose", "version", "--short"], end);
        let old = || run_tool("docker-compose", &["version", "--short"], end);
        let old = (!plugin.ok()).then(old);
        (plugin, old)
    }
}

#[derive(Debug, PartialEq)]
struct Buildx(VersionReq);

impl Check for Buildx {
    type Class = PluginClass;

    const KIND: &'static Kind =
        &Kind::new("docker.buildx", Group::Docker, "the plugin docker buildx").blocks_up();

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(docker()), probe(BuildxProbe)]
    }

    fn judge(&self, observed: &Observations) -> Draft<PluginClass> {
        match observed.get(&BuildxProbe) {
            Some(output) => plugin(output, &self.0, observed),
            None => Draft::late(PluginClass::Late, observed.timeout),
        }
    }
}

#[derive(Debug, PartialEq)]
struct BuildxProbe;

impl Probe for BuildxProbe {
    type Observation = ToolOutput;

    fn run(&self, _: &Scope, end: Instant) -> ToolOutput {
        run_tool("docker", &["buildx", "version"], end)
    }
}

/// `docker compose` or `docker buildx`: a plugin of the client.
fn plugin(output: &ToolOutput, wanted: &VersionReq, observed: &Observations) -> Draft<PluginClass> {
    let client = observed.get(&docker());
    if client.is_some_and(|programs| trouble::<ToolTrouble>(&programs.first).is_some()) {
        return Draft::blocked(Client::KIND);
    }
    let version = Version::find(&output.stdout).filter(|_| output.ok());
    let draft = match (&output.end, version) {
        (ToolEnd::Absent | ToolEnd::Unfit(_), _) => return Draft::blocked(Client::KIND),
        (ToolEnd::Signal(signal), _) => Draft::fail(PluginClass::Crashed, crashed(*signal)),
        (ToolEnd::Late(timeout), _) => Draft::unknown(PluginClass::Late, no_answer(*timeout)),
        (ToolEnd::Code(_), Some(version)) if wanted.allows(&version) => {
            Draft::pass(version.to_string())
        }
        (ToolEnd::Code(_), Some(version)) => {
            Draft::fail(PluginClass::TooOld, format!("{version}; the lab needs {wanted}"))
                .fact("wanted", wanted.to_string())
        }
        (ToolEnd::Code(_), None) if is_podman(observed) => {
            let message = short(output.message(), 100);
            let title = format!("docker is podman here, which has no such plugin: {message}");
            Draft::fail(PluginClass::Podman, title)
        }
        (ToolEnd::Code(0), None) => {
            let title = format!("cannot read a version from {:?}", short(&output.stdout, 60));
            Draft::unknown(PluginClass::Unreadable, title)
        }
        (ToolEnd::Code(code), None) => {
            // Without the plugin each version of the client prints another message.
            if is_unknown_command(&output.stderr) || is_unknown_command(&output.stdout) {
                Draft::fail(PluginClass::NoPlugin, "the docker command has no such plugin")
            } else {
                Draft::fail(PluginClass::Failed, failed(*code, output))
            }
        }
    };
    draft.output(output)
}

fn is_unknown_command(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    [
        "is not a docker command",
        "unknown command",
        "unknown flag",
        "unknown shorthand flag",
        "unrecognized command",
    ]
    .iter()
    .any(|message| text.contains(message))
}
