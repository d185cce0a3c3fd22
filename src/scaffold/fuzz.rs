//! Manifests and packs that nobody would write: from the text to a plan there is never a panic nor
//! a path out of the project, and every error names its place. `MLOPS_LAB_CASES` is how many of
//! each are tried.
#![allow(clippy::disallowed_methods, reason = "tests look at the disk by themselves")]

use std::borrow::Cow;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::catalog::tree::Tree;
use crate::catalog::{Files, Lab, Source, lint, parse};
use crate::error::{Error, Exit};

fn runner(usual: u32) -> TestRunner {
    let cases =
        std::env::var("MLOPS_LAB_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

const TINY: &str = include_str!("../../tests/packs/tiny/labs/tiny/lab.toml");

/// The manifests that are known to be good, shorter than whole labs so that a change meets
/// something.
fn manifests() -> Vec<String> {
    let mut all = vec![TINY.to_owned()];
    for id in Source::Embedded.ids().unwrap() {
        all.push(Source::Embedded.lab(&id).unwrap().text);
    }
    all
}

/// Words of the format and what may break it.
const WORDS: [&str; 44] = [
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ",",
    ".",
    "\"",
    "'",
    "\"\"\"",
    "\n",
    "#",
    "\\u0000",
    "\\",
    "\0",
    "\u{feff}",
    "é",
    "🦀",
    "<[",
    "]>",
    "<%",
    "%>",
    "<[ port ]>",
    "<[ nothing ]>",
    "<% for i in x %>",
    "true",
    "-1",
    "99999999999999999999",
    "nan",
    "1979-05-27",
    "schema",
    "id",
    "vars",
    "step",
    "check",
    "runtime",
    "[step.check]",
    "text = \"../../etc/passwd\"",
    "shared = [\"../..\"]",
    "minutes = -1",
    "type = \"secret\"",
    "default = \"a\\nb\"",
];

/// One change of a text: where, how much, and what.
fn mutation() -> impl Strategy<Value = (u8, usize, usize, usize)> {
    (0u8..6, any::<usize>(), 0usize..60, any::<usize>())
}

/// Moves a place to where a character begins.
fn at(text: &str, place: usize) -> usize {
    let mut place = place % (text.len() + 1);
    while !text.is_char_boundary(place) {
        place -= 1;
    }
    place
}

fn mutate(text: &mut String, other: &str, (kind, place, length, word): (u8, usize, usize, usize)) {
    let from = at(text, place);
    let to = at(text, (from + length).min(text.len())).max(from);
    match kind {
        0 => drop(text.drain(from..to)),
        1 => text.insert_str(from, WORDS[word % WORDS.len()]),
        2 => text.replace_range(from..to, WORDS[word % WORDS.len()]),
        3 => {
            let again = text[from..to].to_owned();
            text.insert_str(at(text, word), &again);
        }
        4 => {
            // A piece of another manifest.
            let start = at(other, word);
            let end = at(other, (start + length * 4).min(other.len())).max(start);
            text.insert_str(from, &other[start..end]);
        }
        _ => {
            // Two lines change places.
            let mut lines: Vec<&str> = text.lines().collect();
            if !lines.is_empty() {
                let (a, b) = (place % lines.len(), word % lines.len());
                lines.swap(a, b);
                *text = lines.join("\n");
            }
        }
    }
}

/// An error that says where: a file of the lab, or the variable.
fn placed(error: &Error, text: &str) {
    assert!(matches!(error.exit(), Exit::Usage), "{error:?}\n{text}");
    let said = format!("{error}{}", error.detail_text().unwrap_or_default());
    let variable =
        ["has no answer", "expected ", "is generated"].iter().any(|part| said.contains(part));
    assert!(variable || said.contains("labs/") || said.contains("templates/"), "{said}\n{text}");
}

/// Everything that is done with a lab before a file is written.
fn through(lab: &Lab, text: &str) {
    for finding in lint::lint(lab, &Default::default()) {
        assert!(lint::line(&finding).contains('/'), "{finding:?}");
        let _ = finding.problem.snippet(&finding.text);
    }
    let _ = trial(lab, &Given::default());
    let made = match answers(&lab.manifest, &Given::default()).and_then(|given| render(lab, &given))
    {
        Ok(made) => made,
        Err(error) => return placed(&error, text),
    };
    let root = Path::new("/project");
    for policy in [Policy::Merge, Policy::KeepBoth] {
        for change in plan(&Tree::new(), &Tree::new(), &made.tree, policy) {
            let place = change.path.under(root);
            let inside =
                place.components().all(|part| !matches!(part, std::path::Component::ParentDir));
            assert!(place.starts_with(root) && place != root && inside, "{place:?}");
            assert!(!change.path.as_str().starts_with(".mlops-lab/"), "{place:?}");
        }
    }
    // What may be rendered can be written: it is refused whole, or is whole.
    let all = made.tree.len();
    if all <= 30 {
        let temp = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let target = temp.path().join("x/lab");
        match create(&target, &made.tree) {
            Ok(()) => assert_eq!(crate::platform::fs::walk(&target).unwrap().len(), all),
            Err(error) => assert!(!target.exists() && error.exit() == Exit::Environment, "{error}"),
        }
        assert!(std::fs::read_dir(temp.path()).unwrap().count() <= 1);
    }
}

fn template() -> Files {
    [
        ("README.md", "<[ steps ]>"),
        ("dot-env", "PORT=1"),
        ("dot-gitignore", ".env\n"),
        ("a/<[ project_name ]>", "x"),
    ]
    .into_iter()
    .map(|(path, text)| (path.to_owned(), Cow::Borrowed(text.as_bytes())))
    .collect()
}

#[test]
fn no_manifest_makes_it_panic_or_leave_the_project() {
    let known = manifests();
    let changes = (any::<usize>(), any::<usize>(), proptest::collection::vec(mutation(), 1..6));
    let mut passed = std::cell::Cell::new(0u32);
    runner(120)
        .run(&changes, |(which, other, changes)| {
            let mut text = known[which % known.len()].clone();
            for change in changes {
                mutate(&mut text, &known[other % known.len()], change);
            }
            match parse::manifest(&text, "labs/tiny/lab.toml") {
                Err(error) => placed(&error, &text),
                Ok(manifest) => {
                    passed.set(passed.get() + 1);
                    let file = "labs/tiny/lab.toml".to_owned();
                    let knowledge: Files =
                        [("steps/one.md".to_owned(), Cow::Borrowed(&b"one"[..]))].into();
                    let lab = Lab {
                        source: Source::Embedded,
                        manifest,
                        text: text.clone(),
                        file,
                        knowledge,
                        template: template(),
                    };
                    through(&lab, &text);
                }
            }
            Ok(())
        })
        .unwrap();
    assert!(*passed.get_mut() > 0, "no manifest was good enough to come further");
}

/// A part of a path in a pack.
fn part() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => "[a-cA-C.]{1,3}".prop_map(String::into_bytes),
        2 => proptest::sample::select(vec![
            "..", ".", "con", "nul.txt", "COM1", "a ", "a.", "a:b",
            "dot-", "dot-env", "dot-.", "dot-mlops-lab", ".mlops-lab",
            "<[ project_name ]>", "<[ port ]>", "<[ nothing ]>", "<[ '..' ]>",
            "<[ 'x", "<% raw %>", "~", "-x", "$HOME", "README.md",
            "readme.md", "é", "e\u{301}", "a\nb", "a\u{1b}[0m", ".git", "Cargo.toml",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => proptest::collection::vec(1u8..=255, 1..6)
            .prop_map(|bytes| bytes.into_iter().filter(|byte| *byte != b'/').collect()),
        1 => (200usize..255).prop_map(|length| vec![b'n'; length]),
    ]
}

/// `first open*n middle close*n last`, with n below a limit.
fn nested(
    limit: usize,
    first: &'static str,
    open: &'static str,
    middle: &'static str,
    close: &'static str,
    last: &'static str,
) -> impl Strategy<Value = Vec<u8>> {
    (1..limit).prop_map(move |depth| {
        let (open, close) = (open.repeat(depth), close.repeat(depth));
        [first, &open, middle, &close, last].concat().into_bytes()
    })
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => proptest::sample::select(vec![
            "", "text\n", "<[ port ]>", "<[ nothing ]>", "<[", "]>", "<% if port %>",
            "<% endfor %>", "<# x", "<[ port | nothing ]>",
            "<[ port / 0 ]>", "<[ 1 % 0 ]>", "<[ steps ]>", "<[ lab.nothing.more ]>",
            "<[ project_name[0] ]>", "<[ -9223372036854775808 - 1 ]>",
            "<% include 'x' %>", "<% extends 'x' %>", "<% macro a() %><% endmacro %>",
            "<% set a = a %>", "<[ token ]>", "\0<[ x ]>",
            "#!/bin/sh\r\n<[ port ]>\r\n", "<[ 'é'[1:] ]>", "<[ \"x\" * 3 ]>",
            "<% for a in [1, 2] %><[ a ]><% endfor %>", "🦀<[ no ]>",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        2 => "[<>\\[\\]%# a-z0-9'\"|.()é]{0,40}"
            .prop_map(|text| format!("<[ {text} ]>").into_bytes()),
        1 => proptest::collection::vec(any::<u8>(), 0..60),
        1 => nested(2000, "<[ ", "(", "1", ")", " ]>"),
        1 => nested(500, "", "<% if true %>", "x", "<% endif %>", ""),
        1 => nested(2000, "<[ ", "not ", "1", "", " ]>"),
        1 => nested(2000, "<[ ", "[", "", "]", " ]>"),
    ]
}

#[test]
fn no_pack_makes_it_panic_or_leave_the_project() {
    let file = (proptest::collection::vec(part(), 1..5), content(), 0u8..30);
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "outside").unwrap();
    runner(100)
        .run(&proptest::collection::vec((file, any::<bool>()), 1..6), |files| {
            let temp = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
            let [labs, templates] =
                ["labs/tiny", "templates/tiny"].map(|folder| temp.path().join(folder));
            std::fs::create_dir_all(labs.join("steps")).unwrap();
            std::fs::create_dir_all(&templates).unwrap();
            std::fs::write(labs.join("lab.toml"), TINY).unwrap();
            std::fs::write(labs.join("steps/one.md"), "one").unwrap();
            for ((parts, bytes, kind), known) in files {
                let base = if known { &labs } else { &templates };
                let names: Vec<_> = parts.into_iter().map(std::ffi::OsString::from_vec).collect();
                // What the file system takes; `..` stays in the pack.
                if names.iter().any(|name| name == ".." || name == "." || name.is_empty()) {
                    continue;
                }
                let path = names.iter().fold(base.clone(), |path, name| path.join(name));
                let _ = std::fs::create_dir_all(path.parent().unwrap());
                if kind == 0 {
                    let _ = std::os::unix::fs::symlink(outside.path(), &path);
                } else {
                    let _ = std::fs::write(&path, bytes);
                }
            }
            match Source::Pack(temp.path().to_owned()).lab("tiny") {
                Err(error) => placed(&error, "loading"),
                Ok(lab) => through(&lab, "a pack"),
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn paths_that_no_file_system_holds_do_not_leave_the_project_either() {
    // As another source of packs may give them.
    let path = proptest::collection::vec(part(), 1..6).prop_map(|parts| {
        parts
            .iter()
            .map(|part| String::from_utf8_lossy(part).into_owned())
            .collect::<Vec<_>>()
            .join("/")
    });
    let slash = proptest::bool::weighted(0.1);
    let files = proptest::collection::vec((slash, path, content()), 1..5);
    runner(120)
        .run(&files, |files| {
            let manifest = parse::manifest(TINY, "labs/tiny/lab.toml").unwrap();
            let files = files.into_iter().map(|(slash, path, bytes)| {
                (if slash { format!("/{path}") } else { path }, Cow::Owned(bytes))
            });
            let lab = Lab {
                source: Source::Embedded,
                manifest,
                text: TINY.to_owned(),
                file: "labs/tiny/lab.toml".to_owned(),
                knowledge: Files::new(),
                template: files.collect(),
            };
            through(&lab, "a template");
            Ok(())
        })
        .unwrap();
}
