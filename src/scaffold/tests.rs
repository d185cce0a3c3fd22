//! Rendering and writing small labs that are values.
#![allow(clippy::disallowed_methods, reason = "tests look at the disk by themselves")]

use std::borrow::Cow;

use super::apply::create_on;
use super::disk::faulty::{Fault, Faulty};
use super::render::Rendered;
use super::*;
use crate::catalog::tree::{File, RelPath, Tree};
use crate::catalog::{Files, Lab, Source, parse};
use crate::error::Exit;

const MANIFEST: &str = r#"
schema = 1
id = "tiny"
title = "Tiny"
summary = "A lab for tests."
devops = "nothing"
level = "beginner"
minutes = 1
tools = []
[vars.project_name]
type = "name"
default = "tiny"
help = "the name"
[vars.port]
type = "port"
default = 8080
help = "the port"
[vars.password]
type = "secret"
help = "the password"
[vars.key]
type = "secret"
length = 24
alphabet = "hex"
help = "a key"
[runtime.local]
[endpoint.api]
local = "http://127.0.0.1:<[ port ]>"
[[step]]
id = "one"
title = "First"
text = "steps/one.md"
check = [{ tcp = { endpoint = "api" } }]
solution = { run = [["true"]] }
"#;

fn files(pairs: &[(&str, &str)]) -> Files {
    pairs
        .iter()
        .map(|(path, text)| ((*path).to_owned(), Cow::Owned(text.as_bytes().to_vec())))
        .collect()
}

fn lab(template: &[(&str, &str)]) -> Lab {
    let manifest = parse::manifest(MANIFEST, "labs/tiny/lab.toml").unwrap();
    let knowledge = files(&[
        ("lab.toml", MANIFEST),
        ("steps/one.md", "Type <[ port ]>."),
        ("wrong/one/x/wrong.toml", "why = '<[ no ]>'"),
    ]);
    Lab {
        source: Source::Embedded,
        manifest,
        text: MANIFEST.to_owned(),
        file: "labs/tiny/lab.toml".to_owned(),
        knowledge,
        template: files(template),
    }
}

fn given(sets: &[(&str, &str)]) -> Given {
    Given {
        file: None,
        sets: sets.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        ..Given::default()
    }
}

fn make(template: &[(&str, &str)], sets: &[(&str, &str)]) -> crate::error::Result<Rendered> {
    let lab = lab(template);
    render(&lab, &answers(&lab.manifest, &given(sets))?)
}

fn text<'a>(tree: &'a Tree, path: &str) -> &'a str {
    std::str::from_utf8(&tree[&RelPath::new(path).unwrap()].bytes).unwrap()
}

#[test]
fn holes_are_filled_in_texts_paths_and_the_manifest() {
    let made = make(
        &[
            ("<[ project_name ]>/a.txt", "port <[ port ]> {{ kept }} ${KEPT}"),
            ("dot-github/dot-x", ""),
            ("run.sh", "#!/bin/sh\n"),
            ("README.md", "# T\n\n<[ steps ]>\n"),
        ],
        &[("port", "9000"), ("project_name", "mine")],
    )
    .unwrap();
    assert_eq!(text(&made.tree, "mine/a.txt"), "port 9000 {{ kept }} ${KEPT}");
    assert!(made.tree.contains_key(&RelPath::new(".github/.x").unwrap()));
    assert!(made.tree[&RelPath::new("run.sh").unwrap()].executable);
    assert_eq!(text(&made.tree, "README.md"), "# T\n\n## 1. First\n\nType 9000.\n");
    assert_eq!(made.manifest.endpoint["api"].local.as_deref(), Some("http://127.0.0.1:9000"));
    assert!(
        !made
            .knowledge
            .keys()
            .any(|path| path.as_str().starts_with("wrong") || path.as_str() == "lab.toml")
    );
}

/// The small lab with other words in its manifest.
fn with(from: &str, to: &str) -> Lab {
    let text = MANIFEST.replace(from, to);
    let manifest = parse::manifest(&text, "labs/tiny/lab.toml").unwrap();
    Lab { manifest, text, ..lab(&[]) }
}

