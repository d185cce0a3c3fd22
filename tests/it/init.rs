//! Writing a lab into a folder: a new one, one with files in it, two runs at once, and runs that
//! are killed.
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::{self, BIN, Limited, Running, ended, files, must, seen, signal};
use rustix::process::Signal;
use serde_json::Value;

fn init(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(BIN);
    command.args(["init", "serving", "--no-doctor"]).args(args).arg(folder);
    command
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
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
        let plan = json(
            &must(Command::new(BIN).args(["init", &id, "--dry-run", "--json"]).arg(&folder)).out,
        );
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
    assert!(
        tracked.contains("README.md") && !tracked.lines().any(|path| path == ".env"),
        "{tracked}"
    );
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// A lab of many files that is quickly rendered, so that most of a run is writing.
/// `MLOPS_LAB_SERVING` takes a whole lab instead.
fn many(pack: &Path) -> impl Fn(&Path) -> Command + use<> {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny");
    must(Command::new("cp").arg("-r").arg(from).arg(pack));
    for n in 0..60 {
        let folder = pack.join(format!("templates/tiny/many/{}", n % 20));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{n}.txt")), format!("{n}\n").repeat(1000)).unwrap();
    }
    let pack = pack.to_owned();
    move |folder| {
        if std::env::var_os("MLOPS_LAB_SERVING").is_some() {
            return init(folder, &[]);
        }
        let mut command = Command::new(BIN);
        command.arg("--pack").arg(&pack).args(["init", "tiny", "--no-doctor"]).arg(folder);
        command
    }
}

/// Starts a run whose words nobody wants.
fn start(command: &mut Command) -> Running {
    command.stdout(Stdio::null()).stderr(Stdio::null()).start()
}

#[test]
#[ignore = "takes minutes"]
fn of_two_runs_at_once_one_wins_and_the_tree_is_whole() {
    let (temp, pack) = (harness::quick_folder(), harness::quick_folder());
    let init = many(&pack.path().join("pack"));
    let folder = temp.path().join("lab");
    must(&mut init(&folder));
    let whole = files(&folder).len();
    for _ in 0..harness::rounds(1000) {
        std::fs::remove_dir_all(&folder).unwrap();
        let (mut a, mut b) = (start(&mut init(&folder)), start(&mut init(&folder)));
        let codes = [ended(&mut a), ended(&mut b)];
        assert!(codes == [0, 2] || codes == [2, 0], "{codes:?}");
        assert_eq!(files(&folder).len(), whole);
        assert_eq!(names(temp.path()), ["lab"]);
    }
}

/// Ends runs with a signal, at moments spread over the time that a whole one takes here. Tells each
/// time how it ended.
fn ended_early(sent: Signal, tell: &dyn Fn(&Path, i32, usize)) {
    let (temp, pack) = (harness::quick_folder(), harness::quick_folder());
    let init = many(&pack.path().join("pack"));
    let folder = temp.path().join("lab");
    let since = std::time::Instant::now();
    must(&mut init(&folder));
    let took = since.elapsed();
    let whole = files(&folder).len();
    let (rounds, mut none, mut all) =
        (harness::rounds(if sent == Signal::KILL { 500 } else { 100 }), 0, 0);
    for n in 0..rounds {
        std::fs::remove_dir_all(&folder).ok();
        let mut child = start(&mut init(&folder));
        std::thread::sleep(took.mul_f64(f64::from(n) / f64::from(rounds)));
        signal(&child, sent);
        let code = ended(&mut child);
        let found = files(&folder).len();
        assert!(
            found == 0 || found == whole,
            "{found} of {whole} files after the signal number {n}"
        );
        *if found == 0 { &mut none } else { &mut all } += 1;
        tell(temp.path(), code, found);
    }
    assert!(none > 0, "every run was whole before its signal");
    eprintln!("{sent:?}: {none} nothing, {all} whole");
    std::fs::remove_dir_all(&folder).ok();
    must(&mut init(&folder));
    assert_eq!(names(temp.path()), ["lab"], "the next run clears what is left");
}

#[test]
#[ignore = "takes minutes"]
fn a_killed_run_leaves_no_part_of_a_lab_and_what_it_leaves_does_not_pile_up() {
    ended_early(Signal::KILL, &|around, _, _| {
        let left = names(around).into_iter().filter(|name| name != "lab").count();
        // Each run sweeps what the one before left, or was killed before it came to that.
        assert!(left <= 40, "{left} left");
    });
}

#[test]
#[ignore = "takes minutes"]
fn ctrl_c_ends_with_130_and_leaves_nothing_or_all() {
    ended_early(Signal::INT, &|around, code, found| match code {
        // Before the program knows of signals the system ends it; a shell calls that 130, too.
        130 | -2 => assert!(found == 0 && names(around).is_empty(), "{:?}", names(around)),
        0 => assert!(found > 0),
        other => panic!("ended with {other}"),
    });
}

/// What `init` tells to type next.
fn next(out: &str) -> Vec<String> {
    let lines = out.lines().skip_while(|line| *line != "next:").skip(1);
    lines.take_while(|line| line.starts_with("  ")).map(|line| line[2..].to_owned()).collect()
}

#[test]
fn what_is_to_be_typed_next_can_be_pasted_as_it_is_printed() {
    let _alone = harness::alone();
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs");
    for (n, name) in [
        "a lab",
        "it's \"mine\" $HOME `id` \\n",
        "-dash",
        "ü ~ * ; & | (x) # !",
        ".",
        "deep/er $(x)",
    ]
    .iter()
    .enumerate()
    {
        let temp = tempfile::tempdir().unwrap();
        let here = temp.path().join(if n % 2 == 0 { "here" } else { "h e'r e" });
        std::fs::create_dir(&here).unwrap();
        let bin = temp.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        std::os::unix::fs::symlink(BIN, bin.join("mlops-lab")).unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let port = harness::free_port();
        let shell = |script: &str, from: &Path| {
            seen(Command::new("sh").args(["-c", script]).current_dir(from).env("PATH", &path))
        };
        // From where one stands, and from elsewhere with -C.
        let elsewhere = n == 3;
        let mut command = Command::new(BIN);
        command.current_dir(if elsewhere { temp.path() } else { &here });
        if elsewhere {
            command.arg("-C").arg(&here);
        }
        let sets = [format!("port={port}"), format!("project_name=test-{port}")];
        command
            .arg("--pack")
            .arg(pack.join("tiny"))
            .args(["init", "tiny", "--set", &sets[0], "--set", &sets[1]]);
        let made = must(command.arg("--").arg(name));
        let next = next(&made.out);
        assert_eq!(next.len(), 3, "{}", made.out);
        let from = if elsewhere { temp.path() } else { here.as_path() };
        // In one shell, as somebody would: the folder in which it stands may be the one that was
        // made.
        let all = format!("{}; echo \"check: $?\"; mlops-lab down", next.join(" && "));
        let seen = shell(&all, from);
        assert!(
            seen.code == 0 && seen.out.contains("check: 1"),
            "{name}: {next:?}\n{}\n{}",
            seen.out,
            seen.err
        );
        assert!(here.join(name).join("made.txt").is_file(), "{name}: it was up there");
    }
}

#[test]
fn a_shell_that_stands_in_the_empty_folder_goes_on_in_the_lab() {
    let temp = tempfile::tempdir().unwrap();
    for shell in ["sh", "bash"] {
        let folder = temp.path().join(shell);
        std::fs::create_dir(&folder).unwrap();
        let script =
            format!("'{BIN}' init serving --no-doctor . && cd . && ls README.md && '{BIN}' diff");
        must(Command::new(shell).args(["-c", &script]).current_dir(&folder));
    }
}

#[test]
fn neither_network_nor_another_program_is_used() {
    let temp = tempfile::tempdir().unwrap();
    if which("strace").is_none() {
        assert!(!harness::strict(), "strace is missing");
        eprintln!("skipped: strace is missing");
        return;
    }
    let folder = temp.path().join("lab");
    let trace = temp.path().join("trace");
    let traced = |args: &[&str]| {
        let mut command = Command::new("strace");
        command
            .args(["-f", "-e", "trace=socket,connect,execve", "-o"])
            .arg(&trace)
            .arg(BIN)
            .args(args);
        command.arg("-C").arg(temp.path());
        must(&mut command);
        let text = std::fs::read_to_string(&trace).unwrap();
        let calls: Vec<String> = text
            .lines()
            .filter(|line| {
                line.contains("socket(") || line.contains("connect(") || line.contains("execve(")
            })
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
        command
            .args(["-f", "-e", "trace=socket,connect,execve", "-o"])
            .arg(&trace)
            .arg(BIN)
            .args(&args);
        must(&mut command);
        let text = std::fs::read_to_string(&trace).unwrap();
        let calls = text
            .lines()
            .filter(|line| line.contains("socket(") || line.contains("execve("))
            .count();
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
