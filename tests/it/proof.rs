//! The proof itself: which wrong and right solutions it accepts, and that no case leaves a trace
//! for the next one.
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::harness::{self, BIN, Limited, busy};
use serde_json::Value;

/// The tiny pack with other files in it: path and text.
fn pack(files: &[(&str, &str)]) -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    harness::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"), temp.path());
    for (path, text) in files {
        let path = temp.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    temp
}

/// The cases of the proof by their names, without lab and runtime.
fn proof(pack: &Path) -> BTreeMap<String, Value> {
    proof_of(pack, &[])
}

fn proof_of(pack: &Path, args: &[&str]) -> BTreeMap<String, Value> {
    let _busy = busy();
    let out = Command::new(BIN)
        .arg("--pack")
        .arg(pack)
        .args(["lab", "test", "tiny", "--runtime", "local", "--json"])
        .args(args)
        .finish();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let cases: BTreeMap<String, Value> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|case| (case["name"].as_str().unwrap().replace("tiny::local::", ""), case))
        .collect();
    assert!(!cases.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
    cases
}

fn failure(case: &Value) -> &str {
    case["outcome"]["fail"].as_str().unwrap_or_default()
}

const WRONG: &str = r#"
[[wrong]]
name = "a-stops-the-lab"
why = "nothing is there any more"
run = [["sh", "-c", "exec \"$MLOPS_LAB\" down"]]
verdict = "cannot-tell"

[[wrong]]
name = "b-right-in-disguise"
why = "it is not wrong at all"
from = "solution/one"

[[wrong]]
name = "c-leaves-data"
why = "what services keep is other afterwards"
run = [["sh", "-c", "mkdir -p store && echo x >store/x && rm -f app.db && echo helo >greeting.txt"]]

[[wrong]]
name = "d-finds-nothing-of-it"
why = "it starts from the same state as the others"
run = [["sh", "-c", "test ! -e store/x && test ! -e greeting.txt && echo helo >greeting.txt"]]

[[wrong]]
name = "e-cannot-tell-unsaid"
why = "a stopped lab proves nothing"
run = [["sh", "-c", "exec \"$MLOPS_LAB\" down"]]

[[wrong]]
name = "f-edited"
why = "one letter is missing"
from = "solution/one"
[[wrong.edit]]
file = "greeting.txt"
find = "ll"
put = "l"

[[wrong]]
name = "g-undo"
why = "what is taken back by commands finds the files as they were, and what it made"
run = [["sh", "-c", "echo changed >made.txt && echo 1 >mark && echo helo >greeting.txt"]]
undo = [["sh", "-c", "grep -q made made.txt && test -e mark && test -e greeting.txt"]]
"#;

const RIGHT: &str = r#"
[[right]]
name = "printed"
why = "without a file of ours"
run = [["sh", "-c", "printf 'hello' >greeting.txt"]]

[[right]]
name = "in-capitals"
why = "it is not right"
run = [["sh", "-c", "echo HELLO >greeting.txt"]]
"#;

const WRONG_DRILL: &str = r#"
[[wrong]]
name = "empty"
why = "a file is there, and nothing in it that was"
run = [["sh", "-c", "mkdir -p aside && echo <[ port ]> >aside/greeting.txt"]]
"#;

const RIGHT_DRILL: &str = r#"
[[right]]
name = "by-hand"
why = "any file of that name will do"
run = [["sh", "-c", "echo hello again >greeting.txt"]]
"#;

#[test]
#[ignore = "takes long"]
fn only_not_yet_is_red_only_passed_is_right_and_no_case_leaves_a_trace() {
    let temp = pack(&[
        ("labs/tiny/wrong/one.toml", WRONG),
        ("labs/tiny/right/one.toml", RIGHT),
        ("labs/tiny/wrong/gone.toml", WRONG_DRILL),
        ("labs/tiny/right/gone.toml", RIGHT_DRILL),
        ("labs/tiny/right/one/with-files/right.toml", "why = \"a file of its own\"\n"),
        ("labs/tiny/right/one/with-files/files/greeting.txt", "hello\n"),
        ("labs/tiny/right/one/with-files/files/dot-hidden/<[ project_name ]>", "\n"),
        // Something for c to take away.
        ("templates/tiny/app.db", "kept\n"),
    ]);
    let cases = proof(temp.path());
    let passes = [
        "one::wrong::a-stops-the-lab",
        "one::wrong::c-leaves-data",
        "one::wrong::d-finds-nothing-of-it",
        "one::wrong::f-edited",
        "one::wrong::g-undo",
        "one::right::printed",
        "one::right::with-files",
        "one::solved",
        "gone::wrong::empty",
        "gone::right::by-hand",
        "gone::put-back",
        "down-leaves-nothing",
    ];
    for name in passes {
        assert_eq!(cases[name]["outcome"], "pass", "{name}: {}", cases[name]);
    }
    let fails = [
        ("one::wrong::b-right-in-disguise", "should report not yet, and reports passed"),
        ("one::wrong::e-cannot-tell-unsaid", "should report not yet, and reports cannot tell"),
        ("one::right::in-capitals", "should report passed, and reports not yet"),
    ];
    for (name, why) in fails {
        assert!(failure(&cases[name]).contains(why), "{name}: {}", cases[name]);
    }
    assert_eq!(cases["one::wrong::f-edited"]["observed"], "not yet: helo");
    // What shows nothing but what was there before is doubted.
    assert!(cases["gone::wrong::empty"]["warning"].is_string(), "{}", cases["gone::wrong::empty"]);
    assert!(cases["one::wrong::f-edited"]["warning"].is_null());
}

