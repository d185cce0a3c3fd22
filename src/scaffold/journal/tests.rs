//! Changes that fail, die and are undone.
#![allow(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "tests look at the disk by themselves"
)]

use std::collections::BTreeMap;
use std::io::Write;

use super::*;
use crate::platform::fs;
use crate::scaffold::disk::faulty::{Fault, Faulty};

const MARK: &str = "here";

fn by(command: &str) -> By<'_> {
    By { command, mark: MARK }
}

fn project(root: &Path) {
    for (path, text) in [("a", "a\n"), ("d/b", "b\n"), ("gone/c", "c\n")] {
        fs::write(&root.join(path), text.as_bytes(), false).unwrap();
    }
}

fn ops() -> Vec<Op> {
    let op = |path: &str, text: Option<&str>| {
        Op::ours(RelPath::new(path).unwrap(), text.map(|text| File::new(text.as_bytes().to_vec())))
    };
    vec![op("a", Some("A\n")), op("d/b", Some("B\n")), op("gone/c", None), op("new/x", Some("x\n"))]
}

/// The project's own files, by path.
fn seen(root: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::walk(root)
        .unwrap()
        .into_iter()
        .filter(|(path, _)| !path.starts_with(".mlops-lab/"))
        .collect()
}

fn states() -> (BTreeMap<String, Vec<u8>>, BTreeMap<String, Vec<u8>>) {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    project(old.path());
    project(new.path());
    commit(new.path(), by("update"), &ops()).unwrap();
    (seen(old.path()), seen(new.path()))
}

/// Every folder of the project, by path.
fn folders(root: &Path) -> Vec<String> {
    let mut all = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        for name in fs::folders(&folder).unwrap() {
            let path = folder.join(name);
            let shown = path.strip_prefix(root).unwrap().display().to_string();
            if shown != ".mlops-lab" {
                all.push(shown);
                open.push(path);
            }
        }
    }
    all.sort();
    all
}

#[test]
fn whatever_fails_at_whatever_moment_the_old_state_or_the_new_is_found() {
    let (old, new) = states();
    assert_ne!(old, new);
    for fault in Fault::ALL {
        let mut outcomes = [0, 0];
        for left in 0..200 {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path();
            project(root);
            let disk = Faulty::new(left, fault);
            let result = commit_on(&disk, root, by("update"), &ops());
            if result.is_ok() && !disk.failed.get() {
                assert_eq!(seen(root), new);
                assert!(left > 5, "a disk that fails at once cannot have changed anything");
                break;
            }
            // A disk that works again right away: what was done is put back by the same run.
            if matches!(fault, Fault::Once(_)) && result.is_err() {
                assert_eq!(seen(root), old, "after {left}, {fault:?}");
            }
            recover(root, Some(MARK)).unwrap();
            let found = seen(root);
            assert!(found == old || found == new, "after {left}, {fault:?}: {found:?}");
            outcomes[usize::from(found == new)] += 1;
            assert!(!root.join(CHANGE).exists());
            // Nothing is left that an `undo` could take for a change, and no folder.
            let kept = fs::folders(&root.join(UNDO)).unwrap_or_default().len();
            assert_eq!(kept, usize::from(found == new), "after {left}, {fault:?}");
            let wanted: &[&str] = if found == new { &["d", "new"] } else { &["d", "gone"] };
            assert_eq!(folders(root), wanted, "after {left}, {fault:?}");
        }
        let finished = if matches!(fault, Fault::Once(_)) { 0 } else { 2 };
        assert!(outcomes[0] > 5 && outcomes[1] > finished, "{fault:?}: {outcomes:?}");
    }
}

#[test]
fn a_change_that_is_being_put_back_and_dies_is_old_or_new_as_a_whole() {
    let (old, new) = states();
    let mut outcomes = [0, 0];
    for left in 12..60 {
        for after in 0..12 {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path();
            project(root);
            let disk = Faulty::new(left, Fault::Refusal(after));
            let result = commit_on(&disk, root, by("update"), &ops());
            assert!(result.is_err() || seen(root) == new, "after {left} and {after}");
            recover(root, Some(MARK)).unwrap();
            let found = seen(root);
            assert!(found == old || found == new, "after {left} and {after}: {found:?}");
            outcomes[usize::from(found == new)] += 1;
            undo(root, MARK).ok();
            assert_eq!(seen(root), old, "after {left} and {after}");
        }
    }
    assert!(outcomes[0] > 20 && outcomes[1] > 20, "{outcomes:?}");
}

