//! The probe that gets objects of the lab's cluster, with kubectl.

use super::command::{build, last_words};
use crate::catalog::check::{KubernetesExpect, KubernetesProbe, Objects};
use crate::check::context::{Context, Scope};
use crate::check::matching;
use crate::check::outcome::ProbeOutcome;
use crate::layout;
use crate::platform::process::{Captured, Command, Ended, shell_words};

/// What is kept of a list of objects, in bytes.
const LISTS: usize = 8 << 20;

/// The object in words.
const OBJECT: &str = "the object";

/// The variables that name the cluster the lab runs in (workspace/env.rs sets them).
const CONTEXT: &str = layout::KUBECONTEXT;
const NAMESPACE: &str = layout::NAMESPACE;

pub(super) fn describe(probe: &KubernetesProbe, context: &Context) -> String {
    shell_words(&kubectl(probe, context))
}

/// The probe as a command. Context and namespace are always named: what the user's kubeconfig
/// points to meanwhile is another matter.
fn kubectl(probe: &KubernetesProbe, context: &Context) -> Vec<String> {
    let mut argv = vec!["kubectl".to_owned()];
    argv.extend(context.variable(CONTEXT).map(|name| format!("--context={name}")));
    let namespace = probe.namespace.clone().or_else(|| context.variable(NAMESPACE));
    argv.extend(namespace.map(|name| format!("--namespace={name}")));
    argv.extend(["get".to_owned(), probe.kind.clone()]);
    match &probe.objects {
        Objects::Named(name) => argv.push(name.clone()),
        Objects::Selected(selector) => argv.push(format!("--selector={selector}")),
        Objects::All => {}
    }
    argv.push("--output=json".to_owned());
    argv
}

/// Gets and compares.
pub(super) fn run(
    probe: &KubernetesProbe,
    expect: &KubernetesExpect,
    scope: Scope<'_>,
) -> Result<ProbeOutcome, ProbeOutcome> {
    let expected = expected(probe, expect);
    if scope.context.variable(CONTEXT).is_none() {
        // Without it kubectl would use whatever cluster the user works with.
        let observed = "the lab has not been started on a cluster";
        return Err(ProbeOutcome::cannot_tell(expected, observed));
    }
    let command = Command { keep: LISTS, ..build(&kubectl(probe, scope.context), scope) };
    let captured = scope
        .world
        .run(&command)
        .map_err(|why| ProbeOutcome::cannot_tell(&expected, why.to_string()))?;
    Ok(judge(&captured, expect, expected))
}

fn expected(probe: &KubernetesProbe, expect: &KubernetesExpect) -> String {
    let object = match &probe.objects {
        Objects::Named(name) => format!("{} {name}", probe.kind),
        Objects::Selected(_) | Objects::All => probe.kind.clone(),
    };
    match expect {
        KubernetesExpect::Absent => format!("no {object}"),
        KubernetesExpect::Present(json) => json
            .first_key_value()
            .map_or(object, |(pointer, rule)| matching::describe(pointer, OBJECT, rule)),
    }
}

fn judge(captured: &Captured, expect: &KubernetesExpect, expected: String) -> ProbeOutcome {
    let missing = String::from_utf8_lossy(&captured.stderr).contains("(NotFound)");
    match (captured.ended, expect) {
        // A part of a list would be judged as if it were all.
        (Ended::Code(0), _) if captured.truncated => {
            let observed = format!("the output is longer than {} MiB", LISTS >> 20);
            ProbeOutcome::cannot_tell(expected, observed)
        }
        (Ended::Code(0), KubernetesExpect::Absent) => ProbeOutcome::not_yet(expected, "it exists"),
        (Ended::Code(0), KubernetesExpect::Present(json)) => {
            let object = || {
                serde_json::from_slice(&captured.stdout)
                    .map_err(|error| format!("not JSON ({error})"))
            };
            match matching::values(json, OBJECT, object) {
                Ok(()) => ProbeOutcome::pass(expected, "it exists, and is as expected"),
                Err((expected, observed)) => ProbeOutcome::not_yet(expected, observed),
            }
        }
        (Ended::Code(_), KubernetesExpect::Absent) if missing => {
            ProbeOutcome::pass(expected, "it does not exist")
        }
        (Ended::Code(_), KubernetesExpect::Present(_)) if missing => {
            ProbeOutcome::not_yet(expected, last_words(captured))
        }
        (Ended::TimedOut, _) => {
            let took = captured.took.as_secs_f64();
            ProbeOutcome::cannot_tell(
                expected,
                format!("the cluster did not answer within {took:.0} s"),
            )
        }
        _ => ProbeOutcome::cannot_tell(expected, last_words(captured)),
    }
}
