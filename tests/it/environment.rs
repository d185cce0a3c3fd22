//! What the shell and a lab's `.env` may do to what we start: children with hostile environments on
//! both sides, seen from within.
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{self, BIN, Lab, files, must, seen};

/// Variables that would bend a lab or send it elsewhere.
const HOSTILE: [(&str, &str); 20] = [
    ("http_proxy", "http://127.0.0.1:9"),
    ("https_proxy", "http://127.0.0.1:9"),
    ("HTTP_PROXY", "http://127.0.0.1:9"),
    ("all_proxy", "http://127.0.0.1:9"),
    ("MLFLOW_TRACKING_URI", "http://127.0.0.1:9"),
    ("PIP_USER", "1"),
    ("PIP_TARGET", "/nonexistent/pip"),
    ("PIP_REQUIRE_HASHES", "0"),
    ("UV_PYTHON", "2.7"),
    ("UV_SYSTEM_PYTHON", "1"),
    ("PYTHONSAFEPATH", "1"),
    ("PYTHONHOME", "/nonexistent/python"),
    ("PYTHONPATH", "/nonexistent/python"),
    ("PYTEST_ADDOPTS", "--nonsense"),
    ("COMPOSE_FILE", "/nonexistent/compose.yaml"),
    ("COMPOSE_PROJECT_NAME", "somebody-elses"),
    ("COMPOSE_IGNORE_ORPHANS", "1"),
    ("GIT_DIR", "/nonexistent/.git"),
    ("MAKEFLAGS", "--nonsense"),
    ("VIRTUAL_ENV", "/nonexistent/venv"),
];

/// The lab `tiny`, whose task and check write down what they find in their environment, and whose
/// drill is not used.
fn pack() -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny/.");
    must(Command::new("cp").arg("-r").arg(from).arg(temp.path()));
    let manifest = temp.path().join("labs/tiny/lab.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let text =
        text.replace("echo made >made.txt", "env -0 >task.env; echo made >made.txt").replace(
            "[[step.check]]\n",
            "[[step.check]]\ncommand = { argv = [\"sh\", \"-c\", \"env -0 >check.env\"] }\n\
             [[step.check]]\n",
        );
    assert!(text.contains("task.env") && text.contains("check.env"));
    std::fs::write(manifest, text).unwrap();
    temp
}

