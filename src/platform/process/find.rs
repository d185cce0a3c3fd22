//! Finding a program, and saying plainly why a file that is there cannot be run.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Command, NotRun};

/// The file that a command would run.
///
/// # Errors
/// [`NotRun::Absent`], or [`NotRun::Unusable`] for a file that is there: not executable, a folder, a dangling link, a script whose
/// interpreter is missing, or neither a script nor a program.
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
    // `which` reports a file without the executable bit, a folder and a dangling link alike as absent: look again.
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

/// Why the system would not run this file; none when it would.
fn why_not(path: &Path) -> Option<String> {
    let Ok(meta) = path.metadata() else {
        return Some("it is a link to nothing".to_owned());
    };
    if meta.is_dir() {
        return Some("it is a folder".to_owned());
    }
    #[cfg(unix)]
    if rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_err() {
        return Some("it is not executable for this user".to_owned());
    }
    let mut head = [0; 256];
    // A file that may be run and not be read is rare and legal.
    let Ok(length) = std::fs::File::open(path).and_then(|mut file| file.read(&mut head)) else { return None };
    let head = &head[..length];
    if let Some(line) = head.strip_prefix(b"#!") {
        let line = String::from_utf8_lossy(line.split(|byte| *byte == b'\n').next().unwrap_or_default())
            .into_owned();
        let interpreter = line.split_whitespace().next().unwrap_or_default().to_owned();
        let there = Path::new(&interpreter).exists();
        return (!there).then(|| format!("its interpreter {interpreter} does not exist"));
    }
    // Without this look some systems hand any bytes to /bin/sh.
    let program = cfg!(windows)
        || head.starts_with(b"\x7fELF")
        || [[0xcf, 0xfa, 0xed, 0xfe], [0xca, 0xfe, 0xba, 0xbe]].iter().any(|magic| head.starts_with(magic));
    (!program).then(|| {
        if head.is_empty() {
            "it is empty".to_owned()
        } else {
            "it is neither a program nor a script".to_owned()
        }
    })
}
