//! Wrong and right solutions with their holes filled, and whether their edits fit the files that
//! the lab lays. Pure.

use super::answers::Answers;
use super::render::{RULE, Rendered, Renderer, Toml};
use crate::catalog::Lab;
use crate::catalog::attempts::{Attempt, Edit, attempts};
use crate::catalog::lint::Finding;
use crate::catalog::parse::{Key, locate};
use crate::catalog::tree::{File, RelPath, Tree};
use crate::error::Result;

/// What an attempt does to a project made with some answers.
#[derive(Clone, Debug)]
pub struct Attempted {
    /// Whole files.
    pub files: Tree,
    /// Changes of files, in order.
    pub edits: Vec<(RelPath, Edit)>,
    /// Commands after that.
    pub run: Vec<Vec<String>>,
    /// Commands that take back what files alone do not.
    pub undo: Vec<Vec<String>>,
}

/// Fills the holes of attempts, one result for each.
///
/// # Errors
/// Exit 2, as for a template: an undefined variable, a path that leaves the project.
pub fn attempted(lab: &Lab, answers: &Answers, all: &[Attempt]) -> Result<Vec<Attempted>> {
    let renderer = Renderer::new(lab, answers)?;
    all.iter().map(|attempt| Ok(fill(&renderer, attempt)?)).collect()
}

fn fill(renderer: &Renderer<'_>, attempt: &Attempt) -> Result<Attempted, Finding> {
    let Attempt { spec, files, .. } = attempt;
    let shown = format!("labs/{}/{}", renderer.lab.manifest.id, attempt.file);
    let folder = shown.rsplit_once('/').map_or("", |(folder, _)| folder);
    let own = own(renderer, attempt);
    let file = Toml { shown: renderer.lab.source.describe(&shown), text: &own };
    let text = |text: &str, below: &[Key]| {
        renderer.string(text, &file, &[attempt.at.clone(), below.to_vec()].concat())
    };
    let commands = |key: &str, commands: &[Vec<String>]| -> Result<Vec<Vec<String>>, Finding> {
        let word =
            |n: usize, w: usize, word: &String| text(word, &[key.into(), n.into(), w.into()]);
        let words = |(n, argv): (usize, &Vec<String>)| {
            argv.iter().enumerate().map(|(w, one)| word(n, w, one)).collect()
        };
        commands.iter().enumerate().map(words).collect()
    };
    let edit = |(n, edit): (usize, &Edit)| {
        let part = |key: &str, value: &str| text(value, &["edit".into(), n.into(), key.into()]);
        let Edit { file, find, put } = edit;
        let edit =
            Edit { file: part("file", file)?, find: part("find", find)?, put: part("put", put)? };
        let path = RelPath::new(edit.file.as_str())
            .map_err(|why| at(renderer, attempt, n, "file", why))?;
        Ok((path, edit))
    };
    Ok(Attempted {
        files: renderer.tree(files, &format!("{folder}/files"), &renderer.plain)?,
        edits: spec.edit.iter().enumerate().map(edit).collect::<Result<_, _>>()?,
        run: commands("run", &spec.run)?,
        undo: commands("undo", &spec.undo)?,
    })
}

/// The text of the file that describes an attempt.
fn own(renderer: &Renderer<'_>, attempt: &Attempt) -> String {
    let bytes =
        renderer.lab.knowledge.get(&attempt.file).map(|bytes| String::from_utf8_lossy(bytes));
    bytes.unwrap_or_default().into_owned()
}

/// A problem of an edit.
fn at(
    renderer: &Renderer<'_>,
    attempt: &Attempt,
    number: usize,
    key: &str,
    message: String,
) -> Finding {
    let text = own(renderer, attempt);
    let below: Vec<Key> = vec!["edit".into(), number.into(), key.into()];
    let span = locate(&text, &[attempt.at.clone(), below].concat());
    let file = renderer
        .lab
        .source
        .describe(&format!("labs/{}/{}", renderer.lab.manifest.id, attempt.file));
    Finding::new(RULE, file, &text, span, message)
}

/// What does not render, and edits that do not fit.
pub(super) fn trial(renderer: &Renderer<'_>, rendered: &Rendered) -> Vec<Finding> {
    let mut wrong = Vec::new();
    for attempt in attempts(renderer.lab).0 {
        match fill(renderer, &attempt) {
            Ok(filled) => wrong.extend(unfit(renderer, rendered, &attempt, &filled)),
            Err(finding) => wrong.push(finding),
        }
    }
    wrong
}

fn unfit(
    renderer: &Renderer<'_>,
    rendered: &Rendered,
    attempt: &Attempt,
    filled: &Attempted,
) -> Vec<Finding> {
    let mut wrong = Vec::new();
    // Edits of one file follow each other.
    let mut texts: Tree = filled.files.clone();
    for (number, (path, edit)) in filled.edits.iter().enumerate() {
        let laid = texts.get(path).or_else(|| before(rendered, attempt, path)).cloned();
        let Some(mut file) = laid else { continue };
        let text = String::from_utf8_lossy(&file.bytes).into_owned();
        match edit.apply(&text) {
            Ok(text) => {
                file.bytes = text.into_bytes();
                texts.insert(path.clone(), file);
            }
            Err(message) => wrong.push(at(renderer, attempt, number, "find", message)),
        }
    }
    wrong
}

/// The file as the attempt finds it, where that is known without running anything: of the solution
/// it comes from, else of the last earlier step that lays it, else of the template.
///
/// None where commands of an earlier step, or the damage of a drill, may have made it what it is:
/// the proof looks at the real one.
fn before<'a>(rendered: &'a Rendered, attempt: &Attempt, path: &RelPath) -> Option<&'a File> {
    let solution = |folder: &str| {
        let path = RelPath::new(format!("{}/{path}", folder.trim_end_matches('/'))).ok()?;
        rendered.knowledge.get(&path)
    };
    if let Some(folder) = &attempt.spec.from
        && let Some(file) = solution(folder)
    {
        return Some(file);
    }
    let steps = &rendered.manifest.step;
    let number = steps.iter().position(|step| step.id == attempt.target)?;
    let mut found = rendered.tree.get(path);
    let mut commands = false;
    for step in &steps[..number] {
        if let Some(file) = step.solution.files.as_deref().and_then(solution) {
            found = Some(file);
        }
        commands |= !step.solution.run.is_empty();
    }
    let once = |file: &&File| {
        let text = String::from_utf8_lossy(&file.bytes);
        attempt.spec.edit.iter().all(|edit| edit.file != path.as_str() || edit.apply(&text).is_ok())
    };
    found.filter(|file| !commands || once(file))
}
