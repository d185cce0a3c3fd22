//! The container engine: sockets that are absent, dead, closed to us, silent, full, or somebody
//! else's; and the client's plugins.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use serde_json::{Value, json};

use crate::doctor::bench::{Bench, Run, http, root, run, serve_tcp, serve_unix};
use crate::harness::{BIN, Limited, strict};

pub const SECOND: Duration = Duration::from_secs(1);
pub const DOCKER: &str = r#"{ docker = ">=20.10" }"#;

pub fn version() -> Value {
    json!({"Version": "28.2.2", "ApiVersion": "1.50", "MinAPIVersion": "1.24"})
}

pub fn info() -> Value {
    json!({"ID": "a-b-c", "ServerVersion": "28.2.2", "MemTotal": 8_000_000_000_u64, "NCPU": 4,
        "OperatingSystem": "Debian GNU/Linux 12",
        "Architecture": "x86_64", "DockerRootDir": "/", "SystemTime": now(0), "HttpProxy": "",
            "HttpsProxy": "", "Runtimes": {"runc": {}}})
}

/// The time, as the engine says it, `ahead` seconds from now.
fn now(ahead: i64) -> String {
    let out = std::process::Command::new("date")
        .args(["-u", "-d", &format!("{ahead} seconds"), "+%Y-%m-%dT%H:%M:%S.%NZ"])
        .finish();
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

/// A bench whose engine gives these two answers.
pub fn engine(needs: &str, version: Value, info: Value) -> Bench {
    let bench = Bench::new(needs);
    serve_unix(
        &bench.path("docker.sock"),
        Box::new(move |_, path| match path {
            "/version" => http(200, &version.to_string()),
            "/info" => http(200, &info.to_string()),
            _ => http(404, "{}"),
        }),
    );
    bench
}

fn one_failure(seen: &Run) {
    for id in ["docker.clock", "docker.proxy"] {
        seen.is(id, "skip", "blocked");
        assert_eq!(seen.finding(id)["blocked_by"], "docker.engine");
    }
    let failing = seen.report["findings"].as_array().unwrap().iter();
    assert_eq!(
        failing
            .filter(|finding| matches!(finding["status"].as_str(), Some("fail" | "unknown")))
            .count(),
        1
    );
}

#[test]
fn an_engine_that_answers_is_a_pass() {
    let bench = engine(DOCKER, version(), info());
    let seen = bench.doctor(&[]);
    assert!(seen.is("docker.engine", "pass", "ok").starts_with("28.2.2, API 1.50"));
    seen.is("docker.clock", "pass", "ok");
    assert_eq!(seen.code, 0);
}

#[test]
fn no_socket_and_a_dead_one_are_one_failure_each_with_the_rest_skipped() {
    let bench = Bench::new(DOCKER);
    let seen = bench.doctor(&[]);
    seen.is("docker.engine", "fail", "absent");
    one_failure(&seen);
    assert_eq!(seen.code, 1);
    drop(UnixListener::bind(bench.path("docker.sock")).unwrap());
    let seen = bench.doctor(&[]);
    seen.is("docker.engine", "fail", "refused");
    one_failure(&seen);
    assert!(seen.report["ms"].as_u64().unwrap() < 300);
}

#[test]
#[ignore = "needs root"]
fn a_socket_that_this_user_may_not_use_names_the_group_or_the_new_session() {
    if !root() {
        eprintln!("skipped: only root can become another user");
        assert!(!strict());
        return;
    }
    let bench = engine(DOCKER, version(), info());
    std::fs::set_permissions(bench.path("docker.sock"), std::fs::Permissions::from_mode(0o000))
        .unwrap();
    std::fs::copy(BIN, bench.path("bin/mlops-lab")).unwrap();
    let as_nobody = |extra: &[&str]| {
        let mut command = std::process::Command::new("/usr/bin/setpriv");
        bench.prepare(&mut command);
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(bench.path("bin/mlops-lab"));
        command.arg("--pack").arg(bench.path("pack"));
        run(command.args(["doctor", "probe", "--json"]).args(extra))
    };
    let seen = as_nobody(&[]);
    seen.is("docker.engine", "fail", "permission");
    one_failure(&seen);
    assert!(
        seen.hints("docker.engine").contains("sudo usermod -aG docker nobody"),
        "{}",
        seen.hints("docker.engine")
    );
    // By /etc/group this user is in the group: the session is what is old.
    bench.at("root/etc/group", b"root:x:0:\ndocker:x:4242:ada,nobody\n", 0o644);
    bench.at(
        "root/etc/passwd",
        b"root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n",
        0o644,
    );
    let seen = as_nobody(&["--root", bench.path("root").to_str().unwrap()]);
    seen.is("docker.engine", "fail", "permission-session");
    assert!(seen.hints("docker.engine").contains("newgrp docker"));
}

#[test]
fn a_socket_that_accepts_and_never_answers_is_unknown_in_time() {
    let bench = Bench::new(DOCKER);
    serve_unix(&bench.path("docker.sock"), Box::new(|_, _| None));
    let seen = bench.doctor(&[]);
    seen.is("docker.engine", "unknown", "late");
    one_failure(&seen);
    seen.within(SECOND);
    assert_eq!(seen.code, 3);
    // With the usual deadline of five seconds a socket has two.
    let seen = bench.doctor(&["--timeout", "5s"]);
    assert!(seen.report["ms"].as_u64().unwrap() < 2500, "{}", seen.report["ms"]);
}

#[test]
fn a_version_and_then_silence_is_unknown_in_time() {
    let bench = Bench::new(DOCKER);
    serve_unix(
        &bench.path("docker.sock"),
        Box::new(|_, path| {
            (path == "/version").then(|| http(200, &version().to_string())).flatten()
        }),
    );
    let seen = bench.doctor(&[]);
    seen.is("docker.engine", "unknown", "late");
    seen.within(SECOND);
}

#[test]
fn a_full_backlog_does_not_hold_the_doctor() {
    let bench = Bench::new(DOCKER);
    let socket = bench.path("docker.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    // Nobody accepts. A connection that would block says that the backlog is full; it is tried in a
    // thread, for it hangs for ever.
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        while let Ok(stream) = UnixStream::connect(&socket) {
            if tell.send(stream).is_err() {
                return;
            }
        }
    });
    let mut held = Vec::new();
    while let Ok(stream) = told.recv_timeout(Duration::from_secs(1)) {
        held.push(stream);
    }
    assert!(held.len() > 10, "the backlog was not filled");
    let seen = bench.doctor(&[]);
    seen.is("docker.engine", "unknown", "late");
    seen.within(SECOND);
}

