//! A pack to ask about, the keys, and what leaving must look like.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::terminal::{Ended, Terminal};
use crate::harness::{self, BIN, must, seen};

pub const UP: &str = "\x1b[A";
pub const DOWN: &str = "\x1b[B";
pub const CTRL_C: &str = "\x03";
pub const CTRL_D: &str = "\x04";
pub const ESC: &str = "\x1b";

/// A pack with questions of every type, two of them without a default.
pub struct Bench(pub tempfile::TempDir);

impl Bench {
    pub fn new() -> Bench {
        let bench = Bench(tempfile::tempdir().unwrap());
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny");
        must(Command::new("cp").arg("-r").arg(from).arg(bench.pack()));
        bench
    }

    /// The lab asks for more.
    pub fn asking(self) -> Bench {
        let more = "[vars.owner]\ntype = \"string\"\nhelp = \"Who is called at night\"\n\
            [vars.gpu]\ntype = \"bool\"\ndefault = false\nhelp = \"Whether there is a GPU\"\n\
            [vars.workers]\ntype = \"integer\"\nmin = 1\nmax = 9\nhelp = \"How many work at \
            once\"\n";
        let path = self.pack().join("labs/tiny/lab.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, text.replace("[runtime.local]", &format!("{more}[runtime.local]")))
            .unwrap();
        let about = "<[ owner ]> <[ gpu ]> <[ workers ]> <[ program ]> <[ port ]>\n";
        std::fs::write(self.pack().join("templates/tiny/answers.txt"), about).unwrap();
        self
    }

    pub fn pack(&self) -> PathBuf {
        self.0.path().join("pack")
    }

    pub fn lab(&self) -> PathBuf {
        self.0.path().join("lab")
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BIN);
        command.current_dir(self.0.path()).args(["--pack", "pack"]).args(args);
        command
    }

    pub fn on(&self, args: &[&str]) -> Terminal {
        Terminal::start(&mut self.command(args), 80, 24)
    }

    /// A folder with two files that the lab has otherwise, and one that it does not have.
    pub fn mine(self) -> Bench {
        std::fs::create_dir(self.lab()).unwrap();
        for (name, text) in
            [("README.md", "mine\n"), ("about.txt", "about me\n"), ("notes.txt", "notes\n")]
        {
            std::fs::write(self.lab().join(name), text).unwrap();
        }
        self
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.lab().join(path)).unwrap()
    }

    /// The line after «the same without questions», run in a shell that finds our program.
    pub fn again(&self, screen: &str) -> harness::Seen {
        let mut lines =
            screen.lines().skip_while(|line| !line.contains("the same without prompts"));
        let line = lines.nth(1).unwrap().trim();
        assert!(line.starts_with("mlops-lab "), "{screen}");
        let path = format!(
            "{}:{}",
            Path::new(BIN).parent().unwrap().display(),
            std::env::var("PATH").unwrap()
        );
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(self.0.path()).env("PATH", path).stdin(Stdio::null());
        seen(&mut shell)
    }
}

pub const ASK: [&str; 5] = ["init", "tiny", "lab", "--no-doctor", "--ask"];

pub fn left(ended: &Ended) {
    assert_eq!(ended.code, 130, "{}", ended.screen);
    assert!(ended.screen.contains("interrupted: nothing was changed"), "{}", ended.screen);
    assert_eq!(ended.out, "");
}
