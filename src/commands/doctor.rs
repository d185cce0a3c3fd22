//! `doctor`: what this machine lacks.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::consent::{self, Purpose};
use super::{Session, View};
use crate::catalog::manifest::{Need, RuntimeKind, VarKind};
use crate::catalog::{Manifest, Source};
use crate::cli::{self, Format};
use crate::doctor::{self, Demand, Report, Scope};
use crate::error::{Error, Exit, Result};
use crate::platform::host::Root;
use crate::platform::term::{self, BOLD, Progress};
use crate::platform::{clock, net, process};
use crate::runtime;
use crate::workspace::{self, Workspace};

/// How often an engine or a cluster that is starting is asked again.
const AGAIN: Duration = Duration::from_secs(1);

#[derive(Serialize)]
pub(super) struct Diagnosis {
    #[serde(flatten)]
    report: Report,
    #[serde(skip)]
    format: Format,
    #[serde(skip)]
    verbose: bool,
}

pub(super) fn run(session: &Session, args: &cli::Doctor) -> Result<Exit> {
    if args.list {
        return session.show(&Checks(doctor::all().map(Row::from).collect()));
    }
    if session.json && !matches!(args.format, Format::Text | Format::Json) {
        return Err(Error::usage("--json and --format ask for different things")
            .hint("leave one of them out"));
    }
    doctor::known(&args.only)?;
    doctor::known(&args.skip)?;
    let scope = asked(session, args)?;
    let within = args.timeout.0;
    let mut report = doctor::examine(&scope, within);
    clock::interrupted()?;
    if report.findings.is_empty() {
        return Err(Error::usage("none of these checks belongs to what was asked about")
            .hint("see what does: mlops-lab doctor --list"));
    }
    if let Some(wait) = args.wait {
        report = healed(session, &scope, within, wait.0, report)?;
    }
    if args.fix && fix(&report, args.yes)? {
        report = doctor::examine(&scope, within);
    }
    let report = report.strict(args.strict);
    let report = if args.report {
        doctor::redact(report, &doctor::Private::look(&scope.root))
    } else {
        report
    };
    session.show(&Diagnosis { report, format: args.format, verbose: args.verbose || args.report })
}

