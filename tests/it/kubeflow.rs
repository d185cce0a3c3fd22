//! The lab `kubeflow`, beyond its proof: its own tests, as the learner runs them.
use std::process::Command;

use crate::harness::{Lab, Seen, seen};

fn pytest(lab: &Lab) -> Seen {
    seen(
        Command::new(".venv/bin/python")
            .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"])
            .current_dir(&lab.root),
    )
}

#[test]
#[ignore = "needs pip and the network"]
fn of_its_own_tests_only_the_one_for_the_broken_component_is_red_and_mending_it_is_enough() {
    let lab = Lab::new(None, "kubeflow", &[]);
    lab.ok(&["up"]);
    let before = pytest(&lab);
    let red: Vec<&str> = before.out.lines().filter(|line| line.starts_with("FAILED ")).collect();
    assert!(
        before.code == 1 && red.len() == 1 && red[0].contains("tests/test_ingest.py"),
        "{}\n{}",
        before.out,
        before.err
    );
    lab.ok(&["solve", "component"]);
    let after = pytest(&lab);
    assert!(after.code == 0 && after.out.contains("[100%]"), "{}\n{}", after.out, after.err);
}
