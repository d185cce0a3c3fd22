//! A generated lab on disk: its record, its manifest, its environment, its progress.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::catalog::Manifest;
use crate::catalog::manifest::RuntimeKind;
use crate::error::Result;
use crate::platform::process::Command;

/// The folder of ours inside a project.
pub const FOLDER: &str = ".mlops-lab";

/// A generated lab, found on disk.
#[derive(Clone, Debug)]
pub struct Workspace {
    root: PathBuf,
    id: String,
    manifest: Manifest,
}

impl Workspace {
    /// The lab that `start` lies in: the nearest folder at or above it with `.mlops-lab/record.toml`.
    ///
    /// # Errors
    /// Exit 2 when there is none; exit 3 when its record or manifest cannot be read.
    pub fn find(_start: &Path) -> Result<Workspace> {
        unimplemented!()
    }

    /// The project's folder, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Sixteen hexadecimal digits made at `init`: marks every process, container, network and volume as this lab's.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The rendered manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// `.mlops-lab/run`: what is running, and logs. Never in git.
    pub fn run_folder(&self) -> PathBuf {
        self.root.join(FOLDER).join("run")
    }

    /// What every process of the lab finds in its environment: `.env`, `.venv/bin` first on PATH, `MLOPS_LAB`,
    /// `MLOPS_LAB_WORKSPACE` (the id), `MLOPS_LAB_RUNTIME`, `MLOPS_LAB_ENDPOINT_<NAME>`.
    pub fn env(&self, _kind: RuntimeKind) -> Result<Vec<(OsString, OsString)>> {
        unimplemented!()
    }

    /// A command in the project's folder with [`Workspace::env`]. A program with a `/` is relative to the project.
    pub fn command(&self, _kind: RuntimeKind, _argv: &[String], _within: Duration) -> Result<Command> {
        unimplemented!()
    }

    /// Takes the lab's lock, so that two runs do not change it at once; freed when dropped or when we die.
    ///
    /// # Errors
    /// Exit 3 when another run holds it, naming that run's pid and command.
    pub fn lock(&self, _command: &str) -> Result<Lock> {
        unimplemented!()
    }
}

/// The lab's lock.
#[derive(Debug)]
pub struct Lock {
    _file: std::fs::File,
}
