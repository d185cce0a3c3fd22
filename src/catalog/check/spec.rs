//! A check and its probe as the rest of the program knows them, and the one place that decides what
//! a table of TOML is.

use serde::{Deserialize, Serialize};

use super::expect::{
    CommandExpect, Content, FileExpect, HttpExpect, KubernetesExpect, MetricExpect, TcpExpect,
};
use super::probes::{
    Body, CommandProbe, FileProbe, HttpProbe, KubernetesProbe, MetricProbe, TcpProbe,
};
use super::raw::{RawCheck, RawExpect};
use super::rule::Match;
use crate::catalog::units::Within;

/// One probe and what is expected of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "RawCheck", into = "RawCheck")]
pub struct CheckSpec {
    /// What is inspected, and what should be found there.
    pub probe: Probe,
    /// One deadline for the whole probe (default 5 s).
    pub within: Option<Within>,
    /// Whether probing changes what the learner studies (malformed requests, load): `--watch` does
    /// it once, then only after a file of the project changed or when told to.
    pub disturbs: bool,
    /// What it means when the check does not pass, as a clause.
    pub because: Option<String>,
}

/// What is inspected, each with the expectations that it can meet.
#[derive(Clone, Debug)]
pub enum Probe {
    /// A request over HTTP.
    Http(HttpProbe, HttpExpect),
    /// A command of the lab.
    Command(CommandProbe, CommandExpect),
    /// A file of the project.
    File(FileProbe, FileExpect),
    /// A port.
    Tcp(TcpProbe, TcpExpect),
    /// A Prometheus metric.
    Metric(MetricProbe, MetricExpect),
    /// An object of the lab's cluster, or a list of them.
    Kubernetes(KubernetesProbe, KubernetesExpect),
}

impl Probe {
    /// The name of the probe's table.
    pub fn name(&self) -> &'static str {
        match self {
            Probe::Http(..) => "http",
            Probe::Command(..) => "command",
            Probe::File(..) => "file",
            Probe::Tcp(..) => "tcp",
            Probe::Metric(..) => "metric",
            Probe::Kubernetes(..) => "kubernetes",
        }
    }

    /// The logical endpoint that is probed, if any.
    pub fn endpoint(&self) -> Option<&str> {
        match self {
            Probe::Http(probe, _) => Some(&probe.endpoint),
            Probe::Tcp(probe, _) => Some(&probe.endpoint),
            Probe::Metric(probe, _) => Some(&probe.endpoint),
            Probe::Command(..) | Probe::File(..) | Probe::Kubernetes(..) => None,
        }
    }

    /// The command of the lab that the probe runs, under its key.
    pub fn command(&self) -> Option<(&'static str, &[String])> {
        match self {
            Probe::Command(probe, _) => Some(("argv", &probe.argv)),
            Probe::Metric(MetricProbe { during: Some(argv), .. }, _) => Some(("during", argv)),
            _ => None,
        }
    }

    /// The file of the project that the probe sends, under its key.
    pub fn sent(&self) -> Option<(&'static str, &str)> {
        match self {
            Probe::Http(HttpProbe { body: Some(Body::File(path)), .. }, _) => Some(("body", path)),
            Probe::Command(CommandProbe { stdin: Some(path), .. }, _) => Some(("stdin", path)),
            _ => None,
        }
    }

    /// The file of the project that the probe reads, to send or to judge it, under its key.
    pub fn file(&self) -> Option<(&'static str, &str)> {
        match self {
            Probe::File(probe, _) => Some(("path", &probe.path)),
            other => other.sent(),
        }
    }
}

/// The one table that a check has beside its expectations.
enum Table {
    Http(HttpProbe),
    Command(CommandProbe),
    File(FileProbe),
    Tcp(TcpProbe),
    Metric(MetricProbe),
    Kubernetes(KubernetesProbe),
}

