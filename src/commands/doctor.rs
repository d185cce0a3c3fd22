//! `doctor`: what this machine lacks.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::{Session, View};
use crate::catalog::Manifest;
use crate::catalog::manifest::{RuntimeKind, VarKind};
use crate::doctor::{self, Demand, Report, Scope};
use crate::error::{Error, Exit, Result};
use crate::platform::net;
use crate::runtime;
use crate::workspace::Workspace;

/// One process may take this long before it counts as late.
const DEADLINE: Duration = Duration::from_secs(5);

#[derive(Serialize)]
pub(super) struct Diagnosis {
    #[serde(flatten)]
    report: Report,
    #[serde(skip)]
    verbose: bool,
}

pub(super) fn run(
    session: &Session,
    lab: Option<&str>,
    kind: Option<RuntimeKind>,
    verbose: bool,
) -> Result<Diagnosis> {
    let report = match (lab, session.workspace()) {
        (None, Ok(workspace)) => {
            let held = runtime::own_ports(&workspace);
            let scope = Scope { made: true, ..scope(workspace.manifest(), workspace.root(), kind, held)? };
            doctor::examine(&scope, DEADLINE)
        }
        (Some(id), _) => {
            let manifest = with_defaults(session.source.lab(id)?.manifest);
            doctor::examine(&scope(&manifest, &session.folder, kind, Vec::new())?, DEADLINE)
        }
        // A broken lab is not «no lab»: say so instead of checking something else.
        (None, Err(error)) if error.exit() != Exit::Usage => return Err(error),
        (None, Err(_)) => doctor::examine(&everything(session, kind)?, DEADLINE),
    };
    Ok(Diagnosis { report, verbose })
}

/// The check at the end of `init`.
pub(super) fn of_manifest(
    manifest: &Manifest,
    root: &Path,
    kind: Option<RuntimeKind>,
    within: Duration,
) -> Report {
    let kind = kind.or_else(|| manifest.runtimes().first().copied());
    match scope(manifest, root, kind, Vec::new()) {
        Ok(scope) => doctor::examine(&scope, within),
        Err(_) => Report::default(),
    }
}

/// The check at the head of `up`: an error only for what makes the runtime impossible.
pub(super) fn gate(workspace: &Workspace, kind: RuntimeKind, within: Duration) -> Result<()> {
    let mut scope = scope(workspace.manifest(), workspace.root(), Some(kind), Vec::new())?;
    // `up` itself looks at the ports, with its own services in mind.
    scope.demands.iter_mut().for_each(|demand| demand.ports.clear());
    let report = doctor::examine(&scope, within);
    match doctor::impossible(&report, kind) {
        None => Ok(()),
        Some(finding) => {
            let mut error =
                Error::environment(format!("the runtime {kind} cannot work here: {}", finding.title));
            for hint in &finding.hints {
                error = error.hint(hint.to_string());
            }
            let others: Vec<_> =
                workspace.manifest().runtimes().into_iter().filter(|other| *other != kind).collect();
            for other in others {
                error = error.hint(format!("or: mlops-lab up --runtime {other}"));
            }
            Err(error.hint("all of it: mlops-lab doctor"))
        }
    }
}

fn scope(manifest: &Manifest, root: &Path, kind: Option<RuntimeKind>, held: Vec<u16>) -> Result<Scope> {
    let offered = manifest.runtimes();
    if let Some(kind) = kind
        && !offered.contains(&kind)
    {
        return Err(Error::usage(format!("the lab `{}` does not offer the runtime `{kind}`", manifest.id)));
    }
    let kinds = offered.into_iter().filter(|offer| kind.is_none_or(|kind| kind == *offer));
    let demands = kinds.map(|kind| Demand {
        lab: manifest.id.clone(),
        kind,
        needs: manifest.needs(kind).to_vec(),
        ports: ports(manifest, kind),
    });
    Ok(Scope {
        title: manifest.id.clone(),
        demands: demands.collect(),
        root: root.to_owned(),
        made: false,
        own_ports: held,
    })
}

fn everything(session: &Session, kind: Option<RuntimeKind>) -> Result<Scope> {
    let mut all = Scope {
        title: "all labs".to_owned(),
        demands: Vec::new(),
        root: session.folder.clone(),
        made: false,
        own_ports: Vec::new(),
    };
    for id in session.source.ids()? {
        let manifest = with_defaults(session.source.lab(&id)?.manifest);
        if kind.is_none_or(|kind| manifest.runtimes().contains(&kind)) {
            all.demands.extend(scope(&manifest, &session.folder, kind, Vec::new())?.demands);
        }
    }
    Ok(all)
}

fn ports(manifest: &Manifest, kind: RuntimeKind) -> Vec<u16> {
    manifest.endpoints(kind).values().filter_map(|url| net::own_port(url)).collect()
}

/// A lab that is not generated yet listens where its defaults say.
fn with_defaults(mut manifest: Manifest) -> Manifest {
    let ports: Vec<(String, String)> = manifest
        .vars
        .iter()
        .filter(|(_, var)| var.kind == VarKind::Port)
        .filter_map(|(name, var)| Some((format!("<[ {name} ]>"), var.default.as_ref()?.to_string())))
        .collect();
    for endpoint in manifest.endpoint.values_mut() {
        for url in [&mut endpoint.local, &mut endpoint.compose].into_iter().flatten() {
            for (hole, port) in &ports {
                *url = url.replace(hole, port);
            }
        }
    }
    manifest
}

impl View for Diagnosis {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        doctor::human(&self.report, out, self.verbose)
    }

    fn exit(&self) -> Exit {
        self.report.exit()
    }
}
