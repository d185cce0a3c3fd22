//! One function for each kind of probe: ask the world, compare, say what was seen.

mod kubernetes;
mod metric;

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Budget, Context, Credentials, Seen, matching, own};
use crate::catalog::expect::{CommandProbe, Expect, FileProbe, HttpProbe, Match, Probe, TcpProbe};
use crate::catalog::tree::RelPath;
use crate::layout;
use crate::platform::net::{Request, Response, Unreachable};
use crate::platform::process::{Captured, Command, Ended, Role, shell_words};

/// SIGTERM.
const TERMINATED: i32 = 15;

/// How a script begins what it has to say to the learner.
const VERDICTS: [&str; 2] = ["not yet: ", "cannot tell: "];

/// The body of a response, in words.
const ANSWER: &str = "the answer";

/// A `command` that ends with this code says that it could not look.
const CANNOT_TELL: i32 = 3;

/// The probe as something to paste.
pub(super) fn words(probe: Probe<'_>, context: &Context) -> String {
    let at = |endpoint: &str, path: &str| {
        format!("{}{path}", context.endpoints.get(endpoint).map_or(endpoint, String::as_str))
    };
    match probe {
        Probe::Http(probe) => {
            let mut words = vec!["curl".to_owned(), "-sS".to_owned()];
            if probe.method != "GET" {
                words.extend(["-X".to_owned(), probe.method.clone()]);
            }
            for (name, value) in &probe.headers {
                words.extend(["-H".to_owned(), format!("{name}: {value}")]);
            }
            if let Some(body) = &probe.body {
                words.extend(["--data-binary".to_owned(), format!("@{body}")]);
            }
            if let Some(json) = &probe.json {
                words.extend(["--json".to_owned(), json.to_string()]);
            }
            words.push(at(&probe.endpoint, &probe.path));
            // The names of the variables, not their values: what is shown is pasted into tickets.
            let login = context.logins.get(&probe.endpoint);
            let login = login.map(|login| format!(" -u \"{}\"", login.shown)).unwrap_or_default();
            format!("{}{login}", shell_words(&words))
        }
        Probe::Command(probe) => shell_words(&probe.argv),
        Probe::File(probe) => format!("cat {}", shell_words(std::slice::from_ref(&probe.path))),
        Probe::Kubernetes(probe) => shell_words(&kubernetes::kubectl(probe, context)),
        Probe::Tcp(probe) => format!("a connection to {}", at(&probe.endpoint, "")),
        Probe::Metric(probe) => {
            let labels: Vec<String> =
                probe.labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
            let series = if labels.is_empty() {
                probe.name.clone()
            } else {
                format!("{}{{{}}}", probe.name, labels.join(","))
            };
            let during = if probe.during.is_empty() {
                String::new()
            } else {
                format!(" during {}", shell_words(&probe.during))
            };
            format!("{series} at {}{during}", at(&probe.endpoint, &probe.path))
        }
    }
}

/// Asks and compares.
pub(super) fn ask(
    probe: Probe<'_>,
    expect: &Expect,
    context: &Context,
    budget: Budget<'_>,
) -> Seen {
    match probe {
        Probe::Http(probe) => http(probe, expect, context, budget),
        Probe::Command(probe) => command(probe, expect, context, budget),
        Probe::File(probe) => file(probe, expect, context, budget),
        Probe::Tcp(probe) => tcp(probe, expect, context, budget),
        Probe::Metric(probe) => metric::ask(probe, expect, context, budget),
        Probe::Kubernetes(probe) => kubernetes::ask(probe, expect, context, budget),
    }
}

/// The endpoint that a probe asks.
pub(super) fn endpoint(probe: Probe<'_>) -> Option<&str> {
    match probe {
        Probe::Http(probe) => Some(&probe.endpoint),
        Probe::Tcp(probe) => Some(&probe.endpoint),
        Probe::Metric(probe) => Some(&probe.endpoint),
        Probe::Command(_) | Probe::File(_) | Probe::Kubernetes(_) => None,
    }
}

