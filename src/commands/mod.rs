//! One file for each command: arguments in, a [`View`] out. Logic that is worth a test lives in the
//! rooms below.

mod changes;
mod check;
mod completions;
mod consent;
mod diff;
mod doctor;
mod down;
mod drill;
mod equivalent;
mod git;
mod hint;
mod init;
mod lab;
mod list;
mod logs;
mod man;
mod next;
mod open;
mod prompts;
mod restart;
mod show;
mod solve;
mod stand_ins;
mod status;
mod undo;
mod up;
mod update;

pub use completions::complete;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Once;

use serde::Serialize;

use crate::catalog::manifest::RuntimeKind;
use crate::catalog::{Lab, Source};
use consent::Purpose;

use crate::cli::{Cli, Command, Format, LabCommand};
use crate::error::{Error, Exit, Result};
use crate::layout;
use crate::platform::watchdog::Watchdog;
use crate::platform::{clock, process, term};
use crate::runtime;
use crate::scaffold::{self, Pending, Recovered};
use crate::workspace::{self, Lock, Workspace};

/// The result of a command: one value, told to people or to programs, with the same exit code.
pub trait View: Serialize {
    /// Tells it to people.
    fn human(&self, out: &mut dyn Write) -> io::Result<()>;
    /// The exit code that belongs to it.
    fn exit(&self) -> Exit {
        Exit::Done
    }
}

/// What every command may need of the command line.
#[derive(Debug)]
pub struct Session {
    /// Where we work.
    pub folder: PathBuf,
    /// Where labs come from.
    pub source: Source,
    /// Whether programs read our output.
    pub json: bool,
    /// Whether the lab was said to be trusted on the command line.
    pub trust: bool,
    /// What was typed, for the next command.
    pub typed: next::Typed,
}

impl Session {
    /// The lab in which we stand.
    pub fn workspace(&self) -> Result<Workspace> {
        self.recover()?;
        Workspace::find(&self.folder)
    }

    /// Brings a change to its end that a killed run has left in the middle: also where `init` was
    /// killed in a folder with files, before there was a record.
    fn recover(&self) -> Result<()> {
        let changed = |folder: &&Path| scaffold::unfinished(folder) && workspace::ours(folder);
        let Some(root) = self.folder.ancestors().find(changed) else { return Ok(()) };
        if !owns_pending_change(root)? {
            return Ok(());
        }
        // No lock where there is nothing to do: a command that only looks must not be in the way of
        // one that works. And whoever is at work on it brings its own change to an end.
        if let Ok(_lock) = workspace::lock(root, "recovery")
            && let Some(found) = scaffold::recover(root, workspace::mark(root)?.as_deref())?
        {
            print_recovered(&found);
        }
        Ok(())
    }

    /// The lab in which we stand, for a command that runs what the lab names: it is trusted, and
    /// known to this machine.
    pub fn trusted_workspace(&self) -> Result<Workspace> {
        consent::require(self, self.workspace()?, Purpose::Work)?.settle()
    }

    /// The lab in which we stand, or that was here, for a command that only needs what runs: and
    /// why its files do not say more.
    pub fn workspace_to_stop(&self) -> Result<(Workspace, Option<Error>)> {
        match self.workspace() {
            Ok(workspace) => Ok((workspace, None)),
            Err(error) => match Workspace::known(&self.folder)? {
                Some(known) => Ok((known, Some(error))),
                None => Err(error),
            },
        }
    }

    /// The lab in which we stand, for this run alone, with no change of another run in the middle.
    pub fn locked(&self, command: &str) -> Result<(Workspace, Lock)> {
        loop {
            let workspace = self.workspace()?;
            let lock = workspace.lock(command)?;
            // Between the two another run may have begun a change, and been killed.
            let mark = workspace::mark(workspace.root())?;
            if scaffold::pending(workspace.root(), mark.as_deref())? != Pending::Ours {
                return Ok((Workspace::find(&self.folder)?, lock));
            }
        }
    }

    /// Progress of long work: silent for programs.
    pub fn progress(&self) -> term::Steps {
        term::Steps::new(self.json)
    }

    /// Prints a result and gives its exit code.
    pub fn show<V: View>(&self, view: &V) -> Result<Exit> {
        let mut out = term::out();
        let written = if self.json {
            serde_json::to_writer_pretty(&mut out, view)
                .map_err(io::Error::from)
                .and_then(|()| writeln!(out))
        } else if self.typed.plain() {
            view.human(&mut out)
        } else {
            let mut text = Vec::new();
            view.human(&mut text).and_then(|()| {
                out.write_all(self.typed.view(&String::from_utf8_lossy(&text)).as_bytes())
            })
        };
        self.finish_output(written.and_then(|()| out.flush()), view.exit())
    }

    /// Prints bytes as they are: a script, a page.
    pub fn print(&self, bytes: &[u8]) -> Result<Exit> {
        let mut out = term::out();
        self.finish_output(out.write_all(bytes).and_then(|()| out.flush()), Exit::Done)
    }

