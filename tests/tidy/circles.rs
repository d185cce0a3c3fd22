//! Circles of files inside a room: which file uses which, read from the paths in the code.
//!
//! The rule. A file uses another when a path in it (`crate::…`, `super::…`, `self::…`, or a path
//! that begins with a module of its own) names something that the other one **defines**. A path
//! over a `mod.rs` that only passes the name on (`pub use child::Name`) leads to the child. `mod`
//! lines and re-exports are a table of contents and use nothing; nor does the import of a module,
//! but what is then named in it; nor do tests. One direction
//! is free: what a `mod.rs` defines may be used by every file below it, as Rust itself lets a
//! module see what is private to its parents. A `mod.rs` that calls its children counts like any
//! other file, so that a circle of cousins is found also where it runs over their parent.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A module's path: `["check", "probe", "http"]`. The root has none.
type Module = Vec<String>;

/// The files that reach one another, room by room: each circle as the uses that it is made of.
pub fn circles(sources: &[(PathBuf, String)]) -> Vec<Vec<String>> {
    let house = House::new(sources);
    let uses = house.uses();
    let reached: BTreeMap<&Module, BTreeSet<&Module>> =
        uses.keys().map(|from| (from, reach(from, &uses))).collect();
    let mut found = BTreeSet::new();
    for (from, to) in &reached {
        let circle: BTreeSet<&Module> =
            to.iter().filter(|other| reached[*other].contains(from)).copied().collect();
        let inside = |from: &&Module| {
            let ends = uses[*from].iter().filter(|to| circle.contains(to));
            ends.map(|to| format!("{} -> {}", from.join("/"), to.join("/"))).collect::<Vec<_>>()
        };
        if circle.len() > 1 {
            found.insert(circle.iter().flat_map(inside).collect::<Vec<_>>());
        }
    }
    found.into_iter().collect()
}

/// Everything that a module uses, and what that uses, in one room.
fn reach<'a>(from: &Module, uses: &'a BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<&'a Module> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(next) = open.pop() {
        for module in &uses[next] {
            if seen.insert(module) {
                open.push(module);
            }
        }
    }
    seen
}

struct House {
    files: BTreeMap<Module, File>,
}

#[derive(Default)]
struct File {
    /// Every path in the code that can lead to a module.
    paths: Vec<Vec<String>>,
    /// What the file passes on: the name, and the path that it has.
    passed_on: BTreeMap<String, Vec<String>>,
}

impl House {
    fn new(sources: &[(PathBuf, String)]) -> House {
        let names: BTreeMap<Module, &String> = sources
            .iter()
            .filter(|(path, _)| !path.ends_with("tests.rs") && !path.ends_with("fuzz.rs"))
            .map(|(path, text)| (module(path), text))
            .collect();
        let children = |of: &Module| -> BTreeSet<String> {
            let below = names.keys().filter(|name| name.len() == of.len() + 1);
            below
                .filter(|name| name.starts_with(of))
                .filter_map(|name| name.last().cloned())
                .collect()
        };
        let files = names
            .iter()
            .map(|(name, text)| (name.clone(), File::read(&tokens(text), &children(name))))
            .collect();
        House { files }
    }

    /// Who uses whom in the same room.
    fn uses(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let of = |(from, file): (&Module, &File)| {
            let used = file.paths.iter().filter_map(|path| self.resolve(from, path, 0));
            let counted = used.filter(|to| {
                // The same file; another room; a `mod.rs` above it.
                to != from && to.first() == from.first() && !from.starts_with(to)
            });
            (from.clone(), counted.collect())
        };
        self.files.iter().map(of).collect()
    }

