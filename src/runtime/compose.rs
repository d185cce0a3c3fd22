//! The runtime `compose`: the same verbs over `docker compose`.

mod left;
mod whose;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Deserialize;

pub(super) use left::{images, leftovers, memory};

use super::logs::Wanted;
use super::state::{Service, State};
use super::status::{Glance, first_unready};
use super::{Changes, Options, Restart, context, free_ports, places, python, ready};
use crate::catalog::manifest::{Compose, RuntimeKind};
use crate::error::{Error, Result, unknown};
use crate::platform::fs::Kind;
use crate::platform::process::{self, Captured, Command, Ended, LogOptions};
use crate::platform::term::Progress;
use crate::platform::world::World;
use crate::platform::{clock, inside};
use crate::workspace::{Containers, Workspace};
use whose::{folders_of, mine, same};

/// Images that are built or pulled for the first time.
const BUILD: Duration = Duration::from_secs(30 * 60);

/// A question to Docker.
const ASK: Duration = Duration::from_secs(15);

/// Stopping containers that drain.
const STOP: Duration = Duration::from_secs(120);

/// How often the containers themselves are looked at while the lab is not ready.
const LOOK: Duration = Duration::from_secs(1);

const KIND: RuntimeKind = RuntimeKind::Compose;

/// The learner's own changes of the containers, as compose knows them.
const OVERRIDE: &str = "compose.override.yaml";

/// One line of `docker compose ps --format json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Container {
    #[serde(default)]
    service: String,
    #[serde(default)]
    name: String,
    #[serde(default, rename = "ID")]
    id: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    exit_code: i32,
    #[serde(default)]
    labels: String,
}

impl Container {
    /// What compose made of its settings when it made it.
    fn hash(&self) -> Option<&str> {
        self.labels
            .split(',')
            .find_map(|label| label.strip_prefix("com.docker.compose.config-hash="))
    }

    fn dead(&self) -> bool {
        matches!(self.state.as_str(), "dead" | "restarting")
            || (self.state == "exited" && self.exit_code != 0)
    }
}

fn plan(ws: &Workspace) -> Result<&Compose> {
    ws.manifest()
        .runtime
        .compose
        .as_ref()
        .ok_or_else(|| Error::usage("this lab does not offer the runtime compose"))
}

