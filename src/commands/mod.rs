//! One file for each command: arguments in, a [`View`] out. Logic that is worth a test lives in the
//! rooms below.

mod changes;
mod check;
mod cluster;
mod completions;
mod consent;
mod diff;
mod doctor;
mod down;
mod drill;
mod equivalent;
mod fetch;
mod git;
mod hint;
mod init;
mod lab;
mod list;
mod logs;
mod man;
mod next;
mod open;
mod paste;
mod prompts;
mod recovery;
mod restart;
mod session;
mod show;
mod solve;
mod stand_ins;
mod status;
mod undo;
mod up;
mod update;

use std::io::Write;
use std::path::PathBuf;

pub use completions::complete;
use paste::{pasteable, quoted};
use recovery::{change_mark, owns_pending_change, print_recovered, warn_without_files};
pub use session::{Session, View};

use crate::catalog::manifest::RuntimeKind;
use crate::catalog::{Lab, Source, Sources};
use crate::cli::{Cli, ClusterCommand, Command, Format, LabCommand};
use crate::error::{Error, Exit, Result};
use crate::layout;
use crate::platform::watchdog::Watchdog;
use crate::platform::{clock, process, term};
use crate::runtime;
use crate::scaffold;
use crate::workspace::Workspace;

/// Does what a stranger's templates decide the length of. The program ends when that does not. Our
/// own templates end, and so do plain ones.
fn bounded<T>(lab: &Lab, render: impl FnOnce() -> T) -> T {
    const WHAT: &str = "the templates of this lab";
    const HINT: &str = "check the templates for a loop that does not end, or that doubles a text";
    let _watchdog = (lab.source != Source::Embedded && !scaffold::terminates(lab))
        .then(|| Watchdog::over(WHAT, HINT));
    render()
}

/// Runs the command and says what went wrong, if anything; returns the exit code.
pub fn run(cli: &Cli) -> Exit {
    if let Command::Launch(program) = &cli.command {
        // Returns only when it failed: else this process has become another program.
        let error = process::launch(&program.args);
        term::report(&error);
        return error.exit();
    }
    if let Command::WriteLog(program) = &cli.command {
        return process::write_log(&program.args)
            .map_or_else(|error| error.exit(), |()| Exit::Done);
    }
    // A proof stops what it has started first; `init` alone looks at the signal wherever it takes
    // longer than some milliseconds.
    let patient = match &cli.command {
        Command::Lab(_) | Command::Supervise(_) => true,
        Command::Init(init) => !init.up,
        _ => false,
    };
    clock::catch_interrupts(patient);
    if let Command::Supervise(program) = &cli.command {
        return match process::supervise(&program.args) {
            Ok(()) => Exit::Done,
            Err(error) => error.exit(),
        };
    }
    match session(cli).and_then(|session| dispatch(cli, &session)) {
        Ok(exit) => exit,
        Err(error) => {
            let typed = next::Typed::of(cli);
            let error = error.rephrased(|hint| typed.spelled(hint));
            if cli.global.json {
                let value = serde_json::json!({
                    "error": error.to_string(),
                    "detail": error.detail_text(),
                    "hints": error.hints(),
                    "exit": error.exit() as u8,
                });
                let _ = writeln!(term::out(), "{value:#}");
            }
            term::report(&error);
            error.exit()
        }
    }
}

fn session(cli: &Cli) -> Result<Session> {
    let here = current_folder()?;
    let folder = cli.global.directory.as_ref().map_or(here.clone(), |folder| here.join(folder));
    // What runs of a lab whose folder was deleted can be seen and stopped.
    let stops = matches!(cli.command, Command::Down(_) | Command::Status(_) | Command::Logs(_));
    let there = folder.is_dir() || stops && Workspace::known(&folder)?.is_some();
    if !there {
        return Err(Error::usage(format!("there is no folder {}", folder.display())));
    }
    let typed = cli.global.pack.iter().map(|pack| folder.join(pack)).collect();
    let standing = std::env::var_os(layout::PACKS);
    let sources = Sources::new(typed, Sources::environment(standing, &folder));
    // `doctor --format json` is `--json` under another name.
    let json = cli.global.json
        || matches!(&cli.command, Command::Doctor(args) if args.format == Format::Json);
    let trust = cli.command.trusts();
    Ok(Session { folder, sources, json, trust, typed: next::Typed::of(cli) })
}

