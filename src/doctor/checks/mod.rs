//! From what was seen to findings. Pure: values in, values out.

pub(super) mod cluster;
pub(super) mod engine;
pub(super) mod host;
pub(super) mod kinds;
pub(super) mod programs;

use std::collections::BTreeMap;
use std::time::Duration;

use super::observations::All;
use super::plan::Ask;
use super::probes::{Asked, How, Look, Seen};
use super::{Evidence, Scope, Status, millis};
use crate::platform::term::escape;

/// A finding that does not know yet whom it concerns and what to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) status: Status,
    pub(super) class: &'static str,
    pub(super) title: String,
    pub(super) evidence: Evidence,
    /// What hints may speak of: `pid`, `path`, `user`.
    pub(super) facts: BTreeMap<&'static str, String>,
    pub(super) blocked_by: Option<&'static str>,
}

impl Found {
    fn new(status: Status, class: &'static str, title: impl Into<String>) -> Found {
        Found {
            status,
            class,
            title: title.into(),
            evidence: Evidence::default(),
            facts: BTreeMap::new(),
            blocked_by: None,
        }
    }

    fn pass(title: impl Into<String>) -> Found {
        Found::new(Status::Pass, "ok", title)
    }

    fn fail(class: &'static str, title: impl Into<String>) -> Found {
        Found::new(Status::Fail, class, title)
    }

    fn warn(class: &'static str, title: impl Into<String>) -> Found {
        Found::new(Status::Warn, class, title)
    }

    fn unknown(class: &'static str, title: impl Into<String>) -> Found {
        Found::new(Status::Unknown, class, title)
    }

    /// Not looked at, because something below it failed.
    fn blocked(by: &'static str) -> Found {
        Found {
            blocked_by: Some(by),
            ..Found::new(Status::Skip, "blocked", format!("not looked at: {by} comes first"))
        }
    }

    fn fact(mut self, name: &'static str, value: impl Into<String>) -> Found {
        self.facts.insert(name, value.into());
        self
    }

    fn cmd(mut self, cmd: impl Into<String>) -> Found {
        self.evidence.cmd = cmd.into();
        self
    }

    fn saw(mut self, saw: impl Into<String>) -> Found {
        self.evidence.saw = saw.into();
        self
    }

    /// The evidence of one question to a program.
    fn asked(mut self, asked: &Asked) -> Found {
        self.evidence.cmd.clone_from(&asked.cmd);
        self.evidence.rc = asked.rc();
        self.evidence.ms = millis(asked.took);
        self.evidence.path = asked.path.as_ref().map(|path| path.display().to_string());
        if self.evidence.saw.is_empty() {
            let text = if asked.well() { &asked.out } else { asked.words() };
            self.evidence.saw = short(text, 400);
        }
        if let Some(path) = &self.evidence.path {
            self.facts.insert("path", path.clone());
        }
        self
    }
}

/// The finding about one check.
pub(super) fn judge(ask: &Ask, all: &All, scope: &Scope, deadline: Duration) -> Found {
    match ask {
        Ask::Python(_) | Ask::Tool(_) | Ask::Client | Ask::Kubectl(_) | Ask::Packages => {
            programs::judge(ask, all, deadline)
        }
        Ask::Engine(_)
        | Ask::Compose(_)
        | Ask::Buildx(_)
        | Ask::Credentials
        | Ask::EngineMemory(_)
        | Ask::EngineCpus(_)
        | Ask::EngineDisk(_)
        | Ask::EngineArch(_)
        | Ask::EngineGpu(_)
        | Ask::Clock
        | Ask::DaemonProxy
        | Ask::Image(_) => engine::judge(ask, all, deadline),
        Ask::KubeConfig
        | Ask::KubeContext
        | Ask::KubeApi(_)
        | Ask::Skew
        | Ask::Rbac
        | Ask::Storage
        | Ask::Apis(_)
        | Ask::ClusterCpus(_)
        | Ask::ClusterMemory(_)
        | Ask::Inotify
        | Ask::Cgroup => cluster::judge(ask, all, deadline),
        Ask::Disk(_) | Ask::Memory(_) | Ask::Cpus(_) | Ask::Arch(_) | Ask::Gpu(_) | Ask::Proxy => {
            host::judge(ask, all, deadline)
        }
        Ask::Environment => environment(scope),
        Ask::Port(port) => host::port(*port, all, &scope.own_ports, deadline),
    }
}

/// The lab's `.venv`, of which nothing was started.
fn environment(scope: &Scope) -> Found {
    let found = match scope.environment.as_ref().and_then(Option::as_ref) {
        None => Found::pass(".venv is whole"),
        Some(why) => Found::warn("broken", short(why, 160)),
    };
    found.cmd("ls -l .venv/bin/python")
}

/// A look that did not come back in time.
fn late(deadline: Duration) -> Found {
    Found::unknown("late", format!("no answer within {:.1} s", deadline.as_secs_f64()))
}

/// What went wrong when a program was asked; none when it answered well.
fn trouble(asked: &Asked) -> Option<Found> {
    let found = match &asked.how {
        How::Code(0) => return None,
        How::Absent => Found::fail("absent", "not on PATH"),
        How::Unfit(why) => {
            let path =
                asked.path.as_ref().map_or_else(String::new, |path| path.display().to_string());
            Found::fail(why.class(), format!("{path} cannot be run: {why}"))
        }
        How::Signal(signal) => Found::fail("crashed", format!("it crashed (signal {signal})")),
        How::Late(within) => Found::unknown(
            "late",
            format!("it gave no answer within {:.1} s", within.as_secs_f64()),
        ),
        How::Code(code) => {
            Found::fail("failed", format!("exit code {code}: {}", short(asked.words(), 160)))
        }
    };
    Some(found.asked(asked))
}

/// The whole of a short text, the beginning of a long one, in any case without control characters.
fn short(text: &str, most: usize) -> String {
    let mut cut: String = text.chars().take(most).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    escape(&cut)
}

#[allow(clippy::cast_precision_loss, reason = "shown with one digit")]
fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

/// Enough of something, or a warning.
fn amount(have: Option<u64>, want: u64, show: impl Fn(u64) -> String) -> Found {
    match have {
        None => Found::unknown("unknown", "the system does not tell"),
        Some(have) if have >= want => Found::pass(show(have)).saw(have.to_string()),
        Some(have) => {
            Found::warn("too-little", format!("{}, and the lab wants {}", show(have), show(want)))
                .saw(have.to_string())
        }
    }
}

/// The programs behind a look, when it came back.
fn programs_of<'a>(all: &'a All, look: &Look) -> Option<&'a super::probes::Programs> {
    match all.get(look) {
        Some(Seen::Programs(programs)) => Some(programs),
        _ => None,
    }
}
