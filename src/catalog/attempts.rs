//! Solutions beside a lab's own, for its proof: wrong ones that a check must refuse, right ones
//! that it must accept. Parsed once, for `lab lint` and `lab test`.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::lint::Finding;
use super::manifest::{RuntimeKind, VerdictKind};
use super::parse::{Key, Problem, locate};
use super::{Files, Lab};

/// The rule under which problems of these files are reported.
const RULE: &str = "attempts";

/// What a check must make of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// A mistake or a fraud: *not yet*.
    Wrong,
    /// Another way to do it: passes.
    Right,
}

impl Side {
    const ALL: [Side; 2] = [Side::Wrong, Side::Right];

    /// The folder, the table and the part of a case's name.
    pub fn name(self) -> &'static str {
        match self {
            Side::Wrong => "wrong",
            Side::Right => "right",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A wrong or right solution of a step or a drill, unrendered.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// What the check must make of it.
    pub side: Side,
    /// The step or the drill.
    pub target: String,
    /// Its name, one for each target and side.
    pub name: String,
    /// What it does.
    pub spec: Spec,
    /// Whole files, by their path in the template's spelling.
    pub files: Files,
    /// The file that describes it, below `labs/<id>/`.
    pub file: String,
    /// Where in that file.
    pub at: Vec<Key>,
}

/// One entry of `wrong/<step>.toml`, or a whole `wrong/<step>/<name>/wrong.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// In a list; a folder has its own name.
    #[serde(default)]
    pub name: Option<String>,
    /// What mistake, fraud or other way this stands for.
    pub why: String,
    /// Where it applies; empty means wherever the target does.
    #[serde(default)]
    pub runtimes: Vec<RuntimeKind>,
    /// A folder with a solution that is laid over the project first.
    #[serde(default)]
    pub from: Option<String>,
    /// Changes of files.
    #[serde(default)]
    pub edit: Vec<Edit>,
    /// Commands after the files.
    #[serde(default)]
    pub run: Vec<Vec<String>>,
    /// Commands that take back what files alone do not.
    #[serde(default)]
    pub undo: Vec<Vec<String>>,
    /// `cannot-tell` where a wrong solution leaves nothing that could be judged.
    #[serde(default)]
    pub verdict: Option<VerdictKind>,
}

/// One change of one file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// Its path in the project.
    pub file: String,
    /// Text that occurs in it exactly once.
    pub find: String,
    /// What takes its place.
    pub put: String,
}

impl Edit {
    /// The text after the change, or why it cannot be made.
    pub fn apply(&self, text: &str) -> Result<String, String> {
        match text.matches(self.find.as_str()).count() {
            1 => Ok(text.replacen(&self.find, &self.put, 1)),
            0 => Err(format!("`find` does not occur in {}", self.file)),
            times => Err(format!("`find` occurs {times} times in {}: make it longer", self.file)),
        }
    }
}

/// The form with several in a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    wrong: Vec<Spec>,
    #[serde(default)]
    right: Vec<Spec>,
}

/// All attempts of a lab by side, target and name, and what is wrong with their files.
pub fn attempts(lab: &Lab) -> (Vec<Attempt>, Vec<Finding>) {
    let mut reader = Reader { lab, all: Vec::new(), found: Vec::new() };
    for side in Side::ALL {
        reader.read(side);
    }
    let Reader { mut all, found, .. } = reader;
    all.sort_by(|a, b| (a.side, &a.target, &a.name).cmp(&(b.side, &b.target, &b.name)));
    (all, found)
}

struct Reader<'a> {
    lab: &'a Lab,
    all: Vec<Attempt>,
    found: Vec<Finding>,
}

