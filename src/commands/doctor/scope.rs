//! From the arguments and the current folder to what the doctor examines.

use std::collections::BTreeSet;
use std::path::Path;

use crate::catalog::manifest::{Need, RuntimeKind, VarKind};
use crate::catalog::{Manifest, Source};
use crate::cli;
use crate::commands::Session;
use crate::commands::consent::{self, Purpose};
use crate::doctor::{Demand, Scope};
use crate::error::{Error, Exit, Result};
use crate::platform::host::Root;
use crate::platform::{net, term};
use crate::runtime;
use crate::workspace::{self, Workspace};

/// What the arguments and the current folder mean.
pub(super) fn of_args(session: &Session, args: &cli::Doctor) -> Result<Scope> {
    let kind = args.runtime;
    let scope = match (args.lab.as_deref(), session.workspace()) {
        (None, Ok(workspace)) => {
            let workspace = if session.trust {
                consent::require(session, workspace, Purpose::Judge)?
            } else {
                workspace
            };
            let held = runtime::own_ports(&workspace);
            let scope = of_lab(workspace.manifest(), workspace.root(), kind, held)?;
            let trusted = consent::trusted_or_note(&workspace, &left_out(&scope))?;
            let mut kinds = scope.demands.iter().map(|demand| demand.kind);
            let environment = kinds.find_map(|kind| runtime::python_trouble(&workspace, kind));
            Scope {
                generated: true,
                environment,
                ..if trusted { scope } else { without_chosen(scope) }
            }
        }
        (Some(id), _) => {
            let lab = session.sources.lab(id)?;
            let manifest = with_defaults(lab.manifest);
            from_source(
                session,
                &[lab.source],
                of_lab(&manifest, &session.folder, kind, Vec::new())?,
            )
        }
        // A lab of somebody else above is not meant.
        (None, Err(error)) if workspace::foreign_above(&session.folder).is_some() => {
            term::eprintln(&format!("note: {error}"));
            all_labs(session, kind)?
        }
        // A broken lab is not «no lab»: report it instead of checking something else.
        (None, Err(error)) if error.exit() != Exit::Usage => return Err(error),
        (None, Err(_)) => all_labs(session, kind)?,
    };
    let root = match &args.root {
        None => Root::default(),
        Some(root) => {
            let root = session.folder.join(root);
            if !root.is_dir() {
                return Err(Error::usage(format!("--root: there is no folder {}", root.display())));
            }
            Root(root)
        }
    };
    let (only, skip) = (args.only.clone(), args.skip.clone());
    let here = session.workspace().ok().filter(|_| args.lab.is_none());
    let context = named_context(args.context.clone(), here.as_ref())?;
    Ok(Scope { only, skip, context, online: args.online, root, ..scope })
}

/// Whether a need names a program to run, or an address to contact, that the lab chose.
fn is_chosen_by_lab(need: &Need) -> bool {
    matches!(need, Need::Tool(_) | Need::Images(_))
}

fn without_chosen(mut scope: Scope) -> Scope {
    scope.demands.iter_mut().for_each(|demand| demand.needs.retain(|need| !is_chosen_by_lab(need)));
    scope
}

/// A pack comes from somebody, too: what its labs chose is run or contacted only with --trust.
fn from_source(session: &Session, sources: &[Source], scope: Scope) -> Scope {
    let chosen = scope.demands.iter().any(|demand| demand.needs.iter().any(is_chosen_by_lab));
    if !chosen || session.trust || sources.iter().all(|source| *source == Source::Embedded) {
        return scope;
    }
    term::eprintln(&format!("note: this pack is not trusted (--trust): {}", left_out(&scope)));
    without_chosen(scope)
}

/// What is skipped of a lab that is not trusted.
fn left_out(scope: &Scope) -> String {
    let needs =
        scope.demands.iter().flat_map(|demand| &demand.needs).filter(|need| is_chosen_by_lab(need));
    let needs: BTreeSet<String> = needs.map(ToString::to_string).collect();
    if needs.is_empty() {
        return "what it would run is skipped".to_owned();
    }
    let needs: Vec<String> =
        needs.iter().map(|need| term::escape(need).replace('\n', " ")).collect();
    format!("skipped, as the lab chooses what is run or contacted: {}", needs.join("; "))
}

/// The context as named, else the one that the lab was deployed to, which was named or local then.
pub(super) fn named_context(
    named: Option<String>,
    workspace: Option<&Workspace>,
) -> Result<Option<String>> {
    match (named, workspace) {
        (None, Some(workspace)) => Ok(workspace.cluster()?.map(|cluster| cluster.context)),
        (named, _) => Ok(named),
    }
}

/// What a lab needs in one of its runtimes, or in all.
pub(super) fn of_lab(
    manifest: &Manifest,
    root: &Path,
    kind: Option<RuntimeKind>,
    held: Vec<u16>,
) -> Result<Scope> {
    let offered = manifest.runtimes();
    if let Some(kind) = kind
        && !offered.contains(&kind)
    {
        return Err(Error::usage(format!(
            "the lab `{}` does not offer the runtime `{kind}`",
            manifest.id
        )));
    }
    let wider =
        (kind.is_some() && offered.len() > 1).then(|| format!("mlops-lab doctor {}", manifest.id));
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
        folder: root.to_owned(),
        own_ports: held,
        wider,
        ..Scope::default()
    })
}

fn all_labs(session: &Session, kind: Option<RuntimeKind>) -> Result<Scope> {
    let mut all =
        Scope { title: "all labs".to_owned(), folder: session.folder.clone(), ..Scope::default() };
    let sources = session.sources.meant();
    for source in sources {
        for id in source.ids()? {
            let manifest = with_defaults(source.lab(&id)?.manifest);
            if kind.is_none_or(|kind| manifest.runtimes().contains(&kind)) {
                all.demands.extend(of_lab(&manifest, &session.folder, kind, Vec::new())?.demands);
            }
        }
    }
    Ok(from_source(session, sources, all))
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
        .filter_map(|(name, var)| {
            Some((format!("<[ {name} ]>"), var.default.as_ref()?.to_string()))
        })
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
