//! Where the doctor works: without a home, as nobody, on a read-only file system, inside a lab.

use crate::doctor::bench::{Bench, listener, root, run};
use crate::doctor::report::{ALL, holds};
use crate::harness::{BIN, strict};
use std::process::Command;

#[test]
#[ignore = "needs root"]
fn it_works_without_home_without_path_as_nobody_and_on_a_read_only_file_system() {
    let mut bench = Bench::new(ALL);
    bench.unset("HOME").unset("PATH").unset("DOCKER_HOST");
    let seen = bench.doctor(&[]);
    assert_eq!(seen.code, 1, "{}", seen.err);
    holds(&seen.report);
    if !root() {
        eprintln!("skipped: only root can become nobody and mount read-only");
        assert!(!strict());
        return;
    }
    std::fs::copy(BIN, bench.path("bin/mlops-lab")).unwrap();
    let mut command = Command::new("/usr/bin/setpriv");
    bench.prepare(&mut command);
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(bench.path("bin/mlops-lab"));
    let seen =
        run(command.arg("--pack").arg(bench.path("pack")).args(["doctor", "probe", "--json"]));
    assert_eq!(seen.code, 1, "{}", seen.err);
    holds(&seen.report);
    // Everything read-only, in a mount namespace of its own.
    let mut command = Command::new("/usr/bin/unshare");
    bench.prepare(&mut command);
    let script = "mount -o remount,bind,ro / && mount -o bind,ro /tmp /tmp && ! touch /tmp/x \
        2>/dev/null && exec \"$@\"";
    command
        .args(["--mount", "/bin/sh", "-c", &format!("PATH=/usr/bin:/bin; {script}"), "sh"])
        .arg(BIN);
    let seen =
        run(command.arg("--pack").arg(bench.path("pack")).args(["doctor", "probe", "--json"]));
    assert_eq!(seen.code, 1, "{} {}", seen.out, seen.err);
    holds(&seen.report);
}

#[test]
fn inside_a_lab_its_own_answers_count_and_up_refuses_what_cannot_work() {
    let bench = Bench::new("");
    let lab = bench.path("home/lab");
    let listener = listener();
    let port = listener.local_addr().unwrap().port();
    let file = bench.path("pack/labs/probe/lab.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text =
        text.replace("needs = []", "needs = [{ tool = { name = \"widget\", version = \"*\" } }]");
    std::fs::write(
        &file,
        format!(
            "{text}[runtime.compose]\nneeds = []\n[endpoint.api]\nlocal = \"http://127.0.0.1:<[ \
             port ]>\"\n"
        ),
    )
    .unwrap();
    let made = run(&mut bench.command(&[
        "init",
        "probe",
        lab.to_str().unwrap(),
        "--set",
        &format!("port={port}"),
        "--no-doctor",
    ]));
    assert_eq!(made.code, 0, "{}", made.err);
    let seen = run(bench.command(&["doctor", "--json"]).current_dir(&lab));
    seen.is(&format!("port.{port}"), "fail", "taken");
    assert!(
        seen.report["next"].as_str().unwrap().starts_with("mlops-lab up --runtime compose"),
        "{}",
        seen.report["next"]
    );
    assert_eq!(seen.report["runtimes"]["probe/local"]["status"], "fail");
    assert_eq!(seen.report["runtimes"]["probe/compose"]["status"], "pass");
    let seen = run(bench.command(&["up", "--runtime", "local"]).current_dir(&lab));
    assert_eq!(seen.code, 3, "{}", seen.err);
    assert!(seen.err.contains("tool.widget: not on PATH"), "{}", seen.err);
    assert!(seen.err.contains("this works here: mlops-lab up --runtime compose"), "{}", seen.err);
}
