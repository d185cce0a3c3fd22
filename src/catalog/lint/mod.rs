//! The rules of the lab format that need no rendering and no machine: from a lab to a list of
//! problems, each with its place.

mod attempts;
mod commands;
mod compose;
mod drills;
mod expectations;
mod hints;
mod pins;
mod tree;
mod wiring;

use std::collections::BTreeSet;

use super::Lab;
pub use super::finding::{Finding, line};
use super::manifest::{Alphabet, RuntimeKind, Solution, VarKind};
use super::parse::{Key, Problem, locate};
use super::tree::RelPath;

/// The least number of characters of a secret: 64 bits, when it is made of hex digits.
const SECRET: usize = 16;

/// Everything that is against the rules, in the order of the rules.
/// `others` are the ids that a lab may come after.
pub fn lint(lab: &Lab, others: &BTreeSet<String>) -> Vec<Finding> {
    let mut lint = Lint { lab, others, rule: "", found: Vec::new() };
    for (rule, hold) in RULES {
        lint.rule = rule;
        hold(&mut lint);
    }
    lint.found
}

/// A rule under its name.
type Rule = (&'static str, fn(&mut Lint<'_>));

/// The rules by the names under which programs see them.
const RULES: [Rule; 23] = [
    ("names", |lint| lint.names()),
    ("wholes", |lint| lint.wholes()),
    ("variables", |lint| lint.variables()),
    ("steps", |lint| lint.steps()),
    ("drills", |lint| lint.drills()),
    ("renamed", |lint| lint.renamed()),
    ("kept", |lint| lint.kept()),
    ("held", |lint| lint.held()),
    ("attempts", |lint| lint.attempts()),
    ("stand-ins", |lint| lint.stand_ins()),
    ("services", |lint| lint.services()),
    ("cluster", |lint| lint.cluster()),
    ("ignored", |lint| lint.ignored()),
    ("logins", |lint| lint.logins()),
    ("composed", |lint| lint.composed()),
    ("probes", |lint| lint.probes()),
    ("expectations", |lint| lint.expectations()),
    ("hints", |lint| lint.all_hints()),
    ("commands", |lint| lint.commands()),
    ("tree", |lint| lint.tree()),
    ("files", |lint| lint.files()),
    ("pins", |lint| lint.pins()),
    ("words", |lint| lint.words()),
];

struct Lint<'a> {
    lab: &'a Lab,
    others: &'a BTreeSet<String>,
    rule: &'static str,
    found: Vec<Finding>,
}

