//! What a stranger left for us to find: a lab above, a change, a pack, names of data.

use super::*;

/// Our program as another user, in a folder that this one may enter; only root can become another.
fn nobody(args: &[&str], folder: &Path) -> Option<Command> {
    if std::fs::metadata("/proc/self").ok()?.uid() != 0 {
        return None;
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).args(args);
    command.current_dir(folder).env("HOME", "/nonexistent").env_remove("XDG_STATE_HOME");
    Some(command)
}

fn open_to_all(folder: &Path) {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o1777)).unwrap();
}

#[test]
fn a_strangers_lab_above_is_named_and_not_used() {
    let temp = tempfile::tempdir().unwrap();
    let share = temp.path().join("share");
    let mine = share.join("mine/work");
    std::fs::create_dir_all(&mine).unwrap();
    open_to_all(temp.path());
    open_to_all(&share);
    let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
    let source = lab.root.join(".mlops-lab");
    must(Command::new("chmod").args(["-R", "a+rX"]).arg(lab.root.parent().unwrap()));
    let Some(mut put) = nobody(&["cp", "-r"], &share) else { return };
    must(put.arg(&source).arg(&share));
    // A change that waits there, too.
    let change = share.join(".mlops-lab/run/change");
    let Some(mut make) = nobody(
        &["sh", "-c", "mkdir -p \"$0\"; echo evil >\"$0/0\"; echo '{}' >\"$0/journal.json\""],
        &share,
    ) else {
        return;
    };
    must(make.arg(&change));
    std::fs::write(mine.join("file"), "mine\n").unwrap();
    let at = |folder: &Path, args: &[&str]| seen(listening().args(args).current_dir(folder));
    let named = format!(
        "the lab in {} belongs to another user (nobody)",
        share.canonicalize().unwrap().display()
    );
    for args in [
        &["up", "--trust"][..],
        &["check", "--trust"],
        &["hint"],
        &["diff"],
        &["logs"],
        &["undo"],
        &["break"],
    ] {
        let seen = at(&mine, args);
        assert!(seen.code == 3 && seen.err.contains(&named), "{args:?}: {seen:?}");
    }
    // What needs no lab goes on.
    assert_eq!(at(&mine, &["list"]).code, 0);
    let doctor = at(&mine, &["doctor", "--only", "disk"]);
    assert!(doctor.err.contains(&named) && doctor.code != 3, "{doctor:?}");
    // A lab of my own below it is mine.
    let own = mine.join("own");
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny");
    let port = format!("port={}", free_port());
    must(
        Command::new(BIN)
            .arg("--pack")
            .arg(tiny)
            .args(["init", "tiny", "--no-doctor", "--set", &port])
            .arg(&own),
    );
    assert_eq!(at(&own, &["up"]).code, 0);
    assert_eq!(at(&own, &["down"]).code, 0);
    assert_eq!(std::fs::read_to_string(mine.join("file")).unwrap(), "mine\n");
    // As git has it: root's lab may be looked at, and whoever typed `sudo` is no stranger to root.
    let sudo = seen(listening().arg("hint").current_dir(&share).env("SUDO_UID", "65534"));
    assert_eq!(sudo.code, 0, "{}", sudo.err);
    must(Command::new("chmod").args(["-R", "a+rX"]).arg(&own));
    let bin = temp.path().join("mlops-lab");
    std::fs::copy(BIN, &bin).unwrap();
    let Some(mut status) = nobody(&[bin.to_str().unwrap(), "status"], &own) else { return };
    let status = seen(status.env("XDG_STATE_HOME", temp.path().join("state")));
    assert!(status.code == 1 && status.err.contains("is not trusted yet"), "{status:?}");
    // What cannot be written is not asked about.
    for (command, code) in [("up", 3), ("update", 3), ("check", 1)] {
        let Some(mut run) = nobody(&[bin.to_str().unwrap(), command], &own) else { return };
        let seen = seen(run.env("XDG_STATE_HOME", temp.path().join("state")));
        assert!(seen.code == code && seen.err.contains("cp -r "), "{command}: {seen:?}");
    }
}

