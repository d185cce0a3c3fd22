//! Probes the engine over its own socket: the docker command hangs where the engine does, and
//! exits with 0 where it fails.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use super::endpoint::Endpoint;
use crate::doctor::probe::Probe;
use crate::doctor::scope::Scope;
use crate::doctor::tool::{ToolEnd, run_tool};
use crate::platform::net::{self, Unreachable};
use crate::platform::{clock, host};

/// The longest that one request over the socket may take.
const REQUEST: Duration = Duration::from_secs(2);

/// What the engine answered to one request.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::doctor::checks) enum EngineAnswer {
    /// Status 200 and JSON.
    Json(Value),
    /// Another status, and the message with it.
    Status(u16, String),
    /// Something that is no Docker engine.
    NotDocker(String),
    /// The socket does not exist.
    Absent,
    /// The socket exists, and nothing listens.
    Refused,
    /// This user has no permission.
    Denied,
    /// Connected or not, nothing came in time.
    Late,
    /// The docker command, which connects over TLS or ssh, failed with this message.
    ClientFailed(String),
    /// Anything else, as the system reports it.
    Broken(String),
    /// No request was made: an earlier one had no answer, or the address is unclear.
    NotProbed,
}

/// The engine as far as it answered.
#[derive(Clone, Debug)]
pub(in crate::doctor::checks) struct EngineFacts {
    pub(super) endpoint: Endpoint,
    /// `/version`.
    pub(super) version: EngineAnswer,
    /// `/info`.
    pub(super) info: EngineAnswer,
    /// The engine's clock minus ours, in seconds, when it reported a time.
    pub(super) skew: Option<i64>,
    /// Bytes free where the engine keeps images, when that is a folder of this machine.
    pub(super) free: Option<u64>,
    /// Whether /etc/group has this user in the group `docker`, and this process does not yet.
    pub(super) stale_group: bool,
}

#[derive(Debug, PartialEq)]
pub(in crate::doctor::checks) struct EngineProbe;

impl Probe for EngineProbe {
    type Observation = EngineFacts;

    fn run(&self, scope: &Scope, end: Instant) -> EngineFacts {
        let mut facts = EngineFacts {
            endpoint: Endpoint::resolve(),
            version: EngineAnswer::NotProbed,
            info: EngineAnswer::NotProbed,
            skew: None,
            free: None,
            stale_group: false,
        };
        if facts.endpoint.unclear.is_some() {
            return facts;
        }
        facts.version = request(&facts.endpoint, Question::Version, end);
        if matches!(facts.version, EngineAnswer::Json(_)) {
            let since = SystemTime::now();
            facts.info = request(&facts.endpoint, Question::Info, end);
            if let EngineAnswer::Json(info) = &facts.info {
                facts.skew = info["SystemTime"].as_str().and_then(|text| skew(text, since));
                facts.free = free_space(info, &facts.endpoint);
            }
        }
        facts.stale_group =
            facts.version == EngineAnswer::Denied && in_group_by_file_only(&scope.root);
        facts
    }
}

/// Space where the engine keeps images, when that is a folder of this machine.
fn free_space(info: &Value, endpoint: &Endpoint) -> Option<u64> {
    let system = info["OperatingSystem"].as_str().unwrap_or_default();
    let here = cfg!(target_os = "linux")
        && endpoint.socket().is_some()
        && !system.contains("Docker Desktop");
    let folder = PathBuf::from(info["DockerRootDir"].as_str().filter(|_| here)?);
    if folder.is_dir() { host::free_space(&folder).ok() } else { None }
}

/// Seconds by which a time in UTC is ahead of `now`.
fn skew(text: &str, now: SystemTime) -> Option<i64> {
    let ours = i64::try_from(now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs()).ok()?;
    Some(clock::unix_of_utc(text)? - ours)
}

/// Whether /etc/group has this user in `docker`, while this session began before.
fn in_group_by_file_only(root: &host::Root) -> bool {
    let Some((id, members)) = root.group("docker") else { return false };
    let user = root.user(host::user_id());
    user.is_some_and(|user| members.contains(&user)) && !host::in_group(id)
}

#[derive(Clone, Copy)]
enum Question {
    Version,
    Info,
}