    /// The file that defines what a path in a module names; none where it names a module alone.
    fn resolve(&self, from: &Module, path: &[String], depth: usize) -> Option<Module> {
        let mut at = from.clone();
        for (index, part) in path.iter().enumerate() {
            match part.as_str() {
                "crate" => at.clear(),
                "self" => {}
                "super" => drop(at.pop()?),
                name => {
                    let below: Module = [&at[..], &[name.to_owned()]].concat();
                    let passed = self.files.get(&at).and_then(|file| file.passed_on.get(name));
                    // `mod up; pub use up::up;`: at the end of a path, the function is meant.
                    let item = index + 1 == path.len() && passed.is_some_and(|to| to.len() > 1);
                    if self.files.contains_key(&below) && !(item && depth < 8) {
                        at = below;
                        continue;
                    }
                    return match passed.filter(|_| depth < 8) {
                        Some(onward) => {
                            let whole = [&onward[..], &path[index + 1..]].concat();
                            self.resolve(&at, &whole, depth + 1)
                        }
                        None => Some(at),
                    };
                }
            }
        }
        None
    }
}

impl File {
    fn read(tokens: &[String], children: &BTreeSet<String>) -> File {
        let mut file = File::default();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let begins = ["crate", "super", "self"].contains(&token.as_str())
                || children.contains(token.as_str())
                || file.passed_on.contains_key(token);
            if token == "use" {
                let public = at > 0 && ["pub", ")"].contains(&tokens[at - 1].as_str());
                let end = at + tokens[at..].iter().position(|token| token == ";").unwrap_or(1);
                for (path, name) in tree(&tokens[at + 1..end]) {
                    let local = children.contains(&path[0])
                        || ["crate", "super", "self"].contains(&path[0].as_str());
                    if local {
                        file.passed_on.insert(name, path.clone());
                    }
                    if local && !public {
                        file.paths.push(path);
                    }
                }
                at = end;
            } else if begins
                && tokens.get(at + 1).is_some_and(|next| next == "::")
                && (at == 0 || tokens[at - 1] != "::")
            {
                let mut path = vec![token.clone()];
                while tokens.get(at + 1).is_some_and(|next| next == "::")
                    && tokens.get(at + 2).is_some_and(|next| is_word(next))
                {
                    path.push(tokens[at + 2].clone());
                    at += 2;
                }
                file.paths.push(path);
            }
            at += 1;
        }
        file
    }
}

fn is_word(token: &str) -> bool {
    token.chars().next().is_some_and(|first| first.is_alphanumeric() || first == '_')
}

/// The paths of a `use`, each with the name that it has in the file.
fn tree(tokens: &[String]) -> Vec<(Vec<String>, String)> {
    let mut all = Vec::new();
    let mut stack: Vec<Vec<String>> = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut base = 0;
    let mut name: Option<String> = None;
    let mut renamed = false;
    let mut close = |path: &mut Vec<String>, base: usize, name: &mut Option<String>| {
        if path.len() > base
            && let Some(last) = name.take()
        {
            // `a::b::{self}` is `a::b`.
            if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
                path.pop();
                all.push((path.clone(), path.last().cloned().unwrap_or_default()));
            } else {
                all.push((path.clone(), last));
            }
        }
        path.truncate(base);
    };
    for token in tokens {
        match token.as_str() {
            "{" => {
                stack.push(path.clone());
                base = path.len();
                name = None;
            }
            "," => {
                close(&mut path, base, &mut name);
                renamed = false;
            }
            "}" => {
                close(&mut path, base, &mut name);
                renamed = false;
                stack.pop();
                base = stack.last().map_or(0, Vec::len);
                path.truncate(base);
            }
            "::" => {}
            "as" => renamed = true,
            "*" => name = Some("*".to_owned()),
            word if renamed => name = Some(word.to_owned()),
            word => {
                path.push(word.to_owned());
                name = Some(word.to_owned());
            }
        }
    }
    close(&mut path, base, &mut name);
    all
}

/// `check/probe/http.rs` and `check/probe/http/mod.rs` are `check::probe::http`.
fn module(path: &Path) -> Module {
    let mut parts: Module = path
        .with_extension("")
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "main") {
        parts.pop();
    }
    parts
}

