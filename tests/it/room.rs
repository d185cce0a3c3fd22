//! Full disks, for real: small file systems in memory, on which `init` and `update` do all or
//! nothing. And folders that one may not write.
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::{self, BIN, Limited, Seen, files, must, seen};

/// A file system of its own, unmounted when dropped.
struct Small {
    temp: tempfile::TempDir,
}

impl Small {
    /// None where mounting is not permitted.
    fn new(options: &str) -> Option<Small> {
        let temp = tempfile::tempdir().unwrap();
        let small = Small { temp };
        std::fs::create_dir(small.root()).unwrap();
        let mount = seen(
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(small.root()),
        );
        if mount.code != 0 {
            assert!(!harness::strict(), "a small file system cannot be mounted: {}", mount.err);
            eprintln!("skipped: a small file system cannot be mounted here: {}", mount.err.trim());
            return None;
        }
        Some(small)
    }

    fn root(&self) -> PathBuf {
        self.temp.path().join("small")
    }

    fn again(&self, options: &str) {
        must(Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(self.root()));
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.root()).finish();
    }
}

fn tiny() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny")
}

fn init(folder: &Path, args: &[&str]) -> Seen {
    let mut command = Command::new(BIN);
    seen(
        command
            .arg("--pack")
            .arg(tiny())
            .args(["init", "tiny", "--no-doctor"])
            .args(args)
            .arg(folder),
    )
}

fn whole() -> usize {
    let temp = tempfile::tempdir().unwrap();
    assert_eq!(init(&temp.path().join("lab"), &[]).code, 0);
    files(&temp.path().join("lab")).len()
}

/// Tries on ever larger file systems until it works. Each failure changes nothing and says why.
fn grow(options: &dyn Fn(u32) -> String, from: u32, step: u32, said: &str) {
    let whole = whole();
    let mut told = 0;
    for size in (from..).step_by(step as usize).take(200) {
        let Some(small) = Small::new(&options(size)) else { return };
        let lab = small.root().join("lab");
        let dry = init(&lab, &["--dry-run"]);
        let seen = init(&lab, &[]);
        let left: Vec<_> =
            std::fs::read_dir(small.root()).unwrap().map(|e| e.unwrap().file_name()).collect();
        if seen.code == 0 {
            assert_eq!(files(&lab).len(), whole, "{}", options(size));
            assert_eq!(left, ["lab"]);
            assert!(told > 0, "it always worked");
            eprintln!("{said}: {told} refusals, then {}", options(size));
            return;
        }
        assert_eq!(seen.code, 3, "{}: {}", options(size), seen.err);
        assert!(left.is_empty(), "{}: {left:?}", options(size));
        if seen.err.contains(said) {
            told += 1;
            assert!(seen.err.contains("small/lab") && seen.err.contains("hint: "), "{}", seen.err);
        }
        assert!([0, 3].contains(&dry.code), "{}", dry.err);
    }
    panic!("it never worked");
}

#[test]
#[ignore = "needs root"]
fn on_a_disk_too_small_nothing_is_made_and_on_one_just_large_enough_everything() {
    grow(&|kib| format!("size={kib}k"), 4, 4, "are needed and");
}

#[test]
#[ignore = "needs root"]
fn likewise_where_files_cannot_be_counted_on() {
    grow(&|inodes| format!("nr_inodes={inodes}"), 2, 1, "files and folders are to be made");
}

#[test]
#[ignore = "needs root"]
fn a_disk_that_fills_up_while_we_write_leaves_nothing_and_the_retry_works() {
    let Some(small) = Small::new("size=4m") else { return };
    // Somebody else writes all the time, so that what was free when we looked is not free when we
    // write.
    for round in 0..20 {
        let lab = small.root().join("lab");
        let filler = small.root().join("filler");
        let script = format!(
            "sleep 0.00{}; head -c 8m /dev/zero > '{}' 2>/dev/null",
            round % 10,
            filler.display()
        );
        let mut other = Command::new("sh").args(["-c", &script]).start();
        let seen = init(&lab, &[]);
        other.wait().unwrap();
        let found = files(&lab).len();
        assert!(
            (seen.code == 0 && found > 0) || (seen.code == 3 && !lab.exists()),
            "{} {found}",
            seen.err
        );
        std::fs::remove_file(filler).unwrap();
        if seen.code == 3 {
            assert_eq!(init(&lab, &[]).code, 0);
        }
        std::fs::remove_dir_all(&lab).unwrap();
        assert_eq!(std::fs::read_dir(small.root()).unwrap().count(), 0);
    }
}

