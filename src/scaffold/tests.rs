//! Rendering and writing small labs that are values.
#![allow(clippy::disallowed_methods, reason = "tests look at the disk by themselves")]

use std::borrow::Cow;

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
    pairs.iter().map(|(path, text)| ((*path).to_owned(), Cow::Owned(text.as_bytes().to_vec()))).collect()
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
        !made.knowledge.keys().any(|path| path.as_str().starts_with("wrong") || path.as_str() == "lab.toml")
    );
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
    assert!(make(&[("k8s/dot-env", "P=<[ password ]>"), ("dot-env", "P=<[ password ]>")], &[]).is_ok());
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
fn all_wrong_answers_are_told_at_once() {
    let lab = lab(&[]);
    let error = answers(&lab.manifest, &given(&[("prot", "1"), ("port", "80"), ("project_name", "../x")]))
        .unwrap_err();
    let detail = error.detail_text().unwrap();
    assert_eq!(error.exit(), Exit::Usage);
    for part in ["did you mean `port`?", "1024 to 65535", "a-z, 0-9"] {
        assert!(detail.contains(part), "{detail}");
    }
}

#[test]
fn an_answers_file_is_under_set_and_over_defaults() {
    let lab = lab(&[]);
    let mut given = given(&[("port", "9001")]);
    given.file = Some(("answers.toml".to_owned(), "port = 9000\nproject_name = 'from-file'\n".to_owned()));
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
    assert_eq!(std::fs::read_dir(temp.path().join("a/b")).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn an_empty_folder_is_taken_and_a_link_is_not() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::create_dir(temp.path().join("empty")).unwrap();
    create(&temp.path().join("empty"), &tree(&[("a", "1")])).unwrap();
    std::os::unix::fs::symlink(temp.path().join("empty"), temp.path().join("link")).unwrap();
    assert_eq!(create(&temp.path().join("link"), &tree(&[("a", "2")])).unwrap_err().exit(), Exit::Usage);
}

#[test]
fn what_a_killed_run_left_is_swept_and_what_a_live_one_makes_is_not() {
    let temp = tempfile::tempdir().unwrap();
    // No process has this number: Linux ends at 2^22.
    let dead = temp.path().join(".mlops-lab-new-4194999-lab");
    let live = temp.path().join(format!(".mlops-lab-new-{}-other", std::process::id()));
    std::fs::create_dir(&dead).unwrap();
    std::fs::create_dir(&live).unwrap();
    create(&temp.path().join("lab"), &tree(&[("a", "1")])).unwrap();
    assert!(!dead.exists() && live.exists());
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
        &temp.path().join("kept"),
    )
    .unwrap();
    let kept: Vec<_> = laid.iter().map(|laid| (laid.path.as_str(), laid.backup.is_some())).collect();
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
    let error =
        overlay(&root, &tree(&[("folder/x", "evil")]), &Tree::new(), &temp.path().join("kept")).unwrap_err();
    assert_eq!(error.exit(), Exit::Environment);
    assert!(!outside.join("x").exists());
}
