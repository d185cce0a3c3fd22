//! Rendering: a lab and answers become trees of files, in memory. Pure.

use std::collections::BTreeMap;
use std::ops::Range;

use tera::{Context, Delimiters, ErrorKind, Tera};

use super::answers::Answers;
use crate::catalog::lint::Finding;
use crate::catalog::manifest::VarKind;
use crate::catalog::parse::{self, Key};
use crate::catalog::tree::{File, RelPath, Tree};
use crate::catalog::{Files, Lab, Manifest};
use crate::dotenv;
use crate::error::{Error, Result};
use crate::layout;

/// A lab with its holes filled.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// What the learner gets.
    pub tree: Tree,
    /// What the tool needs to know of the lab later: texts, solutions, verifying scripts.
    pub knowledge: Tree,
    /// The `.env` files with secrets as holes: of what they can be made again.
    pub dotenvs: Tree,
    /// The rendered manifest as text.
    pub manifest_text: String,
    /// The rendered manifest.
    pub manifest: Manifest,
}

/// Renders a lab.
///
/// # Errors
/// Exit 2 with file, line and column: an undefined variable, a syntax error, a path that leaves the
/// project, two templates for one path.
pub fn render(lab: &Lab, answers: &Answers) -> Result<Rendered> {
    Ok(render_with(&Renderer::new(lab, answers)?, lab)?)
}

/// The rule that everything can be rendered.
pub(super) const RULE: &str = "render";

pub(super) fn render_with(renderer: &Renderer<'_>, lab: &Lab) -> Result<Rendered, Finding> {
    let manifest_text = renderer.manifest()?;
    let manifest = parse::read(&manifest_text, &lab.file).map_err(|(problem, _)| Finding {
        problem,
        text: manifest_text.clone(),
        rule: parse::RULE,
    })?;
    let below = format!("labs/{}", lab.manifest.id);
    let known: Files = lab
        .knowledge
        .iter()
        .filter(|(path, _)| {
            *path != "lab.toml" && !path.starts_with("wrong/") && !path.starts_with("right/")
        })
        .map(|(path, bytes)| (path.clone(), bytes.clone()))
        .collect();
    let knowledge = renderer.tree(&known, &below, &renderer.plain)?;
    let mut context = renderer.plain.clone();
    context.insert(
        "steps",
        &chapters(
            &manifest.step.iter().map(|step| (&step.title, &step.text)).collect::<Vec<_>>(),
            &knowledge,
            true,
        ),
    );
    context.insert(
        "drills",
        &chapters(
            &manifest.drill.iter().map(|drill| (&drill.title, &drill.text)).collect::<Vec<_>>(),
            &knowledge,
            false,
        ),
    );
    let tree = renderer.tree(&lab.template, &format!("templates/{}", lab.manifest.id), &context)?;
    Ok(Rendered { tree, knowledge, dotenvs: renderer.dotenvs()?, manifest_text, manifest })
}

/// The `.env` files of a lab with secrets as holes.
///
/// # Errors
/// As [`render`].
pub fn dotenvs(lab: &Lab, answers: &Answers) -> Result<Tree> {
    Ok(Renderer::new(lab, answers)?.dotenvs()?)
}

pub(super) struct Renderer<'a> {
    pub(super) lab: &'a Lab,
    tera: Tera,
    pub(super) plain: Context,
    secret: Context,
    pub(super) secrets: BTreeMap<String, String>,
}

impl<'a> Renderer<'a> {
    pub(super) fn new(lab: &'a Lab, answers: &Answers) -> Result<Self> {
        let mut tera = Tera::default();
        // The usual braces belong to GitHub Actions, Prometheus, Go templates and shells.
        tera.set_delimiters(Delimiters {
            block_start: "<%".into(),
            block_end: "%>".into(),
            variable_start: "<[".into(),
            variable_end: "]>".into(),
            comment_start: "<#".into(),
            comment_end: "#>".into(),
        })
        .map_err(|error| {
            Error::bug("the template delimiters are refused").because(error.to_string())
        })?;
        let mut plain = Context::new();
        for (name, value) in &answers.plain {
            plain.insert(name.clone(), value);
        }
        let facts = serde_json::json!({
            "id": lab.manifest.id, "title": lab.manifest.title, "summary": lab.manifest.summary,
            "devops": lab.manifest.devops, "minutes": lab.manifest.minutes,
            "version": env!("CARGO_PKG_VERSION"),
        });
        plain.insert("lab", &facts);
        let mut secret = plain.clone();
        for (name, value) in &answers.secret {
            secret.insert(name.clone(), value);
        }
        Ok(Renderer { lab, tera, plain, secret, secrets: answers.secret.clone() })
    }

