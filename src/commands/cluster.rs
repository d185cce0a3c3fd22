//! `cluster`: the cluster on this machine, for the runtime that needs one.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use super::{Session, View};
use crate::catalog::manifest::{Need, RuntimeKind};
use crate::catalog::units::VersionReq;
use crate::cli::ClusterUp;
use crate::cluster::{self, Down, Lock, Record, Sizes, Status, Step, Tool};
use crate::doctor::{self, Demand, Scope};
use crate::error::{Error, Exit, Result};
use crate::platform::term::{self, BOLD, GOOD};
use crate::workspace;

/// The doctor's probe of one program.
const DOCTOR: Duration = Duration::from_secs(2);

/// `cluster up`
#[derive(Serialize)]
pub(super) struct Up {
    #[serde(flatten)]
    up: cluster::Up,
    dry_run: bool,
    /// Whether the current folder is in a lab that can run there.
    #[serde(skip)]
    in_lab: bool,
}

pub(super) fn up(session: &Session, args: &ClusterUp) -> Result<Up> {
    let sizes = lab_sizes(session)?;
    let tool = tool(args.with)?;
    if !cluster::is_on_path("kubectl") {
        let error = Error::environment("kubectl is not on PATH: a lab in a cluster needs it");
        let error = with_install_hints(error, "kubectl", Need::Kubectl(VersionReq::any()));
        let with = args.with.map_or(String::new(), |tool| format!(" --with {tool}"));
        return Err(error.hint(format!("then: mlops-lab cluster up{with}")));
    }
    // A plan alone changes nothing and takes no lock.
    let lock = if args.dry_run { None } else { Some(Lock::take()?) };
    let up = Up {
        up: cluster::Up::plan(tool, sizes.as_ref())?,
        dry_run: args.dry_run,
        in_lab: sizes.is_some(),
    };
    if !args.dry_run && up.up.step != Step::Nothing {
        term::eprintln(&up.plan());
        up.up.carry_out(&mut session.progress())?;
    }
    drop(lock);
    Ok(up)
}

/// What the lab of the current folder needs; none without a lab, or when it needs no cluster.
fn lab_sizes(session: &Session) -> Result<Option<Sizes>> {
    match session.workspace() {
        Ok(workspace) => {
            let manifest = workspace.manifest();
            let mut kinds = manifest.runtimes().into_iter();
            Ok(kinds.find_map(|kind| Sizes::of(manifest.needs(kind))))
        }
        Err(error) if error.exit() == Exit::Usage => Ok(None),
        // A stranger's lab above this folder is not meant.
        Err(error) if workspace::foreign_above(&session.folder).is_some() => {
            term::eprintln(&format!("note: {error}"));
            Ok(None)
        }
        // A broken lab is not the same as no lab.
        Err(error) => Err(error),
    }
}

/// The tool that makes the cluster.
fn tool(named: Option<Tool>) -> Result<Tool> {
    let mut on_path = Tool::ALL.to_vec();
    on_path.retain(|tool| cluster::is_on_path(tool.name()));
    let install = |tool: Tool| format!("install {tool}: {}", tool.page());
    match cluster::choose(named, Record::load()?.as_ref(), &on_path) {
        Some(tool) if on_path.contains(&tool) => Ok(tool),
        Some(tool) => {
            let error = Error::environment(format!("{tool} is not on PATH"));
            let others = on_path.into_iter().filter(|_| named.is_some());
            let again = named.map_or(String::new(), |tool| format!(" --with {tool}"));
            let error =
                error.hint(install(tool)).hint(format!("then: mlops-lab cluster up{again}"));
            Err(others.fold(error, |error, other| {
                error.hint(format!("or use {other}: mlops-lab cluster up --with {other}"))
            }))
        }
        None => {
            let names = Tool::ALL.map(Tool::name).join(", ");
            let error = Error::environment(format!(
                "there is nothing to make a cluster with: none of {names} is on PATH"
            ));
            let error = with_install_hints(error, "kind", Need::Kind(VersionReq::any()));
            let others = Tool::ALL.into_iter().filter(|tool| *tool != Tool::Kind);
            Err(others
                .fold(error, |error, tool| error.hint(format!("or {}", install(tool))))
                .hint("then: mlops-lab cluster up"))
        }
    }
}

/// The command with which a lab uses a cluster.
fn use_it(context: &str) -> String {
    format!("mlops-lab up --runtime kubernetes --context {context}")
}

/// Adds what the doctor knows about installing a program.
fn with_install_hints(error: Error, program: &str, need: Need) -> Error {
    let (kind, ports) = (RuntimeKind::default(), Vec::new());
    let demand = Demand { lab: cluster::NAME.to_owned(), kind, needs: vec![need], ports };
    let report = doctor::run(&Scope { demands: vec![demand], ..Scope::default() }, DOCTOR);
    let hints = report.findings.iter().flat_map(|finding| &finding.hints);
    hints.fold(error, |error, hint| error.hint(format!("install {program}: {}", hint.line())))
}

