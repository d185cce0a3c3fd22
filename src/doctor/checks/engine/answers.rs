//! Whether the engine answers, and whether its version serves.

use serde_json::Value;

use super::endpoint::{Endpoint, Unclear};
use super::probe::{EngineAnswer, EngineFacts, EngineProbe};
use crate::catalog::manifest::Need;
use crate::catalog::units::{Version, VersionReq};
use crate::doctor::check::{BoxedCheck, Check, check, classes};
use crate::doctor::checks::client;
use crate::doctor::checks::subject::{Entry, Subject, entry};
use crate::doctor::draft::{Draft, short};
use crate::doctor::kind::{Group, Kind};
use crate::doctor::observations::Observations;
use crate::doctor::probe::{SharedProbe, probe};
use crate::doctor::scope::{Demand, Scope};

pub(in crate::doctor) const SUBJECT: Subject = Subject { entries, checks };

fn entries() -> Vec<Entry> {
    vec![entry::<Engine>()]
}

fn checks(demand: &Demand, _: &Scope) -> Vec<BoxedCheck> {
    let engines = demand.needs.iter().filter_map(|need| match need {
        Need::Docker(version) => Some(check(Engine(version.clone()))),
        _ => None,
    });
    engines.collect()
}

classes! {
    EngineClass {
        Absent = "absent",
        Refused = "refused",
        Permission = "permission",
        PermissionSession = "permission-session",
        Late = "late",
        Error = "error",
        Starting = "starting",
        NotDocker = "not-docker",
        NoContext = "no-context",
        BadEndpoint = "bad-endpoint",
        Broken = "broken",
        TooOld = "too-old",
        ApiMismatch = "api-mismatch",
        Podman = "podman",
        ClientFailed = "client-failed",
    }
}

#[derive(Debug, PartialEq)]
pub(in crate::doctor::checks) struct Engine(VersionReq);

impl Check for Engine {
    type Class = EngineClass;

    const KIND: &'static Kind = &Kind::new(
        "docker.engine",
        Group::Docker,
        "the engine answers on its socket, and is not too old",
    )
    .blocks_up();

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(EngineProbe)]
    }

    fn judge(&self, observed: &Observations) -> Draft<EngineClass> {
        let Some(facts) = observed.get(&EngineProbe) else {
            return Draft::late(EngineClass::Late, observed.timeout);
        };
        let endpoint = &facts.endpoint;
        let draft = match &endpoint.unclear {
            Some(unclear) => no_endpoint(unclear, endpoint),
            None => self.judge_answer(facts, observed),
        };
        let draft = match endpoint.source.variable() {
            Some(variable) => draft.fact("variable", variable),
            None => draft,
        };
        let draft = match endpoint.socket() {
            Some(socket) => {
                let socket = socket.display().to_string();
                draft
                    .cmd(format!("curl --unix-socket {socket} http://docker/version"))
                    .fact("socket", socket)
            }
            None => draft.cmd("docker version --format '{{json .Server}}'"),
        };
        let saw = match &facts.version {
            EngineAnswer::Json(version) => version.to_string(),
            other => format!("{other:?}"),
        };
        draft.saw(short(&saw, 200))
    }
}

fn no_endpoint(unclear: &Unclear, endpoint: &Endpoint) -> Draft<EngineClass> {
    let setting = endpoint.source.setting();
    let draft = match unclear {
        Unclear::NoContext(name) => {
            let title = format!("{setting} names the context `{name}`, which does not exist");
            Draft::fail(EngineClass::NoContext, title)
        }
        Unclear::BadAddress => {
            let host = short(&endpoint.host, 80);
            let title = format!("{setting}: expected the address of an engine, got {host:?}");
            Draft::fail(EngineClass::BadEndpoint, title)
        }
    };
    draft.fact("by", setting)
}

impl Engine {
    fn judge_answer(&self, facts: &EngineFacts, observed: &Observations) -> Draft<EngineClass> {
        let place = Place(&facts.endpoint);
        match &facts.version {
            EngineAnswer::Absent if place.is_default() && client::is_podman(observed) => {
                Draft::pass_as(EngineClass::Podman, "podman, which needs no engine")
            }
            EngineAnswer::Absent => {
                Draft::fail(EngineClass::Absent, format!("no socket at {place}"))
            }
            EngineAnswer::Refused => {
                Draft::fail(EngineClass::Refused, format!("nothing listens at {place}"))
            }
            EngineAnswer::Denied if facts.stale_group => Draft::fail(
                EngineClass::PermissionSession,
                format!(
                    "no permission for {place} in this session: \
                     it started before the user joined the group docker"
                ),
            ),
            EngineAnswer::Denied => Draft::fail(
                EngineClass::Permission,
                format!("this user has no permission for {place}"),
            ),
            EngineAnswer::Late => {
                Draft::unknown(EngineClass::Late, format!("no answer from {place}"))
            }
            EngineAnswer::Status(status, message) => {
                let starting = *status >= 500 && message.to_ascii_lowercase().contains("start");
                let class = if starting { EngineClass::Starting } else { EngineClass::Error };
                Draft::fail(class, place.status(*status, message))
            }
            EngineAnswer::NotDocker(text) => place.not_docker(&format!("{:?}", short(text, 60))),
            EngineAnswer::ClientFailed(message) => Draft::fail(
                EngineClass::ClientFailed,
                format!("docker cannot connect to {place}: {}", short(message, 160)),
            ),
            EngineAnswer::Broken(message) => {
                Draft::fail(EngineClass::Broken, format!("{place}: {}", short(message, 120)))
            }
            EngineAnswer::NotProbed => {
                Draft::unknown(EngineClass::Late, format!("{place} was not probed in time"))
            }
            EngineAnswer::Json(version) => self.judge_version(version, facts, observed),
        }
    }

