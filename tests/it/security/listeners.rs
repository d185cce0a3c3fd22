//! Who listens where the lab should: a stranger is never taken for the lab, and gets no password.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Lab, Limited, alone, copy};

/// A pack whose lab has another manifest.
pub fn pack_with(find: &str, put: &str) -> tempfile::TempDir {
    let pack = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"), pack.path());
    let manifest = pack.path().join("labs/tiny/lab.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    assert!(text.contains(find), "{find}");
    std::fs::write(&manifest, text.replace(find, put)).unwrap();
    pack
}

/// A lab whose service is this script.
fn lab_with(service: &str) -> Lab {
    let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
    let service = service.replace("PORT", &lab.port.to_string());
    std::fs::write(
        lab.root.join("service.sh"),
        format!("[ $1 = good ] || exec sleep 600\n{service}\n"),
    )
    .unwrap();
    lab
}

pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// This very process on the lab's port: it answers everything as the lab would, and keeps what it
/// was sent.
struct Stranger {
    heard: Arc<Mutex<String>>,
}

impl Stranger {
    fn new(port: u16) -> Stranger {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let heard: Arc<Mutex<String>> = Arc::default();
        let kept = heard.clone();
        std::thread::spawn(move || {
            listener.incoming().flatten().for_each(|stream| answer(stream, &kept))
        });
        Stranger { heard }
    }

    fn heard(&self) -> String {
        self.heard.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, heard: &Mutex<String>) {
    let mut request = [0; 4096];
    let length = stream.read(&mut request).unwrap_or(0);
    heard.lock().unwrap().push_str(&String::from_utf8_lossy(&request[..length]));
    let _ = stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 11\r\n\r\nmade hello\n");
}

fn named(words: &str, lab: &Lab) {
    assert!(words.contains(&format!("(process {})", std::process::id())), "{words}");
    assert!(words.contains("update --set port="), "{words}");
    assert!(words.contains(&lab.port.to_string()), "{words}");
}

#[test]
fn a_stranger_that_takes_the_port_while_tasks_run_is_not_taken_for_the_service() {
    let _alone = alone();
    // No login: what answers would be believed.
    let pack = pack_with("login = { user = \"API_USER\", password = \"TOKEN\" }", "");
    let manifest = pack.path().join("labs/tiny/lab.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let waits = text.replace(
        "echo made >made.txt; echo making",
        "touch begun; until [ -e on ]; do sleep 0.1; done; echo made >made.txt",
    );
    std::fs::write(&manifest, waits).unwrap();
    let lab = Lab::new(pack.path().to_str(), "tiny", &["program=good"]);
    let up = lab.command(&["up"]).stderr(std::process::Stdio::piped()).start();
    until("the task runs", || lab.root.join("begun").exists());
    let stranger = Stranger::new(lab.port);
    std::fs::write(lab.root.join("on"), "").unwrap();
    let ended = up.finish();
    let err = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(3), "{err}");
    named(&err, &lab);
    let status: Value = serde_json::from_str(&lab.run(&["status", "--json"]).out).unwrap();
    assert_ne!(status["services"][0]["state"], "ready", "{status}");
    drop(stranger);
}

#[test]
fn a_port_that_a_stranger_took_from_a_living_service_is_taken_for_the_doctor() {
    let _alone = alone();
    let serve = "python3 -m http.server --bind 127.0.0.1 PORT & served=$!";
    let lab = lab_with(&format!(
        "{serve}\nuntil [ -e let-go ]; do sleep 0.1; done\nkill $served; exec sleep 600"
    ));
    lab.ok(&["up"]);
    let classes = || {
        let report: Value =
            serde_json::from_str(&lab.run(&["doctor", "--only", "port", "--json"]).out).unwrap();
        let findings = report["findings"].as_array().unwrap().clone();
        findings.iter().map(|found| found["class"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(classes(), ["own"]);
    std::fs::write(lab.root.join("let-go"), "").unwrap();
    until("the port is free", || TcpListener::bind(("127.0.0.1", lab.port)).is_ok());
    let _stranger = Stranger::new(lab.port);
    assert_eq!(classes(), ["taken"]);
}

#[test]
#[ignore = "takes long"]
fn a_service_that_forks_leaves_its_session_or_comes_late_is_ready() {
    let _alone = alone();
    const SERVE: &str = "python3 -m http.server --bind 127.0.0.1 PORT";
    for service in [
        format!("{SERVE} & wait"),
        format!("setsid {SERVE} & wait"),
        format!("(setsid sh -c '{SERVE} & wait' &); exec sleep 600"),
        format!("sleep 1; exec {SERVE}"),
    ] {
        let lab = lab_with(&service);
        lab.ok(&["up"]);
        lab.ok(&["status"]);
        assert!(lab.ok(&["up", "--json"]).out.contains("\"started\": []"), "{service}");
        lab.ok(&["restart", "files"]);
        lab.ok(&["down"]);
        TcpListener::bind(("127.0.0.1", lab.port)).unwrap();
    }
}

#[test]
fn a_stranger_on_the_port_of_a_service_that_lives_is_named_by_status_and_up() {
    let _alone = alone();
    let lab = lab_with(
        "python3 -m http.server --bind 127.0.0.1 PORT & server=$!
         until [ -e close ]; do sleep 0.1; done; kill $server; wait $server; touch closed; exec \
             sleep 600",
    );
    lab.ok(&["up"]);
    std::fs::write(lab.root.join("close"), "").unwrap();
    until("it lets go of its port", || lab.root.join("closed").exists());
    let stranger = Stranger::new(lab.port);
    let status: Value = serde_json::from_str(&lab.run(&["status", "--json"]).out).unwrap();
    let files = &status["services"][0];
    assert_eq!(files["state"], "not-ready", "{status}");
    assert!(
        files["observed"].as_str().unwrap().contains(&std::process::id().to_string()),
        "{status}"
    );
    let up = lab.run(&["up"]);
    assert_eq!(up.code, 3, "{}", up.err);
    named(&up.err, &lab);
    assert!(!stranger.heard().contains("Authorization"), "{}", stranger.heard());
}

#[test]
fn a_login_is_sent_to_no_stranger_and_the_verdict_says_who_listens() {
    let _alone = alone();
    let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
    let stranger = Stranger::new(lab.port);
    for command in [&["status"][..], &["doctor"], &["hint"], &["check"], &["solve", "--diff"]] {
        lab.run(command);
    }
    let seen = lab.run(&["check", "one", "--json"]);
    let now = serde_json::from_str::<Value>(&seen.out).unwrap()["rows"][0]["now"].clone();
    assert_eq!(now["verdict"], "cannot-tell", "{now}");
    let observed = now["observed"].as_str().unwrap();
    assert!(observed.contains("no password was sent"), "{observed}");
    named(observed, &lab);
    assert!(!stranger.heard().to_lowercase().contains("authorization"), "{}", stranger.heard());
}

#[test]
fn what_runs_by_hand_in_the_labs_folder_is_asked_with_the_login() {
    let _alone = alone();
    let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
    std::fs::write(lab.root.join("greeting.txt"), "hello\n").unwrap();
    let port = lab.port.to_string();
    let mut server = Command::new("python3")
        .args(["-m", "http.server", "--bind", "127.0.0.1", &port])
        .current_dir(&lab.root)
        .stderr(std::process::Stdio::null())
        .start();
    until("it answers", || TcpStream::connect(("127.0.0.1", lab.port)).is_ok());
    let seen = lab.run(&["check", "one", "--json"]);
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(seen.out.contains("\"pass\""), "{}", seen.out);
}