/// What compose calls the lab: what was noted goes before what an update has changed since.
fn project(ws: &Workspace) -> String {
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
fn compose(ws: &Workspace, args: &[&str], within: Duration) -> Result<Command> {
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
fn compose_all(ws: &Workspace, args: &[&str], within: Duration) -> Result<Command> {
    compose(ws, &[&["--profile", "*"], args].concat(), within)
}

/// The same by the project's name alone: compose finds by their labels what it made, whatever has
/// become of its file and of `.env`.
fn by_name(ws: &Workspace, args: &[&str], within: Duration) -> Result<Command> {
    let own = project(ws);
    let argv = [&["docker", "compose", "-p", &own], args].concat();
    let argv: Vec<String> = argv.into_iter().map(str::to_owned).collect();
    Ok(ws.tool(&argv, within)?.cwd(ws.run_folder()))
}

fn docker(args: &[&str]) -> Option<Captured> {
    docker_within(args, ASK)
}

fn docker_within(args: &[&str], within: Duration) -> Option<Captured> {
    process::capture(&Command::new("docker", within).args(args))
        .ok()
        .filter(|captured| captured.ended == Ended::Code(0))
}

pub(super) fn up(
    ws: &Workspace,
    options: &Options,
    world: &dyn World,
    progress: &mut dyn Progress,
) -> Result<Changes> {
    let plan = plan(ws)?;
    mine(ws)?;
    let before = containers(ws)?;
    let running = before.iter().any(|container| container.state == "running");
    if !running {
        free_ports(ws, KIND)?;
    }
    python::prepare(ws, KIND, plan.python.as_ref(), options.verbose, progress)?;
    open_mounts(ws, plan, progress)?;
    // Written before anything is made: after a kill in the middle `down` knows that there is
    // something to look for.
    ws.note_containers(&Containers {
        project: ws.project(),
        root: ws.root().to_owned(),
        up: true,
    })?;
    let result = build_and_start(ws, plan, options, world, progress);
    // After Ctrl-C no command of ours is begun any more; it is written down that there may be
    // containers.
    clock::interrupted()
        .map_err(|error| error.hint("some containers may be there already: mlops-lab down"))?;
    if result.is_err() && !running {
        // Nothing half done. The first error is the one to tell.
        let _ = remove(ws, false, progress);
    }
    result?;
    let mut changes = Changes::default();
    for container in containers(ws)? {
        match before.iter().find(|old| old.service == container.service && !old.dead()) {
            Some(old) if old.id == container.id => {}
            Some(_) => drop(changes.restarted.insert(container.service, why(&options.restart))),
            None => changes.started.push(container.service),
        }
    }
    Ok(changes)
}

/// Lets the users of the containers read what is mounted from the project: a strict umask has kept
/// it for its owner.
fn open_mounts(ws: &Workspace, plan: &Compose, progress: &mut dyn Progress) -> Result<()> {
    let there =
        |path: &&String| inside::kind(ws.root(), path).is_ok_and(|kind| kind != Kind::Missing);
    for path in plan.readable.iter().filter(there) {
        let opened = inside::make_readable(ws.root(), path).map_err(inside::cannot(
            "change the mode of",
            ws.root(),
            path,
        ))?;
        if opened > 0 {
            progress.note(&format!(
                "{path}: made readable for the users in the containers (chmod -R a+rX {path})"
            ));
        }
    }
    Ok(())
}

/// Why compose made a container anew.
fn why(restart: &Restart) -> String {
    match restart {
        Restart::No => "its settings or its image changed".to_owned(),
        Restart::All | Restart::Only(_) => "as asked".to_owned(),
    }
}

fn build_and_start(
    ws: &Workspace,
    plan: &Compose,
    options: &Options,
    world: &dyn World,
    progress: &mut dyn Progress,
) -> Result<()> {
    let (log, record) = (places::log(ws, "compose"), places::passing(ws, "compose"));
    let how =
        LogOptions { log: &log, record: Some(("compose", &record)), verbose: options.verbose };
    progress.start("building the images");
    process::run_logged(&compose(ws, &["--progress", "plain", "build"], BUILD)?, how, progress)?;
    progress.done("");
    progress.start("starting the containers");
    let up = ["--progress", "plain", "up", "--detach", "--remove-orphans"];
    let again = match &options.restart {
        Restart::No => Vec::new(),
        Restart::All => vec![vec!["--force-recreate"]],
        // Those that were named; whatever else changed is made anew as well.
        Restart::Only(_) => {
            let known = known(ws)?;
            let names = options.restart.names(known.iter().map(String::as_str))?;
            let args =
                [vec!["--force-recreate".to_owned(), "--no-deps".to_owned()], names].concat();
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            start(ws, &[&up[..], &args].concat(), how, progress)?;
            Vec::new()
        }
    };
    start(ws, &[&up[..], &again.concat()].concat(), how, progress)?;
    progress.done("");
    progress.start("waiting until it is ready");
    let context = context(ws, KIND)?;
    let mut looked = Instant::now();
    for check in &plan.ready {
        ready::wait(check, &context, world, progress, &mut || {
            if looked.elapsed() < LOOK {
                return Ok(());
            }
            looked = Instant::now();
            match containers(ws)?.into_iter().find(Container::dead) {
                None => Ok(()),
                Some(container) => {
                    let what = if container.state == "restarting" {
                        "restarts again and again".to_owned()
                    } else {
                        format!("ended with exit code {}", container.exit_code)
                    };
                    Err(with_last_words(
                        ws,
                        Error::environment(format!(
                            "the container of {} {what}",
                            container.service
                        )),
                    ))
                }
            }
        })?;
    }
    progress.done("");
    Ok(())
}

fn start(
    ws: &Workspace,
    args: &[&str],
    how: LogOptions<'_>,
    progress: &mut dyn Progress,
) -> Result<()> {
    process::run_logged(&compose(ws, args, BUILD)?, how, progress)
        .map_err(|error| with_last_words(ws, error))
}

/// The services of the compose file.
fn known(ws: &Workspace) -> Result<Vec<String>> {
    let captured = process::capture(&compose_all(ws, &["config", "--services"], ASK)?)
        .map_err(|why| Error::environment(why.to_string()))?;
    Ok(String::from_utf8_lossy(&captured.stdout).lines().map(str::to_owned).collect())
}

/// Adds what the dead containers printed last.
fn with_last_words(ws: &Workspace, error: Error) -> Error {
    let dead: Vec<Container> =
        containers(ws).unwrap_or_default().into_iter().filter(Container::dead).collect();
    let mut words = error.detail_text().map(str::to_owned).unwrap_or_default();
    for container in dead {
        words.push_str(&format!(
            "\n{} printed last:\n{}",
            container.service,
            last_words(&container.name, ASK).join("\n")
        ));
    }
    error.detail(words.trim().to_owned())
}

fn last_words(container: &str, within: Duration) -> Vec<String> {
    let Some(captured) = docker_within(&["logs", "--tail", "8", container], within) else {
        return Vec::new();
    };
    let text = [captured.stdout, captured.stderr].concat();
    String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
}

fn containers(ws: &Workspace) -> Result<Vec<Container>> {
    list(ws, ASK)?.ok_or_else(|| {
        Error::environment(format!("docker compose gave no answer within {} s", ASK.as_secs()))
            .hint("see why: mlops-lab doctor --runtime compose")
    })
}

/// All containers of the lab; none when compose does not say in time.
fn list(ws: &Workspace, within: Duration) -> Result<Option<Vec<Container>>> {
    let captured = process::capture(&by_name(ws, &["ps", "--all", "--format", "json"], within)?)
        .map_err(|why| Error::environment(why.to_string()))?;
    clock::interrupted()?;
    if captured.ended == Ended::TimedOut {
        return Ok(None);
    }
    if captured.ended != Ended::Code(0) {
        return Err(Error::environment("docker compose does not answer")
            .detail(String::from_utf8_lossy(&captured.stderr).trim().to_owned())
            .hint("see why: mlops-lab doctor --runtime compose"));
    }
    let text = String::from_utf8_lossy(&captured.stdout).into_owned();
    // Some versions print one list, others one object a line.
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(&text).map(Some).map_err(|error| {
            Error::environment("unexpected output from docker compose ps").because(error)
        });
    }
    Ok(Some(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()))
}

pub(super) fn down(
    ws: &Workspace,
    purge: bool,
    progress: &mut dyn Progress,
) -> Result<Vec<String>> {
    // A lab whose containers were never started here needs no Docker to go down.
    let noted = ws.containers().filter(|noted| noted.up || purge);
    if noted.is_none() {
        // What is written on containers says whose they are, also when what was noted is lost.
        let found = if purge && ws.manifest().runtime.compose.is_some() {
            folders_of(&ws.project())
        } else {
            None
        };
        if !found.is_some_and(|folders| folders.iter().any(|folder| same(folder, ws.root()))) {
            return Ok(Vec::new());
        }
    }
    mine(ws)?;
    let names: Vec<String> =
        containers(ws)?.into_iter().map(|container| container.service).collect();
    remove(ws, purge, progress)?;
    Ok(names)
}

fn remove(ws: &Workspace, purge: bool, progress: &mut dyn Progress) -> Result<()> {
    progress.start("stopping the containers");
    let mut args = vec!["--progress", "plain", "down", "--remove-orphans"];
    if purge {
        args.extend(["--volumes", "--rmi", "local"]);
    }
    let log = places::log(ws, "compose-down");
    let how = LogOptions { log: &log, record: None, verbose: false };
    // With its file compose knows images of which no container is there; a file or a `.env` that it
    // cannot read holds up nothing.
    let whole = compose_all(ws, &args, STOP)
        .and_then(|command| process::run_logged(&command, how, progress));
    if let Err(error) = whole {
        clock::interrupted()?;
        process::run_logged(&by_name(ws, &args, STOP)?, how, progress).map_err(|_| error)?;
    }
    progress.done("");
    match ws.containers() {
        Some(noted) if !purge => ws.note_containers(&Containers { up: false, ..noted }),
        _ => ws.forget_containers(),
    }
}

/// What runs of the lab in containers, and whether compose would make it otherwise now.
pub(super) fn services(ws: &Workspace, glance: &Glance<'_>) -> Result<Vec<Service>> {
    let checks = &plan(ws)?.ready;
    let (found, verdicts, hashes) = std::thread::scope(|scope| {
        let found = scope.spawn(|| list(ws, glance.left()));
        let hashes = scope.spawn(|| hashes(ws, glance.left()));
        let verdicts = glance.ready(checks.iter());
        let found = found.join().unwrap_or_else(|_| Err(Error::bug("a question that broke off")));
        (found, verdicts, hashes.join().unwrap_or_default())
    });
    let Some(found) = found? else {
        let observed = Some("docker compose ps says nothing in time".to_owned());
        return Ok(vec![Service { observed, ..Service::new("docker", State::NoAnswer) }]);
    };
    let observed = first_unready(&verdicts);
    let state = |container: &Container| match (container.state.as_str(), container.exit_code) {
        ("running", _) if observed.is_none() => State::Ready,
        ("running" | "created" | "starting", _) => State::NotReady,
        ("paused", _) => State::Paused,
        ("exited", 0) => State::Finished,
        _ => State::Dead,
    };
    let words: Vec<Vec<String>> = std::thread::scope(|scope| {
        let dead = |container: &Container| container.dead().then(|| container.name.clone());
        let asked = |name: String| scope.spawn(move || last_words(&name, glance.left()));
        let asked: Vec<_> = found.iter().map(|container| dead(container).map(asked)).collect();
        asked
            .into_iter()
            .map(|asked| asked.and_then(|asked| asked.join().ok()).unwrap_or_default())
            .collect()
    });
    let service = |(container, last_words): (Container, Vec<String>)| {
        let state = state(&container);
        let other = hashes
            .get(&container.service)
            .zip(container.hash())
            .is_some_and(|(now, then)| now != then);
        Service {
            place: Some(container.name),
            observed: observed.clone().filter(|_| state == State::NotReady),
            outdated: other.then(|| "its settings changed".to_owned()),
            last_words,
            ..Service::new(container.service, state)
        }
    };
    Ok(found.into_iter().zip(words).map(service).collect())
}

/// What compose makes of each service's settings now; nothing when it does not say in time.
fn hashes(ws: &Workspace, within: Duration) -> BTreeMap<String, String> {
    let Ok(command) = compose_all(ws, &["config", "--hash", "*"], within) else {
        return BTreeMap::new();
    };
    let captured =
        process::capture(&command).ok().filter(|captured| captured.ended == Ended::Code(0));
    let text = captured.map(|captured| String::from_utf8_lossy(&captured.stdout).into_owned());
    let lines = text.iter().flat_map(|text| text.lines());
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(name, hash)| (name.to_owned(), hash.to_owned()))
        .collect()
}

/// The command that prints what is wanted, and the services that it may name.
pub(super) fn logs(ws: &Workspace, wanted: Wanted<'_>) -> Result<(Command, Vec<String>)> {
    let known = if wanted.service.is_some() || wanted.json { known(ws)? } else { Vec::new() };
    if let Some(name) = wanted.service
        && !known.iter().any(|known| known == name)
    {
        return Err(unknown("service", name, known.iter().map(String::as_str)));
    }
    let lines = wanted.lines.to_string();
    let mut args = vec!["logs", "--tail", &lines];
    if wanted.follow {
        args.push("--follow");
    }
    args.extend(wanted.service);
    Ok((compose_all(ws, &args, BUILD)?, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_that_failed_or_loops_is_dead_and_one_that_did_its_work_is_not() {
        let container = |state: &str, exit_code| Container {
            service: String::new(),
            name: String::new(),
            id: String::new(),
            state: state.to_owned(),
            exit_code,
            labels: String::new(),
        };
        assert!(container("exited", 1).dead() && container("restarting", 0).dead());
        assert!(!container("exited", 0).dead() && !container("running", 0).dead());
    }
}
