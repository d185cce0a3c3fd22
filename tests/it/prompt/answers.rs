//! Questions about a lab: what is asked, what is refused, how one leaves.

use rustix::process::Signal;
use std::process::{Command, Stdio};

use crate::harness::terminal::{Terminal, files};
use crate::harness::{must, seen};
use crate::prompt::bench::*;

#[test]
fn enter_takes_each_default_and_the_line_that_is_told_does_the_same() {
    let bench = Bench::new();
    let mut at = Terminal::start(&mut bench.command(&ASK), 200, 24);
    for name in ["project_name", "port", "program"] {
        at.sees(&format!("{name} "));
        at.press("\r");
        at.sees(&format!("ok  {name}"));
    }
    let ended = at.end();
    assert_eq!(ended.code, 0, "{}", ended.screen);
    assert!(
        ended.out.contains("made A file server"),
        "data goes to standard output: {}",
        ended.out
    );
    let first = files(&bench.lab())
        .into_iter()
        .filter(|(path, _)| !path.contains(".env") && !path.contains(".mlops-lab"));
    let first: Vec<_> = first.collect();
    std::fs::remove_dir_all(bench.lab()).unwrap();
    let again = bench.again(&ended.screen);
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(
        ended.screen.contains("--set project_name=tiny --set port=8123 --set program=good"),
        "{}",
        ended.screen
    );
    let second = files(&bench.lab())
        .into_iter()
        .filter(|(path, _)| !path.contains(".env") && !path.contains(".mlops-lab"));
    assert_eq!(first, second.collect::<Vec<_>>());
}

#[test]
fn a_wrong_answer_is_told_while_it_is_typed_refused_and_mended() {
    let bench = Bench::new();
    let mut at = bench.on(&ASK);
    at.sees("project_name  The name");
    at.press("\r");
    at.sees("port  Where it listens");
    at.press("80");
    at.sees("expected 1024-65535");
    at.press("\r");
    // Still there, and what was typed as well.
    at.press("\x7f");
    at.until("the shorter text", |screen| screen.contains("› 8\n"));
    at.press("888\r");
    at.sees("ok  port          8888");
    at.press("\r");
    assert_eq!(at.end().code, 0);
    assert!(
        files(&bench.lab())
            .iter()
            .any(|(path, text)| path.ends_with("lab.toml") && text.contains("8888"))
    );
}

#[test]
fn a_choice_is_taken_by_arrows_or_by_name_and_a_slip_is_told() {
    let given = ["--set", "project_name=x", "--set", "port=8124"];
    for (keys, name) in [
        (format!("{DOWN}{DOWN}\r"), "deaf"),
        (format!("{UP}\r"), "deaf"),
        ("di\r".to_owned(), "dies"),
    ] {
        let bench = Bench::new().asking();
        let sets = ["--set", "owner=ops", "--set", "gpu=true", "--set", "workers=2"];
        let mut at = bench.on(&[&ASK[..], &given, &sets].concat());
        at.sees("› good");
        at.press(&keys);
        assert_eq!(at.end().code, 0);
        assert_eq!(bench.read("answers.txt"), format!("ops true 2 {name} 8124\n"));
    }
    let bench = Bench::new();
    let mut at = bench.on(&[&ASK[..], &given].concat());
    at.sees("› good");
    at.press("gud\r");
    at.sees("did you mean good?");
    at.press("\t\r");
    at.sees("ok  program  good");
    assert_eq!(at.end().code, 0);
}

#[test]
fn without_ask_only_what_has_no_default_is_asked() {
    let bench = Bench::new().asking();
    let mut at = bench.on(&ASK[..4]);
    let screen = at.sees("owner  Who is called at night");
    assert!(!screen.contains("project_name"), "{screen}");
    at.press("\r");
    at.sees("expected 1 to 200 characters");
    // A paste of two lines is one answer, and no Enter.
    at.press("\x1b[200~Zoë und\nJürgen\x1b[201~");
    at.sees("› Zoë und Jürgen");
    at.press("\r");
    at.sees("workers  How many work at once");
    at.press("0");
    at.sees("expected a whole number from 1 to 9");
    at.press("\x7f3\r");
    let ended = at.end();
    assert_eq!(ended.code, 0, "{}", ended.screen);
    assert_eq!(bench.read("answers.txt"), "Zoë und Jürgen false 3 good 8123\n");
    // And where everything has one, nothing is.
    let bench = Bench::new();
    let ended = bench.on(&ASK[..4]).end();
    assert_eq!((ended.code, ended.screen.trim()), (0, ""));
}

#[test]
fn a_truth_is_y_or_n_and_whoever_types_ahead_is_not_overheard() {
    let bench = Bench::new().asking();
    let mut at = bench.on(&ASK);
    // All at once, before the first question is there.
    at.press("typed-ahead\r9123\rdeaf\rops\rmaybe\x15y\r4\r");
    let ended = at.end();
    assert_eq!(ended.code, 0, "{}", ended.screen);
    assert_eq!(bench.read("answers.txt"), "ops true 4 deaf 9123\n");
}

