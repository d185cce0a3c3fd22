//! `up`: start the lab and say where it is.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::{Session, View, doctor, drill, pasteable, runtime_of};
use crate::catalog::manifest::RuntimeKind;
use crate::cli;
use crate::error::Result;
use crate::platform::term::{self, BOLD, escape};
use crate::platform::world::Machine;
use crate::runtime::{self, Options, Restart};
use crate::workspace::{Restored, Workspace};

#[derive(Serialize)]
pub(super) struct Running {
    #[serde(flatten)]
    up: runtime::Up,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stand_ins: Vec<runtime::StandIn>,
    root: PathBuf,
    open: bool,
    #[serde(skip)]
    enter: Option<PathBuf>,
}

impl Running {
    /// Told after `init --up`: the learner still stands outside the folder.
    pub(super) fn after_init(self, folder: &Path) -> Self {
        Running { enter: Some(folder.to_owned()), ..self }
    }
}

pub(super) fn run(session: &Session, workspace: &Workspace, args: &cli::Up) -> Result<Running> {
    with(session, workspace, args, Restart::No)
}

/// The same, and some services are started again.
pub(super) fn with(
    session: &Session,
    workspace: &Workspace,
    args: &cli::Up,
    restart: Restart,
) -> Result<Running> {
    let kind = runtime_of(workspace, args.runtime)?;
    let restored = workspace.restore_dotenvs()?;
    if let Some(restored) = &restored {
        print_restored(workspace, kind, restored);
    }
    // What makes this runtime impossible is said before anything is started; the ports are the
    // runtime's own to judge.
    let cli::Cluster { context, registry, load } = args.cluster.clone();
    doctor::before_up(workspace, kind, context.clone(), Duration::from_secs(5))?;
    let offline = args.offline.folder.as_ref().map(|folder| session.folder.join(folder));
    let mut progress = session.progress();
    let up = runtime::up(
        workspace,
        kind,
        &Options { verbose: args.verbose, context, registry, load, restart, offline },
        &Machine,
        &mut progress,
    )?;
    drill::resume(workspace, kind)?;
    let open = workspace.manifest().endpoint.values().any(|endpoint| endpoint.open.is_some());
    let stand_ins = runtime::stand_ins(workspace, kind, &Machine)?;
    Ok(Running { up, stand_ins, root: workspace.root().to_owned(), open, enter: None })
}

/// Says that `.env` files were made again, and what new passwords mean for data that is there.
fn print_restored(workspace: &Workspace, kind: RuntimeKind, restored: &Restored) {
    let files = restored.files.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let what = if restored.secrets { "regenerated with new passwords" } else { "regenerated" };
    term::eprintln(&format!("{files}: {what}"));
    let volumes = if restored.secrets { runtime::volumes(workspace, kind) } else { Vec::new() };
    if !volumes.is_empty() {
        term::eprintln(&format!(
            "warning: {} may hold data under the old passwords: restore the old .env,\n\
             or delete the data: mlops-lab down --purge",
            volumes.join(", ")
        ));
    }
}

impl View for Running {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let runtime::Up { runtime, seconds, .. } = &self.up;
        let changes = &self.up.changes;
        if self.up.running {
            writeln!(out, "\n{BOLD}up{BOLD:#} on {runtime} after {seconds:.1} s")?;
        } else {
            writeln!(
                out,
                "\n{BOLD}prepared{BOLD:#} on {runtime} after {seconds:.1} s: nothing runs yet"
            )?;
        }
        for (name, why) in &changes.restarted {
            writeln!(out, "  {}: {}: restarted", escape(name), escape(why))?;
        }
        for name in &changes.stopped {
            writeln!(out, "  {}: no longer part of the lab: stopped", escape(name))?;
        }
        let width = self.up.endpoints.keys().map(String::len).max().unwrap_or(0);
        // An address at which nobody answers yet is none.
        for (name, url) in self.up.endpoints.iter().filter(|_| self.up.running) {
            writeln!(out, "  {name:width$}  {url}")?;
        }
        for (name, path) in &self.up.waiting {
            writeln!(out, "  {name} waits for {path}: run `mlops-lab up` once it exists")?;
        }
        for stand_in in &self.stand_ins {
            stand_in.human(out)?;
        }
        writeln!(out, "\nnext:")?;
        if let Some(folder) = &self.enter {
            writeln!(out, "  cd {}", pasteable(folder))?;
        }
        writeln!(out, "  mlops-lab check")?;
        if self.open && self.up.running {
            writeln!(out, "  mlops-lab open")?;
        }
        writeln!(out, "\nThe course is in README.md. `mlops-lab down` stops everything.")
    }
}
