//! Programs on PATH that are absent, broken, slow, loud, or two.

use std::time::Duration;

use crate::doctor::bench::{Bench, python, run};
use crate::harness::BIN;

const SECOND: Duration = Duration::from_secs(1);
const TOOL: &str = r#"{ tool = { name = "widget", version = ">=1.2" } }"#;

#[test]
fn with_an_empty_path_everything_is_absent_and_that_at_once() {
    let bench = Bench::new(
        r#"{ python = ">=3.9" }, { uv = "*" }, { git = "*" }, { make = "*" }, { docker = "*" },
    { compose = "*" }, { buildx = "*" },
           { kubectl = "*" }, { cluster = "*" }, { storageclass = true }, { kind = "*" },
    { tool = { name = "widget", version = "*" } }"#
            .replace('\n', " ")
            .as_str(),
    );
    let seen = bench.doctor(&[]);
    for id in [
        "python",
        "uv",
        "git",
        "make",
        "kind",
        "tool.widget",
        "docker.client",
        "docker.engine",
        "kubectl",
    ] {
        seen.is(id, "fail", "absent");
    }
    for (id, by) in [
        ("docker.compose", "docker.client"),
        ("docker.buildx", "docker.client"),
        ("docker.clock", "docker.engine"),
        ("kube.config", "kubectl"),
        ("kube.context", "kubectl"),
        ("kube.api", "kubectl"),
        ("kube.storage", "kubectl"),
    ] {
        seen.is(id, "skip", "blocked");
        assert_eq!(seen.finding(id)["blocked_by"], by);
    }
    assert_eq!(seen.code, 1);
    assert!(seen.took < SECOND, "{:?}", seen.took);
    // No manager is on PATH: none is named.
    for finding in seen.report["findings"].as_array().unwrap() {
        for hint in finding["hints"].as_array().unwrap() {
            assert!(hint["manager"].is_null(), "{finding:#}");
        }
    }
}

#[test]
fn what_cannot_be_run_is_told_apart_and_named() {
    let bench = Bench::new(TOOL);
    let widget = bench.file("widget", b"#!/bin/sh\necho widget 1.3\n", 0o644);
    let seen = bench.doctor(&[]);
    assert!(seen.is("tool.widget", "fail", "not-executable").contains(widget.to_str().unwrap()));
    assert!(seen.hints("tool.widget").contains("chmod +x"));

    std::fs::remove_file(&widget).unwrap();
    bench.link("widget", "/nowhere/widget");
    assert!(
        bench
            .doctor(&[])
            .is("tool.widget", "fail", "broken-link")
            .contains(widget.to_str().unwrap())
    );

    std::fs::remove_file(&widget).unwrap();
    bench.file("widget", b"#!/nowhere/python3\nprint(1)\n", 0o755);
    assert!(
        bench
            .doctor(&[])
            .is("tool.widget", "fail", "broken-interpreter")
            .contains("/nowhere/python3")
    );

    bench.file("widget", b"", 0o755);
    assert!(bench.doctor(&[]).is("tool.widget", "fail", "unusable").contains("empty"));

    // Random bytes must not be handed to a shell.
    bench.file("widget", b"\x01\x02\necho widget 1.3\n", 0o755);
    bench.doctor(&[]).is("tool.widget", "fail", "unusable");

    // A program for another processor: this machine's own `true` with another e_machine.
    let mut bytes = std::fs::read("/bin/true").unwrap();
    let other: u16 = if cfg!(target_arch = "x86_64") { 8 } else { 62 };
    bytes[18..20].copy_from_slice(&other.to_le_bytes());
    bench.file("widget", &bytes, 0o755);
    bench.doctor(&[]).is("tool.widget", "fail", "wrong-architecture");
}

#[test]
fn a_program_that_sleeps_for_ever_is_unknown_at_the_deadline_and_does_not_survive_it() {
    let bench = Bench::new(TOOL);
    let pids = bench.path("pids");
    let remember = format!(
        "echo $$ >>{0}; (trap '' TERM; echo $(exec sh -c 'echo $PPID') >>{0}; sleep 60) & ",
        pids.display()
    );
    for body in ["exec sleep 60".to_owned(), format!("trap '' TERM; {remember} sleep 60; sleep 60")]
    {
        bench.script("widget", &body);
        let seen = bench.doctor(&[]);
        seen.is("tool.widget", "unknown", "late");
        seen.within(SECOND);
        assert_eq!(seen.code, 3);
    }
    let pids = std::fs::read_to_string(pids).unwrap();
    assert!(pids.lines().count() >= 2, "{pids}");
    for pid in pids.lines() {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        assert!(state.is_empty() || state.contains(" Z "), "{pid} survived: {state}");
    }
}

#[test]
fn a_child_that_holds_the_pipe_does_not_hold_the_doctor() {
    let bench = Bench::new(TOOL);
    bench.script("widget", "sleep 30 & echo widget 1.3");
    let seen = bench.doctor(&["--timeout", "5s"]);
    assert_eq!(seen.is("tool.widget", "pass", "ok"), "1.3.0");
    assert!(seen.report["ms"].as_u64().unwrap() < 300, "{}", seen.report["ms"]);
}

#[test]
fn endless_output_is_unknown_and_does_not_fill_the_memory() {
    let bench = Bench::new(TOOL);
    bench.script("widget", "exec yes 'widget says nothing that ends'");
    let seen = bench.doctor(&[]);
    seen.is("tool.widget", "unknown", "late");
    seen.within(SECOND);
    let Some(python) = python() else {
        eprintln!("peak memory was not measured: there is no python3 to measure it with");
        return;
    };
    let mut command = std::process::Command::new(python);
    let measure = "import resource,subprocess,sys; subprocess.run(sys.argv[1:]); print(); \
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
    bench.prepare(&mut command);
    let plain = bench.command(&["doctor", "probe", "--timeout", "1s"]);
    command.args(["-c", measure]).arg(plain.get_program()).args(plain.get_args());
    let seen = run(&mut command);
    let kib: u64 = seen.out.lines().last().unwrap().parse().unwrap();
    assert!(kib < 50 << 10, "{kib} KiB");
}

