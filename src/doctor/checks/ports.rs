//! The ports on which the lab will listen.

use std::time::Instant;

use super::subject::{Entry, Subject, entry};
use crate::doctor::check::{BoxedCheck, Check, check, classes};
use crate::doctor::draft::{Draft, short};
use crate::doctor::kind::{Group, Kind};
use crate::doctor::observations::Observations;
use crate::doctor::probe::{Probe, SharedProbe, probe};
use crate::doctor::scope::{Demand, Scope};
use crate::platform::net::{self, Port};

pub(in crate::doctor) const SUBJECT: Subject = Subject { entries, checks };

fn entries() -> Vec<Entry> {
    vec![entry::<FreePort>()]
}

fn checks(demand: &Demand, scope: &Scope) -> Vec<BoxedCheck> {
    let ports = demand.ports.iter();
    let checks = ports.map(|port| FreePort { port: *port, own: scope.own_ports.contains(port) });
    checks.map(check).collect()
}

classes! {
    PortClass {
        Own = "own",
        Taken = "taken",
        Forbidden = "forbidden",
        Late = "late",
    }
}

#[derive(Debug, PartialEq)]
struct FreePort {
    port: u16,
    /// The lab itself listens there.
    own: bool,
}

impl Check for FreePort {
    type Class = PortClass;

    const KIND: &'static Kind =
        &Kind::new("port", Group::Ports, "the port is free, or used by the lab itself");

    fn id(&self) -> String {
        format!("port.{}", self.port)
    }

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(PortProbe(self.port))]
    }

    fn judge(&self, observed: &Observations) -> Draft<PortClass> {
        let port = self.port;
        let draft = match observed.get(&PortProbe(port)) {
            None => Draft::late(PortClass::Late, observed.timeout),
            Some(Port::Free) => Draft::pass("free"),
            Some(Port::Busy(_)) if self.own => Draft::pass_as(PortClass::Own, "used by this lab"),
            Some(Port::Busy(Some(owner))) if owner.name == "docker-proxy" => {
                Draft::fail(PortClass::Taken, "taken by a container")
                    .fact("container", port.to_string())
            }
            Some(Port::Busy(Some(owner))) => {
                let name = short(&owner.name, 40);
                let title = format!("taken by {name} (process {})", owner.pid);
                Draft::fail(PortClass::Taken, title)
                    .fact("pid", owner.pid.to_string())
                    .fact("name", &owner.name)
            }
            // Whose it is can only be read for processes of our own, unless we are root.
            Some(Port::Busy(None)) => {
                Draft::fail(PortClass::Taken, "taken by a program of another user")
            }
            Some(Port::Forbidden(why)) => {
                Draft::fail(PortClass::Forbidden, format!("the system does not allow it: {why}"))
            }
        };
        let airplay = cfg!(target_os = "macos") && port == 5000 && draft.is(PortClass::Taken);
        let draft = if airplay { draft.fact("airplay", "5000") } else { draft };
        draft.cmd(format!("ss -ltnp 'sport = :{port}'")).fact("port", port.to_string())
    }
}

/// A port of 127.0.0.1.
#[derive(Debug, PartialEq)]
struct PortProbe(u16);

impl Probe for PortProbe {
    type Observation = Port;

    fn run(&self, _: &Scope, _: Instant) -> Port {
        net::port(self.0)
    }
}
