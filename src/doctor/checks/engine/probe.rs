//! The Docker engine, asked over its own socket: the client hangs for ever where the engine does,
//! and says 0 where it fails.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::doctor::probes::ask;
use crate::platform::net::{self, Unreachable};
use crate::platform::process::Unfit;
use crate::platform::process::{self, Command, NotRun};
use crate::platform::{fs, host};

/// The longest that one question over the socket may take.
const EXCHANGE: Duration = Duration::from_secs(2);

/// What the engine answered to one question.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::doctor) enum Answer {
    /// Status 200 and JSON.
    Json(Value),
    /// Another status, and the words of the answer.
    Status(u16, String),
    /// Something that is no Docker engine.
    Foreign(String),
    /// The socket is not there.
    Absent,
    /// The socket is there, and nobody listens.
    Refused,
    /// This user may not.
    Denied,
    /// Connected or not, nothing came in time.
    Late,
    /// The client that stands between failed: its words.
    Client(String),
    /// Anything else, in the system's words.
    Broken(String),
    /// Not asked, because an earlier question had no answer.
    NotAsked,
}

/// The engine as far as it answered.
#[derive(Clone, Debug)]
pub(in crate::doctor) struct EngineSeen {
    /// Where the client would look.
    pub(in crate::doctor) host: String,
    /// Which setting said so.
    pub(in crate::doctor) by: String,
    /// Why there is no place to look at.
    pub(in crate::doctor) unclear: Option<Unclear>,
    /// `/version`.
    pub(in crate::doctor) version: Answer,
    /// `/info`.
    pub(in crate::doctor) info: Answer,
    /// The engine's clock minus ours, in seconds, when it said a time.
    pub(in crate::doctor) skew: Option<i64>,
    /// Bytes free where the engine keeps images, when that is a folder of this machine.
    pub(in crate::doctor) free: Option<u64>,
    /// Whether this user is in the group `docker` by /etc/group, while this process does not have
    /// it yet.
    pub(in crate::doctor) stale_group: bool,
    /// How long it took.
    pub(in crate::doctor) took: Duration,
}

/// Why it is not clear which engine is meant.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::doctor) enum Unclear {
    /// The context that was named does not exist.
    NoContext(String),
    /// The address has a form that is not known.
    BadEndpoint,
}

/// Where the client would look, and which setting won: DOCKER_HOST, DOCKER_CONTEXT,
/// `currentContext` of the config, the default.
fn endpoint() -> (String, String, Option<Unclear>) {
    if let Some(host) = host::var("DOCKER_HOST") {
        return (host, "DOCKER_HOST".to_owned(), None);
    }
    let default = || ("unix:///var/run/docker.sock".to_owned(), "the default".to_owned(), None);
    let Some(home) = config_folder() else { return default() };
    let (name, by) = match host::var("DOCKER_CONTEXT") {
        Some(name) => (Some(name), "DOCKER_CONTEXT"),
        None => {
            let config = json(&home.join("config.json")).unwrap_or_default();
            (
                config["currentContext"].as_str().map(str::to_owned),
                "currentContext in Docker's config",
            )
        }
    };
    // `docker context show` repeats the name of a context that does not exist and exits with 0:
    // read the files.
    match name.filter(|name| name != "default") {
        None => default(),
        Some(name) => match context_host(&home, &name) {
            Some(host) => (host, format!("{by}, context `{name}`"), None),
            None => (String::new(), by.to_owned(), Some(Unclear::NoContext(name))),
        },
    }
}

fn config_folder() -> Option<PathBuf> {
    host::var("DOCKER_CONFIG")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(host::var("HOME")?).join(".docker")))
}

fn context_host(home: &Path, name: &str) -> Option<String> {
    let contexts = home.join("contexts").join("meta");
    let metas = fs::names(&contexts)
        .ok()?
        .into_iter()
        .filter_map(|folder| json(&contexts.join(folder).join("meta.json")));
    let meta = metas.into_iter().find(|meta| meta["Name"] == name)?;
    Some(meta["Endpoints"]["docker"]["Host"].as_str()?.to_owned())
}

