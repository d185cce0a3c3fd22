//! Every name of a lab as a link, a FIFO, a device, a socket or a folder, under every command:
//! nothing outside is read or changed, and every command ends. And folders that are swapped for
//! links while we write.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

use crate::harness::{BIN, Lab, copy, files, must, seen, strict};
use crate::security::trusting;

/// Names below a lab that commands read, write or remove. Those at the end are made by commands,
/// and not there at first.
const NAMES: [&str; 24] = [
    ".env",
    "README.md",
    "service.sh",
    ".mlops-lab",
    ".mlops-lab/lab.toml",
    ".mlops-lab/record.toml",
    ".mlops-lab/base.tar",
    ".mlops-lab/lab",
    ".mlops-lab/.gitignore",
    ".mlops-lab/lab/steps",
    ".mlops-lab/lab/steps/one.md",
    ".mlops-lab/lab/solution/one/greeting.txt",
    ".mlops-lab/env",
    ".mlops-lab/env/dot-env",
    ".mlops-lab/progress.json",
    ".mlops-lab/progress.json.broken",
    ".mlops-lab/run",
    ".mlops-lab/run/change",
    ".mlops-lab/run/change/journal.json",
    ".mlops-lab/run/change/begun.json",
    ".mlops-lab/undo",
    ".mlops-lab/undo/7/journal.json",
    ".mlops-lab/backup",
    "greeting.txt",
];

const COMMANDS: [&[&str]; 18] = [
    &["status"],
    &["hint"],
    &["logs"],
    &["diff"],
    &["read", "one"],
    &["check"],
    &["solve", "one", "--diff"],
    &["solve", "one"],
    &["update", "--dry-run"],
    &["update", "--set", "port=21998"],
    &["undo"],
    &["break", "gone"],
    &["break", "--undo"],
    &["down"],
    &["down", "--purge"],
    &["open"],
    &["list"],
    &["doctor", "--only", "disk"],
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    LinkToFile,
    LinkToFolder,
    Fifo,
    Device,
    Socket,
    Folder,
}

const KINDS: [Kind; 6] =
    [Kind::LinkToFile, Kind::LinkToFolder, Kind::Fifo, Kind::Device, Kind::Socket, Kind::Folder];

const SECRET: &str = "PRECIOUS_4711=of-somebody-else";

/// A folder of somebody's, and how it looks.
struct Outside {
    temp: tempfile::TempDir,
}

impl Outside {
    fn new() -> Outside {
        let outside = Outside { temp: tempfile::tempdir().unwrap() };
        std::fs::write(outside.file(), SECRET).unwrap();
        std::fs::set_permissions(outside.file(), PermissionsExt::from_mode(0o600)).unwrap();
        outside
    }

    fn file(&self) -> PathBuf {
        self.temp.path().join("secret")
    }

    fn assert_untouched(&self, when: &str) {
        let names: Vec<_> = std::fs::read_dir(self.temp.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["secret"], "{when}");
        assert_eq!(std::fs::read_to_string(self.file()).unwrap(), SECRET, "{when}");
        assert_eq!(self.file().metadata().unwrap().permissions().mode() & 0o777, 0o600, "{when}");
    }
}

/// Puts it there; false where this user may not.
fn make(kind: Kind, place: &Path, outside: &Outside) -> bool {
    let bits = Mode::from_raw_mode(0o666);
    match kind {
        Kind::LinkToFile => symlink(outside.file(), place).unwrap(),
        Kind::LinkToFolder => symlink(outside.temp.path(), place).unwrap(),
        Kind::Fifo => mknodat(CWD, place, FileType::Fifo, bits, 0).unwrap(),
        // As /dev/zero: whoever reads it never ends.
        Kind::Device => {
            let made = mknodat(CWD, place, FileType::CharacterDevice, bits, makedev(1, 5));
            if made.is_err() {
                assert!(!strict(), "a device cannot be made");
                return false;
            }
        }
        Kind::Socket => drop(UnixListener::bind(place).unwrap()),
        Kind::Folder => std::fs::create_dir(place).unwrap(),
    }
    true
}

/// Removes whatever stands there.
fn clear(place: &Path) {
    match place.symlink_metadata() {
        Ok(meta) if meta.is_dir() => std::fs::remove_dir_all(place).unwrap(),
        Ok(_) => std::fs::remove_file(place).unwrap(),
        Err(_) => {}
    }
}

