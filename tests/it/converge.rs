//! `up` on a lab that runs, `restart`, and what `status`, `open` and `logs` print then: on a small
//! lab.
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{self, Lab, Limited, must, seen};
use serde_json::{Value, json};

fn tiny(program: &str) -> Lab {
    Lab::new(Some("tiny"), "tiny", &[&format!("program={program}")])
}

fn answer(lab: &Lab, args: &[&str]) -> Value {
    serde_json::from_str(&lab.ok(args).out).unwrap()
}

fn pid(lab: &Lab, service: usize) -> String {
    let status: Value = serde_json::from_str(&lab.run(&["status", "--json"]).out).unwrap();
    let place = status["services"][service]["place"].as_str().unwrap().to_owned();
    place.strip_prefix("process ").unwrap().to_owned()
}

fn signal(name: &str, pid: &str) {
    must(Command::new("kill").args([name, pid]));
}

fn edit(path: &Path, find: &str, put: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(find), "{text}");
    std::fs::write(path, text.replace(find, put)).unwrap();
}

#[test]
fn what_a_task_should_have_made_is_made_again_and_its_reader_restarted() {
    let lab = tiny("good");
    lab.ok(&["up"]);
    let first = pid(&lab, 0);
    std::fs::remove_file(lab.root.join("made.txt")).unwrap();
    let up = lab.ok(&["up"]);
    assert!(lab.root.join("made.txt").exists());
    assert!(up.out.contains("files: made.txt was missing: restarted"), "{}", up.out);
    assert_ne!(pid(&lab, 0), first);
    assert_eq!(answer(&lab, &["up", "--json"])["restarted"], Value::Null, "and that is all");
}

#[test]
fn a_service_whose_settings_changed_is_named_by_status_and_restarted_by_up() {
    let lab = tiny("good");
    std::fs::write(lab.root.join("more.txt"), "more\n").unwrap();
    lab.ok(&["up"]);
    let first = pid(&lab, 0);
    edit(&lab.root.join(".env"), "API_USER=me", "API_USER=hunter2");
    let status = lab.ok(&["status"]);
    assert!(status.out.contains("API_USER changed"), "{}", status.out);
    assert!(status.out.contains("next: mlops-lab up"), "{}", status.out);
    assert!(!status.out.contains("hunter2"), "{}", status.out);
    let up = answer(&lab, &["up", "--json"]);
    let why = "API_USER changed";
    assert_eq!(
        (&up["restarted"], &up["started"]),
        (&json!({"files": why, "second": why}), &json!([]))
    );
    assert_ne!(pid(&lab, 0), first);
    let second = pid(&lab, 0);
    // A variable of the shell is none of the lab's.
    assert!(
        seen(lab.command(&["up"]).env("API_USER_OF_MINE", "x").env("PATH", path_with("/nowhere")))
            .code
            == 0
    );
    assert_eq!(pid(&lab, 0), second);
    assert!(!lab.ok(&["status"]).out.contains("changed"));
}

fn path_with(folder: &str) -> String {
    format!("{}:{folder}", std::env::var("PATH").unwrap())
}

#[test]
fn a_port_that_an_update_changed_is_taken_up_by_a_running_lab() {
    let lab = tiny("good");
    lab.ok(&["up"]);
    let port = harness::free_port();
    // As `update` in another clone, pulled: it refuses while the lab is up.
    for file in ["service.sh", ".mlops-lab/lab.toml"] {
        edit(&lab.root.join(file), &lab.port.to_string(), &port.to_string());
    }
    lab.trust();
    let up = lab.ok(&["up"]);
    assert!(up.out.contains("MLOPS_LAB_ENDPOINT_API changed: restarted"), "{}", up.out);
    std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    assert!(std::net::TcpStream::connect(("127.0.0.1", lab.port)).is_err(), "the old one is free");
}

