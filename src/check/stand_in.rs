//! Stand-ins: what answers in the place of the real thing, as the live system shows.

use super::{Context, judge};
use crate::catalog::Manifest;
use crate::catalog::manifest::{StandIn, VerdictKind};
use crate::platform::world::World;

/// What the live system shows of each stand-in of a lab: that it answers, that it does not, or
/// nothing at all.
pub fn stand_ins<'a>(
    manifest: &'a Manifest,
    context: &Context,
    world: &dyn World,
) -> Vec<(&'a StandIn, Option<bool>)> {
    let probed = |stand_in: &'a StandIn| {
        let answers = match judge(&stand_in.seen, context, world).verdict {
            VerdictKind::Pass => Some(true),
            VerdictKind::NotYet => Some(false),
            VerdictKind::CannotTell => None,
        };
        (stand_in, answers)
    };
    manifest.stand_in.iter().filter(|stand_in| stand_in.probed_over_network()).map(probed).collect()
}
