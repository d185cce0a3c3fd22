//! Records whose names are paths, files that cannot be changed, children that left their session:
//! what stands in a lab leads nowhere else.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::harness::{self, BIN, Lab, Seen, seen};
use crate::security::trusting;

/// A lab beside a home with files that are nobody's but the user's.
struct Bench {
    lab: Lab,
    seed: PathBuf,
    home: PathBuf,
}

impl Bench {
    fn new() -> Bench {
        let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
        let around = lab.root.parent().unwrap().to_owned();
        let (seed, home) = (around.join("seed"), around.join("home"));
        harness::copy(&lab.root, &seed);
        std::fs::create_dir_all(home.join(".docker")).unwrap();
        std::fs::write(home.join("bashrc"), "precious\n").unwrap();
        std::fs::write(home.join(".docker/config.json"), "{\"auths\":{}}\n").unwrap();
        Bench { lab, seed, home }
    }

    /// The lab as it came, but for one thing.
    fn with(&self, path: &str, put: impl FnOnce(&Path)) {
        for entry in std::fs::read_dir(&self.lab.root).unwrap() {
            let path = entry.unwrap().path();
            let _ = std::fs::remove_dir_all(&path).or_else(|_| std::fs::remove_file(&path));
        }
        harness::copy(&self.seed, &self.lab.root);
        let place = self.lab.root.join(path);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        let _ = std::fs::remove_dir_all(&place).or_else(|_| std::fs::remove_file(&place));
        put(&place);
    }

    /// Runs it: it ends in time, in words, and the home is as it was.
    fn holds(&self, what: &str, args: &[&str], home: &std::collections::BTreeMap<String, Vec<u8>>) {
        let since = Instant::now();
        let mut command = Command::new("timeout");
        command.arg("40").arg(BIN).args(trusting(args)).current_dir(&self.lab.root);
        let seen = seen(&mut command);
        assert!([0, 1, 2, 3].contains(&seen.code), "{what}, {args:?}: {seen:?}");
        assert!(!seen.err.contains("panicked"), "{what}, {args:?}: {seen:?}");
        assert!(
            since.elapsed() < Duration::from_secs(30),
            "{what}, {args:?}: {:?}",
            since.elapsed()
        );
        assert_eq!(
            &harness::files(&self.home),
            home,
            "{what}, {args:?} changed the home: {seen:?}"
        );
        let copied = harness::files(&self.lab.root);
        let copied: Vec<_> = copied
            .iter()
            .filter(|(_, bytes)| bytes.windows(8).any(|part| part == b"precious"))
            .collect();
        assert!(copied.is_empty(), "{what}, {args:?} copied a file of the home: {copied:?}");
    }
}

#[test]
#[ignore = "takes long"]
fn records_whose_names_are_paths_lead_nowhere() {
    let bench = Bench::new();
    let home = harness::files(&bench.home);
    let config = bench.home.join(".docker/config").display().to_string();
    let climbing = "../".repeat(12) + &config;
    bench.lab.trust();
    for kind in ["service", "passing", "background", "damage", "settings"] {
        for name in [config.as_str(), climbing.as_str(), "../x", "", "."] {
            let record = serde_json::json!({"pid": 1, "started": "never", "name": name,
                "since": 0, "argv": []});
            for args in
                [&["down"][..], &["down", "--purge"], &["status"], &["check"], &["up"], &["logs"]]
            {
                // As a repository brings it, and as if it had been noted here.
                bench.with(&format!(".mlops-lab/run/{kind}/x.json"), |place| {
                    std::fs::write(place, record.to_string()).unwrap();
                });
                let noted = bench.lab.run_folder().join(kind);
                std::fs::create_dir_all(&noted).unwrap();
                std::fs::write(noted.join("x.json"), record.to_string()).unwrap();
                bench.holds(&format!("{kind} {name}"), args, &home);
                let _ = std::fs::remove_file(noted.join("x.json"));
            }
        }
    }
    bench.lab.ok(&["down"]);
}

#[test]
fn an_update_that_meets_a_file_which_cannot_be_changed_changes_nothing() {
    let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
    let about = lab.root.join("about.txt");
    let chattr = |how: &str| seen(Command::new("chattr").arg(how).arg(&about)).code == 0;
    if !chattr("+i") {
        eprintln!("skipped: files cannot be made immutable here");
        return;
    }
    let pack = lab.root.parent().unwrap().join("pack");
    harness::copy(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/packs/tiny")), &pack);
    for file in ["README.md", "about.txt", "service.sh"] {
        let path = pack.join("templates/tiny").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, format!("{text}more\n")).unwrap();
    }
    let before = own(&lab.root);
    let update = lab.run(&["--pack", pack.to_str().unwrap(), "update"]);
    let (between, diff) = (own(&lab.root), lab.run(&["diff"]));
    assert!(chattr("-i"));
    assert_eq!(update.code, 3, "{update:?}");
    assert_eq!(between, before, "half an update");
    assert_eq!(diff.code, 0, "{diff:?}");
    let update: Seen = lab.ok(&["--pack", pack.to_str().unwrap(), "update"]);
    assert!(std::fs::read_to_string(&about).unwrap().ends_with("more\n"), "{update:?}");
}

/// The files of a lab, without what a change keeps for itself.
fn own(root: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut files = harness::files(root);
    files.retain(|path, _| {
        !path.starts_with("./.mlops-lab/run/") && !path.starts_with("./.mlops-lab/undo/")
    });
    files
}

/// Workers of a server in sessions of their own, deaf to SIGTERM.
#[test]
#[ignore = "takes long"]
fn deaf_children_that_left_their_session_are_stopped_side_by_side() {
    let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
    let service = format!(
        "[ $1 = good ] || exec sleep 600\nfor i in 1 2 3 4; do (setsid sh -c 'trap \"\" TERM; \
         while :; do sleep 1; done' &); done\nexec python3 -m http.server --bind 127.0.0.1 {}\n",
        lab.port
    );
    std::fs::write(lab.root.join("service.sh"), service).unwrap();
    lab.ok(&["up"]);
    let since = Instant::now();
    lab.ok(&["down"]);
    assert!(since.elapsed() < Duration::from_secs(15), "{:?}", since.elapsed());
    let run = lab.run_folder();
    // Their last `sleep 1` ends by itself.
    std::thread::sleep(Duration::from_secs(2));
    let marked = std::fs::read_dir("/proc").unwrap().filter(|entry| {
        let environment =
            std::fs::read(entry.as_ref().unwrap().path().join("environ")).unwrap_or_default();
        harness::text(&environment).contains(run.to_str().unwrap())
    });
    assert_eq!(marked.count(), 0, "a child is alive");
}
