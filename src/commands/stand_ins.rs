//! Which steps a stand-in hides: probed on the live system, remembered in the progress.

use crate::check::{self, Context};
use crate::course::Progress;
use crate::error::Result;
use crate::platform::clock;
use crate::platform::world::Machine;
use crate::workspace::Workspace;

/// Asks the live system whether a stand-in answers, and remembers which steps it hides. One that
/// says nothing leaves it as it was.
pub(super) fn behind_stand_ins(
    workspace: &Workspace,
    context: &Context,
    progress: &mut Progress,
) -> Result<()> {
    for (stand_in, answers) in check::stand_ins(workspace.manifest(), context, &Machine) {
        let Some(answers) = answers else { continue };
        workspace.remember(progress, |progress| {
            for step in &stand_in.steps {
                progress.set_hidden(step, answers.then(|| check::why_skipped(stand_in)));
            }
        })?;
    }
    clock::interrupted()
}
