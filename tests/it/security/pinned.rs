//! Files that the system lets nobody replace: a change that needs one is refused before it begins,
//! and names what lifts it.

use std::path::Path;
use std::process::Command;

use crate::harness::{BIN, Lab, Limited, copy, files, must, seen, strict};

/// Makes a path of the lab unchangeable, and changeable again when dropped.
struct Pinned<'a> {
    how: &'a str,
    place: std::path::PathBuf,
}

impl Pinned<'_> {
    /// None where this is not permitted.
    fn new<'a>(how: &'a str, place: &Path) -> Option<Pinned<'a>> {
        let done = match how {
            "mount" => seen(Command::new("mount").arg("--bind").arg(place).arg(place)),
            flag => seen(Command::new("chattr").arg(format!("+{flag}")).arg(place)),
        };
        if done.code != 0 {
            assert!(!strict(), "{how}: {}", done.err);
            eprintln!("skipped: {how} is not permitted here: {}", done.err.trim());
            return None;
        }
        Some(Pinned { how, place: place.to_owned() })
    }

    fn lift(&self) -> String {
        match self.how {
            "mount" => "sudo umount".to_owned(),
            flag => format!("sudo chattr -{flag}"),
        }
    }
}

impl Drop for Pinned<'_> {
    fn drop(&mut self) {
        let _ = match self.how {
            "mount" => Command::new("umount").arg("-l").arg(&self.place).finish(),
            flag => Command::new("chattr").arg(format!("-{flag}")).arg(&self.place).finish(),
        };
    }
}

/// Files that are the lab's and the learner's, without what is only noted.
fn all(lab: &Lab) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut all = files(&lab.root);
    all.retain(|path, _| !path.starts_with("./.mlops-lab/progress"));
    all
}

/// The command changes nothing and names the file and what lifts it; without the pin it works.
fn refused_then_done(lab: &Lab, how: &str, place: &str, args: &[&str]) {
    let before = all(lab);
    {
        let Some(pinned) = Pinned::new(how, &lab.root.join(place)) else { return };
        let refused = lab.run(args);
        assert_eq!(refused.code, 3, "{how} {place} {args:?}: {}{}", refused.out, refused.err);
        for word in [place, &pinned.lift(), "nothing was changed"] {
            assert!(refused.err.contains(word), "{how} {place} {args:?}: {}", refused.err);
        }
        assert_eq!(all(lab), before, "{how} {place} {args:?}");
        // The next command is not stuck.
        lab.ok(&["diff"]);
    }
    assert_eq!(lab.run(args).code, 0, "{how} {place} {args:?}");
}

#[test]
#[ignore = "needs root"]
fn a_change_that_the_system_would_refuse_halfway_is_refused_as_a_whole() {
    let pack = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"), pack.path());
    for file in ["README.md", "about.txt"] {
        let place = pack.path().join("templates/tiny").join(file);
        std::fs::write(&place, std::fs::read_to_string(&place).unwrap() + "more\n").unwrap();
    }
    let update = ["--pack", pack.path().to_str().unwrap(), "update"];
    for how in ["i", "a", "mount"] {
        let lab = Lab::new(Some("tiny"), "tiny", &[]);
        refused_then_done(&lab, how, "about.txt", &update);
        assert!(lab.root.join("about.txt").metadata().unwrap().len() > 0);
        refused_then_done(&lab, how, "README.md", &["undo"]);
        std::fs::write(lab.root.join("greeting.txt"), "mine\n").unwrap();
        let solve = lab.root.join("greeting.txt");
        let before = all(&lab);
        if let Some(_pinned) = Pinned::new(how, &solve) {
            let refused = lab.run(&["solve", "one"]);
            assert!(
                refused.code == 3 && refused.err.contains("greeting.txt"),
                "{how}: {}",
                refused.err
            );
            assert_eq!(all(&lab), before, "{how}");
        }
    }
    // A folder in which nothing can be made or removed.
    let lab = Lab::new(Some("tiny"), "tiny", &[]);
    let before = all(&lab);
    if let Some(_pinned) = Pinned::new("i", &lab.root) {
        let refused = lab.run(&update);
        assert!(refused.code == 3 && refused.err.contains("chattr -i"), "{}", refused.err);
        assert_eq!(all(&lab), before);
    }
}

#[test]
#[ignore = "needs root"]
fn another_users_file_in_a_sticky_folder_is_left_to_its_owner() {
    let temp = tempfile::tempdir_in("/var/tmp").unwrap();
    let (program, lab) = (temp.path().join("mlops-lab"), temp.path().join("lab"));
    std::fs::copy(BIN, &program).unwrap();
    must(Command::new("chmod").arg("755").arg(temp.path()).arg(&program));
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny");
    let (pack, home) = (temp.path().join("pack"), temp.path().join("home"));
    copy(&tiny, &pack);
    std::fs::create_dir(&home).unwrap();
    std::fs::create_dir(pack.join("templates/tiny/shared")).unwrap();
    std::fs::write(pack.join("templates/tiny/shared/x.txt"), "x\n").unwrap();
    let nobody = |args: &[&str], folder: &Path| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program).args(args);
        command.env("XDG_STATE_HOME", &home).env("HOME", &home).current_dir(folder);
        seen(&mut command)
    };
    if seen(Command::new("chown").args(["-R", "65534:65534"]).arg(temp.path())).code != 0 {
        assert!(!strict(), "chown is not permitted");
        eprintln!("skipped: chown is not permitted here");
        return;
    }
    let shown = [pack.to_str().unwrap(), lab.to_str().unwrap()];
    let made = nobody(&["--pack", shown[0], "init", "tiny", "--no-doctor", shown[1]], temp.path());
    assert_eq!(made.code, 0, "{}", made.err);
    for file in ["README.md", "shared/x.txt"] {
        std::fs::write(pack.join("templates/tiny").join(file), "other\n").unwrap();
    }
    // As in /tmp: everybody may make files there, and nobody may remove another's.
    must(Command::new("chown").arg("1:1").arg(lab.join("shared")).arg(lab.join("shared/x.txt")));
    must(Command::new("chmod").arg("1777").arg(lab.join("shared")));
    let before = files(&lab);
    let refused = nobody(&["--pack", shown[0], "update"], &lab);
    assert_eq!(refused.code, 3, "{}{}", refused.out, refused.err);
    assert!(refused.err.contains("shared/x.txt: it is another user's"), "{}", refused.err);
    assert_eq!(files(&lab), before);
}
