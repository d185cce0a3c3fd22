//! Each rule of the lab format: planted in a pack that is clean, it is found, with its place.
mod plants;
mod solutions;

use plants::{MANIFEST, PLANTS, Plant};
use solutions::IN_SOLUTIONS;

use crate::harness::{self, Limited};

use std::path::Path;
use std::process::Command;

fn lint(pack: &Path) -> (i32, String) {
    let out =
        Command::new(env!("CARGO_BIN_EXE_mlops-lab")).args(["lab", "lint"]).arg(pack).finish();
    (out.status.code().unwrap(), String::from_utf8_lossy(&out.stdout).into_owned())
}

#[test]
fn a_clean_pack_is_clean_and_every_planted_error_is_found_at_its_place() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny");
    assert_eq!(lint(&source).0, 0);
    let mut missed = Vec::new();
    for &Plant { file, from, to, said } in PLANTS.iter().chain(IN_SOLUTIONS) {
        let temp = tempfile::tempdir().unwrap();
        harness::copy(&source, temp.path());
        let path = temp.path().join(file);
        match (from, to) {
            // Take away a whole wrong solution; plant a whole file; change a part of one.
            ("", "") => std::fs::remove_dir_all(path.parent().unwrap()).unwrap(),
            ("", text) => {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, text).unwrap();
            }
            _ => {
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(text.contains(from), "{file} has no {from}");
                std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
            }
        }
        let (code, out) = lint(temp.path());
        if code != 1 || !out.contains(said) {
            missed.push(format!("wanted: {said}\n{out}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n---\n"));
}

#[test]
fn a_link_in_a_pack_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    harness::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"), temp.path());
    std::os::unix::fs::symlink("/etc/passwd", temp.path().join("templates/tiny/passwd")).unwrap();
    let (code, out) = lint(temp.path());
    assert_eq!(code, 1);
    assert!(out.contains("passwd is a link or a special file"), "{out}");
}

#[test]
fn every_typo_of_a_manifest_is_reported_once_and_programs_get_its_place() {
    let temp = tempfile::tempdir().unwrap();
    harness::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"), temp.path());
    let path = temp.path().join(MANIFEST);
    let text = std::fs::read_to_string(&path).unwrap();
    let one = text.replace("stop_within = ", "stop_withn = ");
    std::fs::write(&path, &one).unwrap();
    let (code, out) = lint(temp.path());
    assert_eq!(code, 1);
    assert!(out.ends_with("1 problem in tiny\n"), "{out}");
    assert_eq!(out.matches("unknown field").count(), 1, "{out}");
    let three = one
        .replace("minutes = 1", "minutes = 1\nsumary = [1, 2]")
        .replacen("when = {", "wen = {", 1);
    let three = three.replacen(
        "recovered = [{ http = { endpoint = \"api\"",
        "recovered = [{ http = { endpoint = \"app\"",
        1,
    );
    std::fs::write(&path, three).unwrap();
    let (_, out) = lint(temp.path());
    for part in
        ["`sumary`", "`stop_withn`", "`wen`", "there is no endpoint `app`", "4 problems in tiny"]
    {
        assert!(out.contains(part), "{part}\n{out}");
    }
    let out = Command::new(harness::BIN).args(["lab", "lint", "--json"]).arg(temp.path()).finish();
    let report: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let first = &report["problems"][0];
    assert_eq!(
        (&first["line"], &first["column"], &first["rule"]),
        (&8.into(), &1.into(), &"parse".into())
    );
    assert!(first["file"].as_str().unwrap().ends_with("lab.toml"), "{first}");
    assert!(first["message"].as_str().unwrap().starts_with("unknown field `sumary`"), "{first}");
}

#[test]
fn the_schema_before_is_read_with_its_own_words() {
    let temp = tempfile::tempdir().unwrap();
    harness::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"), temp.path());
    let path = temp.path().join(MANIFEST);
    let text = std::fs::read_to_string(&path).unwrap();
    let old = text
        .replace("schema = 2", "schema = 1")
        .replace("healthy = ", "symptom = ")
        .replace("drill.healthy", "drill.symptom")
        .replace("recovered = ", "mended = ")
        .replace("drill.recovered", "drill.mended");
    assert_ne!(old, text);
    std::fs::write(&path, old).unwrap();
    let (code, out) = lint(temp.path());
    assert!(code == 0 && out.starts_with("clean: tiny"), "{out}");
    // Also where each is meant: a check below an old word has its line.
    let wrong = std::fs::read_to_string(&path).unwrap().replacen(
        "mended = [{ http = { endpoint = \"api\"",
        "mended = [{ http = { endpoint = \"app\"",
        1,
    );
    std::fs::write(&path, wrong).unwrap();
    let (code, out) = lint(temp.path());
    let line = std::fs::read_to_string(&path)
        .unwrap()
        .lines()
        .position(|line| line.starts_with("mended"))
        .unwrap()
        + 1;
    assert!(code == 1 && out.contains(&format!("lab.toml:{line}:")), "{out}");
}
