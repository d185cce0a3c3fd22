//! Where we run: without a home, a PATH, a folder for temporary files, a working directory, open
//! streams, a known locale, a sane width; on a full device, and as another user. The exit code says
//! what is the matter, and nothing hangs or panics.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{self, BIN, Lab, Seen, must, seen};
use crate::security::trusting;

fn tiny() -> Lab {
    Lab::new(Some("tiny"), "tiny", &["program=good"])
}

/// Our program in the lab, changed by a wrapper: `env`, a shell with redirections.
fn wrapped(lab: &Lab, wrapper: &[&str], args: &[&str]) -> Seen {
    let mut command = Command::new("timeout");
    command.arg("60").args(wrapper).arg(BIN).args(trusting(args)).current_dir(&lab.root);
    seen(&mut command)
}

fn one_of(seen: &Seen, codes: &[i32], what: &str) {
    assert!(codes.contains(&seen.code), "{what}: {seen:?}");
    assert!(!seen.err.contains("panic"), "{what}: {seen:?}");
}

#[test]
fn without_a_home_a_folder_for_temporary_files_or_a_locale_a_lab_lives() {
    let lab = tiny();
    for env in [
        &["-u", "HOME"][..],
        &["HOME=/nonexistent"],
        &["TMPDIR=/nonexistent"],
        &["LC_ALL=xx_YY"],
        &["HOME="],
    ] {
        let wrapper = [&["env"], env].concat();
        for (args, codes) in
            [(&["up"][..], &[0][..]), (&["status"], &[0]), (&["check"], &[1]), (&["down"], &[0])]
        {
            one_of(&wrapped(&lab, &wrapper, args), codes, &format!("{env:?} {args:?}"));
        }
    }
}

#[test]
fn with_an_empty_environment_looking_works_and_up_says_what_is_missing() {
    let lab = tiny();
    // Without XDG_STATE_HOME too: the state of whoever runs the tests must not be touched.
    let state = format!("XDG_STATE_HOME={}", std::env::var("XDG_STATE_HOME").unwrap());
    let wrapper = ["env", "-i", &state];
    one_of(&wrapped(&lab, &wrapper, &["status"]), &[0, 1], "status");
    let up = wrapped(&lab, &wrapper, &["up"]);
    one_of(&up, &[3], "up");
    assert!(up.err.contains("hint"), "{}", up.err);
    one_of(&wrapped(&lab, &wrapper, &["down"]), &[0], "down");
}

#[test]
fn no_width_of_the_terminal_breaks_a_report() {
    let lab = tiny();
    for columns in
        ["0", "1", "-1", "x", "", "99999999999999999999", "18446744073709551615", "65536"]
    {
        for args in [&["doctor"][..], &["check"], &["hint"], &["list"]] {
            let columns = format!("COLUMNS={columns}");
            one_of(&wrapped(&lab, &["env", &columns], args), &[0, 1, 3], &columns);
        }
    }
}

#[test]
fn closed_streams_and_full_devices_are_an_exit_code() {
    let lab = tiny();
    let through = |redirections: &str, args: &[&str]| {
        let script = format!("exec \"$0\" \"$@\" {redirections}");
        wrapped(&lab, &["bash", "-c", &script], args)
    };
    one_of(&through("<&- >&-", &["status"]), &[0, 1, 3], "no input and output");
    one_of(&through("<&- >&- 2>&-", &["up"]), &[0, 3], "nothing open");
    one_of(&through("", &["down"]), &[0], "down");
    for args in [
        &["status"][..],
        &["status", "--json"],
        &["list"],
        &["list", "--json"],
        &["hint"],
        &["doctor"],
    ] {
        one_of(&through(">/dev/full", args), &[3], &format!("{args:?} on a full device"));
    }
    // Talk that nobody can read stops nothing.
    one_of(&through("2>/dev/full", &["up"]), &[0], "up");
    one_of(&through("2>/dev/full", &["down"]), &[0], "down");
    // A reader that has seen enough is no failure.
    let script = "set -o pipefail; \"$0\" \"$@\" | head -n1";
    one_of(&wrapped(&lab, &["bash", "-c", script], &["list"]), &[0], "a closed pipe");
}

#[test]
fn a_working_folder_that_is_gone_is_named() {
    let lab = tiny();
    std::fs::create_dir(lab.root.join("gone")).unwrap();
    for args in ["status", "check", "diff", "doctor", "list"] {
        let script = format!("mkdir -p gone; cd gone && rmdir ../gone && exec \"$0\" {args}");
        one_of(&wrapped(&lab, &["bash", "-c", &script], &[]), &[0, 1, 2, 3], args);
    }
}