fn json(path: &Path) -> Option<Value> {
    serde_json::from_slice(&fs::read_io(path).ok()?).ok()
}

pub(in crate::doctor) fn engine(root: &host::Root, end: Instant) -> EngineSeen {
    let since = Instant::now();
    let (host, by, unclear) = endpoint();
    let mut seen = EngineSeen {
        host,
        by,
        unclear,
        version: Answer::NotAsked,
        info: Answer::NotAsked,
        skew: None,
        free: None,
        stale_group: false,
        took: Duration::ZERO,
    };
    if seen.unclear.is_none()
        && !["unix://", "tcp://", "ssh://", "http://", "https://"]
            .iter()
            .any(|scheme| seen.host.starts_with(scheme))
    {
        seen.unclear = Some(Unclear::BadEndpoint);
    }
    if seen.unclear.is_none() {
        seen.version = question(&seen.host, "/version", end);
        if matches!(seen.version, Answer::Json(_)) {
            let asked_at = SystemTime::now();
            seen.info = question(&seen.host, "/info", end);
            if let Answer::Json(info) = &seen.info {
                seen.skew = info["SystemTime"].as_str().and_then(|text| skew(text, asked_at));
                let desktop = info["OperatingSystem"]
                    .as_str()
                    .is_some_and(|name| name.contains("Docker Desktop"));
                let folder = info["DockerRootDir"].as_str().map(PathBuf::from);
                let local =
                    seen.host.starts_with("unix://") && !desktop && cfg!(target_os = "linux");
                seen.free = folder
                    .filter(|folder| local && folder.is_dir())
                    .and_then(|folder| host::free_space(&folder).ok());
            }
        }
    }
    if seen.version == Answer::Denied {
        seen.stale_group = stale_group(root);
    }
    seen.took = since.elapsed();
    seen
}

/// Seconds by which an RFC 3339 time in UTC is ahead of `now`; a time with another zone is not
/// compared.
fn skew(text: &str, now: SystemTime) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.split('-').map(|part| part.parse::<i64>());
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let mut time = time.split('.').next()?.split(':').map(|part| part.parse::<i64>());
    let (hour, minute, second) = (time.next()?.ok()?, time.next()?.ok()?, time.next()?.ok()?);
    // Days since 1970 of a Gregorian date: years begin in March, so that the leap day comes last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
        - 719_469;
    let theirs = days * 86_400 + hour * 3600 + minute * 60 + second;
    let ours = i64::try_from(now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs()).ok()?;
    Some(theirs - ours)
}

/// Whether /etc/group has this user in `docker`, but this session began before.
fn stale_group(root: &host::Root) -> bool {
    let Some((id, members)) = root.group("docker") else { return false };
    let user = root.user(host::user_id());
    user.is_some_and(|user| members.contains(&user)) && !host::in_group(id)
}

fn question(host: &str, path: &str, end: Instant) -> Answer {
    let within = EXCHANGE.min(end.saturating_duration_since(Instant::now()));
    if let Some(socket) = host.strip_prefix("unix://") {
        return match net::unix_get(Path::new(socket), path, within) {
            Ok(bytes) => parse(&String::from_utf8_lossy(&bytes)),
            Err(error) => match error.kind() {
                ErrorKind::NotFound => Answer::Absent,
                ErrorKind::ConnectionRefused => Answer::Refused,
                ErrorKind::PermissionDenied => Answer::Denied,
                ErrorKind::TimedOut => Answer::Late,
                _ => Answer::Broken(error.to_string()),
            },
        };
    }
    let tls = host::var("DOCKER_TLS_VERIFY").is_some() || host.ends_with(":2376");
    if let Some(address) = host.strip_prefix("tcp://").or_else(|| host.strip_prefix("http://"))
        && !tls
    {
        let url = format!("http://{}{path}", address.trim_end_matches('/'));
        let request = net::Request {
            method: "GET".to_owned(),
            url,
            headers: Vec::new(),
            body: Vec::new(),
            within,
        };
        return match net::http(&request) {
            Ok(response) => body(response.status, &String::from_utf8_lossy(&response.body)),
            Err(Unreachable::Refused) => Answer::Refused,
            Err(Unreachable::TimedOut(_)) => Answer::Late,
            Err(other) => Answer::Broken(other.to_string()),
        };
    }
    // TLS and ssh are the client's own business. It says 0 and prints zeros where the engine fails:
    // judged by its content.
    let args: &[&str] = match path {
        "/version" => &["version", "--format", "{{json .Server}}"],
        _ => &["info", "--format", "{{json .}}"],
    };
    let asked = ask("docker", args, end);
    match (&asked.how, serde_json::from_str::<Value>(&asked.out)) {
        (crate::doctor::probes::How::Late(_), _) => Answer::Late,
        (crate::doctor::probes::How::Code(0), Ok(value)) if !value.is_null() => Answer::Json(value),
        _ => Answer::Client(asked.words().to_owned()),
    }
}