impl Question {
    fn path(self) -> &'static str {
        match self {
            Question::Version => "/version",
            Question::Info => "/info",
        }
    }

    /// The same of the docker command.
    fn args(self) -> [&'static str; 3] {
        match self {
            Question::Version => ["version", "--format", "{{json .Server}}"],
            Question::Info => ["info", "--format", "{{json .}}"],
        }
    }
}

fn request(endpoint: &Endpoint, question: Question, end: Instant) -> EngineAnswer {
    let within = REQUEST.min(end.saturating_duration_since(Instant::now()));
    if let Some(socket) = endpoint.socket() {
        return over_socket(socket, question.path(), within);
    }
    let host = &endpoint.host;
    let tls = host::var("DOCKER_TLS_VERIFY").is_some() || host.ends_with(":2376");
    let address = host.strip_prefix("tcp://").or_else(|| host.strip_prefix("http://"));
    match address.filter(|_| !tls) {
        Some(address) => over_tcp(address, question.path(), within),
        // TLS and ssh are left to the docker command.
        None => over_client(question, end),
    }
}

/// One request over a socket of this machine.
pub(in crate::doctor::checks) fn over_socket(
    socket: &Path,
    path: &str,
    within: Duration,
) -> EngineAnswer {
    match net::unix_get(socket, path, within) {
        Ok(bytes) => parse(&String::from_utf8_lossy(&bytes)),
        Err(error) => match error.kind() {
            ErrorKind::NotFound => EngineAnswer::Absent,
            ErrorKind::ConnectionRefused => EngineAnswer::Refused,
            ErrorKind::PermissionDenied => EngineAnswer::Denied,
            ErrorKind::TimedOut => EngineAnswer::Late,
            _ => EngineAnswer::Broken(error.to_string()),
        },
    }
}

fn over_tcp(address: &str, path: &str, within: Duration) -> EngineAnswer {
    let request = net::Request {
        method: "GET".to_owned(),
        url: format!("http://{}{path}", address.trim_end_matches('/')),
        headers: Vec::new(),
        body: Vec::new(),
        within,
    };
    match net::http(&request) {
        Ok(response) => answer(response.status, &String::from_utf8_lossy(&response.body)),
        Err(Unreachable::Refused) => EngineAnswer::Refused,
        Err(Unreachable::TimedOut(_)) => EngineAnswer::Late,
        Err(other) => EngineAnswer::Broken(other.to_string()),
    }
}

/// The docker command exits with 0 and prints zeros where the engine fails: judged by its content.
fn over_client(question: Question, end: Instant) -> EngineAnswer {
    let output = run_tool("docker", &question.args(), end);
    match (&output.end, serde_json::from_str::<Value>(&output.stdout)) {
        (ToolEnd::Late(_), _) => EngineAnswer::Late,
        (ToolEnd::Code(0), Ok(value)) if !value.is_null() => EngineAnswer::Json(value),
        _ => EngineAnswer::ClientFailed(output.message().to_owned()),
    }
}

fn parse(text: &str) -> EngineAnswer {
    let (head, rest) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let status = head.split_whitespace().nth(1).and_then(|word| word.parse().ok());
    match status.filter(|_| head.starts_with("HTTP/")) {
        None => EngineAnswer::NotDocker(first_line(text)),
        Some(status) => answer(status, rest),
    }
}

fn answer(status: u16, body: &str) -> EngineAnswer {
    let value = serde_json::from_str::<Value>(body.trim());
    match (status, value) {
        (200, Ok(value)) => EngineAnswer::Json(value),
        (200, Err(_)) => EngineAnswer::NotDocker(first_line(body)),
        // The engine reports errors in `message`.
        (status, Ok(value)) => EngineAnswer::Status(
            status,
            value["message"].as_str().map_or_else(|| first_line(body), str::to_owned),
        ),
        (status, Err(_)) => EngineAnswer::Status(status, first_line(body)),
    }
}

fn first_line(text: &str) -> String {
    text.trim().lines().next().unwrap_or_default().chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_are_compared_in_utc() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(skew("1970-01-02T00:00:00Z", at(86_400)), Some(0));
        assert_eq!(skew("2024-02-29T12:00:01.123456789Z", at(1_709_208_000)), Some(1));
        assert_eq!(skew("2026-11-24T00:00:00Z", at(1_795_478_400)), Some(0));
        assert_eq!(skew("2026-11-24T00:00:00+01:00", at(0)), None);
        assert_eq!(skew("nonsense", at(0)), None);
    }
}
