//! What people who write labs meet: a pack with a broken lab, a second lab, costs, logs of what
//! failed, the documentation.
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{self, BIN, Seen, busy, seen};
use serde_json::Value;

fn run(args: &[&str]) -> Seen {
    seen(Command::new(BIN).args(args))
}

fn pack(name: &str, to: &Path) {
    harness::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs").join(name), to);
}

#[test]
fn a_broken_lab_is_listed_as_broken_beside_the_others() {
    let temp = tempfile::tempdir().unwrap();
    pack("tiny", temp.path());
    harness::copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/broken/labs/typo"),
        &temp.path().join("labs/typo"),
    );
    let path = temp.path().to_str().unwrap();
    let listed = run(&["--pack", path, "list"]);
    assert_eq!(listed.code, 2, "{}{}", listed.out, listed.err);
    for part in
        ["A file server", "typo", "lab.toml:35:1: unknown field `rnu`", "next: mlops-lab lab lint "]
    {
        assert!(listed.out.contains(part), "{part}\n{}", listed.out);
    }
    let listed: Value =
        serde_json::from_str(&run(&["--pack", path, "list", "--json"]).out).unwrap();
    assert_eq!(
        (&listed["labs"][0]["id"], &listed["broken"][0]["id"]),
        (&"tiny".into(), &"typo".into())
    );
}

#[test]
fn a_second_lab_of_a_pack_has_a_port_of_its_own_and_strange_folders_are_left_alone() {
    let temp = tempfile::tempdir().unwrap();
    let pack = temp.path().join("pack");
    let path = pack.to_str().unwrap();
    let port = |id: &str| {
        assert_eq!(run(&["lab", "new", id, path]).code, 0);
        let text = std::fs::read_to_string(pack.join(format!("labs/{id}/lab.toml"))).unwrap();
        let table: toml::Table = text.parse().unwrap();
        table["vars"]["port"]["default"].as_integer().unwrap()
    };
    assert_ne!(port("one"), port("two"));
    assert_eq!(run(&["lab", "lint", path]).code, 0);
    let other = temp.path().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("thesis.tex"), "").unwrap();
    let refused = run(&["lab", "new", "one", other.to_str().unwrap()]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("is no pack: nothing was changed"), "{}", refused.err);
    assert_eq!(std::fs::read_dir(&other).unwrap().count(), 1);
}

#[test]
fn the_documentation_of_the_format_is_in_the_binary() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("labs/README.md");
    assert_eq!(run(&["lab", "format"]).out, std::fs::read_to_string(path).unwrap());
}

#[test]
fn places_for_costs_are_asked_for_before_anything_is_measured_all_at_once() {
    let temp = tempfile::tempdir().unwrap();
    pack("tiny", temp.path());
    let path = temp.path().to_str().unwrap();
    let refused = run(&["--pack", path, "lab", "test", "tiny", "--write-cost"]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.out.is_empty(), "{}", refused.out);
    for part in ["[cost.local]", "disk_mb = 0", "peak_mb = 0", "ready_s = 0"] {
        assert!(refused.err.contains(part), "{}", refused.err);
    }
    let builtin = run(&["lab", "test", "serving", "--write-cost"]);
    assert!(builtin.code == 2 && builtin.err.contains("--pack DIR"), "{}", builtin.err);
}

#[test]
#[ignore = "takes long"]
fn a_proof_writes_the_costs_keeps_the_logs_of_what_failed_and_says_where_the_project_is() {
    let _busy = busy();
    let temp = tempfile::tempdir().unwrap();
    pack("tiny", temp.path());
    let manifest = temp.path().join("labs/tiny/lab.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let text = text.replace(
        "[vars.project_name]",
        "[cost.local]\ndisk_mb = 0\npeak_mb = 0\nready_s = 0\n[vars.project_name]",
    );
    std::fs::write(&manifest, text).unwrap();
    let right = "[[right]]\nname = \"no\"\nwhy = \"it is not\"\nrun = [[\"true\"]]\n";
    std::fs::create_dir_all(temp.path().join("labs/tiny/right")).unwrap();
    std::fs::write(temp.path().join("labs/tiny/right/one.toml"), right).unwrap();
    let path = temp.path().to_str().unwrap();
    let proven = run(&["--pack", path, "lab", "test", "tiny", "--write-cost", "--keep"]);
    assert_eq!(proven.code, 1, "{}{}", proven.out, proven.err);
    let after = |text: &str, mark: &str| {
        let rest = text.split(mark).nth(1).unwrap_or_else(|| panic!("no `{mark}` in {text}"));
        PathBuf::from(rest.lines().next().unwrap().trim())
    };
    let logs = after(&proven.out, "logs: ");
    assert!(logs.join("files.log").is_file(), "{}", logs.display());
    let kept = after(&proven.err, "kept, stopped: ");
    assert!(kept.join(".mlops-lab/lab.toml").is_file(), "{}", kept.display());
    let costs: toml::Table = std::fs::read_to_string(&manifest).unwrap().parse().unwrap();
    assert!(costs["cost"]["local"]["peak_mb"].as_integer().unwrap() > 0, "{costs}");
    std::fs::remove_dir_all(kept.parent().unwrap()).unwrap();
    std::fs::remove_dir_all(logs.parent().unwrap()).unwrap();
}

#[test]
fn without_docker_the_cases_are_skipped_with_the_reason_and_nothing_is_said_to_be_measured() {
    let mut command = Command::new(BIN);
    command
        .args(["lab", "test", "serving", "--runtime", "compose"])
        .env("DOCKER_HOST", "tcp://127.0.0.1:9");
    let skipped = seen(&mut command);
    assert_eq!(skipped.code, 3, "{}", skipped.out);
    assert!(
        skipped.out.lines().all(|line| line.starts_with("skip") && line.contains("docker")),
        "{}",
        skipped.out
    );
    assert!(skipped.err.contains("skipped: this machine cannot run them"), "{}", skipped.err);
    assert!(!skipped.err.contains("measured"), "{}", skipped.err);
}