impl Lint<'_> {
    fn manifest(&mut self, path: &[Key], message: impl Into<String>) {
        let span = locate(&self.lab.text, path);
        let problem = Problem { file: self.lab.file.clone(), span, message: message.into() };
        self.found.push(Finding { problem, text: self.lab.text.clone(), rule: self.rule });
    }

    fn file(
        &mut self,
        file: &str,
        at: Option<std::ops::Range<usize>>,
        text: &str,
        message: impl Into<String>,
    ) {
        let problem =
            Problem { file: self.lab.source.describe(file), span: at, message: message.into() };
        self.found.push(Finding { problem, text: text.to_owned(), rule: self.rule });
    }

    fn id(&self) -> &str {
        &self.lab.manifest.id
    }

    fn names(&mut self) {
        let folder = std::path::Path::new(&self.lab.file)
            .parent()
            .and_then(|path| path.file_name())
            .unwrap_or_default();
        if folder.to_string_lossy() != self.id() {
            let message = format!(
                "the id is `{}` and the folder is `{}`",
                self.id(),
                folder.to_string_lossy()
            );
            self.manifest(&["id".into()], message);
        }
        let mut seen = BTreeSet::new();
        let steps =
            self.lab.manifest.step.iter().enumerate().map(|(n, step)| ("step", n, &step.id));
        let drills =
            self.lab.manifest.drill.iter().enumerate().map(|(n, drill)| ("drill", n, &drill.id));
        for (table, n, id) in steps.chain(drills).collect::<Vec<_>>() {
            let at = [table.into(), n.into(), "id".into()];
            if !seen.insert(id.clone()) {
                self.manifest(&at, format!("the id `{id}` is used twice"));
            }
            if !is_id(id) {
                self.manifest(&at, not_an_id(id));
            }
        }
        if !self.lab.manifest.vars.get("project_name").is_some_and(|var| var.kind == VarKind::Name)
        {
            self.manifest(
                &["vars".into()],
                "every lab has the variable `project_name` of type `name`",
            );
        }
    }

    fn variables(&mut self) {
        let declared: BTreeSet<String> = self.lab.manifest.vars.keys().cloned().collect();
        let mut used = used_variables(&self.lab.text);
        let trees = [("templates", &self.lab.template), ("labs", &self.lab.knowledge)];
        for (path, bytes) in trees.iter().flat_map(|(_, files)| files.iter()) {
            used.extend(used_variables(path));
            if let Ok(text) = std::str::from_utf8(bytes) {
                used.extend(used_variables(text));
            }
        }
        for name in declared.iter().filter(|name| !used.contains(*name)) {
            self.manifest(
                &["vars".into(), name.as_str().into()],
                format!("nothing uses the variable `{name}`"),
            );
        }
        for (name, var) in self.lab.manifest.vars.clone() {
            let at = |key: &str| ["vars".into(), name.as_str().into(), key.into()];
            let secret = var.kind == VarKind::Secret;
            match var.length {
                Some(length) if secret && length < SECRET => {
                    self.manifest(
                        &at("length"),
                        format!("a secret has at least {SECRET} characters"),
                    );
                }
                Some(_) if !secret => self.manifest(&at("length"), "only a secret has a length"),
                _ => {}
            }
            if !secret && var.alphabet != Alphabet::default() {
                self.manifest(&at("alphabet"), "only a secret has an alphabet");
            }
        }
    }

    fn steps(&mut self) {
        let runtimes = self.lab.manifest.runtimes();
        for (n, step) in self.lab.manifest.step.clone().iter().enumerate() {
            let at = |key: &str| vec!["step".into(), n.into(), key.into()];
            self.text(&at("text"), &step.text);
            self.hints(&at("hints"), &step.hints, &step.id);
            self.solution(&at("solution"), &step.solution, &step.id);
            if step.check.is_empty() {
                self.manifest(&at("id"), format!("the step `{}` has no check", step.id));
            }
            let here: Vec<RuntimeKind> =
                if step.runtimes.is_empty() { runtimes.clone() } else { step.runtimes.clone() };
            for (c, check) in step.check.iter().enumerate() {
                self.reachable(&[at("check"), vec![c.into()]].concat(), check, &here);
            }
        }
    }

    fn drills(&mut self) {
        let runtimes = self.lab.manifest.runtimes();
        for (n, drill) in self.lab.manifest.drill.clone().iter().enumerate() {
            let at = |key: &str| vec!["drill".into(), n.into(), key.into()];
            self.text(&at("text"), &drill.text);
            if let Some(debrief) = &drill.debrief {
                self.text(&at("debrief"), debrief);
            }
            self.hints(&at("hints"), &drill.hints, &drill.id);
            self.solution(&at("solution"), &drill.solution, &drill.id);
            for (key, empty) in [
                ("inject", drill.inject.is_empty()),
                ("restore", drill.restore.is_empty() && drill.keep.is_empty()),
                ("healthy", drill.healthy.is_empty()),
                ("recovered", drill.recovered.is_empty()),
            ] {
                if empty {
                    self.manifest(
                        &at(key),
                        format!("the drill `{}` has an empty `{key}`", drill.id),
                    );
                }
            }
            let here =
                if drill.runtimes.is_empty() { runtimes.clone() } else { drill.runtimes.clone() };
            for (key, list) in [("healthy", &drill.healthy), ("recovered", &drill.recovered)] {
                for (c, check) in list.iter().enumerate() {
                    self.reachable(&[at(key), vec![c.into()]].concat(), check, &here);
                }
            }
        }
    }

    fn text(&mut self, at: &[Key], path: &str) {
        if !self.lab.knowledge.contains_key(path) {
            self.manifest(at, format!("there is no file labs/{}/{path}", self.id()));
        }
    }

    fn solution(&mut self, at: &[Key], solution: &Solution, id: &str) {
        if let Some(folder) = &solution.files {
            let below = format!("{}/", folder.trim_end_matches('/'));
            if !self.lab.knowledge.keys().any(|path| path.starts_with(&below)) {
                self.manifest(
                    &[at.to_vec(), vec!["files".into()]].concat(),
                    format!("there are no files in labs/{}/{folder}", self.id()),
                );
            }
        }
        if solution.files.is_none() && solution.run.is_empty() {
            self.manifest(at, format!("`{id}` has a solution that does nothing"));
        }
    }

    fn files(&mut self) {
        let id = self.id().to_owned();
        let ports: Vec<String> = self
            .lab
            .manifest
            .vars
            .values()
            .filter(|var| var.kind == VarKind::Port)
            .filter_map(|var| var.default.as_ref())
            .map(ToString::to_string)
            .collect();
        for (path, bytes) in &self.lab.template {
            let shown = format!("templates/{id}/{path}");
            for part in path.split('/') {
                if part.starts_with('.') {
                    self.file(
                        &shown,
                        None,
                        "",
                        format!(
                            "name it `dot-{}`: a real `{part}` acts on this repository too",
                            part.trim_start_matches('.')
                        ),
                    );
                }
            }
            if path == "Cargo.toml" || path.ends_with("/Cargo.toml") {
                self.file(
                    &shown,
                    None,
                    "",
                    "a folder with a Cargo.toml is left out of the packaged crate",
                );
            }
            let Ok(text) = std::str::from_utf8(bytes) else { continue };
            // Inside a container the port is the image's own.
            let inside = path.rsplit('/').next().is_some_and(|name| name.starts_with("Dockerfile"));
            for port in ports.iter().filter(|_| !inside) {
                for raw in [format!("127.0.0.1:{port}"), format!("localhost:{port}")] {
                    if let Some(at) = text.find(&raw) {
                        self.file(
                            &shown,
                            Some(at..at + raw.len()),
                            text,
                            format!("`{raw}` is written out where a variable is meant"),
                        );
                    }
                }
            }
        }
    }
}

