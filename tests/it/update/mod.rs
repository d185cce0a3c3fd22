//! Bringing a lab up to date: what the learner changed survives, whatever the pack does and
//! whenever the run is killed.
mod archive;
mod bench;
mod killed;
mod older;

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use crate::harness::{self, Limited, must};
use bench::{Bench, LONG, json, write};
use serde_json::Value;

/// Action by path, of a plan or of what was done.
fn actions(value: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    value["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(&one["path"]), text(&one["action"])))
        .collect()
}

#[test]
fn a_lab_that_is_as_it_should_be_is_left_alone() {
    let bench = Bench::new();
    let before = bench.files();
    let seen = bench.run(&["update"]);
    assert_eq!((seen.code, seen.out.contains("up to date")), (0, true), "{}", seen.out);
    assert_eq!(bench.files(), before);
    assert_eq!(bench.run(&["undo"]).code, 1);
}

#[test]
fn what_the_learner_changed_survives_each_kind_of_change() {
    let bench = Bench::new();
    bench.edit("notes.txt", &LONG.replace("one", "ONE, mine"));
    bench.edit("old-name.txt", &format!("{LONG}eight\nmine\n"));
    bench.edit("dropped.txt", "dropped\nmine\n");
    bench.edit("own.txt", "mine\n");
    bench.give("notes.txt", &LONG.replace("seven", "SEVEN"));
    bench.take("old-name.txt");
    bench.give("new-name.txt", &format!("{}eight\n", LONG.replace("one", "first")));
    bench.take("dropped.txt");
    bench.give("more.txt", "more\n");
    // The plan is what is then done.
    let before = bench.files();
    let plan = json(&bench.run(&["update", "--dry-run", "--json"]).out);
    assert_eq!(bench.files(), before);
    let done = bench.run(&["update", "--json"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let done = json(&done.out);
    assert_eq!(plan["changes"], done["changes"]);
    let actions = actions(&done);
    assert_eq!(actions["notes.txt"], "merge");
    assert_eq!(bench.read("notes.txt"), LONG.replace("one", "ONE, mine").replace("seven", "SEVEN"));
    assert_eq!(
        bench.read("new-name.txt"),
        format!("{}eight\nmine\n", LONG.replace("one", "first"))
    );
    assert!(!bench.lab().join("old-name.txt").exists());
    assert_eq!(actions["dropped.txt"], "keep");
    assert_eq!(bench.read("dropped.txt"), "dropped\nmine\n");
    assert_eq!(bench.read("more.txt"), "more\n");
    assert_eq!(bench.read("own.txt"), "mine\n");
    for change in done["changes"].as_array().unwrap() {
        let Some(wanted) = change["sha256"].as_str() else { continue };
        let path = change["path"].as_str().unwrap();
        let sum = must(Command::new("sha256sum").arg(bench.lab().join(path))).out;
        assert!(sum.contains(wanted), "{path}");
    }
    // Again: nothing more to do.
    assert_eq!(json(&bench.run(&["update", "--json"]).out)["changes"].as_array().unwrap().len(), 0);
    // And back, to identical bytes.
    assert_eq!(bench.run(&["undo"]).code, 0);
    let mut after = bench.files();
    after.retain(|path, _| before.contains_key(path) || !path.contains(".mlops-lab"));
    assert_eq!(after, before);
}

#[test]
fn a_conflict_is_marked_listed_and_said_with_the_exit_code() {
    let bench = Bench::new();
    bench.edit("notes.txt", &LONG.replace("four", "mine"));
    bench.give("notes.txt", &LONG.replace("four", "theirs"));
    let mine = bench.files();
    for (policy, code, action) in [
        ("skip", 0, "keep"),
        ("keep-both", 0, "create"),
        ("overwrite", 0, "overwrite"),
        ("merge", 1, "conflict"),
    ] {
        let seen = bench.run(&["update", "--on-conflict", policy, "--json"]);
        assert_eq!(seen.code, code, "{policy}: {}", seen.out);
        let path = if policy == "keep-both" { "notes.txt.new" } else { "notes.txt" };
        assert_eq!(actions(&json(&seen.out))[path], action, "{policy}");
        match policy {
            "merge" => {
                let text = bench.read("notes.txt");
                assert!(
                    text.contains("<<<<<<<") && text.contains("mine\n=======\ntheirs\n"),
                    "{text}"
                );
            }
            "overwrite" => assert!(bench.read("notes.txt").contains("theirs")),
            _ => assert!(bench.read("notes.txt").contains("mine")),
        }
        assert_eq!(bench.run(&["undo"]).code, 0, "{policy}");
        let back = bench.files();
        assert_eq!(back.get("./notes.txt"), mine.get("./notes.txt"), "{policy}");
    }
}

#[test]
fn a_changed_answer_takes_the_same_road_and_the_secret_stays() {
    let bench = Bench::new();
    let env = bench.read(".env");
    let token = env.lines().find(|line| line.starts_with("TOKEN=")).unwrap().to_owned();
    assert_eq!(bench.run(&["update", "--set", "port=9111"]).code, 0);
    assert!(bench.read(".mlops-lab/lab.toml").contains("127.0.0.1:9111"));
    assert!(bench.read(".mlops-lab/record.toml").contains("9111"));
    assert!(bench.read(".env").contains(&token));
    let wrong = bench.run(&["update", "--set", "prt=1", "--set", "port=80"]);
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.err.contains("did you mean `port`") && wrong.err.contains("1024"),
        "{}",
        wrong.err
    );
    assert!(
        bench.read(".mlops-lab/record.toml").contains("9111"),
        "a wrong answer changes nothing"
    );
}

#[test]
fn what_stands_beside_a_file_already_is_not_overwritten() {
    let bench = Bench::new();
    bench.edit("notes.txt", &LONG.replace("four", "mine"));
    for n in 1..=3 {
        bench.give("notes.txt", &LONG.replace("four", &format!("theirs {n}")));
        assert_eq!(bench.run(&["update", "--on-conflict", "keep-both"]).code, 0);
        if n == 1 {
            bench.edit("notes.txt.new", "mine, too\n");
        }
    }
    assert_eq!(bench.read("notes.txt.new"), "mine, too\n");
    assert!(bench.read("notes.txt.new-2").contains("theirs 2"));
    assert!(bench.read("notes.txt.new-3").contains("theirs 3"));
}

#[test]
fn a_template_that_becomes_a_folder_or_a_file_comes_and_one_of_the_learners_is_not_in_its_way() {
    let bench = Bench::new();
    bench.give("turns/a.txt", "a\n");
    bench.give("flat", "flat\n");
    assert_eq!(bench.run(&["update"]).code, 0);
    let old = bench.files();
    std::fs::remove_dir_all(bench.pack().join("templates/tiny/turns")).unwrap();
    bench.give("turns", "now a file\n");
    bench.take("flat");
    bench.give("flat/deep/b.txt", "now a folder\n");
    // Something of the learner's is there: said, by the plan too, and nothing done.
    bench.edit("turns/own.txt", "mine\n");
    for args in [&["update", "--dry-run"][..], &["update"]] {
        let refused = bench.run(args);
        assert!(
            refused.code == 3 && refused.err.contains("turns is in the way"),
            "{}",
            refused.err
        );
    }
    std::fs::remove_file(bench.lab().join("turns/own.txt")).unwrap();
    assert_eq!(bench.files(), old);
    let done = bench.run(&["update"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(
        (bench.read("turns"), bench.read("flat/deep/b.txt")),
        ("now a file\n".into(), "now a folder\n".into())
    );
    assert_eq!(bench.run(&["undo"]).code, 0);
    assert_eq!(bench.files(), old);
}

#[test]
fn a_folder_of_the_learners_where_a_file_comes_is_left_alone() {
    let bench = Bench::new();
    bench.edit("fresh.txt/own.txt", "mine\n");
    bench.give("fresh.txt", "fresh\n");
    let refused = bench.run(&["update"]);
    assert!(
        refused.code == 3 && refused.err.contains("fresh.txt is in the way"),
        "{}",
        refused.err
    );
    assert_eq!(bench.read("fresh.txt/own.txt"), "mine\n");
    // And a file where a folder comes.
    let bench = Bench::new();
    bench.edit("fresh", "mine\n");
    bench.give("fresh/x.txt", "x\n");
    let refused = bench.run(&["update"]);
    assert!(refused.code == 3 && refused.err.contains("fresh is in the way"), "{}", refused.err);
    assert_eq!(bench.read("fresh"), "mine\n");
}

#[test]
fn lines_of_windows_binary_files_and_huge_ones_are_the_learners_own_too() {
    let bench = Bench::new();
    bench.edit("notes.txt", &LONG.replace("one", "ONE").replace('\n', "\r\n"));
    bench.give("notes.txt", &LONG.replace("seven", "SEVEN"));
    bench.edit("dropped.txt", "a\0mine\n");
    bench.give("dropped.txt", "a\0theirs\n");
    assert_eq!(bench.run(&["update"]).code, 0);
    assert_eq!(
        bench.read("notes.txt"),
        LONG.replace("one", "ONE").replace("seven", "SEVEN").replace('\n', "\r\n")
    );
    assert_eq!(bench.read("dropped.txt"), "a\0mine\n");
    assert_eq!(bench.read("dropped.txt.new"), "a\0theirs\n");
    // A sparse terabyte of the learner's own is none of our business; in a template's place it is
    // not read whole.
    let huge = |path: &str| {
        std::fs::File::create(bench.lab().join(path)).unwrap().set_len(1 << 40).unwrap()
    };
    huge("own.bin");
    bench.give("notes.txt", &LONG.replace("six", "SIX"));
    assert_eq!(bench.run(&["update"]).code, 0);
    huge("notes.txt");
    let refused = bench.run(&["update"]);
    assert!(refused.code == 3 && refused.err.contains("larger than 64 MiB"), "{}", refused.err);
    assert_eq!(std::fs::metadata(bench.lab().join("notes.txt")).unwrap().len(), 1 << 40);
}

#[test]
fn what_the_learner_writes_while_an_update_runs_is_not_lost() {
    let bench = Bench::new();
    let (rounds, mut late) = (harness::rounds(100), 0);
    let since = std::time::Instant::now();
    bench.give("notes.txt", &LONG.replace("seven", "SEVEN"));
    assert_eq!(bench.run(&["update"]).code, 0);
    let whole = since.elapsed();
    for n in 0..rounds {
        bench.give("notes.txt", &LONG.replace("seven", &format!("SEVEN {n}")));
        let own = LONG.replace("one", &format!("written {n}"));
        let mut child =
            bench.command(&["update"]).stdout(Stdio::null()).stderr(Stdio::null()).start();
        std::thread::sleep(whole.mul_f64(f64::from(n) / f64::from(rounds)));
        bench.edit("notes.txt", &own);
        child.wait().unwrap();
        // In its place, merged, or kept for `undo`.
        let everywhere = harness::files(&bench.lab());
        let line = format!("written {n}\n");
        let kept = everywhere.values().any(|bytes| String::from_utf8_lossy(bytes).contains(&line));
        assert!(kept, "round {n}");
        late += u32::from(!bench.read("notes.txt").contains(&line));
    }
    eprintln!("{late} of {rounds} were kept for undo only");
}

#[test]
fn nothing_is_written_through_a_link() {
    let bench = Bench::new();
    let outside = bench.temp.path().join("outside.txt");
    write(&outside, "outside\n");
    std::fs::remove_file(bench.lab().join("notes.txt")).unwrap();
    std::os::unix::fs::symlink(&outside, bench.lab().join("notes.txt")).unwrap();
    bench.give("notes.txt", "other\n");
    let seen = bench.run(&["update"]);
    assert_eq!(seen.code, 3, "{}", seen.out);
    assert!(seen.err.contains("notes.txt"), "{}", seen.err);
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), "outside\n");
}

#[test]
fn a_step_that_is_checked_in_another_way_is_listed_and_progress_stays() {
    let bench = Bench::new();
    write(&bench.lab().join(".mlops-lab/progress.json"), r#"{"steps": {"one": {"done_at": 1}}}"#);
    let manifest = bench.pack().join("labs/tiny/lab.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    write(&manifest, &text.replace("^hello", "^hello,? *"));
    let done = json(&bench.run(&["update", "--json"]).out);
    assert_eq!(done["recheck"], serde_json::json!(["one"]));
    assert!(bench.read(".mlops-lab/progress.json").contains("done_at"));
}

#[test]
fn steps_answers_and_defaults_that_changed_are_listed() {
    let bench = Bench::new();
    assert_eq!(bench.run(&["update", "--set", "port=9100"]).code, 0);
    let manifest = bench.pack().join("labs/tiny/lab.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let new = text
        .replacen("id = \"one\"\nwas = [\"uno\"]", "id = \"first\"\nwas = [\"one\"]", 1)
        .replacen("default = 8123", "default = 8124", 1)
        .replacen(
            "[vars.token]",
            "[vars.team]\ntype = \"string\"\ndefault = \"ops\"\nhelp = \"Who\"\n\n[vars.token]",
            1,
        );
    assert!(new.contains("id = \"first\"") && new.contains("8124"), "{new}");
    std::fs::write(&manifest, new).unwrap();
    let plan = bench.run(&["update", "--dry-run"]);
    for line in [
        "step      first  was one",
        "answer    team  ops  new",
        "default   port  8123 -> 8124; yours stays 9100",
    ] {
        assert!(plan.out.contains(line), "{line}\n{}", plan.out);
    }
    let done = bench.run(&["update", "--set", "port=9200", "--json"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let done = json(&done.out);
    assert_eq!(done["steps"][0]["change"], "renamed", "{done}");
    assert_eq!(done["steps"][0]["was"], "one");
    assert_eq!(
        (&done["answers"][0]["name"], &done["answers"][0]["before"]),
        (&"port".into(), &9100.into())
    );
    assert_eq!(done["defaults"][0]["now"], 8124);
    // What is as it was is not listed.
    let same = json(&bench.run(&["update", "--json"]).out);
    assert!(
        same["steps"].is_null() && same["answers"].is_null() && same["defaults"].is_null(),
        "{same}"
    );
}
