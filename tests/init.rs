//! Writing a lab into a folder: a new one, one with files in it, two runs at once, and runs that are killed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test may fail loudly"
)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use support::{BIN, must, seen};

fn init(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(BIN);
    command.args(["init", "serving", "--no-doctor"]).args(args).arg(folder);
    command
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Every file below a folder.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    if !folder.exists() {
        return BTreeMap::new();
    }
    let out = must(Command::new("find").args([".", "-type", "f"]).current_dir(folder)).out;
    out.lines().map(|path| (path.to_owned(), std::fs::read(folder.join(path)).unwrap())).collect()
}

#[test]
fn the_plan_is_what_is_then_done_for_every_lab() {
    let labs = json(&must(Command::new(BIN).args(["list", "--json"])).out);
    let ids: Vec<String> = labs
        .to_string()
        .split("\"id\":\"")
        .skip(1)
        .map(|part| part.split('"').next().unwrap().to_owned())
        .collect();
    assert!(ids.len() >= 2, "{labs}");
    for id in ids {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("lab");
        let plan = json(&must(Command::new(BIN).args(["init", &id, "--dry-run", "--json"]).arg(&folder)).out);
        assert!(!folder.exists());
        must(Command::new(BIN).args(["init", &id, "--no-doctor"]).arg(&folder));
        let mut there = files(&folder);
        there.retain(|path, _| !path.starts_with("./.mlops-lab/"));
        let planned = plan["changes"].as_array().unwrap();
        assert_eq!(planned.len(), there.len(), "{id}");
        for change in planned {
            let path = change["path"].as_str().unwrap();
            assert_eq!(change["action"], "create");
            // A secret is another one each time.
            if !path.ends_with(".env") {
                let sum = must(Command::new("sha256sum").arg(folder.join(path))).out;
                assert!(sum.contains(change["sha256"].as_str().unwrap()), "{id}: {path}");
            }
        }
    }
}

#[test]
fn a_folder_with_files_is_entered_only_when_asked_and_nothing_in_it_is_lost() {
    for (policy, code) in [("skip", 0), ("merge", 1), ("overwrite", 0), ("keep-both", 0)] {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("mine");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("README.md"), "my own readme\n").unwrap();
        std::fs::write(folder.join("notes.txt"), "notes\n").unwrap();
        let before = files(&folder);
        let refused = seen(&mut init(&folder, &[]));
        assert_eq!(refused.code, 2, "{}", refused.err);
        assert!(refused.err.contains("--on-conflict"), "{}", refused.err);
        assert_eq!(seen(&mut init(&folder, &["--on-conflict", policy, "--dry-run"])).code, 0);
        assert_eq!(files(&folder), before);
        let done = seen(&mut init(&folder, &["--on-conflict", policy]));
        assert_eq!(done.code, code, "{policy}: {}{}", done.out, done.err);
        let after = files(&folder);
        assert_eq!(after["./notes.txt"], b"notes\n");
        let readme = String::from_utf8(after["./README.md"].clone()).unwrap();
        assert_eq!(readme.contains("my own readme"), policy != "overwrite", "{policy}");
        assert_eq!(after.contains_key("./README.md.new"), policy == "keep-both");
        let again = seen(&mut init(&folder, &["--on-conflict", policy]));
        assert!(again.code == 2 && again.err.contains("mlops-lab update"), "{}", again.err);
        // What gave way comes back.
        assert_eq!(seen(Command::new(BIN).args(["undo"]).current_dir(&folder)).code, 0);
        assert_eq!(files(&folder)["./README.md"], b"my own readme\n");
    }
}

#[test]
fn a_first_commit_is_made_when_asked_and_holds_no_secret() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("lab");
    must(init(&folder, &["--git"]).env("HOME", temp.path()).env_remove("XDG_CONFIG_HOME"));
    let git = |args: &[&str]| must(Command::new("git").args(args).current_dir(&folder)).out;
    assert_eq!(git(&["log", "--oneline"]).lines().count(), 1);
    assert_eq!(git(&["status", "--porcelain"]), "");
    let tracked = git(&["ls-files"]);
    assert!(tracked.contains("README.md") && !tracked.lines().any(|path| path == ".env"), "{tracked}");
}

