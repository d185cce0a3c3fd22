//! The Python environment of a lab that breaks, and installers that fail, with installers that are
//! scripts.
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use crate::harness::{self, Lab, Limited, Seen, seen};

/// As much of uv as `up` needs: an environment, and a note about one package.
const UV: &str = r#"#!/bin/sh
case $1 in
  --version) echo "uv 0.9.9" ;;
  venv) exec python3 -m venv --without-pip .venv ;;
  pip) mkdir -p "$(echo .venv/lib/python*/site-packages)/six-1.17.0.dist-info" ;;
esac
"#;

struct Bed {
    lab: Lab,
    bin: tempfile::TempDir,
}

impl Bed {
    fn new(uv: &str) -> Bed {
        let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
        let manifest = lab.root.join(".mlops-lab/lab.toml");
        let text = std::fs::read_to_string(&manifest).unwrap();
        let with = "[runtime.local]\npython = { requirements = [\"requirements.txt\"] }";
        assert!(text.contains("[runtime.local]"), "{text}");
        std::fs::write(&manifest, text.replacen("[runtime.local]", with, 1)).unwrap();
        lab.trust();
        std::fs::write(lab.root.join("requirements.txt"), "# nothing\n").unwrap();
        let bed = Bed { lab, bin: tempfile::tempdir().unwrap() };
        bed.uv(uv);
        bed
    }