impl Table {
    /// Its name, and the keys of `expect` that fit it.
    fn about(&self) -> (&'static str, &'static [&'static str]) {
        match self {
            Table::Http(_) => ("http", &["status", "headers", "body", "json"]),
            Table::Command(_) => ("command", &["exit", "stdout", "json"]),
            Table::File(_) => ("file", &["exists", "sha256", "text", "json", "toml"]),
            Table::Tcp(_) => ("tcp", &["open"]),
            Table::Metric(_) => ("metric", &["value"]),
            Table::Kubernetes(_) => ("kubernetes", &["exists", "json"]),
        }
    }

    fn with(self, expect: RawExpect) -> Result<Probe, String> {
        let (name, fitting) = self.about();
        expect.only(name, fitting)?;
        let exists = expect.exists()?;
        let RawExpect { status, headers, body, json, toml, stdout, sha256, text, value, .. } =
            expect;
        Ok(match self {
            Table::Http(probe) => Probe::Http(probe, HttpExpect { status, headers, body, json }),
            Table::Command(probe) => {
                let exit = expect.exit.unwrap_or(0);
                Probe::Command(probe, CommandExpect { exit, stdout, json })
            }
            Table::File(probe) if !exists => Probe::File(probe, FileExpect::Absent),
            Table::File(probe) => {
                let content = Content { sha256, text, json, toml };
                Probe::File(probe, FileExpect::Present(Box::new(content)))
            }
            Table::Tcp(probe) => {
                let open = expect.open.unwrap_or(true);
                Probe::Tcp(probe, if open { TcpExpect::Open } else { TcpExpect::Closed })
            }
            Table::Metric(probe) => {
                let least = || Match { ge: Some(1.0), ..Match::default() };
                Probe::Metric(probe, MetricExpect { value: value.unwrap_or_else(least) })
            }
            Table::Kubernetes(probe) if !exists => {
                Probe::Kubernetes(probe, KubernetesExpect::Absent)
            }
            Table::Kubernetes(probe) => Probe::Kubernetes(probe, KubernetesExpect::Present(json)),
        })
    }
}

impl TryFrom<RawCheck> for CheckSpec {
    type Error = String;

    fn try_from(raw: RawCheck) -> Result<Self, String> {
        let mut tables: Vec<Table> = Vec::new();
        tables.extend(raw.http.map(Table::Http));
        tables.extend(raw.command.map(Table::Command));
        tables.extend(raw.file.map(Table::File));
        tables.extend(raw.tcp.map(Table::Tcp));
        tables.extend(raw.metric.map(Table::Metric));
        tables.extend(raw.kubernetes.map(Table::Kubernetes));
        let names: Vec<&str> = tables.iter().map(|table| table.about().0).collect();
        if names.len() > 1 {
            let names = names.join(" and ");
            return Err(format!("a check has exactly one probe, this one has {names}"));
        }
        let table = tables
            .pop()
            .ok_or("a check needs one of: http, command, file, tcp, metric, kubernetes")?;
        let RawCheck { within, disturbs, because, .. } = raw;
        Ok(CheckSpec { probe: table.with(raw.expect)?, within, disturbs, because })
    }
}

impl From<CheckSpec> for RawCheck {
    fn from(check: CheckSpec) -> RawCheck {
        let CheckSpec { probe, within, disturbs, because } = check;
        let rest = RawCheck { within, disturbs, because, ..RawCheck::default() };
        match probe {
            Probe::Http(probe, HttpExpect { status, headers, body, json }) => {
                let expect = RawExpect { status, headers, body, json, ..RawExpect::default() };
                RawCheck { http: Some(probe), expect, ..rest }
            }
            Probe::Command(probe, CommandExpect { exit, stdout, json }) => {
                let exit = Some(exit).filter(|exit| *exit != 0);
                let expect = RawExpect { exit, stdout, json, ..RawExpect::default() };
                RawCheck { command: Some(probe), expect, ..rest }
            }
            Probe::File(probe, FileExpect::Absent) => {
                RawCheck { file: Some(probe), expect: RawExpect::absent(), ..rest }
            }
            Probe::File(probe, FileExpect::Present(content)) => {
                let Content { sha256, text, json, toml } = *content;
                let expect = RawExpect { sha256, text, json, toml, ..RawExpect::default() };
                RawCheck { file: Some(probe), expect, ..rest }
            }
            Probe::Tcp(probe, expect) => {
                let open = (expect == TcpExpect::Closed).then_some(false);
                let expect = RawExpect { open, ..RawExpect::default() };
                RawCheck { tcp: Some(probe), expect, ..rest }
            }
            Probe::Metric(probe, MetricExpect { value }) => {
                let expect = RawExpect { value: Some(value), ..RawExpect::default() };
                RawCheck { metric: Some(probe), expect, ..rest }
            }
            Probe::Kubernetes(probe, KubernetesExpect::Absent) => {
                RawCheck { kubernetes: Some(probe), expect: RawExpect::absent(), ..rest }
            }
            Probe::Kubernetes(probe, KubernetesExpect::Present(json)) => {
                let expect = RawExpect { json, ..RawExpect::default() };
                RawCheck { kubernetes: Some(probe), expect, ..rest }
            }
        }
    }
}