#[test]
fn a_clock_that_jumps_bends_no_verdict() {
    let Some(faketime) = on_path("faketime") else { return };
    let lab = tiny();
    let at = |shift: &str, args: &[&str]| {
        wrapped(&lab, &[faketime.to_str().unwrap(), "-f", shift], args)
    };
    for (shift, args, code) in [
        ("-10y", &["up"][..], 0),
        ("+0", &["status"], 0),
        ("+10y", &["status"], 0),
        ("+10y", &["check"], 1),
        ("+10y", &["down"], 0),
        ("+0 x20", &["up"], 0),
        ("+0 x20", &["down"], 0),
    ] {
        one_of(&at(shift, args), &[code], &format!("{shift} {args:?}"));
    }
}

/// Not everybody has it, and nothing rests on it alone.
fn on_path(name: &str) -> Option<PathBuf> {
    let found = std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    if found.is_none() {
        eprintln!("skipped: {name} is missing");
    }
    found
}

/// Our program as another user, in a place where that user can reach both.
struct Other {
    temp: tempfile::TempDir,
    lab: PathBuf,
}

impl Other {
    fn new() -> Option<Other> {
        // The superuser may do everything: this is somebody else.
        let temp = tempfile::tempdir_in("/var/tmp").unwrap();
        let other = Other { lab: temp.path().join("lab"), temp };
        mode(other.temp.path(), 0o755);
        std::fs::copy(BIN, other.temp.path().join("mlops-lab")).unwrap();
        mode(&other.temp.path().join("mlops-lab"), 0o755);
        for folder in ["home", "state"] {
            std::fs::create_dir(other.temp.path().join(folder)).unwrap();
            other.give(&other.temp.path().join(folder));
        }
        let made = tiny();
        harness::copy(&made.root, &other.lab);
        if other.run(&["list"]).code != 0 {
            assert!(!harness::strict(), "nobody cannot run the program");
            eprintln!("skipped: setpriv is not permitted here");
            return None;
        }
        Some(other)
    }

    /// Makes it the other user's, or the superuser's.
    fn give(&self, path: &Path) {
        must(Command::new("chown").args(["-R", "65534:65534"]).arg(path));
    }

    fn take(&self) {
        must(Command::new("chown").args(["-R", "0:0"]).arg(&self.lab));
        must(Command::new("chmod").args(["-R", "a+rX"]).arg(&self.lab));
    }

    fn run(&self, args: &[&str]) -> Seen {
        let mut command = Command::new("timeout");
        command.args(["60", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]);
        command.arg(self.temp.path().join("mlops-lab")).args(trusting(args));
        command
            .env("HOME", self.temp.path().join("home"))
            .env("XDG_STATE_HOME", self.temp.path().join("state"));
        seen(command.current_dir(if self.lab.is_dir() { &self.lab } else { self.temp.path() }))
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.run(&["down", "--purge"]);
    }
}

fn mode(path: &Path, bits: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(bits)).unwrap();
}

const ALL: [&[&str]; 14] = [
    &["status"],
    &["check"],
    &["hint"],
    &["diff"],
    &["doctor"],
    &["logs"],
    &["solve", "--diff"],
    &["update", "--dry-run"],
    &["update"],
    &["up"],
    &["down"],
    &["down", "--purge"],
    &["undo"],
    &["break"],
];

#[test]
#[ignore = "needs root"]
fn a_lab_that_is_somebody_elses_is_left_as_it_is() {
    let Some(other) = Other::new() else { return };
    other.take();
    let before = harness::files(&other.lab);
    for secret in [true, false] {
        if secret {
            mode(&other.lab.join(".env"), 0o600);
        } else {
            mode(&other.lab.join(".env"), 0o644);
        }
        for args in ALL {
            one_of(
                &other.run(args),
                &[0, 1, 3],
                &format!("{args:?}, .env can be read: {}", !secret),
            );
            assert_eq!(harness::files(&other.lab), before, "{args:?} changed somebody else's lab");
        }
    }
}

#[test]
#[ignore = "needs root"]
fn what_cannot_be_read_of_ones_own_lab_is_named() {
    let Some(other) = Other::new() else { return };
    other.give(&other.lab);
    let readme = other.lab.join("README.md");
    mode(&readme, 0);
    for args in [&["diff"][..], &["update", "--dry-run"], &["solve", "one"]] {
        one_of(&other.run(args), &[0, 1, 3], &format!("{args:?} without README.md"));
    }
    assert_eq!(other.run(&["diff"]).code, 3);
    assert!(other.run(&["diff"]).err.contains("README.md"));
    mode(&readme, 0o644);
    // This machine knows the lab, and nothing of it runs.
    for args in [&["up"][..], &["down"]] {
        other.run(args);
    }
    let own = other.lab.join(".mlops-lab");
    mode(&own, 0);
    one_of(&other.run(&["status"]), &[2, 3], "a folder that cannot be entered");
    mode(&own, 0o755);
    mode(&own.join("record.toml"), 0);
    let status = other.run(&["status"]);
    one_of(&status, &[3], "a record that cannot be read");
    assert!(status.err.contains("record.toml") || status.out.contains("record.toml"), "{status:?}");
}
