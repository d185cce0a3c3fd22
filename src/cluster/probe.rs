//! Runs the tools and kubectl: which clusters there are, whose containers, what the API answers.

use std::time::Duration;

use serde_json::Value;

use super::PROJECT;
use super::record::Container;
use super::sizes::Limits;
use super::tool::Tool;
use crate::error::{Error, Result};
use crate::platform::clock;
use crate::platform::kubeconfig;
use crate::platform::process::{self, Captured, Command, Ended};

/// A query of a tool: minikube takes seconds.
const QUERY: Duration = Duration::from_secs(30);

/// A request to the API server. kubectl's own time-outs take several times as long as they claim.
const API: Duration = Duration::from_secs(10);

/// Whether a program is on PATH and can be run.
pub fn is_on_path(program: &str) -> bool {
    process::locate(&Command::new(program, QUERY)).is_ok()
}

/// A command with the user's kubeconfig, also where we were started by a lab's command.
pub(super) fn command(words: &[String], within: Duration) -> Command {
    let (program, args) = words.split_first().map_or(("", words), |(first, rest)| (first, rest));
    let command = Command::new(program, within).args(args);
    match std::env::join_paths(kubeconfig::files()) {
        Ok(files) if !files.is_empty() => command.env("KUBECONFIG", files),
        _ => command,
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

/// What a command answered; none when it could not be run.
pub(super) fn capture(words: &[String], within: Duration) -> Result<Captured> {
    let captured = process::capture(&command(words, within))
        .map_err(|why| Error::environment(why.to_string()))?;
    clock::interrupted()?;
    Ok(captured)
}

/// Whether a tool has a cluster of our name.
///
/// # Errors
/// Exit 3 when it does not answer.
pub(super) fn has_cluster(tool: Tool) -> Result<bool> {
    let words = tool.list();
    let captured = capture(&words, QUERY).map_err(|error| {
        error.hint(format!("install it again, or add its folder to PATH: {}", tool.page()))
    })?;
    if captured.ended == Ended::Code(0) {
        return Ok(tool.lists_cluster(&text(&captured.stdout)));
    }
    let shown = process::shell_words(&words);
    Err(Error::environment(format!("`{shown}` ended with {}", captured.ended))
        .detail(text(&captured.stderr))
        .hint("most often Docker does not run: mlops-lab doctor --only docker"))
}

/// The tools on PATH that have a cluster of our name. One that does not answer has none that could
/// be in the way.
pub(super) fn others() -> Result<Vec<Tool>> {
    let on_path = Tool::ALL.into_iter().filter(|tool| is_on_path(tool.name()));
    let found = on_path.filter(|tool| has_cluster(*tool).unwrap_or(false)).collect();
    clock::interrupted()?;
    Ok(found)
}

/// The containers of the control plane; none where the engine has none, or is another one than
/// Docker.
///
/// # Errors
/// Exit 3 when Docker does not answer for a tool whose nodes it holds: whose cluster it is cannot
/// be told then.
pub(super) fn containers(tool: Tool) -> Result<Vec<Container>> {
    let mut words = ["docker", "ps", "--all", "--no-trunc", "--quiet"].map(str::to_owned).to_vec();
    words.extend(tool.labels().iter().map(|label| format!("--filter=label={label}")));
    if !is_on_path("docker") {
        return Ok(Vec::new());
    }
    let captured = capture(&words, QUERY)?;
    if captured.ended != Ended::Code(0) {
        if !tool.shares_engine() {
            return Ok(Vec::new());
        }
        let error =
            format!("`docker ps` ended with {}: whose cluster it is shows there", captured.ended);
        return Err(Error::environment(error)
            .detail(text(&captured.stderr))
            .hint("see what is wrong: mlops-lab doctor --only docker"));
    }
    text(&captured.stdout).split_whitespace().map(container).collect()
}

/// A container, with the time of its creation.
fn container(id: &str) -> Result<Container> {
    let words = ["docker", "inspect", "--type=container", "--format={{.Created}}", id];
    let captured = capture(&words.map(str::to_owned), QUERY)?;
    let created = clock::unix_of_utc(&text(&captured.stdout));
    let created = created.and_then(|seconds| u64::try_from(seconds).ok());
    Ok(Container { id: id.to_owned(), created })
}

/// What the engine may give to containers; none where it does not report it.
pub(super) fn engine() -> Result<Option<Limits>> {
    if !is_on_path("docker") {
        return Ok(None);
    }
    let words = ["docker", "info", "--format", "{{.MemTotal}} {{.NCPU}}"].map(str::to_owned);
    let captured = capture(&words, QUERY)?;
    let printed = text(&captured.stdout);
    Ok(printed.split_once(' ').map(|(memory, cpus)| Limits {
        memory: memory.parse::<u64>().ok().filter(|bytes| *bytes > 0).map(|bytes| bytes >> 20),
        cpus: cpus.parse().ok().filter(|count| *count > 0),
    }))
}

/// The current context of the kubeconfig.
///
/// # Errors
/// Exit 3 when it cannot be read.
pub(super) fn current_context() -> Result<Option<String>> {
    kubeconfig::current(&kubeconfig::files()).map_err(|problem| {
        Error::environment(problem.to_string()).hint("fix the named file, or move it away")
    })
}

/// The address of the API server in the kubeconfig.
pub(super) fn server(tool: Tool) -> Option<String> {
    let context = kubeconfig::context(&kubeconfig::files(), Some(tool.context()));
    context.ok().map(|context| context.server)
}

/// What kubectl gets as JSON, or why not.
fn kubectl(tool: Tool, args: &[&str]) -> Result<Result<Value, String>> {
    let context = format!("--context={}", tool.context());
    let mut words = vec!["kubectl".to_owned(), context, "--request-timeout=5s".to_owned()];
    words.extend(args.iter().map(|arg| (*arg).to_owned()));
    let captured = capture(&words, API)?;
    if captured.ended == Ended::TimedOut {
        return Ok(Err(format!("no answer within {} s", API.as_secs())));
    }
    let printed = text(&captured.stderr);
    let reason = match printed.lines().last() {
        Some(line) => line.to_owned(),
        None => format!("kubectl ended with {}, and printed no reason", captured.ended),
    };
    let value = serde_json::from_slice(&captured.stdout).ok();
    Ok(value.filter(|_| captured.ended == Ended::Code(0)).ok_or(reason))
}

/// The version of the API server, or why it does not answer.
///
/// # Errors
/// Exit 3 when kubectl cannot be run.
pub(super) fn version(tool: Tool) -> Result<Result<String, String>> {
    let answer = kubectl(tool, &["get", "--raw", "/version"])?;
    Ok(answer.and_then(|value| {
        let version = value["gitVersion"].as_str().map(str::to_owned);
        version.ok_or_else(|| "unexpected output from the API server".to_owned())
    }))
}

/// The namespaces that labs made: name and project.
///
/// # Errors
/// Exit 3 when kubectl cannot be run.
pub(super) fn namespaces(tool: Tool) -> Result<Result<Vec<(String, String)>, String>> {
    let answer = kubectl(tool, &["get", "namespaces", "--selector", PROJECT, "--output=json"])?;
    Ok(answer.map(|list| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let items = list["items"].as_array().into_iter().flatten();
        let of = |item: &Value| {
            let meta = &item["metadata"];
            (text(&meta["name"]), text(&meta["labels"][PROJECT]))
        };
        items.map(of).collect()
    }))
}