#[test]
#[ignore = "needs root"]
fn an_update_without_room_changes_nothing_and_works_when_there_is_some() {
    let Some(small) = Small::new("size=1m") else { return };
    let pack = tempfile::tempdir().unwrap();
    let pack = pack.path().join("pack");
    must(Command::new("cp").arg("-r").arg(tiny()).arg(&pack));
    let lab = small.root().join("lab");
    must(
        Command::new(BIN).arg("--pack").arg(&pack).args(["init", "tiny", "--no-doctor"]).arg(&lab),
    );
    for n in 0..10 {
        std::fs::write(pack.join(format!("templates/tiny/{n}.txt")), "text\n".repeat(10_000))
            .unwrap();
    }
    std::fs::write(lab.join("about.txt"), "mine\n").unwrap();
    let before = files(&lab);
    let mut refused = 0;
    for kib in (1024..).step_by(64).take(100) {
        small.again(&format!("size={kib}k"));
        let update = seen(Command::new(BIN).arg("update").current_dir(&lab));
        if update.code == 0 {
            break;
        }
        refused += 1;
        assert!(update.code == 3 && update.err.contains("are needed and"), "{}", update.err);
        let dry = seen(Command::new(BIN).args(["update", "--dry-run"]).current_dir(&lab));
        assert_eq!(dry.code, 3, "{}", dry.out);
        assert_eq!(files(&lab), before, "{kib}");
    }
    assert!(refused > 0 && lab.join("9.txt").is_file());
    assert_eq!(std::fs::read_to_string(lab.join("about.txt")).unwrap(), "mine\n");
}

#[test]
#[ignore = "needs root"]
fn a_folder_with_files_on_a_full_disk_is_left_as_it_was() {
    let Some(small) = Small::new("size=32k") else { return };
    let folder = small.root().join("mine");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("README.md"), "mine\n").unwrap();
    let before = files(&folder);
    let refused = init(&folder, &["--on-conflict", "merge"]);
    assert!(refused.code == 3 && refused.err.contains("are needed and"), "{}", refused.err);
    assert_eq!(files(&folder), before);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
#[ignore = "needs root"]
fn a_file_system_that_is_mounted_inside_a_lab_gets_its_files_too() {
    let Some(small) = Small::new("size=1m") else { return };
    let temp = tempfile::tempdir().unwrap();
    let pack = temp.path().join("pack");
    must(Command::new("cp").arg("-r").arg(tiny()).arg(&pack));
    let lab = temp.path().join("lab");
    must(
        Command::new(BIN).arg("--pack").arg(&pack).args(["init", "tiny", "--no-doctor"]).arg(&lab),
    );
    std::fs::create_dir(lab.join("volume")).unwrap();
    must(Command::new("mount").arg("--bind").arg(small.root()).arg(lab.join("volume")));
    std::fs::create_dir(pack.join("templates/tiny/volume")).unwrap();
    std::fs::write(pack.join("templates/tiny/volume/new.txt"), "new\n").unwrap();
    let update = seen(Command::new(BIN).arg("update").current_dir(&lab));
    let text = std::fs::read_to_string(lab.join("volume/new.txt"));
    let undo = seen(Command::new(BIN).arg("undo").current_dir(&lab));
    let gone = !lab.join("volume/new.txt").exists();
    // A mount point cannot be given away: said, and nothing done.
    std::fs::create_dir(temp.path().join("empty")).unwrap();
    must(Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(temp.path().join("empty")));
    let onto = init(&temp.path().join("empty"), &[]);
    let left = std::fs::read_dir(temp.path()).unwrap().count();
    for mounted in [lab.join("volume"), temp.path().join("empty")] {
        must(Command::new("umount").arg("-l").arg(mounted));
    }
    assert_eq!((update.code, text.unwrap().as_str()), (0, "new\n"), "{}", update.err);
    assert!(undo.code == 0 && gone, "{}", undo.err);
    assert!(onto.code == 3 && onto.err.contains("mounted there"), "{}", onto.err);
    assert_eq!(left, 3);
}

