//! Wrong and right solutions with their holes filled, and whether their edits fit the files that the
//! lab lays. Pure.

use super::answers::Answers;
use super::render::{Pen, Rendered};
use crate::catalog::Lab;
use crate::catalog::attempts::{Attempt, Edit, attempts};
use crate::catalog::parse::{Problem, locate};
use crate::catalog::tree::{RelPath, Tree};
use crate::error::{Error, Result};

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
    let pen = Pen::new(lab, answers)?;
    all.iter().map(|attempt| fill(&pen, attempt)).collect()
}

fn fill(pen: &Pen<'_>, attempt: &Attempt) -> Result<Attempted> {
    let Attempt { file, spec, files, .. } = attempt;
    let shown = format!("labs/{}/{file}", pen.lab.manifest.id);
    let folder = shown.rsplit_once('/').map_or("", |(folder, _)| folder);
    let text = |text: &String| pen.text(text, &shown, &pen.plain);
    let commands = |commands: &[Vec<String>]| {
        let words = |argv: &Vec<String>| argv.iter().map(text).collect::<Result<Vec<String>>>();
        commands.iter().map(words).collect::<Result<Vec<_>>>()
    };
    let edit = |edit: &Edit| {
        let edit = Edit { file: text(&edit.file)?, find: text(&edit.find)?, put: text(&edit.put)? };
        let path = RelPath::new(edit.file.as_str())
            .map_err(|why| Error::usage(format!("{}: {why}", pen.lab.source.describe(&shown))))?;
        Ok((path, edit))
    };
    Ok(Attempted {
        files: pen.tree(files, &format!("{folder}/files"), &pen.plain)?,
        edits: spec.edit.iter().map(edit).collect::<Result<_>>()?,
        run: commands(&spec.run)?,
        undo: commands(&spec.undo)?,
    })
}

/// What does not render, and edits that do not fit, each as `file:line:column: what`.
pub(super) fn trial(lab: &Lab, answers: &Answers, rendered: &Rendered) -> Vec<String> {
    let pen = match Pen::new(lab, answers) {
        Ok(pen) => pen,
        Err(error) => return vec![error.to_string()],
    };
    let mut wrong = Vec::new();
    for attempt in attempts(lab).0 {
        match fill(&pen, &attempt) {
            Ok(filled) => wrong.extend(unfit(lab, rendered, &attempt, &filled)),
            Err(error) => wrong.push(error.to_string()),
        }
    }
    wrong
}

fn unfit(lab: &Lab, rendered: &Rendered, attempt: &Attempt, filled: &Attempted) -> Vec<String> {
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
            Err(message) => {
                let own = lab.knowledge.get(&attempt.file).map(|bytes| String::from_utf8_lossy(bytes));
                let own = own.unwrap_or_default();
                let key = [attempt.at.clone(), vec!["edit".into(), number.into(), "find".into()]].concat();
                let file = lab.source.describe(&format!("labs/{}/{}", lab.manifest.id, attempt.file));
                let problem = Problem { file, span: locate(&own, &key), message };
                wrong.push(format!("{}: {}", problem.place(&own), problem.message));
            }
        }
    }
    wrong
}

/// The file as the attempt finds it, where that is known without running anything: of the solution it
/// comes from, else of the last earlier step that lays it, else of the template.
///
/// None where commands of an earlier step, or the damage of a drill, may have made it what it is: the
/// proof looks at the real one.
fn before<'a>(
    rendered: &'a Rendered,
    attempt: &Attempt,
    path: &RelPath,
) -> Option<&'a crate::catalog::tree::File> {
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
    let once = |file: &&crate::catalog::tree::File| {
        let text = String::from_utf8_lossy(&file.bytes);
        attempt.spec.edit.iter().all(|edit| edit.file != path.as_str() || edit.apply(&text).is_ok())
    };
    found.filter(|file| !commands || once(file))
}