    /// Renders a text; most have no hole, and cost nothing.
    pub(super) fn text(
        &self,
        text: &str,
        file: &str,
        context: &Context,
    ) -> Result<String, Finding> {
        self.fill(text, context).map_err(|(span, message)| {
            Finding::new(RULE, self.lab.source.describe(file), text, span, message)
        })
    }

    /// The same for a value of the manifest or of another TOML file of the lab: the place is that
    /// in the file.
    pub(super) fn string(
        &self,
        value: &str,
        file: &Toml<'_>,
        at: &[Key],
    ) -> Result<String, Finding> {
        self.fill(value, &self.plain).map_err(|(span, message)| {
            let inside = span.and_then(|span| parse::locate_inside(file.text, at, span));
            let span = inside.or_else(|| parse::locate(file.text, at));
            Finding::new(RULE, file.shown.clone(), file.text, span, message)
        })
    }

    fn fill(
        &self,
        text: &str,
        context: &Context,
    ) -> Result<String, (Option<Range<usize>>, String)> {
        let opens = |(at, _)| matches!(text.as_bytes().get(at + 1), Some(b'[' | b'%' | b'#'));
        if !text.match_indices('<').any(opens) {
            return Ok(text.to_owned());
        }
        self.tera.render_str(text, context, false).map_err(|error| match error.kind() {
            ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
                (Some(report.span().range.clone()), report.message().to_owned())
            }
            other => (None, other.to_string()),
        })
    }

    fn refused(&self, shown: &str, message: String) -> Finding {
        Finding::new(RULE, self.lab.source.describe(shown), "", None, message)
    }

    fn dotenvs(&self) -> Result<Tree, Finding> {
        let mut holes = self.plain.clone();
        for name in self.secrets.keys() {
            holes.insert(name.clone(), &dotenv::hole(name));
        }
        let mut tree = Tree::new();
        for (path, bytes) in &self.lab.template {
            let shown = format!("templates/{}/{path}", self.lab.manifest.id);
            let to = self.path(path, &shown)?;
            if to.is_secret() {
                let text = self.text(&String::from_utf8_lossy(bytes), &shown, &holes)?;
                tree.insert(to, File::new(text.into_bytes()));
            }
        }
        Ok(tree)
    }

    pub(super) fn tree(
        &self,
        files: &Files,
        below: &str,
        context: &Context,
    ) -> Result<Tree, Finding> {
        let mut tree = Tree::new();
        let mut from = BTreeMap::new();
        for (path, bytes) in files {
            let shown = format!("{below}/{path}");
            let to = self.path(path, &shown)?;
            let context = if to.is_secret() { &self.secret } else { context };
            // A NUL stands in no text: what only looks like a hole is not one.
            let bytes = match std::str::from_utf8(bytes) {
                Ok(text) if !text.contains('\0') => self.text(text, &shown, context)?.into_bytes(),
                _ => bytes.to_vec(),
            };
            if tree.insert(to.clone(), File::new(bytes)).is_some() {
                return Err(
                    self.refused(&shown, format!("another template is written to {to} too"))
                );
            }
            from.insert(to, shown);
        }
        match collision(&tree) {
            None => Ok(tree),
            Some((path, why)) => {
                let shown = from.get(&path).map_or(below, String::as_str);
                Err(self.refused(shown, why))
            }
        }
    }

    fn path(&self, path: &str, shown: &str) -> Result<RelPath, Finding> {
        let path = self.text(path, shown, &self.plain)?;
        let parts: Vec<String> = path
            .split('/')
            .map(|part| {
                part.strip_prefix("dot-").map_or_else(|| part.to_owned(), |rest| format!(".{rest}"))
            })
            .collect();
        let path = RelPath::new(parts.join("/")).map_err(|why| self.refused(shown, why))?;
        if layout::is_own(path.as_str()) {
            return Err(self.refused(shown, format!("{} is the tool's own folder", layout::FOLDER)));
        }
        Ok(path)
    }

    /// The manifest with every string rendered on its own: an answer can never change its
    /// structure.
    fn manifest(&self) -> Result<String, Finding> {
        let file = Toml { shown: self.lab.file.clone(), text: &self.lab.text };
        let whole = |message: String| Finding::new(RULE, file.shown.clone(), "", None, message);
        let mut table: toml::Table =
            toml::from_str(&self.lab.text).map_err(|error| whole(error.message().to_owned()))?;
        for (key, value) in table.iter_mut() {
            // The answers are in it already; the defaults are not templates.
            if key != "vars" {
                self.value(value, &file, &mut vec![key.as_str().into()])?;
            }
        }
        toml::to_string(&table).map_err(|error| whole(format!("it cannot be written: {error}")))
    }

    fn value(
        &self,
        value: &mut toml::Value,
        file: &Toml<'_>,
        at: &mut Vec<Key>,
    ) -> Result<(), Finding> {
        let mut below = |key: Key, value: &mut toml::Value| {
            at.push(key);
            let result = self.value(value, file, at);
            at.pop();
            result
        };
        match value {
            toml::Value::String(text) => {
                let rendered = self.string(text, file, at)?;
                let typed = self.kind_of(text, at).and_then(|kind| typed(kind, &rendered));
                *value = typed.unwrap_or(toml::Value::String(rendered));
                Ok(())
            }
            toml::Value::Array(items) => {
                items.iter_mut().enumerate().try_for_each(|(index, item)| below(index.into(), item))
            }
            toml::Value::Table(table) => {
                for (key, value) in table.iter_mut() {
                    below(key.as_str().into(), value)?;
                }
                self.keys(table, file, at)
            }
            _ => Ok(()),
        }
    }

    /// The kind of the variable that a string consists of, where JSON data is meant.
    fn kind_of(&self, text: &str, at: &[Key]) -> Option<VarKind> {
        let is = |key: &Key, name: &str| matches!(key, Key::Name(known) if known == name);
        let data = at.windows(2).any(|pair| {
            let (above, below) = (&pair[0], &pair[1]);
            is(above, "http") && is(below, "json")
                || is(above, "expect") && (is(below, "json") || is(below, "toml"))
        });
        if !data || at.last().is_some_and(|key| is(key, "matches")) {
            return None;
        }
        let name = text.trim().strip_prefix("<[")?.strip_suffix("]>")?.trim();
        Some(self.lab.manifest.vars.get(name)?.kind)
    }

    /// Fills the holes in the keys of a table: pointers, headers, labels. The format's own keys
    /// have none.
    fn keys(&self, table: &mut toml::Table, file: &Toml<'_>, at: &[Key]) -> Result<(), Finding> {
        if !table.keys().any(|key| key.contains("<[")) {
            return Ok(());
        }
        for (key, value) in std::mem::take(table) {
            let place = [at, &[key.as_str().into()]].concat();
            let rendered = self.string(&key, file, &place)?;
            if table.insert(rendered.clone(), value).is_some() {
                let message = format!("`{key}` becomes `{rendered}`, which is there already");
                let span = parse::locate(file.text, &place);
                return Err(Finding::new(RULE, file.shown.clone(), file.text, span, message));
            }
        }
        Ok(())
    }
}

