//! Finding a program, and saying plainly why a file that is there cannot be run.

use std::ffi::OsStr;
use std::fmt;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{Command, NotRun};

/// ST_NOEXEC (statvfs(3)) on Linux; other systems do not say.
const NOEXEC: u64 = if cfg!(target_os = "linux") { 8 } else { 0 };

/// Why the system does not run a file that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// A symbolic link to nothing.
    BrokenLink,
    /// A folder.
    Folder,
    /// No permission to execute, for this user.
    NotExecutable,
    /// It lies on a file system from which nothing is run.
    NoExec,
    /// A script whose interpreter, or a program whose loader, is not there.
    BrokenInterpreter(String),
    /// A program for another processor or system.
    WrongArchitecture,
    /// No bytes at all.
    Empty,
    /// Neither a program nor a script.
    NotAProgram,
    /// Anything else, in the system's words.
    System(String),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfit::BrokenLink => f.write_str("it is a link to nothing"),
            Unfit::Folder => f.write_str("it is a folder"),
            Unfit::NotExecutable => f.write_str("it is not executable for this user"),
            Unfit::NoExec => {
                f.write_str("its file system is mounted with noexec: nothing on it is run")
            }
            Unfit::BrokenInterpreter(name) => write!(f, "its interpreter {name} does not exist"),
            Unfit::WrongArchitecture => f.write_str("it was built for another processor or system"),
            Unfit::Empty => f.write_str("it is empty"),
            Unfit::NotAProgram => f.write_str("it is neither a program nor a script"),
            Unfit::System(words) => f.write_str(words),
        }
    }
}

/// The file that a command would run.
///
/// # Errors
/// [`NotRun::Absent`], or [`NotRun::Unusable`] for a file that is there: not executable, a folder,
/// a dangling link, a script whose interpreter is missing, or neither a script nor a program.
pub fn locate(command: &Command) -> Result<PathBuf, NotRun> {
    let cwd = command.cwd.clone().or_else(|| std::env::current_dir().ok()).unwrap_or_default();
    let given = Path::new(&command.program);
    if given.components().count() > 1 {
        let path = cwd.join(given);
        return match why_not(&path) {
            None => Ok(path),
            Some(why) if path.symlink_metadata().is_ok() => Err(NotRun::Unusable(path, why)),
            Some(_) => Err(NotRun::Absent(path.display().to_string())),
        };
    }
    let path = command.path();
    if let Ok(found) = which::which_in(given, Some(&path), &cwd) {
        return match why_not(&found) {
            None => Ok(found),
            Some(why) => Err(NotRun::Unusable(found, why)),
        };
    }
    // `which` reports a file without the executable bit, a folder and a dangling link alike as
    // absent: look again.
    for folder in std::env::split_paths(&path) {
        let file = folder.join(given);
        if file.symlink_metadata().is_ok()
            && let Some(why) = why_not(&file)
        {
            return Err(NotRun::Unusable(file, why));
        }
    }
    Err(NotRun::Absent(given.display().to_string()))
}

/// All programs of this name on a PATH that can be run, in its order, links resolved, each file
/// once.
pub fn find_all(name: &str, path: &OsStr) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = Vec::new();
    for folder in std::env::split_paths(path) {
        let file = folder.join(name);
        if let Ok(real) = file.canonicalize()
            && why_not(&file).is_none()
            && !all.iter().any(|known| known.canonicalize().is_ok_and(|known| known == real))
        {
            all.push(file);
        }
    }
    all
}

/// Why the system did not start this program, from its error.
pub(super) fn refused(path: &Path, error: &std::io::Error) -> Unfit {
    match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
        Some(rustix::io::Errno::NOEXEC) => Unfit::WrongArchitecture,
        // The file was there a moment ago: what is missing is what should load it.
        Some(rustix::io::Errno::NOENT) if path.exists() => {
            Unfit::BrokenInterpreter("(its loader)".to_owned())
        }
        _ => Unfit::System(error.to_string()),
    }
}

/// Whether nothing is run from the file system of a file, whatever its mode says.
fn noexec(path: &Path) -> bool {
    let runnable = path.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o111 != 0);
    let mount = rustix::fs::statvfs(path);
    runnable && mount.is_ok_and(|mount| mount.f_flag.bits() & NOEXEC != 0)
}

/// Why the system would not run this file; none when it would.
fn why_not(path: &Path) -> Option<Unfit> {
    let Ok(meta) = path.metadata() else {
        return Some(Unfit::BrokenLink);
    };
    if meta.is_dir() {
        return Some(Unfit::Folder);
    }
    #[cfg(unix)]
    if rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_err() {
        return Some(if noexec(path) { Unfit::NoExec } else { Unfit::NotExecutable });
    }
    let mut head = [0; 256];
    // A file that may be run and not be read is rare and legal.
    let Ok(length) = std::fs::File::open(path).and_then(|mut file| file.read(&mut head)) else {
        return None;
    };
    let head = &head[..length];
    if let Some(line) = head.strip_prefix(b"#!") {
        let line =
            String::from_utf8_lossy(line.split(|byte| *byte == b'\n').next().unwrap_or_default())
                .into_owned();
        let interpreter = line.split_whitespace().next().unwrap_or_default().to_owned();
        let there = Path::new(&interpreter).exists();
        return (!there).then_some(Unfit::BrokenInterpreter(interpreter));
    }
    // Without this look some systems hand any bytes to /bin/sh.
    let program = cfg!(windows)
        || head.starts_with(b"\x7fELF")
        || [[0xcf, 0xfa, 0xed, 0xfe], [0xca, 0xfe, 0xba, 0xbe]]
            .iter()
            .any(|magic| head.starts_with(magic));
    (!program).then_some(if head.is_empty() { Unfit::Empty } else { Unfit::NotAProgram })
}
