//! Questions about files that both sides have, in `init` and `update`.

use std::process::{Command, Stdio};

use crate::harness::terminal::{Terminal, files};
use crate::harness::{BIN, must, seen};
use crate::prompt::bench::*;

const INTO: [&str; 6] = ["init", "tiny", "lab", "--no-doctor", "--on-conflict", "ask"];

#[test]
fn each_file_that_both_have_is_asked_for_and_its_difference_shown() {
    let bench = Bench::new().mine();
    let mut at = Terminal::start(&mut bench.command(&INTO), 200, 40);
    let screen = at.sees("README.md  1 of 2");
    for word in [
        "skip",
        "overwrite",
        "merge",
        "keep-both",
        "diff",
        "all",
        "quit",
        "README.md.new",
        "markers",
    ] {
        assert!(screen.contains(word), "{word}: {screen}");
    }
    at.press("diff\r");
    at.sees("-mine");
    at.press("keep\r");
    at.sees("about.txt  2 of 2");
    let screen = at.sees("› skip");
    assert!(!screen.contains("[ ] the same"), "there is nothing after it: {screen}");
    at.press("overwrite\r");
    let ended = at.end();
    assert_eq!(ended.code, 0, "{}", ended.screen);
    assert_eq!(
        (bench.read("README.md").as_str(), bench.read("notes.txt").as_str()),
        ("mine\n", "notes\n")
    );
    assert!(bench.lab().join("README.md.new").exists());
    assert!(!bench.read("about.txt").contains("about me"));
    let told = "--on-conflict skip --resolve README.md=keep-both --resolve about.txt=overwrite";
    assert!(ended.screen.contains(told), "{}", ended.screen);
    let first: Vec<_> = files(&bench.lab()).into_keys().collect();
    // The line does the same.
    std::fs::remove_dir_all(bench.lab()).unwrap();
    let bench = bench.mine();
    let again = bench.again(&ended.screen);
    assert_eq!(again.code, 0, "{}", again.err);
    let without = |keys: Vec<String>| {
        keys.into_iter().filter(|key| !key.contains(".mlops-lab/")).collect::<Vec<_>>()
    };
    assert_eq!(without(files(&bench.lab()).into_keys().collect()), without(first));
    assert_eq!(bench.read("README.md"), "mine\n");
    assert!(!bench.read("about.txt").contains("about me"));
}

#[test]
fn one_answer_may_stand_for_all_the_rest() {
    let bench = Bench::new().mine();
    let mut at = Terminal::start(&mut bench.command(&INTO), 200, 40);
    at.sees("[ ] the same for the file after this one");
    at.press("all\r");
    at.sees("[x] the same for the file after this one");
    at.press("merge\r");
    at.sees("ok  about.txt  merge");
    let ended = at.end();
    assert_eq!(ended.code, 1, "markers are to be looked at: {}", ended.screen);
    assert!(ended.screen.ends_with("--no-doctor --on-conflict merge"), "{}", ended.screen);
    assert!(
        bench.read("README.md").contains("<<<<<<<") && bench.read("about.txt").contains("<<<<<<<")
    );
}

#[test]
fn whoever_leaves_in_the_middle_of_the_files_finds_all_as_it_was() {
    for keys in [CTRL_C, CTRL_D, ESC, "quit\r"] {
        let bench = Bench::new().mine();
        let before = files(bench.0.path());
        let mut at = bench.on(&INTO);
        at.sees("README.md  1 of 2");
        at.press("overwrite\r");
        at.sees("about.txt  2 of 2");
        at.press(keys);
        left(&at.end());
        assert_eq!(files(bench.0.path()), before);
    }
}

#[test]
fn a_file_that_changes_while_somebody_thinks_is_not_written_over() {
    let bench = Bench::new().mine();
    let mut at = bench.on(&INTO);
    at.sees("README.md  1 of 2");
    at.press("overwrite\r");
    at.sees("about.txt  2 of 2");
    std::fs::write(bench.lab().join("README.md"), "newer\n").unwrap();
    at.press("skip\r");
    let ended = at.end();
    assert_eq!(ended.code, 3, "{}", ended.screen);
    assert!(ended.screen.contains("changed meanwhile"), "{}", ended.screen);
    assert_eq!(bench.read("README.md"), "newer\n");
    assert!(!bench.lab().join("service.sh").exists());
}

