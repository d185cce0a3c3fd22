//! The state that every case of a step starts from: the project's files, what services keep, and
//! what runs. Taken once, and brought back after each case, whatever the case did.

use std::collections::BTreeMap;
use std::path::Path;

use super::project::{Project, Runs};
use crate::catalog::manifest::RuntimeKind;
use crate::error::Result;
use crate::layout;
use crate::platform::fs::{self, Mode};
use crate::platform::inside;

/// Folders of a project that a solution cannot have made, or that are ours.
const APART: [&str; 5] = [".venv", layout::FOLDER, ".git", "__pycache__", "node_modules"];

/// Content and permission bits of files by their path.
pub(super) type Files = BTreeMap<String, (Vec<u8>, Option<u32>)>;

/// What is brought back.
pub(super) struct Snapshot {
    files: Files,
    /// What services keep between runs, and hold open while they run.
    kept: Files,
    runs: Runs,
}

impl Snapshot {
    pub(super) fn take(project: &Project) -> Result<Snapshot> {
        let (files, kept) = split(project)?;
        Ok(Snapshot { files, kept, runs: project.runs()? })
    }

    /// The project's files by themselves.
    pub(super) fn files(&self) -> &Files {
        &self.files
    }

    /// Puts back what was there. What is new stays: `undo` may need it (the number of a process).
    pub(super) fn put_back(&self, project: &Project) -> Result<()> {
        let (now, _) = split(project)?;
        write(&project.root, &self.files, &now)
    }

    /// Brings everything back: files, what services keep (they are stopped for that; left out
    /// unless `data`), what runs.
    pub(super) fn restore(&mut self, project: &Project, data: bool) -> Result<()> {
        let (now, kept) = split(project)?;
        for path in now.keys().filter(|path| !self.files.contains_key(*path)) {
            fs::remove(&project.root.join(path))?;
            inside::remove_empty_above(&project.root, path);
        }
        write(&project.root, &self.files, &now)?;
        let other = data && kept != self.kept;
        let mut runs = project.runs()?;
        // A service that is not what it was is started anew: what it holds in memory is of the
        // case.
        if runs.runtime.is_some() && (other || runs != self.runs) {
            project.lab(&["down"])?;
            runs = Runs::default();
        }
        if other {
            let (_, kept) = split(project)?;
            for path in kept.keys().filter(|path| !self.kept.contains_key(*path)) {
                fs::remove(&project.root.join(path))?;
            }
            write(&project.root, &self.kept, &kept)?;
        }
        if self.runs.runtime.is_some() && runs != self.runs {
            project.lab(&["up", "--runtime", project.kind.name()])?;
            // What services write at every start (the number of a process) is known from now on.
            self.kept = split(project)?.1;
        }
        Ok(())
    }
}

/// What differs between two states of the files, in words.
pub(super) fn differences(before: &Files, now: &Files) -> Vec<String> {
    let mut words = Vec::new();
    for (path, (bytes, _)) in before {
        match now.get(path) {
            None => words.push(format!("{path} is gone")),
            Some((now, _)) if now != bytes => words.push(format!("{path} differs")),
            Some(_) => {}
        }
    }
    words.extend(
        now.keys().filter(|path| !before.contains_key(*path)).map(|path| format!("{path} is new")),
    );
    words
}

/// The files of the project, and those in which the services of the runtime keep what outlives
/// them.
fn split(project: &Project) -> Result<(Files, Files)> {
    let workspace = project.workspace()?;
    let local =
        workspace.manifest().runtime.local.as_ref().filter(|_| project.kind == RuntimeKind::Local);
    let data = local.map(|local| local.data.clone()).unwrap_or_default();
    let (mut files, mut kept) = (Files::new(), Files::new());
    fs::visit(&project.root, &APART, &mut |path, bytes, _| {
        let below = |data: &String| {
            path.strip_prefix(data.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let place = if data.iter().any(below) { &mut kept } else { &mut files };
        let bits = fs::bits(&project.root.join(&path));
        place.insert(path, (bytes, bits));
    })?;
    Ok((files, kept))
}

/// Writes what is other or gone, touching nothing else: a server watches some of these files.
fn write(root: &Path, wanted: &Files, now: &Files) -> Result<()> {
    for (path, (bytes, bits)) in wanted {
        if now.get(path).is_none_or(|(now, _)| now != bytes) {
            fs::write_as(&root.join(path), bytes, bits.map_or(Mode::Plain, Mode::Exactly))?;
        }
    }
    Ok(())
}
