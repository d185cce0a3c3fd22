//! The probe that opens a connection.

use crate::catalog::check::{TcpExpect, TcpProbe};
use crate::check::context::{Context, Scope};
use crate::check::outcome::ProbeOutcome;
use crate::platform::net::Unreachable;

pub(super) fn describe(probe: &TcpProbe, context: &Context) -> String {
    format!("a connection to {}", context.shown(&probe.endpoint, ""))
}

/// Connects and compares.
pub(super) fn run(
    probe: &TcpProbe,
    expect: TcpExpect,
    scope: Scope<'_>,
) -> Result<ProbeOutcome, ProbeOutcome> {
    let base = scope.base(&probe.endpoint)?;
    let address = base.split_once("://").map_or(base, |(_, rest)| rest);
    let expected = match expect {
        TcpExpect::Open => format!("{address} accepts connections"),
        TcpExpect::Closed => format!("nothing listens at {address}"),
    };
    let refused = || Unreachable::Refused.to_string();
    Ok(match (scope.world.connect(address, scope.left()), expect) {
        (Ok(()), TcpExpect::Open) => ProbeOutcome::pass(expected, "connection accepted"),
        (Ok(()), TcpExpect::Closed) => ProbeOutcome::not_yet(expected, "connection accepted"),
        // Refused is an answer: the machine was reached, and the port is closed.
        (Err(Unreachable::Refused), TcpExpect::Open) => ProbeOutcome::not_yet(expected, refused()),
        (Err(Unreachable::Refused), TcpExpect::Closed) => ProbeOutcome::pass(expected, refused()),
        (Err(why), _) => ProbeOutcome::cannot_tell(expected, why.to_string()),
    })
}