/// What the arguments and the place where we stand ask about.
fn asked(session: &Session, args: &cli::Doctor) -> Result<Scope> {
    let kind = args.runtime;
    let scope = match (args.lab.as_deref(), session.workspace()) {
        (None, Ok(workspace)) => {
            let workspace = if session.trust {
                consent::require(session, workspace, Purpose::Judge)?
            } else {
                workspace
            };
            let held = runtime::own_ports(&workspace);
            let scope = scope(workspace.manifest(), workspace.root(), kind, held)?;
            let trusted = consent::trusted_or_note(&workspace, &left_out(&scope))?;
            let mut kinds = scope.demands.iter().map(|demand| demand.kind);
            let environment = kinds.find_map(|kind| runtime::python_trouble(&workspace, kind));
            Scope { made: true, environment, ..if trusted { scope } else { without_names(scope) } }
        }
        (Some(id), _) => {
            let manifest = with_defaults(session.source.lab(id)?.manifest);
            of_source(session, scope(&manifest, &session.folder, kind, Vec::new())?)
        }
        // A stranger's lab above is none of ours.
        (None, Err(error)) if workspace::foreign_above(&session.folder).is_some() => {
            term::eprintln(&format!("note: {error}"));
            everything(session, kind)?
        }
        // A broken lab is not «no lab»: say so instead of checking something else.
        (None, Err(error)) if error.exit() != Exit::Usage => return Err(error),
        (None, Err(_)) => everything(session, kind)?,
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
    let context = meant(args.context.clone(), here.as_ref())?;
    Ok(Scope { only, skip, context, online: args.online, root, ..scope })
}

/// Whether a need names a program that would be run, or an address that would be asked, as the lab
/// likes.
fn names(need: &Need) -> bool {
    matches!(need, Need::Tool(_) | Need::Images(_))
}

fn without_names(mut scope: Scope) -> Scope {
    scope.demands.iter_mut().for_each(|demand| demand.needs.retain(|need| !names(need)));
    scope
}

/// A pack is somebody's, too: what its labs name is run, or asked, when it is said to be trusted.
fn of_source(session: &Session, scope: Scope) -> Scope {
    let named = scope.demands.iter().any(|demand| demand.needs.iter().any(names));
    if !named || session.trust || session.source == Source::Embedded {
        return scope;
    }
    term::eprintln(&format!(
        "note: this pack was not said to be trusted (--trust): {}",
        left_out(&scope)
    ));
    without_names(scope)
}

/// What is not looked at of a lab that is not trusted.
fn left_out(scope: &Scope) -> String {
    let needs = scope.demands.iter().flat_map(|demand| &demand.needs).filter(|need| names(need));
    let needs: BTreeSet<String> = needs.map(ToString::to_string).collect();
    if needs.is_empty() {
        return "what it would run is not looked at".to_owned();
    }
    let needs: Vec<String> =
        needs.iter().map(|need| term::escape(need).replace('\n', " ")).collect();
    format!("not looked at, as the lab decides what would be run or asked: {}", needs.join("; "))
}

/// Asks again what may heal by itself, until it has or the time is over; then everything once more.
fn healed(
    session: &Session,
    scope: &Scope,
    within: Duration,
    wait: Duration,
    first: Report,
) -> Result<Report> {
    let end = Instant::now() + wait;
    let mut waiting = doctor::heals(&first);
    if waiting.is_empty() {
        return Ok(first);
    }
    let mut progress = session.progress();
    while let Some(id) = waiting.first().cloned() {
        progress.start(&format!("waiting for {id}"));
        loop {
            clock::pause(AGAIN.min(end.saturating_duration_since(Instant::now())))?;
            // The client is looked at too: it decides what some answers of the engine mean.
            let only = vec![id.clone(), "docker.client".to_owned(), "kubectl".to_owned()];
            let again = doctor::examine(&Scope { only, ..scope.clone() }, within);
            if !doctor::heals(&again).contains(&id) {
                progress.done("");
                break;
            }
            if Instant::now() >= end {
                progress.note(&format!("{id} did not come within {} s", wait.as_secs()));
                return Ok(doctor::examine(scope, within));
            }
        }
        waiting.remove(0);
    }
    Ok(doctor::examine(scope, within))
}

/// Shows the first command that mends each failure, asks, and runs it; whether anything was run.
fn fix(report: &Report, yes: bool) -> Result<bool> {
    let mut ran = false;
    let mut shown: Vec<String> = Vec::new();
    for finding in report.troubles() {
        let Some(cmd) =
            finding.hints.iter().filter(|hint| hint.fix).find_map(|hint| hint.cmd.clone())
        else {
            continue;
        };
        if shown.contains(&cmd) {
            continue;
        }
        term::eprintln(&format!(
            "{}: {}\n  {BOLD}{cmd}{BOLD:#}",
            finding.id,
            term::escape(&finding.title)
        ));
        shown.push(cmd.clone());
        if yes || term::confirm("  run it?") {
            let ended = process::run_in_foreground(&cmd)?;
            clock::interrupted()?;
            ran = true;
            if ended != process::Ended::Code(0) {
                term::eprintln(&format!("  it ended with {ended}"));
            }
        } else {
            term::eprintln("  not run");
        }
    }
    if shown.is_empty() {
        term::eprintln("there is nothing that a command of ours could mend");
    } else if !yes && !term::attended() {
        term::eprintln(
            "nothing was run; to run these without being asked: mlops-lab doctor --fix --yes",
        );
    }
    Ok(ran)
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
        Err(_) => doctor::examine(&Scope::default(), within),
    }
}

