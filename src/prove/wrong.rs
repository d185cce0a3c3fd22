//! Wrong solutions: mistakes and frauds that a check must not take for the real thing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::project::Project;
use crate::catalog::Lab;
use crate::catalog::manifest::{RuntimeKind, Step};
use crate::catalog::tree::{File, RelPath};
use crate::error::{Error, Result};
use crate::platform::fs;
use crate::platform::process::{self, Ended};

const WITHIN: Duration = Duration::from_secs(5 * 60);

/// Folders of a project that a wrong solution cannot have made, or that are ours: not part of the snapshot.
const APART: [&str; 5] = [".venv", ".mlops-lab", ".git", "__pycache__", "node_modules"];

/// `labs/<id>/wrong/<step>/<name>/`
pub(super) struct Wrong {
    pub(super) name: String,
    spec: Spec,
    files: BTreeMap<RelPath, Vec<u8>>,
}

/// `wrong.toml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    /// What mistake or fraud this stands for.
    why: String,
    /// Where it applies; empty means wherever the step does.
    #[serde(default)]
    runtimes: Vec<RuntimeKind>,
    /// After the files.
    #[serde(default)]
    run: Vec<Vec<String>>,
    /// Takes back what `run` did.
    #[serde(default)]
    undo: Vec<Vec<String>>,
}

impl Wrong {
    /// The wrong solutions of a step, by name. A `wrong.toml` that does not parse becomes a case that fails.
    pub(super) fn all(lab: &Lab, step: &Step, kind: RuntimeKind) -> Vec<Wrong> {
        let below = format!("wrong/{}/", step.id);
        let names: BTreeSet<&str> = lab
            .knowledge
            .keys()
            .filter_map(|path| path.strip_prefix(&below)?.split_once('/'))
            .map(|(name, _)| name)
            .collect();
        let mut all = Vec::new();
        for name in names {
            let text = lab
                .knowledge
                .get(&format!("{below}{name}/wrong.toml"))
                .map(|bytes| String::from_utf8_lossy(bytes).into_owned());
            let spec = toml::from_str(&text.unwrap_or_default()).unwrap_or_else(|error| Spec {
                why: format!("wrong.toml does not parse: {error}"),
                runtimes: Vec::new(),
                run: vec![vec!["wrong.toml-does-not-parse".to_owned()]],
                undo: Vec::new(),
            });
            if !spec.runtimes.is_empty() && !spec.runtimes.contains(&kind) {
                continue;
            }
            let folder = format!("{below}{name}/files/");
            let file = |(path, bytes): (&String, &std::borrow::Cow<'static, [u8]>)| {
                Some((RelPath::new(path.strip_prefix(&folder)?).ok()?, bytes.to_vec()))
            };
            all.push(Wrong {
                name: name.to_owned(),
                spec,
                files: lab.knowledge.iter().filter_map(file).collect(),
            });
        }
        all
    }

    /// Lays it over the project, sees the step's check red, and takes it back.
    pub(super) fn try_on(&self, project: &Project, step: &Step) -> Result<()> {
        let data = data(project)?;
        let before = snapshot(&project.root, &data)?;
        let result = self.lay(project).and_then(|()| {
            project.red(&step.id).map_err(|error| {
                Error::no(format!("{error} ({})", self.spec.why))
                    .detail(error.detail_text().unwrap_or_default())
            })
        });
        let undone = self.run(project, &self.spec.undo);
        restore(&project.root, &before, &data)?;
        result.and(undone)
    }

    fn lay(&self, project: &Project) -> Result<()> {
        for (path, bytes) in &self.files {
            fs::write(&path.under(&project.root), bytes, File::new(bytes.clone()).executable)?;
        }
        self.run(project, &self.spec.run)
    }

    fn run(&self, project: &Project, commands: &[Vec<String>]) -> Result<()> {
        let workspace = project.workspace()?;
        for argv in commands {
            let mut command = workspace.command(project.kind, argv, WITHIN)?;
            // In front: the cluster that the lab is in by now, if any, wins.
            command.env.splice(0..0, project.cluster());
            let words = process::shell_words(argv);
            let captured = process::capture(&command)
                .map_err(|why| Error::environment(format!("cannot run `{words}`: {why:?}")))?;
            if captured.ended != Ended::Code(0) {
                let said = String::from_utf8_lossy(&captured.stderr).into_owned();
                return Err(Error::environment(format!(
                    "the wrong solution `{}` could not be laid: `{words}` ended with {:?}",
                    self.name, captured.ended
                ))
                .detail(said));
            }
        }
        Ok(())
    }
}

/// What services keep their data in: not the learner's files, and open in a server that would not notice other ones in their place.
fn data(project: &Project) -> Result<Vec<String>> {
    let workspace = project.workspace()?;
    Ok(workspace.manifest().runtime.local.as_ref().map(|local| local.data.clone()).unwrap_or_default())
}

/// The learner's files by path.
fn snapshot(root: &Path, data: &[String]) -> Result<BTreeMap<String, (Vec<u8>, bool)>> {
    let mut files = BTreeMap::new();
    fs::visit(root, &APART, &mut |path, bytes, executable| {
        let below = |data: &String| {
            path.strip_prefix(data.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if !data.iter().any(below) {
            files.insert(path, (bytes, executable));
        }
    })?;
    Ok(files)
}

/// Back to the snapshot, touching only what differs: a server watches some of these files.
fn restore(root: &Path, before: &BTreeMap<String, (Vec<u8>, bool)>, data: &[String]) -> Result<()> {
    let now = snapshot(root, data)?;
    for path in now.keys().filter(|path| !before.contains_key(*path)) {
        fs::remove(&root.join(path))?;
    }
    for (path, (bytes, executable)) in before {
        if now.get(path).is_none_or(|(now, _)| now != bytes) {
            fs::write(&root.join(path), bytes, *executable)?;
        }
    }
    Ok(())
}
