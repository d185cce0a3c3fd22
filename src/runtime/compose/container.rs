//! The containers of a lab, as docker lists them.

use std::time::Duration;

use serde::Deserialize;

use super::QUERY_TIMEOUT;
use super::command::{by_name, compose_all, docker_within};
use crate::error::{Error, Result};
use crate::platform::clock;
use crate::platform::process::{self, Ended};
use crate::workspace::Workspace;

/// One line of `docker compose ps --format json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Container {
    #[serde(default)]
    pub(super) service: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default, rename = "ID")]
    pub(super) id: String,
    #[serde(default)]
    pub(super) state: String,
    #[serde(default)]
    pub(super) exit_code: i32,
    #[serde(default)]
    labels: String,
}

impl Container {
    /// What compose made of its settings when it made it.
    pub(super) fn hash(&self) -> Option<&str> {
        self.labels
            .split(',')
            .find_map(|label| label.strip_prefix("com.docker.compose.config-hash="))
    }

    pub(super) fn dead(&self) -> bool {
        matches!(self.state.as_str(), "dead" | "restarting")
            || (self.state == "exited" && self.exit_code != 0)
    }
}

pub(super) fn last_words(container: &str, within: Duration) -> Vec<String> {
    let Some(captured) = docker_within(&["logs", "--tail", "8", container], within) else {
        return Vec::new();
    };
    let text = [captured.stdout, captured.stderr].concat();
    String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
}

pub(super) fn containers(ws: &Workspace) -> Result<Vec<Container>> {
    list(ws, QUERY_TIMEOUT)?.ok_or_else(|| {
        Error::environment(format!(
            "docker compose did not answer within {} s",
            QUERY_TIMEOUT.as_secs()
        ))
        .hint("see why: mlops-lab doctor --runtime compose")
    })
}

/// All containers of the lab; none when compose does not say in time.
pub(super) fn list(ws: &Workspace, within: Duration) -> Result<Option<Vec<Container>>> {
    let captured = process::capture(&by_name(ws, &["ps", "--all", "--format", "json"], within)?)
        .map_err(|why| Error::environment(why.to_string()))?;
    clock::interrupted()?;
    if captured.ended == Ended::TimedOut {
        return Ok(None);
    }
    if captured.ended != Ended::Code(0) {
        return Err(Error::environment("docker compose does not answer")
            .detail(String::from_utf8_lossy(&captured.stderr).trim().to_owned())
            .hint("see why: mlops-lab doctor --runtime compose"));
    }
    let text = String::from_utf8_lossy(&captured.stdout).into_owned();
    // Some versions print one list, others one object a line.
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(&text).map(Some).map_err(|error| {
            Error::environment("unexpected output from docker compose ps").because(error)
        });
    }
    Ok(Some(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()))
}

/// The services of the compose file.
pub(super) fn known(ws: &Workspace) -> Result<Vec<String>> {
    let captured = process::capture(&compose_all(ws, &["config", "--services"], QUERY_TIMEOUT)?)
        .map_err(|why| Error::environment(why.to_string()))?;
    Ok(String::from_utf8_lossy(&captured.stdout).lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_that_failed_or_loops_is_dead_and_one_that_did_its_work_is_not() {
        let container = |state: &str, exit_code| Container {
            service: String::new(),
            name: String::new(),
            id: String::new(),
            state: state.to_owned(),
            exit_code,
            labels: String::new(),
        };
        assert!(container("exited", 1).dead() && container("restarting", 0).dead());
        assert!(!container("exited", 0).dead() && !container("running", 0).dead());
    }
}