#[test]
fn variables_stand_in_paths_in_keys_and_in_data_where_a_number_becomes_one() {
    let probe = "{ http = { endpoint = \"api\", path = \"/<[ project_name ]>\", method = \"POST\", \
                 json = { port = \"<[ port ]>\", name = \"<[ project_name ]>\", \
                 list = [\"<[port]>\", \"at <[ port ]>\"] } }, \
                 expect = { json = { \"/<[ project_name ]>/port\" = \"<[ port ]>\", \
                 \"/n\" = { ge = \"<[ port ]>\" }, \"/t\" = { matches = \"<[ port ]>\" } } } }";
    let lab = with("{ tcp = { endpoint = \"api\" } }", probe);
    let lab = Lab {
        text: lab
            .text
            .replace("[runtime.local]", "[runtime.local]\ndata = [\"d/<[ project_name ]>\"]"),
        ..lab
    };
    let made = render(&lab, &answers(&lab.manifest, &given(&[("port", "9000")])).unwrap()).unwrap();
    assert_eq!(made.manifest.runtime.local.unwrap().data, ["d/tiny"]);
    let text = made.manifest_text;
    for part in [
        "path = \"/tiny\"",
        "port = 9000\n",
        "name = \"tiny\"",
        "list = [9000, \"at 9000\"]",
        "\"/tiny/port\" = 9000",
        "matches = \"9000\"",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn an_undefined_variable_of_a_key_has_its_place_and_two_keys_do_not_become_one() {
    for (expect, why) in [
        ("{ \"/<[ prot ]>\" = 1 }", "lab.toml:33:"),
        ("{ \"/<[ port ]>\" = 1, \"/8080\" = 2 }", "becomes `/8080`, which is there already"),
    ] {
        let probe = format!(
            "{{ http = {{ endpoint = \"api\", path = \"/\" }}, expect = {{ json = {expect} }} }}"
        );
        let lab = with("{ tcp = { endpoint = \"api\" } }", &probe);
        let answers = answers(&lab.manifest, &given(&[])).unwrap();
        let error = render(&lab, &answers).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn an_undefined_variable_is_told_with_file_line_and_column() {
    let error = make(&[("a.txt", "one\ntwo <[ prot ]>\n")], &[]).unwrap_err();
    assert_eq!(error.exit(), Exit::Usage);
    assert!(error.message().starts_with("templates/tiny/a.txt:2:"), "{error}");
}

#[test]
fn a_secret_stands_in_dot_env_only() {
    let made = make(&[("dot-env", "P=<[ password ]>")], &[]).unwrap();
    let secret = text(&made.tree, ".env").strip_prefix("P=").unwrap();
    assert!(secret.len() == 32 && secret.chars().all(|c| c.is_ascii_alphanumeric()));
    assert!(make(&[("other", "P=<[ password ]>")], &[]).is_err());
    assert!(
        make(&[("k8s/dot-env", "P=<[ password ]>"), ("dot-env", "P=<[ password ]>")], &[]).is_ok()
    );
    let made = make(&[("dot-env", "K=GK<[ key ]>")], &[]).unwrap();
    let key = text(&made.tree, ".env").strip_prefix("K=GK").unwrap();
    assert!(key.len() == 24 && key.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')), "{key}");
}

#[test]
fn paths_that_leave_the_project_or_meet_are_refused() {
    for template in [
        &[("../evil", "")][..],
        &[("/evil", "")],
        &[("a", ""), ("<[ 'a' ]>", "")],
        &[("dot-mlops-lab/x", "")],
        &[("dot-./x", "")],
    ] {
        let error = make(template, &[]).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage, "{error}");
    }
}

#[test]
fn all_wrong_answers_are_reported_at_once() {
    let lab = lab(&[]);
    let error =
        answers(&lab.manifest, &given(&[("prot", "1"), ("port", "80"), ("project_name", "../x")]))
            .unwrap_err();
    let detail = error.detail_text().unwrap();
    assert_eq!(error.exit(), Exit::Usage);
    for part in ["did you mean `port`?", "expected 1024-65535", "a-z, 0-9"] {
        assert!(detail.contains(part), "{detail}");
    }
}

#[test]
fn wrong_answers_of_a_file_are_reported_all_with_their_lines() {
    let lab = lab(&[]);
    let detail = |name: &str, text: &str| {
        let mut given = given(&[]);
        given.file = Some((name.to_owned(), text.to_owned()));
        answers(&lab.manifest, &given).unwrap_err().detail_text().unwrap().to_owned()
    };
    let toml = detail("a.toml", "port = 80\n\nprot = 1\n  name = 'x'\n");
    for part in ["a.toml:1:8: port: ", "got \"80\"", "a.toml:3:8: prot", "a.toml:4:10: name"] {
        assert!(toml.contains(part), "{toml}");
    }
    let json = detail("a.json", "{\"port\": 80,\n \"prot\": \"port\"}");
    for part in ["a.json:1:2: port: ", "a.json:2:2: prot"] {
        assert!(json.contains(part), "{json}");
    }
}

#[test]
fn an_answers_file_is_under_set_and_over_defaults() {
    let lab = lab(&[]);
    let mut given = given(&[("port", "9001")]);
    given.file =
        Some(("answers.toml".to_owned(), "port = 9000\nproject_name = 'from-file'\n".to_owned()));
    let answers = answers(&lab.manifest, &given).unwrap();
    assert_eq!(answers.plain["port"], toml::Value::from(9001));
    assert_eq!(project_name(&answers), "from-file");
}

fn tree(pairs: &[(&str, &str)]) -> Tree {
    pairs
        .iter()
        .map(|(path, text)| (RelPath::new(*path).unwrap(), File::new(text.as_bytes().to_vec())))
        .collect()
}

#[test]
fn a_new_folder_is_made_whole_and_an_old_one_is_not_touched() {
    let temp = tempfile::tempdir().unwrap();
    let target = temp.path().join("a/b/lab");
    create(&target, &tree(&[("x/y", "1"), ("z.sh", "#!/bin/sh\n")])).unwrap();
    assert_eq!(std::fs::read_to_string(target.join("x/y")).unwrap(), "1");
    let again = create(&target, &tree(&[("x/y", "2")])).unwrap_err();
    assert_eq!(again.exit(), Exit::Usage);
    assert_eq!(std::fs::read_to_string(target.join("x/y")).unwrap(), "1");
    assert_eq!(
        std::fs::read_dir(temp.path().join("a/b")).unwrap().count(),
        1,
        "nothing is left beside it"
    );
}

#[test]
fn an_empty_folder_is_taken_and_a_link_is_not() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::create_dir(temp.path().join("empty")).unwrap();
    create(&temp.path().join("empty"), &tree(&[("a", "1")])).unwrap();
    std::os::unix::fs::symlink(temp.path().join("empty"), temp.path().join("link")).unwrap();
    assert_eq!(
        create(&temp.path().join("link"), &tree(&[("a", "2")])).unwrap_err().exit(),
        Exit::Usage
    );
}

#[test]
fn what_a_killed_run_left_is_swept_and_what_a_live_one_makes_is_not() {
    let temp = tempfile::tempdir().unwrap();
    let make = |name: &str| {
        let path = temp.path().join(name);
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("part"), "").unwrap();
        path
    };
    let dead = make(".mlops-lab-new-0123456789abcdef");
    let live = make(".mlops-lab-new-fedcba9876543210");
    let users = make(".mlops-lab-new-idea");
    let outside = make("outside");
    std::os::unix::fs::symlink(&outside, temp.path().join(".mlops-lab-new-aaaaaaaaaaaaaaaa"))
        .unwrap();
    let _held = crate::platform::fs::lock_folder(&live).unwrap().unwrap();
    create(&temp.path().join("lab"), &tree(&[("a", "1")])).unwrap();
    assert!(
        !dead.exists()
            && live.exists()
            && users.join("part").exists()
            && outside.join("part").exists()
    );
}

/// The names in a folder.
fn names(folder: &std::path::Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn whatever_fails_at_whatever_moment_a_new_folder_is_whole_or_not_there() {
    let files = tree(&[
        ("a", "1\n"),
        ("d/b", "22\n"),
        ("d/e/c", "333\n"),
        (".env", "K=1\n"),
        ("z.sh", "#!/bin/sh\n"),
    ]);
    let whole = |root: &std::path::Path| {
        let there = crate::platform::fs::walk(root).unwrap();
        there.len() == files.len()
            && files.iter().all(|(path, file)| there[path.as_str()] == file.bytes)
    };
    // The folder is new, is new with those above it, or is there and empty.
    for (place, already) in [("lab", false), ("x/y/lab", false), ("lab", true)] {
        for fault in Fault::ALL {
            let mut failures = 0;
            for left in 0..200 {
                let temp = tempfile::tempdir().unwrap();
                let target = temp.path().join(place);
                if already {
                    std::fs::create_dir(&target).unwrap();
                }
                let disk = Faulty::new(left, fault);
                let result = create_on(&disk, &target, &files);
                if result.is_ok() {
                    assert!(whole(&target));
                    assert!(left > 8, "a disk that fails at once cannot have made anything");
                    break;
                }
                failures += 1;
                assert_ne!(result.unwrap_err().exit(), Exit::Bug);
                let found = names(temp.path());
                if fault == Fault::Death {
                    let there = target.exists() && !names(&target).is_empty();
                    assert!(!there, "{place} after {left}");
                } else {
                    let before: &[&str] = if already { &["lab"] } else { &[] };
                    assert_eq!(found, before, "{place} after {left}, {fault:?}: all is as it was");
                }
                // The next run is not hindered, and clears what is left.
                create(&target, &files).unwrap();
                assert!(whole(&target));
                assert_eq!(
                    names(target.parent().unwrap()),
                    ["lab"],
                    "{place} after {left}, {fault:?}"
                );
            }
            assert!(failures > 8, "{failures}");
        }
    }
}

#[test]
fn a_name_may_be_as_long_as_names_may_be() {
    let temp = tempfile::tempdir().unwrap();
    let long = "n".repeat(255);
    let target = temp.path().join(&long);
    create(&target, &tree(&[(&long, "1")])).unwrap();
    let op = |text: &str| {
        Op::ours(RelPath::new(long.as_str()).unwrap(), Some(File::new(text.as_bytes().to_vec())))
    };
    commit(&target, By { command: "update", mark: "here" }, &[op("2")]).unwrap();
    assert_eq!(std::fs::read_to_string(target.join(&long)).unwrap(), "2");
    undo(&target, "here").unwrap();
    assert_eq!(std::fs::read_to_string(target.join(&long)).unwrap(), "1");
    let error = create(&temp.path().join("m".repeat(256)), &tree(&[("a", "1")])).unwrap_err();
    assert_eq!(error.exit(), Exit::Environment, "{error}");
    assert_eq!(names(temp.path()), [long]);
}

#[test]
fn an_empty_folder_that_was_kept_from_others_stays_so() {
    use std::os::unix::fs::PermissionsExt;
    let temp = tempfile::tempdir().unwrap();
    let target = temp.path().join("lab");
    std::fs::create_dir(&target).unwrap();
    std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o700)).unwrap();
    create(&target, &tree(&[("a", "1"), (".env", "K=1")])).unwrap();
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&target), mode(&target.join(".env"))), (0o700, 0o600));
}

