//! Which steps a stand-in cannot show: probed on the live system, remembered in the progress.

use crate::check::{self, Context};
use crate::course::Progress;
use crate::error::Result;
use crate::platform::clock;
use crate::platform::world::Machine;
use crate::workspace::Workspace;

/// Probes whether stand-ins answer, and remembers which steps they cannot show. Where the probe
/// cannot tell, that stays as it was.
pub(super) fn skip_behind_stand_ins(
    workspace: &Workspace,
    context: &Context,
    progress: &mut Progress,
) -> Result<()> {
    for (stand_in, answers) in check::stand_ins(workspace.manifest(), context, &Machine) {
        let Some(answers) = answers else { continue };
        workspace.remember(progress, |progress| progress.set_stand_in(stand_in, answers))?;
    }
    clock::interrupted()
}
