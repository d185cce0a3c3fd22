//! What runs of a lab, as values, and told to people.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use crate::catalog::manifest::RuntimeKind;
use crate::platform::clock;
use crate::platform::term::{BAD, BOLD, DIM, GOOD, WARN, escape};

/// What runs of a lab.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Status {
    /// Where; none when nothing runs.
    pub runtime: Option<RuntimeKind>,
    /// Its services.
    pub services: Vec<Service>,
    /// The drill that is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drill: Option<Drill>,
    /// Base URLs by name.
    pub endpoints: BTreeMap<String, String>,
    /// Where, in a cluster: for the project's own scripts, which run without us as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<Place>,
    /// What answers in the place of the real thing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stand_ins: Vec<StandIn>,
}

/// A drill that is under way.
#[derive(Clone, Debug, Serialize)]
pub struct Drill {
    /// Its id.
    pub id: String,
    /// Since when, in seconds since 1970.
    pub since: u64,
    /// What it runs beside the lab.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub background: Vec<Service>,
}

impl Drill {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "  {WARN}drill{WARN:#} {} is under way, since {}",
            self.id,
            clock::ago(self.since)
        )?;
        for service in &self.background {
            let word = if service.state == State::Ready { "runs" } else { "ended" };
            let place = service.place.as_deref().unwrap_or_default();
            writeln!(out, "    {}  {word} beside the lab  {DIM}{place}{DIM:#}", service.name)?;
        }
        Ok(())
    }
}

/// Where in a cluster a lab is.
#[derive(Clone, Debug, Serialize)]
pub struct Place {
    /// The context of the kubeconfig.
    pub context: String,
    /// The lab's namespace.
    pub namespace: String,
    /// Whether it is up.
    pub up: bool,
}

/// Something that answers in the place of the real thing.
#[derive(Clone, Debug, Serialize)]
pub struct StandIn {
    /// The real thing.
    pub of: String,
    /// What runs instead.
    pub text: String,
}

impl StandIn {
    /// Tells it to people, in one line.
    pub fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "  {WARN}a stand-in of {}{WARN:#}: {}", escape(&self.of), escape(&self.text))
    }
}

/// One service.
#[derive(Clone, Debug, Serialize)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// What it does.
    pub state: State,
    /// The process, or the container; the path that a waiting service waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// What its own check saw, when it runs and is not ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<String>,
    /// Why it should be started again, while it runs: what differs from what it would be started
    /// with now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outdated: Option<String>,
    /// What it printed last, when it is dead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub last_words: Vec<String>,
}

impl Service {
    /// A service of which nothing more is known.
    pub(super) fn new(name: impl Into<String>, state: State) -> Service {
        Service {
            name: name.into(),
            state,
            place: None,
            since: None,
            observed: None,
            outdated: None,
            last_words: Vec::new(),
        }
    }
}

/// What a service does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It runs and wants traffic.
    Ready,
    /// It runs and does not want traffic (yet).
    NotReady,
    /// It ended although it should run.
    Dead,
    /// It did its work and ended well.
    Finished,
    /// It has nothing to do until a path of the project is there.
    Waiting,
    /// It was not started.
    Stopped,
    /// Somebody holds it still: `docker pause`.
    Paused,
    /// What should know did not say in time.
    NoAnswer,
}

impl State {
    fn well(self) -> bool {
        matches!(self, State::Ready | State::Finished | State::Waiting)
    }
}

impl Status {
    /// Whether everything that should run is ready.
    pub fn healthy(&self) -> bool {
        self.runtime.is_some() && self.services.iter().all(|service| service.state.well())
    }

    /// Whether all was found out.
    pub fn whole(&self) -> bool {
        self.services.iter().all(|service| service.state != State::NoAnswer)
    }

    /// Tells it to people.
    pub fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(runtime) = self.runtime else {
            writeln!(out, "nothing runs")?;
            self.drill.as_ref().map_or(Ok(()), |drill| drill.human(out))?;
            return writeln!(out, "\nnext: mlops-lab up");
        };
        writeln!(out, "{BOLD}{runtime}{BOLD:#}")?;
        if self.services.is_empty() {
            writeln!(out, "  ready: nothing has to run between the steps")?;
        }
        let width = self.services.iter().map(|service| service.name.len()).max().unwrap_or(0);
        for service in &self.services {
            let (style, word) = match service.state {
                State::Ready => (GOOD, "ready"),
                State::NotReady => (WARN, "running, not ready"),
                State::Dead => (BAD, "dead"),
                State::Finished => (DIM, "finished"),
                State::Waiting => (DIM, "waits for"),
                State::Stopped => (DIM, "not started"),
                State::Paused => (WARN, "paused"),
                State::NoAnswer => (WARN, "no answer"),
            };
            let place =
                service.place.as_ref().map(|place| format!("  {place}")).unwrap_or_default();
            let since = service
                .since
                .map(|since| format!("  started {}", clock::ago(since)))
                .unwrap_or_default();
            writeln!(
                out,
                "  {:width$}  {style}{word}{style:#}{DIM}{place}{since}{DIM:#}",
                service.name
            )?;
            if let Some(observed) = &service.observed {
                writeln!(out, "      {DIM}{}{DIM:#}", escape(observed))?;
            }
            if let Some(why) = &service.outdated {
                writeln!(out, "      {WARN}outdated{WARN:#}: {}", escape(why))?;
            }
            for line in &service.last_words {
                writeln!(out, "      {}", escape(line))?;
            }
        }
        for (name, url) in &self.endpoints {
            writeln!(out, "  {DIM}{name}{DIM:#} {url}")?;
        }
        for stand_in in &self.stand_ins {
            stand_in.human(out)?;
        }
        if let Some(drill) = &self.drill {
            drill.human(out)?;
            let id = &drill.id;
            return writeln!(
                out,
                "\nnext: mlops-lab check {id}   (put it back: mlops-lab break --undo)"
            );
        }
        let outdated = self.services.iter().any(|service| service.outdated.is_some());
        let next = match self.healthy() {
            true if outdated => "mlops-lab up",
            true => "mlops-lab check",
            false if !self.whole() => "mlops-lab doctor",
            false => "mlops-lab logs, then mlops-lab up",
        };
        writeln!(out, "\nnext: {next}")
    }
}
