//! What only looks at a lab runs nothing that it names.

use super::*;

#[test]
fn what_only_looks_at_a_cloned_lab_runs_nothing_of_it_and_what_works_on_it_asks_first() {
    for (trap, prepare) in traps() {
        let clone = Clone::of(prepare);
        for args in LOOKING.iter().chain(&WORKING) {
            let seen = clone.run(args);
            assert!(!clone.marker.exists(), "{trap}: {args:?} ran the repository's code: {seen:?}");
            assert!(seen.code != 70, "{trap}: {args:?}: {seen:?}");
            if WORKING.contains(args) {
                assert_eq!(seen.code, 2, "{trap}: {args:?}: {seen:?}");
                assert!(
                    seen.err.contains("is not trusted yet") && seen.err.contains(" --trust"),
                    "{}",
                    seen.err
                );
            }
        }
        assert!(
            !clone.root.join(".mlops-lab/progress.json").exists() || clone.run(&["hint"]).code == 0
        );
    }
}

#[test]
fn looking_at_a_lab_that_is_trusted_starts_nothing_that_it_names() {
    let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
    script(&lab.root.join("evil"));
    append(
        &lab.root,
        "\n[[stand_in]]\nof = \"x\"\ntext = \"y\"\nsteps = [\"one\"]\nseen = { command = { argv = \
         [\"./evil\"] } }\n",
    );
    ready_by_command(&lab.root);
    lab.trust();
    let marker = lab.root.join("it ran");
    let run = |args: &[&str]| seen(lab.command(args).env("MARKER", &marker));
    assert_eq!(run(&["up"]).code, 0);
    assert!(marker.exists(), "up waits for its services");
    std::fs::remove_file(&marker).unwrap();
    for args in [
        &["status"][..],
        &["logs"],
        &["hint"],
        &["diff"],
        &["solve", "one", "--diff"],
        &["update", "--dry-run"],
    ] {
        run(args);
        assert!(!marker.exists(), "{args:?}");
    }
    assert_eq!(
        run(&["status"]).code,
        0,
        "what was ready when it was started, and lives, is taken for ready"
    );
}

#[test]
fn the_doctor_runs_no_program_that_a_pack_names_until_it_is_said_to_be_trusted() {
    let temp = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"), temp.path());
    let manifest = temp.path().join("labs/tiny/lab.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let tool = "{ tool = { name = \"sh\", version = \"*\", ask = [\"-c\", \"touch \
        \\\"$MARKER\\\"\"] } }, ";
    std::fs::write(&manifest, text.replacen("needs = [", &format!("needs = [{tool}"), 1)).unwrap();
    let marker = temp.path().join("it ran");
    let doctor = |args: &[&str]| {
        let mut command = listening();
        command.arg("--pack").arg(temp.path()).args(args).env("MARKER", &marker).current_dir("/");
        seen(&mut command)
    };
    for args in [&["doctor"][..], &["doctor", "tiny"]] {
        let seen = doctor(args);
        assert!(!marker.exists() && seen.err.contains("(--trust)"), "{args:?}: {seen:?}");
    }
    assert!(!doctor(&["doctor", "tiny", "--trust"]).err.contains("note:"));
    assert!(marker.exists());
}

#[test]
fn what_was_left_out_of_a_look_is_said_in_one_line() {
    let clone = Clone::of(|root| {
        need(root, "{ name = \"widget\", version = \"*\" }");
    });
    for (args, said) in [
        (&["status"][..], "its services are not probed"),
        (&["list"], "the catalogue"),
        (&["hint"], "the hints do not depend on"),
        (&["doctor"], "widget"),
        (&["open"], "its endpoints are not probed"),
    ] {
        let err = clone.run(args).err;
        let notes: Vec<&str> = err.lines().filter(|line| line.starts_with("note: ")).collect();
        assert!(
            notes.len() == 1 && notes[0].contains("is not trusted yet") && notes[0].contains(said),
            "{err}"
        );
    }
    let none = Lab::new(Some("tiny"), "tiny", &[]);
    for args in ["status", "list", "hint", "doctor"] {
        let err = none.run(&[args]).err;
        assert!(!err.contains("note:"), "{err}");
    }
}
