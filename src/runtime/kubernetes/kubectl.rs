//! kubectl, always with the context and the namespace of the lab.

use std::time::Duration;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::platform::kubeconfig;
use crate::platform::process::{self, Captured, Command, Ended};
use crate::workspace::{Cluster, Workspace};

/// A question. kubectl's own time-outs take several times as long as they say.
pub(super) const QUERY_TIMEOUT: Duration = Duration::from_secs(20);

/// What is kept of an answer, in bytes: lists of objects are long.
const KEEP: usize = 32 << 20;

/// kubectl for one lab.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kubectl<'a> {
    pub(super) ws: &'a Workspace,
    pub(super) cluster: &'a Cluster,
}

/// What kubectl answered.
#[derive(Clone, Debug)]
pub(super) struct ToolOutput {
    command: String,
    captured: Captured,
}

impl ToolOutput {
    pub(super) fn well(&self) -> bool {
        self.captured.ended == Ended::Code(0)
    }

    pub(super) fn out(&self) -> String {
        String::from_utf8_lossy(&self.captured.stdout).into_owned()
    }

    /// What it complained of, without the lines that only repeat.
    pub(super) fn words(&self) -> String {
        let said = String::from_utf8_lossy(&self.captured.stderr).into_owned();
        let lines: Vec<&str> =
            said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let mut kept: Vec<&str> = Vec::new();
        for line in lines {
            // "E1125 10:00:00.000000 ... memcache.go": the same again, for programmers.
            if !kept.contains(&line) && !line.contains("memcache.go") {
                kept.push(line);
            }
        }
        kept.join("\n")
    }

    /// The error of this answer.
    pub(super) fn error(&self, what: &str) -> Error {
        let words = match self.captured.ended {
            Ended::TimedOut => {
                format!(
                    "no answer within {:.0} s\n{}",
                    self.captured.took.as_secs_f64(),
                    self.words()
                )
            }
            _ => self.words(),
        };
        Error::environment(what)
            .detail(format!("{}\n{}", self.command, words).trim().to_owned())
            .hint("see why: mlops-lab doctor --runtime kubernetes")
    }
}

impl Kubectl<'_> {
    /// `kubectl --context C --namespace N ...`
    ///
    /// # Errors
    /// Exit 2 for a broken `.env`.
    pub(super) fn command(&self, args: &[&str], within: Duration) -> Result<Command> {
        let context = format!("--context={}", self.cluster.context);
        let namespace = format!("--namespace={}", self.cluster.namespace);
        let mut argv = vec!["kubectl".to_owned(), context, namespace];
        argv.extend(args.iter().map(|arg| (*arg).to_owned()));
        let command = self.ws.tool(&argv, within)?;
        // Ours names context and namespace, and is asked also before the lab's commands may know
        // any cluster.
        let files = std::env::join_paths(kubeconfig::files()).unwrap_or_default();
        Ok(Command { keep: KEEP, ..command.env("KUBECONFIG", files) })
    }

    /// Asks, whatever the answer.
    ///
    /// # Errors
    /// Exit 3 when kubectl cannot be run; exit 130 after Ctrl-C.
    pub(super) fn run(
        &self,
        args: &[&str],
        stdin: Vec<u8>,
        within: Duration,
    ) -> Result<ToolOutput> {
        let command = Command { stdin, ..self.command(args, within)? };
        let shown = command.to_string();
        let captured = process::capture(&command).map_err(|why| {
            Error::environment(why.to_string())
                .hint("see what is missing: mlops-lab doctor --runtime kubernetes")
        })?;
        crate::platform::clock::interrupted()?;
        Ok(ToolOutput { command: shown, captured })
    }

    /// Asks for JSON; none when there is no such object.
    ///
    /// # Errors
    /// Exit 3 when the cluster does not answer.
    pub(super) fn get(&self, args: &[&str]) -> Result<Option<Value>> {
        self.get_within(args, QUERY_TIMEOUT)
    }

    /// The same, with less patience.
    pub(super) fn get_within(&self, args: &[&str], within: Duration) -> Result<Option<Value>> {
        let args =
            [&["get"], args, &["--output=json", "--ignore-not-found", "--request-timeout=15s"]]
                .concat();
        let answer = self.run(&args, Vec::new(), within)?;
        if !answer.well() {
            return Err(answer.error("the cluster does not answer"));
        }
        let out = answer.out();
        if out.trim().is_empty() {
            return Ok(None);
        }
        serde_json::from_str(&out)
            .map(Some)
            .map_err(|error| Error::environment("unexpected output from kubectl").because(error))
    }

    /// The items of a list.
    ///
    /// # Errors
    /// As [`Kubectl::get`].
    pub(super) fn list(&self, kinds: &str) -> Result<Vec<Value>> {
        self.list_within(kinds, QUERY_TIMEOUT)
    }

    /// The same, with less patience.
    pub(super) fn list_within(&self, kinds: &str, within: Duration) -> Result<Vec<Value>> {
        let found = self.get_within(&[kinds], within)?.unwrap_or_default();
        Ok(found["items"].as_array().cloned().unwrap_or_default())
    }
}
