//! The doctor inside other commands: at the end of `init`, at the start of `up`.

use std::path::Path;
use std::time::Duration;

use super::scope;
use crate::catalog::Manifest;
use crate::catalog::manifest::RuntimeKind;
use crate::doctor::{self, Report, Scope};
use crate::error::{Error, Result};
use crate::workspace::Workspace;

/// The checks at the end of `init`.
pub(in crate::commands) fn of_manifest(
    manifest: &Manifest,
    root: &Path,
    kind: Option<RuntimeKind>,
    timeout: Duration,
) -> Report {
    let kind = kind.or_else(|| manifest.runtimes().first().copied());
    match scope::of_lab(manifest, root, kind, Vec::new()) {
        Ok(scope) => doctor::run(&scope, timeout),
        Err(_) => doctor::run(&Scope::default(), timeout),
    }
}

/// The checks at the start of `up`: an error only for what makes the runtime impossible.
pub(in crate::commands) fn before_up(
    workspace: &Workspace,
    kind: RuntimeKind,
    context: Option<String>,
    timeout: Duration,
) -> Result<()> {
    let mut scope = scope::of_lab(workspace.manifest(), workspace.root(), Some(kind), Vec::new())?;
    scope.context = scope::named_context(context, Some(workspace))?;
    // `up` itself checks the ports, with its own services in mind.
    scope.demands.iter_mut().for_each(|demand| demand.ports.clear());
    let report = doctor::run(&scope, timeout);
    match report.blocker(kind) {
        None => Ok(()),
        Some(finding) => {
            let mut error = Error::environment(format!(
                "the runtime {kind} cannot work here: {}: {}",
                finding.id, finding.title
            ));
            for hint in &finding.hints {
                error = error.hint(hint.line());
            }
            for other in workspace.manifest().runtimes().into_iter().filter(|other| *other != kind)
            {
                if works(workspace, other, timeout)? {
                    error = error.hint(format!("this works here: mlops-lab up --runtime {other}"));
                }
            }
            Err(error.hint("see all checks: mlops-lab doctor"))
        }
    }
}

/// Whether another runtime of the lab can work here.
fn works(workspace: &Workspace, kind: RuntimeKind, timeout: Duration) -> Result<bool> {
    let mut scope = scope::of_lab(workspace.manifest(), workspace.root(), Some(kind), Vec::new())?;
    scope.demands.iter_mut().for_each(|demand| demand.ports.clear());
    let report = doctor::run(&scope, timeout);
    Ok(report.runtimes.values().all(|verdict| verdict.status.works()))
}