impl Reader<'_> {
    fn read(&mut self, side: Side) {
        let below = format!("{side}/");
        let mut folders: BTreeMap<(&str, &str), Files> = BTreeMap::new();
        for (path, bytes) in &self.lab.knowledge {
            let Some(rest) = path.strip_prefix(&below) else { continue };
            match rest.splitn(3, '/').collect::<Vec<_>>()[..] {
                [target, name, inside] => {
                    folders
                        .entry((target, name))
                        .or_default()
                        .insert(inside.to_owned(), bytes.clone());
                }
                [file] if file.ends_with(".toml") => {
                    self.list(side, file.trim_end_matches(".toml"), path);
                }
                _ => {
                    let message = format!(
                        "not read: a {side} solution is an entry of {side}/<step>.toml or a folder \
                         {side}/<step>/<name>/"
                    );
                    self.problem(path, "", None, message);
                }
            }
        }
        for ((target, name), files) in folders {
            self.folder(side, target, name, files);
        }
    }

    fn list(&mut self, side: Side, target: &str, file: &str) {
        let text = self.text(file);
        let list: List = match toml::from_str(&text) {
            Ok(list) => list,
            Err(error) => return self.unreadable(file, &text, &error),
        };
        let (specs, other, others) = match side {
            Side::Wrong => (list.wrong, Side::Right, list.right.len()),
            Side::Right => (list.right, Side::Wrong, list.wrong.len()),
        };
        if others > 0 {
            let message = format!("`[[{other}]]` belongs into {other}/{target}.toml");
            self.problem(file, &text, locate(&text, &[other.name().into()]), message);
        }
        if specs.is_empty() {
            self.problem(file, &text, None, format!("there is no `[[{side}]]` in it"));
        }
        for (number, spec) in specs.into_iter().enumerate() {
            let at: Vec<Key> = vec![side.name().into(), number.into()];
            let Some(name) = spec.name.clone() else {
                let span = locate(&text, &at);
                self.problem(file, &text, span, format!("this {side} solution has no `name`"));
                continue;
            };
            let (target, file) = (target.to_owned(), file.to_owned());
            self.all.push(Attempt { side, target, name, spec, files: Files::new(), file, at });
        }
    }

    fn folder(&mut self, side: Side, target: &str, name: &str, mut files: Files) {
        let folder = format!("{side}/{target}/{name}");
        let file = format!("{folder}/{side}.toml");
        if files.remove(&format!("{side}.toml")).is_none() {
            let message = format!(
                "the {side} solution `{name}` has no {side}.toml that says why it is {side}"
            );
            return self.problem(&file, "", None, message);
        }
        let text = self.text(&file);
        let spec: Spec = match toml::from_str(&text) {
            Ok(spec) => spec,
            Err(error) => return self.unreadable(&file, &text, &error),
        };
        if spec.name.as_ref().is_some_and(|own| own != name) {
            let span = locate(&text, &["name".into()]);
            self.problem(&file, &text, span, format!("it is called `{name}`, as its folder is"));
        }
        let mut laid = Files::new();
        for (path, bytes) in files {
            match path.strip_prefix("files/") {
                Some(path) => drop(laid.insert(path.to_owned(), bytes)),
                None => {
                    let message = format!(
                        "not read: what is laid over the project stands in {folder}/files/"
                    );
                    self.problem(&format!("{folder}/{path}"), "", None, message);
                }
            }
        }
        let (target, name) = (target.to_owned(), name.to_owned());
        self.all.push(Attempt { side, target, name, spec, files: laid, file, at: Vec::new() });
    }

    fn text(&self, file: &str) -> String {
        let bytes = self.lab.knowledge.get(file).map(|bytes| String::from_utf8_lossy(bytes));
        bytes.unwrap_or_default().into_owned()
    }

    fn unreadable(&mut self, file: &str, text: &str, error: &toml::de::Error) {
        self.problem(file, text, error.span(), error.message().trim().replace('\n', ", "));
    }

    fn problem(
        &mut self,
        file: &str,
        text: &str,
        span: Option<std::ops::Range<usize>>,
        message: impl Into<String>,
    ) {
        let file = self.lab.source.describe(&format!("labs/{}/{file}", self.lab.manifest.id));
        let problem = Problem { file, span, message: message.into() };
        self.found.push(Finding { problem, text: text.to_owned(), rule: RULE });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_needs_its_place_exactly_once() {
        let edit = |find: &str| Edit { file: "a".into(), find: find.into(), put: "x".into() };
        assert_eq!(edit("b").apply("abc"), Ok("axc".to_owned()));
        assert_eq!(edit("d").apply("abc"), Err("`find` does not occur in a".to_owned()));
        assert!(edit("b").apply("bb").unwrap_err().contains("2 times"));
    }
}