#[test]
fn an_engine_that_is_starting_is_waited_for() {
    let bench = Bench::new(DOCKER);
    serve_unix(
        &bench.path("docker.sock"),
        Box::new(|count, path| match (count, path) {
            (0..3, _) => http(500, r#"{"message":"the daemon is starting"}"#),
            (_, "/version") => http(200, &version().to_string()),
            _ => http(200, &info().to_string()),
        }),
    );
    let seen = bench.doctor(&[]);
    assert!(seen.is("docker.engine", "fail", "starting").contains("the daemon is starting"));
    assert!(seen.hints("docker.engine").contains("--wait"));
    let seen = bench.doctor(&["--wait", "60s"]);
    seen.is("docker.engine", "pass", "ok");
    assert_eq!(seen.code, 0);
    // What cannot heal by itself is not waited for, and what does not come ends the waiting.
    let bench = {
        drop(bench);
        Bench::new(r#"{ git = "*" }"#)
    };
    let seen = bench.doctor(&["--wait", "60s"]);
    seen.is("git", "fail", "absent");
    assert!(seen.took < Duration::from_secs(10));
    let bench = {
        drop(bench);
        Bench::new(DOCKER)
    };
    let seen = bench.doctor(&["--wait", "2s"]);
    assert_eq!(seen.code, 1);
    assert!(seen.took < Duration::from_secs(10));
}

#[test]
fn what_answers_and_is_no_engine_is_not_taken_for_one() {
    for (body, class) in [
        ("<html>hello</html>", "not-docker"),
        ("{}", "not-docker"),
        (r#"{"Version":"","ApiVersion":""}"#, "not-docker"),
    ] {
        let bench = Bench::new(DOCKER);
        serve_unix(&bench.path("docker.sock"), Box::new(move |_, _| http(200, body)));
        let seen = bench.doctor(&[]);
        seen.is("docker.engine", "fail", class);
        one_failure(&seen);
    }
    let bench = Bench::new(DOCKER);
    serve_unix(
        &bench.path("docker.sock"),
        Box::new(|_, _| Some("SSH-2.0-OpenSSH_9\r\n".to_owned())),
    );
    bench.doctor(&[]).is("docker.engine", "fail", "not-docker");
    drop(bench);
    // A version, and zeros for the rest: the client itself would say 0 to that.
    for info in [
        json!({"ID": "", "ServerVersion": ""}),
        json!({"ID": "", "ServerErrors": ["Cannot connect"]}),
    ] {
        let bench = engine(DOCKER, version(), info);
        bench.doctor(&[]).is("docker.engine", "fail", "error");
    }
}

#[test]
fn the_variable_that_won_is_named() {
    let mut bench = engine(DOCKER, version(), info());
    bench.env("DOCKER_CONTEXT", "nowhere");
    // DOCKER_HOST goes before DOCKER_CONTEXT.
    bench.doctor(&[]).is("docker.engine", "pass", "ok");
    bench.unset("DOCKER_HOST");
    let seen = bench.doctor(&[]);
    let title = seen.is("docker.engine", "fail", "no-context");
    assert!(title.contains("DOCKER_CONTEXT") && title.contains("`nowhere`"), "{title}");
    assert!(seen.hints("docker.engine").contains("unset DOCKER_CONTEXT"));
    one_failure(&seen);
    bench.unset("DOCKER_CONTEXT");
    bench.at("home/.docker/config.json", br#"{"currentContext": "work"}"#, 0o644);
    let seen = bench.doctor(&[]);
    assert!(seen.is("docker.engine", "fail", "no-context").contains("currentContext"));
    assert!(!seen.hints("docker.engine").contains("unset"), "no variable says so");
    let meta = json!({"Name": "work", "Endpoints": {"docker": {"Host": format!("unix://{}",
        bench.path("docker.sock").display())}}});
    bench.at("home/.docker/contexts/meta/0a1b/meta.json", meta.to_string().as_bytes(), 0o644);
    bench.doctor(&[]).is("docker.engine", "pass", "ok");
    bench.env("DOCKER_HOST", "nonsense");
    assert!(bench.doctor(&[]).is("docker.engine", "fail", "bad-endpoint").contains("DOCKER_HOST"));
}

#[test]
fn an_engine_on_another_machine_is_asked_over_tcp() {
    let mut bench =
        Bench::new("compose:{ docker = \">=20.10\" }, { disk = \"1MB\" }, { memory = \"1GB\" }");
    let port = serve_tcp(Box::new(|_, path| match path {
        "/version" => http(200, &version().to_string()),
        _ => http(200, &info().to_string()),
    }));
    bench.env("DOCKER_HOST", format!("tcp://127.0.0.1:{port}"));
    let seen = bench.doctor(&[]);
    seen.is("docker.engine", "pass", "ok");
    seen.is("docker.memory", "pass", "ok");
    seen.is("docker.disk", "skip", "ok");
    bench.env("DOCKER_HOST", "tcp://127.0.0.1:1");
    bench.doctor(&[]).is("docker.engine", "fail", "refused");
}

#[test]
fn an_engine_that_is_too_old_and_one_that_is_too_new_for_the_client() {
    let bench = engine(DOCKER, json!({"Version": "19.03.1", "ApiVersion": "1.40"}), info());
    bench.doctor(&[]).is("docker.engine", "fail", "too-old");
    let new = json!({"Version": "29.0.1", "ApiVersion": "1.52", "MinAPIVersion": "1.44"});
    let bench = {
        drop(bench);
        engine(r#"{ docker = ">=20.10" }, { compose = "*" }"#, new, info())
    };
    bench.script(
        "docker",
        "case $1 in --version) echo 'Docker version 20.10.24+dfsg1, build 297e128';; *) echo \
         2.26.1-4;; esac",
    );
    let seen = bench.doctor(&[]);
    assert!(seen.is("docker.engine", "fail", "api-mismatch").contains("1.44"));
    seen.is("docker.compose", "pass", "ok");
    bench.script(
        "docker",
        "case $1 in --version) echo 'Docker version 28.2.2, build e6534b4';; *) echo 2.26.1-4;; \
         esac",
    );
    bench.doctor(&[]).is("docker.engine", "pass", "ok");
}

#[test]
fn the_engine_s_machine_counts_for_containers() {
    let needs = r#"compose:{ docker = "*" }, { memory = "10GB" }, { cpus = 8 },
    { disk = "9000000GB" }, { arch = ["arm64"] }, { gpu = "required" }"#;
    let mut told = info();
    told["SystemTime"] = json!(now(-3600));
    let mut bench = engine(needs, version(), told);
    bench.env("HTTPS_PROXY", "http://proxy.example:3128").env("NO_PROXY", "localhost,127.0.0.1");
    let seen = bench.doctor(&[]);
    seen.is("docker.memory", "warn", "too-little");
    seen.is("docker.cpus", "warn", "too-little");
    seen.is("docker.disk", "warn", "too-little");
    assert!(seen.is("docker.clock", "warn", "skewed").contains("behind"));
    seen.is("docker.proxy", "warn", "daemon-without");
    seen.is("docker.arch", "warn", "emulated");
    seen.is("docker.gpu", "skip", "blocked");
    seen.is("gpu", "fail", "none");
    let mut told = info();
    told["HttpsProxy"] = json!("http://xxxxx:xxxxx@proxy.example:3128/");
    let mut bench = {
        drop(bench);
        engine(DOCKER, version(), told)
    };
    bench
        .env("HTTPS_PROXY", "http://me:pw@proxy.example:3128")
        .env("NO_PROXY", "localhost,127.0.0.1");
    bench.doctor(&[]).is("docker.proxy", "pass", "ok");
    bench.env("HTTPS_PROXY", "http://other.example:3128");
    bench.doctor(&[]).is("docker.proxy", "warn", "daemon-other");
}

#[test]
fn images_are_asked_for_by_the_engine_and_only_when_online() {
    let bench = Bench::new(
        r#"{ docker = "*" }, { images = ["there:1", "gone:2", "example.com/broken:3"] }"#,
    );
    serve_unix(
        &bench.path("docker.sock"),
        Box::new(|_, path| match path {
            "/version" => http(200, &version().to_string()),
            "/info" => http(200, &info().to_string()),
            "/distribution/there:1/json" => http(200, "{}"),
            "/distribution/gone:2/json" => http(404, r#"{"message":"manifest unknown"}"#),
            _ => http(500, r#"{"message":"lookup example.com: no such host"}"#),
        }),
    );
    let seen = bench.doctor(&[]);
    assert!(
        seen.report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .all(|finding| !finding["id"].as_str().unwrap().starts_with("online"))
    );
    let seen = bench.doctor(&["--online"]);
    seen.is("online.image.there:1", "pass", "ok");
    seen.is("online.image.gone:2", "fail", "no-such-image");
    assert!(
        seen.is("online.image.example.com/broken:3", "fail", "unreachable")
            .contains("no such host")
    );
}