/// Why this is no path inside the project, if it is not; a variable in it may stand for any name.
fn not_a_path(path: &str) -> Option<String> {
    let mut filled = String::new();
    let mut rest = path;
    while let Some((before, hole)) = rest.split_once("<[") {
        let Some((_, after)) = hole.split_once("]>") else { break };
        filled.push_str(before);
        filled.push('x');
        rest = after;
    }
    filled.push_str(rest);
    let why = RelPath::new(filled.as_str()).err()?;
    Some(why.replacen(&format!("`{filled}`"), &format!("`{path}`"), 1))
}

/// Whether something can be called so: it stands in names of cases and files.
fn is_id(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn not_an_id(id: &str) -> String {
    format!("the id `{id}` has other characters than a-z, 0-9 and -")
}

/// Why this names no program, if it does not.
fn not_a_command(argv: &[String]) -> Option<&'static str> {
    match argv.first() {
        None => Some("an empty command"),
        Some(program) if program.trim().is_empty() => Some("a command without a program"),
        Some(_) => None,
    }
}

/// The words inside template delimiters: more than variables, never fewer.
fn used_variables(text: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (open, close) in [("<[", "]>"), ("<%", "%>")] {
        for part in text.split(open).skip(1) {
            let inside = part.split(close).next().unwrap_or_default();
            used.extend(
                inside.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').map(str::to_owned),
            );
        }
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_hold_variables_and_leaves_the_project_with_none() {
        for path in ["data/<[ project_name ]>", "<[ a ]>-<[ b ]>.db", "plain"] {
            assert_eq!(not_a_path(path), None, "{path}");
        }
        for path in ["../<[ project_name ]>", "/<[ a ]>", "<[ a ]>/../b", "<[ open"] {
            let why = not_a_path(path).unwrap();
            assert!(why.contains(&format!("`{path}` is not a path inside the project")), "{why}");
        }
    }

    #[test]
    fn words_in_delimiters_count_as_used() {
        let used = used_variables("a <[ port ]> b <% if name %> port2");
        assert!(used.contains("port") && used.contains("name") && !used.contains("port2"));
    }
}