#[test]
fn a_drill_that_does_not_put_back_what_was_there_is_found() {
    let temp = pack(&[]);
    let path = temp.path().join("labs/tiny/lab.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let from = r#"restore = [["sh", "-c", "echo hello >greeting.txt"]]"#;
    assert!(text.contains(from));
    let text = text
        .replace(from, r#"restore = [["sh", "-c", "echo hello there >greeting.txt; touch new"]]"#);
    let text = text.replace("keep = [\"greeting.txt\"]\n", "");
    std::fs::write(&path, text).unwrap();
    let cases = proof(temp.path());
    let why = failure(&cases["gone::put-back"]);
    assert!(why.contains("greeting.txt differs") && why.contains("new is new"), "{why}");
}

#[test]
#[ignore = "takes long"]
fn only_the_cases_that_are_named_run_after_what_leads_to_them() {
    let pack = pack(&[]);
    let cases =
        proof_of(pack.path(), &["--only", "gone::put-back", "--only", "tiny::local::one::before"]);
    let names: Vec<&str> = cases.keys().map(String::as_str).collect();
    assert_eq!(names, ["gone::put-back", "one::before"]);
    assert!(cases.values().all(|case| case["outcome"] == "pass"), "{cases:?}");

    let test = |only: &str| {
        let out = Command::new(BIN)
            .arg("--pack")
            .arg(pack.path())
            .args(["lab", "test", "tiny", "--only", only])
            .finish();
        (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    let (code, said) = test("gon");
    assert!(code == Some(2) && said.contains("did you mean `gone`?"), "{said}");
    assert!(said.contains("lab test tiny --list"), "{said}");
    // What leads to a case and fails is named: without it nothing would say why.
    std::fs::write(pack.path().join("labs/tiny/solution/one/greeting.txt"), "not that\n").unwrap();
    let (code, _) = test("gone");
    assert_eq!(code, Some(1));
}

/// A lab that only makes a file: nothing runs after `up`.
const NOTHING_RUNS: &str = r#"
schema = 2
id = "quiet"
title = "A file"
summary = "Nothing runs."
devops = "files"
level = "beginner"
minutes = 1
tools = ["sh"]

[vars.project_name]
type = "name"
default = "quiet"
help = "The name"

[runtime.local]
data = ["data/<[ project_name ]>"]

[[runtime.local.task]]
name = "make"
run = ["sh", "-c", "echo made >made.txt; mkdir -p data/<[ project_name ]>"]
creates = ["made.txt"]

[[step]]
id = "write"
title = "Write a file"
text = "steps/write.md"
hints = [{ text = "Files have names." }, { text = "note.txt" }, { text = "echo hello >note.txt" }]
check = [{ file = { path = "note.txt" }, expect = { text = { contains = "hello" } } }]
solution = { run = [["sh", "-c", "echo hello >note.txt"]] }
"#;

const QUIET_WRONG: &str = r#"
[[wrong]]
name = "empty"
why = "a file with nothing in it"
run = [["sh", "-c", ": >note.txt"]]

[[wrong]]
name = "elsewhere"
why = "a file that is called otherwise, and an old note"
run = [["sh", "-c", "echo hello >notes.txt; echo helo >note.txt"]]
"#;

fn with_quiet() -> tempfile::TempDir {
    pack(&[
        ("labs/quiet/lab.toml", NOTHING_RUNS),
        ("labs/quiet/steps/write.md", "Write `hello` into `note.txt`.\n"),
        ("labs/quiet/wrong/write.toml", QUIET_WRONG),
        ("templates/quiet/README.md", "# <[ project_name ]>\n\n<[ steps ]>\n"),
        ("templates/quiet/dot-gitignore", ".env\nmade.txt\n"),
    ])
}

fn lab_test(pack: &Path, args: &[&str]) -> harness::Seen {
    let mut command = Command::new(BIN);
    harness::seen(command.arg("--pack").arg(pack).args(["lab", "test"]).args(args))
}

#[test]
fn a_lab_in_which_nothing_outlives_up_is_proven_without_the_cases_that_kill() {
    let pack = with_quiet();
    let seen = lab_test(pack.path(), &["quiet", "--json"]);
    assert_eq!(seen.code, 0, "{}{}", seen.out, seen.err);
    let mut skipped = Vec::new();
    for line in seen.out.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        match case["outcome"]["inapplicable"].as_str() {
            Some(why) => {
                assert!(why.contains("nothing outlives `up`"), "{why}");
                skipped.push(case["name"].as_str().unwrap().to_owned());
            }
            None => assert_eq!(case["outcome"], "pass", "{case}"),
        }
    }
    assert_eq!(skipped, ["quiet::local::up-killed-early", "quiet::local::up-killed-late"]);
    assert!(seen.err.contains("0 failed, 2 skipped: not part of such a lab"), "{}", seen.err);
}

#[test]
fn several_labs_are_proven_side_by_side_with_a_table_and_a_report_at_the_end() {
    let _busy = busy();
    let pack = with_quiet();
    let report = pack.path().join("proof.xml");
    let only = ["--only", "one::before", "--only", "write", "--jobs", "2"];
    let args = [&["tiny", "quiet"][..], &only, &["--junit", report.to_str().unwrap()]].concat();
    let seen = lab_test(pack.path(), &args);
    assert_eq!(seen.code, 0, "{}{}", seen.out, seen.err);
    // Each lab's own cases come in their order.
    let names: Vec<&str> = seen
        .out
        .lines()
        .filter_map(|line| line.strip_prefix("pass")?.split_whitespace().next())
        .collect();
    let quiet: Vec<&str> =
        names.iter().copied().filter(|name| name.starts_with("quiet::")).collect();
    assert_eq!(
        quiet,
        ["before", "wrong::elsewhere", "wrong::empty", "solved"]
            .map(|case| format!("quiet::local::write::{case}"))
    );
    assert!(names.contains(&"tiny::local::one::before"), "{names:?}");
    for part in ["lab    runtime  cases  passed", "quiet  local        4       4"] {
        assert!(seen.err.contains(part), "{part}\n{}", seen.err);
    }
    let report = std::fs::read_to_string(report).unwrap();
    for part in ["<testsuite name=\"quiet::local\" tests=\"4\"", "name=\"one::before\""] {
        assert!(report.contains(part), "{part}\n{report}");
    }
    // A place that cannot be written is known before anything runs.
    let wrong = lab_test(pack.path(), &["quiet", "--junit", "/dev/null/proof.xml"]);
    assert!(wrong.code == 3 && wrong.out.is_empty(), "{}{}", wrong.out, wrong.err);
    // A name must mean a case of one of them.
    let none = lab_test(pack.path(), &["tiny", "quiet", "--only", "writ"]);
    assert!(none.code == 2 && none.err.contains("did you mean `write`?"), "{}", none.err);
    assert!(none.err.contains("lab test tiny quiet --list"), "{}", none.err);
}

#[test]
fn the_order_of_a_proof_is_explained_and_nothing_runs() {
    let pack = with_quiet();
    let seen = lab_test(pack.path(), &["tiny", "quiet", "--explain"]);
    assert_eq!(seen.code, 0, "{}", seen.err);
    for part in [
        "tiny on local, in a new project, in this order:",
        "as soon as something runs",
        "the check does not pass, with the lab down",
        "must be refused: ",
        "what a fix must show holds, and every file is what it was",
        "quiet on local",
        "skipped: the lab has no services on local",
    ] {
        assert!(seen.out.contains(part), "{part}\n{}", seen.out);
    }
    let seen = lab_test(pack.path(), &["tiny", "--only", "gone::put-back", "--explain", "--json"]);
    let order: Value = serde_json::from_str(&seen.out).unwrap();
    let parts = order[0]["parts"].as_array().unwrap();
    assert_eq!(parts[0]["name"], "tiny::local::one::solved");
    assert_eq!((&parts[0]["case"], &parts[1]["case"]), (&false.into(), &true.into()));
}