fn recorded(path: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(path).unwrap();
    let pairs = text.split('\0').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn hostile(lab: &mut Lab) {
    lab.env.extend(HOSTILE.map(|(name, value)| (name.to_owned(), value.into())));
}

#[test]
fn a_shell_full_of_settings_changes_nothing_for_a_lab() {
    let pack = pack();
    let mut lab = Lab::new(pack.path().to_str(), "tiny", &[]);
    hostile(&mut lab);
    lab.env.insert("API_USER".to_owned(), "not me".into());
    lab.ok(&["up"]);
    lab.ok(&["status"]);
    std::fs::write(lab.root.join("greeting.txt"), "hello\n").unwrap();
    lab.ok(&["check", "one"]);
    for name in ["task.env", "check.env"] {
        let found = recorded(&lab.root.join(name));
        for (name, value) in
            HOSTILE.iter().filter(|(name, _)| !name.to_lowercase().ends_with("_proxy"))
        {
            assert!(found.get(*name).is_none_or(|own| own != value), "{name} reached {found:?}");
        }
        // A proxy is the user's own; it is kept away from this machine.
        assert_eq!(found["http_proxy"], "http://127.0.0.1:9");
        for name in ["NO_PROXY", "no_proxy"] {
            assert_eq!(found[name], "127.0.0.1,localhost,::1", "{name}");
        }
        assert_eq!(found["API_USER"], "me", "what .env assigns it decides");
        assert_eq!(
            Path::new(&found["PWD"]).canonicalize().unwrap(),
            lab.root.canonicalize().unwrap()
        );
    }
}

/// A folder with a program that says who it is and what it found, in the file `seen` beside it.
fn program(folder: &Path, name: &str) -> PathBuf {
    std::fs::create_dir_all(folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, "#!/bin/sh\nenv -0 >\"${0%/*}/seen\"\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn a_lab_chooses_neither_the_programs_nor_the_engine_of_ours() {
    let mut lab = Lab::new(None, "serving", &[]);
    let (ours, evil) = (lab.root.join("../bin"), lab.root.join("evil"));
    program(&ours, "docker");
    program(&evil, "docker");
    program(&lab.root.join(".venv/bin"), "docker");
    let dotenv = lab.root.join(".env");
    let text = std::fs::read_to_string(&dotenv).unwrap();
    let steering = [
        format!("PATH={}", evil.display()),
        "DOCKER_HOST=tcp://203.0.113.1:2375".to_owned(),
        "export DOCKER_CONFIG=evil".to_owned(),
        "LD_PRELOAD=evil.so".to_owned(),
        "HTTPS_PROXY: http://203.0.113.1".to_owned(),
    ];
    std::fs::write(&dotenv, format!("{text}\n{}\n", steering.join("\n"))).unwrap();
    hostile(&mut lab);
    let path = format!("{}:{}", ours.display(), std::env::var("PATH").unwrap());
    let own = [("PATH", path.as_str()), ("PORT", "1"), ("DOCKER_CONFIG", "/home/ada/.docker")];
    lab.env.extend(own.map(|(name, value)| (name.to_owned(), value.into())));
    lab.run(&["status", "--runtime", "compose"]);
    lab.run(&["logs", "--runtime", "compose"]);
    let found = recorded(&ours.join("seen"));
    assert_eq!(found["DOCKER_CONFIG"], "/home/ada/.docker", "the user's own");
    assert_eq!(found["PATH"], path);
    for name in ["DOCKER_HOST", "LD_PRELOAD", "HTTPS_PROXY"] {
        // Compose takes a name that is there, also with nothing in it, before that of the file.
        assert_eq!(found[name], "", "{name}");
    }
    for name in
        ["PORT", "COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "COMPOSE_IGNORE_ORPHANS", "GIT_DIR"]
    {
        assert!(!found.contains_key(name), "{name}");
    }
    for folder in [&evil, &lab.root.join(".venv/bin")] {
        assert!(!folder.join("seen").exists(), "{} was run", folder.display());
    }
}

#[test]
#[ignore = "needs pip and the network"]
fn a_real_lab_works_behind_a_dead_proxy_and_with_a_shell_full_of_settings() {
    let _busy = harness::busy();
    let mut lab = Lab::new(None, "serving", &[]);
    // The index is reached as the machine reaches it: a proxy for that is a setting of the user's.
    let installed = lab.run(&["up"]);
    if installed.code != 0 && !harness::strict() {
        eprintln!("skipped: serving does not come up here: {}", installed.err);
        return;
    }
    lab.ok(&["down"]);
    hostile(&mut lab);
    lab.ok(&["up"]);
    lab.ok(&["status"]);
    lab.ok(&["check", "ready"]);
    lab.ok(&["solve", "predict"]);
    lab.ok(&["check", "predict"]);
    // make would install what is there already.
    std::fs::write(lab.root.join(".venv/installed"), "").unwrap();
    for target in ["status", "load"] {
        let mut make = Command::new("make");
        let proxies = HOSTILE.iter().filter(|(name, _)| name.to_lowercase().ends_with("_proxy"));
        make.arg(target)
            .current_dir(&lab.root)
            .envs(proxies.copied())
            .env_remove("NO_PROXY")
            .env_remove("no_proxy");
        must(&mut make);
    }
    // The environment is made anew under the same settings, but for the proxy.
    lab.ok(&["down"]);
    std::fs::remove_dir_all(lab.root.join(".venv")).unwrap();
    lab.env.retain(|name, _| !name.to_lowercase().ends_with("_proxy"));
    lab.ok(&["up"]);
    lab.ok(&["check", "predict"]);
}

/// A command of ours that finds no settings of whoever runs the tests.
fn bare(folder: &Path) -> Command {
    let mut command = Command::new(BIN);
    command.current_dir(folder).env("HOME", folder).env_remove("XDG_CONFIG_HOME");
    command
}

fn git(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command
        .args(["-c", "user.name=a", "-c", "user.email=a@localhost"])
        .args(args)
        .current_dir(folder);
    must(&mut command).out
}

#[test]
fn a_first_commit_goes_into_the_lab_whatever_repository_the_shell_names() {
    let temp = tempfile::tempdir().unwrap();
    let other = temp.path().join("other");
    git(temp.path(), &["init", "--quiet", "other"]);
    std::fs::write(other.join("theirs.txt"), "theirs\n").unwrap();
    git(&other, &["add", "."]);
    git(&other, &["commit", "--quiet", "-m", "theirs"]);
    let before = files(&other);
    let lab = temp.path().join("lab");
    let mut init = bare(temp.path());
    init.args(["init", "serving", "--no-doctor", "--git"]).arg(&lab);
    init.env("GIT_DIR", other.join(".git")).env("GIT_INDEX_FILE", other.join(".git/index"));
    init.env("GIT_WORK_TREE", &other).env("GIT_AUTHOR_NAME", "Ada");
    must(&mut init);
    assert_eq!(files(&other), before, "the other repository is as it was");
    assert_eq!(git(&lab, &["log", "--format=%an"]), "Ada\n");
    assert!(git(&lab, &["ls-files"]).contains("README.md"));

    // A hook of a worktree has such variables set by git itself.
    let hook = other.join(".git/hooks/post-checkout");
    let second = temp.path().join("second");
    let line =
        format!("#!/bin/sh\nexec '{BIN}' init serving --no-doctor --git '{}'\n", second.display());
    std::fs::write(&hook, line).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    git(&other, &["worktree", "add", "--quiet", "../tree"]);
    assert!(git(&second, &["ls-files"]).contains("README.md"));
    assert_eq!(git(&other, &["ls-files"]), "theirs.txt\n");
    assert_eq!(git(&temp.path().join("tree"), &["ls-files"]), "theirs.txt\n");
}

#[test]
fn a_lab_in_a_repository_gets_none_of_its_own_unless_that_ignores_it() {
    let temp = tempfile::tempdir().unwrap();
    git(temp.path(), &["init", "--quiet", "."]);
    std::fs::write(temp.path().join(".gitignore"), "ignored/\n").unwrap();
    std::fs::write(temp.path().join("unsaved.txt"), "not yet committed\n").unwrap();
    let init = |name: &str| {
        must(bare(temp.path()).args(["init", "serving", "--no-doctor", "--git", name]))
    };
    let said = init("inside").err;
    assert!(said.contains("no repository was made") && said.contains("git -C "), "{said}");
    assert!(!temp.path().join("inside/.git").exists());
    assert_eq!(git(temp.path(), &["ls-files"]), "", "nothing of the user's is committed");
    init("ignored");
    assert_eq!(git(&temp.path().join("ignored"), &["log", "--oneline"]).lines().count(), 1);
}

#[test]
fn a_clone_makes_its_env_again_and_a_lab_of_before_says_what_does() {
    let pack = pack();
    let lab = Lab::new(pack.path().to_str(), "tiny", &[]);
    let dotenv = lab.root.join(".env");
    let first = std::fs::read_to_string(&dotenv).unwrap();
    std::fs::remove_file(&dotenv).unwrap();
    drop(pack);
    let up = lab.ok(&["up"]);
    assert!(up.err.contains(".env: regenerated with new passwords"), "{}", up.err);
    let again = std::fs::read_to_string(&dotenv).unwrap();
    let token = |text: &str| {
        text.lines().find_map(|line| line.strip_prefix("TOKEN=").map(str::to_owned)).unwrap()
    };
    assert!(token(&again).len() >= 16 && token(&again) != token(&first), "{again}");
    assert!(again.contains("API_USER=me"));
    assert_eq!(dotenv.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!lab.ok(&["up"]).err.contains("regenerated"));
    lab.ok(&["down"]);
    let kept = files(&lab.root.join(".mlops-lab/env"));
    assert!(!kept.values().any(|bytes| String::from_utf8_lossy(bytes).contains(&token(&first))));

    std::fs::remove_file(&dotenv).unwrap();
    std::fs::remove_dir_all(lab.root.join(".mlops-lab/env")).unwrap();
    std::fs::write(lab.root.join(".env.example"), "TOKEN=\n").unwrap();
    let refused = lab.run(&["up"]);
    assert_eq!(refused.code, 3, "{}", refused.err);
    assert!(
        refused.err.contains("mlops-lab update") && refused.err.contains("cp .env.example .env")
    );
}

#[test]
fn an_answer_reaches_env_however_it_is_written_and_a_changed_line_is_named() {
    let lab = Lab::new(None, "serving", &[]);
    let dotenv = lab.root.join(".env");
    let port = format!("PORT={}", lab.port);
    let text = std::fs::read_to_string(&dotenv).unwrap();
    let spaced = text.replace(&port, &format!("export {port}   # mine")).replace('\n', "\r\n");
    std::fs::write(&dotenv, &spaced).unwrap();
    lab.ok(&["update", "--set", "port=19001"]);
    let after = std::fs::read_to_string(&dotenv).unwrap();
    assert_eq!(after, spaced.replace(&format!("export {port} "), "export PORT=19001 "));

    std::fs::write(&dotenv, after.replace("PORT=19001", "PORT=19999")).unwrap();
    let before = std::fs::read(&dotenv).unwrap();
    let said = lab.ok(&["update", "--set", "port=19002"]).out;
    assert!(said.contains(".env: PORT: changed by you"), "{said}");
    assert_eq!(std::fs::read(&dotenv).unwrap(), before);

    std::fs::write(&dotenv, "PORT=1\nno way\n").unwrap();
    let refused = lab.run(&["update", "--set", "port=19003"]);
    assert!(refused.code == 2 && refused.err.contains(".env:2:"), "{}", refused.err);
    // The reader is the same everywhere.
    let broken = seen(&mut lab.command(&["check"]));
    assert!(broken.code == 2 && broken.err.contains(".env:2:"), "{}", broken.err);
}

#[test]
fn a_signature_that_git_cannot_make_is_named_with_the_commit_without_one_and_the_lab_stays() {
    let folder = tempfile::tempdir().unwrap();
    let settings = "[commit]\n\tgpgsign = true\n[gpg]\n\tprogram = /bin/false\n[user]\n\tname = \
        me\n\temail = me@example.com\n";
    std::fs::write(folder.path().join(".gitconfig"), settings).unwrap();
    let made = folder.path().join("made");
    let init = seen(
        Command::new(harness::BIN)
            .arg("--pack")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"))
            .args(["init", "tiny", "--no-doctor", "--git"])
            .arg(&made)
            .env("HOME", folder.path())
            .env_remove("GIT_CONFIG_GLOBAL"),
    );
    assert_eq!(init.code, 3, "{}", init.err);
    assert!(init.err.contains("gpg failed to sign"), "{}", init.err);
    let start = init.err.find("git -C").unwrap();
    let line = init.err[start..].lines().next().unwrap();
    assert!(line.contains("--no-gpg-sign"), "{}", init.err);
    must(Command::new("sh").args(["-c", line]).env("HOME", folder.path()));
    assert!(made.join(".mlops-lab/record.toml").is_file());
}