pub(super) fn base<'a>(endpoint: &str, context: &'a Context) -> Result<&'a str, Seen> {
    let missing = || {
        Seen::cannot_tell(
            "an endpoint",
            format!("the endpoint `{endpoint}` does not exist in this runtime"),
        )
    };
    context.endpoints.get(endpoint).map(String::as_str).ok_or_else(missing)
}

/// A file of the project by its path in the manifest.
fn read(
    path: &str,
    context: &Context,
    budget: Budget<'_>,
) -> Result<std::io::Result<Vec<u8>>, Seen> {
    match RelPath::new(path) {
        Ok(path) => Ok(budget.world.read(&context.root, path.as_str())),
        Err(why) => Err(Seen::cannot_tell("a file of the project", why)),
    }
}

fn http(probe: &HttpProbe, expect: &Expect, context: &Context, budget: Budget<'_>) -> Seen {
    let request = match request(probe, context, budget) {
        Ok(request) => request,
        Err(seen) => return seen,
    };
    if let Some(seen) = own::withheld(&probe.endpoint, context, budget) {
        return seen;
    }
    let mut seen = Seen::cannot_tell("at least one request", "repeat = 0");
    for round in 1..=probe.repeat {
        let answer = budget.world.http(&Request { within: budget.left(), ..request.clone() });
        seen = match answer {
            Ok(response) => http_answer(&response, expect),
            Err(why) => Seen::cannot_tell(expected_http(expect), why.to_string()),
        };
        if seen.verdict != crate::catalog::manifest::VerdictKind::Pass {
            if probe.repeat > 1 {
                seen.observed = format!("request {round} of {}: {}", probe.repeat, seen.observed);
            }
            break;
        }
    }
    seen
}

fn request(probe: &HttpProbe, context: &Context, budget: Budget<'_>) -> Result<Request, Seen> {
    let base = base(&probe.endpoint, context)?;
    let mut headers: Vec<(String, String)> =
        probe.headers.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    let mut body = Vec::new();
    let mut json = false;
    if let Some(path) = &probe.body {
        json = path.ends_with(".json");
        body = read(path, context, budget)?.map_err(|error| {
            Seen::cannot_tell("the body of the request", format!("cannot read {path}: {error}"))
        })?;
    } else if let Some(value) = &probe.json {
        json = true;
        body = value.to_string().into_bytes();
    }
    if json && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    }
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
        headers.extend(context.logins.get(&probe.endpoint).map(Credentials::header));
    }
    Ok(Request {
        method: probe.method.clone(),
        url: format!("{base}{}", probe.path),
        headers,
        body,
        within: budget.left(),
    })
}

fn expected_http(expect: &Expect) -> String {
    let mut words = Vec::new();
    words.extend(expect.status.map(|status| format!("status {status}")));
    words.extend(expect.headers.iter().map(|(name, rule)| format!("header {name}: {rule}")));
    words.extend(expect.body.as_ref().map(|rule| format!("a body: {rule}")));
    words.extend(expect.json.iter().map(|(pointer, rule)| at(pointer, ANSWER, rule)));
    if words.is_empty() { "an answer".to_owned() } else { words.join(", ") }
}

fn http_answer(response: &Response, expect: &Expect) -> Seen {
    let status = response.status;
    let text = String::from_utf8_lossy(&response.body);
    if let Some(wanted) = expect.status
        && wanted != status
    {
        return Seen::not_yet(format!("status {wanted}"), format!("status {status}: {text}"))
            .status(status);
    }
    for (name, rule) in &expect.headers {
        let value = response
            .headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| Value::from(value.as_str()));
        if !matching::meets(rule, value.as_ref()) {
            let observed = value.map_or("no such header".to_owned(), |value| value.to_string());
            return Seen::not_yet(format!("header {name}: {rule}"), observed).status(status);
        }
    }
    if let Some(rule) = &expect.body
        && !matching::meets(rule, Some(&Value::from(text.as_ref())))
    {
        return Seen::not_yet(format!("a body: {rule}"), text).status(status);
    }
    match pointers(&expect.json, ANSWER, || {
        serde_json::from_slice(&response.body)
            .map_err(|error| format!("not JSON ({error}): {text}"))
    }) {
        Some(seen) => seen.status(status),
        None => Seen::pass(expected_http(expect), format!("status {status}")).status(status),
    }
}

