//! Rendering as `lab lint` does it: with defaults and examples, for everything that is wrong.

use super::answers::{Given, answers};
use super::attempts;
use super::render::{RULE, Renderer, render_with};
use crate::catalog::Lab;
use crate::catalog::lint::Finding;
use crate::catalog::parse;
use crate::dotenv::{self, Document};

/// Renders a lab as `lab lint` does: with the given answers over defaults and examples; then every
/// generated TOML and JSON file must parse, and no delimiter may be left. Returns what is wrong.
pub fn trial(lab: &Lab, given: &Given) -> Vec<Finding> {
    let renderer = answers(&lab.manifest, given).and_then(|answers| Renderer::new(lab, &answers));
    let renderer = match renderer {
        Ok(renderer) => renderer,
        Err(error) => {
            let detail =
                error.detail_text().map(|detail| format!(", {}", detail.replace('\n', ", ")));
            let message = format!("{error}{}", detail.unwrap_or_default());
            let span = parse::locate(&lab.text, &["vars".into()]);
            return vec![Finding::new(RULE, lab.file.clone(), &lab.text, span, message)];
        }
    };
    let rendered = match render_with(&renderer, lab) {
        Ok(rendered) => rendered,
        Err(finding) => return vec![finding],
    };
    let mut wrong = Vec::new();
    for (path, file) in rendered.tree.iter().chain(&rendered.knowledge) {
        let Ok(text) = std::str::from_utf8(&file.bytes) else { continue };
        let name = path.as_str();
        let parsed = if name.ends_with(".json") {
            serde_json::from_str::<serde_json::Value>(text).err().map(|error| error.to_string())
        } else if name.ends_with(".toml") {
            toml::from_str::<toml::Table>(text)
                .err()
                .map(|error| error.message().replace('\n', ", "))
        } else {
            None
        };
        let mut found = |span, message| {
            // In the rendered file: what the template was is not known any more.
            wrong.push(Finding::new(RULE, format!("{name} (rendered)"), text, span, message));
        };
        if let Some(why) = parsed {
            found(None, format!("does not parse: {why}"));
        }
        if let Some(at) = ["<[ ", " ]>", "<% ", "<# "].iter().find_map(|left| text.find(left)) {
            found(Some(at..at + 2), "a template delimiter is left".to_owned());
        }
    }
    for (path, template) in &rendered.dotenvs {
        let made = dotenv::fill(&String::from_utf8_lossy(&template.bytes), &renderer.secrets);
        let mut found = |message: String| {
            wrong.push(Finding::new(RULE, format!("{path} (rendered)"), &made, None, message));
        };
        if rendered.tree.get(path).is_none_or(|file| file.bytes != made.as_bytes()) {
            found("a secret stands in it as `<[ name ]>` alone, without a filter".to_owned());
        }
        if let Err(problem) = Document::parse(made.as_str()) {
            found(problem.to_string());
        }
    }
    wrong.extend(attempts::trial(&renderer, &rendered));
    wrong
}