#[test]
fn a_change_that_came_with_a_repository_or_a_copy_counts_for_nothing() {
    let hash = "4c2ce3b6b6f6a1e2";
    let journal = format!(
        r#"{{"command": "update", "mark": "{hash}", "moment": "7",
            "entries": [{{"path": "README.md", "new": 0}}]}}"#
    );
    let clone = Clone::of(|root| {
        let change = root.join(".mlops-lab/run/change");
        std::fs::create_dir_all(&change).unwrap();
        std::fs::write(change.join("0"), "evil\n").unwrap();
        std::fs::write(change.join("journal.json"), &journal).unwrap();
    });
    let before = crate::harness::files(&clone.root);
    for args in
        [&["status"][..], &["diff"], &["list"], &["check"], &["update", "--dry-run"], &["logs"]]
    {
        let seen = clone.run(args);
        assert!(
            args == ["list"] || seen.err.contains("was not begun here: it is ignored"),
            "{args:?}: {}",
            seen.err
        );
        assert_eq!(crate::harness::files(&clone.root), before, "{args:?}");
    }
    // Trusted, it works, and the next change of its own takes the place of what came.
    trust(&clone.root);
    assert_eq!(clone.run(&["up"]).code, 0);
    assert_eq!(clone.run(&["down"]).code, 0);
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny");
    let update = clone.run(&[
        "update",
        "--pack",
        tiny.to_str().unwrap(),
        "--set",
        &format!("port={}", free_port()),
    ]);
    assert_eq!(update.code, 0, "{}", update.err);
    assert!(!clone.root.join(".mlops-lab/run/change").exists());
    assert!(!std::fs::read_to_string(clone.root.join("README.md")).unwrap().contains("evil"));
}

#[test]
fn an_update_trusts_no_pack_that_came_with_the_lab_or_has_changed_since() {
    let temp = tempfile::tempdir().unwrap();
    let (pack, root, marker) =
        (temp.path().join("pack"), temp.path().join("lab"), temp.path().join("it ran"));
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"), &pack);
    let run = |root: &Path, args: &[&str]| {
        seen(listening().args(args).current_dir(root).env("MARKER", &marker))
    };
    let port = format!("port={}", free_port());
    let init = ["--pack", "pack", "init", "tiny", "lab", "--no-doctor", "--set", &port];
    assert_eq!(run(temp.path(), &init).code, 0);
    // As a `git pull` brings another pack: at its place, or by a record that names one in the
    // repository.
    let theirs = root.join("theirs");
    copy(&pack, &theirs);
    for folder in [&pack, &theirs] {
        let manifest = folder.join("labs/tiny/lab.toml");
        let text = std::fs::read_to_string(&manifest).unwrap();
        std::fs::write(manifest, text.replace("echo making", "touch \\\"$MARKER\\\"")).unwrap();
    }
    let updated = run(&root, &["update"]);
    assert!(
        updated.code == 0 && updated.err.contains("note: the pack is not named"),
        "{updated:?}"
    );
    let up = run(&root, &["up"]);
    assert!(up.code == 2 && up.err.contains("touch") && !marker.exists(), "{up:?}");
    trust(&root);
    let record = root.join(".mlops-lab/record.toml");
    let text = std::fs::read_to_string(&record).unwrap();
    std::fs::write(&record, text.replace("\"../pack\"", "\"theirs\"")).unwrap();
    let update = run(&root, &["update"]);
    assert!(
        update.code == 2 && update.err.contains("has changed since you trusted it"),
        "{update:?}"
    );
    // A pack that is named is the user's own choice.
    let named = run(&root, &["--pack", "../pack", "update", "--trust"]);
    assert!(named.code == 0 && !named.err.contains("note:"), "{named:?}");
    assert_eq!(run(&root, &["update"]).code, 0);
    assert_eq!(run(&root, &["break"]).code, 0);
    assert!(!run(&root, &["status"]).err.contains("note:"));
}

#[test]
fn a_purge_removes_no_files_that_a_stranger_calls_data() {
    let clone = Clone::of(|root| {
        std::fs::create_dir(root.join("work")).unwrap();
        std::fs::write(root.join("work/mine"), "").unwrap();
        edit(root, |text| text.replacen("\"store\"", "\"work\", \".git\"", 1));
    });
    assert!(
        std::fs::read_to_string(clone.root.join(".mlops-lab/lab.toml"))
            .unwrap()
            .contains("\"work\"")
    );
    for args in [&["down", "--purge"][..], &["down", "--purge", "--runtime", "local"]] {
        let kept = clone.run(args);
        assert!(
            kept.code == 0 && kept.err.contains("what it calls data is kept: work, .git"),
            "{kept:?}"
        );
        assert!(clone.root.join("work/mine").exists() && clone.root.join(".git").exists());
    }
    assert!(!clone.run(&["down"]).err.contains("data"));
    // Whoever trusts it has seen what a purge removes.
    trust(&clone.root);
    assert_eq!(clone.run(&["down", "--purge"]).code, 0);
    assert!(!clone.root.join("work").exists());
}