    fn finish_output(&self, written: io::Result<()>, exit: Exit) -> Result<Exit> {
        match written {
            Err(_) if clock::interrupted().is_err() => Err(Error::interrupted()),
            // Somebody stopped reading (`| head`): not our failure.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(exit),
            Err(error) => Err(Error::environment("cannot write to standard output").because(error)),
            Ok(()) => Ok(exit),
        }
    }
}

/// Does what a stranger's templates decide the length of. The program ends when that does not. Our
/// own templates end, and so do plain ones.
fn bounded<T>(lab: &Lab, render: impl FnOnce() -> T) -> T {
    const WHAT: &str = "the templates of this lab";
    const HINT: &str = "look for a loop that does not end, or doubles a text";
    let _watchdog = (lab.source != Source::Embedded && !scaffold::terminates(lab))
        .then(|| Watchdog::over(WHAT, HINT));
    render()
}

/// Whether the change that waits in this folder was begun here; says so when it was not.
fn owns_pending_change(root: &Path) -> Result<bool> {
    static SAID: Once = Once::new();
    let mark = workspace::mark(root)?;
    let pending = scaffold::pending(root, mark.as_deref())?;
    if pending == Pending::Foreign {
        SAID.call_once(|| {
            let folder = pasteable(&root.join(layout::CHANGE));
            term::eprintln(&format!(
                "warning: {folder} holds a change that was not begun here: it is ignored\n  remove it: rm -r {folder}"
            ));
        });
    }
    Ok(pending == Pending::Ours)
}

/// The mark under which files of a lab, or of one that is being made, are changed. Its lock is
/// held, so that it is known.
fn change_mark(root: &Path) -> Result<String> {
    workspace::mark(root)?.ok_or_else(|| Error::bug("a lab that is locked, and not known"))
}

/// Says what became of a change that a killed run had begun.
fn print_recovered(found: &Recovered) {
    match found {
        Recovered::Finished(command, since) => {
            term::eprintln(&format!("`mlops-lab {command}` had been killed: it is finished now"));
            for path in since {
                term::eprintln(&format!(
                    "  {path} had been changed since: `mlops-lab undo` brings that back"
                ));
            }
        }
        Recovered::Dropped => term::eprintln("a run had been killed before it changed anything"),
    }
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
                    "error": error.to_string(), "detail": error.detail_text(), "hints": error.hints(), "exit": error.exit() as u8,
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
    let source =
        cli.global.pack.as_ref().map_or(Source::Embedded, |pack| Source::Pack(folder.join(pack)));
    // `doctor --format json` is `--json` under another name.
    let json = cli.global.json
        || matches!(&cli.command, Command::Doctor(args) if args.format == Format::Json);
    let trust = cli.command.trusts();
    Ok(Session { folder, source, json, trust, typed: next::Typed::of(cli) })
}

/// Where we stand; in a folder that was deleted the shell still knows its name.
fn current_folder() -> Result<PathBuf> {
    std::env::current_dir().or_else(|error| {
        let said = std::env::var_os("PWD").map(PathBuf::from).filter(|path| path.is_absolute());
        said.ok_or_else(|| Error::environment("cannot tell the current folder").because(error))
    })
}

/// Says why a lab's own files are left out.
fn warn_without_files(workspace: &Workspace, error: &Error) {
    if !workspace.root().is_dir() {
        return;
    }
    term::eprintln(&format!(
        "warning: {error}\n  what runs is found by what was noted when it was started"
    ));
    error.hints().iter().for_each(|hint| term::eprintln(&format!("  {hint}")));
}

fn dispatch(cli: &Cli, session: &Session) -> Result<Exit> {
    match &cli.command {
        Command::List(_) => session.show(&list::run(session)?),
        Command::Show(args) => session.show(&show::run(session, &args.lab)?),
        Command::Init(args) => init::run(session, args),
        Command::Diff(_) => session.show(&diff::run(session)?),
        Command::Update(args) => session.show(&update::run(session, args)?),
        Command::Undo(_) => session.show(&undo::run(session)?),
        Command::Up(args) => session.show(&up::run(session, &session.trusted_workspace()?, args)?),
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
        None => Ok(runtime::active(workspace)
            .or(offered.first().copied())
            .unwrap_or(RuntimeKind::Local)),
    }
}

/// A path as it can be pasted into a shell.
fn pasteable(path: &Path) -> String {
    let text = path.display().to_string();
    // Not an option.
    quoted(&if text.starts_with('-') { format!("./{text}") } else { text })
}

/// A word as it can be pasted into a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,@%=:".contains(c);
    // At its head zsh takes it for the path of a program.
    if !text.is_empty() && text.chars().all(plain) && !text.starts_with('=') {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_can_be_pasted_also_with_spaces_and_quotes() {
        assert_eq!(pasteable(Path::new("labs/a-b")), "labs/a-b");
        assert_eq!(pasteable(Path::new("-x")), "./-x");
        assert_eq!(quoted("=x"), "'=x'");
        assert_eq!(pasteable(Path::new("my labs/it's")), r"'my labs/it'\''s'");
    }
}
