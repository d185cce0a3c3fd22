//! `up`: building images, starting containers, waiting until the lab is ready.

use std::time::{Duration, Instant};

use super::command::compose;
use super::container::{Container, containers, known, last_words};
use super::down::remove;
use super::whose::mine;
use super::{BUILD, KIND, QUERY_TIMEOUT, images, plan};
use crate::catalog::manifest::Compose;
use crate::error::{Error, Result};
use crate::platform::fs::Kind;
use crate::platform::process::{self, LogOptions};
use crate::platform::term::Progress;
use crate::platform::world::World;
use crate::platform::{clock, inside};
use crate::runtime::offline::Folder;
use crate::runtime::{Changes, Options, Restart, context, free_ports, places, python, ready};
use crate::workspace::{Containers, Workspace};

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
    python::prepare(ws, KIND, plan.python.as_ref(), options, progress)?;
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
        Restart::All | Restart::Only(_) => "requested".to_owned(),
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
    build(ws, options, how, progress)?;
    progress.start("starting the containers");
    let mut up = vec!["--progress", "plain", "up", "--detach", "--remove-orphans"];
    if options.offline.is_some() {
        up.extend(["--no-build", "--pull", "never"]);
    }
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
    progress.start("waiting until ready");
    let context = context(ws, KIND)?;
    let mut looked = Instant::now();
    for check in &plan.ready {
        ready::wait(check, &context, world, progress, &mut || {
            if looked.elapsed() < POLL_INTERVAL {
                return Ok(());
            }
            looked = Instant::now();
            match containers(ws)?.into_iter().find(Container::dead) {
                None => Ok(()),
                Some(container) => {
                    let what = if container.state == "restarting" {
                        "keeps restarting".to_owned()
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

/// Builds the images; without a network from those that were fetched.
fn build(
    ws: &Workspace,
    options: &Options,
    how: LogOptions<'_>,
    progress: &mut dyn Progress,
) -> Result<()> {
    const ARGS: [&str; 3] = ["--progress", "plain", "build"];
    let Some(folder) = options.offline.clone().map(Folder) else {
        progress.start("building the images");
        process::run_logged(&compose(ws, &ARGS, BUILD)?, how, progress)?;
        progress.done("");
        return Ok(());
    };
    let over = images::bring(ws, &folder, options.verbose, progress)?.display().to_string();
    progress.start("building the images");
    let args = [&["--file", &over], &ARGS[..]].concat();
    process::run_logged(&compose(ws, &args, BUILD)?, how, progress).map_err(|error| {
        error.hint(
            "builds have no network here: what needs one was fetched only of stages that copy \
             files one by one",
        )
    })?;
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

/// Adds what the dead containers printed last.
fn with_last_words(ws: &Workspace, error: Error) -> Error {
    let dead: Vec<Container> =
        containers(ws).unwrap_or_default().into_iter().filter(Container::dead).collect();
    let mut words = error.detail_text().map(str::to_owned).unwrap_or_default();
    for container in dead {
        words.push_str(&format!(
            "\n{} printed last:\n{}",
            container.service,
            last_words(&container.name, QUERY_TIMEOUT).join("\n")
        ));
    }
    error.detail(words.trim().to_owned())
}

/// How often the containers themselves are looked at while the lab is not ready.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
