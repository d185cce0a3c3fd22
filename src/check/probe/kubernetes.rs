//! The probe that looks at objects of the lab's cluster, over kubectl.

use super::{at, build, last_words, pointers};
use crate::catalog::expect::{Expect, KubernetesProbe};
use crate::check::{Budget, Context, Seen};
use crate::layout;
use crate::platform::process::{Command, Ended};

/// What is kept of a list of objects, in bytes.
const LISTS: usize = 8 << 20;

/// The variables that say which cluster the lab runs in (workspace/env.rs sets them).
const CONTEXT: &str = layout::KUBECONTEXT;
const NAMESPACE: &str = layout::NAMESPACE;

/// A variable of the lab's environment.
fn variable(context: &Context, name: &str) -> Option<String> {
    let found = context.env.iter().rev().find(|(known, _)| known == name)?;
    found.1.to_str().map(str::to_owned)
}

/// The probe as a command. Context and namespace are always named: what the user's kubeconfig
/// points to meanwhile is another matter.
pub(super) fn kubectl(probe: &KubernetesProbe, context: &Context) -> Vec<String> {
    let mut argv = vec!["kubectl".to_owned()];
    argv.extend(variable(context, CONTEXT).map(|name| format!("--context={name}")));
    let namespace = probe.namespace.clone().or_else(|| variable(context, NAMESPACE));
    argv.extend(namespace.map(|name| format!("--namespace={name}")));
    argv.extend(["get".to_owned(), probe.kind.clone()]);
    argv.extend(probe.name.clone());
    argv.extend(probe.selector.iter().map(|selector| format!("--selector={selector}")));
    argv.extend(["--output=json".to_owned()]);
    argv
}

/// Asks and compares.
pub(super) fn ask(
    probe: &KubernetesProbe,
    expect: &Expect,
    context: &Context,
    budget: Budget<'_>,
) -> Seen {
    let wanted = expect.exists.unwrap_or(true);
    let expected = match (wanted, expect.json.iter().next()) {
        (false, _) => format!("no {} {}", probe.kind, probe.name.as_deref().unwrap_or_default()),
        (true, Some((pointer, rule))) => at(pointer, "the object", rule),
        (true, None) => format!("{} {}", probe.kind, probe.name.as_deref().unwrap_or_default()),
    };
    if variable(context, CONTEXT).is_none() {
        // Without it kubectl would ask whatever cluster the user works with.
        return Seen::cannot_tell(expected, "the lab has not been started on a cluster");
    }
    let command = Command { keep: LISTS, ..build(&kubectl(probe, context), context, budget) };
    let captured = match budget.world.run(&command) {
        Ok(captured) => captured,
        Err(why) => return Seen::cannot_tell(expected, why.to_string()),
    };
    let said = String::from_utf8_lossy(&captured.stderr).into_owned();
    match captured.ended {
        // A part of a list would be judged as if it were all.
        Ended::Code(0) if captured.truncated => {
            Seen::cannot_tell(expected, format!("the answer is longer than {} MiB", LISTS >> 20))
        }
        Ended::Code(0) if !wanted => Seen::not_yet(expected, "it is there"),
        Ended::Code(0) => {
            let seen = pointers(&expect.json, "the object", || {
                serde_json::from_slice(&captured.stdout)
                    .map_err(|error| format!("not JSON ({error})"))
            });
            seen.unwrap_or_else(|| Seen::pass(expected, "it is there, and as expected"))
        }
        Ended::Code(_) if said.contains("(NotFound)") && !wanted => {
            Seen::pass(expected, "it is not there")
        }
        Ended::Code(_) if said.contains("(NotFound)") => {
            Seen::not_yet(expected, last_words(&captured))
        }
        Ended::TimedOut => Seen::cannot_tell(
            expected,
            format!("the cluster gave no answer within {:.0} s", captured.took.as_secs_f64()),
        ),
        _ => Seen::cannot_tell(expected, last_words(&captured)),
    }
}
