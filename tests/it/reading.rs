//! What a learner reads: verdicts, what is next, lines that fit the terminal, the end of a lab.
use std::process::Command;

use crate::harness::{self, Lab, Seen, seen};

fn tiny() -> Lab {
    Lab::new(Some("tiny"), "tiny", &["program=good"])
}

/// Puts steps behind the lab's own.
fn with_steps(lab: &Lab, steps: &str) {
    let manifest = lab.root.join(".mlops-lab/lab.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let at = text.find("[[drill]]").unwrap();
    std::fs::write(&manifest, format!("{}{steps}\n{}", &text[..at], &text[at..])).unwrap();
    lab.trust();
}

fn step(id: &str, more: &str) -> String {
    format!(
        "[[step]]\nid = \"{id}\"\ntitle = \"Step {id}\"\ntext = \"steps/one.md\"\n{more}\nhints = \
         [{{ text = \"x\" }}]\ncheck = [{{ file = {{ path = \"{id}.txt\" }} }}]\nsolution = {{ \
         run = [[\"touch\", \"{id}.txt\"]] }}\n"
    )
}

fn narrow(lab: &Lab, args: &[&str]) -> Seen {
    seen(lab.command(args).env("COLUMNS", "60"))
}

#[test]
fn a_step_that_passed_and_fails_again_is_told_as_any_other() {
    let lab = tiny();
    lab.ok(&["up"]);
    lab.ok(&["solve", "one"]);
    lab.ok(&["check"]);
    std::fs::remove_file(lab.root.join("greeting.txt")).unwrap();
    // What was done stays done: nobody looked again.
    lab.ok(&["check"]);
    let again = lab.run(&["check", "--all"]);
    assert_eq!(again.code, 1, "{}", again.out);
    for part in [
        "passed ",
        "failing now",
        "probe     curl",
        "expected  status 200",
        "observed  status 404",
        "why       nobody is greeted",
        "1 of 1 steps passed, 1 failing now",
        "next: mlops-lab hint one",
    ] {
        assert!(again.out.contains(part), "{part:?} in\n{}", again.out);
    }
    assert!(lab.ok(&["hint"]).out.contains("There is no such file yet."), "the hint fits it");
    assert_eq!(lab.run(&["check"]).code, 1, "plain check looks at it first");
    lab.ok(&["solve"]);
    lab.ok(&["check"]);
}

#[test]
fn a_step_that_a_later_one_undoes_is_not_gone_back_to() {
    let lab = tiny();
    with_steps(&lab, &[step("two", "holds_until = \"three\""), step("three", "")].concat());
    lab.ok(&["up"]);
    lab.ok(&["solve", "one"]);
    for id in ["two", "three"] {
        std::fs::write(lab.root.join(format!("{id}.txt")), "").unwrap();
        lab.run(&["check"]);
    }
    std::fs::remove_file(lab.root.join("two.txt")).unwrap();
    let all = lab.ok(&["check", "--all"]).out;
    assert!(all.contains("3 of 3 steps passed") && all.contains("before three"), "{all}");
    assert!(!all.contains("hint two"), "{all}");
    assert!(lab.ok(&["check", "two"]).out.contains("passed"));
    assert!(!lab.ok(&["hint"]).out.contains("two"));
}

#[test]
fn steps_of_other_runtimes_are_named() {
    let lab = tiny();
    with_steps(&lab, &step("two", "runtimes = [\"compose\"]"));
    lab.ok(&["up"]);
    lab.ok(&["solve", "one"]);
    let out = lab.ok(&["check"]).out;
    assert!(out.contains("2  two  Step two: only with --runtime compose"), "{out}");
    assert!(out.contains("1 of 1 steps passed"), "{out}");
}

#[test]
fn the_end_of_a_lab_says_what_was_done_and_where_to_go_on() {
    let lab = tiny();
    lab.ok(&["up"]);
    lab.ok(&["solve", "one"]);
    let end = lab.ok(&["check"]).out;
    assert!(
        end.contains("done: A file server, 1 step in") && end.contains("drills: 0 of 2 recovered"),
        "{end}"
    );
    assert!(
        end.contains("next: mlops-lab break gone") && end.contains("mlops-lab down --purge"),
        "{end}"
    );
    for drill in ["gone", "noise"] {
        lab.ok(&["break", drill]);
        let under_way = lab.run(&["check"]).out;
        assert!(under_way.contains(&format!("mlops-lab hint {drill}")), "{under_way}");
        lab.ok(&["solve", drill]);
        lab.ok(&["check"]);
    }
    let end = lab.ok(&["check"]).out;
    assert!(end.contains("drills: 2 of 2 recovered") && !end.contains("mlops-lab break"), "{end}");
    assert!(end.contains("next: mlops-lab list"), "{end}");
}

#[test]
fn a_drill_that_is_under_way_is_said_by_every_look() {
    let lab = tiny();
    lab.ok(&["up"]);
    lab.ok(&["solve", "one"]);
    lab.ok(&["check"]);
    lab.ok(&["break", "gone"]);
    assert!(lab.run(&["check", "one"]).out.contains("gone is under way: mlops-lab check gone"));
    assert!(lab.run(&["check", "--all"]).out.contains("The greeting is gone: not yet"));
    lab.ok(&["break", "--undo"]);
}

#[test]
fn lines_fit_the_terminal_and_marks_of_markdown_are_gone() {
    let lab = tiny();
    lab.ok(&["up"]);
    let text = lab.root.join(".mlops-lab/lab/drills/gone.md");
    let long = "The **pager** says that `GET /greeting.txt` has been answered with an error for \
        the last ten minutes.\nNobody has changed anything, they say.\n\n- the first thing that \
        somebody has written into the channel at night\n";
    std::fs::write(text, long).unwrap();
    lab.trust();
    lab.ok(&["solve", "one"]);
    let shown = [
        narrow(&lab, &["check"]),
        narrow(&lab, &["break", "gone"]),
        narrow(&lab, &["check", "--all"]),
        narrow(&lab, &["hint", "--all"]),
        narrow(&lab, &["list"]),
        narrow(&lab, &["show", "serving"]),
    ];
    for Seen { out, .. } in &shown {
        for line in out.lines().filter(|line| !line.contains("next:") && !line.contains("rm -r")) {
            // One word may be longer than a line: a command to paste, a path.
            assert!(line.chars().count() <= 60 || !line.trim().contains(' '), "{line:?} in\n{out}");
        }
    }
    let drill = &shown[1].out;
    assert!(
        drill.contains("The pager says that GET /greeting.txt has been answered with\nan error"),
        "{drill}"
    );
    assert!(
        drill.contains("- the first thing that somebody has written into the channel\n  at night"),
        "{drill}"
    );
}

#[test]
fn a_diff_has_colours_on_a_terminal_and_none_in_a_pipe() {
    let lab = tiny();
    std::fs::write(lab.root.join("about.txt"), "mine\n").unwrap();
    assert!(!lab.ok(&["diff"]).out.contains('\u{1b}'));
    let coloured = seen(lab.command(&["diff"]).env("CLICOLOR_FORCE", "1")).out;
    assert!(coloured.contains("\u{1b}[32m+mine\u{1b}[0m"), "{coloured:?}");
}

#[test]
fn next_commands_can_be_pasted_where_they_were_printed() {
    let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/packs/tiny");
    let out = |args: &[&str]| seen(Command::new(harness::BIN).args(args));
    let next = format!("next: mlops-lab --pack {pack} init tiny --up");
    assert!(out(&["--pack", pack, "list"]).out.contains(&next));
    assert!(out(&["--pack", pack, "show", "tiny"]).out.contains(&next));
    assert!(
        out(&["lab", "lint", pack])
            .out
            .contains(&format!("next: mlops-lab --pack {pack} lab test tiny"))
    );
    let lab = tiny();
    let there = lab.root.display().to_string();
    let check = out(&["-C", &there, "check"]);
    assert!(check.out.contains(&format!("mlops-lab -C '{there}' up")), "{}", check.out);
    let unknown = out(&["-C", &there, "break", "gone"]);
    assert!(unknown.err.contains(&format!("mlops-lab -C '{there}' up")), "{}", unknown.err);
}

/// Typed from elsewhere, with a space in the name and by a relative path: it must work when it is
/// pasted right there.
#[test]
fn a_pack_stays_in_the_next_command_as_it_was_typed() {
    let temp = tempfile::tempdir().unwrap();
    let pack = temp.path().join("my packs/one");
    harness::copy(
        std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/packs/tiny")),
        &pack,
    );
    std::fs::create_dir(temp.path().join("elsewhere")).unwrap();
    let next = |args: &[&str], from: &str| {
        let seen = seen(Command::new(harness::BIN).args(args).current_dir(temp.path().join(from)));
        assert_eq!(seen.code, 0, "{}", seen.err);
        let line =
            seen.out.lines().rev().find_map(|line| line.strip_prefix("next: ")).map(str::to_owned);
        line.unwrap_or_else(|| panic!("no next command: {}", seen.out))
    };
    let dry = |line: &str, from: &str| {
        let line = line
            .replacen("mlops-lab", harness::BIN, 1)
            .replace(" --up", " made --dry-run --no-doctor");
        seen(Command::new("sh").args(["-c", &line]).current_dir(temp.path().join(from)))
    };
    let there = temp.path().to_str().unwrap();
    for (typed, from) in [
        (&["--pack", "my packs/one"][..], "."),
        (&["--pack", "../my packs/one"], "elsewhere"),
        (&["-C", there, "--pack", "my packs/one"], "elsewhere"),
    ] {
        for verb in [&["list"][..], &["show", "tiny"], &["lab", "lint"]] {
            let line = next(&[typed, verb].concat(), from);
            assert!(line.contains("my packs/one"), "{typed:?} {verb:?}: {line}");
            if line.contains(" init tiny --up") {
                let pasted = dry(&line, from);
                assert!(
                    pasted.code == 0 && pasted.out.contains("service.sh"),
                    "{line}: {pasted:?}"
                );
            }
        }
    }
    let line = next(&["lab", "lint", "my packs/one"], ".");
    assert!(line.ends_with("/my packs/one' lab test tiny"), "{line}");
}

#[test]
fn a_new_lab_is_named_without_the_way_that_was_typed() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::create_dir(temp.path().join("src")).unwrap();
    let init = ["init", "serving", "../made", "--no-doctor"];
    let made = seen(Command::new(harness::BIN).args(init).current_dir(temp.path().join("src"))).out;
    assert!(
        made.contains(&format!("files in {}/made", temp.path().canonicalize().unwrap().display())),
        "{made}"
    );
}