    fn uv(&self, script: &str) {
        let path = self.bin.path().join("uv");
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn up(&self) -> Seen {
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", self.bin.path().display());
        seen(self.lab.command(&["up"]).env("PATH", path))
    }

    fn note(&self) -> PathBuf {
        let lib = self.lab.root.join(".venv/lib");
        let version = std::fs::read_dir(&lib).unwrap().next().unwrap().unwrap().path();
        version.join("site-packages/six-1.17.0.dist-info")
    }
}

#[test]
fn an_environment_that_lost_a_package_or_its_python_is_made_again() {
    let bed = Bed::new(UV);
    let first = bed.up();
    assert_eq!(first.code, 0, "{}", first.err);
    let again = bed.up();
    assert!(again.code == 0 && !again.err.contains(".venv"), "{}", again.err);

    std::fs::remove_dir(bed.note()).unwrap();
    let package = bed.up();
    assert!(package.code == 0 && bed.note().is_dir(), "{}", package.err);
    assert!(package.err.contains("six-1.17.0 was missing"), "{}", package.err);
    assert!(!package.out.contains("restarted"), "what runs may go on: {}", package.out);

    let python = bed.lab.root.join(".venv/bin/python");
    std::fs::remove_file(&python).unwrap();
    symlink("/nowhere/python3", &python).unwrap();
    let gone = bed.up();
    assert_eq!(gone.code, 0, "{}", gone.err);
    assert!(gone.out.contains("files: the Python of .venv is gone: restarted"), "{}", gone.out);
    assert_eq!(seen(std::process::Command::new(&python).arg("--version")).code, 0);
}

#[test]
fn packages_that_are_data_are_installed_without_what_they_depend_on() {
    let noting = UV.replacen("  pip) ", "  pip) echo \"$@\" >>installed; ", 1);
    let bed = Bed::new(&noting);
    let manifest = bed.lab.root.join(".mlops-lab/lab.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let with = "requirements = [\"requirements.txt\"], no_deps = [\"requirements-model.txt\"]";
    let text = text.replacen("requirements = [\"requirements.txt\"]", with, 1);
    std::fs::write(&manifest, text).unwrap();
    bed.lab.trust();
    let model = bed.lab.root.join("requirements-model.txt");
    std::fs::write(&model, "# nothing\n").unwrap();
    assert_eq!(bed.up().code, 0);
    let installed = || std::fs::read_to_string(bed.lab.root.join("installed")).unwrap();
    let lines: Vec<String> = installed().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].ends_with("--require-hashes -r requirements.txt"), "{lines:?}");
    assert!(
        lines[1].ends_with("--no-deps --require-hashes -r requirements-model.txt"),
        "{lines:?}"
    );

    std::fs::write(&model, "# another\n").unwrap();
    let changed = bed.up();
    assert!(changed.err.contains("the requirements changed"), "{}", changed.err);
    assert_eq!(installed().lines().count(), 4);
}

#[test]
fn the_doctor_sees_what_is_wrong_with_the_environment_and_starts_nothing_of_it() {
    let bed = Bed::new(UV);
    let environment = || {
        let report: serde_json::Value =
            serde_json::from_str(&bed.lab.run(&["doctor", "--json"]).out).unwrap();
        let findings = report["findings"].as_array().unwrap().iter();
        findings.clone().find(|finding| finding["id"] == "environment").cloned()
    };
    assert!(environment().is_none(), "none is made yet");
    assert_eq!(bed.up().code, 0);
    assert_eq!(environment().unwrap()["status"], "pass");
    let broken = |why: &str| {
        let found = environment().unwrap();
        assert_eq!(found["status"], "warn", "{found}");
        assert!(found["title"].as_str().unwrap().contains(why), "{found}");
        assert_eq!(found["hints"][0]["cmd"], "mlops-lab up", "{found}");
    };
    let python = bed.lab.root.join(".venv/bin/python");
    std::fs::remove_file(&python).unwrap();
    std::fs::write(&python, "#!/bin/sh\ntouch started\n").unwrap();
    std::fs::set_permissions(&python, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::remove_dir(bed.note()).unwrap();
    broken("six-1.17.0 was missing");
    assert!(!bed.lab.root.join("started").exists());
    std::fs::remove_file(&python).unwrap();
    symlink("/nowhere/python3", &python).unwrap();
    broken("the Python of .venv is gone");
    std::fs::write(bed.lab.run_folder().join("making-venv"), "").unwrap();
    broken("half made");
    assert_eq!(bed.up().code, 0);
    assert_eq!(environment().unwrap()["status"], "pass");
}

#[test]
#[ignore = "makes Python environments"]
fn an_environment_that_lost_what_installs_the_others_is_made_again() {
    let bed = Bed::new("#!/bin/sh\nexit 127\n");
    let first = bed.up();
    assert_eq!(first.code, 0, "{}", first.err);
    let site = bed.note().parent().unwrap().to_owned();
    let ours = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("pip");
    let entries = std::fs::read_dir(&site).unwrap().map(|entry| entry.unwrap().path());
    let gone: Vec<PathBuf> = entries.filter(ours).collect();
    assert_eq!(gone.len(), 2, "{gone:?}");
    gone.iter().for_each(|path| std::fs::remove_dir_all(path).unwrap());
    let again = bed.up();
    assert!(
        again.code == 0 && again.err.contains("was missing: .venv is rebuilt"),
        "{}",
        again.err
    );
    assert!(gone.iter().all(|path| path.is_dir()), "{}", again.err);
}

#[test]
#[ignore = "makes Python environments"]
fn a_shim_with_nothing_behind_it_is_no_uv() {
    let bed = Bed::new("#!/bin/sh\necho 'version manager: uv: command not found' >&2\nexit 127\n");
    let up = bed.up();
    assert_eq!(up.code, 0, "{}", up.err);
    assert!(up.err.contains("with pip"), "{}", up.err);
    let path = format!("{}:{}", bed.bin.path().display(), std::env::var("PATH").unwrap());
    let doctor =
        seen(bed.lab.command(&["doctor", "--only", "python", "--verbose"]).env("PATH", path));
    assert!(doctor.out.contains("with venv") && !doctor.out.contains("with uv"), "{}", doctor.out);
}

#[test]
fn an_installer_that_fails_has_a_hint_that_fits_its_words() {
    let failing =
        |words: &str| UV.replace("mkdir -p", &format!("echo '{words}' >&2; exit 2; mkdir"));
    for (words, hint) in [
        ("error: failed to write: No space left on device (os error 28)", "the disk is full"),
        ("error: Failed to initialize cache at /nonexistent", "HOME="),
        ("Hash mismatch for six==1.17.0", "do not install it"),
        ("error sending request: dns error", "mlops-lab doctor --online"),
    ] {
        let bed = Bed::new(&failing(words));
        let up = bed.up();
        assert_eq!(up.code, 3, "{}", up.err);
        assert!(up.err.contains(hint) && up.err.contains(words), "{words}: {}", up.err);
        assert_eq!(up.err.contains("doctor --online"), hint.contains("--online"), "{}", up.err);
    }
}

#[test]
fn ctrl_c_in_an_installer_says_nothing_of_indexes() {
    let bed = Bed::new(&UV.replace("mkdir -p", "echo 'dns error'; : >installing; sleep 60; mkdir"));
    let path = format!("{}:{}", bed.bin.path().display(), std::env::var("PATH").unwrap());
    let child =
        bed.lab.command(&["up"]).env("PATH", path).stderr(std::process::Stdio::piped()).start();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !bed.lab.root.join("installing").exists() {
        assert!(std::time::Instant::now() < end, "the installer does not begin");
        std::thread::yield_now();
    }
    harness::signal(&child, rustix::process::Signal::INT);
    let out = child.finish();
    let err = harness::text(&out.stderr);
    assert_eq!(out.status.code(), Some(130), "{err}");
    assert!(
        err.contains("interrupted") && !err.contains("error:") && !err.contains("hint"),
        "{err}"
    );
}
