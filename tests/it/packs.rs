//! Packs: what `pack.toml` says, several at once beside the built-in labs, and what a lab keeps of
//! where it came from.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::{self, BIN, Seen, must, seen};

/// The tiny pack in a folder of this name, with this `pack.toml`.
fn pack(root: &Path, name: &str, text: &str) -> PathBuf {
    let pack = root.join(name);
    harness::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"), &pack);
    if !text.is_empty() {
        std::fs::write(pack.join("pack.toml"), text).unwrap();
    }
    pack
}

fn acme(version: &str) -> String {
    format!(
        "name = \"acme\"\nversion = \"{version}\"\nmlops-lab = \">=0.1\"\n\
         source = \"https://example.com/acme\"\n"
    )
}

fn run(root: &Path, args: &[&str]) -> Seen {
    seen(Command::new(BIN).args(args).current_dir(root))
}

fn record(lab: &Path) -> toml::Table {
    std::fs::read_to_string(lab.join(".mlops-lab/record.toml")).unwrap().parse().unwrap()
}

#[test]
fn a_lab_keeps_the_name_the_version_and_the_way_its_pack_was_given() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path();
    let at = pack(root, "pack", &acme("1.2.0"));
    let made = run(root, &["--pack", at.to_str().unwrap(), "init", "tiny", "lab", "--no-doctor"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let lab = root.join("lab");
    let origin = record(&lab)["pack"].as_table().unwrap().clone();
    for (key, value) in [
        ("name", "acme"),
        ("version", "1.2.0"),
        ("source", "https://example.com/acme"),
        ("given", "--pack"),
        ("path", "../pack"),
    ] {
        assert_eq!(origin[key].as_str(), Some(value), "{origin}");
    }

    // A newer version at the same place is noted.
    std::fs::write(at.join("pack.toml"), acme("1.3.0")).unwrap();
    assert_eq!(run(&lab, &["update"]).code, 0);
    assert_eq!(record(&lab)["pack"]["version"].as_str(), Some("1.3.0"));
    assert_eq!(record(&lab)["pack"]["given"].as_str(), Some("--pack"));

    // Moved, it is found by its name among those that are always there.
    let moved = root.join("moved");
    std::fs::rename(&at, &moved).unwrap();
    let lost = run(&lab, &["update"]);
    assert_eq!(lost.code, 3, "{}", lost.err);
    for part in ["the pack `acme`", "get it from https://example.com/acme", "update --pack DIR"] {
        assert!(lost.err.contains(part), "{part}\n{}", lost.err);
    }
    let mut update = Command::new(BIN);
    must(update.arg("update").current_dir(&lab).env("MLOPS_LAB_PACKS", &moved));
    assert_eq!(record(&lab)["pack"]["given"].as_str(), Some("MLOPS_LAB_PACKS"));
    assert_eq!(record(&lab)["pack"]["path"].as_str(), Some("../moved"));

    // Another pack at its place is not taken for it.
    let other = acme("1.0").replace("acme\"\nv", "other\"\nv");
    std::fs::write(moved.join("pack.toml"), other).unwrap();
    let other = run(&lab, &["update"]);
    assert_eq!(other.code, 3, "{}", other.err);
    assert!(other.err.contains("another pack is at"), "{}", other.err);
    assert_eq!(run(&lab, &["update", "--pack", "../moved"]).code, 0);
}

#[test]
fn a_pack_for_a_newer_program_is_refused_with_the_version_by_every_command() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path();
    pack(root, "pack", &format!("{}\nnew = true\n", acme("1.0").replace("0.1", "99.0")));
    for args in [
        &["list"][..],
        &["show", "tiny"],
        &["init", "tiny", "lab"],
        &["doctor", "tiny"],
        &["lab", "test", "tiny"],
    ] {
        let refused = run(root, &[&["--pack", "pack"], args].concat());
        assert_eq!(refused.code, 2, "{args:?}: {}", refused.err);
        let words = "pack.toml:3:13: this pack needs mlops-lab >=99.0, and this is 0.1.0";
        assert!(refused.err.contains(words), "{args:?}: {}", refused.err);
        assert!(!refused.err.contains("unknown field"), "{}", refused.err);
    }
    assert!(!root.join("lab").exists());
    let lint = run(root, &["lab", "lint", "pack"]);
    assert!(lint.code == 1 && lint.out.contains("needs mlops-lab >=99.0"), "{}", lint.out);
}

