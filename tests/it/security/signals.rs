//! A signal ends any command at once, at whatever it waits for, with 130, and leaves nothing that
//! the next command cannot end.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::harness::{Lab, Limited, Running, alone, ended, signal};
use crate::security::listeners::{pack_with, until};

/// Half a second is what is promised; a loaded machine gets a little more.
const SOON: Duration = Duration::from_millis(1500);

/// A server that says when it is asked, and does not answer while there is a file `hang`.
const HANGS: &str = r#"
import http.server, os, sys, time
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        open("asked", "w").close()
        while os.path.exists("hang"):
            time.sleep(0.02)
        super().do_GET()
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"#;

/// A lab whose service runs this, waits long to be ready and is given long to end.
fn lab(service: &str) -> Lab {
    let pack = pack_with("stop_within = \"1s\"", "stop_within = \"4s\"");
    let lab = Lab::new(pack.path().to_str(), "tiny", &["program=good"]);
    std::fs::write(lab.root.join("hangs.py"), HANGS).unwrap();
    let service = service.replace("SERVE", &format!("python3 hangs.py {}", lab.port));
    let service = format!("[ $1 = good ] || exec sleep 600\n{service}\n");
    std::fs::write(lab.root.join("service.sh"), service).unwrap();
    lab
}

fn started(command: &mut Command) -> Running {
    command.stdout(Stdio::piped()).stderr(Stdio::null()).start()
}

fn ends(what: &str, mut child: Running, by: Signal) {
    let since = Instant::now();
    signal(&child, by);
    let code = ended(&mut child);
    assert_eq!(code, 130, "{what} by {by:?}");
    assert!(since.elapsed() < SOON, "{what} by {by:?}: {:?}", since.elapsed());
}

/// Signals, and how long after the event they come.
const MOMENTS: [(Signal, u64); 4] =
    [(Signal::INT, 0), (Signal::TERM, 0), (Signal::INT, 120), (Signal::TERM, 300)];

fn after(moment: u64) {
    std::thread::sleep(Duration::from_millis(moment));
}

fn seen(lab: &Lab, file: &str) {
    until(file, || lab.root.join(file).exists());
}

fn touch(path: &Path) {
    std::fs::write(path, "").unwrap();
}

#[test]
fn status_and_check_of_a_server_that_hangs_end_at_once() {
    let _alone = alone();
    let lab = lab("exec SERVE");
    lab.ok(&["up"]);
    touch(&lab.root.join("hang"));
    for command in [&["status"][..], &["check"], &["check", "--watch"]] {
        for (by, moment) in MOMENTS {
            let _ = std::fs::remove_file(lab.root.join("asked"));
            let child = started(&mut lab.command(command));
            seen(&lab, "asked");
            after(moment);
            ends(command[0], child, by);
        }
    }
    std::fs::remove_file(lab.root.join("hang")).unwrap();
    lab.ok(&["status"]);
}

#[test]
#[ignore = "takes long"]
fn up_that_waits_for_a_deaf_service_to_be_ready_ends_and_leaves_nothing_running() {
    let _alone = alone();
    let lab = lab("trap '' TERM; touch begun; SERVE");
    touch(&lab.root.join("hang"));
    for (by, moment) in MOMENTS {
        let _ = std::fs::remove_file(lab.root.join("asked"));
        let child = started(&mut lab.command(&["up"]));
        seen(&lab, "asked");
        after(moment);
        ends("up", child, by);
        let status = lab.run(&["status", "--json"]).out;
        assert!(!status.contains("process "), "{status}");
        std::net::TcpListener::bind(("127.0.0.1", lab.port)).unwrap();
    }
}

#[test]
#[ignore = "takes long"]
fn init_that_brings_the_lab_up_ends_as_up_does() {
    let _alone = alone();
    let pack = pack_with("stop_within = \"1s\"", "stop_within = \"4s\"");
    let template = pack.path().join("templates/tiny");
    std::fs::write(template.join("hangs.py"), HANGS).unwrap();
    std::fs::write(template.join("hang"), "").unwrap();
    let port = crate::harness::free_port();
    let service = format!("[ $1 = good ] || exec sleep 600\nexec python3 hangs.py {port}\n");
    std::fs::write(template.join("service.sh"), service).unwrap();
    let root = pack.path().join("made");
    let mut init = Command::new(crate::harness::BIN);
    init.arg("--pack").arg(pack.path()).args(["init", "tiny", "--up", "--no-doctor", "--set"]);
    let child = started(init.arg(format!("port={port}")).arg(&root));
    until("the service was asked", || root.join("asked").exists());
    ends("init --up", child, Signal::INT);
    let down =
        crate::harness::seen(Command::new(crate::harness::BIN).arg("-C").arg(&root).arg("down"));
    assert_eq!(down.code, 0, "{}", down.err);
}

#[test]
fn logs_that_follow() {
    let _alone = alone();
    let lab = lab("echo the first line; exec SERVE");
    lab.ok(&["up"]);
    for (by, moment) in MOMENTS {
        let mut child = started(&mut lab.command(&["logs", "files", "--follow"]));
        let mut line = String::new();
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        reader.read_line(&mut line).unwrap();
        assert_eq!(line, "the first line\n");
        after(moment);
        ends("logs --follow", child, by);
        drop(reader);
    }
}

#[test]
#[ignore = "takes long"]
fn down_of_a_deaf_service_leaves_it_to_the_next_down() {
    let _alone = alone();
    let lab = lab("trap 'touch heard' TERM; SERVE & while :; do wait; done");
    for (by, moment) in [(Signal::INT, 0), (Signal::TERM, 1200)] {
        lab.ok(&["up"]);
        let _ = std::fs::remove_file(lab.root.join("heard"));
        let child = started(&mut lab.command(&["down"]));
        seen(&lab, "heard");
        after(moment);
        ends("down", child, by);
        assert!(lab.run(&["status", "--json"]).out.contains("process "), "it was forgotten");
        lab.ok(&["down"]);
        std::net::TcpListener::bind(("127.0.0.1", lab.port)).unwrap();
    }
}