#[test]
fn a_long_paste_into_a_narrow_window_stays_on_its_line() {
    let bench = Bench::new().asking();
    let mut at = Terminal::start(&mut bench.command(&ASK[..4]), 24, 8);
    at.sees("owner");
    at.press(&format!("\x1b[200~{}end\x1b[201~", "äß語 ".repeat(100)));
    let screen = at.until("the end of the paste", |screen| screen.contains("end\n"));
    assert_eq!(screen.matches('›').count(), 1, "{screen}");
    at.sees("expected 1 to 200");
    at.resize(40, 8);
    at.sees("expected 1 to 200 characters");
    at.press("\x15me\r");
    at.until("the next question", |screen| screen.contains("workers"));
    at.press("1\r");
    assert_eq!(at.end().code, 0);
    assert_eq!(bench.read("answers.txt"), "me false 1 good 8123\n");
}

#[test]
fn whoever_leaves_at_any_question_leaves_nothing() {
    for key in [CTRL_C, CTRL_D, ESC] {
        let bench = Bench::new();
        let before = files(bench.0.path());
        let mut at = bench.on(&ASK);
        at.sees("project_name  The name");
        at.press(key);
        left(&at.end());
        let mut at = bench.on(&ASK);
        at.sees("project_name  The name");
        at.press("other\r");
        at.sees("port  Where it listens");
        at.press(&format!("90{key}"));
        left(&at.end());
        assert_eq!(files(bench.0.path()), before);
    }
}

#[test]
fn a_signal_ends_a_question_and_the_terminal_is_put_back() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let bench = Bench::new();
        let at = bench.on(&ASK);
        at.sees("project_name  The name");
        at.signal(signal);
        left(&at.end());
        assert!(!bench.lab().exists());
    }
}

#[test]
fn what_was_given_and_is_wrong_is_told_before_anything_is_asked() {
    let bench = Bench::new().asking();
    let ended = bench.on(&[&ASK[..], &["--set", "port=80"]].concat()).end();
    assert_eq!(ended.code, 2);
    assert!(
        ended.screen.contains("port: expected") && !ended.screen.contains("owner"),
        "{}",
        ended.screen
    );
    let bench = bench.mine();
    let ended = bench.on(&ASK).end();
    assert_eq!(ended.code, 2);
    assert!(ended.screen.contains("is a folder that is not empty"), "{}", ended.screen);
}

#[test]
fn without_colours_nothing_but_the_cursor_is_steered() {
    let bench = Bench::new();
    let mut command = bench.command(&ASK);
    let mut shell = Command::new("env");
    shell
        .arg("NO_COLOR=1")
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(bench.0.path());
    command = shell;
    let mut at = Terminal::start(&mut command, 80, 24);
    at.sees("project_name  The name");
    at.press("X");
    at.sees("expected a letter");
    at.press(CTRL_C);
    let ended = at.end();
    left(&ended);
    let styled = ended.raw.split("\x1b[").skip(1).any(|rest| {
        rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m')
    });
    assert!(!styled, "{:?}", ended.raw);
    // With colours there are some.
    let mut at = bench.on(&ASK);
    at.sees("project_name  The name");
    at.press(CTRL_C);
    assert!(at.end().raw.contains("\x1b[1mproject_name"));
}

#[test]
fn where_nobody_can_be_asked_every_answer_is_listed_with_its_flag() {
    let bench = Bench::new().asking();
    let refused = seen(bench.command(&ASK).stdin(Stdio::null()));
    assert_eq!((refused.code, refused.out.as_str()), (2, ""));
    for flag in ["project_name", "port", "program", "owner", "gpu", "workers"] {
        assert!(refused.err.contains(&format!("--set {flag}=")), "{}", refused.err);
    }
    assert!(
        !refused.err.contains("token") && refused.err.contains("standard input"),
        "{}",
        refused.err
    );
    // Also without --ask: what is missing, all of it.
    let refused = seen(bench.command(&ASK[..4]).stdin(Stdio::null()));
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("2 answers are missing"), "{}", refused.err);
    assert!(
        refused.err.contains("--set owner=") && refused.err.contains("--set workers="),
        "{}",
        refused.err
    );
    assert!(!refused.err.contains("--set port="), "{}", refused.err);
    // A terminal at which nobody sits, or that programs read.
    for (name, value, args) in [("CI", "true", &ASK[..]), ("TERM", "dumb", &ASK[..])] {
        let mut command = bench.command(&[]);
        let set = format!("{name}={value}");
        let mut shell = Command::new("env");
        shell.arg(set).arg(command.get_program()).args(command.get_args()).args(args);
        command = shell;
        command.current_dir(bench.0.path());
        let ended = Terminal::start(&mut command, 100, 24).end();
        assert!(ended.code == 2 && ended.screen.contains(name), "{}", ended.screen);
    }
    let ended = bench.on(&[&ASK[..], &["--json"]].concat()).end();
    assert!(ended.code == 2 && ended.out.contains("--json is for programs"), "{}", ended.out);
    // All is given: nobody is needed.
    let sets: Vec<String> =
        ["project_name=a", "port=8124", "program=good", "owner=o", "gpu=true", "workers=1"]
            .iter()
            .flat_map(|set| ["--set".to_owned(), (*set).to_owned()])
            .collect();
    must(bench.command(&ASK).args(sets).stdin(Stdio::null()));
    assert!(bench.lab().exists());
}
