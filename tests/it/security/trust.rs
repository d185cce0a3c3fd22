//! A lab from elsewhere: what only looks at it runs nothing, what works on it asks once, and a
//! stranger's is no lab of ours.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::terminal::Terminal;
use crate::harness::{BIN, Lab, Seen, copy, free_port, listening, must, seen, trust};

/// Commands that only look, and those that take back what is there.
const LOOKING: [&[&str]; 19] = [
    &["list"],
    &["show", "serving"],
    &["status"],
    &["status", "--json"],
    &["logs"],
    &["hint"],
    &["hint", "--all"],
    &["diff"],
    &["open"],
    &["doctor"],
    &["doctor", "--runtime", "compose", "--online"],
    &["solve", "--diff"],
    &["update", "--dry-run"],
    &["update", "--diff"],
    &["break"],
    &["undo"],
    &["down"],
    &["down", "--purge"],
    &["completions", "bash"],
];

/// Commands that run what a lab names.
const WORKING: [&[&str]; 8] = [
    &["up"],
    &["restart"],
    &["check"],
    &["check", "--watch"],
    &["solve", "one"],
    &["break", "gone"],
    &["break", "--undo"],
    &["update", "--set", "port=21999"],
];

struct Clone {
    _lab: Lab,
    root: PathBuf,
    marker: PathBuf,
}

impl Clone {
    /// A lab that a stranger has published, and that was cloned.
    fn of(prepare: impl FnOnce(&Path)) -> Clone {
        let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
        prepare(&lab.root);
        let git = |folder: &Path, args: &[&str]| {
            let who = ["-c", "user.name=me", "-c", "user.email=me@localhost"];
            must(Command::new("git").args(who).args(args).current_dir(folder));
        };
        git(&lab.root, &["init", "--quiet"]);
        git(&lab.root, &["add", "--all", "--force"]);
        git(&lab.root, &["commit", "--quiet", "--message", "a lab"]);
        let above = lab.root.parent().unwrap();
        let (root, marker) = (above.join("clone"), above.join("it ran"));
        git(above, &["clone", "--quiet", lab.root.to_str().unwrap(), root.to_str().unwrap()]);
        Clone { _lab: lab, root, marker }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = listening();
        command.args(args).current_dir(&self.root).env("MARKER", &self.marker);
        command
    }

    fn run(&self, args: &[&str]) -> Seen {
        seen(&mut self.command(args))
    }
}