    /// The engine reported its version: does it serve, and is the rest complete?
    fn judge_version(
        &self,
        version: &Value,
        facts: &EngineFacts,
        observed: &Observations,
    ) -> Draft<EngineClass> {
        let place = Place(&facts.endpoint);
        let Some(text) = version["Version"].as_str().filter(|text| !text.is_empty()) else {
            return place.not_docker("it reports no version");
        };
        // Podman has versions of its own: what a lab needs of Docker does not apply to them.
        let component = version["Components"][0]["Name"].as_str().unwrap_or_default();
        if component.starts_with("Podman") {
            return Draft::pass_as(EngineClass::Podman, format!("podman {text} at {place}"));
        }
        let Some(number) = Version::find(text) else {
            return place.not_docker(&format!("its version is {:?}", short(text, 40)));
        };
        let wanted = &self.0;
        if !wanted.allows(&number) {
            return Draft::fail(EngineClass::TooOld, format!("{number}; the lab needs {wanted}"))
                .fact("wanted", wanted.to_string());
        }
        if let Some(mismatch) = api_mismatch(version, observed) {
            return mismatch;
        }
        match &facts.info {
            EngineAnswer::Json(info) => {
                let api = version["ApiVersion"].as_str();
                let api = api.map_or_else(String::new, |api| format!(", API {api}"));
                judge_info(info, &format!("{number}{api}"), place)
            }
            EngineAnswer::Late => Draft::unknown(
                EngineClass::Late,
                format!("{place} reports its version, then no answer"),
            ),
            EngineAnswer::Status(status, message) => {
                Draft::fail(EngineClass::Error, place.status(*status, message))
            }
            _ => {
                let title = format!("{place} reports its version and nothing else");
                Draft::fail(EngineClass::Error, title)
            }
        }
    }
}

fn judge_info(info: &Value, version: &str, place: Place<'_>) -> Draft<EngineClass> {
    let text = |key: &str| info[key].as_str().unwrap_or_default();
    if let Some(error) = info["ServerErrors"].as_array().and_then(|errors| errors.first()) {
        let title = format!("the engine reports: {}", short(&error.to_string(), 160));
        return Draft::fail(EngineClass::Error, title);
    }
    if text("ID").is_empty() || text("ServerVersion").is_empty() {
        let title = format!("unexpected answer from the engine at {place}: no id, no version");
        return Draft::fail(EngineClass::Error, title);
    }
    let system = info["OperatingSystem"].as_str();
    let system = system.map_or_else(String::new, |name| format!(", {name}"));
    Draft::pass(format!("{version}{}", short(&system, 40)))
}

/// The engine's address and where it comes from, for titles.
#[derive(Clone, Copy)]
struct Place<'a>(&'a Endpoint);

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.0.host, self.0.source)
    }
}

impl Place<'_> {
    fn is_default(self) -> bool {
        self.0.source == super::endpoint::Source::Default
    }

    fn status(self, status: u16, message: &str) -> String {
        format!("the engine at {self} answers {status}: {}", short(message, 120))
    }

    fn not_docker(self, why: &str) -> Draft<EngineClass> {
        Draft::fail(EngineClass::NotDocker, format!("no Docker engine at {self}: {why}"))
    }
}

/// API versions that clients speak, by their major version (docs.docker.com/reference/api/engine,
/// "API version matrix").
const CLIENT_API: [(u64, [u64; 2]); 7] = [
    (20, [1, 41]),
    (23, [1, 42]),
    (24, [1, 43]),
    (25, [1, 44]),
    (26, [1, 45]),
    (27, [1, 46]),
    (28, [1, 48]),
];

/// The engine refuses clients that are too old for it: 29 needs API 1.44, for example.
fn api_mismatch(version: &Value, observed: &Observations) -> Option<Draft<EngineClass>> {
    let least = Version::find(version["MinAPIVersion"].as_str()?)?;
    let client = Version::find(&client::working(observed)?.stdout)?;
    let (_, api) = CLIENT_API.iter().rev().find(|(major, _)| client.numbers[0] >= *major)?;
    let too_old = (api[0], api[1]) < (least.numbers[0], least.numbers[1]);
    let title = format!(
        "the engine needs API {}.{} or later, and the docker command {client} uses {}.{}",
        least.numbers[0], least.numbers[1], api[0], api[1]
    );
    too_old.then(|| Draft::fail(EngineClass::ApiMismatch, title))
}
