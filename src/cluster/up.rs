//! `cluster up`: what it would do, and doing it.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::plan::{self, Facts, Step};
use super::record::{MAKING, Record};
use super::sizes::{Limits, Sizes};
use super::tool::Tool;
use super::{NAME, probe, run};
use crate::error::{Error, Exit, Result};
use crate::platform::clock;
use crate::platform::process::{self, Ended};
use crate::platform::term::Progress;

/// The tool has waited for the control plane; what is left is the way to it.
const ANSWERS: Duration = Duration::from_secs(60);

/// Between two probes of an API server that starts.
const POLL: Duration = Duration::from_millis(500);

/// What `up` does, or did.
#[derive(Debug, Serialize)]
pub struct Up {
    /// The cluster.
    pub name: &'static str,
    /// What makes it.
    pub tool: Tool,
    /// Its context.
    pub context: &'static str,
    /// Its version.
    pub kubernetes: String,
    /// What is done.
    pub step: Step,
    /// The commands, as they can be pasted.
    pub commands: Vec<String>,
    /// What it may take of the machine.
    pub limits: Limits,
    /// What it costs; none where it is there.
    pub cost: Option<&'static str>,
    /// What it should have: the lab and the control plane.
    pub needs: Limits,
    /// Where that is not to be had.
    pub note: Option<String>,
    #[serde(skip)]
    words: Vec<Vec<String>>,
    /// The context that the user has chosen.
    #[serde(skip)]
    chosen: Option<String>,
}

impl Up {
    /// What is to be done. Changes nothing.
    ///
    /// # Errors
    /// Exit 2 when another tool made the cluster than the named one; exit 3 when the name belongs
    /// to someone else's cluster, when the lab needs another version, and when a tool does not
    /// answer.
    pub fn plan(tool: Tool, lab: Option<&Sizes>) -> Result<Up> {
        let record = Record::load()?;
        if let Some(made) = record.as_ref().map(|record| record.tool).filter(|made| *made != tool)
            && probe::has_cluster(made)?
        {
            return Err(Error::usage(format!("the cluster {NAME} was made with {made}"))
                .hint("use it: mlops-lab cluster up")
                .hint(format!(
                    "or make it with {tool}: mlops-lab cluster down && \
                     mlops-lab cluster up --with {tool}"
                )));
        }
        let sizes = lab.cloned().unwrap_or_default();
        plan::check_version(tool, &sizes)?;
        let record = record.filter(|record| record.tool == tool);
        let there = probe::has_cluster(tool)?;
        let containers = if there { probe::containers(tool)? } else { Vec::new() };
        let mut facts =
            Facts { record: record.as_ref(), there, containers: &containers, answers: false };
        facts.answers = facts.ours() && probe::version(tool)?.is_ok();
        let step = plan::step(tool, &facts)?;
        let chosen = plan::chosen(tool, record.as_ref(), probe::current_context()?);
        let words = plan::commands(tool, step, &sizes, &containers);
        let mut commands: Vec<String> =
            words.iter().map(|words| process::shell_words(words)).collect();
        if plan::switches(tool, step, chosen.as_deref()) {
            commands.push(process::shell_words(&plan::give_back(chosen.as_deref())));
        }
        let kept = record.as_ref().filter(|_| !step.makes()).map(|record| record.limits);
        let limits = kept.unwrap_or_else(|| tool.limits(&sizes));
        let note = match lab.and_then(|sizes| kept?.lacks(sizes)) {
            Some(lacking) => Some(format!(
                "this lab needs {lacking}; to make the cluster again, without what is in it: \
                 mlops-lab cluster down && mlops-lab cluster up"
            )),
            None if step.makes() && tool.shares_engine() => {
                let engine = probe::engine()?;
                engine.and_then(|engine| engine.lacks(&sizes)).map(|lacking| {
                    format!(
                        "Docker has less than {lacking}: pods may stay pending; how to increase \
                         it: mlops-lab doctor --only docker"
                    )
                })
            }
            None => None,
        };
        Ok(Up {
            name: NAME,
            tool,
            context: tool.context(),
            kubernetes: tool.kubernetes().map_or_else(String::new, |version| version.to_string()),
            step,
            commands,
            limits,
            cost: step.makes().then(|| tool.cost()),
            needs: Limits { memory: Some(sizes.mebibytes()), cpus: Some(sizes.cpus) },
            note,
            words,
            chosen,
        })
    }

