//! What a shell gets when Tab is pressed, and a reader that stops reading.
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::{Lab, Limited};

/// What bash would offer, by the script that it loads, for these words.
fn offered(folder: &Path, words: &[&str]) -> Vec<String> {
    let program = Path::new(env!("CARGO_BIN_EXE_mlops-lab"));
    let script = r#"
        PATH="$1:$PATH"; shift
        source <(mlops-lab completions bash)
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_TYPE=9
        _clap_complete_mlops_lab mlops-lab "${COMP_WORDS[COMP_CWORD]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let out = Command::new("bash")
        .args(["-c", script, "bash"])
        .arg(program.parent().unwrap())
        .args(words)
        .current_dir(folder)
        .finish();
    assert!(out.stderr.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).unwrap();
    text.split(['\n', '\u{b}'])
        .map(str::to_owned)
        .filter(|name| !name.is_empty() && !name.starts_with('-'))
        .collect()
}

#[test]
fn names_are_completed_from_the_lab_in_which_one_stands() {
    let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
    let at = |words: &[&str]| offered(&lab.root, &[&["mlops-lab"], words].concat());
    let holds = |words: &[&str], name: &str| {
        let names = at(words);
        assert!(names.iter().any(|offered| offered == name), "{words:?}: {names:?}");
    };
    holds(&["check", ""], "one");
    holds(&["break", "g"], "gone");
    holds(&["logs", ""], "files");
    holds(&["open", ""], "api");
    holds(&["update", "--set", "pr"], "program=");
    holds(&["init", "ser"], "serving");
    holds(&["cluster", ""], "status");
    holds(&["cluster", "up", "--with", ""], "k3d");
    holds(&["--pack", "../none", "up", "--runtime", ""], "local");
    assert_eq!(at(&["up", "--runtime", "l"]), ["local"]);
    let there = lab.root.display().to_string();
    assert_eq!(offered(Path::new("/"), &["mlops-lab", "-C", &there, "check", "o"]), ["one"]);
    assert!(!at(&["check", ""]).contains(&"gone".to_owned()), "a drill that is not under way");
}

#[test]
fn a_reader_that_stops_reading_is_no_failure() {
    for args in [
        &["completions", "zsh"][..],
        &["man"],
        &["list"],
        &["show", "serving", "--json"],
        &["--help"],
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mlops-lab"))
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .start();
        drop(child.stdout.take());
        let out = child.finish();
        assert_eq!(
            out.status.code(),
            Some(0),
            "{args:?}: {}",
            String::from_utf8_lossy(&out.stderr)
        );
        assert!(out.stderr.is_empty(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    }
}