/// Where we stand; in a folder that was deleted the shell still knows its name.
fn current_folder() -> Result<PathBuf> {
    std::env::current_dir().or_else(|error| {
        let said = std::env::var_os("PWD").map(PathBuf::from).filter(|path| path.is_absolute());
        said.ok_or_else(|| Error::environment("cannot determine the current folder").because(error))
    })
}

fn dispatch(cli: &Cli, session: &Session) -> Result<Exit> {
    match &cli.command {
        Command::List(_) => session.show(&list::run(session)?),
        Command::Show(args) => session.show(&show::run(session, &args.lab)?),
        Command::Init(args) => init::run(session, args),
        Command::Fetch(args) => session.show(&fetch::run(session, args)?),
        Command::Diff(_) => session.show(&diff::run(session)?),
        Command::Update(args) => session.show(&update::run(session, args)?),
        Command::Undo(_) => session.show(&undo::run(session)?),
        Command::Up(args) => {
            session.show(&up::run(session, &consent::trusted_workspace(session)?, args)?)
        }
        Command::Restart(args) => session.show(&restart::run(session, args)?),
        Command::Down(args) => session.show(&down::run(session, args.runtime, args.purge)?),
        Command::Status(args) => session.show(&status::run(session, args.runtime)?),
        Command::Logs(args) => logs::run(session, args),
        Command::Open(args) => {
            session.show(&open::run(session, args.endpoint.as_deref(), args.runtime)?)
        }
        Command::Check(args) => check::run(session, args),
        Command::Hint(args) => {
            session.show(&hint::run(session, args.step.as_deref(), args.all, args.runtime)?)
        }
        Command::Solve(args) => {
            session.show(&solve::run(session, args.step.as_deref(), args.diff, args.runtime)?)
        }
        Command::Break(args) => {
            session.show(&drill::run(session, args.drill.as_deref(), args.undo)?)
        }
        Command::Doctor(args) => doctor::run(session, args),
        Command::Cluster(cluster) => match &cluster.command {
            ClusterCommand::Up(args) => session.show(&cluster::up(session, args)?),
            ClusterCommand::Down(_) => session.show(&cluster::down(session)?),
            ClusterCommand::Status(_) => session.show(&cluster::status()?),
        },
        Command::Lab(lab) => match &lab.command {
            LabCommand::New(args) => session.show(&lab::new(session, &args.id, &args.folder)?),
            LabCommand::Lint(args) => session.show(&lab::lint(session, args.folder.as_deref())?),
            LabCommand::Test(args) => lab::test(session, args),
            LabCommand::Format(_) => session.show(&lab::format()),
        },
        Command::Man(args) => man::run(session, args.folder.as_deref()),
        Command::Completions(args) => completions::run(session, args.shell),
        Command::Launch(_) | Command::Supervise(_) | Command::WriteLog(_) => {
            Err(Error::bug("handled before"))
        }
    }
}

/// The runtime that is meant: as asked, else the one that is up, else the lab's default.
///
/// # Errors
/// Exit 2 when the lab does not offer it.
fn runtime_of(workspace: &Workspace, asked: Option<RuntimeKind>) -> Result<RuntimeKind> {
    let offered = workspace.manifest().runtimes();
    match asked {
        Some(kind) if !offered.contains(&kind) => {
            let names: Vec<_> = offered.iter().map(|kind| kind.name()).collect();
            Err(Error::usage(format!("this lab does not offer the runtime `{kind}`"))
                .hint(format!("it offers: {}", names.join(", "))))
        }
        Some(kind) => Ok(kind),
        None => Ok(runtime::active(workspace).or(offered.first().copied()).unwrap_or_default()),
    }
}
