//! A lab that is copied, cloned, moved, deleted: what runs belongs to the one that started it, and
//! can be stopped.
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{self, BIN, Lab, Seen, must, seen};

fn tiny() -> Lab {
    Lab::new(Some("tiny"), "tiny", &["program=good"])
}

fn at(folder: &Path, args: &[&str]) -> Seen {
    seen(Command::new(BIN).args(args).current_dir(folder))
}

fn beside(lab: &Lab, name: &str) -> PathBuf {
    lab.root.parent().unwrap().join(name)
}

fn git(folder: &Path, args: &[&str]) {
    let who = ["-c", "user.name=me", "-c", "user.email=me@localhost"];
    must(Command::new("git").args(who).args(args).current_dir(folder));
}

/// Everything that a copy may do leaves the original as it is.
fn leaves_the_original_alone(lab: &Lab, copy: &Path) {
    assert_eq!(at(copy, &["status"]).code, 1);
    assert_eq!(at(copy, &["logs"]).code, 1, "the logs of the original are not the copy's");
    let down = at(copy, &["down", "--purge"]);
    assert!(down.out.contains("nothing was running"), "{}", down.out);
    let said = format!("this lab is a copy of {}", lab.root.canonicalize().unwrap().display());
    assert!(down.err.contains(&said), "{}", down.err);
    lab.ok(&["status"]);
    // Nothing of it runs before it is trusted, whatever the original is.
    let up = at(copy, &["up"]);
    assert!(up.code == 2 && up.err.contains("is not trusted yet"), "{}", up.err);
    harness::trust(copy);
    // Its port is the original's: refused, and nothing was ended to free it.
    let up = at(copy, &["up"]);
    assert!(up.code == 3 && up.err.contains("is taken"), "{}", up.err);
    assert!(!up.err.contains("is a copy of"), "it is said once");
    lab.ok(&["status"]);
    let port = harness::free_port();
    let update = at(copy, &["update", "--set", &format!("port={port}")]);
    assert_eq!(update.code, 0, "{}", update.err);
    // What was seen is the lab, not the pack beside it: what that has made now is asked about.
    assert_eq!(at(copy, &["up"]).code, 2);
    assert_eq!(at(copy, &["up", "--trust"]).code, 0);
    lab.ok(&["down"]);
    assert_eq!(at(copy, &["status"]).code, 0, "nor does the original end what its copy runs");
    assert_eq!(at(copy, &["down"]).code, 0);
}

#[test]
fn a_copy_is_a_lab_of_its_own() {
    let lab = tiny();
    lab.ok(&["up"]);
    let copy = beside(&lab, "copy");
    must(Command::new("cp").arg("-a").args([&lab.root, &copy]));
    leaves_the_original_alone(&lab, &copy);
}

#[test]
fn a_worktree_is_a_lab_of_its_own() {
    let lab = tiny();
    git(&lab.root, &["init", "--quiet"]);
    git(&lab.root, &["add", "--all"]);
    git(&lab.root, &["commit", "--quiet", "--message", "a lab"]);
    lab.ok(&["up"]);
    let tree = beside(&lab, "tree");
    git(&lab.root, &["worktree", "add", "--quiet", tree.to_str().unwrap()]);
    std::fs::copy(lab.root.join(".env"), tree.join(".env")).unwrap();
    leaves_the_original_alone(&lab, &tree);
}

#[test]
fn cleaning_everything_that_git_ignores_loses_nothing_that_runs() {
    let lab = tiny();
    git(&lab.root, &["init", "--quiet"]);
    git(&lab.root, &["add", "--all"]);
    git(&lab.root, &["commit", "--quiet", "--message", "a lab"]);
    lab.ok(&["up"]);
    git(&lab.root, &["clean", "-fdX", "--quiet"]);
    assert!(lab.ok(&["down"]).out.contains("down: files"));
}

#[test]
fn a_lab_that_is_moved_while_it_is_up_keeps_what_runs() {
    let mut lab = tiny();
    lab.ok(&["up"]);
    let moved = beside(&lab, "moved");
    std::fs::rename(&lab.root, &moved).unwrap();
    lab.root = moved;
    // What answers on its port looks for its files at the old path: it runs, and is not ready.
    assert!(lab.run(&["status"]).out.contains("process"));
    assert!(!lab.run(&["check"]).err.contains("is a copy of"));
    // Somebody else's lab at the old path is another one.
    let old = beside(&lab, "a lab");
    must(Command::new("cp").arg("-a").args([&lab.root, &old]));
    assert!(at(&old, &["down"]).out.contains("nothing was running"));
    assert!(lab.ok(&["down"]).out.contains("down: files"));
}

