//! The files of a lab: what is not read, what must not be shipped, and names that other rules rely
//! on.

use std::collections::BTreeSet;

use super::Lint;
use crate::catalog::manifest::VarKind;
use crate::catalog::parse::Key;

/// What stands in `labs/<id>/`, beside `lab.toml`.
const FOLDERS: [&str; 6] = ["steps", "solution", "wrong", "right", "drills", "verify"];

/// Words of templates that are no answers.
const TAKEN: [&str; 3] = ["lab", "steps", "drills"];

/// What programs leave beside the files of a lab.
const LEFT: [&str; 12] = [
    "__pycache__",
    ".pytest_cache",
    ".ruff_cache",
    ".mypy_cache",
    ".ipynb_checkpoints",
    ".venv",
    ".git",
    ".idea",
    ".vscode",
    ".DS_Store",
    "Thumbs.db",
    "node_modules",
];

impl Lint<'_> {
    pub(super) fn tree(&mut self) {
        let id = self.id().to_owned();
        let trees =
            [("labs", self.lab.knowledge.clone()), ("templates", self.lab.template.clone())];
        for (tree, files) in trees {
            for (path, bytes) in &files {
                let shown = format!("{tree}/{id}/{path}");
                if let Some(why) = left_over(path) {
                    self.file(&shown, None, "", why);
                    continue;
                }
                let Ok(text) = std::str::from_utf8(bytes) else { continue };
                if unix_only(path, text)
                    && let Some(at) = text.find("\r\n")
                {
                    self.file(
                        &shown,
                        Some(at..at + 1),
                        text,
                        "it has Windows line ends, and is read on Unix",
                    );
                }
            }
        }
        let mut strange = BTreeSet::new();
        for path in self
            .lab
            .knowledge
            .keys()
            .filter(|path| *path != "lab.toml" && left_over(path).is_none())
        {
            let first = path.split('/').next().unwrap_or_default();
            if !FOLDERS.contains(&first) || first == path {
                strange.insert(first.to_owned());
            }
        }
        for name in strange {
            let near = crate::error::nearest(&name, FOLDERS);
            let near = near.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
            let message = format!("nothing reads it{near}: a lab has {}", FOLDERS.join(", "));
            self.file(&format!("labs/{id}/{name}"), None, "", message);
        }
        let manifest = &self.lab.manifest;
        let texts = manifest.step.iter().map(|step| &step.text);
        let drills = manifest
            .drill
            .iter()
            .flat_map(|drill| std::iter::once(&drill.text).chain(&drill.debrief));
        let texts: BTreeSet<String> = texts.chain(drills).cloned().collect();
        let unused: Vec<String> = self
            .lab
            .knowledge
            .keys()
            .filter(|path| {
                path.ends_with(".md") && (path.starts_with("steps/") || path.starts_with("drills/"))
            })
            .filter(|path| !texts.contains(*path))
            .cloned()
            .collect();
        for path in unused {
            self.file(&format!("labs/{id}/{path}"), None, "", "no step or drill has this text");
        }
        if self.lab.template.is_empty() {
            self.manifest(
                &["id".into()],
                format!("there are no files in templates/{id}: init would make nothing"),
            );
        }
    }

    /// Names that must be there, or once only.
    pub(super) fn wholes(&mut self) {
        let manifest = self.lab.manifest.clone();
        if manifest.step.is_empty() {
            self.manifest(&["id".into()], "the lab has no steps");
        }
        for (key, text) in [
            ("title", &manifest.title),
            ("summary", &manifest.summary),
            ("devops", &manifest.devops),
        ] {
            if text.trim().is_empty() {
                self.manifest(&[key.into()], format!("`{key}` says nothing"));
            }
        }
        for name in manifest.vars.keys().filter(|name| TAKEN.contains(&name.as_str())) {
            let message = format!("templates have a `{name}` already: call the variable otherwise");
            self.manifest(&["vars".into(), name.as_str().into()], message);
        }
        for (name, var) in &manifest.vars {
            let at = |key: &str| ["vars".into(), name.as_str().into(), key.into()];
            if var.kind == VarKind::Choice && var.choices.is_empty() {
                self.manifest(&at("type"), "a choice has `choices`");
            }
            if let (Some(min), Some(max)) = (var.min, var.max)
                && min > max
            {
                self.manifest(&at("min"), format!("no number is at least {min} and at most {max}"));
            }
        }
        let local = manifest.runtime.local.iter();
        // Tasks and services share a folder of logs.
        let mut names = BTreeSet::new();
        let tasks = local.clone().flat_map(|local| {
            local.task.iter().enumerate().map(|(n, task)| ("task", n, &task.name))
        });
        let services = local.flat_map(|local| {
            local.service.iter().enumerate().map(|(n, service)| ("service", n, &service.name))
        });
        for (table, n, name) in tasks.chain(services) {
            let at: [Key; 5] =
                ["runtime".into(), "local".into(), table.into(), n.into(), "name".into()];
            if !names.insert(name.clone()) {
                self.manifest(&at, format!("the name `{name}` is used twice"));
            }
            let well = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
            if name.is_empty() || !name.chars().all(well) {
                self.manifest(
                    &at,
                    format!("the name `{name}` has other characters than letters, digits, - and _"),
                );
            }
        }
        for (name, endpoint) in &manifest.endpoint {
            let kubernetes = endpoint.kubernetes.as_ref().map(|forward| &forward.url);
            let places = [
                ("local", endpoint.local.as_ref()),
                ("compose", endpoint.compose.as_ref()),
                ("kubernetes", kubernetes),
            ];
            for (key, url) in places {
                let Some(url) = url else { continue };
                if !["http://", "https://", "tcp://", "<["]
                    .iter()
                    .any(|scheme| url.starts_with(scheme))
                {
                    let at: [Key; 3] = ["endpoint".into(), name.as_str().into(), key.into()];
                    self.manifest(
                        &at,
                        format!("an endpoint begins with http:// or tcp://: \"http://{url}\""),
                    );
                }
            }
        }
        for (n, other) in manifest.after.iter().enumerate() {
            if !self.others.contains(other) {
                let near = crate::error::nearest(other, self.others.iter().map(String::as_str));
                let near =
                    near.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
                self.manifest(
                    &["after".into(), n.into()],
                    format!("there is no lab `{other}`{near}"),
                );
            }
        }
    }
}

/// Why a file is nobody's work.
fn left_over(path: &str) -> Option<&'static str> {
    let mut parts = path.split('/');
    let name = path.rsplit('/').next().unwrap_or_default();
    let ends = ["~", ".swp", ".swo", ".orig", ".rej", ".bak", ".pyc", ".pyo", ".tmp"];
    if parts.any(|part| LEFT.contains(&part)) {
        return Some("a cache or a tool's own folder: learners would get it");
    }
    let copy = ends.iter().any(|end| name.ends_with(end))
        || name.starts_with(".#")
        || name.starts_with('#');
    copy.then_some("a copy that an editor or a tool left: learners would get it")
}

/// Whether programs on Unix read it, to whom a carriage return is part of the line.
fn unix_only(path: &str, text: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let named = ["Makefile", "dot-env", "Dockerfile"].iter().any(|start| name.starts_with(start));
    text.starts_with("#!") || name.ends_with(".sh") || named
}