#[test]
fn what_is_written_into_a_new_file_before_it_is_put_back_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    project(root);
    let (old, all) = (seen(root), ops());
    for left in 0..200 {
        let disk = Faulty::new(left, Fault::Death);
        if commit_on(&disk, root, by("update"), &all).is_err()
            && fs::read(&root.join("a")).unwrap() == b"A\n"
        {
            break;
        }
        recover(root, Some(MARK)).unwrap();
        undo(root, MARK).ok();
        fs::remove_tree(&root.join(".mlops-lab")).unwrap();
        assert_eq!(seen(root), old);
    }
    std::fs::OpenOptions::new()
        .append(true)
        .open(root.join("a"))
        .unwrap()
        .write_all(b"mine\n")
        .unwrap();
    let list = journal(root, &fs::read(&root.join(change(LIST))).unwrap()).unwrap();
    let error = give_up(&Real, root, &list, Error::environment("refused"));
    assert_eq!(seen(root), old);
    assert!(error.hints()[1].contains("-kept"), "{:?}", error.hints());
    assert!(fs::walk(root).unwrap().values().any(|text| text == b"A\nmine\n"));
    assert!(!unfinished(root) && undo(root, MARK).is_err());
}

#[test]
fn what_was_written_between_a_kill_and_the_next_command_is_not_lost() {
    for left in 0..200 {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        project(root);
        let disk = Faulty::new(left, Fault::Death);
        if commit_on(&disk, root, by("update"), &ops()).is_ok() && !disk.failed.get() {
            assert!(left > 20);
            return;
        }
        // Days later.
        for path in ["a", "gone/c", "d/b"] {
            fs::write(&root.join(path), format!("later {path}\n").as_bytes(), false).unwrap();
        }
        let found = recover(root, Some(MARK)).unwrap();
        let undone = undo(root, MARK);
        for path in ["a", "gone/c", "d/b"] {
            let kept = fs::walk(root)
                .unwrap()
                .values()
                .any(|text| *text == format!("later {path}\n").as_bytes());
            assert!(kept, "{path} after {left}: {found:?} {undone:?}");
        }
    }
}

fn op(path: &str, text: Option<&str>, found: Option<&str>) -> Op {
    let file = |text: &str| File::new(text.as_bytes().to_vec());
    Op::over(RelPath::new(path).unwrap(), text.map(file), found.map(file).as_ref())
}

#[test]
fn a_file_that_changed_since_the_plan_stops_the_change() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    project(root);
    for late in [
        op("a", Some("A\n"), Some("before\n")),
        op("a", Some("A\n"), None),
        op("x", None, Some("x\n")),
    ] {
        let all = [op("new/y", Some("y\n"), None), late];
        let error = commit(root, by("update"), &all).unwrap_err();
        assert!(error.message().contains("was changed by somebody"), "{error}");
        assert_eq!(folders(root), ["d", "gone"]);
        assert!(!unfinished(root) && fs::folders(&root.join(UNDO)).unwrap_or_default().is_empty());
    }
    commit(root, by("update"), &[op("a", Some("A\n"), Some("a\n"))]).unwrap();
}

#[test]
fn a_file_becomes_a_folder_and_a_folder_a_file_and_undo_turns_them_back() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    project(root);
    let old = seen(root);
    let all = [
        op("a", None, Some("a\n")),
        op("a/deep/x", Some("x\n"), None),
        op("d", Some("d\n"), None),
        op("d/b", None, Some("b\n")),
    ];
    // The learner has something there: refused before anything is done.
    fs::write(&root.join("d/own"), b"own\n", false).unwrap();
    let error = commit(root, by("update"), &all).unwrap_err();
    assert!(error.message().contains("in the way"), "{error}");
    fs::remove(&root.join("d/own")).unwrap();
    assert_eq!(seen(root), old);
    fs::make_folder(&root.join("d/empty/e")).unwrap();
    commit(root, by("update"), &all).unwrap();
    assert_eq!(fs::read(&root.join("d")).unwrap(), b"d\n");
    assert_eq!(fs::read(&root.join("a/deep/x")).unwrap(), b"x\n");
    undo(root, MARK).unwrap();
    assert_eq!(seen(root), old);
}

