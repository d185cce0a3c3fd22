//! The commands of docker that a lab runs, with the lab's own project and files.

use std::time::Duration;

use super::QUERY_TIMEOUT;
use crate::error::Result;
use crate::platform::fs::Kind;
use crate::platform::inside;
use crate::platform::process::{self, Captured, Command, Ended};
use crate::workspace::Workspace;

/// The learner's own changes of the containers, as compose knows them.
const OVERRIDE: &str = "compose.override.yaml";

/// What compose calls the lab: what was noted goes before what an update has changed since.
pub(super) fn project(ws: &Workspace) -> String {
    ws.containers().map_or_else(|| ws.project(), |noted| noted.project)
}

/// Whether a file for compose is there. A link or a FIFO is refused rather than passed over:
/// compose would follow it, or wait.
fn regular(ws: &Workspace, file: &str) -> Result<bool> {
    let cannot = |error| inside::cannot("read", ws.root(), file)(error);
    match inside::kind(ws.root(), file).map_err(cannot)? {
        Kind::Other => inside::open(ws.root(), file).map(|_| true).map_err(cannot),
        kind => Ok(kind == Kind::File),
    }
}

/// `docker compose -p PROJECT -f FILE ...`
pub(super) fn compose(ws: &Workspace, args: &[&str], within: Duration) -> Result<Command> {
    let file = ws
        .manifest()
        .runtime
        .compose
        .as_ref()
        .map(|compose| compose.file.clone())
        .unwrap_or_default();
    let mut argv = vec!["docker".to_owned(), "compose".to_owned(), "-p".to_owned(), project(ws)];
    // Without its file, compose still finds by their labels what it made.
    if regular(ws, &file)? {
        // What compose itself would lay over its file.
        let over = [OVERRIDE, "compose.override.yml"]
            .into_iter()
            .find(|over| inside::is_file(ws.root(), over));
        let over = over.filter(|_| file == "compose.yaml").map(str::to_owned);
        argv.extend(
            [Some(file), over].into_iter().flatten().flat_map(|file| ["-f".to_owned(), file]),
        );
    }
    argv.extend(args.iter().map(|arg| (*arg).to_owned()));
    ws.compose(&argv, within)
}

/// The same for what looks at or ends all that was ever started: services whose profile is not
/// switched on (any more) count too.
pub(super) fn compose_all(ws: &Workspace, args: &[&str], within: Duration) -> Result<Command> {
    compose(ws, &[&["--profile", "*"], args].concat(), within)
}

/// The same by the project's name alone: compose finds by their labels what it made, whatever has
/// become of its file and of `.env`.
pub(super) fn by_name(ws: &Workspace, args: &[&str], within: Duration) -> Result<Command> {
    let own = project(ws);
    let argv = [&["docker", "compose", "-p", &own], args].concat();
    let argv: Vec<String> = argv.into_iter().map(str::to_owned).collect();
    Ok(ws.tool(&argv, within)?.cwd(ws.run_folder()))
}

pub(super) fn docker(args: &[&str]) -> Option<Captured> {
    docker_within(args, QUERY_TIMEOUT)
}

pub(super) fn docker_within(args: &[&str], within: Duration) -> Option<Captured> {
    process::capture(&Command::new("docker", within).args(args))
        .ok()
        .filter(|captured| captured.ended == Ended::Code(0))
}
