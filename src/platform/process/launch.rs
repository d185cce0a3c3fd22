//! Processes that outlive us, written down by themselves before they become what they are.
//!
//! We start our own program with `__launch`; that makes itself a session of its own, writes down
//! its number and start, and then *becomes* the service. So there is no moment, not even for `kill
//! -9`, at which a service runs and no record says so.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::{Deserialize, Serialize};

use super::log::{self as logs, LogWriter};
use super::{
    Command, Ended, NotRun, ProcessId, Unfit, find, identity, running_program, shell_words,
};
use crate::error::{Error, Result};
use crate::platform::{clock, fs};

/// What is on disk about a process that we started.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Which process.
    #[serde(flatten)]
    pub process: ProcessId,
    /// What it is called: a service, a task.
    pub name: String,
    /// Seconds since 1970.
    pub since: u64,
    /// What it runs.
    pub argv: Vec<String>,
}

/// A process that we started and can wait for.
#[derive(Debug)]
pub struct Child {
    child: std::process::Child,
    /// Who keeps what it prints, until its last words are kept.
    writer: Option<LogWriter>,
}

impl Child {
    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<Ended>> {
        let status = self
            .child
            .try_wait()
            .map_err(|error| Error::environment("cannot wait for a process").because(error))?;
        if status.is_some()
            && let Some(mut writer) = self.writer.take()
        {
            writer.finish();
        }
        Ok(status.map(Ended::from))
    }

    /// Kills it alone, at once, and waits for its end.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command that launches another one.
pub(super) fn launcher(command: &Command, name: &str, record: &Path) -> Result<Command> {
    let program = running_program()?;
    // Looked up now: afterwards «not found» would only be a line in a log.
    let found = find::locate(command).map_err(not_run)?;
    let mut args: Vec<OsString> =
        vec!["__launch".into(), "--".into(), record.into(), name.into(), found.into()];
    args.extend(command.args.iter().cloned());
    Ok(Command { program: program.into(), args, ..command.clone() })
}

pub(super) fn not_run(why: NotRun) -> Error {
    match &why {
        NotRun::Absent(program) => Error::environment(why.to_string())
            .hint(format!("install {program}, or see: mlops-lab doctor")),
        NotRun::Unusable(path, Unfit::NoExec) => {
            let mount = shell_words(&[path.display().to_string()]);
            Error::environment(why.to_string())
                .hint(format!("see which file system it is: findmnt -T {mount}"))
                .hint("move the lab to one that runs programs: mv DIR ~/ and there: mlops-lab up")
        }
        NotRun::Unusable(..) => Error::environment(why.to_string()),
    }
}

/// Starts a process that outlives us, with both outputs kept in `log`, within a bound; it writes
/// `record` itself.
///
/// # Errors
/// Exit 3 when the program is not there or cannot be run, or the log cannot be written.
pub fn start(command: &Command, name: &str, record: &Path, log: &Path) -> Result<Child> {
    let launcher = launcher(command, name, record)?;
    if let Some(folder) = record.parent() {
        fs::make_folder(folder)?;
    }
    let (out, writer) = logs::open_log(log)?;
    let err = out.try_clone().map_err(|error| {
        Error::environment(format!("cannot write {}", log.display())).because(error)
    })?;
    let mut std = launcher.std(Path::new(&launcher.program));
    std.stdin(Stdio::null()).stdout(out).stderr(err);
    let child = std
        .spawn()
        .map_err(|error| Error::environment(format!("cannot start {command}")).because(error))?;
    Ok(Child { child, writer: Some(writer) })
}

/// Starts a process in a group of its own that is neither recorded nor read.
pub fn spawn(command: &Command) -> Result<Child> {
    let program = find::locate(command).map_err(not_run)?;
    let mut std = command.std(&program);
    std.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = std
        .spawn()
        .map_err(|error| Error::environment(format!("cannot start {command}")).because(error))?;
    Ok(Child { child, writer: None })
}

/// The other end of [`start`]: RECORD NAME PROGRAM ARGS. Returns only when it failed.
pub fn launch(args: &[OsString]) -> Error {
    let [record, name, program, rest @ ..] = args else {
        return Error::bug("__launch RECORD NAME PROGRAM [ARG ...]");
    };
    // Fails when we already lead a session: then there is nothing to leave.
    let _ = rustix::process::setsid();
    let text = |word: &OsString| word.to_string_lossy().into_owned();
    let Some(process) = identity::identity(std::process::id()) else {
        return Error::environment("cannot determine when this process started");
    };
    let argv = std::iter::once(program).chain(rest).map(text).collect();
    let content = Record { process, name: text(name), since: clock::unix_now(), argv };
    let written = serde_json::to_vec(&content)
        .map_err(|error| Error::bug("a record that cannot be written").because(error))
        .and_then(|bytes| fs::write(&PathBuf::from(record), &bytes, false));
    if let Err(error) = written {
        return error;
    }
    let failed = std::process::Command::new(program).args(rest).exec();
    Error::environment(format!("cannot start {}", text(program))).because(failed)
}
