//! `check --watch`: what is printed, what is not, and what it leaves alone.
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::harness::terminal::Terminal;
use crate::harness::{self, Lab, Limited, Running};

/// A lab that is up, with a second step whose check says another number each time, and a third one
/// that disturbs.
fn lab() -> Lab {
    let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
    let manifest = lab.root.join(".mlops-lab/lab.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let steps = r#"
[[step]]
id = "two"
title = "Count"
text = "steps/one.md"
hints = [{ text = "Count to the end." }, { text = "touch counted" }]
check = [
  { command = { argv = ["sh", ".mlops-lab/lab/verify/count.sh"] }, because = "the count is short" },
]
solution = { run = [["touch", "counted"]] }

[[step]]
id = "three"
title = "Ask little"
text = "steps/one.md"
hints = [{ text = "Less." }]
check = [
  { command = { argv = ["sh", ".mlops-lab/lab/verify/ask.sh"] }, disturbs = true },
]
solution = { run = [["touch", "asked"]] }
"#;
    // Before the drills, so that tables stay in order.
    let at = text.find("[[drill]]").unwrap();
    std::fs::write(&manifest, format!("{}{steps}\n{}", &text[..at], &text[at..])).unwrap();
    let verify = lab.root.join(".mlops-lab/lab/verify");
    std::fs::create_dir_all(&verify).unwrap();
    let count = "n=$(cat ../count 2>/dev/null || echo 0); echo $((n + 1)) >../count\n[ -f counted \
        ] || { echo \"not yet: $n of 99 were counted, and that is all\"; exit 1; }\n";
    std::fs::write(verify.join("count.sh"), count).unwrap();
    let ask = "echo x >>../asks\n[ -f asked ] || { echo 'not yet: nobody asked'; exit 1; }\n";
    std::fs::write(verify.join("ask.sh"), ask).unwrap();
    lab.trust();
    lab.ok(&["up"]);
    lab.ok(&["solve", "one"]);
    lab
}

struct Watch {
    child: Running,
    lines: Receiver<String>,
    seen: String,
}

impl Watch {
    fn start(lab: &Lab, args: &[&str]) -> Watch {
        let mut command = lab.command(&[&["check", "--watch"], args].concat());
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).start();
        let (send, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            out.lines().map_while(Result::ok).try_for_each(|line| send.send(line))
        });
        Watch { child, lines, seen: String::new() }
    }

    /// Everything until this is seen.
    fn until(&mut self, text: &str) {
        while !self.seen.contains(text) {
            let line = self.lines.recv_timeout(Duration::from_secs(20));
            let line = line.unwrap_or_else(|_| panic!("{text:?} never came:\n{}", self.seen));
            self.seen.push_str(&line);
            self.seen.push('\n');
        }
    }

    fn rest(&mut self, within: Duration) -> String {
        let end = std::time::Instant::now() + within;
        let mut rest = String::new();
        while let Ok(line) =
            self.lines.recv_timeout(end.saturating_duration_since(std::time::Instant::now()))
        {
            rest.push_str(&line);
            rest.push('\n');
        }
        rest
    }

    fn signal(&self, name: &str) {
        assert!(
            Command::new("kill")
                .args([name, &self.child.id().to_string()])
                .finish()
                .status
                .success()
        );
    }

    fn end(self) -> (Option<i32>, String) {
        let out = self.child.finish();
        (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
    }
}

#[test]
#[ignore = "takes long"]
fn numbers_that_change_are_no_news_and_each_success_is_told_once() {
    let lab = lab();
    let mut watch = Watch::start(&lab, &[]);
    watch.until("next: mlops-lab hint two");
    assert!(
        watch.seen.contains("observed  0 of 99 were counted, and that is all"),
        "{}",
        watch.seen
    );
    assert!(watch.seen.contains("why       the count is short"), "{}", watch.seen);
    assert!(
        !watch.seen.contains("verify/count.sh") && !watch.seen.contains("exit code"),
        "{}",
        watch.seen
    );
    assert_eq!(watch.rest(Duration::from_secs(4)), "", "nothing was done, and nothing is new");
    let count = std::fs::read_to_string(lab.root.join("../count")).unwrap();
    assert!(count.trim().parse::<u32>().unwrap() >= 3, "it did look: {count}");
    std::fs::write(lab.root.join("counted"), "").unwrap();
    watch.until("nobody asked");
    assert_eq!(watch.seen.matches("Count: passed").count(), 1, "{}", watch.seen);
    watch.signal("-INT");
    let (code, err) = watch.end();
    assert_eq!((code, err.as_str()), (Some(130), ""));
}

