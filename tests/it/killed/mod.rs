//! `kill -9` of `up`, `down`, `solve`, `break` and `check` at random moments: no file is lost or
//! half-written, `status` and `down` work, and after `down` nothing runs. `MLOPS_LAB_KILLS` is how
//! often each is killed, `MLOPS_LAB_SEED` repeats the moments of a run.
use crate::harness;

mod bench;

use std::collections::BTreeMap;

use bench::{Bench, Killed, kill_at_random};

const HELLO: &[u8] = b"hello\n";
const MINE: &[u8] = b"mine\n";

#[test]
#[ignore = "takes minutes"]
fn a_killed_up_leaves_nothing_that_down_does_not_find() {
    let bench = Bench::new();
    kill_at_random(&bench, &["up"], |killed| match killed {
        Killed::Before => drop(std::fs::remove_file(bench.path("made.txt"))),
        // What the task writes is the task's: it may not have come to that.
        Killed::After(round) => {
            if round.is_multiple_of(5) {
                bench.lab.ok(&["up"]);
                assert_eq!(bench.read("made.txt").as_deref(), Some(&b"made\n"[..]));
                bench.lab.ok(&["status"]);
            }
        }
    });
}

#[test]
#[ignore = "takes minutes"]
fn a_killed_down_is_ended_by_the_next() {
    let bench = Bench::new();
    kill_at_random(&bench, &["down"], |killed| {
        if matches!(killed, Killed::Before) {
            bench.lab.ok(&["up"]);
        }
    });
}

#[test]
#[ignore = "takes minutes"]
fn a_killed_solve_keeps_what_it_replaces() {
    let bench = Bench::new();
    kill_at_random(&bench, &["solve", "one"], |killed| match killed {
        Killed::Before => {
            let _ = std::fs::remove_dir_all(bench.path(".mlops-lab/backup"));
            bench.write("greeting.txt", MINE);
            bench.lab.ok(&["up"]);
        }
        Killed::After(_) => {
            let now = bench.read("greeting.txt");
            let kept = harness::files(&bench.path(".mlops-lab/backup"));
            let saved =
                kept.iter().any(|(path, bytes)| path.ends_with("greeting.txt") && bytes == MINE);
            assert!(
                now.as_deref() == Some(MINE) || now.as_deref() == Some(HELLO) && saved,
                "{now:?} {kept:?}"
            );
        }
    });
}

#[test]
#[ignore = "takes minutes"]
fn a_killed_break_can_be_put_back() {
    let bench = Bench::new();
    bench.lab.ok(&["up"]);
    bench.lab.ok(&["solve", "one"]);
    bench.lab.ok(&["check"]);
    std::fs::create_dir(bench.path("config")).unwrap();
    bench.write("config/mine.txt", MINE);
    kill_at_random(&bench, &["break", "noise"], |killed| match killed {
        Killed::Before => drop(bench.lab.ok(&["up"])),
        Killed::After(_) => {
            bench.lab.ok(&["break", "--undo"]);
            let files = ["greeting.txt", "config/mine.txt", "config/wrong.txt"]
                .map(|file| bench.read(file));
            assert_eq!(files, [Some(HELLO.to_vec()), Some(MINE.to_vec()), None]);
        }
    });
}

#[test]
#[ignore = "takes minutes"]
fn a_killed_check_leaves_the_progress_readable() {
    let bench = Bench::new();
    bench.write("greeting.txt", HELLO);
    let mut seen = BTreeMap::new();
    let progress = ".mlops-lab/progress.json";
    kill_at_random(&bench, &["check"], |killed| match killed {
        Killed::Before => {
            bench.lab.ok(&["up"]);
            let _ = std::fs::remove_file(bench.path(progress));
        }
        Killed::After(_) => *seen.entry(bench.read(progress).is_some()).or_insert(0) += 1,
    });
    eprintln!("progress was saved before the kill, or was not: {seen:?}");
}
