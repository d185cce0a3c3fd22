//! Every file that the program itself keeps, as nobody would write it: records, journals, progress,
//! archives, what runs. Whatever stands there, a command ends with an exit code that means
//! something, and nothing outside of the lab is touched. `MLOPS_LAB_CASES` is how many are tried.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::harness::{self, BIN, must, seen};
use crate::security::trusting;

/// Below the lab, or below what is noted of it in the user's state (after `state:`).
const FILES: [&str; 16] = [
    ".mlops-lab/record.toml",
    ".mlops-lab/progress.json",
    ".mlops-lab/base.tar",
    ".mlops-lab/.gitignore",
    ".mlops-lab/run/change/journal.json",
    ".mlops-lab/run/change/begun.json",
    ".mlops-lab/undo/7/journal.json",
    ".mlops-lab/env/dot-env",
    ".env",
    "state:state.toml",
    "state:service/files.json",
    "state:passing/x.json",
    "state:settings/files.json",
    "state:containers.json",
    "state:cluster.json",
    "state:lock",
];

/// What looks, and what changes; nothing here runs what the lab names.
const COMMANDS: [&[&str]; 16] = [
    &["status"],
    &["diff"],
    &["hint"],
    &["logs"],
    &["open"],
    &["down"],
    &["down", "--purge"],
    &["undo"],
    &["update", "--dry-run"],
    &["update"],
    &["update", "--set", "port=21999"],
    &["solve", "--diff"],
    &["break", "--undo"],
    &["break"],
    &["list"],
    &["check"],
];

const WORDS: [&str; 40] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    ",",
    ":",
    "=",
    "\n",
    "\0",
    "\\",
    "\\u0000",
    "\\ud800",
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "18446744073709551616",
    "\u{1b}[2J",
    "\u{feff}",
    "é",
    "../",
    "../../outside/secret",
    "OUTSIDE/secret",
    "/etc/passwd",
    ".git/hooks/pre-commit",
    "\"path\":\"../outside/secret\"",
    "\"name\":\"../../../../outside/secret\"",
    "\"pid\":1",
    "\"new\":0",
    "schema = 3",
    "[answers]",
    "\"steps\":{}",
    "\"entries\":[]",
    "$(touch OUTSIDE/ran)",
    "${A:-${A}}",
    "pack = \"OUTSIDE\"",
    "root = \"OUTSIDE\"",
];

type Change = (u8, usize, usize, usize);

fn mutate(bytes: &mut Vec<u8>, outside: &str, (kind, place, length, word): Change) {
    let from = place % (bytes.len() + 1);
    let to = (from + length % 60).min(bytes.len());
    let word = WORDS[word % WORDS.len()].replace("OUTSIDE", outside);
    match kind {
        0 => drop(bytes.drain(from..to)),
        1 => drop(bytes.splice(from..from, word.bytes())),
        2 => drop(bytes.splice(from..to, word.bytes())),
        3 => bytes.truncate(from),
        4 if from < bytes.len() => bytes[from] ^= 1 << (length % 8),
        5 => *bytes = word.repeat(length % 60 * 2_000).into_bytes(),
        _ => {
            let again = bytes[from..to].to_vec();
            drop(bytes.splice(from..from, again));
        }
    }
}

/// A journal as somebody who knows the format would forge it.
fn journal(outside: &str) -> impl Strategy<Value = String> + use<> {
    let paths = [
        "README.md",
        "made.txt",
        "new/x",
        "../outside/secret",
        "/etc/passwd",
        ".mlops-lab/record.toml",
        ".env",
        "link/secret",
        "",
        ".",
        "a//b",
        ".git/hooks/pre-commit",
        "README.md/x",
        "OUTSIDE/secret",
    ];
    let paths = paths.map(|path| path.replace("OUTSIDE", outside));
    let entry = (
        proptest::sample::select(paths.to_vec()),
        proptest::option::of(0..4_u8),
        0..3_u8,
        any::<bool>(),
    );
    let moment = proptest::sample::select(vec!["7", "9", "", "../7", "x", "99999999999999999999"]);
    (proptest::collection::vec(entry, 0..5), moment).prop_map(|(entries, moment)| {
        let hash = |which: u8| match which {
            0 => "0".repeat(64),
            // Of `staged`.
            1 => "8d906d61f92c9696387e566ecee255b733c79536074173a8eab915bad2d1fa28".to_owned(),
            _ => String::new(),
        };
        let entries: Vec<_> = entries
            .into_iter()
            .map(|(path, new, sum, was)| {
                serde_json::json!({"path": path, "new": new, "sha256": new.map(|_| hash(sum)),
                    "was": was.then(|| hash(sum))})
            })
            .collect();
        serde_json::json!({"command": "update", "moment": moment, "entries": entries}).to_string()
    })
}

struct Bench {
    temp: tempfile::TempDir,
    /// What the lab and its state are at the start.
    lab: BTreeMap<String, Vec<u8>>,
    state: BTreeMap<String, Vec<u8>>,
}

impl Bench {
    fn new() -> Bench {
        let temp = harness::quick_folder();
        for folder in ["outside", "home"] {
            std::fs::create_dir(temp.path().join(folder)).unwrap();
            std::fs::write(temp.path().join(folder).join("secret"), "precious\n").unwrap();
        }
        let mut bench = Bench { temp, lab: BTreeMap::new(), state: BTreeMap::new() };
        let port = format!("port={}", harness::free_port());
        let tiny = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/packs/tiny");
        must(bench.command(
            bench.temp.path(),
            &["--pack", tiny, "init", "tiny", "lab", "--no-doctor", "--set", &port],
        ));
        // A life of its own: progress, a backup, something to undo, what was started.
        for args in [
            &["up"][..],
            &["solve", "one"],
            &["check"],
            &["down"],
            &["update", "--set", "port=21998"],
        ] {
            must(bench.command(&bench.root(), args));
        }
        bench.link();
        bench.lab = harness::files(&bench.root());
        bench.state = harness::files(&bench.noted());
        bench
    }

