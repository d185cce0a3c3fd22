//! The state that every case of a step starts from: the project's files, what services keep, and
//! what runs. Taken once, and brought back after each case, whatever the case did.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use super::project::{Project, Runs};
use crate::catalog::manifest::RuntimeKind;
use crate::error::{Error, Result};
use crate::layout;
use crate::platform::fs::{self, Mode};
use crate::platform::inside;

/// Folders of a project that a solution cannot have made, or that are ours.
const APART: [&str; 5] = [".venv", layout::FOLDER, ".git", "__pycache__", "node_modules"];

/// What a file holds.
#[derive(PartialEq, Eq)]
pub(super) enum Content {
    Whole(Vec<u8>),
    /// A model, a disk: too large to be held in memory. It is the same while its length and the
    /// time of its last change are.
    Large(u64, SystemTime),
}

/// Content and permission bits of files by their path.
pub(super) type Files = BTreeMap<String, (Content, Option<u32>)>;

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
    for (path, (content, _)) in before {
        match now.get(path) {
            None => words.push(format!("{path} is gone")),
            Some((now, _)) if now != content => words.push(format!("{path} differs")),
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
    fs::visit(&project.root, &APART, &mut |path| {
        let below = |data: &String| {
            path.strip_prefix(data.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let place = if data.iter().any(below) { &mut kept } else { &mut files };
        let file = project.root.join(&path);
        place.insert(path, (content(&file)?, fs::bits(&file)));
        Ok(())
    })?;
    Ok((files, kept))
}

fn content(file: &Path) -> Result<Content> {
    let bytes = fs::length(file);
    if bytes > fs::READ_LIMIT {
        return Ok(Content::Large(bytes, fs::modified(file)));
    }
    Ok(Content::Whole(fs::read(file)?))
}

/// Writes what is other or gone, touching nothing else: a server watches some of these files.
///
/// # Errors
/// Exit 3 for a large file that is other or gone: it was not kept.
fn write(root: &Path, wanted: &Files, now: &Files) -> Result<()> {
    for (path, (content, bits)) in wanted {
        if now.get(path).is_some_and(|(now, _)| now == content) {
            continue;
        }
        match content {
            Content::Whole(bytes) => {
                fs::write_as(&root.join(path), bytes, bits.map_or(Mode::Plain, Mode::Exactly))?;
            }
            Content::Large(..) => {
                return Err(Error::environment(format!(
                    "{path} was changed, and is too large to be put back"
                ))
                .hint(
                    "leave it as it is: a case that needs another one makes it beside this one",
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests look at the disk by themselves")]
    use super::*;

    fn files(root: &Path) -> Files {
        let mut files = Files::new();
        fs::visit(root, &APART, &mut |path| {
            let file = root.join(&path);
            files.insert(path, (content(&file)?, fs::bits(&file)));
            Ok(())
        })
        .unwrap();
        files
    }

    fn large(file: &Path) {
        std::fs::File::create(file).unwrap().set_len(fs::READ_LIMIT + 1).unwrap();
    }

    #[test]
    fn a_large_file_is_compared_and_not_put_back() {
        let temp = tempfile::tempdir().unwrap();
        std::fs::write(temp.path().join("small"), "one").unwrap();
        large(&temp.path().join("model"));
        let before = files(temp.path());
        assert!(differences(&before, &files(temp.path())).is_empty());

        std::fs::write(temp.path().join("small"), "two").unwrap();
        large(&temp.path().join("other"));
        let now = files(temp.path());
        assert_eq!(differences(&before, &now), ["small differs", "other is new"]);
        write(temp.path(), &before, &now).unwrap();
        assert_eq!(std::fs::read_to_string(temp.path().join("small")).unwrap(), "one");

        std::fs::remove_file(temp.path().join("model")).unwrap();
        let now = files(temp.path());
        assert_eq!(differences(&before, &now), ["model is gone", "other is new"]);
        let refused = write(temp.path(), &before, &now).unwrap_err().to_string();
        assert!(refused.contains("model was changed, and is too large"), "{refused}");
    }
}