/// The words and signs of the code: without comments, texts and what is for tests alone.
fn tokens(text: &str) -> Vec<String> {
    let code = without_texts(text);
    let mut all: Vec<String> = Vec::new();
    let mut rest = code.chars().peekable();
    while let Some(c) = rest.next() {
        if c.is_alphanumeric() || c == '_' {
            let mut word = String::from(c);
            while let Some(next) = rest.next_if(|c| c.is_alphanumeric() || *c == '_') {
                word.push(next);
            }
            all.push(word);
        } else if c == ':' && rest.next_if_eq(&':').is_some() {
            all.push("::".to_owned());
        } else if !c.is_whitespace() {
            all.push(c.to_string());
        }
    }
    without_tests(&all)
}

/// Removes what stands under `#[cfg(test)]`.
fn without_tests(tokens: &[String]) -> Vec<String> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !tokens[at..].iter().take(MARK.len()).eq(MARK) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let mut depth = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token.as_str() {
                "{" => depth += 1,
                "}" if depth == 1 => break,
                "}" => depth -= 1,
                ";" if depth == 0 => break,
                _ => {}
            }
        }
    }
    kept
}

/// Blanks comments and the insides of texts.
fn without_texts(text: &str) -> String {
    let bytes: Vec<char> = text.chars().collect();
    let mut kept = String::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let hashes = |from: usize| rest[from..].iter().take_while(|c| **c == '#').count();
        at += match rest {
            ['/', '/', ..] => rest.iter().take_while(|c| **c != '\n').count(),
            ['r', '#' | '"', ..] if rest.get(1 + hashes(1)) == Some(&'"') => {
                let count = hashes(1);
                let end: Vec<char> = std::iter::once('"').chain(vec!['#'; count]).collect();
                let from = 2 + count;
                let inside = rest[from..].windows(end.len()).position(|part| part == end);
                from + inside.unwrap_or(0) + end.len()
            }
            ['"', ..] => {
                let mut end = 1;
                while rest.get(end).is_some_and(|c| *c != '"') {
                    end += if rest[end] == '\\' { 2 } else { 1 };
                }
                end + 1
            }
            ['\'', '\\', _, '\'', ..] => 4,
            ['\'', _, '\'', ..] => 3,
            [c, ..] => {
                kept.push(*c);
                1
            }
            [] => 1,
        };
    }
    kept
}

#[test]
fn a_circle_is_found_whatever_way_its_paths_are_written() {
    let house = |files: &[(&str, &str)]| {
        let files: Vec<_> =
            files.iter().map(|(path, text)| (path.into(), (*text).to_owned())).collect();
        circles(&files)
    };
    let between = |a: &str, b: &str| {
        house(&[
            ("room/mod.rs", "mod a; mod b; pub use b::Thing;"),
            ("room/a.rs", a),
            ("room/b.rs", b),
        ])
    };
    let circle = vec![vec!["room/a -> room/b".to_owned(), "room/b -> room/a".to_owned()]];
    assert_eq!(
        between("use super::b; fn f() { b::g() }", "fn f() { crate::room::a::g() }"),
        circle
    );
    assert_eq!(between("use super::{Thing, Other as X};", "use super::a::g;"), circle);
    assert_eq!(
        between(
            "use crate::room::{b::{self, Y}};",
            "use crate::{room::a as z}; const A: u8 = z::B;"
        ),
        circle
    );
    // One way; a comment, a text, a test; the other way over the table of contents alone.
    let none: Vec<Vec<String>> = Vec::new();
    assert_eq!(between("use super::b::g;", "// super::a\nconst A: &str = \"super::a::g\";"), none);
    assert_eq!(
        between("use super::b::g;", "#[cfg(test)] mod tests { use super::super::a; }"),
        none
    );
    // What a parent defines is free for all below it, and what it calls counts.
    let parent = |head: &str| {
        house(&[
            ("room/mod.rs", "mod x; mod y;"),
            ("room/x/mod.rs", head),
            ("room/x/inner.rs", "use super::T; use crate::room::y::Y;"),
            ("room/y.rs", "use super::x::T;"),
        ])
    };
    assert_eq!(parent("mod inner; pub struct T;"), none);
    let over = vec![vec!["room/x -> room/x/inner", "room/x/inner -> room/y", "room/y -> room/x"]];
    assert_eq!(parent("mod inner; pub struct T; fn f() { inner::g() }"), over);
}