#[test]
fn a_lab_that_was_deleted_while_it_was_up_is_named_and_stopped() {
    let lab = tiny();
    lab.ok(&["up"]);
    let root = lab.root.canonicalize().unwrap();
    std::fs::remove_dir_all(&lab.root).unwrap();
    let outside = at(Path::new("/"), &["status"]);
    assert!(
        outside.code == 3 && outside.out.contains(&format!("{} (deleted)", root.display())),
        "{}",
        outside.out
    );
    let here = at(Path::new("/"), &["-C", root.to_str().unwrap(), "status", "--json"]);
    assert!(here.code == 3 && here.out.contains("files (process"), "{}", here.out);
    // A new one in its place would not know what runs.
    let again = at(Path::new("/"), &["init", "serving", root.to_str().unwrap(), "--no-doctor"]);
    assert!(
        again.code == 3 && again.err.contains("down --purge") && !root.exists(),
        "{}",
        again.err
    );
    let down = at(Path::new("/"), &["-C", root.to_str().unwrap(), "down"]);
    assert!(down.code == 0 && down.out.trim() == "down: files", "{}{}", down.out, down.err);
    std::net::TcpListener::bind(("127.0.0.1", lab.port)).unwrap();
    assert_eq!(
        at(Path::new("/"), &["-C", root.to_str().unwrap(), "down"]).code,
        2,
        "nothing is known of it"
    );
    assert_eq!(
        at(Path::new("/"), &["init", "serving", root.to_str().unwrap(), "--no-doctor"]).code,
        0
    );
}

#[test]
fn what_runs_is_stopped_whatever_has_become_of_the_labs_own_files() {
    let marker = "<<<<<<< HEAD\nschema = 1\n";
    for (file, text) in [
        ("lab.toml", Some(marker)),
        ("record.toml", Some(marker)),
        ("record.toml", None),
        ("lab.toml", None),
    ] {
        let lab = tiny();
        lab.ok(&["up"]);
        let path = lab.root.join(".mlops-lab").join(file);
        match text {
            Some(text) => std::fs::write(path, text).unwrap(),
            None => std::fs::remove_file(path).unwrap(),
        }
        assert_eq!(
            lab.run(&["up"]).code,
            if file == "record.toml" && text.is_none() { 2 } else { 3 }
        );
        assert!(lab.run(&["status"]).out.contains("files (process"), "{file} {text:?}");
        assert!(lab.ok(&["logs", "files"]).out.contains("this is good"));
        let down = lab.ok(&["down"]);
        assert!(down.out.contains("down: files"), "{file} {text:?}: {}", down.out);
        assert!(down.err.contains("what runs is taken from the notes"), "{}", down.err);
    }
}

#[test]
fn a_clone_goes_on_without_the_pack_and_is_brought_up_to_date_with_it() {
    let temp = tempfile::tempdir().unwrap();
    let path = |name: &str| temp.path().join(name);
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny");
    std::fs::create_dir(path("here")).unwrap();
    must(Command::new("cp").arg("-r").args([&tiny, &path("here/pack")]));
    let port = harness::free_port();
    let init = ["--pack", "pack", "init", "tiny", "lab", "--git", "--no-doctor", "--set"];
    let made = at(&path("here"), &[&init[..], &[&format!("port={port}")]].concat());
    assert_eq!(made.code, 0, "{}", made.err);
    let record = std::fs::read_to_string(path("here/lab/.mlops-lab/record.toml")).unwrap();
    assert!(record.contains("path = \"../pack\""), "{record}");
    std::fs::create_dir(path("there")).unwrap();
    git(&path("there"), &["clone", "--quiet", path("here/lab").to_str().unwrap(), "lab"]);
    let clone = path("there/lab");
    assert!(!clone.join(".mlops-lab/progress.json").exists() && !clone.join(".env").exists());
    assert_eq!(at(&clone, &["check"]).code, 2);
    let check = at(&clone, &["check", "--trust"]);
    assert!(
        check.code != 2 && check.out.contains("Publish a greeting"),
        "{}{}",
        check.out,
        check.err
    );
    assert_eq!(at(&clone, &["hint"]).code, 0);
    assert_eq!(at(&clone, &["up"]).code, 0);
    assert_eq!(at(&clone, &["down", "--purge"]).code, 0);
    let update = at(&clone, &["update"]);
    assert!(
        update.code == 3 && update.err.contains("mlops-lab update --pack DIR"),
        "{}",
        update.err
    );
    assert_eq!(at(&clone, &["update", "--pack", tiny.to_str().unwrap()]).code, 0);
    // The pack travels with the lab.
    must(Command::new("cp").arg("-r").args([&tiny, &path("there/pack")]));
    let update = at(&clone, &["update", "--pack", "../pack"]);
    assert_eq!(update.code, 0, "{}", update.err);
    assert_eq!(at(&clone, &["update"]).code, 0);
}
