//! A lab whose commands are killed, and what must hold after each kill.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{self, Lab, Limited};

/// A moment of a round.
pub enum Killed {
    /// The lab is to be made ready for the command.
    Before,
    /// The command was killed, and the lab was looked at; the number of the round.
    After(u32),
}

pub struct Bench {
    pub lab: Lab,
    dice: std::cell::Cell<u64>,
}

impl Bench {
    pub fn new() -> Bench {
        let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
        let seed = std::env::var("MLOPS_LAB_SEED").ok().and_then(|text| text.parse().ok());
        let seed = seed.unwrap_or_else(|| {
            use std::hash::{BuildHasher, Hasher};
            std::hash::RandomState::new().build_hasher().finish()
        });
        eprintln!("MLOPS_LAB_SEED={seed}");
        Bench { lab, dice: std::cell::Cell::new(seed) }
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.lab.root.join(path)
    }

    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        std::fs::read(self.path(path)).ok()
    }

    pub fn write(&self, path: &str, bytes: &[u8]) {
        std::fs::write(self.path(path), bytes).unwrap();
    }

    /// Between 0 and 1 (splitmix64).
    fn draw(&self) -> f64 {
        self.dice.set(self.dice.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        let mut z = self.dice.get();
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from((z >> 32) as u32) / f64::from(u32::MAX)
    }

    /// Whole, or killed after this time. Returns how long it took.
    fn run(&self, args: &[&str], within: Option<Duration>) -> Duration {
        let since = Instant::now();
        let mut command = self.lab.command(args);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).start();
        if let Some(within) = within {
            std::thread::sleep(within);
            harness::signal(&child, Signal::KILL);
        }
        harness::ended(&mut child);
        since.elapsed()
    }

    /// The files that are the learner's and the lab's.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let apart = ["./.mlops-lab/run/", "./.mlops-lab/backup/", "./.mlops-lab/undo/"];
        let mut all = harness::files(&self.lab.root);
        all.retain(|path, _| !apart.iter().any(|apart| path.starts_with(apart)));
        all
    }

    /// Processes of the lab that do not end by themselves: a probe whose asker was killed does, at
    /// once.
    fn running(&self) -> Vec<String> {
        let end = Instant::now() + Duration::from_secs(3);
        loop {
            let found = self.of_lab();
            if found.is_empty() || Instant::now() > end {
                return found;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Processes that work in the lab or carry its mark.
    fn of_lab(&self) -> Vec<String> {
        let root = self.lab.root.canonicalize().unwrap();
        let marks: Vec<_> = [Some(root.clone()), harness::run_folder(&self.lab.root)]
            .into_iter()
            .flatten()
            .collect();
        let of_lab = |process: &Path| {
            let text = std::fs::read(process.join("environ")).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            std::fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(&root))
                || marks.iter().any(|mark| text.contains(mark.to_str().unwrap()))
        };
        let processes = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
        let line = |process: PathBuf| {
            let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
            (!line.is_empty()).then(|| {
                format!("{}: {}", process.display(), harness::text(&line).replace('\0', " "))
            })
        };
        processes.filter(|process| of_lab(process)).filter_map(line).collect()
    }

    /// What the program notes of what runs.
    fn noted(&self) -> Vec<String> {
        let folder = harness::run_folder(&self.lab.root);
        let all = folder.map(|folder| harness::files(&folder)).unwrap_or_default();
        let kept = |path: &&String| {
            ["./service/", "./passing/", "./containers"].iter().any(|part| path.starts_with(part))
        };
        all.keys().filter(kept).cloned().collect()
    }

    /// A child of the killed command may still be at work: it ends by itself, and until then it
    /// holds the lock.
    fn soon(&self, args: &[&str]) -> harness::Seen {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let seen = self.lab.run(args);
            if !seen.err.contains("is at work") || Instant::now() > end {
                return seen;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// How often each command is killed.
fn kills() -> u32 {
    std::env::var("MLOPS_LAB_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(40)
}

/// Kills a command again and again at random moments of its own duration, and holds after each kill
/// what must hold after any.
pub fn kill_at_random(bench: &Bench, args: &[&str], mut hook: impl FnMut(Killed)) {
    // The files of a whole run are those that may be there, with what was there before.
    hook(Killed::Before);
    let before = bench.files();
    let whole = bench.run(args, None).max({
        bench.lab.ok(&["down"]);
        hook(Killed::Before);
        bench.run(args, None)
    });
    let after = bench.files();
    bench.lab.ok(&["down"]);
    hook(Killed::After(0));
    bench.lab.ok(&["down"]);
    let (rounds, since) = (kills(), Instant::now());
    for round in 1..=rounds {
        hook(Killed::Before);
        let within = whole.mul_f64(bench.draw() * 1.05);
        bench.run(args, Some(within));
        let place = format!("{args:?} killed after {within:?}, round {round}");
        for (path, bytes) in bench.files() {
            // What the lab's own commands write at this moment is theirs, and progress has times in
            // it.
            let theirs = ["./made.txt", "./greeting.txt", "./config/"]
                .iter()
                .any(|part| path.starts_with(part));
            let known = [&before, &after].iter().any(|files| files.get(&path) == Some(&bytes));
            let progress = path == "./.mlops-lab/progress.json"
                && serde_json::from_slice::<Value>(&bytes).is_ok();
            // The next run that saves, or lays files, removes it.
            let unsaved = path.starts_with("./.mlops-lab/.progress.json.")
                || path == "./.mlops-lab/backup/.draft";
            assert!(
                known || theirs || progress || unsaved,
                "{place}: {path} is {:?}",
                harness::text(&bytes)
            );
        }
        for path in before.keys().filter(|path| after.contains_key(*path)) {
            let theirs = ["./made.txt", "./greeting.txt", "./config/"]
                .iter()
                .any(|part| path.starts_with(part));
            assert!(theirs || bench.path(path).exists(), "{place}: {path} is gone");
        }
        let status = bench.soon(&["status"]);
        assert!([0, 1].contains(&status.code), "{place}: {}{}", status.out, status.err);
        assert!(!status.err.contains("broken"), "{place}: {}", status.err);
        if args[0] != "up" && args[0] != "down" {
            hook(Killed::After(round));
        }
        let down = bench.soon(&["down"]);
        assert_eq!(down.code, 0, "{place}: {}{}", down.out, down.err);
        assert_eq!(
            bench.running(),
            Vec::<String>::new(),
            "{place}: after {}{}",
            down.out,
            down.err
        );
        assert_eq!(bench.noted(), Vec::<String>::new(), "{place}");
        if args[0] == "up" {
            hook(Killed::After(round));
        }
    }
    hook(Killed::Before);
    bench.run(args, None);
    let left: Vec<String> =
        bench.files().into_keys().filter(|path| path.ends_with(".tmp")).collect();
    assert!(left.is_empty() || !matches!(args[0], "check" | "break"), "{left:?}");
    bench.lab.ok(&["down"]);
    eprintln!("{args:?}: {rounds} kills within {whole:?} each, in {:?}", since.elapsed());
}
