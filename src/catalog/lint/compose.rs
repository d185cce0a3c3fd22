//! Variables of compose files: what `.env` gives must not become empty without a word where there
//! is none.

use super::Lint;
use crate::dotenv::Document;

impl Lint<'_> {
    /// What the template of the lab's own `.env` assigns; none where there is no such template, or
    /// it cannot be read.
    pub(super) fn dotenv(&self) -> Option<Document> {
        let text = String::from_utf8_lossy(self.lab.template.get("dot-env")?).into_owned();
        // Blocks of the template are no lines of the file.
        let block =
            |line: &&str| !["<%", "<#"].iter().any(|open| line.trim_start().starts_with(open));
        Document::parse(text.lines().filter(block).collect::<Vec<_>>().join("\n")).ok()
    }

    /// A clone has no `.env`: compose would say so in a warning, and go on with an empty password.
    pub(super) fn composed(&mut self) {
        let Some(dotenv) = self.dotenv() else { return };
        let composed = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or_default();
            let kind = [".yaml", ".yml"].iter().any(|end| name.ends_with(end));
            kind && ["compose", "docker-compose"].iter().any(|start| name.starts_with(start))
        };
        for (path, bytes) in self.lab.template.iter().filter(|(path, _)| composed(path)) {
            let Ok(text) = std::str::from_utf8(bytes) else { continue };
            for (at, name) in bare(text).filter(|(_, name)| dotenv.assigns(name)) {
                let shown = format!("templates/{}/{path}", self.id());
                let span = Some(at..at + name.len());
                let message = format!(
                    "without .env `{name}` would be empty: write ${{{name}:?see .env.example}}, \
                    or give a default with ${{{name}:-...}}"
                );
                self.file(&shown, span, text, message);
            }
        }
    }
}

/// The names that are filled in with nothing said of what happens without a value, and where they
/// stand.
fn bare(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices('$').filter_map(move |(at, _)| {
        // `$$` is a plain dollar.
        let line = text[..at].rsplit('\n').next().unwrap_or_default();
        let comment = line.trim_start().starts_with('#');
        let escaped = text[..at].bytes().rev().take_while(|byte| *byte == b'$').count() % 2 == 1;
        let braced = text[at + 1..].starts_with('{');
        let start = at + 1 + usize::from(braced);
        let rest = &text[start..];
        let length =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let bare = !braced || rest[length..].starts_with('}');
        (bare && !escaped && !comment && length > 0).then(|| (start, &rest[..length]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_without_a_word_for_their_absence_are_found() {
        let text = "a: ${A}\nb: $B/x ${C:-1} ${D:?why} $${E} ${F-} $$ $1\n# ${G}";
        let names: Vec<&str> = bare(text).map(|(_, name)| name).collect();
        assert_eq!(names, ["A", "B", "1"]);
    }
}
