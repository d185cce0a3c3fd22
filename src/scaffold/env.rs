//! The `.env` files of a project in an update. They are the learner's, hold secrets and have no pristine copy: only lines that nobody has
//! touched follow a changed answer, and lines that are missing are added. Pure.

use std::collections::BTreeMap;

use crate::catalog::Lab;
use crate::catalog::manifest::VarKind;
use crate::catalog::tree::{File, RelPath, Tree};

/// Name and value of a line.
fn pair(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let (name, value) = line.split_once('=')?;
    Some((name.trim(), value.trim()))
}

fn values(text: &str) -> BTreeMap<&str, &str> {
    text.lines().filter_map(pair).collect()
}

/// The secrets that the project's `.env` files hold, by variable: a template's line that is one secret between fixed texts is matched with
/// the line of that name on disk.
pub fn secrets(lab: &Lab, disk: &Tree) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (path, bytes) in &lab.template {
        let Some(folder) = path.strip_suffix("dot-env") else { continue };
        let Ok(path) = RelPath::new(format!("{folder}.env")) else { continue };
        let (Ok(template), Some(file)) = (std::str::from_utf8(bytes), disk.get(&path)) else { continue };
        let text = String::from_utf8_lossy(&file.bytes).into_owned();
        let there = values(&text);
        for (name, value) in template.lines().filter_map(pair) {
            let Some((before, rest)) = value.split_once("<[") else { continue };
            let Some((variable, after)) = rest.split_once("]>") else { continue };
            let variable = variable.trim();
            let secret = lab.manifest.vars.get(variable).is_some_and(|var| var.kind == VarKind::Secret);
            let own = there.get(name).and_then(|own| own.strip_prefix(before)?.strip_suffix(after));
            if let (true, Some(own)) = (secret, own.filter(|own| !own.is_empty())) {
                found.insert(variable.to_owned(), own.to_owned());
            }
        }
    }
    found
}

/// A `.env` after an update, and the names of the lines that are new or other; none when it stays as it is. `old` is what the new template
/// gives for the old answers, `new` what it gives for the new ones.
pub fn renew(old: &File, mine: Option<&File>, new: &File) -> Option<(File, Vec<String>)> {
    let Some(mine) = mine else {
        let text = String::from_utf8_lossy(&new.bytes).into_owned();
        return Some((new.clone(), values(&text).into_keys().map(str::to_owned).collect()));
    };
    let text = |file: &File| String::from_utf8_lossy(&file.bytes).into_owned();
    let (old, own, new) = (text(old), text(mine), text(new));
    let (old, there, wanted) = (values(&old), values(&own), values(&new));
    let mut names = Vec::new();
    let mut lines: Vec<String> = own
        .lines()
        .map(|line| match pair(line) {
            Some((name, value)) => match wanted.get(name) {
                // Nobody has touched it, and the answer is another: it follows.
                Some(next) if *next != value && old.get(name) == Some(&value) => {
                    names.push(name.to_owned());
                    format!("{name}={next}")
                }
                _ => line.to_owned(),
            },
            None => line.to_owned(),
        })
        .collect();
    for (name, value) in new.lines().filter_map(pair) {
        if !there.contains_key(name) {
            names.push(name.to_owned());
            lines.push(format!("{name}={value}"));
        }
    }
    if names.is_empty() {
        return None;
    }
    let bytes = (lines.join("\n") + "\n").into_bytes();
    Some((File { bytes, executable: mine.executable }, names))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> File {
        File::new(text.as_bytes().to_vec())
    }

    #[test]
    fn only_untouched_lines_follow_and_missing_ones_are_added() {
        let old = file("PORT=8080\nDRAIN=0\nKEY=abc\n");
        let mine = file("# mine\nPORT=8080\nDRAIN=5\nKEY=abc\nOWN=1\n");
        let new = file("PORT=9000\nDRAIN=2\nKEY=abc\nNEW=x\n");
        let (renewed, names) = renew(&old, Some(&mine), &new).unwrap();
        assert_eq!(
            String::from_utf8(renewed.bytes).unwrap(),
            "# mine\nPORT=9000\nDRAIN=5\nKEY=abc\nOWN=1\nNEW=x\n"
        );
        assert_eq!(names, ["PORT", "NEW"]);
        assert_eq!(renew(&old, Some(&mine), &old), None);
        assert_eq!(renew(&old, None, &new).unwrap().0, new);
    }
}
