//! The lab `tf-serving` beyond its steps: the install that asks, its own tests with TensorFlow, its
//! Makefile, the steps for the real server.
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Lab, client, free_port, must, seen};

/// In one: TensorFlow is 1.4 GB, and seconds of every start.
#[test]
#[ignore = "needs pip and the network"]
fn it_asks_before_it_installs_its_own_tests_pass_and_a_server_that_is_no_stand_in_has_all_steps() {
    let mut lab = Lab::new(None, "tf-serving", &[&format!("grpc_port={}", free_port())]);
    let up = lab.ok(&["up"]);
    assert!(
        up.out.contains("server waits for models/rollback/1/saved_model.pb"),
        "{}{}",
        up.out,
        up.err
    );
    nothing_is_installed_unasked(&lab);
    its_tests_know_the_configuration_that_it_begins_with(&lab);
    for step in ["export", "label"] {
        lab.ok(&["solve", step]);
    }
    on_the_stand_in(&lab);
    a_drill_leaves_what_is_the_learners(&lab);
    its_own_tests(&lab);
    lab.ok(&["down"]);
    the_makefile(&lab);
    on_a_server_that_is_none(&mut lab);
}

/// Without a terminal and without `--yes`: what it would cost, and nothing is installed.
fn nothing_is_installed_unasked(lab: &Lab) {
    let install = seen(
        Command::new("sh").arg("ops/tensorflow.sh").current_dir(&lab.root).stdin(Stdio::null()),
    );
    assert_eq!(install.code, 1, "{}", install.err);
    for word in ["download about 320 MB", "on disk 1.5 GB", "nothing was installed", "--yes"] {
        assert!(install.err.contains(word), "{word}: {}", install.err);
    }
    assert!(!lab.root.join(".tensorflow").exists());
}

/// They work on a copy, because the learner changes the files themselves.
fn its_tests_know_the_configuration_that_it_begins_with(lab: &Lab) {
    for name in ["models.config", "batching.config", "monitoring.config"] {
        let text =
            |folder: &str| std::fs::read_to_string(lab.root.join(folder).join(name)).unwrap();
        assert_eq!(text("config"), text("tests/fixtures/config"), "{name}");
    }
}

/// Comments in the configuration and a version of one's own, through the drill's end by hand and by
/// `--undo`.
fn a_drill_leaves_what_is_the_learners(lab: &Lab) {
    let config = lab.root.join("config/models.config");
    let mine = std::fs::read_to_string(&config)
        .unwrap()
        .replace("# Both versions", "# Mine: both versions");
    std::fs::write(&config, &mine).unwrap();
    let models = lab.root.join("models/rollback");
    must(Command::new("cp").arg("-r").arg(models.join("2")).arg(models.join("3")));
    let is_as_before = || {
        assert_eq!(std::fs::read_to_string(&config).unwrap(), mine);
        assert!(models.join("3/saved_model.pb").exists() && !models.join("4").exists());
    };

    lab.ok(&["break", "wrong-signature"]);
    let released = std::fs::read_to_string(&config).unwrap();
    assert!(
        released.contains("# Mine: both versions") && released.contains("value: 4"),
        "{released}"
    );
    lab.ok(&["break", "--undo"]);
    is_as_before();

    lab.ok(&["break", "gate-errors"]);
    std::fs::write(&config, released.replace("value: 4", "value: 2")).unwrap();
    let half = until(|| {
        let check = lab.run(&["check", "gate-errors"]);
        check.out.contains("version 4 still lies in models/rollback").then_some(check)
    });
    assert_eq!(half.code, 1, "{}{}", half.out, half.err);
    std::fs::write(&config, &mine).unwrap();
    std::fs::remove_dir_all(models.join("4")).unwrap();
    lab.ok(&["check", "gate-errors"]);
    is_as_before();
    std::fs::remove_dir_all(models.join("3")).unwrap();
}

/// What happens within a quarter of a minute.
fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(15);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "it did not happen in time");
        std::thread::sleep(Duration::from_millis(300));
    }
}

/// As the learner runs them, after steps and a drill. Only what needs the official image is
/// skipped, where there is none.
fn its_own_tests(lab: &Lab) {
    let since = Instant::now();
    let tests = must(
        Command::new(".venv/bin/python")
            .args(["-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"])
            // TensorFlow is compiled once, as for a learner.
            .env_remove("PYTHONDONTWRITEBYTECODE")
            .current_dir(&lab.root),
    );
    assert!(tests.out.contains("[100%]"), "{}", tests.out);
    assert!(
        since.elapsed() < Duration::from_secs(150),
        "{:?}: it waited for something",
        since.elapsed()
    );
    for skipped in tests.out.lines().filter(|line| line.starts_with("SKIPPED")) {
        eprintln!("{skipped}");
        assert!(
            skipped.contains("tests/test_image.py") || skipped.contains("there is no"),
            "{skipped}"
        );
    }
}

/// What only the real server can show is said to be that, wherever the learner meets it.
fn on_the_stand_in(lab: &Lab) {
    for command in ["up", "status"] {
        assert!(lab.ok(&[command]).out.contains("a stand-in of TensorFlow Serving"), "{command}");
    }
    let (check, solve) = (lab.run(&["check", "metrics"]), lab.run(&["solve", "batching"]));
    for seen in [check, solve] {
        assert_eq!(seen.code, 3, "{}{}", seen.out, seen.err);
        let said = seen.out + &seen.err;
        assert!(said.contains("only TensorFlow Serving can show this"), "{said}");
    }
}

fn the_makefile(lab: &Lab) {
    let make = |target: &str| {
        must(Command::new("make").arg(target).current_dir(&lab.root).env_remove("MAKEFLAGS")).out
    };
    assert!(make("config").contains("config/models.config: well"));
    assert!(make("up").contains("ready"));
    assert!(make("status").contains("stand_in"));
    make("down");
}

/// The lab's side of the steps for the real server, on a double of it: their checks, solutions and
/// mistakes. Nothing of TensorFlow Serving.
fn on_a_server_that_is_none(lab: &mut Lab) {
    let bin = tempfile::tempdir().unwrap();
    let program = bin.path().join("tensorflow_model_server");
    let double = client("tensorflow_model_server");
    let text =
        format!("#!/bin/sh\nexec .tensorflow/.venv/bin/python {} \"$@\"\n", double.display());
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap());
    lab.env.insert("PATH".to_owned(), path.into());
    // Four short levels are enough to see that there are two measurements.
    lab.env.insert("LOAD_LEVELS".to_owned(), "1,2,4,8".into());
    lab.env.insert("LOAD_SECONDS".to_owned(), "1".into());

    let up = lab.ok(&["up"]);
    assert!(!up.out.contains("stand-in"), "{}", up.out);
    let status = must(
        Command::new("curl")
            .arg("-sSf")
            .arg(format!("http://127.0.0.1:{}/v1/models/rollback", lab.port)),
    );
    assert!(status.out.contains("AVAILABLE") && !status.out.contains("stand_in"), "{}", status.out);

    for (step, why) in [("batching", "without the flag --enable_batching=true"), ("metrics", "404")]
    {
        let check = lab.run(&["check", step]);
        assert!(check.code == 1 && check.out.contains(why), "{step}: {}{}", check.out, check.err);
        lab.ok(&["solve", step]);
        lab.ok(&["check", step]);
    }
    lab.ok(&["check", "batching"]);
}