fn parse(text: &str) -> Answer {
    let (head, rest) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let status = head.split_whitespace().nth(1).and_then(|word| word.parse().ok());
    match status.filter(|_| head.starts_with("HTTP/")) {
        None => Answer::Foreign(first_line(text)),
        Some(status) => body(status, rest),
    }
}

fn body(status: u16, body: &str) -> Answer {
    let value = serde_json::from_str::<Value>(body.trim());
    match (status, value) {
        (200, Ok(value)) => Answer::Json(value),
        (200, Err(_)) => Answer::Foreign(first_line(body)),
        // The engine puts its words into `message`.
        (status, Ok(value)) => Answer::Status(
            status,
            value["message"].as_str().map_or_else(|| first_line(body), str::to_owned),
        ),
        (status, Err(_)) => Answer::Status(status, first_line(body)),
    }
}

fn first_line(text: &str) -> String {
    text.trim().lines().next().unwrap_or_default().chars().take(120).collect()
}

/// Whether the engine reaches the registry of an image, and the tag is there. Nothing is pulled.
pub(in crate::doctor) fn registry(image: &str, end: Instant) -> Answer {
    let (host, _, unclear) = endpoint();
    if unclear.is_some() {
        return Answer::NotAsked;
    }
    let Some(socket) = host.strip_prefix("unix://") else { return Answer::NotAsked };
    let within = end.saturating_duration_since(Instant::now());
    match net::unix_get(Path::new(socket), &format!("/distribution/{image}/json"), within) {
        Ok(bytes) => parse(&String::from_utf8_lossy(&bytes)),
        Err(error) if error.kind() == ErrorKind::TimedOut => Answer::Late,
        Err(error) => Answer::Broken(error.to_string()),
    }
}

/// A credential helper that Docker's config names.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::doctor) struct HelperSeen {
    /// `docker-credential-...`
    pub(in crate::doctor) program: String,
    /// Why it cannot be run; none when it can.
    pub(in crate::doctor) trouble: Option<Option<Unfit>>,
}

/// The helpers of `credsStore` and `credHelpers`.
///
/// # Errors
/// Why the config cannot be read. A missing one names no helper.
pub(in crate::doctor) fn credentials() -> Result<Vec<HelperSeen>, String> {
    let Some(path) = config_folder().map(|folder| folder.join("config.json")) else {
        return Ok(Vec::new());
    };
    let bytes = match fs::read_io(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    let config: Value =
        serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    let store = config["credsStore"].as_str().map(str::to_owned);
    let helpers = config["credHelpers"].as_object().into_iter().flatten();
    let mut names: Vec<String> = store
        .into_iter()
        .chain(helpers.filter_map(|(_, name)| Some(name.as_str()?.to_owned())))
        .collect();
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    let seen = names.into_iter().map(|name| {
        let program = format!("docker-credential-{name}");
        let trouble = match process::locate(&Command::new(&program, Duration::ZERO)) {
            Ok(_) => None,
            Err(NotRun::Absent(_)) => Some(None),
            Err(NotRun::Unusable(_, why)) => Some(Some(why)),
        };
        HelperSeen { program, trouble }
    });
    Ok(seen.collect())
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
