//! A stand-in answers in the place of the real thing: what only the real thing can show is skipped,
//! said, and never counted as proven.
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::{self, BIN, Lab, must};
use serde_json::Value;

/// The step `two`, and a stand-in that answers when the file standin.txt is served.
const MORE: &str = r#"
[[step]]
id = "two"
title = "Publish a second file"
text = "steps/one.md"
hints = [{ text = "echo two >two.txt" }]
check = [{ http = { endpoint = "api", path = "/two.txt" }, expect = { status = 200 } }]
solution = { run = [["sh", "-c", "echo two >two.txt"]] }

[[stand_in]]
of = "The Real Server"
text = "A small server runs instead; install the real one."
steps = ["two"]
seen = { http = { endpoint = "api", path = "/standin.txt" }, expect = { status = 200 } }
"#;

/// The small pack of the tests, with the stand-in.
fn pack(folder: &Path) -> String {
    let pack = folder.join("pack");
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny");
    must(Command::new("cp").arg("-r").arg(tiny).arg(&pack));
    let manifest = pack.join("labs/tiny/lab.toml");
    let text = fs::read_to_string(&manifest).unwrap() + MORE;
    fs::write(&manifest, text).unwrap();
    for name in ["nothing", "empty"] {
        let wrong = pack.join("labs/tiny/wrong/two").join(name);
        fs::create_dir_all(&wrong).unwrap();
        fs::write(
            wrong.join("wrong.toml"),
            "why = \"there is no second file\"\nrun = [[\"true\"]]\n",
        )
        .unwrap();
    }
    pack.to_str().unwrap().to_owned()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A figure that the stand-in gave is not passed off as one of the real thing.
#[test]
fn show_says_what_was_measured() {
    let show = |lab: &str| must(Command::new(BIN).args(["show", lab])).out;
    let costs = |text: &str| {
        text.lines().filter(|line| line.contains("costs")).map(str::to_owned).collect()
    };
    let (tf_serving, serving): (Vec<String>, Vec<String>) =
        (costs(&show("tf-serving")), costs(&show("serving")));
    assert!(!tf_serving.is_empty() && !serving.is_empty());
    assert!(
        tf_serving.iter().all(|line| line.contains("(measured with the stand-in)")),
        "{tf_serving:?}"
    );
    assert!(serving.iter().all(|line| line.contains("(measured)")), "{serving:?}");
}

#[test]
fn what_only_the_real_thing_can_show_is_skipped_with_the_reason() {
    let temp = tempfile::tempdir().unwrap();
    let lab = Lab::new(Some(&pack(temp.path())), "tiny", &[]);
    lab.ok(&["up"]);
    // The real one answers: a step like any other.
    assert_eq!(lab.run(&["check", "two"]).code, 1);
    assert!(!lab.ok(&["status"]).out.contains("stand-in"));

    fs::write(lab.root.join("standin.txt"), "").unwrap();
    let status = lab.ok(&["status"]).out;
    assert!(
        status.contains("a stand-in of The Real Server: A small server runs instead"),
        "{status}"
    );
    assert_eq!(json(&lab.ok(&["status", "--json"]).out)["stand_ins"][0]["of"], "The Real Server");
    assert!(lab.ok(&["up"]).out.contains("a stand-in of The Real Server"));

    let seen = lab.run(&["check", "two"]);
    assert_eq!(seen.code, 3, "no answer is no success: {}", seen.out);
    assert!(
        seen.out.contains("only The Real Server can show this. A small server"),
        "{}",
        seen.out
    );
    let solve = lab.run(&["solve", "two"]);
    assert_eq!(solve.code, 3, "{}", solve.out);
    assert!(solve.err.contains("only The Real Server can show this"), "{}", solve.err);
    assert!(!lab.root.join("two.txt").exists());
    assert!(lab.ok(&["solve", "two", "--diff"]).out.contains("two.txt"));
    assert!(lab.ok(&["hint", "two"]).out.contains("only The Real Server"));

    lab.ok(&["solve"]);
    let all = lab.ok(&["check"]).out;
    assert!(all.contains("1 of 1 steps passed") && all.contains("skipped"), "{all}");
    let rows = json(&lab.ok(&["check", "--all", "--json"]).out);
    assert!(rows["rows"][1]["skipped"].is_string() && rows["rows"][1]["now"].is_null(), "{rows}");

    // Nothing runs and nothing answers: what was seen last still holds.
    lab.ok(&["down"]);
    assert_eq!(lab.run(&["check", "two"]).code, 3);
    lab.ok(&["check"]);

    // The real one is back.
    fs::remove_file(lab.root.join("standin.txt")).unwrap();
    lab.ok(&["up"]);
    assert_eq!(lab.run(&["check"]).code, 1);
    lab.ok(&["solve", "two"]);
    assert!(lab.ok(&["check"]).out.contains("2 of 2 steps passed"));
    // What was done once stays done.
    fs::write(lab.root.join("standin.txt"), "").unwrap();
    assert!(lab.ok(&["check"]).out.contains("2 of 2 steps passed"));
}

#[test]
#[ignore = "takes long"]
fn a_proof_on_a_stand_in_is_none_and_says_so() {
    let temp = tempfile::tempdir().unwrap();
    let pack = pack(temp.path());
    fs::write(Path::new(&pack).join("templates/tiny/standin.txt"), "").unwrap();
    let proof = must(Command::new(BIN).args(["--pack", &pack, "lab", "test", "tiny", "--json"]));
    let mut unproven = Vec::new();
    for case in proof.out.lines().map(json) {
        match case["outcome"].get("unproven") {
            Some(why) => {
                assert!(why.as_str().unwrap().contains("The Real Server"), "{case}");
                unproven.push(case["name"].as_str().unwrap().to_owned());
            }
            None => assert_eq!(case["outcome"], "pass", "{case}"),
        }
    }
    let expected = ["before", "wrong::empty", "wrong::nothing", "solved"];
    assert_eq!(unproven, expected.map(|part| format!("tiny::local::two::{part}")));
    assert!(proof.err.contains("4 cases not proven"), "{}", proof.err);
}

#[test]
fn a_stand_in_hides_steps_that_exist() {
    let temp = tempfile::tempdir().unwrap();
    let pack = pack(temp.path());
    let manifest = Path::new(&pack).join("labs/tiny/lab.toml");
    let text =
        fs::read_to_string(&manifest).unwrap().replace("steps = [\"two\"]", "steps = [\"tow\"]");
    fs::write(&manifest, text).unwrap();
    let lint = harness::seen(Command::new(BIN).args(["lab", "lint", &pack]));
    assert_eq!(lint.code, 1);
    assert!(lint.out.contains("there is no step `tow`"), "{}", lint.out);
}
