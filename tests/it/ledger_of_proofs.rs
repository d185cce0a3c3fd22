//! Which cases of a proof are run when its lab was proven before.

#[path = "../prove/ledger.rs"]
mod ledger;

use std::collections::BTreeMap;

use ledger::{Ledger, Seen, Share, hash, in_part, share, turns};

fn files(files: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
    files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}

fn proof(files: &str, cases: usize, on: &str) -> Seen {
    Seen { files: files.to_owned(), cases, seconds: 600, on: on.to_owned() }
}

#[test]
fn a_ledger_is_read_as_it_was_written_and_knows_a_proof_by_its_files_and_cases() {
    let mut ledger = Ledger::default();
    ledger.record("serving", "local", proof("abc", 79, "2026-11-30"));
    ledger.record("serving", "compose", proof("abc", 78, "2026-11-28"));
    ledger.record("llm", "local", proof("def", 63, "2026-11-29"));
    let read = Ledger::read(&ledger.text()).unwrap();
    assert_eq!(read.text(), ledger.text());
    let seen = |lab, runtime, files, cases| {
        read.seen(lab, runtime, files, cases).map(|seen| seen.on.as_str())
    };
    assert_eq!(seen("serving", "local", "abc", 79), Some("2026-11-30"));
    assert_eq!(seen("serving", "compose", "abc", 78), Some("2026-11-28"));
    assert_eq!(seen("serving", "kubernetes", "abc", 78), None, "another runtime");
    assert_eq!(seen("serving", "local", "abd", 79), None, "a file has changed");
    assert_eq!(seen("serving", "local", "abc", 80), None, "a case has come");
    assert_eq!(seen("llm", "local", "abc", 79), None, "another lab");
    assert!(Ledger::read("[serving.local]\nfiles = 1").is_err());
    assert!(Ledger::read("").is_ok());
}

#[test]
fn what_is_not_known_is_proven_and_only_what_is_known_waits_for_its_turn() {
    let of = |runtime, seen, turn| share(runtime, seen, turn).0;
    for turn in [true, false] {
        assert_eq!(of("local", None, turn), Share::Whole);
        assert_eq!(of("compose", None, turn), Share::Part);
    }
    for runtime in ["local", "compose", "kubernetes"] {
        assert_eq!(of(runtime, Some("2026-11-30"), true), Share::Part);
        assert_eq!(of(runtime, Some("2026-11-30"), false), Share::Nothing);
        let (_, why) = share(runtime, Some("2026-11-30"), false);
        assert!(why.contains(&format!("on {runtime} on 2026-11-30")), "{why}");
    }
}

#[test]
fn every_proof_has_its_turn_and_no_commit_has_all_the_long_ones() {
    let seconds = [300, 2400, 1400, 2300, 600, 1100, 500];
    for (local, most, often) in [(true, 4500, 15), (false, 3300, 8)] {
        let mut had = [0; 7];
        for number in 0..60 {
            let turns = turns(&seconds, local, &format!("commit {number}"));
            let sum: u64 =
                seconds.iter().zip(&turns).filter(|(_, has)| **has).map(|(s, _)| s).sum();
            assert!((2300..=most).contains(&sum), "{turns:?}");
            turns.iter().zip(&mut had).for_each(|(has, had)| *had += usize::from(*has));
        }
        assert!(had.iter().all(|had| *had > often), "{had:?}");
    }
    assert!(turns(&[], true, "commit").is_empty());
}

#[test]
fn a_sum_changes_with_each_name_and_content() {
    let sums = [
        files(&[("a", "one"), ("b", "two")]),
        files(&[("a", "one"), ("b", "too")]),
        files(&[("a", "one"), ("c", "two")]),
        files(&[("a", "onetwo"), ("b", "")]),
        files(&[("a", "one")]),
    ]
    .map(|files| hash(&files));
    let different: std::collections::BTreeSet<_> = sums.iter().collect();
    assert_eq!(different.len(), sums.len(), "{sums:?}");
}

#[test]
fn a_lab_s_life_is_always_proven_and_every_solution_comes_round() {
    let always = ["up-killed-early", "ready::before", "ready::solved", "bad-release::put-back"];
    let commits: Vec<String> = (0..60).map(|number| format!("commit {number}")).collect();
    for commit in &commits {
        for case in always {
            assert!(in_part(&format!("serving::local::{case}"), commit), "{case}");
        }
    }
    let attempts: Vec<String> = (0..40)
        .map(|number| {
            let side = if number % 2 == 0 { "wrong" } else { "right" };
            format!("serving::local::ready::{side}::number-{number}")
        })
        .collect();
    let run = |commit: &String| attempts.iter().filter(|case| in_part(case, commit)).count();
    let most = commits.iter().map(run).max().unwrap();
    assert!(most <= attempts.len() / 2, "{most} of {}", attempts.len());
    for case in &attempts {
        assert!(commits.iter().any(|commit| in_part(case, commit)), "{case} never runs");
    }
}