#[test]
fn a_port_changed_in_dotenv_alone_is_named_at_once_with_the_command_that_changes_it_everywhere() {
    let lab = tiny("good");
    let port = harness::free_port();
    let dotenv = lab.root.join(".env");
    edit(&dotenv, &format!("PORT={}", lab.port), &format!("PORT={port}"));
    let since = Instant::now();
    let up = lab.run(&["up"]);
    assert_eq!(up.code, 2);
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    let update = format!("update --set port={port}");
    assert!(up.err.contains(&format!("hint: change it global: mlops-lab {update}")), "{}", up.err);
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny");
    must(lab.command(&update.split(' ').collect::<Vec<_>>()).arg("--pack").arg(pack));
    lab.ok(&["up"]);
    std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
}

#[test]
fn a_taken_port_has_a_hint_that_works_as_it_is() {
    let lab = tiny("good");
    let _holder = std::net::TcpListener::bind(("127.0.0.1", lab.port)).unwrap();
    let up = lab.run(&["up"]);
    let hint = up.err.lines().find(|line| line.starts_with("hint: give the lab a port")).unwrap();
    let (_, words) = hint.split_once("mlops-lab ").unwrap();
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny");
    must(lab.command(&words.split(' ').collect::<Vec<_>>()).arg("--pack").arg(pack));
    lab.ok(&["up"]);
    // From outside the folder it names the folder.
    lab.ok(&["down"]);
    let outside =
        seen(Command::new(harness::BIN).arg("-C").arg(&lab.root).arg("open").current_dir("/"));
    assert_eq!(outside.code, 1);
}

#[test]
fn restart_starts_again_what_is_named_and_starts_what_is_down() {
    let lab = tiny("good");
    std::fs::write(lab.root.join("more.txt"), "more\n").unwrap();
    assert_eq!(answer(&lab, &["restart", "--json"])["started"], json!(["files", "second"]));
    let (files, second) = (pid(&lab, 0), pid(&lab, 1));
    assert_eq!(
        answer(&lab, &["restart", "files", "--json"])["restarted"],
        json!({"files": "requested"})
    );
    assert_ne!(pid(&lab, 0), files);
    assert_eq!(pid(&lab, 1), second, "the others are left alone");
    let slip = lab.run(&["restart", "flies"]);
    assert_eq!(slip.code, 2);
    assert!(slip.err.contains("did you mean `files`?"), "{}", slip.err);
    lab.ok(&["restart"]);
    assert_ne!(pid(&lab, 1), second);
}

#[test]
fn a_service_that_an_update_dropped_is_stopped() {
    let lab = tiny("good");
    std::fs::write(lab.root.join("more.txt"), "more\n").unwrap();
    lab.ok(&["up"]);
    let second = pid(&lab, 1);
    edit(&lab.root.join(".mlops-lab/lab.toml"), "name = \"second\"", "name = \"third\"");
    lab.trust();
    let up = answer(&lab, &["up", "--json"]);
    assert_eq!((&up["stopped"], &up["started"]), (&json!(["second"]), &json!(["third"])));
    assert!(!Path::new(&format!("/proc/{second}/fd/1")).exists(), "it is gone");
}

#[test]
fn before_there_is_anything_to_serve_up_status_open_and_check_agree() {
    let lab = tiny("good");
    // Every service of the lab waits.
    edit(
        &lab.root.join(".mlops-lab/lab.toml"),
        "stop_within = \"1s\"",
        "stop_within = \"1s\"\nrequires = [\"model\"]",
    );
    lab.trust();
    let early = lab.run(&["open"]);
    assert_eq!(early.code, 1);
    assert!(early.err.contains("mlops-lab up"), "{}", early.err);
    let up = lab.ok(&["up"]);
    assert!(
        up.out.contains("prepared on local") && up.out.contains("nothing runs yet"),
        "{}",
        up.out
    );
    assert!(up.out.contains("files waits for model"), "{}", up.out);
    assert!(!up.out.contains("http://"), "{}", up.out);
    let status = lab.ok(&["status"]);
    assert!(
        status.out.contains("waits for  model") && !status.out.contains("nothing runs\n"),
        "{}",
        status.out
    );
    let open = lab.run(&["open"]);
    assert_eq!((open.code, open.out.as_str()), (1, ""));
    assert!(
        open.err.contains("files waits for model") && open.err.contains("mlops-lab hint"),
        "{}",
        open.err
    );
    let check = lab.run(&["check"]);
    assert!(!check.out.contains("nothing runs"), "{}", check.out);
    std::fs::write(lab.root.join("model"), "").unwrap();
    assert!(lab.ok(&["up"]).out.contains("up on local"));
    assert!(lab.ok(&["open"]).out.contains("http://127.0.0.1"));
}

