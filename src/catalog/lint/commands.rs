//! Commands of a lab: each names a program, and the scripts and files that they are given exist.

use std::collections::BTreeSet;

use super::Lint;
use crate::catalog::attempts::attempts;
use crate::catalog::parse::{Key, checks};
use crate::layout;

impl Lint<'_> {
    pub(super) fn commands(&mut self) {
        let files = self.known();
        for (at, argv) in self.all_commands() {
            if let Some(message) = super::not_a_command(&argv) {
                self.manifest(&at, message);
            }
            for (index, path) in scripts(&argv) {
                let inside = layout::in_knowledge(path);
                let there = inside.map_or_else(
                    || files.contains(path),
                    |path| self.lab.knowledge.contains_key(path) && !hidden(path),
                );
                if !there && !path.contains("<[") {
                    let at = [at.clone(), vec![index.into()]].concat();
                    let message = match inside {
                        Some(path) => format!("there is no file labs/{}/{path}", self.id()),
                        None => format!("neither the template nor a solution has the file {path}"),
                    };
                    self.manifest(&at, message);
                }
            }
        }
        for attempt in attempts(self.lab).0 {
            let commands = [("run", &attempt.spec.run), ("undo", &attempt.spec.undo)];
            for (key, commands) in commands {
                for (n, argv) in commands.iter().enumerate() {
                    for (_, path) in scripts(argv) {
                        let Some(inside) = layout::in_knowledge(path) else { continue };
                        if !self.lab.knowledge.contains_key(inside) && !inside.contains("<[") {
                            let message = format!("there is no file labs/{}/{inside}", self.id());
                            self.attempt(&attempt, &[key.into(), n.into()], message);
                        }
                    }
                }
            }
        }
        self.files_of_probes(&files);
        self.files_of_runtimes(&files);
    }

    /// Files that a check sends: a check that has nothing to send cannot tell anything.
    fn files_of_probes(&mut self, files: &BTreeSet<String>) {
        for (at, check) in checks(&self.lab.manifest.clone()) {
            let Some((key, path)) = check.probe.sent() else { continue };
            let inside =
                layout::in_knowledge(path).map(|path| self.lab.knowledge.contains_key(path));
            if !inside.unwrap_or_else(|| files.contains(path)) && !path.contains("<[") {
                let at = [at, vec![check.probe.name().into(), key.into()]].concat();
                self.manifest(
                    &at,
                    format!("neither the template nor a solution has the file {path}"),
                );
            }
        }
    }

    /// Files that a runtime is made of.
    fn files_of_runtimes(&mut self, files: &BTreeSet<String>) {
        let manifest = self.lab.manifest.clone();
        let mut wanted: Vec<(Vec<Key>, String)> = Vec::new();
        for kind in manifest.runtimes() {
            let Some(python) = manifest.python(kind) else { continue };
            let at = |key: &str| -> Vec<Key> {
                vec!["runtime".into(), kind.name().into(), "python".into(), key.into()]
            };
            for (key, files) in
                [("requirements", &python.requirements), ("no_deps", &python.no_deps)]
            {
                for (n, path) in files.iter().enumerate() {
                    wanted.push(([at(key), vec![n.into()]].concat(), path.clone()));
                }
            }
            wanted.extend(python.uv.iter().map(|path| (at("uv"), path.clone())));
        }
        if let Some(compose) = &manifest.runtime.compose {
            wanted.push((
                vec!["runtime".into(), "compose".into(), "file".into()],
                compose.file.clone(),
            ));
        }
        for (at, path) in wanted {
            if !files.contains(&path) && !path.contains("<[") {
                self.manifest(&at, format!("the template has no {path}"));
            }
        }
    }

    /// The files that a project can have without running anything: those of the template and of all
    /// solutions.
    fn known(&self) -> BTreeSet<String> {
        let manifest = &self.lab.manifest;
        let solutions = manifest.step.iter().map(|step| &step.solution);
        let solutions = solutions.chain(manifest.drill.iter().map(|drill| &drill.solution));
        let folders: Vec<String> = solutions
            .filter_map(|solution| Some(format!("{}/", solution.files.as_ref()?)))
            .collect();
        let laid = self.lab.knowledge.keys().filter_map(|path| {
            folders.iter().find_map(|folder| path.strip_prefix(folder.as_str()))
        });
        laid.chain(self.lab.template.keys().map(String::as_str)).map(named).collect()
    }

    /// Every command of the manifest with the way to it.
    fn all_commands(&self) -> Vec<(Vec<Key>, Vec<String>)> {
        let manifest = &self.lab.manifest;
        let mut all: Vec<(Vec<Key>, Vec<String>)> = Vec::new();
        if let Some(local) = &manifest.runtime.local {
            let tasks = local.task.iter().enumerate().map(|(n, task)| ("task", n, &task.run));
            let services =
                local.service.iter().enumerate().map(|(n, service)| ("service", n, &service.run));
            for (table, n, run) in tasks.chain(services) {
                let at =
                    vec!["runtime".into(), "local".into(), table.into(), n.into(), "run".into()];
                all.push((at, run.clone()));
            }
        }
        let mut list = |at: Vec<Key>, commands: &[Vec<String>]| {
            for (n, argv) in commands.iter().enumerate() {
                all.push(([at.clone(), vec![n.into()]].concat(), argv.clone()));
            }
        };
        for (n, step) in manifest.step.iter().enumerate() {
            list(
                vec!["step".into(), n.into(), "solution".into(), "run".into()],
                &step.solution.run,
            );
        }
        for (n, drill) in manifest.drill.iter().enumerate() {
            let at = |key: &str| vec!["drill".into(), n.into(), key.into()];
            list(at("background"), &drill.background);
            list(at("inject"), &drill.inject);
            list(at("restore"), &drill.restore);
            list([at("solution"), vec!["run".into()]].concat(), &drill.solution.run);
        }
        for (at, check) in checks(manifest) {
            if let Some((key, argv)) = check.probe.command() {
                let at = [at, vec![check.probe.name().into(), key.into()]].concat();
                all.push((at, argv.to_vec()));
            }
        }
        all
    }
}

/// The scripts that a command is given: the one that an interpreter runs, and whatever lies in the
/// lab's own folder.
fn scripts(argv: &[String]) -> Vec<(usize, &str)> {
    let interpreter = argv
        .first()
        .is_some_and(|program| matches!(program.as_str(), "sh" | "bash" | "python" | "python3"));
    argv.iter()
        .enumerate()
        .filter(|(index, word)| {
            let script = word.ends_with(".sh") || word.ends_with(".py");
            let plain = !word.contains(|c: char| c.is_whitespace() || "$\"'`*".contains(c));
            plain
                && (layout::in_knowledge(word).is_some()
                    || *index == 1 && interpreter && script && !word.starts_with(['/', '-']))
        })
        .map(|(index, word)| (index, word.as_str()))
        .collect()
}

/// Whether learners do not get it.
fn hidden(path: &str) -> bool {
    path.starts_with("wrong/") || path.starts_with("right/") || path == "lab.toml"
}

/// A path as it is in the project.
fn named(path: &str) -> String {
    let part = |part: &str| {
        part.strip_prefix("dot-").map_or_else(|| part.to_owned(), |rest| format!(".{rest}"))
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}
