//! What this machine lacks for a lab: needs become probes, probes observations, observations findings, findings one report.

mod diagnose;
mod docker;
mod hints;
mod probe;
mod seen;
mod text;

use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use serde::Serialize;

use crate::catalog::manifest::{Need, RuntimeKind};
use crate::error::Exit;

pub use text::{brief, human};

/// What is to be examined.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// What the report is about: a lab, or all labs.
    pub title: String,
    /// Who needs what.
    pub demands: Vec<Demand>,
    /// Where the lab is or will be: its disk counts.
    pub root: PathBuf,
    /// The lab lies on disk already: what comes next is `up`, not `init`.
    pub made: bool,
    /// Ports that the lab itself holds: not «taken».
    pub own_ports: Vec<u16>,
}

/// What one lab needs in one runtime.
#[derive(Clone, Debug)]
pub struct Demand {
    /// The lab.
    pub lab: String,
    /// The runtime.
    pub kind: RuntimeKind,
    /// What it needs of the machine.
    pub needs: Vec<Need>,
    /// Where it wants to listen.
    pub ports: Vec<u16>,
}

/// How a finding counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As needed.
    Pass,
    /// It works, and deserves a look.
    Warn,
    /// Not looked at, because what it builds on failed.
    Skip,
    /// It could not be found out in time.
    Unknown,
    /// It does not work.
    Fail,
}

/// One thing that was looked at. Passes are findings too.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Stable: `docker.engine`, `port.8080`.
    pub id: String,
    /// What was found, in a few words.
    pub title: String,
    /// How it counts.
    pub status: Status,
    /// Why, from a closed list for each check: `absent`, `refused`, `too-old`; `ok` for a pass.
    pub class: &'static str,
    /// How it was found out.
    pub evidence: Evidence,
    /// What to do, most fitting first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// The finding without which this one could not be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked_by: Option<&'static str>,
    /// Who needs it: `serving/local`.
    pub needed_by: Vec<String>,
}

/// How something was found out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Evidence {
    /// A command to paste, or the place that was looked at.
    pub asked: String,
    /// What was seen.
    pub saw: String,
    /// How long it took, in milliseconds.
    pub ms: u64,
}

/// All findings, and what they mean for each lab and runtime.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// What it is about.
    pub title: String,
    /// In the order of the groups: tools, containers, machine, ports.
    pub findings: Vec<Finding>,
    /// `serving/local` -> whether it can work here.
    pub runtimes: IndexMap<String, Status>,
    /// The command to go on with.
    pub next: String,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// The lab and runtime that decide about the exit code: the default ones.
    #[serde(skip)]
    deciding: Vec<String>,
}

impl Report {
    /// 0 when the default runtime of every lab asked about works, 1 when one does not, 3 when that could not be found out.
    pub fn exit(&self) -> Exit {
        let worst = self.deciding.iter().filter_map(|key| self.runtimes.get(key)).max();
        match worst {
            Some(Status::Fail) => Exit::No,
            Some(Status::Unknown) => Exit::Environment,
            _ => Exit::Done,
        }
    }
}

/// Looks at everything side by side. Never takes longer than the deadline and a little: what is late is «unknown».
pub fn examine(scope: &Scope, deadline: Duration) -> Report {
    let since = Instant::now();
    let wanted = probe::wanted(scope);
    let (tell, told) = mpsc::channel();
    for (index, want) in wanted.iter().enumerate() {
        let (want, root, tell) = (want.clone(), scope.root.clone(), tell.clone());
        // Not scoped: a thread that hangs in the kernel must not hold the report.
        std::thread::spawn(move || {
            let since = Instant::now();
            let seen = probe::look(&want.target, &root, deadline);
            let _ = tell.send((index, seen, since.elapsed()));
        });
    }
    drop(tell);
    let mut answers = vec![None; wanted.len()];
    let end = since + deadline + Duration::from_millis(200);
    while let Ok((index, saw, took)) = told.recv_timeout(end.saturating_duration_since(Instant::now())) {
        answers[index] = Some((saw, took));
    }
    let mut findings: Vec<Finding> = wanted
        .iter()
        .zip(answers)
        .map(|(want, answer)| {
            let (saw, took) = answer.unwrap_or((seen::Seen::late(deadline), deadline));
            let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            diagnose::diagnose(want, saw, &scope.own_ports, ms)
        })
        .collect();
    diagnose::block(&mut findings);
    let here = hints::Here::look();
    for finding in
        findings.iter_mut().filter(|finding| !matches!(finding.status, Status::Pass | Status::Skip))
    {
        finding.hints = hints::hints(&finding.id, finding.class, &here);
    }
    let mut report = Report {
        title: scope.title.clone(),
        findings,
        ms: u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX),
        ..Report::default()
    };
    for demand in &scope.demands {
        let key = key(&demand.lab, demand.kind);
        let worst = report
            .findings
            .iter()
            .filter(|finding| finding.needed_by.contains(&key))
            .map(|finding| finding.status)
            .max();
        report.runtimes.insert(key.clone(), worst.unwrap_or(Status::Pass));
        // The demands of a lab come with its default runtime first.
        if !report.deciding.iter().any(|deciding| deciding.starts_with(&format!("{}/", demand.lab))) {
            report.deciding.push(key);
        }
    }
    report.next = next(&report, scope.made);
    report
}

/// Where the default runtime does not work, another one may.
fn next(report: &Report, made: bool) -> String {
    let works = |status: &Status| !matches!(status, Status::Fail | Status::Unknown);
    let Some((key, _)) = report.runtimes.iter().find(|(_, status)| works(status)) else {
        return "mend what fails, then mlops-lab doctor".to_owned();
    };
    let (lab, kind) = key.split_once('/').unwrap_or((key, "local"));
    let default = report.deciding.contains(key);
    match (made, default) {
        (true, true) => "mlops-lab up".to_owned(),
        (true, false) => format!("mlops-lab up --runtime {kind}"),
        (false, true) => format!("mlops-lab init {lab} --up"),
        (false, false) => format!("mlops-lab init {lab} --up --runtime {kind}"),
    }
}

fn key(lab: &str, kind: RuntimeKind) -> String {
    format!("{lab}/{kind}")
}

/// The finding that makes this runtime impossible, if any. Too little disk or memory is for the learner to judge.
pub fn impossible(report: &Report, kind: RuntimeKind) -> Option<&Finding> {
    let suffix = format!("/{kind}");
    report.findings.iter().find(|finding| {
        let soft = ["disk", "memory", "cpus", "port."].iter().any(|soft| finding.id.starts_with(soft));
        finding.status == Status::Fail && !soft && finding.needed_by.iter().any(|by| by.ends_with(&suffix))
    })
}

#[cfg(test)]
mod tests;
