//! The probe that runs a command, and what others need to run one.

use serde_json::Value;

use crate::catalog::check::{CommandExpect, CommandProbe};
use crate::catalog::tree::RelPath;
use crate::check::context::Scope;
use crate::check::outcome::ProbeOutcome;
use crate::check::{listener, matching};
use crate::layout;
use crate::platform::process::{Captured, Command, Ended, Role, shell_words};

/// SIGTERM.
const TERMINATED: i32 = 15;

/// How a script begins what it reports to the learner.
const VERDICTS: [&str; 2] = ["not yet: ", "cannot tell: "];

/// A command that ends with this code reports that it could not check.
const CANNOT_TELL: i32 = 3;

pub(super) fn describe(probe: &CommandProbe) -> String {
    shell_words(&probe.argv)
}

/// Whether a command is a script of the lab's own.
pub(super) fn is_script(argv: &[String]) -> bool {
    argv.iter().any(|word| layout::in_knowledge(word).is_some())
}

/// A command in the project's folder with the lab's variables.
pub(super) fn build(argv: &[String], scope: Scope<'_>) -> Command {
    let mut command = Command::new(argv.first().cloned().unwrap_or_default(), scope.left())
        .args(argv.iter().skip(1))
        .cwd(&scope.context.root);
    command.env = scope.context.env.clone();
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

/// Runs and compares.
pub(super) fn run(
    probe: &CommandProbe,
    expect: &CommandExpect,
    scope: Scope<'_>,
) -> Result<ProbeOutcome, ProbeOutcome> {
    let command = prepare(probe, scope)?;
    listener::may_run(scope)?;
    let expected = format!("exit code {}", expect.exit);
    let captured = scope
        .world
        .run(&command)
        .map_err(|why| ProbeOutcome::cannot_tell(&expected, why.to_string()))?;
    ended(&captured, expect.exit, is_script(&probe.argv))
        .map_err(|(differs, observed)| differs(expected.clone(), observed))?;
    Ok(printed(&captured, expect).unwrap_or_else(|text| ProbeOutcome::pass(expected, text)))
}

fn prepare(probe: &CommandProbe, scope: Scope<'_>) -> Result<Command, ProbeOutcome> {
    let mut command = build(&probe.argv, scope);
    if let Some(cwd) = &probe.cwd {
        let folder = RelPath::new(cwd.as_str())
            .map_err(|why| ProbeOutcome::cannot_tell("a folder of the project", why))?;
        command.cwd = Some(folder.under(&scope.context.root));
    }
    if let Some(path) = &probe.stdin {
        command.stdin = scope.read_to_send(path, "the standard input")?;
    }
    Ok(command)
}

/// A verdict that only misses what was expected and what was observed.
type Differs = fn(String, String) -> ProbeOutcome;

/// Whether it ended as expected; else how that is judged, and what was observed.
fn ended(captured: &Captured, wanted: i32, script: bool) -> Result<(), (Differs, String)> {
    let (not_yet, cannot_tell): (Differs, Differs) =
        (ProbeOutcome::not_yet, ProbeOutcome::cannot_tell);
    let words = || last_words(captured);
    match captured.ended {
        Ended::Code(code) if code == wanted => Ok(()),
        Ended::TimedOut => {
            let took = captured.took.as_secs_f64();
            Err((cannot_tell, format!("still running after {took:.0} s")))
        }
        // Somebody ended it, a `down` perhaps: that is no answer of the system.
        Ended::Signal(TERMINATED) => {
            Err((cannot_tell, "the check was terminated before it finished".to_owned()))
        }
        Ended::Code(CANNOT_TELL) => Err((cannot_tell, words())),
        // A script's words stand alone; one that crashed has none for the learner.
        ended if script => Err((
            not_yet,
            Some(words()).filter(|words| !words.is_empty()).unwrap_or_else(|| ended.to_string()),
        )),
        ended => Err((not_yet, format!("{ended}: {}", words()))),
    }
}

/// What of the output is not as expected; the output itself when all is.
fn printed(captured: &Captured, expect: &CommandExpect) -> Result<ProbeOutcome, String> {
    let text = String::from_utf8_lossy(&captured.stdout).trim().to_owned();
    if captured.truncated && (expect.stdout.is_some() || !expect.json.is_empty()) {
        return Ok(ProbeOutcome::not_yet("output of at most 256 KiB", "more than 256 KiB"));
    }
    if let Some(rule) = &expect.stdout
        && !matching::meets(rule, Some(&Value::from(text.as_str())))
    {
        return Ok(ProbeOutcome::not_yet(format!("output: {rule}"), text));
    }
    let json =
        || serde_json::from_str(&text).map_err(|error| format!("not JSON ({error}): {text}"));
    match matching::values(&expect.json, "the output", json) {
        Ok(()) => Err(text),
        Err((expected, observed)) => Ok(ProbeOutcome::not_yet(expected, observed)),
    }
}