#[test]
fn where_nobody_can_be_asked_the_files_are_listed_with_the_flags_that_decide() {
    let bench = Bench::new().mine();
    let before = files(bench.0.path());
    let refused = seen(bench.command(&INTO).stdin(Stdio::null()));
    assert_eq!((refused.code, refused.out.as_str()), (2, ""));
    for flag in ["--resolve README.md=", "--resolve about.txt=", "--on-conflict merge"] {
        assert!(refused.err.contains(flag), "{}", refused.err);
    }
    assert!(!refused.err.contains("notes.txt"), "{}", refused.err);
    let ended = bench.on(&[&INTO[..], &["--json"]].concat()).end();
    assert!(ended.code == 2 && ended.out.contains("--resolve README.md="), "{}", ended.out);
    // A plan asks nobody, and says where it would.
    let planned = must(bench.command(&INTO).arg("--dry-run").stdin(Stdio::null()));
    assert!(
        planned.out.contains("ask       README.md")
            && !planned.out.contains("ask       service.sh"),
        "{}",
        planned.out
    );
    for (resolve, told) in [
        ("README.md=burn", "skip, overwrite"),
        ("READM.md=skip", "did you mean `README.md`"),
        ("x", "--resolve"),
    ] {
        let wrong = seen(bench.command(&INTO).args(["--resolve", resolve]).stdin(Stdio::null()));
        assert!(wrong.code == 2 && wrong.err.contains(told), "{}", wrong.err);
    }
    assert_eq!(files(bench.0.path()), before);
    // What the flags decide is not asked.
    must(
        bench
            .command(&INTO)
            .args(["--settle", "README.md=skip", "--resolve", "about.txt=skip"])
            .stdin(Stdio::null()),
    );
    assert_eq!(bench.read("README.md"), "mine\n");
}

#[test]
fn an_update_asks_for_what_both_changed_and_for_what_is_new() {
    let bench = Bench::new();
    std::fs::write(bench.pack().join("templates/tiny/notes.txt"), "one\ntwo\n").unwrap();
    must(bench.command(&["init", "tiny", "lab", "--no-doctor"]).stdin(Stdio::null()));
    std::fs::write(bench.pack().join("templates/tiny/notes.txt"), "one\nTWO\n").unwrap();
    let bench = bench.asking();
    std::fs::write(bench.lab().join("notes.txt"), "one\n2\n").unwrap();
    let update = ["-C", "lab", "update", "--on-conflict", "ask"];
    let command = || {
        let mut command = Command::new(BIN);
        command.args(update).current_dir(bench.0.path());
        command
    };
    let refused = seen(command().stdin(Stdio::null()));
    assert!(refused.code == 2 && refused.err.contains("--set owner="), "{}", refused.err);
    let refused =
        seen(command().args(["--set", "owner=o", "--set", "workers=1"]).stdin(Stdio::null()));
    assert!(refused.code == 2 && refused.err.contains("--resolve notes.txt="), "{}", refused.err);
    let before = files(&bench.lab());
    for keys in ["quit\r", "overwrite\r"] {
        let mut at = Terminal::start(&mut command(), 120, 30);
        at.sees("owner  Who is called");
        at.press("ops\r");
        at.sees("workers  How many");
        at.press("2\r");
        at.sees("notes.txt  1 of 1");
        at.sees("› merge");
        at.press(keys);
        let ended = at.end();
        if keys == "quit\r" {
            left(&ended);
            assert_eq!(files(&bench.lab()), before);
        } else {
            assert_eq!(ended.code, 0, "{}", ended.screen);
            assert_eq!(bench.read("notes.txt"), "one\nTWO\n");
            assert_eq!(bench.read("answers.txt"), "ops false 2 good 8123\n");
        }
    }
}
