//! A lab that the last program of schema 1 made (`schema-1/README.md`), and the pack it came from:
//! this program runs it, checks it, brings it up to date and stops it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::bench::write;
use crate::harness::{self, BIN, Seen, free_port, seen};

/// The lab with a port of its own, and its pack beside it.
struct Older {
    temp: tempfile::TempDir,
}

impl Older {
    fn new() -> Older {
        let temp = tempfile::tempdir().unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/update/schema-1");
        harness::copy(&from, temp.path());
        let older = Older { temp };
        let port = free_port();
        for path in [
            "about.txt",
            "service.sh",
            ".mlops-lab/env/dot-env",
            ".mlops-lab/lab.toml",
            ".mlops-lab/record.toml",
        ] {
            let text = older.read(path).replace("8123", &port.to_string());
            write(&older.lab().join(path), &text);
        }
        older
    }

    fn lab(&self) -> PathBuf {
        self.temp.path().join("lab")
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.lab().join(path)).unwrap()
    }

    fn run(&self, args: &[&str]) -> Seen {
        seen(Command::new(BIN).args(args).current_dir(self.lab()))
    }

    fn ok(&self, args: &[&str]) -> Seen {
        let seen = self.run(args);
        assert_eq!(seen.code, 0, "mlops-lab {args:?}\n{}\n{}", seen.out, seen.err);
        seen
    }
}

impl Drop for Older {
    fn drop(&mut self) {
        self.run(&["down", "--purge"]);
    }
}

#[test]
fn a_lab_of_schema_1_runs_is_checked_brought_up_to_date_and_stopped() {
    let older = Older::new();
    assert!(older.read(".mlops-lab/lab.toml").starts_with("schema = 1\n"));
    assert_eq!(older.run(&["status"]).code, 1);
    older.ok(&["up", "--trust"]);
    assert_eq!(older.run(&["check"]).code, 1);
    older.ok(&["solve", "one"]);
    older.ok(&["check", "--all"]);
    older.ok(&["status"]);
    // Its drills say `symptom` and `mended`.
    older.ok(&["break", "gone"]);
    assert_eq!(older.run(&["check", "gone"]).code, 1);
    older.ok(&["solve", "gone"]);
    older.ok(&["check", "gone"]);
    older.ok(&["down"]);

    // From its own pack, which is of schema 1, too.
    older.ok(&["update"]);
    assert!(older.read(".mlops-lab/lab.toml").starts_with("schema = 1\n"));
    older.ok(&["up", "--trust"]);
    older.ok(&["check", "one"]);
    older.ok(&["down"]);

    // From what has become of the pack since.
    let pack = older.temp.path().join("pack");
    std::fs::remove_dir_all(&pack).unwrap();
    harness::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"), &pack);
    older.ok(&["update", "--pack", "../pack"]);
    assert!(older.read(".mlops-lab/lab.toml").starts_with("schema = 2\n"));
    older.ok(&["up"]);
    older.ok(&["check", "--all"]);
    older.ok(&["down", "--purge"]);
    assert_eq!(older.run(&["status"]).code, 1);
}

#[test]
fn a_pack_of_schema_1_is_read() {
    let older = Older::new();
    let pack = older.temp.path().join("pack");
    let made = older.temp.path().join("made");
    let mut command = Command::new(BIN);
    command.arg("--pack").arg(&pack).args(["init", "tiny", "--no-doctor"]).arg(&made);
    harness::must(&mut command);
    let lint = seen(Command::new(BIN).args(["lab", "lint"]).arg(&pack));
    assert_eq!(lint.code, 0, "{}{}", lint.out, lint.err);
}