#[test]
fn a_link_of_a_strangers_repository_leads_nowhere() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let root = folder.path();
    project(root);
    // A change that waits for the next command, with a link where it writes.
    let change = root.join(CHANGE);
    fs::write(&change.join("0"), b"evil\n", false).unwrap();
    let list = |sum: &str| {
        format!(
            r#"{{"command": "update", "mark": "{MARK}", "moment": "1",
                "entries": [{{"path": "link/x", "new": 0, "sha256": "{sum}"}}]}}"#
        )
    };
    fs::write(&change.join(LIST), list(&hash(b"evil\n")).as_bytes(), false).unwrap();
    std::os::unix::fs::symlink(outside.path(), root.join("link")).unwrap();
    assert!(recover(root, Some(MARK)).is_err());
    assert_eq!(fs::names(outside.path()).unwrap(), Vec::<String>::new());
    // The same where it keeps what gave way.
    fs::write(&change.join(LIST), list("another").as_bytes(), false).unwrap();
    let old = root.join(old_folder(1));
    fs::make_folder(&old).unwrap();
    std::os::unix::fs::symlink(outside.path(), old.join("link")).unwrap();
    assert!(recover(root, Some(MARK)).is_err());
    assert_eq!(fs::names(outside.path()).unwrap(), Vec::<String>::new());
    // And with a link where our own folders are.
    fs::remove_tree(&root.join(".mlops-lab")).unwrap();
    fs::make_folder(&root.join(".mlops-lab")).unwrap();
    std::os::unix::fs::symlink(outside.path(), root.join(".mlops-lab/undo")).unwrap();
    assert!(commit(root, by("update"), &ops()).is_err());
    assert_eq!(fs::names(outside.path()).unwrap(), Vec::<String>::new());
}

#[test]
fn a_folder_that_is_swapped_for_a_link_while_we_work_leads_nowhere() {
    use crate::platform::inside;
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let root = folder.path();
    project(root);
    fs::write(&outside.path().join("b"), b"outside\n", false).unwrap();
    std::fs::rename(root.join("d"), root.join("was-d")).unwrap();
    std::os::unix::fs::symlink(outside.path(), root.join("d")).unwrap();
    assert!(inside::move_in(root, "a", "d/b").is_err());
    assert!(inside::exchange(root, "a", "d/b").is_err());
    assert!(inside::move_out(root, "d/b", "taken").is_err());
    assert!(inside::create_parents(root, "d/new/x").is_err());
    assert_eq!(fs::names(outside.path()).unwrap(), ["b"]);
    assert_eq!(fs::read(&outside.path().join("b")).unwrap(), b"outside\n");
}

#[test]
fn the_mode_of_a_file_stays_its_owners_and_a_hard_link_keeps_its_content() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    project(root);
    std::fs::set_permissions(root.join("a"), std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::hard_link(root.join("a"), root.join("other")).unwrap();
    commit(root, by("update"), &[op("a", Some("#!/bin/sh\n"), Some("a\n"))]).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&root.join("a")), 0o700);
    assert_eq!(fs::read(&root.join("other")).unwrap(), b"a\n");
    let kept = &fs::folders(&root.join(UNDO)).unwrap()[0];
    assert_eq!(mode(&root.join(UNDO).join(kept).join("old/a")), 0o600);
}

#[test]
fn undo_brings_back_identical_bytes_and_can_be_undone() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    project(root);
    let old = seen(root);
    commit(root, by("update"), &ops()).unwrap();
    let new = seen(root);
    let undone = undo(root, MARK).unwrap();
    assert_eq!((undone.command.as_str(), seen(root)), ("update", old));
    assert!(undone.changed_since.is_empty());
    assert_eq!(undo(root, MARK).unwrap().command, "undo");
    assert_eq!(seen(root), new);
}