impl Up {
    /// What it would do, in lines.
    fn plan(&self) -> String {
        let cluster::Up { name, tool, kubernetes, step, commands, needs, limits, cost, .. } =
            &self.up;
        let what = match step {
            Step::Create => format!("{tool} makes the cluster {name}, Kubernetes {kubernetes}:"),
            Step::Recreate => format!("{tool} replaces the unfinished cluster {name}:"),
            Step::Start => format!("{tool} starts the cluster {name}:"),
            Step::Nothing => format!("the cluster {name} is running: nothing to do"),
        };
        let mut text = what;
        for command in commands {
            let _ = write!(text, "\n  {BOLD}{}{BOLD:#}", term::escape_line(command));
        }
        let for_whom = if self.in_lab { "this lab" } else { "most labs" };
        let _ = write!(text, "\nneeds:  {needs}, for {for_whom} and the control plane");
        let _ = write!(text, "\nlimits: {limits}");
        if let Some(cost) = cost {
            let _ = write!(text, "\ncosts:  {cost}");
        }
        text
    }
}

impl View for Up {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let cluster::Up { name, tool, context, step, note, .. } = &self.up;
        if self.dry_run {
            writeln!(out, "{}", self.plan())?;
        } else {
            let was = if *step == Step::Nothing { ", already running" } else { "" };
            writeln!(out, "{GOOD}up{GOOD:#}: the cluster {name}, made with {tool}{was}")?;
        }
        if let Some(note) = note {
            writeln!(out, "note: {note}")?;
        }
        if self.dry_run && *step != Step::Nothing {
            return writeln!(out, "\nnext: mlops-lab cluster up --with {tool}");
        }
        let place = if self.in_lab { "" } else { ", in a lab" };
        writeln!(out, "\nnext{place}: {}", use_it(context))
    }
}

pub(super) fn down(session: &Session) -> Result<Down> {
    let _lock = Lock::take()?;
    cluster::down(&mut session.progress())
}

impl View for Down {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Down { name, tool, removed, namespaces } = self;
        match tool {
            Some(tool) if *removed => {
                writeln!(out, "removed: the cluster {name}, made with {tool}")?;
            }
            Some(tool) => writeln!(out, "{tool} has no cluster {name} any more")?,
            None => writeln!(out, "there was no cluster {name}")?,
        }
        if !namespaces.is_empty() {
            let names: Vec<String> =
                namespaces.iter().map(|name| term::escape_line(name)).collect();
            writeln!(out, "with what labs had in it: {}", names.join(", "))?;
        }
        writeln!(out, "\nnext: mlops-lab cluster up")
    }
}

pub(super) fn status() -> Result<Status> {
    cluster::status()
}

impl View for Status {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let name = self.name;
        let (Some(tool), Some(context)) = (self.tool, self.context) else {
            writeln!(out, "there is no cluster {name} that `mlops-lab cluster up` made")?;
            for tool in &self.others {
                writeln!(out, "{tool} has one of this name, which is left alone")?;
            }
            return match self.others.first() {
                Some(tool) => writeln!(out, "\nnext, in a lab: {}", use_it(tool.context())),
                None => writeln!(out, "\nnext: mlops-lab cluster up"),
            };
        };
        writeln!(out, "{BOLD}{name}{BOLD:#}, made with {tool}")?;
        writeln!(out, "  context  {context}")?;
        let server = self.server.as_deref().map(term::escape_line);
        let at = server.map(|server| format!(" at {server}")).unwrap_or_default();
        match (&self.kubernetes, &self.trouble) {
            (Some(version), None) => {
                writeln!(out, "  API      {}{at}", term::escape_line(version))?
            }
            (_, trouble) => {
                let why = trouble.as_deref().unwrap_or("no answer");
                writeln!(out, "  API      not reachable{at}: {}", term::escape_line(why))?;
                return writeln!(out, "\nnext: mlops-lab cluster up");
            }
        }
        for namespace in &self.namespaces {
            let name = term::escape_line(&namespace.name);
            writeln!(
                out,
                "  lab      {} in the namespace {name}",
                term::escape_line(&namespace.project)
            )?;
        }
        if self.namespaces.is_empty() {
            writeln!(out, "  labs     none")?;
        }
        writeln!(out, "\nnext, in a lab: {}", use_it(context))
    }

    fn exit(&self) -> Exit {
        match (self.there, &self.trouble) {
            (false, _) => Exit::No,
            (true, None) => Exit::Done,
            (true, Some(_)) => Exit::Environment,
        }
    }
}