#[test]
fn lint_shows_where_a_pack_toml_is_wrong() {
    let temp = tempfile::tempdir().unwrap();
    for (number, (from, to, said)) in [
        ("name = \"acme\"", "name = \"Acme labs\"", "pack.toml:1:8: name: expected a-z, 0-9 and -"),
        ("name = \"acme\"", "name = \"builtin\"", "pack.toml:1:8: name: `builtin` means"),
        ("\"1.2.0\"", "\"latest\"", "pack.toml:2:11: version: expected one such as \"1.2.0\""),
        ("\">=0.1\"", "\"0.1\"", "pack.toml:3:13: `0.1` is not a version requirement"),
        ("source =", "sorce =", "pack.toml:4:1: unknown field `sorce`"),
        ("\"https://example.com/acme\"", "\"\"", "pack.toml:4:10: source: expected an address"),
    ]
    .into_iter()
    .enumerate()
    {
        let text = acme("1.2.0");
        assert!(text.contains(from), "{from}");
        let name = format!("pack{number}");
        pack(temp.path(), &name, &text.replacen(from, to, 1));
        let lint = run(temp.path(), &["lab", "lint", &name]);
        assert!(lint.code == 1 && lint.out.contains(said), "{said}\n{}{}", lint.out, lint.err);
        let json = run(temp.path(), &["lab", "lint", &name, "--json"]);
        let report: Value = serde_json::from_str(&json.out).unwrap();
        assert_eq!(report["problems"][0]["rule"], "pack");
    }
    pack(temp.path(), "clean", &acme("1.2.0"));
    assert_eq!(run(temp.path(), &["lab", "lint", "clean"]).code, 0);
}

#[test]
fn several_packs_and_the_built_in_labs_are_there_at_once() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path();
    pack(root, "a", "");
    pack(root, "b", &acme("1.0"));
    let list = run(root, &["--pack", "a", "list", "--json"]);
    let list: Value = serde_json::from_str(&list.out).unwrap();
    let names = |list: &Value| -> Vec<String> {
        let labs = list["labs"].as_array().unwrap().iter();
        labs.map(|lab| lab["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&list)[0], "tiny");
    assert_eq!((&list["labs"][0]["pack"], &list["labs"][1]["pack"]), (&"a".into(), &Value::Null));
    assert!(names(&list).contains(&"serving".to_owned()), "{list}");

    // Two have a lab of one name: said, with the names that mean one.
    let both = run(root, &["--pack", "a", "--pack", "b", "show", "tiny"]);
    assert_eq!(both.code, 2, "{}", both.out);
    for part in ["2 packs have a lab `tiny`", "name the one you mean: a/tiny or acme/tiny"] {
        assert!(both.err.contains(part), "{part}\n{}", both.err);
    }
    let list = run(root, &["--pack", "a", "--pack", "b", "list"]).out;
    assert!(list.contains("a/tiny") && list.contains("acme/tiny"), "{list}");
    assert!(list.contains("mlops-lab --pack a --pack b init a/tiny --up"), "{list}");
    let shown = run(root, &["--pack", "a", "--pack", "b", "show", "acme/tiny"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert!(shown.out.contains("--pack a --pack b init acme/tiny --up"), "{}", shown.out);

    // What is typed wins over what is always there.
    let with = |packs: &str, args: &[&str]| {
        seen(Command::new(BIN).args(args).current_dir(root).env("MLOPS_LAB_PACKS", packs))
    };
    assert_eq!(with("a", &["show", "tiny"]).code, 0);
    assert_eq!(with("a:b", &["show", "tiny"]).code, 2);
    assert_eq!(with("a", &["--pack", "b", "show", "tiny"]).code, 0);
    assert_eq!(with("a:b", &["show", "serving"]).code, 0);
    let init = with("a", &["init", "tiny", "lab", "--no-doctor"]);
    assert_eq!(init.code, 0, "{}", init.err);
    assert_eq!(record(&root.join("lab"))["pack"]["given"].as_str(), Some("MLOPS_LAB_PACKS"));
    // A pack of the environment that is none is no reason to hide the others' names.
    let none = with("none", &["list"]);
    assert!(none.code == 2 && none.err.contains("MLOPS_LAB_PACKS"), "{}", none.err);
    assert_eq!(with("none", &["show", "serving"]).code, 0);
}

#[test]
fn a_new_pack_says_its_name_and_the_program_that_it_needs() {
    let temp = tempfile::tempdir().unwrap();
    let made = run(temp.path(), &["lab", "new", "one", "My Labs"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let text = std::fs::read_to_string(temp.path().join("My Labs/pack.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    assert_eq!(
        (table["name"].as_str(), table["mlops-lab"].as_str()),
        (Some("my-labs"), Some(">=0.1"))
    );
    assert_eq!(run(temp.path(), &["lab", "lint", "My Labs"]).code, 0);
    // A second lab of the pack leaves it as it is.
    let text = text.replace("0.1.0", "0.2.0");
    std::fs::write(temp.path().join("My Labs/pack.toml"), &text).unwrap();
    assert_eq!(run(temp.path(), &["lab", "new", "two", "My Labs"]).code, 0);
    let kept = std::fs::read_to_string(temp.path().join("My Labs/pack.toml")).unwrap();
    assert_eq!(kept, text);
}
