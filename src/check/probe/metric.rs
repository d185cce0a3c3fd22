//! The probe that reads a metric, or how much it grows while something is done.

use serde_json::Value;

use super::{base, build, last_words};
use crate::catalog::expect::{Expect, Match, MetricProbe};
use crate::check::{Budget, Context, Credentials, Seen, matching, own, prometheus};
use crate::platform::net::Request;
use crate::platform::process::{Ended, shell_words};

/// Asks and compares.
pub(super) fn ask(
    probe: &MetricProbe,
    expect: &Expect,
    context: &Context,
    budget: Budget<'_>,
) -> Seen {
    let growth = !probe.during.is_empty();
    let rule = expect.value.clone().unwrap_or_else(|| Match { ge: Some(1.0), ..Match::default() });
    let expected = if growth { format!("an increase: {rule}") } else { rule.to_string() };
    let before = match scrape(probe, context, budget) {
        Ok(value) => value,
        Err(seen) => return Seen { expected, ..seen },
    };
    let mut value = before;
    if growth {
        if let Some(seen) = own::withheld_from_commands(context, budget) {
            return seen;
        }
        match budget.world.run(&build(&probe.during, context, budget)) {
            Ok(captured) if captured.ended == Ended::Code(0) => {}
            Ok(captured) => {
                let observed = format!(
                    "`{}` ended with {}: {}",
                    shell_words(&probe.during),
                    captured.ended,
                    last_words(&captured)
                );
                return Seen::cannot_tell(expected, observed);
            }
            Err(why) => return Seen::cannot_tell(expected, why.to_string()),
        }
        let after = match scrape(probe, context, budget) {
            Ok(value) => value,
            Err(seen) => return Seen { expected, ..seen },
        };
        if after < before {
            return Seen::cannot_tell(
                expected,
                format!(
                    "the counter fell from {before} to {after}: the server restarted meanwhile"
                ),
            );
        }
        value = after - before;
    }
    let number = serde_json::Number::from_f64(value).map(Value::Number);
    if matching::meets(&rule, number.as_ref()) {
        Seen::pass(expected, value.to_string())
    } else {
        Seen::not_yet(expected, value.to_string())
    }
}

fn scrape(probe: &MetricProbe, context: &Context, budget: Budget<'_>) -> Result<f64, Seen> {
    if let Some(seen) = own::withheld(&probe.endpoint, context, budget) {
        return Err(seen);
    }
    let url = format!("{}{}", base(&probe.endpoint, context)?, probe.path);
    let request = Request {
        method: "GET".to_owned(),
        url,
        headers: context.logins.get(&probe.endpoint).map(Credentials::header).into_iter().collect(),
        body: Vec::new(),
        within: budget.left(),
    };
    let response =
        budget.world.http(&request).map_err(|why| Seen::cannot_tell("", why.to_string()))?;
    let text = String::from_utf8_lossy(&response.body);
    if response.status != 200 {
        return Err(Seen::not_yet("", format!("status {}: {text}", response.status))
            .status(response.status));
    }
    let samples = prometheus::parse(&text)
        .map_err(|(line, text)| Seen::not_yet("", format!("no metrics: line {line} is {text}")))?;
    Ok(prometheus::sum(&samples, &probe.name, probe.labels.iter()))
}