/// What a variable of this kind is in JSON, where it is no text.
fn typed(kind: VarKind, text: &str) -> Option<toml::Value> {
    match kind {
        VarKind::Integer | VarKind::Port => text.parse().ok().map(toml::Value::Integer),
        VarKind::Bool => text.parse().ok().map(toml::Value::Boolean),
        _ => None,
    }
}

/// A TOML file of a lab whose strings are rendered on their own.
pub(super) struct Toml<'a> {
    /// Its name in errors.
    pub(super) shown: String,
    pub(super) text: &'a str,
}

/// Two paths that cannot both be there on every system, if there are any: names that differ in case
/// only, a file where a folder is to be.
fn collision(tree: &Tree) -> Option<(RelPath, String)> {
    // Each name in small letters, as it is written, and whether it is a file.
    let mut names: BTreeMap<String, (&str, bool)> = BTreeMap::new();
    for path in tree.keys() {
        let text = path.as_str();
        let folders = text.match_indices('/').map(|(end, _)| (&text[..end], false));
        for (name, file) in folders.chain([(text, true)]) {
            let before = names.insert(name.to_lowercase(), (name, file));
            let why = match before {
                Some((other, _)) if other != name => {
                    format!("{name} and {other} are the same name on some systems")
                }
                Some((_, other)) if other != file => format!("{name} would be a file and a folder"),
                _ => continue,
            };
            return Some((path.clone(), why));
        }
    }
    None
}

/// Steps or drills as one text, each under its title: what the tool shows and what the README says
/// are the same files.
fn chapters(parts: &[(&String, &String)], knowledge: &Tree, numbered: bool) -> String {
    let mut text = String::new();
    for (index, (title, path)) in parts.iter().enumerate() {
        let number = if numbered { format!("{}. ", index + 1) } else { String::new() };
        let body = knowledge.iter().find(|(known, _)| known.as_str() == path.as_str());
        let body = body
            .map(|(_, file)| String::from_utf8_lossy(&file.bytes).trim().to_owned())
            .unwrap_or_default();
        let gap = if index == 0 { "" } else { "\n" };
        text.push_str(&format!("{gap}## {number}{title}\n\n{body}\n"));
    }
    text.trim_end().to_owned()
}
