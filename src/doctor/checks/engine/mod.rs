//! The container engine, its client's plugins, and the machine in which it lives.

pub(in crate::doctor) mod probe;

use std::time::Duration;

use serde_json::Value;

use super::programs::client_is_podman;
use super::{Found, amount, gigabytes, late, short, trouble};
use crate::catalog::manifest::GpuNeed;
use crate::catalog::units::{Version, VersionReq};
use crate::doctor::Status;
use crate::doctor::observations::All;
use crate::doctor::plan::Ask;
use crate::doctor::probes::{Answer, Asked, EngineSeen, HelperSeen, How, Look, Seen, Unclear};
use crate::platform::host::architecture;

/// Below this difference the clocks agree: certificates and signatures allow for a few minutes,
/// caches for seconds.
const SKEW: u64 = 60;

pub(super) fn judge(ask: &Ask, all: &All, deadline: Duration) -> Found {
    match ask {
        Ask::Compose(wanted) => compose(wanted, all, deadline),
        Ask::Buildx(wanted) => match all.get(&Look::Buildx) {
            Some(Seen::Buildx(asked)) => plugin(asked, wanted, all),
            _ => late(deadline),
        },
        Ask::Credentials => match all.get(&Look::Credentials) {
            Some(Seen::Credentials(seen)) => credentials(seen),
            _ => late(deadline),
        },
        _ => match all.get(&Look::Engine) {
            Some(Seen::Engine(seen)) => of_engine(ask, seen, all, deadline),
            _ => late(deadline),
        },
    }
}

