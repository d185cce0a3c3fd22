//! The probe that reads a metric, or how much it grows while something is done.

use serde_json::Value;

use super::command;
use crate::catalog::check::{MetricExpect, MetricProbe};
use crate::check::context::{Context, Credentials, Scope};
use crate::check::outcome::ProbeOutcome;
use crate::check::{listener, matching, prometheus};
use crate::platform::net::Request;
use crate::platform::process::{Ended, shell_words};

pub(super) fn describe(probe: &MetricProbe, context: &Context) -> String {
    let labels: Vec<String> =
        probe.labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    let series = match labels.is_empty() {
        true => probe.name.clone(),
        false => format!("{}{{{}}}", probe.name, labels.join(",")),
    };
    let during = probe.during.as_ref().map(|argv| format!(" during {}", shell_words(argv)));
    let place = context.shown(&probe.endpoint, &probe.path);
    format!("{series} at {place}{}", during.unwrap_or_default())
}

/// Reads and compares.
pub(super) fn run(
    probe: &MetricProbe,
    expect: &MetricExpect,
    scope: Scope<'_>,
) -> Result<ProbeOutcome, ProbeOutcome> {
    let rule = &expect.value;
    let expected = match &probe.during {
        None => rule.to_string(),
        Some(_) => format!("an increase: {rule}"),
    };
    let read = || {
        scrape(probe, scope).map_err(|early| ProbeOutcome { expected: expected.clone(), ..early })
    };
    let value = match &probe.during {
        None => read()?,
        Some(argv) => {
            let before = read()?;
            work(argv, &expected, scope)?;
            increase(before, read()?)
                .map_err(|observed| ProbeOutcome::cannot_tell(&expected, observed))?
        }
    };
    let number = serde_json::Number::from_f64(value).map(Value::Number);
    Ok(match matching::meets(rule, number.as_ref()) {
        true => ProbeOutcome::pass(expected, value.to_string()),
        false => ProbeOutcome::not_yet(expected, value.to_string()),
    })
}

/// What happens between two readings. Where it fails, the metric shows nothing.
fn work(argv: &[String], expected: &str, scope: Scope<'_>) -> Result<(), ProbeOutcome> {
    listener::may_run(scope)?;
    let captured = scope
        .world
        .run(&command::build(argv, scope))
        .map_err(|why| ProbeOutcome::cannot_tell(expected, why.to_string()))?;
    if captured.ended == Ended::Code(0) {
        return Ok(());
    }
    let words = command::last_words(&captured);
    let observed = format!("`{}` ended with {}: {words}", shell_words(argv), captured.ended);
    Err(ProbeOutcome::cannot_tell(expected, observed))
}

fn increase(before: f64, after: f64) -> Result<f64, String> {
    if after < before {
        return Err(format!("the counter fell from {before} to {after}: the server restarted"));
    }
    Ok(after - before)
}

fn scrape(probe: &MetricProbe, scope: Scope<'_>) -> Result<f64, ProbeOutcome> {
    listener::may_log_in(&probe.endpoint, scope)?;
    let login = scope.context.logins.get(&probe.endpoint);
    let request = Request {
        method: "GET".to_owned(),
        url: format!("{}{}", scope.base(&probe.endpoint)?, probe.path),
        headers: login.map(Credentials::header).into_iter().collect(),
        body: Vec::new(),
        within: scope.left(),
    };
    let sent = scope.world.http(&request);
    let response = sent.map_err(|why| ProbeOutcome::cannot_tell("", why.to_string()))?;
    let (status, text) = (response.status, String::from_utf8_lossy(&response.body));
    if status != 200 {
        let observed = format!("status {status}: {text}");
        return Err(ProbeOutcome::not_yet("", observed).with_status(status));
    }
    let samples = prometheus::parse(&text).map_err(|(line, text)| {
        ProbeOutcome::not_yet("", format!("not Prometheus metrics: line {line} is {text}"))
    })?;
    Ok(prometheus::sum(&samples, &probe.name, probe.labels.iter()))
}
