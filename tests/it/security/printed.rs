//! What services print does not drive the terminal, whoever brings it there.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{Lab, Limited, ended, signal};
use crate::security::listeners::pack_with;

const EVIL: &str = r"\033]0;owned\007\033[2J\033[9A\302\233\342\200\256";

fn drives(text: &str) -> bool {
    text.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}'])
}

#[test]
fn logs_of_containers_are_escaped_and_raw_ones_are_not() {
    let pack = pack_with("[endpoint.api]", "[runtime.compose]\n[endpoint.api]");
    let mut lab = Lab::new(pack.path().to_str(), "tiny", &["program=good"]);
    let bin = pack.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let docker = format!("#!/bin/sh\nprintf 'web | {EVIL}\\n'; printf 'warning {EVIL}\\n' >&2\n");
    std::fs::write(bin.join("docker"), docker).unwrap();
    std::fs::set_permissions(bin.join("docker"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    lab.env.insert("PATH".to_owned(), path.into());
    let shown = lab.ok(&["logs", "--runtime", "compose"]);
    assert!(shown.out.starts_with("web | \\u001b]0;owned"), "{:?}", shown.out);
    assert!(shown.err.starts_with("warning \\u001b]0;owned"), "{:?}", shown.err);
    assert!(!drives(&shown.out) && !drives(&shown.err), "{shown:?}");
    let raw = lab.ok(&["logs", "--runtime", "compose", "--raw"]);
    assert!(drives(&raw.out) && drives(&raw.err), "{raw:?}");
    let json = lab.ok(&["logs", "--runtime", "compose", "--json"]).out;
    let line: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(line["service"], "web");
    assert!(drives(line["line"].as_str().unwrap()) && !drives(&json), "{json:?}");
    lab.env.clear();
}

#[test]
fn logs_of_services_are_escaped_and_raw_ones_are_not() {
    let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
    let serve = format!("exec python3 -m http.server --bind 127.0.0.1 {}", lab.port);
    let service = format!("[ $1 = good ] || exec sleep 600\nprintf '{EVIL}\\n'\n{serve}\n");
    std::fs::write(lab.root.join("service.sh"), service).unwrap();
    lab.ok(&["up"]);
    let shown = lab.ok(&["logs"]).out;
    assert!(shown.contains("\\u001b]0;owned") && !drives(&shown), "{shown:?}");
    assert!(drives(&lab.ok(&["logs", "--raw"]).out));
}

#[test]
fn logs_for_programs_are_an_object_on_each_line_also_while_they_grow() {
    let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
    let serve = format!("exec python3 -m http.server --bind 127.0.0.1 {}", lab.port);
    let grows = "(until [ -e more ]; do sleep 0.1; done; echo later) &";
    let service =
        format!("[ $1 = good ] || exec sleep 600\nprintf '{EVIL}\\n'\n{grows}\n{serve}\n");
    std::fs::write(lab.root.join("service.sh"), service).unwrap();
    lab.ok(&["up"]);
    let json = lab.ok(&["logs", "--json"]).out;
    let lines: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let evil = lines.iter().find(|line| drives(line["line"].as_str().unwrap())).unwrap();
    assert_eq!(evil["service"], "files");
    assert!(
        lines.iter().any(|line| *line == json!({"service": "make", "line": "making"})),
        "{json}"
    );
    assert!(!drives(&json), "{json:?}");
    let mut follows =
        lab.command(&["logs", "files", "--follow", "--json"]).stdout(Stdio::piped()).start();
    std::fs::write(lab.root.join("more"), "").unwrap();
    let mut lines = BufReader::new(follows.stdout.take().unwrap()).lines();
    let later = lines.find(|line| {
        let line: Value = serde_json::from_str(line.as_ref().unwrap()).unwrap();
        line == json!({"service": "files", "line": "later"})
    });
    assert!(later.is_some());
    signal(&follows, Signal::INT);
    assert_eq!(ended(&mut follows), 130);
    let both = lab.run(&["logs", "--json", "--raw"]);
    assert_eq!(both.code, 2, "{both:?}");
}
