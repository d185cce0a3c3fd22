//! The life of a lab, on a small one: up, status, down, death, kill -9, and every way in which `up`
//! is refused.
use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::harness::{Lab, Limited, seen};
use serde_json::Value;

pub fn tiny(program: &str) -> Lab {
    Lab::new(Some("tiny"), "tiny", &[&format!("program={program}")])
}

pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn pid(lab: &Lab) -> u32 {
    let status = json(&lab.run(&["status", "--json"]).out);
    let place = status["services"][0]["place"].as_str().unwrap().to_owned();
    place.strip_prefix("process ").unwrap().parse().unwrap()
}

fn kill(pid: u32) {
    assert!(Command::new("kill").args(["-9", &pid.to_string()]).finish().status.success());
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !holds() {
        assert!(std::time::Instant::now() < end, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn up_is_idempotent_and_down_frees_the_port() {
    let lab = tiny("good");
    assert_eq!(json(&lab.ok(&["up", "--json"]).out)["started"][0], "files");
    let first = pid(&lab);
    assert_eq!(json(&lab.ok(&["up", "--json"]).out)["started"], json("[]"));
    assert_eq!(pid(&lab), first, "what runs is left alone");
    lab.ok(&["status"]);
    lab.ok(&["status", "--runtime", "local"]);
    assert_eq!(lab.run(&["down", "--runtime", "compose"]).code, 2, "the lab does not offer it");
    assert_eq!(json(&lab.ok(&["down", "--json"]).out)["stopped"][0], "files");
    TcpListener::bind(("127.0.0.1", lab.port)).unwrap();
    assert!(lab.ok(&["down"]).out.contains("nothing was running"));
    assert_eq!(lab.run(&["status"]).code, 1);
}

#[test]
fn a_killed_service_is_told_with_its_last_words_and_started_again() {
    let lab = tiny("good");
    lab.ok(&["up"]);
    kill(pid(&lab));
    wait_until("the service is dead", || lab.run(&["status"]).out.contains("dead"));
    let status = lab.run(&["status"]);
    assert_eq!(status.code, 1);
    assert!(status.out.contains("this is good"), "{}", status.out);
    assert_eq!(lab.run(&["check", "one"]).code, 3, "a check that cannot see says so");
    lab.ok(&["up"]);
    lab.ok(&["status"]);
}

#[test]
fn up_right_after_a_kill_does_not_take_a_dying_service_for_a_running_one() {
    let lab = tiny("good");
    lab.ok(&["up"]);
    for round in 1..=5 {
        // Not waited for: it may be on its way out when `up` looks.
        kill(pid(&lab));
        lab.ok(&["up"]);
        assert_eq!(lab.run(&["status"]).code, 0, "round {round}");
    }
}

#[test]
fn a_service_without_anything_to_do_waits_and_a_later_up_starts_it() {
    let lab = tiny("good");
    let up = json(&lab.ok(&["up", "--json"]).out);
    assert_eq!(
        (&up["started"], &up["waiting"]["second"]),
        (&json("[\"files\"]"), &json("\"more.txt\""))
    );
    let status = json(&lab.ok(&["status", "--json"]).out);
    assert_eq!(status["services"][1]["state"], "waiting");
    std::fs::write(lab.root.join("more.txt"), "more\n").unwrap();
    assert_eq!(json(&lab.ok(&["up", "--json"]).out)["started"], json("[\"second\"]"));
    assert_eq!(json(&lab.ok(&["status", "--json"]).out)["services"][1]["state"], "ready");
    let down = json(&lab.ok(&["down", "--json"]).out);
    assert_eq!(down["stopped"], json("[\"second\", \"files\"]"), "in the other order");
}

#[test]
fn purge_takes_the_data_of_services_and_nothing_behind_a_link() {
    let lab = tiny("good");
    lab.ok(&["up"]);
    let elsewhere = lab.root.parent().unwrap().join("elsewhere");
    std::fs::create_dir_all(elsewhere.join("deep")).unwrap();
    std::fs::create_dir_all(lab.root.join("store/a")).unwrap();
    std::fs::write(lab.root.join("app.db"), "x").unwrap();
    std::os::unix::fs::symlink(&elsewhere, lab.root.join("linked")).unwrap();
    lab.ok(&["down"]);
    assert!(lab.root.join("app.db").exists() && lab.root.join("store/a").exists());
    lab.ok(&["down", "--purge"]);
    assert!(!lab.root.join("app.db").exists() && !lab.root.join("store").exists());
    assert!(elsewhere.join("deep").exists(), "what a link leads to is somebody else's");
    assert!(lab.root.join("made.txt").exists(), "what tasks made is no data");
}

#[test]
fn a_program_that_is_upgraded_while_up_runs_finishes_what_it_began() {
    let lab = tiny("good");
    let program = lab.root.with_file_name("mlops-lab");
    std::fs::copy(env!("CARGO_BIN_EXE_mlops-lab"), &program).unwrap();
    let manifest = lab.root.join(".mlops-lab/lab.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let task = "echo made >made.txt; echo making";
    assert!(text.contains(task));
    let upgrade = format!("rm -f \\\"$MLOPS_LAB\\\"; {task}");
    std::fs::write(&manifest, text.replace(task, &upgrade)).unwrap();
    lab.trust();
    let mut up = Command::new("/usr/bin/env");
    let up = up.args(["--default-signal=INT,HUP,TERM"]).arg(&program).arg("up");
    let up = seen(up.current_dir(&lab.root));
    assert_eq!(up.code, 0, "{}\n{}", up.out, up.err);
    assert!(!program.exists());
    lab.ok(&["status"]);
    lab.ok(&["down"]);
}

#[test]
fn a_service_that_dies_at_once_is_told_and_nothing_is_left() {
    let lab = tiny("dies");
    let up = lab.run(&["up"]);
    assert_eq!(up.code, 3);
    assert!(up.err.contains("exit code 7") && up.err.contains("no disk for me"), "{}", up.err);
    assert!(lab.ok(&["down"]).out.contains("nothing was running"));
}

#[test]
fn a_service_that_is_deaf_to_sigterm_is_killed() {
    let lab = tiny("deaf");
    lab.ok(&["up"]);
    let process = pid(&lab);
    lab.ok(&["down"]);
    assert!(!std::path::Path::new(&format!("/proc/{process}/fd/1")).exists(), "{process} is alive");
}

#[test]
fn a_taken_port_is_refused_before_anything_starts_and_its_owner_is_named() {
    let lab = tiny("good");
    let _holder = TcpListener::bind(("127.0.0.1", lab.port)).unwrap();
    let up = lab.run(&["up"]);
    assert_eq!(up.code, 3);
    assert!(up.err.contains(&format!("port {} is taken", lab.port)), "{}", up.err);
    assert!(up.err.contains(&format!("process {}", std::process::id())), "{}", up.err);
    assert!(!lab.root.join("made.txt").exists(), "no task was run");
}

#[test]
fn a_path_without_python_is_refused_with_what_to_install() {
    let lab = tiny("good");
    let empty = lab.root.join("empty");
    std::fs::create_dir(&empty).unwrap();
    let up = seen(lab.command(&["up"]).env("PATH", &empty));
    assert_eq!(up.code, 3);
    assert!(up.err.contains("Python") && up.err.contains("hint"), "{}", up.err);
}

#[test]
fn two_runs_at_once_are_told_apart() {
    let lab = tiny("good");
    let lock = lab.run_folder().join("lock");
    let mut held = std::fs::File::create(&lock).unwrap();
    held.lock().unwrap();
    writeln!(held, "mlops-lab up (process 1)").unwrap();
    let down = lab.run(&["down"]);
    assert_eq!(down.code, 3);
    assert!(down.err.contains("mlops-lab up (process 1) is at work"), "{}", down.err);
}

#[test]
fn watch_ends_when_the_last_step_is_done() {
    let lab = tiny("good");
    lab.ok(&["up"]);
    assert_eq!(lab.run(&["check"]).code, 1);
    let mut watch = lab.command(&["check", "--watch", "--json"]).stdout(Stdio::piped()).start();
    std::fs::write(lab.root.join("greeting.txt"), "hello\n").unwrap();
    assert!(watch.wait().unwrap().success());
}

#[test]
fn ctrl_c_ends_with_130_and_leaves_the_lab_as_it_was() {
    let lab = tiny("good");
    lab.ok(&["up"]);
    let mut watch = lab.command(&["check", "--watch"]).stdout(Stdio::piped()).start();
    // Its first output says that it is past the start.
    let mut byte = [0];
    std::io::Read::read_exact(watch.stdout.as_mut().unwrap(), &mut byte).unwrap();
    assert!(Command::new("kill").args(["-INT", &watch.id().to_string()]).finish().status.success());
    assert_eq!(watch.wait().unwrap().code(), Some(130));
    lab.ok(&["status"]);
}

#[test]
fn hints_climb_and_fit_what_was_seen() {
    let lab = tiny("good");
    lab.ok(&["up"]);
    assert!(lab.ok(&["hint"]).out.contains("A file server serves files."));
    lab.run(&["check"]);
    let second = lab.ok(&["hint"]).out;
    assert!(second.contains("There is no such file yet.") && second.contains("2 of 3"), "{second}");
    assert!(lab.ok(&["hint"]).out.contains("echo hello"));
}

#[test]
fn solve_shows_first_then_does_it_and_keeps_what_it_replaces() {
    let lab = tiny("good");
    lab.ok(&["up"]);
    std::fs::write(lab.root.join("greeting.txt"), "mine\n").unwrap();
    let shown = lab.ok(&["solve", "--diff"]).out;
    assert!(shown.contains("-mine") && shown.contains("+hello"), "{shown}");
    assert_eq!(std::fs::read_to_string(lab.root.join("greeting.txt")).unwrap(), "mine\n");
    let solved = json(&lab.ok(&["solve", "--json"]).out);
    let kept = solved["files"][0]["backup"].as_str().unwrap();
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "mine\n");
    lab.ok(&["check"]);
}

#[test]
fn progress_under_a_former_name_counts() {
    let lab = tiny("good");
    lab.ok(&["up"]);
    lab.ok(&["solve", "uno"]);
    lab.ok(&["check", "uno"]);
    let path = lab.root.join(".mlops-lab/progress.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"one\"", "\"uno\"")).unwrap();
    assert!(json(&lab.ok(&["check", "--json"]).out)["rows"][0]["done_at"].is_u64());
}

#[test]
fn logs_are_shown_and_an_unknown_service_has_a_nearest_name() {
    let lab = tiny("good");
    assert_eq!(lab.run(&["logs"]).code, 1);
    lab.ok(&["up"]);
    assert!(lab.ok(&["logs", "files"]).out.contains("this is good"));
    let unknown = lab.run(&["logs", "flies"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("did you mean `files`?"), "{}", unknown.err);
}

#[test]
fn a_lab_runs_from_its_own_files_without_its_pack() {
    let lab = tiny("good");
    // The pack is not named here: the manifest in the lab is the one that counts.
    lab.ok(&["up"]);
    lab.ok(&["solve"]);
    lab.ok(&["check"]);
}

#[test]
fn doctor_says_that_the_lab_holds_its_own_port() {
    let lab = tiny("good");
    lab.ok(&["up"]);
    let report = json(&lab.ok(&["doctor", "--json"]).out);
    let port = format!("port.{}", lab.port);
    let finding = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["id"] == port.as_str())
        .unwrap();
    assert_eq!((&finding["status"], &finding["class"]), (&json("\"pass\""), &json("\"own\"")));
}

#[test]
fn what_two_commands_save_at_once_is_kept() {
    let lab = tiny("good");
    let manifest = lab.root.join(".mlops-lab/lab.toml");
    let slow = r#"
[[step]]
id = "slow"
title = "A check that takes its time"
text = "steps/one.md"
hints = [{ text = "a" }, { text = "b" }, { text = "c" }, { text = "d" }]
check = [{ command = { argv = [
    "sh", "-c", "touch asked; until test -e go; do sleep 0.02; done; false",
] }, within = "30s" }]
solution = { run = [["true"]] }
"#;
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text + slow).unwrap();
    lab.trust();
    lab.ok(&["up"]);
    lab.ok(&["solve", "one"]);
    let mut check = lab.command(&["check", "slow"]).stdout(Stdio::null()).start();
    wait_until("the check runs", || lab.root.join("asked").exists());
    lab.ok(&["break", "gone"]);
    lab.ok(&["hint", "slow"]);
    assert!(lab.ok(&["hint", "slow"]).out.contains("2 of 4"));
    std::fs::write(lab.root.join("go"), "").unwrap();
    assert_eq!(check.wait().unwrap().code(), Some(1));
    assert!(lab.ok(&["hint", "slow"]).out.contains("3 of 4"), "a hint was forgotten");
    assert!(lab.ok(&["break", "--undo"]).out.contains("undone: gone"), "the drill was forgotten");
    assert!(lab.root.join("greeting.txt").exists());
}