    /// Does it.
    ///
    /// # Errors
    /// Exit 3 with the last lines of the tool's output; what a failed run began is removed again.
    pub fn carry_out(&self, progress: &mut dyn Progress) -> Result<()> {
        if self.step == Step::Nothing {
            return Ok(());
        }
        let (tool, limits) = (self.tool, self.limits);
        let begun = clock::unix_now();
        let context = self.chosen.clone();
        let record = Record { tool, made: false, begun, limits, context, containers: Vec::new() };
        if self.step.makes() {
            // Written before anything is made: after a kill in the middle it is known as ours.
            record.save()?;
        }
        if let Err(error) = self.run(progress) {
            return Err(if self.step.makes() {
                self.undo(&record, error)
            } else {
                error.hint("or make it again: mlops-lab cluster down && mlops-lab cluster up")
            });
        }
        let containers = probe::containers(tool)?.into_iter().map(|container| container.id);
        Record { made: true, containers: containers.collect(), ..record }.save()?;
        progress.start("waiting for the API server");
        self.wait()?;
        progress.done("");
        Ok(())
    }

    fn run(&self, progress: &mut dyn Progress) -> Result<()> {
        for words in &self.words {
            progress.start(&words.iter().take(3).cloned().collect::<Vec<_>>().join(" "));
            run::run(words, MAKING, progress)?;
            progress.done("");
        }
        give_back(self.tool, self.chosen.as_deref())
    }

    /// Removes what a run began that failed: a cluster of this name that was there before, however
    /// it had been missed, is none of that.
    fn undo(&self, record: &Record, error: Error) -> Error {
        if error.exit() == Exit::Interrupted {
            return error.hint("remove what it began: mlops-lab cluster down");
        }
        match probe::containers(self.tool) {
            Ok(containers) if record.is(&containers) => {}
            Ok(_) => {
                let _ = Record::forget();
                return error.hint("see which cluster is in the way: mlops-lab cluster status");
            }
            // Whose it is cannot be told.
            Err(_) => return error.hint("remove what it began: mlops-lab cluster down"),
        }
        let gone = probe::capture(&self.tool.delete(), MAKING)
            .and_then(|_| probe::has_cluster(self.tool))
            .is_ok_and(|there| !there);
        let _ = give_back(self.tool, self.chosen.as_deref());
        if gone && Record::forget().is_ok() {
            error
                .hint("see what this machine lacks: mlops-lab doctor --runtime kubernetes")
                .hint("nothing is left of it; to try again: mlops-lab cluster up")
        } else {
            error.hint("remove what is left of it: mlops-lab cluster down")
        }
    }

    fn wait(&self) -> Result<()> {
        let end = Instant::now() + ANSWERS;
        loop {
            let why = match probe::version(self.tool)? {
                Ok(_) => return Ok(()),
                Err(why) => why,
            };
            if Instant::now() >= end {
                return Err(Error::environment(
                    "the cluster runs, and its API server does not answer",
                )
                .detail(why)
                .hint(format!("see why: kubectl --context {} get --raw /readyz", self.context))
                .hint("or make it again: mlops-lab cluster down && mlops-lab cluster up"));
            }
            clock::pause(POLL)?;
        }
    }
}

/// Gives the context back that the user has chosen, where the tool has put its own, or, with the
/// cluster that is gone, left none. What the user has chosen meanwhile stays.
pub(super) fn give_back(tool: Tool, chosen: Option<&str>) -> Result<()> {
    let current = probe::current_context()?;
    let current = current.as_deref();
    let other = current.is_some_and(|name| name != tool.context());
    if !tool.switches_context() || current == chosen || other {
        return Ok(());
    }
    let words = plan::give_back(chosen);
    let captured = probe::capture(&words, MAKING)?;
    if captured.ended == Ended::Code(0) {
        return Ok(());
    }
    let command = process::shell_words(&words);
    Err(Error::environment(format!("`{command}` ended with {}", captured.ended))
        .detail(String::from_utf8_lossy(&captured.stderr).trim().to_owned()))
}