/// The check at the head of `up`: an error only for what makes the runtime impossible.
pub(super) fn gate(
    workspace: &Workspace,
    kind: RuntimeKind,
    context: Option<String>,
    within: Duration,
) -> Result<()> {
    let mut scope = scope(workspace.manifest(), workspace.root(), Some(kind), Vec::new())?;
    scope.context = meant(context, Some(workspace))?;
    // `up` itself looks at the ports, with its own services in mind.
    scope.demands.iter_mut().for_each(|demand| demand.ports.clear());
    let report = doctor::examine(&scope, within);
    match doctor::impossible(&report, kind) {
        None => Ok(()),
        Some(finding) => {
            let mut error = Error::environment(format!(
                "the runtime {kind} cannot work here: {}: {}",
                finding.id, finding.title
            ));
            for hint in &finding.hints {
                error = error.hint(match &hint.cmd {
                    Some(cmd) if hint.text.is_empty() => cmd.clone(),
                    Some(cmd) => format!("{}: {cmd}", hint.text),
                    None => hint.text.clone(),
                });
            }
            for other in workspace.manifest().runtimes().into_iter().filter(|other| *other != kind)
            {
                if works(workspace, other, within)? {
                    error = error.hint(format!("this works here: mlops-lab up --runtime {other}"));
                }
            }
            Err(error.hint("all of it: mlops-lab doctor"))
        }
    }
}

/// The context that is meant: as named, else the one that the lab was brought to, which was named
/// or local then.
fn meant(named: Option<String>, workspace: Option<&Workspace>) -> Result<Option<String>> {
    match (named, workspace) {
        (None, Some(workspace)) => Ok(workspace.cluster()?.map(|cluster| cluster.context)),
        (named, _) => Ok(named),
    }
}

/// Whether another runtime of the lab can work here.
fn works(workspace: &Workspace, kind: RuntimeKind, within: Duration) -> Result<bool> {
    let mut scope = scope(workspace.manifest(), workspace.root(), Some(kind), Vec::new())?;
    scope.demands.iter_mut().for_each(|demand| demand.ports.clear());
    let report = doctor::examine(&scope, within);
    Ok(report.runtimes.values().all(|verdict| verdict.status.works()))
}

fn scope(
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

fn everything(session: &Session, kind: Option<RuntimeKind>) -> Result<Scope> {
    let mut all =
        Scope { title: "all labs".to_owned(), folder: session.folder.clone(), ..Scope::default() };
    for id in session.source.ids()? {
        let manifest = with_defaults(session.source.lab(&id)?.manifest);
        if kind.is_none_or(|kind| manifest.runtimes().contains(&kind)) {
            all.demands.extend(scope(&manifest, &session.folder, kind, Vec::new())?.demands);
        }
    }
    Ok(of_source(session, all))
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

impl View for Diagnosis {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.format {
            Format::Text | Format::Json => {
                doctor::human(&self.report, out, self.verbose, term::columns())
            }
            Format::Junit => {
                writeln!(
                    out,
                    "{}",
                    doctor::junit(&self.report).map_err(io::Error::other)?.trim_end()
                )
            }
            Format::Github => write!(out, "{}", doctor::github(&self.report)),
        }
    }

    fn exit(&self) -> Exit {
        self.report.verdict()
    }
}

/// `doctor --list`
#[derive(Serialize)]
#[serde(transparent)]
struct Checks(Vec<Row>);

#[derive(Serialize)]
struct Row {
    id: &'static str,
    group: &'static str,
    about: &'static str,
    classes: &'static [&'static str],
}

impl From<&'static doctor::Kind> for Row {
    fn from(kind: &'static doctor::Kind) -> Row {
        Row { id: kind.id, group: kind.group.title(), about: kind.about, classes: kind.classes }
    }
}

impl View for Checks {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let width = self.0.iter().map(|row| row.id.len()).max().unwrap_or(0);
        for row in &self.0 {
            writeln!(out, "{:width$}  {}", row.id, row.about)?;
        }
        writeln!(out, "\nnext: mlops-lab doctor --only ID, or --skip ID")
    }
}