#[test]
fn an_edited_file_is_kept_before_it_is_replaced() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().join("lab");
    let base = tree(&[("edited", "old"), ("pristine", "old"), ("same", "new")]);
    create(&root, &base).unwrap();
    std::fs::write(root.join("edited"), "mine").unwrap();
    let laid = overlay(
        &root,
        &tree(&[("edited", "new"), ("pristine", "new"), ("same", "new"), ("fresh/one", "new")]),
        &base,
        "kept",
    )
    .unwrap();
    let kept: Vec<_> =
        laid.iter().map(|laid| (laid.path.as_str(), laid.backup.is_some())).collect();
    assert_eq!(kept, [("edited", true), ("fresh/one", false), ("pristine", false)]);
    assert_eq!(std::fs::read_to_string(laid[0].backup.as_ref().unwrap()).unwrap(), "mine");
}

#[test]
fn nothing_is_written_through_a_link() {
    let temp = tempfile::tempdir().unwrap();
    let (root, outside) = (temp.path().join("lab"), temp.path().join("outside"));
    create(&root, &tree(&[("a", "1")])).unwrap();
    std::fs::create_dir(&outside).unwrap();
    std::os::unix::fs::symlink(&outside, root.join("folder")).unwrap();
    let error = overlay(&root, &tree(&[("folder/x", "evil")]), &Tree::new(), "kept").unwrap_err();
    assert_eq!(error.exit(), Exit::Environment);
    assert!(!outside.join("x").exists());
}
