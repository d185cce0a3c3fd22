//! Whose a compose project is.

use std::path::{Path, PathBuf};

use super::command::{docker, project};
use crate::error::{Error, Result};
use crate::platform::process;
use crate::workspace::{self, Workspace};

/// No other folder's lab has this project name: two would stop each other's containers, and share
/// their volumes. On volumes compose does not write whose they are; that is noted.
pub(super) fn mine(ws: &Workspace) -> Result<()> {
    let project = project(ws);
    let Some(folders) = folders_of(&project) else {
        return Err(Error::environment("Docker does not answer")
            .hint("see why: mlops-lab doctor --runtime compose")
            .hint("or without Docker: mlops-lab up --runtime local"));
    };
    let noted = ws.containers().map(|noted| noted.root);
    let own = |folder: &PathBuf| same(folder, ws.root()) || Some(folder) == noted.as_ref();
    let other = match folders.into_iter().find(|folder| !own(folder)) {
        Some(other) => Some(other),
        None => workspace::with_project(&project, ws.root())?,
    };
    let Some(other) = other else { return Ok(()) };
    let shown = process::shell_words(&[other.display().to_string()]);
    Err(Error::environment(format!(
        "the compose project `{project}` belongs to the lab in {shown}"
    ))
    .hint("give this lab another name: mlops-lab update --set project_name=NAME")
    .hint(format!("or remove what the other one has in Docker: mlops-lab -C {shown} down --purge")))
}

/// The folders that a project's containers were started from; none when Docker does not answer.
pub(super) fn folders_of(project: &str) -> Option<Vec<PathBuf>> {
    let label = format!("label=com.docker.compose.project={project}");
    let place = "{{.Label \"com.docker.compose.project.working_dir\"}}";
    let captured = docker(&["ps", "--all", "--filter", &label, "--format", place])?;
    let text = String::from_utf8_lossy(&captured.stdout).into_owned();
    Some(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(PathBuf::from).collect())
}

/// Whether a folder that compose noted is the lab's: it may have come there by a link.
pub(super) fn same(noted: &Path, root: &Path) -> bool {
    noted == root || noted.canonicalize().is_ok_and(|noted| noted == root)
}
