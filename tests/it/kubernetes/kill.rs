//! kill -9 at the worst moments; `down --purge` finds everything all the same.

use std::process::Stdio;

use crate::harness::{self, Limited, Running};
use crate::kubernetes::bed::{Bed, kill, until};

fn start(bed: &Bed) -> Running {
    let mut up = bed.lab.command(&["up", "--runtime", "kubernetes"]);
    up.stdout(Stdio::null()).stderr(Stdio::null()).start()
}

/// Kills `up` as soon as this holds, and takes the lab away.
#[track_caller]
fn killed_when(bed: &Bed, what: &str, holds: impl Fn(&Bed) -> bool) {
    let mut up = start(bed);
    until(what, || holds(bed) || up.try_wait().unwrap().is_some());
    assert!(up.try_wait().unwrap().is_none(), "`up` ended before: {what}");
    kill(up.id());
    up.wait().unwrap();
    bed.lab.ok(&["down", "--purge"]);
    assert!(bed.processes().is_empty(), "{:?}", bed.processes());
    assert!(bed.server.objects().is_empty(), "{:?}", bed.server.objects());
    assert!(!bed.noted());
}

#[test]
fn while_images_are_built() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    std::fs::write(bed.path("stubs/hang"), "build").unwrap();
    killed_when(&bed, "the build hangs", |bed| bed.process("sleep 600").is_some());
}

#[test]
fn while_rollouts_are_waited_for() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.server.becomes("server", "unready", 0);
    killed_when(&bed, "the pods are there", |bed| {
        bed.server.objects().iter().any(|name| name.starts_with("Pod/"))
    });
}

#[test]
fn while_a_forward_is_opened() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.server.script(&serde_json::json!({"pods": {"/ready": [503, "loading"]}}));
    killed_when(&bed, "the forward is on record", |bed| {
        bed.lab.run_folder().join("service/forward-api.json").exists()
    });
}

#[test]
fn a_second_up_goes_on_where_a_killed_one_was() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.server.becomes("server", "unready", 0);
    let mut up = start(&bed);
    until("the pods are there", || {
        bed.server.objects().iter().any(|name| name.starts_with("Pod/"))
    });
    kill(up.id());
    up.wait().unwrap();
    bed.server.becomes("server", "ready", 0);
    bed.comes_up(&[]);
    bed.lab.ok(&["status"]);
}

#[test]
fn a_process_that_outlived_its_up_ends_with_the_next() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    std::fs::write(bed.path("stubs/hang"), "build").unwrap();
    let mut up = start(&bed);
    until("the build hangs", || bed.process("sleep 600").is_some());
    let build = bed.process("sleep 600");
    kill(up.id());
    up.wait().unwrap();
    std::fs::remove_file(bed.path("stubs/hang")).unwrap();
    bed.comes_up(&[]);
    assert_eq!(bed.process("sleep 600"), None, "{build:?}");
}

#[test]
fn ctrl_c_ends_with_130_and_down_takes_away_what_is_there() {
    let Some(bed) = Bed::new("kind-lab") else { return };
    bed.server.becomes("server", "unready", 0);
    let mut up = start(&bed);
    until("the pods are there", || {
        bed.server.objects().iter().any(|name| name.starts_with("Pod/"))
    });
    harness::signal(&up, rustix::process::Signal::INT);
    assert_eq!(up.wait().unwrap().code(), Some(130));
    bed.lab.ok(&["down", "--purge"]);
    assert!(bed.server.objects().is_empty() && bed.processes().is_empty());
}