/// What a value by pointer is held to, in words.
pub(super) fn at(pointer: &str, place: &str, rule: &Match) -> String {
    format!("`{pointer}` in {place}: {rule}")
}

/// The first value that is not as expected, with the document's name in words; none when all are.
pub(super) fn pointers(
    rules: &BTreeMap<String, Match>,
    place: &str,
    document: impl FnOnce() -> Result<Value, String>,
) -> Option<Seen> {
    if rules.is_empty() {
        return None;
    }
    let document = match document() {
        Ok(document) => document,
        Err(why) => return Some(Seen::not_yet(format!("JSON in {place}"), why)),
    };
    for (pointer, rule) in rules {
        let value = document.pointer(pointer);
        if !matching::meets(rule, value) {
            let observed = match value {
                Some(value) => format!("`{pointer}` is {value}"),
                None => format!("there is no `{pointer}` in {document}"),
            };
            return Some(Seen::not_yet(at(pointer, place, rule), observed));
        }
    }
    None
}

pub(super) fn build(argv: &[String], context: &Context, budget: Budget<'_>) -> Command {
    let mut command = Command::new(argv.first().cloned().unwrap_or_default(), budget.left())
        .args(argv.iter().skip(1))
        .cwd(&context.root);
    command.env = context.env.clone();
    command.role = Role::Command;
    command
}

/// What a command ended with: from its verdict on, where it prints one, else its last line.
pub(super) fn last_words(captured: &Captured) -> String {
    let (err, out) =
        (String::from_utf8_lossy(&captured.stderr), String::from_utf8_lossy(&captured.stdout));
    for text in [&err, &out] {
        for head in VERDICTS {
            let found =
                text.match_indices(head).find(|(at, _)| *at == 0 || text[..*at].ends_with('\n'));
            if let Some((at, _)) = found {
                return text[at + head.len()..].trim().to_owned();
            }
        }
    }
    let last =
        |text: &str| text.lines().rev().find(|line| !line.trim().is_empty()).map(str::to_owned);
    last(&err).or_else(|| last(&out)).unwrap_or_default()
}

/// Whether a command is a script of the lab's own, which the learner did not write and need not
/// read.
pub(super) fn ours(argv: &[String]) -> bool {
    argv.iter().any(|word| layout::in_knowledge(word).is_some())
}

fn command(probe: &CommandProbe, expect: &Expect, context: &Context, budget: Budget<'_>) -> Seen {
    let wanted = expect.exit.unwrap_or(0);
    let expected = format!("exit code {wanted}");
    let mut command = build(&probe.argv, context, budget);
    if let Some(cwd) = &probe.cwd {
        match RelPath::new(cwd.as_str()) {
            Ok(path) => command.cwd = Some(path.under(&context.root)),
            Err(why) => return Seen::cannot_tell("a folder of the project", why),
        }
    }
    if let Some(path) = &probe.stdin {
        match read(path, context, budget) {
            Ok(Ok(bytes)) => command.stdin = bytes,
            Ok(Err(error)) => {
                return Seen::cannot_tell(
                    "the standard input",
                    format!("cannot read {path}: {error}"),
                );
            }
            Err(seen) => return seen,
        }
    }
    if let Some(seen) = own::withheld_from_commands(context, budget) {
        return seen;
    }
    let captured = match budget.world.run(&command) {
        Ok(captured) => captured,
        Err(why) => return Seen::cannot_tell(expected, why.to_string()),
    };
    match captured.ended {
        Ended::TimedOut => {
            return Seen::cannot_tell(
                expected,
                format!("no end within {:.0} s", captured.took.as_secs_f64()),
            );
        }
        // Somebody ended it, a `down` say: that is no answer of the system.
        Ended::Signal(TERMINATED) => {
            return Seen::cannot_tell(expected, "the check was ended before it had an answer");
        }
        Ended::Code(CANNOT_TELL) if wanted != CANNOT_TELL => {
            return Seen::cannot_tell(expected, last_words(&captured));
        }
        Ended::Code(code) if code == wanted => {}
        ended if ours(&probe.argv) => {
            let words = last_words(&captured);
            // Its words stand alone; a script that crashed has none for the learner.
            return Seen::not_yet(
                expected,
                if words.is_empty() { ended.to_string() } else { words },
            );
        }
        ended => return Seen::not_yet(expected, format!("{ended}: {}", last_words(&captured))),
    }
    let text = String::from_utf8_lossy(&captured.stdout).trim().to_owned();
    if captured.truncated && (expect.stdout.is_some() || !expect.json.is_empty()) {
        return Seen::not_yet("output that can be judged", "more output than is kept (256 KiB)");
    }
    if let Some(rule) = &expect.stdout
        && !matching::meets(rule, Some(&Value::from(text.as_str())))
    {
        return Seen::not_yet(format!("output: {rule}"), text);
    }
    pointers(&expect.json, "the output", || {
        serde_json::from_str(&text).map_err(|error| format!("not JSON ({error}): {text}"))
    })
    .unwrap_or_else(|| Seen::pass(expected, text))
}

