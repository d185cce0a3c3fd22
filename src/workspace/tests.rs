//! Labs on a real disk, made without `init`.
#![allow(clippy::disallowed_methods, reason = "tests look at the disk by themselves")]

use super::*;
use crate::course::Progress;
use crate::error::Exit;
use crate::layout::{DOTENVS, FOLDER};

const MANIFEST: &str = "schema = 1\nid = 'tiny'\ntitle = 'Tiny'\nsummary = ''\ndevops = ''\nlevel \
    = 'beginner'\nminutes = 1\ntools = []\n[runtime.local]\n";
const RECORD: &str =
    "schema = 1\nid = '0011223344556677'\nlab = 'tiny'\nversion = '0.1.0'\n[answers]\n";

fn make(record: &str, manifest: &str) -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join(FOLDER);
    std::fs::create_dir_all(temp.path().join("deep/er")).unwrap();
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("record.toml"), record).unwrap();
    std::fs::write(folder.join("lab.toml"), manifest).unwrap();
    temp
}

#[test]
fn a_lab_is_found_from_deep_inside_and_not_from_outside() {
    let temp = make(RECORD, MANIFEST);
    let lab = Workspace::find(&temp.path().join("deep/er")).unwrap();
    assert_eq!((lab.root(), lab.id()), (temp.path().canonicalize().unwrap().as_path(), None));
    let id = lab.register().unwrap().id().map(str::to_owned);
    assert!(id.as_deref().is_some_and(|id| id.len() == 16 && id != "0011223344556677"), "{id:?}");
    assert_eq!(Workspace::find(temp.path()).unwrap().id(), id.as_deref());
    let none = Workspace::find(tempfile::tempdir().unwrap().path()).unwrap_err();
    assert_eq!(none.exit(), Exit::Usage);
}

#[test]
fn a_broken_record_or_manifest_is_the_environments_fault_with_its_place() {
    for (record, manifest, place) in [
        ("schema = 1\nid = 7\n", MANIFEST, "record.toml:2:"),
        ("schema = 4\n", MANIFEST, "schema 4"),
        (RECORD, "schema = 1\nnonsense\n", "lab.toml:2:"),
    ] {
        let temp = make(record, manifest);
        let error = Workspace::find(temp.path()).unwrap_err();
        assert_eq!(error.exit(), Exit::Environment);
        assert!(error.message().contains(place), "{error}");
    }
}

#[test]
fn only_one_run_at_a_time_changes_a_lab_and_the_other_is_named() {
    let temp = make(RECORD, MANIFEST);
    let lab = Workspace::find(temp.path()).unwrap();
    let held = lab.lock("up").unwrap();
    let refused = lab.lock("down").unwrap_err();
    assert!(
        refused.message().contains(&format!("mlops-lab up (process {})", std::process::id())),
        "{refused}"
    );
    drop(held);
    lab.lock("down").unwrap();
}

#[test]
fn progress_is_kept_by_step_and_a_broken_file_is_put_aside() {
    let temp = make(RECORD, MANIFEST);
    let lab = Workspace::find(temp.path()).unwrap();
    lab.update_progress(|progress| {
        progress.set_done("one", 1);
        progress.reveal_next_hint("two", 2);
    })
    .unwrap();
    let progress = lab.progress().unwrap();
    assert!(progress.done("one") && !progress.done("two"));
    std::fs::write(temp.path().join(FOLDER).join("progress.json"), "{").unwrap();
    assert_eq!(lab.progress().unwrap(), Progress::default());
    assert!(temp.path().join(FOLDER).join("progress.json.broken").exists());
}

#[test]
fn what_another_command_saved_meanwhile_is_kept() {
    let temp = make(RECORD, MANIFEST);
    let lab = Workspace::find(temp.path()).unwrap();
    let mut mine = lab.progress().unwrap();
    lab.update_progress(|progress| progress.begin_drill("gone", 1)).unwrap();
    lab.remember(&mut mine, |progress| progress.set_done("one", 1)).unwrap();
    let now = lab.progress().unwrap();
    assert!(now.done("one") && now.drill.is_some());
    assert_eq!(mine, now);
}

#[test]
fn missing_dotenvs_are_made_again_with_the_secrets_that_others_hold() {
    use std::os::unix::fs::PermissionsExt;
    let vars = "[vars.shared]\ntype = 'secret'\nhelp = ''\n[vars.other]\ntype = 'secret'\nhelp = \
                ''\nalphabet = 'hex'\nlength = 24\n";
    let temp =
        make(RECORD, &MANIFEST.replace("[runtime.local]", &format!("{vars}[runtime.local]")));
    let lab = Workspace::find(temp.path()).unwrap();
    assert_eq!(lab.restore_dotenvs().unwrap(), None, "there is nothing to make");
    let kept = temp.path().join(DOTENVS);
    std::fs::create_dir_all(kept.join("k8s")).unwrap();
    std::fs::write(kept.join("dot-env"), "PORT=8080\nPASSWORD=<[ shared ]>\n").unwrap();
    std::fs::write(kept.join("k8s/dot-env"), "password=<[ shared ]>\nkey=GK<[ other ]>\n").unwrap();
    std::fs::write(temp.path().join(".env"), "PORT=9\nexport PASSWORD='known one' # mine\n")
        .unwrap();
    let restored = lab.restore_dotenvs().unwrap().unwrap();
    let path = |path: &str| RelPath::new(path).unwrap();
    assert_eq!(restored, Restored { files: vec![path("k8s/.env")], secrets: true });
    let made = temp.path().join("k8s/.env");
    let text = std::fs::read_to_string(&made).unwrap();
    let key = text.strip_prefix("password=known one\nkey=GK").unwrap().trim_end();
    assert!(key.len() == 24 && key.chars().all(|c| c.is_ascii_hexdigit()), "{text}");
    assert_eq!(made.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        std::fs::read_to_string(temp.path().join(".env")).unwrap().lines().next(),
        Some("PORT=9")
    );
    // Everything that the missing one holds is known from the others.
    std::fs::remove_file(temp.path().join(".env")).unwrap();
    let restored = lab.restore_dotenvs().unwrap().unwrap();
    assert_eq!(restored, Restored { files: vec![path(".env")], secrets: false });
    assert!(
        std::fs::read_to_string(temp.path().join(".env")).unwrap().contains("PASSWORD=known one")
    );
}