#[test]
fn open_refuses_an_address_at_which_nobody_answers_any_more() {
    let lab = tiny("good");
    lab.ok(&["up"]);
    signal("-9", &pid(&lab, 0));
    let end = Instant::now() + Duration::from_secs(20);
    while lab.run(&["open"]).code == 0 {
        assert!(Instant::now() < end, "the port is still held");
    }
    let open = lab.run(&["open"]);
    assert_eq!((open.code, open.out.as_str()), (3, ""));
    assert!(open.err.contains("mlops-lab status"), "{}", open.err);
}

#[test]
fn a_stopped_service_is_continued_so_that_it_can_end() {
    let _alone = harness::alone();
    let lab = tiny("good");
    edit(&lab.root.join(".mlops-lab/lab.toml"), "stop_within = \"1s\"", "stop_within = \"30s\"");
    lab.trust();
    lab.ok(&["up"]);
    signal("-STOP", &pid(&lab, 0));
    let since = Instant::now();
    lab.ok(&["down"]);
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
}

#[test]
fn deaf_services_are_stopped_side_by_side_and_said() {
    let _alone = harness::alone();
    let lab = tiny("deaf");
    let manifest = lab.root.join(".mlops-lab/lab.toml");
    edit(&manifest, "stop_within = \"1s\"", "stop_within = \"4s\"");
    edit(&manifest, "requires = [\"more.txt\"]", "stop_within = \"4s\"\nrequires = [\"more.txt\"]");
    lab.trust();
    edit(&lab.root.join("service.sh"), "waiting) exec", "waiting) trap '' TERM; exec");
    std::fs::write(lab.root.join("more.txt"), "more\n").unwrap();
    lab.ok(&["up"]);
    let since = Instant::now();
    let down = lab.ok(&["down"]);
    assert!(since.elapsed() < Duration::from_millis(6_500), "{:?}", since.elapsed());
    assert!(down.err.contains("files is still stopping: waiting up to 4 s"), "{}", down.err);
    assert!(down.out.contains("down: second, files"), "{}", down.out);
}

#[test]
fn a_reader_of_the_logs_may_leave_and_as_many_lines_come_as_were_asked_for() {
    let lab = tiny("good");
    // More than any window that is read at once.
    edit(&lab.root.join("service.sh"), "echo \"this is $1\"", "echo \"this is $1\"\nseq 30000");
    lab.ok(&["up"]);
    let all = lab.ok(&["logs", "files", "-n", "20000"]).out;
    assert_eq!(all.lines().count(), 20_000);
    for args in [&["logs", "files", "-n", "30000"][..], &["logs", "--follow", "-n", "30000"]] {
        let mut child = lab.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).start();
        let mut byte = [0];
        child.stdout.as_mut().unwrap().read_exact(&mut byte).unwrap();
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn the_newest_log_comes_last() {
    let lab = tiny("good");
    lab.ok(&["up"]);
    let logs = lab.ok(&["logs"]).out;
    let last = logs.lines().last().unwrap();
    assert!(last.starts_with("files | "), "the task is older than the service: {logs}");
    std::fs::write(lab.root.join("more.txt"), "more\n").unwrap();
    lab.ok(&["up"]);
    // It is ready before it has printed anything.
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let logs = lab.ok(&["logs", "-n", "1"]).out;
        if logs.lines().last().unwrap().starts_with("second | ") {
            break;
        }
        assert!(Instant::now() < end, "{logs}");
    }
}