#[test]
#[ignore = "needs root"]
fn what_may_not_be_written_is_refused_in_words_and_stays_as_it_is() {
    // The superuser may do everything: this is somebody else.
    let temp = tempfile::tempdir_in("/var/tmp").unwrap();
    let program = temp.path().join("mlops-lab");
    std::fs::copy(BIN, &program).unwrap();
    must(Command::new("chmod").args(["755"]).arg(temp.path()).arg(&program));
    let nobody = |args: &[&str], folder: &Path| {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(&program)
            .args(args)
            .arg(folder);
        seen(command.current_dir(temp.path()))
    };
    if nobody(&["list", "-C"], temp.path()).code != 0 {
        assert!(!harness::strict(), "nobody cannot run the program");
        eprintln!("skipped: setpriv is not permitted here");
        return;
    }
    let init = ["init", "serving", "--no-doctor"];
    // A folder that is not theirs, one that they cannot read, one that they cannot enter.
    for (mode, folder) in [("755", "theirs"), ("711", "blind"), ("700", "closed")] {
        let place = temp.path().join(folder);
        std::fs::create_dir(&place).unwrap();
        must(Command::new("chmod").arg(mode).arg(&place));
        for target in [place.join("lab"), place.join("deep/er/lab")] {
            let refused = nobody(&init, &target);
            assert!(
                refused.code == 3 && refused.err.contains("Permission denied"),
                "{mode}: {}",
                refused.err
            );
        }
        assert_eq!(std::fs::read_dir(&place).unwrap().count(), 0, "{mode}");
    }
    // The folder itself: empty, of somebody else's, in a folder of theirs that nobody may write.
    let refused = nobody(&init, &temp.path().join("blind"));
    assert_eq!(refused.code, 3, "{}", refused.err);
    // A lab that has become read-only: looking works, changing is refused.
    let own = temp.path().join("own");
    std::fs::create_dir(&own).unwrap();
    must(Command::new("chown").arg("65534:65534").arg(&own));
    let lab = own.join("lab");
    assert_eq!(nobody(&init, &lab).code, 0);
    must(Command::new("chmod").args(["-R", "a-w"]).arg(&lab));
    let before = files(&lab);
    assert_eq!(nobody(&["diff", "-C"], &lab).code, 0);
    let refused = nobody(&["update", "--set", "port=9000", "-C"], &lab);
    assert!(refused.code == 3 && refused.err.contains("Permission denied"), "{}", refused.err);
    assert_eq!(files(&lab), before);
    // Only the project's folder is: then the update has begun, and nothing of it is left.
    must(Command::new("chmod").args(["-R", "u+w"]).arg(lab.join(".mlops-lab")));
    let refused = nobody(&["update", "--set", "port=9000", "-C"], &lab);
    let changed =
        files(&lab).iter().any(|(path, bytes)| before.get(path).is_some_and(|was| was != bytes));
    assert!(refused.code == 3 && !changed, "{}{}", refused.out, refused.err);
    assert_eq!(nobody(&["diff", "-C"], &lab).code, 0, "the next command is not stuck");
}

#[test]
#[ignore = "needs root"]
fn a_verdict_is_shown_where_nothing_can_be_written() {
    let Some(small) = Small::new("size=4m") else { return };
    let lab = small.root().join("lab");
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny");
    must(
        Command::new(BIN).arg("--pack").arg(&pack).args(["init", "tiny", "--no-doctor"]).arg(&lab),
    );
    small.again("ro");
    let at = |args: &[&str]| seen(Command::new(BIN).args(args).current_dir(&lab));
    let check = at(&["check"]);
    assert!(
        check.code == 1 && check.out.contains("Publish a greeting"),
        "{}{}",
        check.out,
        check.err
    );
    assert_eq!(check.err.matches("warning: this is not saved").count(), 1, "{}", check.err);
    let hint = at(&["hint"]);
    assert!(
        hint.code == 0 && hint.out.contains("A file server serves files."),
        "{}{}",
        hint.out,
        hint.err
    );
    small.again("rw");
}

#[test]
#[ignore = "needs root"]
fn a_watch_goes_on_where_nothing_can_be_written() {
    let Some(small) = Small::new("size=4m") else { return };
    let lab = small.root().join("lab");
    let port = format!("port={}", harness::free_port());
    let init = ["init", "tiny", "--no-doctor", "--set", &port];
    must(Command::new(BIN).arg("--pack").arg(tiny()).args(init).arg(&lab));
    must(Command::new(BIN).arg("up").current_dir(&lab));
    small.again("ro");
    let mut watch = harness::listening();
    watch.args(["check", "--watch"]).current_dir(&lab);
    watch.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut watch = watch.start();
    let mut shown = Vec::new();
    for line in BufReader::new(watch.stdout.take().unwrap()).lines().map_while(Result::ok) {
        shown.push(line);
        if shown.last().unwrap().contains("observed") {
            break;
        }
    }
    // Once more round, so that a warning would come twice.
    std::thread::sleep(std::time::Duration::from_secs(3));
    harness::signal(&watch, rustix::process::Signal::INT);
    let ended = watch.finish();
    let down = seen(Command::new(BIN).arg("down").current_dir(&lab));
    small.again("rw");
    let (shown, err) = (shown.join("\n"), harness::text(&ended.stderr));
    assert!(shown.contains("Publish a greeting") && shown.contains("status 404"), "{shown}\n{err}");
    assert_eq!(ended.status.code(), Some(130), "{err}");
    assert_eq!(err.matches("warning: this is not saved").count(), 1, "{err}");
    assert_eq!(down.code, 0, "{}", down.err);
}