#[test]
#[ignore = "takes long"]
fn every_name_as_every_kind_under_every_command_ends_and_touches_nothing_outside() {
    let temp = tempfile::Builder::new().prefix("n").tempdir().unwrap();
    let whole = temp.path().join("whole");
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny");
    must(
        Command::new(BIN)
            .arg("--pack")
            .arg(&tiny)
            .args(["init", "tiny", "--no-doctor"])
            .arg(&whole),
    );
    let refused: usize = std::thread::scope(|scope| {
        let each = KINDS.map(|kind| {
            let whole = &whole;
            scope.spawn(move || {
                NAMES.iter().map(|name| under_every_command(whole, name, kind)).sum::<usize>()
            })
        });
        each.into_iter().map(|kind| kind.join().unwrap()).sum()
    });
    assert!(refused > 200, "{refused}");
}

/// How many commands refused.
fn under_every_command(whole: &Path, name: &str, kind: Kind) -> usize {
    // A socket's path is short.
    let (temp, outside) = (tempfile::Builder::new().prefix("n").tempdir().unwrap(), Outside::new());
    let lab = temp.path().join("lab");
    let mut refused = 0;
    for args in COMMANDS {
        clear(&lab);
        must(Command::new("cp").arg("-a").arg(whole).arg(&lab));
        let place = lab.join(name);
        clear(&place);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        if !make(kind, &place, &outside) {
            continue;
        }
        let when = format!("{name} as {kind:?}, {args:?}");
        let mut command = Command::new("timeout");
        command.args(["60", BIN]).args(trusting(args)).current_dir(&lab);
        let ended = seen(&mut command);
        assert!((0..=3).contains(&ended.code), "{when}: {} {}{}", ended.code, ended.out, ended.err);
        assert!(!(ended.out + &ended.err).contains(SECRET), "{when}: it shows the secret");
        outside.assert_untouched(&when);
        let holds =
            |text: &Vec<u8>| text.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
        assert!(!files(&lab).values().any(holds), "{when}: the secret was copied");
        refused += usize::from(ended.code >= 2);
    }
    refused
}

#[test]
fn a_folder_that_is_swapped_for_a_link_while_a_solution_is_laid_leads_nowhere() {
    const ROUNDS: usize = 150;
    let pack = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"), pack.path());
    let own = pack.path().join("labs/tiny");
    let manifest = std::fs::read_to_string(own.join("lab.toml")).unwrap();
    let only_files = manifest.lines().filter(|line| !line.contains("test -n"));
    std::fs::write(own.join("lab.toml"), only_files.collect::<Vec<_>>().join("\n")).unwrap();
    std::fs::create_dir_all(own.join("solution/one/sub/deep")).unwrap();
    for file in ["sub/a.txt", "sub/deep/b.txt"] {
        std::fs::write(own.join("solution/one").join(file), "solved\n").unwrap();
    }
    let lab = Lab::new(Some(pack.path().to_str().unwrap()), "tiny", &[]);
    let outside = tempfile::tempdir().unwrap();
    std::fs::create_dir(outside.path().join("deep")).unwrap();
    let (sub, aside) = (lab.root.join("sub"), lab.root.join("sub.aside"));
    let ends = AtomicBool::new(false);
    let mut done = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ends.load(Ordering::Relaxed) {
                let _ = std::fs::rename(&sub, &aside);
                let _ = symlink(outside.path(), &sub);
                std::thread::sleep(Duration::from_micros(300));
                if sub.is_symlink() {
                    let _ = std::fs::remove_file(&sub);
                }
                let _ = std::fs::rename(&aside, &sub);
                std::thread::sleep(Duration::from_micros(300));
            }
        });
        for round in 0..ROUNDS {
            let solved = lab.run(&trusting(&["solve", "one"]));
            assert!([0, 3].contains(&solved.code), "{round}: {}{}", solved.out, solved.err);
            done += usize::from(solved.code == 0);
            let names = files(outside.path());
            assert!(names.is_empty(), "{round}: {names:?}");
            for folder in [&sub, &aside] {
                if folder.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
                    let _ = std::fs::write(folder.join("a.txt"), format!("{round}\n"));
                }
            }
            // That was by path, and may itself have gone astray.
            let _ = std::fs::remove_file(outside.path().join("a.txt"));
        }
        ends.store(true, Ordering::Relaxed);
    });
    assert!(done > 0, "no solution was ever laid");
}