#[test]
#[ignore = "takes long"]
fn what_disturbs_is_asked_once_until_a_file_changes() {
    let lab = lab();
    std::fs::write(lab.root.join("counted"), "").unwrap();
    let asks =
        || std::fs::read_to_string(lab.root.join("../asks")).unwrap_or_default().lines().count();
    let mut watch = Watch::start(&lab, &[]);
    watch.until("nobody asked");
    watch.rest(Duration::from_secs(3));
    assert_eq!(asks(), 1);
    std::fs::write(lab.root.join("try.txt"), "").unwrap();
    watch.rest(Duration::from_secs(3));
    assert_eq!(asks(), 2);
    std::fs::write(lab.root.join("asked"), "").unwrap();
    watch.until("done: A file server, 3 steps");
    assert_eq!(watch.end().0, Some(0));
}

#[test]
#[ignore = "takes long"]
fn a_lab_that_goes_down_is_said_so_and_watched_on() {
    let lab = lab();
    let mut watch = Watch::start(&lab, &["one"]);
    // It passes, and that is the end of a watch for one step.
    watch.until("Publish a greeting: passed");
    assert_eq!(watch.end().0, Some(0));
    std::fs::remove_file(lab.root.join("greeting.txt")).unwrap();
    let mut watch = Watch::start(&lab, &["one"]);
    watch.until("failing now");
    lab.ok(&["down"]);
    watch.until("the lab is down: mlops-lab up");
    assert_eq!(watch.rest(Duration::from_secs(3)), "");
    lab.ok(&["up"]);
    std::fs::write(lab.root.join("greeting.txt"), "hello\n").unwrap();
    watch.until("Publish a greeting: passed");
    assert_eq!(watch.end().0, Some(0));
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let lab = lab();
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' HUP; exec \"$0\" check --watch", harness::BIN])
        .current_dir(&lab.root);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).start();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    let kill = |name: &str| Command::new("kill").args([name, &child.id().to_string()]).finish();
    kill("-HUP");
    std::thread::sleep(Duration::from_secs(1));
    std::fs::write(lab.root.join("counted"), "").unwrap();
    assert!(lines.any(|line| line.unwrap().contains("Count: passed")), "it went on");
    kill("-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn keys_check_give_hints_and_quit() {
    let lab = lab();
    let mut terminal = Terminal::start(&mut lab.command(&["check", "--watch"]), 80, 24);
    terminal.sees("Enter checks now, h gives the next hint, q quits");
    terminal.press("h");
    std::thread::sleep(Duration::from_secs(2));
    terminal.press("\r");
    std::thread::sleep(Duration::from_secs(2));
    terminal.press("q");
    let ended = terminal.end();
    assert_eq!(ended.code, 1, "{}", ended.out);
    assert!(
        ended.out.contains("hint 1 of 2") && ended.out.contains("Count to the end."),
        "{}",
        ended.out
    );
    assert_eq!(ended.out.matches("the count is short").count(), 2, "Enter answers: {}", ended.out);
}

#[test]
fn ctrl_c_on_a_terminal_gives_it_back() {
    let lab = lab();
    let terminal = Terminal::start(&mut lab.command(&["check", "--watch"]), 80, 24);
    terminal.sees("Enter checks now");
    terminal.signal(rustix::process::Signal::INT);
    let ended = terminal.end();
    assert_eq!(ended.code, 130);
    assert!(!ended.screen.contains("error"), "{}", ended.screen);
}