#[test]
fn of_two_runs_at_once_one_wins_and_the_tree_is_whole() {
    let temp = tempfile::tempdir().unwrap();
    let whole = {
        let folder = temp.path().join("alone");
        must(&mut init(&folder, &[]));
        files(&folder).len()
    };
    for n in 0..50 {
        let folder = temp.path().join(format!("lab-{n}"));
        let start = || init(&folder, &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let (mut a, mut b) = (start(), start());
        let codes = [a.wait().unwrap().code().unwrap(), b.wait().unwrap().code().unwrap()];
        assert!(codes == [0, 2] || codes == [2, 0], "{codes:?}");
        assert_eq!(files(&folder).len(), whole);
    }
    let left: Vec<_> =
        std::fs::read_dir(temp.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 51, "{left:?}");
}

#[test]
fn a_killed_run_leaves_no_part_of_a_lab() {
    let temp = tempfile::tempdir().unwrap();
    let since = std::time::Instant::now();
    must(&mut init(&temp.path().join("alone"), &[]));
    let took = since.elapsed();
    let whole = files(&temp.path().join("alone")).len();
    let kills = 100;
    for n in 0..kills {
        let folder = temp.path().join(format!("lab-{n}"));
        let mut child = init(&folder, &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Spread over the time that a whole one takes here.
        std::thread::sleep(took.mul_f64(f64::from(n) / f64::from(kills)));
        child.kill().unwrap();
        child.wait().unwrap();
        let found = files(&folder).len();
        assert!(found == 0 || found == whole, "{found} of {whole} files after the kill number {n}");
        // And nothing of it is in the way of the next.
        if found == 0 {
            must(&mut init(&folder, &[]));
        }
    }
    let names = std::fs::read_dir(temp.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let staging: Vec<_> = names.filter(|name| name.starts_with('.')).collect();
    assert!(staging.is_empty(), "{staging:?}");
}

#[test]
fn neither_network_nor_another_program_is_used() {
    let temp = tempfile::tempdir().unwrap();
    if which("strace").is_none() {
        assert!(!support::strict(), "strace is missing");
        eprintln!("skipped: strace is missing");
        return;
    }
    let folder = temp.path().join("lab");
    let trace = temp.path().join("trace");
    let traced = |args: &[&str]| {
        let mut command = Command::new("strace");
        command.args(["-f", "-e", "trace=socket,connect,execve", "-o"]).arg(&trace).arg(BIN).args(args);
        command.arg("-C").arg(temp.path());
        must(&mut command);
        let text = std::fs::read_to_string(&trace).unwrap();
        let calls: Vec<String> = text
            .lines()
            .filter(|line| line.contains("socket(") || line.contains("connect(") || line.contains("execve("))
            .map(str::to_owned)
            .collect();
        // The one is the start of our own program.
        assert_eq!(calls.len(), 1, "{args:?}: {calls:?}");
    };
    traced(&["init", "serving", folder.to_str().unwrap(), "--no-doctor"]);
    for args in [["diff"].as_slice(), &["update"], &["update", "--set", "port=9000"]] {
        let mut args = args.to_vec();
        args.extend(["-C", folder.to_str().unwrap()]);
        let mut command = Command::new("strace");
        command.args(["-f", "-e", "trace=socket,connect,execve", "-o"]).arg(&trace).arg(BIN).args(&args);
        must(&mut command);
        let text = std::fs::read_to_string(&trace).unwrap();
        let calls = text.lines().filter(|line| line.contains("socket(") || line.contains("execve(")).count();
        assert_eq!(calls, 1, "{args:?}: {text}");
    }
}

fn which(name: &str) -> Option<std::path::PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

#[test]
fn a_lab_that_was_just_begun_holds_the_rules_and_passes_its_proof() {
    let temp = tempfile::tempdir().unwrap();
    let pack = temp.path().join("my pack");
    must(Command::new(BIN).args(["lab", "new", "first"]).arg(&pack));
    must(Command::new(BIN).args(["lab", "new", "second"]).arg(&pack));
    assert_eq!(seen(Command::new(BIN).args(["lab", "new", "second"]).arg(&pack)).code, 2);
    assert_eq!(seen(Command::new(BIN).args(["lab", "new", "../evil"]).arg(&pack)).code, 2);
    must(Command::new(BIN).args(["lab", "lint"]).arg(&pack));
    let proof = must(Command::new(BIN).arg("--pack").arg(&pack).args(["lab", "test", "second"]));
    assert!(proof.out.lines().count() >= 11 && !proof.out.contains("FAIL"), "{}", proof.out);
}

#[test]
fn there_is_a_man_page_for_every_command() {
    let temp = tempfile::tempdir().unwrap();
    must(Command::new(BIN).arg("man").arg(temp.path()));
    for name in ["mlops-lab.1", "mlops-lab-init.1", "mlops-lab-update.1", "mlops-lab-lab-new.1"] {
        let page = std::fs::read_to_string(temp.path().join(name)).unwrap();
        assert!(page.contains(".TH") && page.contains("mlops"), "{name}: {page}");
    }
    let names = std::fs::read_dir(temp.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!names.into_iter().any(|name| name.contains("__")), "hidden commands have no page");
    assert!(must(Command::new(BIN).arg("man")).out.contains(".TH"));
}