fn of_engine(ask: &Ask, seen: &EngineSeen, all: &All, deadline: Duration) -> Found {
    if let Ask::Engine(wanted) = ask {
        return engine(wanted, seen, all);
    }
    if let (Ask::EngineGpu(GpuNeed::Optional), true) = (ask, no_gpu(all)) {
        return Found::pass("no GPU; the lab runs without");
    }
    let Answer::Json(info) = &seen.info else { return Found::blocked("docker.engine") };
    if info["ID"].as_str().unwrap_or_default().is_empty() {
        return Found::blocked("docker.engine");
    }
    let cmd = match seen.host.strip_prefix("unix://") {
        Some(socket) => format!("curl --unix-socket {socket} http://docker/info"),
        None => "docker info --format '{{json .}}'".to_owned(),
    };
    let found = match ask {
        Ask::EngineMemory(size) => amount(info["MemTotal"].as_u64(), size.0, gigabytes),
        Ask::EngineCpus(count) => {
            amount(info["NCPU"].as_u64(), u64::from(*count), |count| count.to_string())
        }
        Ask::EngineDisk(size) => match seen.free {
            Some(free) => amount(Some(free), size.0, gigabytes)
                .fact("folder", info["DockerRootDir"].as_str().unwrap_or_default()),
            None => Found {
                status: Status::Skip,
                ..Found::pass("the engine's disk is on another machine")
            },
        },
        Ask::EngineArch(names) => {
            let engine = architecture(info["Architecture"].as_str().unwrap_or_default());
            if engine.is_empty() {
                Found::unknown("unknown", "the engine does not tell its processor")
            } else if names.iter().any(|name| name == engine) {
                Found::pass(engine)
            } else {
                let there = names.join(", ");
                Found::warn(
                    "emulated",
                    format!(
                        "the lab's images exist for {there} only: on {engine} they are emulated, slow, or crash"
                    ),
                )
            }
        }
        Ask::EngineGpu(_) => gpu(info, all),
        Ask::Clock => match seen.skew {
            None => Found::unknown("unknown", "the engine does not tell its time"),
            Some(skew) if skew.unsigned_abs() <= SKEW => {
                Found::pass("agrees with this machine's").saw(format!("{skew} s"))
            }
            Some(skew) => {
                let ahead = if skew > 0 { "ahead" } else { "behind" };
                Found::warn(
                    "skewed",
                    format!(
                        "{} s {ahead} of this machine's: certificates may be refused",
                        skew.unsigned_abs()
                    ),
                )
                .saw(format!("{skew} s"))
            }
        },
        Ask::DaemonProxy => proxy(info, all),
        Ask::Image(image) => return registry(image, all, deadline),
        _ => Found::unknown("unknown", "an answer to another question"),
    };
    found.cmd(cmd)
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

fn engine(wanted: &VersionReq, seen: &EngineSeen, all: &All) -> Found {
    let place = format!("{} (by {})", seen.host, seen.by);
    let socket = seen.host.strip_prefix("unix://");
    let podman = client_is_podman(all) && seen.by == "the default";
    let found = match (&seen.unclear, &seen.version) {
        (Some(Unclear::NoContext(name)), _) => Found::fail(
            "no-context",
            format!("{} names the context `{name}`, which does not exist", seen.by),
        )
        .fact("by", &seen.by),
        (Some(Unclear::BadEndpoint), _) => Found::fail(
            "bad-endpoint",
            format!("{} is no address of an engine: {:?}", seen.by, short(&seen.host, 80)),
        )
        .fact("by", &seen.by),
        (None, Answer::Absent) if podman => {
            Found { class: "podman", ..Found::pass("podman, which needs no engine") }
        }
        (None, Answer::Absent) => Found::fail("absent", format!("there is no socket at {place}")),
        (None, Answer::Refused) => Found::fail("refused", format!("nobody listens at {place}")),
        (None, Answer::Denied) if seen.stale_group => Found::fail(
            "permission-session",
            format!(
                "this session may not use {place}: it began before the user came into the group docker"
            ),
        ),
        (None, Answer::Denied) => {
            Found::fail("permission", format!("this user may not use {place}"))
        }
        (None, Answer::Late) => Found::unknown("late", format!("{place} gives no answer")),
        (None, Answer::Status(status, words)) => {
            let starting = *status >= 500 && words.to_ascii_lowercase().contains("start");
            let class = if starting { "starting" } else { "error" };
            Found::fail(
                class,
                format!("the engine at {place} answers {status}: {}", short(words, 120)),
            )
        }
        (None, Answer::Foreign(words)) => Found::fail(
            "not-docker",
            format!("what answers at {place} is no Docker engine: {:?}", short(words, 60)),
        ),
        (None, Answer::Client(words)) => Found::fail(
            "client-failed",
            format!("docker cannot reach {place}: {}", short(words, 160)),
        ),
        (None, Answer::Broken(words)) => {
            Found::fail("broken", format!("{place}: {}", short(words, 120)))
        }
        (None, Answer::NotAsked) => {
            Found::unknown("late", format!("{place} was not asked in time"))
        }
        (None, Answer::Json(version)) => answered(wanted, version, seen, all, &place),
    };
    // Set for one shell and forgotten: the commonest reason to look in the wrong place.
    let found = match seen.by.as_str() {
        variable @ ("DOCKER_HOST" | "DOCKER_CONTEXT") => found.fact("variable", variable),
        _ => found,
    };
    let found = match socket {
        Some(socket) => found
            .cmd(format!("curl --unix-socket {socket} http://docker/version"))
            .fact("socket", socket),
        None => found.cmd("docker version --format '{{json .Server}}'"),
    };
    let saw = match &seen.version {
        Answer::Json(version) => short(&version.to_string(), 200),
        other => short(&format!("{other:?}"), 200),
    };
    found.saw(saw)
}

/// The engine gave its version: does it serve, and is the rest of what it says whole?
fn answered(
    wanted: &VersionReq,
    version: &Value,
    seen: &EngineSeen,
    all: &All,
    place: &str,
) -> Found {
    let Some(text) = version["Version"].as_str().filter(|text| !text.is_empty()) else {
        return Found::fail(
            "not-docker",
            format!("what answers at {place} is no Docker engine: it has no version"),
        );
    };
    let podman =
        version["Components"][0]["Name"].as_str().is_some_and(|name| name.starts_with("Podman"));
    // Podman counts its own versions: what a lab wants of Docker does not apply to them.
    if podman {
        return Found { class: "podman", ..Found::pass(format!("podman {text} at {place}")) };
    }
    let Some(number) = Version::find(text) else {
        return Found::fail(
            "not-docker",
            format!("what answers at {place} has no version: {:?}", short(text, 40)),
        );
    };
    if !wanted.allows(&number) {
        return Found::fail("too-old", format!("{number}, and the lab wants {wanted}"))
            .fact("wanted", wanted.to_string());
    }
    if let Some(mismatch) = api_mismatch(version, all) {
        return mismatch;
    }
    match &seen.info {
        Answer::Json(info) => {
            let empty = |key: &str| info[key].as_str().unwrap_or_default().is_empty();
            let errors = info["ServerErrors"].as_array().filter(|errors| !errors.is_empty());
            if let Some(errors) = errors {
                return Found::fail(
                    "error",
                    format!("the engine says: {}", short(&errors[0].to_string(), 160)),
                );
            }
            if empty("ID") || empty("ServerVersion") {
                return Found::fail(
                    "error",
                    format!("the engine at {place} answers, and says nothing about itself"),
                );
            }
            let api = version["ApiVersion"]
                .as_str()
                .map_or_else(String::new, |api| format!(", API {api}"));
            let system = info["OperatingSystem"]
                .as_str()
                .map_or_else(String::new, |name| format!(", {name}"));
            Found::pass(format!("{number}{api}{}", short(&system, 40)))
        }
        Answer::Late => {
            Found::unknown("late", format!("{place} says its version, and then gives no answer"))
        }
        Answer::Status(status, words) => Found::fail(
            "error",
            format!("the engine at {place} answers {status}: {}", short(words, 120)),
        ),
        _ => {
            Found::fail("error", format!("the engine at {place} says its version and nothing else"))
        }
    }
}

/// The engine refuses clients that are too old for it: 29 wants API 1.44, for example.
fn api_mismatch(version: &Value, all: &All) -> Option<Found> {
    let least = Version::find(version["MinAPIVersion"].as_str()?)?;
    let programs = super::programs_of(all, &Look::client())?;
    let client = Version::find(&programs.first.out).filter(|_| programs.first.well())?;
    let (_, api) = CLIENT_API.iter().rev().find(|(major, _)| client.numbers[0] >= *major)?;
    let too_old = (api[0], api[1]) < (least.numbers[0], least.numbers[1]);
    too_old.then(|| {
        Found::fail(
            "api-mismatch",
            format!(
                "the engine wants API {}.{} or later, and the docker command {client} speaks {}.{}",
                least.numbers[0], least.numbers[1], api[0], api[1]
            ),
        )
    })
}

fn compose(wanted: &VersionReq, all: &All, deadline: Duration) -> Found {
    let Some(Seen::Compose(asked, old)) = all.get(&Look::Compose) else { return late(deadline) };
    let found = plugin(asked, wanted, all);
    // The plugin is missing: what is there under the old name?
    if found.class == "no-plugin"
        && let Some(old) = old
        && let Some(version) = Version::find(&old.out).filter(|_| old.well())
    {
        let path = old.path.as_ref().map_or_else(String::new, |path| path.display().to_string());
        if version.numbers[0] < 2 {
            return Found::fail("v1-only", format!("only docker-compose {version} ({path}): version 1 has ended, and the lab needs `docker compose`"))
                .asked(old);
        }
        return found.fact("standalone", path);
    }
    found
}

/// `docker compose` or `docker buildx`: a plugin of the client.
fn plugin(asked: &Asked, wanted: &VersionReq, all: &All) -> Found {
    let client = super::programs_of(all, &Look::client());
    if client.is_some_and(|programs| trouble(&programs.first).is_some())
        || matches!(asked.how, How::Absent | How::Unfit(_))
    {
        return Found::blocked("docker.client");
    }
    let version = Version::find(&asked.out).filter(|_| asked.well());
    match (&asked.how, version) {
        (How::Code(0), Some(version)) if wanted.allows(&version) => {
            Found::pass(version.to_string())
        }
        (How::Code(0), Some(version)) => {
            Found::fail("too-old", format!("{version}, and the lab wants {wanted}"))
                .fact("wanted", wanted.to_string())
        }
        (How::Code(_), None) if client_is_podman(all) => Found::fail(
            "podman",
            format!("podman stands for docker here, and has none: {}", short(asked.words(), 100)),
        ),
        (How::Code(0), None) => Found::unknown(
            "unreadable",
            format!("no version can be read from {:?}", short(&asked.out, 60)),
        ),
        // The client does not know the word: the plugin is not where it looks. It says so in
        // different words in each version.
        (How::Code(_), _) if unknown_word(&asked.err) || unknown_word(&asked.out) => {
            Found::fail("no-plugin", "the docker command has no such plugin")
        }
        _ => return trouble(asked).unwrap_or_else(|| Found::unknown("late", "it gave no answer")),
    }
    .asked(asked)
}

fn unknown_word(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    [
        "is not a docker command",
        "unknown command",
        "unknown flag",
        "unknown shorthand flag",
        "unrecognized command",
    ]
    .iter()
    .any(|words| text.contains(words))
}

fn credentials(seen: &Result<Vec<HelperSeen>, String>) -> Found {
    let cmd = "cat \"${DOCKER_CONFIG:-$HOME/.docker}/config.json\"";
    match seen {
        Err(words) => Found::warn(
            "config-broken",
            format!("Docker's config cannot be read: {}", short(words, 160)),
        ),
        Ok(helpers) => match helpers.iter().find(|helper| helper.trouble.is_some()) {
            Some(helper) => {
                let why = helper
                    .trouble
                    .clone()
                    .flatten()
                    .map_or("is not on PATH".to_owned(), |why| format!("cannot be run: {why}"));
                Found::warn(
                    "helper-absent",
                    format!(
                        "Docker's config names {}, which {why}: pulling images will fail",
                        helper.program
                    ),
                )
                .fact("helper", &helper.program)
            }
            None if helpers.is_empty() => Found::pass("no helper is configured"),
            None => {
                let names: Vec<&str> =
                    helpers.iter().map(|helper| helper.program.as_str()).collect();
                Found::pass(names.join(", "))
            }
        },
    }
    .cmd(cmd)
}

fn no_gpu(all: &All) -> bool {
    matches!(all.get(&Look::Gpu), Some(Seen::Gpu(gpu)) if gpu.driver.is_none() && gpu.smi.is_none())
}

fn gpu(info: &Value, all: &All) -> Found {
    if no_gpu(all) {
        return Found::blocked("gpu");
    }
    let runtime = info["Runtimes"]["nvidia"].is_object();
    let devices = info["DiscoveredDevices"].as_array().is_some_and(|all| {
        all.iter()
            .any(|device| device["ID"].as_str().is_some_and(|id| id.contains("nvidia.com/gpu")))
    });
    match () {
        () if devices => Found::pass("by CDI"),
        () if runtime => Found::pass("by the runtime nvidia"),
        () => Found::fail(
            "no-runtime",
            "the engine has neither the runtime nvidia nor a CDI device for it",
        ),
    }
}

/// The daemon pulls, not the shell: a proxy that only the shell knows does not help it.
fn proxy(info: &Value, all: &All) -> Found {
    let Some(Seen::Host(host)) = all.get(&Look::Host) else { return Found::blocked("proxy") };
    let said = |key: &str| info[key].as_str().filter(|value| !value.is_empty());
    let shell = host.proxies.get("https_proxy").or_else(|| host.proxies.get("http_proxy"));
    let engine = said("HttpsProxy").or_else(|| said("HttpProxy"));
    match (shell, engine) {
        (None, None) => Found::pass("none, as in the shell"),
        (Some(_), None) => Found::warn(
            "daemon-without",
            "the shell has a proxy, the engine, which pulls the images, has none",
        ),
        (None, Some(_)) => Found::pass("the engine has one of its own"),
        // The engine masks the password in what it says.
        (Some(shell), Some(engine)) if bare(shell) == bare(engine) => {
            Found::pass("the same as in the shell")
        }
        (Some(_), Some(_)) => {
            Found::warn("daemon-other", "the engine has another proxy than the shell")
        }
    }
}

/// A proxy's address without user, password and the slash at the end.
fn bare(proxy: &str) -> &str {
    let rest = proxy.split_once("://").map_or(proxy, |(_, rest)| rest);
    rest.rsplit_once('@').map_or(rest, |(_, host)| host).trim_end_matches('/')
}

fn registry(image: &str, all: &All, deadline: Duration) -> Found {
    let found = match all.get(&Look::Image(image.to_owned())) {
        Some(Seen::Image(Answer::Json(_))) => Found::pass("the registry has it"),
        Some(Seen::Image(Answer::Status(404 | 403 | 401, words))) => Found::fail(
            "no-such-image",
            format!("the registry does not give it: {}", short(words, 120)),
        ),
        Some(Seen::Image(
            Answer::Status(_, words) | Answer::Broken(words) | Answer::Foreign(words),
        )) => Found::fail(
            "unreachable",
            format!("the engine cannot ask the registry: {}", short(words, 120)),
        ),
        Some(Seen::Image(Answer::NotAsked)) => {
            Found { status: Status::Skip, ..Found::pass("an engine elsewhere is not asked") }
        }
        _ => late(deadline),
    };
    found.cmd(format!("docker manifest inspect {image}")).fact("image", image)
}
