//! The report: four renderings with one verdict, its form, its bounds, what it keeps to itself, and
//! what it offers to run.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::doctor::bench::{Bench, python, run, serve_tcp, serve_unix};
use crate::harness::Limited;

const WIDGET: &str = r#"{ tool = { name = "widget", version = ">=1.2" } }"#;
pub const ALL: &str = r#"{ python = ">=3.9" }, { uv = "*" }, { git = "*" }, { make = "*" },
    { kind = "*" }, { docker = "*" }, { compose = "*" }, { buildx = "*" }, { kubectl = "*" },
    { cluster = "*" }, { storageclass = true }, { apis = ["a/v1"] }, { cpus = 1 },
    { memory = "1MB" }, { disk = "1MB" }, { gpu = "optional" }, { arch = ["amd64"] },
    { tool = { name = "widget", version = "*" } }"#;

fn schema() -> jsonschema::Validator {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/doctor/report/schema.json"
    ))
    .unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

#[track_caller]
pub fn holds(report: &Value) {
    let errors: Vec<String> = schema()
        .iter_errors(report)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}\n{report:#}", errors.join("\n"));
}

/// Every tool on PATH hangs, and every server accepts and never answers.
fn everything_hangs() -> Bench {
    let bench = Bench::new(ALL);
    for name in [
        "python3",
        "uv",
        "git",
        "make",
        "kind",
        "docker",
        "docker-compose",
        "kubectl",
        "nvidia-smi",
        "widget",
    ] {
        bench.script(name, "trap '' TERM; sleep 60");
    }
    serve_unix(&bench.path("docker.sock"), Box::new(|_, _| None));
    let port = serve_tcp(Box::new(|_, _| None));
    let config = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: kind-x\ncontexts:\n- name: kind-x\n  \
         context: {{cluster: c, user: u}}\nclusters:\n- name: c\n  cluster: {{server: \
         \"http://127.0.0.1:{port}\"}}\nusers:\n- name: u\n  user: {{}}\n"
    );
    bench.at("home/.kube/config", config.as_bytes(), 0o600);
    bench
}

#[test]
#[ignore = "takes long"]
fn the_json_holds_to_its_schema_whatever_is_found() {
    let bench = Bench::new(ALL);
    let seen = bench.doctor(&[]);
    holds(&seen.report);
    assert_eq!(seen.code, i32::try_from(seen.report["exit"].as_i64().unwrap()).unwrap());
    holds(&bench.doctor(&["--report"]).report);
    drop(bench);
    let bench = everything_hangs();
    let seen = bench.doctor(&[]);
    holds(&seen.report);
    // And the schema says no to what is not of this form.
    let mut wrong = seen.report.clone();
    wrong["findings"][0]["status"] = "good".into();
    assert!(!schema().is_valid(&wrong));
}

#[test]
fn nothing_holds_the_doctor_beyond_its_deadline_and_half_a_second() {
    let bench = everything_hangs();
    for (argument, deadline) in [("1s", 1), ("3s", 3)] {
        let seen = bench.doctor(&["--timeout", argument]);
        seen.within(Duration::from_secs(deadline));
        assert!(matches!(seen.code, 1 | 3), "{}", seen.code);
    }
    // `init` promises half a second, and says what it could not find out.
    let made = run(&mut bench.command(&[
        "init",
        "probe",
        bench.path("home/lab").to_str().unwrap(),
        "--json",
    ]));
    assert_eq!(made.code, 0, "{}", made.err);
    assert!(
        made.report["doctor"]["ms"].as_u64().unwrap() <= 500,
        "{}",
        made.report["doctor"]["ms"]
    );
    let made = run(&mut bench.command(&[
        "init",
        "probe",
        bench.path("home/other").to_str().unwrap(),
        "--json",
        "--no-doctor",
    ]));
    assert!(made.report["doctor"].is_null());
}

#[test]
#[ignore = "takes long"]
fn the_four_renderings_have_the_same_verdict_and_exit_code() {
    let bench = Bench::new(WIDGET);
    for (body, plain, strictly) in [
        (Some("echo widget 1.3"), 0, 0),
        (Some("echo widget 1.1"), 1, 1),
        (Some("exec sleep 60"), 3, 3),
        (None, 1, 1),
    ] {
        match body {
            Some(body) => drop(bench.script("widget", body)),
            None => std::fs::remove_file(bench.path("bin/widget")).unwrap(),
        }
        for (strict, code) in [(false, plain), (true, strictly)] {
            for format in ["text", "json", "junit", "github"] {
                let mut command =
                    bench.command(&["doctor", "probe", "--timeout", "1s", "--format", format]);
                if strict {
                    command.arg("--strict");
                }
                let seen = run(&mut command);
                assert_eq!(seen.code, code, "{format} {strict}: {}", seen.out);
                let bad = match format {
                    "text" => {
                        seen.out.contains("fail  tool.widget")
                            || seen.out.contains("?     tool.widget")
                    }
                    "json" => seen.finding("tool.widget")["status"] != "pass",
                    "junit" => seen.out.contains("<failure") || seen.out.contains("<error"),
                    _ => seen.out.contains("::error title=tool.widget::"),
                };
                assert_eq!(bad, code != 0, "{format}: {}", seen.out);
            }
        }
    }
    // A warning: 0, and 1 when strict, in all of them.
    let warned = {
        drop(bench);
        Bench::new(r#"{ disk = "9000000GB" }"#)
    };
    for format in ["text", "json", "junit", "github"] {
        assert_eq!(
            run(&mut warned.command(&["doctor", "probe", "--format", format])).code,
            0,
            "{format}"
        );
        let seen = run(&mut warned.command(&["doctor", "probe", "--format", format, "--strict"]));
        assert_eq!(seen.code, 1, "{format}");
        assert!(format != "junit" || seen.out.contains("<failure"));
    }
}

#[test]
fn junit_is_well_formed_also_when_a_tool_prints_what_it_must_not() {
    let Some(python) = python() else { return };
    let bench = Bench::new(WIDGET);
    bench.script("widget", "printf 'widget <&\"\\001]]> \\033[31m'; exit 2");
    let seen = run(&mut bench.command(&["doctor", "probe", "--format", "junit"]));
    let mut parse = Command::new(python)
        .args([
            "-I",
            "-c",
            "import sys,xml.etree.ElementTree as e; \
            r=e.fromstring(sys.stdin.buffer.read()); print(r.tag, r.get('tests'), \
            r.get('failures'))",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .start();
    parse.stdin.take().unwrap().write_all(seen.out.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(parse.finish().stdout).unwrap().trim(), "testsuites 2 1");
}

#[test]
fn only_and_skip_take_ids_and_groups_and_a_wrong_word_names_the_nearest() {
    let bench = Bench::new(r#"{ git = "*" }, { docker = "*" }, { compose = "*" }"#);
    let ids = |args: &[&str]| -> Vec<String> {
        let report = bench.doctor(args).report;
        report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| finding["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&["--only", "git"]), ["git"]);
    assert_eq!(ids(&["--only", "docker.engine,git"]), ["git", "docker.engine"]);
    assert_eq!(ids(&["--skip", "docker", "--skip", "proxy"]), ["git"]);
    // What was left out does not decide.
    bench.script("git", "echo git version 2.50.0");
    assert_eq!(bench.doctor(&["--skip", "docker"]).code, 0);
    for (args, code, words) in [
        (vec!["--only", "dokcer"], 2, "did you mean `docker`?"),
        (vec!["--skip", "docker.enigne"], 2, "did you mean `docker.engine`?"),
        (vec!["--only", "port.x"], 2, "there is no check `port.x`"),
        (vec!["--only", "kube"], 2, "none of these checks"),
        (vec!["--timeout", "5"], 2, "5s"),
        // The name that it had before.
        (vec!["--within", "5"], 2, "5s"),
        (vec!["--format", "jnit"], 2, "junit"),
        (vec!["--yes"], 2, "--fix"),
        (vec!["--root", "/nowhere"], 2, "there is no folder"),
        (vec!["--runtime", "compose"], 2, "does not offer the runtime"),
    ] {
        let seen = run(bench.command(&["doctor", "probe"]).args(&args));
        assert_eq!(seen.code, code, "{args:?}: {}", seen.err);
        assert!(seen.err.contains(words), "{args:?}: {}", seen.err);
        assert!(seen.out.is_empty(), "{args:?}: {}", seen.out);
    }
    let seen = run(&mut bench.command(&["doctor", "prob"]));
    assert_eq!(seen.code, 2);
    assert!(seen.err.contains("did you mean `probe`?"), "{}", seen.err);
}

#[test]
fn secrets_homes_users_and_addresses_do_not_get_into_a_report() {
    let mut bench = Bench::new(
        r#"{ tool = { name = "widget", version = ">=1.2" } }, { docker = "*" },
    { kubectl = "*" }, { cluster = "*" }"#,
    );
    let secrets = [
        ("MLFLOW_TRACKING_PASSWORD", "correct-horse-battery"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG"),
        ("GITHUB_TOKEN", "ghp_aBcDeFgHiJkLmNoPqRsT"),
        ("OPENAI_API_KEY", "sk-proj-abcdefghijkl"),
        ("https_proxy", "http://ada:swordfish@proxy.corp.example:3128"),
    ];
    for (name, value) in secrets {
        bench.env(name, value);
    }
    bench.env("USER", "ada.lovelace");
    // A tool that prints all that it knows, in its version and in its complaint.
    bench.script(
        "widget",
        "env; echo \"for ada.lovelace in $HOME at 10.20.30.40, Authorization: \
        Bearer abcdefghijklmnop\"; env >&2; exit 1",
    );
    bench.script("docker", "env");
    bench.script("kubectl", "env >&2; exit 1");
    bench.env("DOCKER_HOST", "tcp://ada:swordfish@10.20.30.40:1");
    let home = bench.path("home").display().to_string();
    for format in ["text", "json", "junit", "github"] {
        let seen = run(&mut bench.command(&[
            "doctor",
            "probe",
            "--timeout",
            "2s",
            "--report",
            "--format",
            format,
        ]));
        for word in secrets.iter().take(4).map(|(_, value)| *value).chain([
            "swordfish",
            "ada.lovelace",
            &home,
            "10.20.30.40",
            "abcdefghijklmnop",
        ]) {
            assert!(!seen.out.contains(word), "{format}: {word}\n{}", seen.out);
            assert!(!seen.err.contains(word), "{format}: {word}\n{}", seen.err);
        }
        assert!(seen.out.contains("tool.widget"), "{format}: {}", seen.out);
    }
}

#[test]
fn fix_shows_the_command_and_runs_nothing_without_a_yes() {
    let bench = Bench::new(r#"{ docker = "*" }"#);
    // A dead socket on a system without systemd: the command to start it is `service docker start`.
    drop(std::os::unix::net::UnixListener::bind(bench.path("docker.sock")).unwrap());
    std::fs::create_dir(bench.path("root")).unwrap();
    let ran = bench.path("ran");
    bench.script("service", &format!("echo \"$@\" >>{}", ran.display()));
    bench.script("sudo", "exec \"$@\"");
    bench.link("sh", "/bin/sh");
    let root = bench.path("root").display().to_string();
    let args = ["--root", root.as_str(), "--fix"];
    let seen = bench.doctor(&args);
    assert!(
        seen.err.contains("service docker start") && seen.err.contains("not run"),
        "{}",
        seen.err
    );
    assert!(!ran.exists());
    assert_eq!(seen.code, 1);
    let seen = bench.doctor(&["--root", &root, "--fix", "--yes"]);
    assert_eq!(std::fs::read_to_string(&ran).unwrap(), "docker start\n");
    // It was probed again, and still nothing listens.
    seen.is("docker.engine", "fail", "refused");
    std::fs::remove_file(&ran).unwrap();

    // On a terminal it asks: anything but a yes is a no.
    let Some(python) = python() else { return };
    let ask = "import os,pty,sys\npid,fd=pty.fork()\nif pid==0: \
        os.execv(sys.argv[2],sys.argv[2:])\nout=b''\nsent=False\nwhile True:\n try: \
        part=os.read(fd,4096)\n except OSError: break\n if not part: break\n out+=part\n if \
        b'[y/N]' in out and not sent: os.write(fd,sys.argv[1].encode()+b'\\n'); \
        sent=True\nos.waitpid(pid,0)\nsys.stdout.buffer.write(out)";
    for (answer, runs) in [("n", false), ("", false), ("maybe", false), ("y", true)] {
        let mut command = Command::new(&python);
        bench.prepare(&mut command);
        let ours = bench.command(&["doctor", "probe", "--root", &root, "--fix"]);
        let seen = run(command
            .args(["-I", "-c", ask, answer])
            .arg(ours.get_program())
            .args(ours.get_args()));
        assert!(seen.out.contains("run it?"), "{}\n{}", seen.out, seen.err);
        assert_eq!(ran.exists(), runs, "{answer:?}: {}", seen.out);
    }
}

#[test]
fn the_text_fits_40_80_and_120_columns_and_has_no_colour_in_a_pipe() {
    let bench = Bench::new(ALL);
    for columns in [40, 80, 120] {
        let mut command = bench.command(&["doctor", "probe", "--timeout", "1s"]);
        let seen = run(command.env("COLUMNS", columns.to_string()));
        assert!(!seen.out.contains('\u{1b}'), "{}", seen.out);
        for line in seen.out.lines().filter(|line| line.chars().count() > columns) {
            // Only what must be pasted, or is one word, may be longer.
            let text = line.trim_start();
            let text = text.strip_prefix("hint: ").unwrap_or(text);
            let command =
                ["mlops-lab ", "next:", "kind ", "export ", "sudo ", "sysctl ", "kubectl "]
                    .iter()
                    .any(|start| text.starts_with(start));
            assert!(command || !text.contains(' '), "{columns}: {line}");
        }
    }
}

#[test]
fn each_check_is_listed_with_what_it_finds_out() {
    let bench = Bench::new("");
    let seen = run(&mut bench.command(&["doctor", "--list", "--json"]));
    let ids: Vec<&str> =
        seen.report.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"docker.engine") && ids.contains(&"port"), "{ids:?}");
}