fn file(probe: &FileProbe, expect: &Expect, context: &Context, budget: Budget<'_>) -> Seen {
    let path = &probe.path;
    let exists = expect.exists.unwrap_or(true);
    let bytes = match read(path, context, budget) {
        Err(seen) => return seen,
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            let observed = format!("{path} does not exist");
            return if exists {
                Seen::not_yet(format!("the file {path}"), observed)
            } else {
                Seen::pass(format!("no file {path}"), observed)
            };
        }
        Ok(Err(error)) => {
            return Seen::cannot_tell(
                format!("the file {path}"),
                format!("cannot read {path}: {error}"),
            );
        }
    };
    if !exists {
        return Seen::not_yet(format!("no file {path}"), format!("{path} exists"));
    }
    if let Some(wanted) = &expect.sha256 {
        let hash: String =
            Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        if !hash.eq_ignore_ascii_case(wanted) {
            return Seen::not_yet(format!("SHA-256 {wanted}"), hash);
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    if let Some(rule) = &expect.text
        && !matching::meets(rule, Some(&Value::from(text.as_ref())))
    {
        return Seen::not_yet(format!("{path}: {rule}"), text);
    }
    let json =
        || serde_json::from_slice(&bytes).map_err(|error| format!("{path} is not JSON: {error}"));
    let toml = || {
        let value: toml::Value = toml::from_str(&text)
            .map_err(|error| format!("{path} is not TOML: {}", error.message()))?;
        serde_json::to_value(value).map_err(|error| error.to_string())
    };
    pointers(&expect.json, path, json)
        .or_else(|| pointers(&expect.toml, path, toml))
        .unwrap_or_else(|| Seen::pass(format!("the file {path}"), "as expected"))
}

fn tcp(probe: &TcpProbe, expect: &Expect, context: &Context, budget: Budget<'_>) -> Seen {
    let base = match base(&probe.endpoint, context) {
        Ok(base) => base,
        Err(seen) => return seen,
    };
    let address = base.split_once("://").map_or(base, |(_, rest)| rest);
    let open = expect.open.unwrap_or(true);
    let expected = if open {
        format!("{address} accepts connections")
    } else {
        format!("nothing listens at {address}")
    };
    match (budget.world.connect(address, budget.left()), open) {
        (Ok(()), true) => Seen::pass(expected, "it does"),
        (Ok(()), false) => Seen::not_yet(expected, "something listens there"),
        // Refused is an answer: the machine was seen, and the port is closed.
        (Err(Unreachable::Refused), true) => {
            Seen::not_yet(expected, Unreachable::Refused.to_string())
        }
        (Err(Unreachable::Refused), false) => Seen::pass(expected, "nothing listens there"),
        (Err(why), _) => Seen::cannot_tell(expected, why.to_string()),
    }
}