    fn root(&self) -> PathBuf {
        self.temp.path().join("lab")
    }

    /// The one folder of what is noted of labs.
    fn noted(&self) -> PathBuf {
        let labs = self.temp.path().join("state/mlops-lab/labs");
        let folders = std::fs::read_dir(labs).unwrap().map(|entry| entry.unwrap().path());
        folders.into_iter().find(|path| path.join("state.toml").is_file()).unwrap()
    }

    fn command(&self, folder: &Path, args: &[&str]) -> &'static mut Command {
        let mut command = Command::new("timeout");
        command.arg("30").arg(BIN).args(trusting(args)).current_dir(folder);
        command
            .env("HOME", self.temp.path().join("home"))
            .env("XDG_STATE_HOME", self.temp.path().join("state"));
        Box::leak(Box::new(command))
    }

    /// A way out that a repository can bring.
    fn link(&self) {
        std::os::unix::fs::symlink(self.temp.path().join("outside"), self.root().join("link"))
            .unwrap();
    }

    /// The lab and its state as they were at the start.
    fn restore(&self, noted: &Path) {
        for (folder, files) in [(self.root(), &self.lab), (noted.to_owned(), &self.state)] {
            // The folder itself stays: by it the lab is known.
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                let _ = std::fs::remove_dir_all(&path).or_else(|_| std::fs::remove_file(&path));
            }
            for (path, bytes) in files {
                let path = folder.join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, bytes).unwrap();
            }
        }
        self.link();
    }

    /// Everything beside the lab and what is noted of labs.
    fn around(&self) -> BTreeMap<String, Vec<u8>> {
        let mut all = harness::files(self.temp.path());
        all.retain(|path, _| !path.starts_with("./lab/") && !path.starts_with("./state/"));
        all
    }

    /// Runs it, and it must end as a command may.
    fn holds(&self, what: &str, args: &[&str], around: &BTreeMap<String, Vec<u8>>) {
        let seen = seen(self.command(&self.root(), args));
        let shown: String = what.chars().take(2_000).collect();
        assert!([0, 1, 2, 3].contains(&seen.code), "{args:?}: {seen:?}\n{shown}");
        assert!(
            !seen.err.contains("panicked") && !seen.err.contains('\u{1b}'),
            "{args:?}: {seen:?}\n{shown}"
        );
        assert_eq!(&self.around(), around, "{args:?} touched something outside\n{shown}");
    }
}

fn runner(usual: u32) -> TestRunner {
    let cases =
        std::env::var("MLOPS_LAB_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    TestRunner::new(Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 100,
        ..Config::default()
    })
}

#[test]
#[ignore = "takes long"]
fn no_file_that_is_kept_makes_a_command_panic_hang_or_leave_the_lab() {
    let bench = Bench::new();
    let (around, noted) = (bench.around(), bench.noted());
    let outside = bench.temp.path().join("outside").display().to_string();
    let change = (0u8..8, any::<usize>(), any::<usize>(), any::<usize>());
    let case = (
        0..FILES.len(),
        proptest::collection::vec(change, 1..5),
        0..COMMANDS.len(),
        0..COMMANDS.len(),
    );
    runner(300)
        .run(&case, |(file, changes, first, second)| {
            bench.restore(&noted);
            let path = match FILES[file].strip_prefix("state:") {
                Some(path) => noted.join(path),
                None => bench.root().join(FILES[file]),
            };
            let mut bytes = std::fs::read(&path).unwrap_or_else(|_| {
                b"{\"pid\":1,\"started\":\"0\",\"name\":\"files\",\"since\":0,\"argv\":[\"x\"]}"
                    .to_vec()
            });
            changes.into_iter().for_each(|change| mutate(&mut bytes, &outside, change));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &bytes).unwrap();
            let what = format!("{}: {}", FILES[file], String::from_utf8_lossy(&bytes));
            bench.holds(&what, COMMANDS[first], &around);
            bench.holds(&what, COMMANDS[second], &around);
            Ok(())
        })
        .unwrap();
}

#[test]
#[ignore = "takes long"]
fn no_forged_journal_leads_out_of_the_lab() {
    let bench = Bench::new();
    let (around, noted) = (bench.around(), bench.noted());
    let outside = bench.temp.path().join("outside").display().to_string();
    let (journals, commands) = (journal(&outside), 0..COMMANDS.len());
    runner(150)
        .run(&(journals, any::<bool>(), commands), |(text, begun, command)| {
            bench.restore(&noted);
            let root = bench.root();
            for folder in [".mlops-lab/run/change", ".mlops-lab/undo/7", ".mlops-lab/undo/7/old"] {
                std::fs::create_dir_all(root.join(folder)).unwrap();
            }
            let place = if begun { ".mlops-lab/run/change" } else { ".mlops-lab/undo/7" };
            for number in 0..4 {
                std::fs::write(root.join(place).join(number.to_string()), "staged").unwrap();
            }
            std::fs::write(root.join(place).join("journal.json"), &text).unwrap();
            bench.holds(&text, COMMANDS[command], &around);
            bench.holds(&text, &["undo"], &around);
            bench.holds(&text, &["status"], &around);
            Ok(())
        })
        .unwrap();
}