#[test]
fn what_was_changed_since_is_told_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    project(root);
    commit(root, by("update"), &ops()).unwrap();
    fs::write(&root.join("a"), b"mine\n", false).unwrap();
    assert_eq!(undo(root, MARK).unwrap().changed_since, [RelPath::new("a").unwrap()]);
    assert_eq!(fs::read(&root.join("a")).unwrap(), b"a\n");
    undo(root, MARK).unwrap();
    assert_eq!(fs::read(&root.join("a")).unwrap(), b"mine\n");
}

#[test]
fn a_secret_is_its_owners_alone_wherever_it_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let env = |text: &str| {
        [Op::ours(RelPath::new(".env").unwrap(), Some(File::new(text.as_bytes().to_vec())))]
    };
    commit(root, by("init"), &env("KEY=a\n")).unwrap();
    commit(root, by("update"), &env("KEY=b\n")).unwrap();
    let all = fs::walk(root).unwrap();
    let secrets: Vec<&String> = all.keys().filter(|path| path.ends_with(".env")).collect();
    assert_eq!(secrets.len(), 2, "{secrets:?}");
    for path in secrets {
        let mode = std::fs::metadata(root.join(path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{path}");
    }
}

#[test]
fn nothing_to_undo_is_said() {
    let folder = tempfile::tempdir().unwrap();
    assert!(undo(folder.path(), MARK).unwrap_err().to_string().contains("nothing to undo"));
}

#[test]
fn what_somebody_is_just_writing_into_a_file_that_gives_way_is_kept() {
    for text in [Some("A\n"), None] {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        project(root);
        // An editor that has the file open before the change, and writes after it.
        let mut open = std::fs::OpenOptions::new().append(true).open(root.join("a")).unwrap();
        commit(root, by("update"), &[op("a", text, Some("a\n"))]).unwrap();
        open.write_all(b"late\n").unwrap();
        undo(root, MARK).unwrap();
        assert_eq!(fs::read(&root.join("a")).unwrap(), b"a\nlate\n");
    }
}

#[test]
fn a_change_that_was_killed_between_two_names_is_brought_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    project(root);
    let all = [op("a", Some("A\n"), Some("a\n")), op("d/b", None, Some("b\n"))];
    // Killed at each moment, and the learner writes before the next command.
    for left in 0..200 {
        let disk = Faulty::new(left, Fault::Death);
        let ended = commit_on(&disk, root, by("update"), &all).is_ok();
        let decided = root.join(CHANGE).join(LIST).is_file() || ended;
        if !decided {
            recover(root, Some(MARK)).unwrap();
            continue;
        }
        for path in ["a", "d/b"] {
            fs::write(&root.join(path), b"mine\n", false).unwrap();
        }
        recover(root, Some(MARK)).unwrap();
        let everywhere: Vec<Vec<u8>> = fs::walk(root).unwrap().into_values().collect();
        let mine = everywhere.iter().filter(|bytes| *bytes == b"mine\n").count();
        assert_eq!(mine, 2, "after {left}");
        if ended {
            return;
        }
        fs::remove_tree(&root.join(".mlops-lab")).unwrap();
        project(root);
    }
    panic!("it never ended");
}

#[test]
fn a_change_that_was_begun_elsewhere_counts_for_nothing_and_gives_way_to_one_of_ours() {
    for left in 0..200 {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        project(root);
        let disk = Faulty::new(left, Fault::Death);
        if commit_on(&disk, root, by("update"), &ops()).is_ok() && !disk.failed.get() {
            assert!(left > 20);
            return;
        }
        let before = fs::walk(root).unwrap();
        let begun = root.join(change(BEGUN)).is_file();
        for mark in [None, Some("elsewhere")].into_iter().filter(|mark| begun || mark.is_none()) {
            assert_eq!(recover(root, mark).unwrap(), None, "{mark:?} after {left}");
            assert_eq!(fs::walk(root).unwrap(), before, "{mark:?} after {left}");
        }
        let elsewhere = By { command: "update", mark: "elsewhere" };
        if begun {
            commit(root, elsewhere, &[op("own", Some("own\n"), None)]).unwrap();
            assert!(!unfinished(root) && root.join("own").is_file(), "after {left}");
        }
    }
}
