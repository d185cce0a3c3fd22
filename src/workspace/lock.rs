//! One run at a time changes a lab. The system frees the lock when its holder dies, however it
//! dies.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Record, Workspace, instance};
use crate::error::{Error, Result};
use crate::platform::{clock, fs};

/// How long a command waits while another one saves what it saw.
const PATIENCE: Duration = Duration::from_secs(2);

/// Between two attempts.
const POLL: Duration = Duration::from_millis(5);

/// The lab's lock, held until dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Workspace {
    /// Takes the lab's lock.
    ///
    /// # Errors
    /// Exit 3 when another run holds it, naming that run.
    pub fn lock(&self, command: &str) -> Result<Lock> {
        let known = self.instance.state.is_some();
        let folder = if known {
            self.instance.folder.clone()
        } else {
            instance::open(&self.root, Some(&self.record.id))?.folder
        };
        take(&folder.join("lock"), command)
    }

    /// Takes the lock of what was done so far. It is another one than the lab's: that is held for
    /// minutes, this one while a file is written.
    ///
    /// # Errors
    /// Exit 3 when somebody does not let go of it.
    pub(super) fn lock_progress(&self) -> Result<Lock> {
        let path = instance::open(&self.root, Some(&self.record.id))?.folder.join("progress.lock");
        let file = fs::open_lock(&path)?;
        let end = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < end => clock::pause(POLL)?,
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::environment(format!(
                        "another process holds {}",
                        path.display()
                    ))
                    .hint(format!("see which one: fuser -v '{}'", path.display())));
                }
                Err(TryLockError::Error(error)) => return Err(cannot(&path, error)),
            }
        }
    }
}

fn cannot(path: &Path, error: std::io::Error) -> Error {
    Error::environment(format!("cannot lock {}", path.display())).because(error).hint(
        "the file system there has no locks (a network share, perhaps): export \
               XDG_STATE_HOME=DIR on a local one",
    )
}

/// Takes the lock of a lab that is there, or of one that is being made in this folder.
///
/// # Errors
/// Exit 3 when another run holds it, naming that run.
pub fn lock(root: &Path, command: &str) -> Result<Lock> {
    let root = root.canonicalize().map_err(|error| {
        Error::environment(format!("cannot read {}", root.display())).because(error)
    })?;
    // Without it a lab that was moved would not be known again.
    let lab = Record::read(&root).ok().map(|record| record.id);
    loop {
        let folder = instance::open(&root, lab.as_deref())?.folder;
        let lock = take(&folder.join("lock"), command)?;
        // Before it was held another run may have cleared away what is known of a folder that is no
        // lab yet.
        if instance::is_known(&folder) {
            return Ok(lock);
        }
    }
}

fn take(path: &Path, command: &str) -> Result<Lock> {
    let mut file = fs::open_lock(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let holder = if holder.trim().is_empty() {
                "another mlops-lab".to_owned()
            } else {
                holder.trim().to_owned()
            };
            return Err(Error::environment(format!("{holder} is at work on this lab"))
                .hint("wait until it has ended, or end it"));
        }
        Err(TryLockError::Error(error)) => {
            return Err(cannot(path, error));
        }
    }
    // For the message above only; the lock itself is the system's.
    let holder = format!("mlops-lab {command} (process {})\n", std::process::id());
    let _ = file
        .set_len(0)
        .and_then(|()| file.seek(SeekFrom::Start(0)))
        .and_then(|_| file.write_all(holder.as_bytes()));
    Ok(Lock { _file: file })
}
