//! Stand-ins: what answers in the place of the real thing, as the live system itself says.

use super::{Context, judge};
use crate::catalog::Manifest;
use crate::catalog::manifest::{StandIn, VerdictKind};
use crate::platform::world::World;

/// What the live system says of each stand-in of a lab: that it answers, that it does not, or
/// nothing at all.
pub fn stand_ins<'a>(
    manifest: &'a Manifest,
    context: &Context,
    world: &dyn World,
) -> Vec<(&'a StandIn, Option<bool>)> {
    let look = |stand_in: &'a StandIn| {
        let answers = match judge(&stand_in.seen, context, world).verdict {
            VerdictKind::Pass => Some(true),
            VerdictKind::NotYet => Some(false),
            VerdictKind::CannotTell => None,
        };
        (stand_in, answers)
    };
    manifest.stand_in.iter().filter(|stand_in| stand_in.asked_over_network()).map(look).collect()
}

/// Why a step of this stand-in is not shown.
pub fn why_hidden(stand_in: &StandIn) -> String {
    format!("only {} can show this. {}", stand_in.of, stand_in.text)
}
