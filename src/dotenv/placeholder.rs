//! Templates of `.env` files in which secrets are holes, `<[ name ]>`: what a lab keeps of them in
//! git.

use std::collections::BTreeMap;

use super::Document;

const OPEN: &str = "<[";
const CLOSE: &str = "]>";

/// The hole of a secret.
pub fn hole(name: &str) -> String {
    format!("{OPEN} {name} {CLOSE}")
}

/// A template with its holes filled.
pub fn fill(template: &str, secrets: &BTreeMap<String, String>) -> String {
    secrets
        .iter()
        .fold(template.to_owned(), |text, (name, secret)| text.replace(&hole(name), secret))
}

/// The secrets that a `.env` holds, by the name of the hole in its template: a line that is one
/// secret between fixed texts is matched with the line of that name.
pub fn secrets(template: &Document, own: &Document) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for name in template.names() {
        let Some(wanted) = template.constant(name) else { continue };
        let Some((before, rest)) = wanted.split_once(OPEN) else { continue };
        let Some((hole, after)) = rest.split_once(CLOSE) else { continue };
        let own = own.constant(name);
        let secret = own.as_deref().and_then(|own| own.strip_prefix(before)?.strip_suffix(after));
        if let Some(secret) = secret.filter(|secret| !secret.is_empty()) {
            found.insert(hole.trim().to_owned(), secret.to_owned());
        }
    }
    found
}
