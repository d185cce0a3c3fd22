//! Updates that a signal ends.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;

use crate::harness::{self, Limited};
use crate::update::bench::{Bench, LONG};

/// A lab in which every kind of change is to be made, each of many updates ended by a signal.
/// Returns how many were the old state and the new.
fn ended_early(sent: Signal) -> (u32, u32) {
    let bench = Bench::new();
    for n in 0..40 {
        bench.give(&format!("many/{n}.txt"), &format!("{n}\n").repeat(50));
    }
    assert_eq!(bench.run(&["update"]).code, 0);
    // The learner has changed a file that changes, and has one of their own.
    bench.edit("notes.txt", &LONG.replace("one", "ONE, mine"));
    bench.edit("own.txt", "mine\n");
    let old = bench.files();
    for n in 0..40 {
        bench.give(&format!("many/{n}.txt"), &format!("{n}!\n").repeat(60));
        bench.give(&format!("fresh/{n}/x.txt"), "x\n");
    }
    bench.give("notes.txt", &LONG.replace("seven", "SEVEN"));
    bench.take("dropped.txt");
    // How long a whole one takes here, so that the signals fall into it.
    let since = std::time::Instant::now();
    assert_eq!(bench.run(&["update"]).code, 0);
    let whole = since.elapsed();
    let new = bench.files();
    assert_eq!(bench.run(&["undo"]).code, 0);
    let kept = || std::fs::read_dir(bench.lab().join(".mlops-lab/undo")).unwrap().count();
    let before = kept();
    let (mut olds, mut news) = (0, 0);
    let rounds = harness::rounds(if sent == Signal::KILL { 500 } else { 100 });
    for n in 0..rounds {
        let mut child =
            bench.command(&["update"]).stdout(Stdio::null()).stderr(Stdio::null()).start();
        let wait = whole.mul_f64(f64::from(n) / f64::from(rounds));
        std::thread::sleep(wait.min(Duration::from_secs(2)));
        harness::signal(&child, sent);
        let code = harness::ended(&mut child);
        if sent == Signal::INT {
            assert!([130, 0, -2].contains(&code), "ended with {code}");
            let folder = bench.lab().join(".mlops-lab/run/change");
            assert!(
                code == -2 || !folder.exists(),
                "a run that ends by itself leaves nothing to end"
            );
        } else {
            // Any command finds it, and ends it.
            assert_eq!(bench.run(&["diff"]).code, 0);
        }
        let found = bench.files();
        if found == new {
            news += 1;
            assert_ne!(code, 130);
            assert_eq!(bench.run(&["undo"]).code, 0);
            assert_eq!(bench.files(), old);
            // An undo can be undone: that is kept. Only the last one is.
            let last = std::fs::read_dir(bench.lab().join(".mlops-lab/undo")).unwrap();
            let last = last.map(|entry| entry.unwrap().path()).max().unwrap();
            std::fs::remove_dir_all(last).unwrap();
        } else {
            assert!(found == old, "after the signal number {n} the lab is neither old nor new");
            olds += 1;
        }
        assert_eq!(kept(), before, "what was begun and not done is not kept");
        assert!(!bench.lab().join("fresh").exists(), "nor is a folder left");
    }
    assert!(olds > 0 && olds + news == rounds, "{olds} {news}");
    eprintln!("{sent:?}: {olds} old, {news} new");
    (olds, news)
}

#[test]
#[ignore = "takes minutes"]
fn a_killed_update_leaves_the_old_state_or_the_new() {
    ended_early(Signal::KILL);
}

#[test]
#[ignore = "takes minutes"]
fn ctrl_c_in_an_update_ends_with_130_and_the_old_state() {
    ended_early(Signal::INT);
}