#[test]
fn a_version_with_exit_code_1_a_crash_an_old_and_an_unreadable_version() {
    let bench = Bench::new(TOOL);
    bench.script("widget", "echo widget 1.3; echo 'no licence' >&2; exit 1");
    let seen = bench.doctor(&[]);
    assert!(seen.is("tool.widget", "fail", "failed").contains("exit code 1: no licence"));
    assert_eq!(seen.finding("tool.widget")["evidence"]["rc"], 1);
    bench.script("widget", "kill -SEGV $$");
    assert!(bench.doctor(&[]).is("tool.widget", "fail", "crashed").contains("11"));
    bench.script("widget", "echo widget 1.1.9");
    assert!(bench.doctor(&[]).is("tool.widget", "fail", "too-old").contains(">=1.2"));
    bench.script("widget", "printf 'what\\033[2J?'");
    let seen = bench.doctor(&[]);
    assert_eq!(seen.code, 3);
    assert!(
        !seen.is("tool.widget", "unknown", "unreadable").contains('\u{1b}'),
        "a control character came through"
    );
}

#[test]
fn versions_that_are_no_semantic_versions_are_read() {
    let bench = Bench::new(r#"{ tool = { name = "widget", version = ">=1.28" } }"#);
    for text in [
        "v1.32.4-dispatcher",
        "Client Version: v1.29.4-gke.1043002",
        "widget (Debian 1.30.0-4+b1)",
        "1.28",
    ] {
        bench.script("widget", &format!("echo '{text}'"));
        bench.doctor(&[]).is("tool.widget", "pass", "ok");
    }
}

#[test]
fn two_versions_on_path_are_a_warning_and_one_file_under_two_names_is_not() {
    let mut bench = Bench::new(TOOL);
    bench.script("widget", "echo widget 1.3");
    bench.at("more/widget", b"#!/bin/sh\necho widget 1.4\n", 0o755);
    let path = format!("{}:{}", bench.path("bin").display(), bench.path("more").display());
    bench.env("PATH", path);
    let seen = bench.doctor(&[]);
    assert!(seen.is("tool.widget", "warn", "shadowed").contains("1.4.0"));
    assert_eq!(seen.code, 0);
    assert_eq!(bench.doctor(&["--strict"]).code, 1);
    // The first is too old, the second would do: say so.
    bench.script("widget", "echo widget 1.0");
    let seen = bench.doctor(&[]);
    seen.is("tool.widget", "fail", "too-old");
    std::fs::remove_file(bench.path("more/widget")).unwrap();
    std::os::unix::fs::symlink(bench.path("bin/widget"), bench.path("more/widget")).unwrap();
    bench.script("widget", "echo widget 1.3");
    bench.doctor(&[]).is("tool.widget", "pass", "ok");
}

#[test]
fn a_python_without_ensurepip_fails_with_the_package_s_name_and_passes_where_uv_serves() {
    let Some(python) = python() else {
        eprintln!("skipped: there is no python3");
        return;
    };
    let bench = Bench::new(r#"{ python = ">=3.9" }"#);
    // The machine's own Python, which does not find its ensurepip: as on a Debian without
    // python3-venv.
    let hide = "import importlib.util as u; r=u.find_spec; u.find_spec=lambda n,*a: None if \
        n=='ensurepip' else r(n,*a)";
    bench.file(
        "python3",
        format!("#!/bin/sh\nexec {} -I -c \"{hide}\n$3\"\n", python.display()).as_bytes(),
        0o755,
    );
    bench.file("apt-get", b"#!/bin/sh\n", 0o755);
    let seen = bench.doctor(&["--timeout", "5s"]);
    seen.is("python", "fail", "no-venv");
    assert!(
        seen.hints("python").contains("apt-get install -y python3-venv"),
        "{}",
        seen.hints("python")
    );
    bench.script("uv", "echo uv 0.9.0");
    assert!(bench.doctor(&["--timeout", "5s"]).is("python", "pass", "ok").ends_with("with uv"));
    // A shim that forwards to nothing, as pyenv's does.
    std::fs::remove_file(bench.path("bin/uv")).unwrap();
    bench.script("python3", "echo 'pyenv: python3: command not found' >&2; exit 127");
    assert!(bench.doctor(&[]).is("python", "fail", "failed").contains("pyenv"));
    bench.script("python3", "exec sleep 60");
    let seen = bench.doctor(&[]);
    seen.is("python", "unknown", "late");
    seen.within(SECOND);
}

#[test]
fn the_runtime_local_of_a_lab_starts_neither_docker_nor_kubectl() {
    let bench = Bench::new("");
    let log = bench.path("execs");
    for name in ["docker", "kubectl", "docker-compose", "nvidia-smi", "podman", "kind"] {
        bench.script(name, &format!("echo {name} >>{}; sleep 60", log.display()));
    }
    let Some(python) = python() else {
        eprintln!("skipped: there is no python3");
        return;
    };
    bench.script(
        "python3",
        &format!("echo python3 >>{}; exec {} \"$@\"", log.display(), python.display()),
    );
    let mut command = std::process::Command::new(BIN);
    bench.prepare(&mut command);
    let seen =
        run(command.args(["doctor", "serving", "--runtime", "local", "--json", "--skip", "port"]));
    seen.is("python", "pass", "ok");
    assert_eq!(std::fs::read_to_string(log).unwrap(), "python3\n");
}
