//! A pack that changes, and a lab made from it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::{self, BIN, must, seen};

/// A pack of its own that can change, and a lab made from it.
pub struct Bench {
    pub temp: tempfile::TempDir,
}

pub const LONG: &str = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n";

impl Bench {
    pub fn new() -> Bench {
        let bench = Bench { temp: harness::quick_folder() };
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny");
        must(Command::new("cp").arg("-r").arg(from).arg(bench.pack()));
        bench.give("notes.txt", LONG);
        bench.give("old-name.txt", &format!("{LONG}eight\n"));
        bench.give("dropped.txt", "dropped\n");
        must(
            Command::new(BIN)
                .arg("--pack")
                .arg(bench.pack())
                .args(["init", "tiny"])
                .arg(bench.lab()),
        );
        bench
    }

    pub fn pack(&self) -> PathBuf {
        self.temp.path().join("pack")
    }

    pub fn lab(&self) -> PathBuf {
        self.temp.path().join("lab")
    }

    /// The pack gives this file.
    pub fn give(&self, path: &str, text: &str) {
        write(&self.pack().join("templates/tiny").join(path), text);
    }

    pub fn take(&self, path: &str) {
        std::fs::remove_file(self.pack().join("templates/tiny").join(path)).unwrap();
    }

    /// The learner writes this file.
    pub fn edit(&self, path: &str, text: &str) {
        write(&self.lab().join(path), text);
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.lab().join(path)).unwrap()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BIN);
        command.args(args).current_dir(self.lab());
        command
    }

    pub fn run(&self, args: &[&str]) -> harness::Seen {
        seen(&mut self.command(args))
    }

    /// Every file of the lab but what runs and what was kept.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let apart = ["./.mlops-lab/run/", "./.mlops-lab/undo/"];
        let mut all = harness::files(&self.lab());
        all.retain(|path, _| !apart.iter().any(|apart| path.starts_with(apart)));
        all
    }
}

pub fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