#[test]
fn status_says_within_its_own_deadline_that_a_held_service_does_not_answer() {
    let _alone = harness::alone();
    let lab = tiny("good");
    std::fs::write(lab.root.join("more.txt"), "more\n").unwrap();
    lab.ok(&["up"]);
    let held = pid(&lab, 0);
    signal("-STOP", &held);
    let since = Instant::now();
    let status = lab.run(&["status"]);
    signal("-CONT", &held);
    // The check of the service has 20 s to start.
    assert!(since.elapsed() < Duration::from_secs(4), "{:?}", since.elapsed());
    assert_eq!(status.code, 1);
    assert!(
        status.out.contains("running, not ready") && status.out.contains("no answer within"),
        "{}",
        status.out
    );
    assert!(
        status.out.contains("second  ready"),
        "the others are asked all the same: {}",
        status.out
    );
}

#[test]
fn status_with_a_hung_engine_ends_and_says_so() {
    let _alone = harness::alone();
    let lab = Lab::new(None, "serving", &[]);
    let bin = tempfile::tempdir().unwrap();
    let docker = bin.path().join("docker");
    std::fs::write(&docker, "#!/bin/sh\nexec sleep 60\n").unwrap();
    std::fs::set_permissions(&docker, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    // What `up` notes before it starts containers.
    lab.ok(&["down"]);
    let note = json!({"project": format!("test-{}", lab.port), "root": lab.root, "up": true});
    std::fs::write(lab.run_folder().join("containers.json"), note.to_string()).unwrap();
    let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap());
    let since = Instant::now();
    let status = seen(lab.command(&["status"]).env("PATH", path));
    assert!(since.elapsed() < Duration::from_secs(4), "{:?}", since.elapsed());
    assert_eq!(status.code, 3);
    assert!(
        status.out.contains("docker  no answer") && status.out.contains("mlops-lab doctor"),
        "{}",
        status.out
    );
}

/// In a namespace of its own, as root.
#[cfg(target_os = "linux")]
fn apart(what: &str, script: &str, lab: &Lab) -> Option<harness::Seen> {
    let works = seen(Command::new("unshare").args([what, "true"])).code == 0;
    assert!(works || !harness::strict(), "unshare {what} does not work: run the tests as root");
    works.then(|| {
        seen(
            Command::new("unshare")
                .args([what, "sh", "-c", script, harness::BIN])
                .current_dir(&lab.root),
        )
    })
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "needs root"]
fn a_loopback_that_is_down_is_named_at_once() {
    let lab = tiny("good");
    let since = Instant::now();
    let Some(up) = apart("--net", "exec \"$0\" up", &lab) else { return };
    assert_eq!(up.code, 3, "{}", up.err);
    assert!(up.err.contains("sudo ip link set lo up"), "{}", up.err);
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "needs root"]
fn a_file_system_from_which_nothing_is_run_is_named() {
    let pack = tempfile::tempdir().unwrap();
    harness::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"), pack.path());
    edit(
        &pack.path().join("labs/tiny/lab.toml"),
        "run = [\"sh\", \"service.sh\", \"<[ program ]>\"]",
        "run = [\"bin/serve\"]",
    );
    let lab = Lab::new(pack.path().to_str(), "tiny", &["program=good"]);
    std::fs::create_dir(lab.root.join("bin")).unwrap();
    let script = "mount -t tmpfs -o noexec none bin && printf '#!/bin/sh\\nexec sleep 60\\n' \
        >bin/serve && chmod +x bin/serve && exec \"$0\" up";
    let Some(up) = apart("--mount", script, &lab) else { return };
    assert_eq!(up.code, 3, "{}", up.err);
    assert!(up.err.contains("mounted with noexec") && up.err.contains("findmnt -T"), "{}", up.err);
}