fn script(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, "#!/bin/sh\ntouch \"$MARKER\"\necho '{}'\n").unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn edit(root: &Path, edit: impl FnOnce(String) -> String) {
    let path = root.join(".mlops-lab/lab.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, edit(text)).unwrap();
}

fn append(root: &Path, more: &str) {
    edit(root, |text| text + more);
}

/// The lab needs one more tool.
fn need(root: &Path, tool: &str) {
    const NEEDS: &str = "[[runtime.local.needs]]";
    edit(root, |text| text.replacen(NEEDS, &format!("{NEEDS}\ntool = {tool}\n{NEEDS}"), 1));
}

/// The first service is ready when a command of the repository says so.
fn ready_by_command(root: &Path) {
    let (http, body) = (
        "[runtime.local.service.ready.http]\nendpoint = \"api\"\npath = \"/made.txt\"",
        "[runtime.local.service.ready.expect.body]\ncontains = \"made\"",
    );
    edit(root, |text| {
        assert!(text.contains(http) && text.contains(body), "{text}");
        text.replacen(http, "[runtime.local.service.ready.command]\nargv = [\"./evil\"]", 1)
            .replacen(body, "", 1)
    });
}

/// What a repository may bring, with its name.
type Trap = (&'static str, fn(&Path));

/// What a repository may bring so that something of it runs.
fn traps() -> Vec<Trap> {
    fn ran_before(root: &Path, note: &str, text: &str) {
        std::fs::create_dir_all(root.join(".mlops-lab/run")).unwrap();
        std::fs::write(root.join(".mlops-lab/run").join(note), text).unwrap();
    }
    const COMPOSE: &str = "\n[runtime.compose]\npython = { requirements = [\"r.txt\"] }\n";
    vec![
        ("a stand-in that is asked by a command", |root| {
            script(&root.join("evil"));
            append(
                root,
                "\n[[stand_in]]\nof = \"x\"\ntext = \"y\"\nsteps = [\"one\"]\nseen = { command = { argv = [\"./evil\"] } }\n",
            );
            ran_before(root, "prepared", "");
        }),
        ("a tool with a version to ask for", |root| {
            need(
                root,
                "{ name = \"sh\", version = \"*\", ask = [\"-c\", \"touch \\\"$MARKER\\\"\"] }",
            );
        }),
        ("a service whose readiness is a command", |root| {
            script(&root.join("evil"));
            ready_by_command(root);
            ran_before(root, "prepared", "");
        }),
        ("docker on a PATH of .env", |root| {
            script(&root.join("bin/docker"));
            std::fs::write(root.join(".env"), "PATH=bin:/usr/bin:/bin\n").unwrap();
            append(root, COMPOSE);
            std::fs::write(root.join("compose.yaml"), "services: {}\n").unwrap();
            ran_before(root, "containers.json", "{}");
        }),
        ("docker and kubectl in .venv/bin", |root| {
            script(&root.join(".venv/bin/docker"));
            script(&root.join(".venv/bin/kubectl"));
            append(root, COMPOSE);
            append(
                root,
                "\n[runtime.kubernetes]\napply = \"k8s\"\npython = { requirements = [\"r.txt\"] }\n",
            );
            std::fs::write(root.join("compose.yaml"), "services: {}\n").unwrap();
            ran_before(
                root,
                "cluster.json",
                r#"{"context":"kind-x","server":"https://127.0.0.1:1","namespace":"x","up":true}"#,
            );
        }),
        ("plugins of docker in DOCKER_CONFIG of .env", |root| {
            script(&root.join("d/cli-plugins/docker-compose"));
            std::fs::write(root.join(".env"), "DOCKER_CONFIG=d\n").unwrap();
            append(root, COMPOSE);
            std::fs::write(root.join("compose.yaml"), "services: {}\n").unwrap();
            ran_before(root, "containers.json", r#"{"project":"x","root":"/","up":true}"#);
        }),
    ]
}

#[test]
fn what_only_looks_at_a_cloned_lab_runs_nothing_of_it_and_what_works_on_it_asks_first() {
    for (trap, prepare) in traps() {
        let clone = Clone::of(prepare);
        for args in LOOKING.iter().chain(&WORKING) {
            let seen = clone.run(args);
            assert!(!clone.marker.exists(), "{trap}: {args:?} ran the repository's code: {seen:?}");
            assert!(seen.code != 70, "{trap}: {args:?}: {seen:?}");
            if WORKING.contains(args) {
                assert_eq!(seen.code, 2, "{trap}: {args:?}: {seen:?}");
                assert!(
                    seen.err.contains("is not trusted yet") && seen.err.contains(" --trust"),
                    "{}",
                    seen.err
                );
            }
        }
        assert!(
            !clone.root.join(".mlops-lab/progress.json").exists() || clone.run(&["hint"]).code == 0
        );
    }
}

#[test]
fn looking_at_a_lab_that_is_trusted_starts_nothing_that_it_names() {
    let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
    script(&lab.root.join("evil"));
    append(
        &lab.root,
        "\n[[stand_in]]\nof = \"x\"\ntext = \"y\"\nsteps = [\"one\"]\nseen = { command = { argv = [\"./evil\"] } }\n",
    );
    ready_by_command(&lab.root);
    lab.trust();
    let marker = lab.root.join("it ran");
    let run = |args: &[&str]| seen(lab.command(args).env("MARKER", &marker));
    assert_eq!(run(&["up"]).code, 0);
    assert!(marker.exists(), "up waits for its services");
    std::fs::remove_file(&marker).unwrap();
    for args in [
        &["status"][..],
        &["logs"],
        &["hint"],
        &["diff"],
        &["solve", "one", "--diff"],
        &["update", "--dry-run"],
    ] {
        run(args);
        assert!(!marker.exists(), "{args:?}");
    }
    assert_eq!(
        run(&["status"]).code,
        0,
        "what was ready when it was started, and lives, is taken for ready"
    );
}

#[test]
fn the_doctor_runs_no_program_that_a_pack_names_until_it_is_said_to_be_trusted() {
    let temp = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"), temp.path());
    let manifest = temp.path().join("labs/tiny/lab.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let tool = "{ tool = { name = \"sh\", version = \"*\", ask = [\"-c\", \"touch \\\"$MARKER\\\"\"] } }, ";
    std::fs::write(&manifest, text.replacen("needs = [", &format!("needs = [{tool}"), 1)).unwrap();
    let marker = temp.path().join("it ran");
    let doctor = |args: &[&str]| {
        let mut command = listening();
        command.arg("--pack").arg(temp.path()).args(args).env("MARKER", &marker).current_dir("/");
        seen(&mut command)
    };
    for args in [&["doctor"][..], &["doctor", "tiny"]] {
        let seen = doctor(args);
        assert!(!marker.exists() && seen.err.contains("(--trust)"), "{args:?}: {seen:?}");
    }
    assert!(!doctor(&["doctor", "tiny", "--trust"]).err.contains("note:"));
    assert!(marker.exists());
}

#[test]
fn what_was_left_out_of_a_look_is_said_in_one_line() {
    let clone = Clone::of(|root| {
        need(root, "{ name = \"widget\", version = \"*\" }");
    });
    for (args, said) in [
        (&["status"][..], "its services are not probed"),
        (&["list"], "the catalogue"),
        (&["hint"], "the hints do not depend on"),
        (&["doctor"], "widget"),
        (&["open"], "its endpoints are not probed"),
    ] {
        let err = clone.run(args).err;
        let notes: Vec<&str> = err.lines().filter(|line| line.starts_with("note: ")).collect();
        assert!(
            notes.len() == 1 && notes[0].contains("is not trusted yet") && notes[0].contains(said),
            "{err}"
        );
    }
    let none = Lab::new(Some("tiny"), "tiny", &[]);
    for args in ["status", "list", "hint", "doctor"] {
        let err = none.run(&[args]).err;
        assert!(!err.contains("note:"), "{err}");
    }
}

#[test]
fn without_a_terminal_the_answer_is_the_listing_and_the_command_that_says_yes() {
    let clone = Clone::of(|_| {});
    let port = free_port();
    let typed = ["update", "--set", &format!("port={port}"), "--on-conflict", "skip"];
    let refused = clone.run(&typed);
    assert_eq!(refused.code, 2);
    assert_eq!(refused.out, "");
    assert!(refused.err.lines().count() <= 24, "{}", refused.err);
    assert!(
        refused
            .err
            .lines()
            .filter(|line| !line.contains("hint"))
            .skip(1)
            .all(|line| line.chars().count() <= 80),
        "{}",
        refused.err
    );
    for wanted in ["sh service.sh good", "rm greeting.txt", "`update` writes"] {
        assert!(refused.err.contains(wanted), "{wanted}: {}", refused.err);
    }
    let json = clone.run(&["check", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert!(
        value["exit"] == 2 && value["detail"].as_str().unwrap().contains("services"),
        "{value}"
    );
    // As it is said, it can be pasted.
    let hint = refused.err.lines().find_map(|line| line.split_once("to trust it: ")).unwrap().1;
    assert!(
        hint.contains(&format!("update --set port={port} --on-conflict skip --trust")),
        "{hint}"
    );
    let pasted = hint.replacen("mlops-lab", BIN, 1);
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny");
    let pasted = format!("{pasted} --pack '{}'", tiny.display());
    must(Command::new("sh").args(["-c", &pasted]).current_dir("/"));
    // Once is enough: also after what an update wrote.
    assert_eq!(clone.run(&["up"]).code, 0);
    assert_eq!(clone.run(&["down"]).code, 0);
}

#[test]
fn on_a_terminal_one_screen_asks_and_only_yes_is_a_yes() {
    let clone = Clone::of(|_| {});
    let ask = |keys: &str| {
        let mut terminal = Terminal::start(&mut clone.command(&["up"]), 80, 24);
        let screen = terminal.sees("trust it?");
        assert!(screen.contains("services") && screen.contains("sh service.sh good"), "{screen}");
        assert!(
            screen.contains("is not trusted yet") && screen.contains("[y/N]"),
            "one screen: {screen}"
        );
        terminal.press(keys);
        terminal.end()
    };
    for keys in ["\r", "n\r"] {
        let no = ask(keys);
        assert!(no.code == 1 && no.screen.contains("nothing was run"), "{}", no.screen);
    }
    for keys in ["\x03", "\x1b"] {
        assert_eq!(ask(keys).code, 130);
    }
    assert_eq!(clone.run(&["status"]).code, 1);
    assert_eq!(ask("y\r").code, 0);
    assert_eq!(clone.run(&["down"]).code, 0);
    // Asked once.
    let terminal = Terminal::start(&mut clone.command(&["up"]), 80, 24);
    let again = terminal.end();
    assert!(again.code == 0 && !again.raw.contains("trust it?"), "{}", again.raw);
    assert_eq!(clone.run(&["down"]).code, 0);
}

#[test]
fn ones_own_lab_is_never_asked_about_and_a_copy_or_a_change_is() {
    let mut lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
    lab.ok(&["up"]);
    lab.ok(&["down"]);
    lab.ok(&["update", "--set", &format!("port={}", free_port())]);
    lab.ok(&["up"]);
    lab.ok(&["down"]);
    lab.ok(&["undo"]);
    lab.ok(&["up"]);
    lab.ok(&["down"]);
    // Moved, it is the same lab.
    let moved = lab.root.parent().unwrap().join("moved");
    std::fs::rename(&lab.root, &moved).unwrap();
    lab.root = moved;
    lab.ok(&["up"]);
    lab.ok(&["down"]);
    let twin = lab.root.parent().unwrap().join("twin");
    copy(&lab.root, &twin);
    let at = |root: &Path, args: &[&str]| seen(listening().args(args).current_dir(root));
    assert!(at(&twin, &["up"]).err.contains("is not trusted yet"));
    // Another folder at a path that was trusted is another lab.
    trust(&twin);
    std::fs::rename(&twin, twin.with_file_name("gone")).unwrap();
    copy(&lab.root, &twin);
    assert!(at(&twin, &["up"]).err.contains("is not trusted yet"));
    // As a `git pull` changes it, and takes it back.
    for file in ["lab.toml", "lab/steps/one.md", "lab/new.sh"] {
        let path = lab.root.join(".mlops-lab").join(file);
        let before = std::fs::read(&path).ok();
        std::fs::write(&path, [before.as_deref().unwrap_or_default(), b"\n# more\n"].concat())
            .unwrap();
        let up = lab.run(&["up"]);
        assert!(
            up.code == 2 && up.err.contains("has changed since you trusted it"),
            "{file}: {}",
            up.err
        );
        assert!(lab.run(&["status"]).err.contains("has changed since you trusted it"));
        match before {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        lab.ok(&["up"]);
        lab.ok(&["down"]);
    }
    // A link among the lab's own files can be followed by what runs, and not by us.
    symlink("/bin/sh", lab.root.join(".mlops-lab/lab/link.sh")).unwrap();
    assert_eq!(lab.run(&["up"]).code, 3);
}

/// Our program as another user, in a folder that this one may enter; only root can become another.
fn nobody(args: &[&str], folder: &Path) -> Option<Command> {
    if std::fs::metadata("/proc/self").ok()?.uid() != 0 {
        return None;
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).args(args);
    command.current_dir(folder).env("HOME", "/nonexistent").env_remove("XDG_STATE_HOME");
    Some(command)
}

fn open_to_all(folder: &Path) {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o1777)).unwrap();
}

#[test]
fn a_strangers_lab_above_is_named_and_not_used() {
    let temp = tempfile::tempdir().unwrap();
    let share = temp.path().join("share");
    let mine = share.join("mine/work");
    std::fs::create_dir_all(&mine).unwrap();
    open_to_all(temp.path());
    open_to_all(&share);
    let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
    let source = lab.root.join(".mlops-lab");
    must(Command::new("chmod").args(["-R", "a+rX"]).arg(lab.root.parent().unwrap()));
    let Some(mut put) = nobody(&["cp", "-r"], &share) else { return };
    must(put.arg(&source).arg(&share));
    // A change that waits there, too.
    let change = share.join(".mlops-lab/run/change");
    let Some(mut make) = nobody(
        &["sh", "-c", "mkdir -p \"$0\"; echo evil >\"$0/0\"; echo '{}' >\"$0/journal.json\""],
        &share,
    ) else {
        return;
    };
    must(make.arg(&change));
    std::fs::write(mine.join("file"), "mine\n").unwrap();
    let at = |folder: &Path, args: &[&str]| seen(listening().args(args).current_dir(folder));
    let named = format!(
        "the lab in {} belongs to another user (nobody)",
        share.canonicalize().unwrap().display()
    );
    for args in [
        &["up", "--trust"][..],
        &["check", "--trust"],
        &["hint"],
        &["diff"],
        &["logs"],
        &["undo"],
        &["break"],
    ] {
        let seen = at(&mine, args);
        assert!(seen.code == 3 && seen.err.contains(&named), "{args:?}: {seen:?}");
    }
    // What needs no lab goes on.
    assert_eq!(at(&mine, &["list"]).code, 0);
    let doctor = at(&mine, &["doctor", "--only", "disk"]);
    assert!(doctor.err.contains(&named) && doctor.code != 3, "{doctor:?}");
    // A lab of my own below it is mine.
    let own = mine.join("own");
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny");
    let port = format!("port={}", free_port());
    must(
        Command::new(BIN)
            .arg("--pack")
            .arg(tiny)
            .args(["init", "tiny", "--no-doctor", "--set", &port])
            .arg(&own),
    );
    assert_eq!(at(&own, &["up"]).code, 0);
    assert_eq!(at(&own, &["down"]).code, 0);
    assert_eq!(std::fs::read_to_string(mine.join("file")).unwrap(), "mine\n");
    // As git has it: root's lab may be looked at, and whoever typed `sudo` is no stranger to root.
    let sudo = seen(listening().arg("hint").current_dir(&share).env("SUDO_UID", "65534"));
    assert_eq!(sudo.code, 0, "{}", sudo.err);
    must(Command::new("chmod").args(["-R", "a+rX"]).arg(&own));
    let bin = temp.path().join("mlops-lab");
    std::fs::copy(BIN, &bin).unwrap();
    let Some(mut status) = nobody(&[bin.to_str().unwrap(), "status"], &own) else { return };
    let status = seen(status.env("XDG_STATE_HOME", temp.path().join("state")));
    assert!(status.code == 1 && status.err.contains("is not trusted yet"), "{status:?}");
    // What cannot be written is not asked about.
    for (command, code) in [("up", 3), ("update", 3), ("check", 1)] {
        let Some(mut run) = nobody(&[bin.to_str().unwrap(), command], &own) else { return };
        let seen = seen(run.env("XDG_STATE_HOME", temp.path().join("state")));
        assert!(seen.code == code && seen.err.contains("cp -r "), "{command}: {seen:?}");
    }
}

#[test]
fn a_change_that_came_with_a_repository_or_a_copy_counts_for_nothing() {
    let hash = "4c2ce3b6b6f6a1e2";
    let journal = format!(
        r#"{{"command": "update", "mark": "{hash}", "moment": "7", "entries": [{{"path": "README.md", "new": 0}}]}}"#
    );
    let clone = Clone::of(|root| {
        let change = root.join(".mlops-lab/run/change");
        std::fs::create_dir_all(&change).unwrap();
        std::fs::write(change.join("0"), "evil\n").unwrap();
        std::fs::write(change.join("journal.json"), &journal).unwrap();
    });
    let before = crate::harness::files(&clone.root);
    for args in
        [&["status"][..], &["diff"], &["list"], &["check"], &["update", "--dry-run"], &["logs"]]
    {
        let seen = clone.run(args);
        assert!(
            args == ["list"] || seen.err.contains("was not begun here: it is ignored"),
            "{args:?}: {}",
            seen.err
        );
        assert_eq!(crate::harness::files(&clone.root), before, "{args:?}");
    }
    // Trusted, it works, and the next change of its own takes the place of what came.
    trust(&clone.root);
    assert_eq!(clone.run(&["up"]).code, 0);
    assert_eq!(clone.run(&["down"]).code, 0);
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny");
    let update = clone.run(&[
        "update",
        "--pack",
        tiny.to_str().unwrap(),
        "--set",
        &format!("port={}", free_port()),
    ]);
    assert_eq!(update.code, 0, "{}", update.err);
    assert!(!clone.root.join(".mlops-lab/run/change").exists());
    assert!(!std::fs::read_to_string(clone.root.join("README.md")).unwrap().contains("evil"));
}

#[test]
fn an_update_trusts_no_pack_that_came_with_the_lab_or_has_changed_since() {
    let temp = tempfile::tempdir().unwrap();
    let (pack, root, marker) =
        (temp.path().join("pack"), temp.path().join("lab"), temp.path().join("it ran"));
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"), &pack);
    let run = |root: &Path, args: &[&str]| {
        seen(listening().args(args).current_dir(root).env("MARKER", &marker))
    };
    let port = format!("port={}", free_port());
    let init = ["--pack", "pack", "init", "tiny", "lab", "--no-doctor", "--set", &port];
    assert_eq!(run(temp.path(), &init).code, 0);
    // As a `git pull` brings another pack: at its place, or by a record that names one in the
    // repository.
    let theirs = root.join("theirs");
    copy(&pack, &theirs);
    for folder in [&pack, &theirs] {
        let manifest = folder.join("labs/tiny/lab.toml");
        let text = std::fs::read_to_string(&manifest).unwrap();
        std::fs::write(manifest, text.replace("echo making", "touch \\\"$MARKER\\\"")).unwrap();
    }
    let updated = run(&root, &["update"]);
    assert!(
        updated.code == 0 && updated.err.contains("note: the pack is not named"),
        "{updated:?}"
    );
    let up = run(&root, &["up"]);
    assert!(up.code == 2 && up.err.contains("touch") && !marker.exists(), "{up:?}");
    trust(&root);
    let record = root.join(".mlops-lab/record.toml");
    let text = std::fs::read_to_string(&record).unwrap();
    std::fs::write(&record, text.replace("\"../pack\"", "\"theirs\"")).unwrap();
    let update = run(&root, &["update"]);
    assert!(
        update.code == 2 && update.err.contains("has changed since you trusted it"),
        "{update:?}"
    );
    // A pack that is named is the user's own choice.
    let named = run(&root, &["--pack", "../pack", "update", "--trust"]);
    assert!(named.code == 0 && !named.err.contains("note:"), "{named:?}");
    assert_eq!(run(&root, &["update"]).code, 0);
    assert_eq!(run(&root, &["break"]).code, 0);
    assert!(!run(&root, &["status"]).err.contains("note:"));
}

#[test]
fn a_purge_removes_no_files_that_a_stranger_calls_data() {
    let clone = Clone::of(|root| {
        std::fs::create_dir(root.join("work")).unwrap();
        std::fs::write(root.join("work/mine"), "").unwrap();
        edit(root, |text| text.replacen("\"store\"", "\"work\", \".git\"", 1));
    });
    assert!(
        std::fs::read_to_string(clone.root.join(".mlops-lab/lab.toml"))
            .unwrap()
            .contains("\"work\"")
    );
    for args in [&["down", "--purge"][..], &["down", "--purge", "--runtime", "local"]] {
        let kept = clone.run(args);
        assert!(
            kept.code == 0 && kept.err.contains("what it calls data is kept: work, .git"),
            "{kept:?}"
        );
        assert!(clone.root.join("work/mine").exists() && clone.root.join(".git").exists());
    }
    assert!(!clone.run(&["down"]).err.contains("data"));
    // Whoever trusts it has seen what a purge removes.
    trust(&clone.root);
    assert_eq!(clone.run(&["down", "--purge"]).code, 0);
    assert!(!clone.root.join("work").exists());
}
