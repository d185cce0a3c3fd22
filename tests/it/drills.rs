//! Drills: what they break comes back, byte for byte, whenever the run is killed.

use std::process::Stdio;

use crate::harness::{Lab, Limited};
use crate::life::{json, tiny};

#[test]
fn a_drill_breaks_and_undo_puts_it_back() {
    let lab = tiny("good");
    lab.ok(&["up"]);
    let unwell = lab.run(&["break", "gone"]);
    assert_eq!(unwell.code, 1, "no drill on top of a lab that is not well: {}", unwell.err);
    lab.ok(&["solve", "one"]);
    assert!(lab.ok(&["break", "gone"]).out.contains("Nobody is greeted any more."));
    assert_eq!(lab.run(&["check"]).code, 1);
    assert_eq!(lab.run(&["break", "gone"]).code, 1, "one drill at a time");
    lab.ok(&["break", "--undo"]);
    assert!(lab.ok(&["check", "--all"]).out.contains("1 of 1"));
}

#[test]
fn a_drill_is_judged_only_while_it_is_under_way() {
    let lab = tiny("good");
    lab.ok(&["up"]);
    lab.ok(&["solve", "one"]);
    for command in ["check", "hint", "solve"] {
        let early = lab.run(&[command, "gone"]);
        assert_eq!(early.code, 2, "{command}: {}", early.out);
        assert!(early.err.contains("mlops-lab break gone"), "{}", early.err);
    }
    assert!(!lab.ok(&["break"]).out.contains("ago"), "never broken, never recovered");
    lab.ok(&["break", "gone"]);
    // The former name of a drill still means it.
    lab.ok(&["solve", "lost-greeting"]);
    lab.ok(&["check", "gone"]);
    assert!(lab.ok(&["break"]).out.contains("ago"));
}

/// A lab with its step done and files of the learner's in a folder that the drill `noise` saves.
fn before_noise() -> Lab {
    let lab = tiny("good");
    lab.ok(&["up"]);
    lab.ok(&["solve", "one"]);
    std::fs::create_dir(lab.root.join("config")).unwrap();
    std::fs::write(lab.root.join("config/mine.txt"), "mine\n").unwrap();
    lab
}

fn background(lab: &Lab) -> Option<u32> {
    let status = json(&lab.run(&["status", "--json"]).out);
    let place = status["drill"]["background"][0]["place"].as_str()?.to_owned();
    place.strip_prefix("process ")?.parse().ok()
}

fn alive(pid: u32) -> bool {
    // One that has ended and waits to be noticed has no command line.
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

fn read(lab: &Lab, path: &str) -> String {
    std::fs::read_to_string(lab.root.join(path)).unwrap_or_default()
}

#[test]
fn undo_puts_back_what_the_drill_saved_and_keeps_what_was_written_meanwhile() {
    let lab = before_noise();
    lab.ok(&["break", "noise"]);
    assert!(!lab.root.join("config/mine.txt").exists());
    let traffic = background(&lab).unwrap();
    assert!(alive(traffic));
    let status = lab.run(&["status"]).out;
    assert!(
        status.contains("noise is under way") && status.contains("mlops-lab check noise"),
        "{status}"
    );
    assert!(lab.ok(&["logs", "background-1"]).out.contains("knock"));
    std::fs::write(lab.root.join("config/attempt.txt"), "attempt\n").unwrap();
    let undone = json(&lab.ok(&["break", "--undo", "--json"]).out);
    assert_eq!(
        (read(&lab, "greeting.txt"), read(&lab, "config/mine.txt")),
        ("hello\n".into(), "mine\n".into())
    );
    assert!(
        !lab.root.join("config/wrong.txt").exists()
            && !lab.root.join("config/attempt.txt").exists()
    );
    assert_eq!(
        undone["kept"].as_array().unwrap().len(),
        1,
        "the damage is nobody's work: {undone}"
    );
    let kept = undone["kept"][0]["backup"].as_str().unwrap();
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "attempt\n");
    assert!(!alive(traffic), "the traffic ends with the drill");
}

#[test]
fn recovery_and_down_end_what_a_drill_runs() {
    let lab = before_noise();
    lab.ok(&["break", "noise"]);
    let traffic = background(&lab).unwrap();
    lab.ok(&["solve", "noise"]);
    lab.ok(&["check"]);
    assert!(!alive(traffic));
    assert_eq!(lab.run(&["check", "noise"]).code, 2);
    lab.ok(&["break", "noise"]);
    let traffic = background(&lab).unwrap();
    let down = lab.ok(&["down"]).out;
    assert!(down.contains("background-1") && !alive(traffic), "{down}");
    // Down is no recovery: the drill goes on with the lab, and it can still be put back.
    lab.ok(&["up"]);
    assert!(background(&lab).is_some_and(alive));
    lab.ok(&["break", "--undo"]);
    assert_eq!(read(&lab, "greeting.txt"), "hello\n");
}

#[test]
fn a_break_that_was_killed_can_be_put_back_at_any_moment() {
    let lab = before_noise();
    for wait in [0, 20, 60, 120, 250] {
        let mut child =
            lab.command(&["break", "noise"]).stdout(Stdio::null()).stderr(Stdio::null()).start();
        std::thread::sleep(std::time::Duration::from_millis(wait));
        child.kill().unwrap();
        child.wait().unwrap();
        let traffic = background(&lab);
        lab.ok(&["break", "--undo"]);
        assert_eq!(read(&lab, "greeting.txt"), "hello\n", "after {wait} ms");
        assert_eq!(read(&lab, "config/mine.txt"), "mine\n", "after {wait} ms");
        assert!(traffic.is_none_or(|pid| !alive(pid)), "after {wait} ms");
    }
    lab.ok(&["down"]);
}

#[test]
fn undo_without_a_drill_changes_nothing() {
    let lab = before_noise();
    std::fs::write(lab.root.join("greeting.txt"), "mine\n").unwrap();
    for args in [&["break", "--undo"][..], &["break", "gone", "--undo"]] {
        assert!(lab.ok(args).out.contains("no drill is under way"));
    }
    assert_eq!(read(&lab, "greeting.txt"), "mine\n");
}
