//! The probe that sends a request over HTTP.

use serde_json::Value;

use crate::catalog::check::{Body, HttpExpect, HttpProbe};
use crate::check::context::{Context, Credentials, Scope};
use crate::check::outcome::ProbeOutcome;
use crate::check::{listener, matching};
use crate::platform::net::{Request, Response};
use crate::platform::process::shell_words;

/// The body of a response, in words.
const RESPONSE: &str = "the response";

pub(super) fn describe(probe: &HttpProbe, context: &Context) -> String {
    let mut words = vec!["curl".to_owned(), "-sS".to_owned()];
    if probe.method != "GET" {
        words.extend(["-X".to_owned(), probe.method.clone()]);
    }
    for (name, value) in &probe.headers {
        words.extend(["-H".to_owned(), format!("{name}: {value}")]);
    }
    match &probe.body {
        Some(Body::File(path)) => words.extend(["--data-binary".to_owned(), format!("@{path}")]),
        Some(Body::Json(value)) => words.extend(["--json".to_owned(), value.to_string()]),
        None => {}
    }
    words.push(context.shown(&probe.endpoint, &probe.path));
    // The names of the variables, not their values: what is shown is pasted into tickets.
    let login = context.logins.get(&probe.endpoint);
    let login = login.map(|login| format!(" -u \"{}\"", login.shown)).unwrap_or_default();
    format!("{}{login}", shell_words(&words))
}

/// Sends and compares.
pub(super) fn run(
    probe: &HttpProbe,
    expect: &HttpExpect,
    scope: Scope<'_>,
) -> Result<ProbeOutcome, ProbeOutcome> {
    let request = request(probe, scope)?;
    listener::may_log_in(&probe.endpoint, scope)?;
    let mut outcome = ProbeOutcome::cannot_tell("at least one request", "repeat = 0");
    for round in 1..=probe.repeat {
        let sent = scope.world.http(&Request { within: scope.left(), ..request.clone() });
        outcome = match sent {
            Ok(response) => judge(&response, expect),
            Err(why) => ProbeOutcome::cannot_tell(expected(expect), why.to_string()),
        };
        if !outcome.passed() {
            if probe.repeat > 1 {
                let observed = &outcome.observed;
                outcome.observed = format!("request {round} of {}: {observed}", probe.repeat);
            }
            break;
        }
    }
    Ok(outcome)
}

fn request(probe: &HttpProbe, scope: Scope<'_>) -> Result<Request, ProbeOutcome> {
    let base = scope.base(&probe.endpoint)?;
    let mut headers: Vec<(String, String)> =
        probe.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let (body, json) = match &probe.body {
        Some(Body::File(path)) => {
            (scope.read_to_send(path, "the body of the request")?, path.ends_with(".json"))
        }
        Some(Body::Json(value)) => (value.to_string().into_bytes(), true),
        None => (Vec::new(), false),
    };
    let has = |headers: &[(String, String)], wanted: &str| {
        headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted))
    };
    if json && !has(&headers, "content-type") {
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    }
    if !has(&headers, "authorization") {
        headers.extend(scope.context.logins.get(&probe.endpoint).map(Credentials::header));
    }
    let url = format!("{base}{}", probe.path);
    Ok(Request { method: probe.method.clone(), url, headers, body, within: scope.left() })
}

fn expected(expect: &HttpExpect) -> String {
    let mut words = Vec::new();
    words.extend(expect.status.map(|status| format!("status {status}")));
    words.extend(expect.headers.iter().map(|(name, rule)| format!("header {name}: {rule}")));
    words.extend(expect.body.as_ref().map(|rule| format!("a body: {rule}")));
    let values = expect.json.iter();
    words.extend(values.map(|(pointer, rule)| matching::describe(pointer, RESPONSE, rule)));
    if words.is_empty() { "a response".to_owned() } else { words.join(", ") }
}

fn judge(response: &Response, expect: &HttpExpect) -> ProbeOutcome {
    let status = response.status;
    match differs(response, expect) {
        None => ProbeOutcome::pass(expected(expect), format!("status {status}")),
        Some((expected, observed)) => ProbeOutcome::not_yet(expected, observed),
    }
    .with_status(status)
}

/// The first property that is not as expected, and what it is instead.
fn differs(response: &Response, expect: &HttpExpect) -> Option<(String, String)> {
    let status = response.status;
    let text = String::from_utf8_lossy(&response.body);
    if let Some(wanted) = expect.status.filter(|wanted| *wanted != status) {
        return Some((format!("status {wanted}"), format!("status {status}: {text}")));
    }
    for (name, rule) in &expect.headers {
        let header = response.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        let value = header.map(|(_, value)| Value::from(value.as_str()));
        if !matching::meets(rule, value.as_ref()) {
            let observed = value.map_or("no such header".to_owned(), |value| value.to_string());
            return Some((format!("header {name}: {rule}"), observed));
        }
    }
    if let Some(rule) = &expect.body
        && !matching::meets(rule, Some(&Value::from(text.as_ref())))
    {
        return Some((format!("a body: {rule}"), text.into_owned()));
    }
    let json = || {
        serde_json::from_slice(&response.body)
            .map_err(|error| format!("not JSON ({error}): {text}"))
    };
    matching::values(&expect.json, RESPONSE, json).err()
}
