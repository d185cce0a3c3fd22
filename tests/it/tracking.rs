//! The lab `tracking` beyond its steps: clients of other versions, a large artifact, and what goes
//! wrong with databases, stores and passwords.
use std::path::Path;
use std::process::Command;

use crate::harness::{Lab, Seen, busy, client, compose, free_port, must, seen, strict};

fn lab() -> Lab {
    Lab::new(None, "tracking", &[&format!("model_port={}", free_port())])
}

/// The lab's own settings: what its clients read.
fn dotenv(lab: &Lab) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(lab.root.join(".env")).unwrap();
    let pair =
        |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    text.lines().filter(|line| !line.starts_with('#')).filter_map(pair).collect()
}

fn set(lab: &Lab, name: &str, value: &str) {
    let file = lab.root.join(".env");
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            if line.starts_with(&format!("{name}=")) {
                format!("{name}={value}")
            } else {
                line.to_owned()
            }
        })
        .collect();
    assert!(lines.contains(&format!("{name}={value}")), "{name} stands in .env");
    std::fs::write(file, lines.join("\n") + "\n").unwrap();
}

/// A Python with these arguments and the lab's settings.
fn python(lab: &Lab, python: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(python);
    command.args(args).envs(dotenv(lab)).current_dir(&lab.root);
    command
}

/// The lab's own Python.
fn own(lab: &Lab, args: &[&str]) -> Seen {
    seen(&mut python(lab, &lab.root.join(".venv/bin/python"), args))
}

fn artifact(lab: &Lab, megabytes: u32) -> Seen {
    own(lab, &[client("artifact.py").to_str().unwrap(), &megabytes.to_string()])
}

/// Clients of the minor version before the server's, and of the major version before it.
/// `.ci/tools` makes their environments.
fn other_clients(lab: &Lab) {
    let Some(pythons) = std::env::var_os("MLOPS_LAB_MLFLOW_PYTHONS") else {
        assert!(!strict(), "MLOPS_LAB_MLFLOW_PYTHONS names no Pythons with MLflow's clients");
        eprintln!("clients of other versions were not tried: MLOPS_LAB_MLFLOW_PYTHONS is not set");
        return;
    };
    let script = client("mlflow_client.py");
    let versions: Vec<String> = std::env::split_paths(&pythons)
        .map(|path| must(&mut python(lab, &path, &[script.to_str().unwrap()])).out)
        // Older clients print where the run can be seen before.
        .filter_map(|out| out.lines().last().map(str::to_owned))
        .collect();
    assert!(
        versions.iter().any(|text| text.starts_with("2.") && text.contains("ok")),
        "{versions:?}"
    );
    assert!(
        versions.iter().any(|text| text.starts_with("3.") && text.contains("ok")),
        "{versions:?}"
    );
}

fn large_artifact(lab: &Lab) {
    let seen = artifact(lab, 200);
    assert_eq!(seen.code, 0, "{}\n{}", seen.out, seen.err);
    assert!(seen.out.contains("200 MB") && seen.out.contains("equal"), "{}", seen.out);
    eprintln!("{}", seen.out.trim());
}

/// Nobody gets more than a share of the server, and while some try another caller is served.
fn greedy_callers(lab: &Lab) {
    let url = format!("http://127.0.0.1:{}", lab.port);
    let asked = "/api/2.0/mlflow/experiments/search";
    let honest = format!("{asked}?max_results=1");
    let seen = own(lab, &[client("greedy.py").to_str().unwrap(), &url, &honest, asked]);
    assert_eq!(seen.code, 0, "{}\n{}", seen.out, seen.err);
}

#[test]
#[ignore = "needs pip and the network"]
fn other_versions_and_a_large_artifact_on_local() {
    let _busy = busy();
    let lab = lab();
    lab.ok(&["up"]);
    other_clients(&lab);
    large_artifact(&lab);
    greedy_callers(&lab);
    // Its own tests, as the learner runs them.
    let tests = own(&lab, &["-m", "pytest", "-q", "-p", "no:cacheprovider"]);
    assert!(tests.code == 0 && tests.out.contains("[100%]"), "{}\n{}", tests.out, tests.err);
}

#[test]
#[ignore = "needs pip and the network"]
fn the_training_of_the_lab_serving_logs_to_this_server() {
    let _busy = busy();
    let lab = lab();
    lab.ok(&["up"]);
    let serving = Lab::new(None, "serving", &[]);
    let url = format!("http://127.0.0.1:{}", lab.port);
    // In the lab's own settings: what the shell says would send runs to whatever server somebody
    // works with.
    let mut settings = std::fs::read_to_string(serving.root.join(".env")).unwrap();
    settings.push_str(&format!("MLFLOW_TRACKING_URI={url}\n"));
    std::fs::write(serving.root.join(".env"), settings).unwrap();
    serving.ok(&["up"]);
    serving.ok(&["down"]);
    let ask = "import mlflow; runs = mlflow.search_runs(experiment_names=['serving'], \
        output_format='list'); print(sorted((r.data.params['version'], r.info.status, \
        r.data.metrics['auc'] > 0.7) for r in runs))";
    let found = own(&lab, &["-c", ask]);
    assert_eq!(
        found.out.trim(),
        "[('1', 'FINISHED', True), ('2', 'FINISHED', True)]",
        "{}",
        found.err
    );
}

#[test]
#[ignore = "needs pip and the network"]
fn a_full_disk_is_an_error_for_the_client_and_not_a_success() {
    let _busy = busy();
    let lab = lab();
    let store = lab.root.join("mlartifacts");
    std::fs::create_dir_all(&store).unwrap();
    if seen(Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(&store)).code
        != 0
    {
        assert!(!strict(), "only root can mount a small file system");
        eprintln!("skipped: only root can mount a small file system");
        return;
    }
    lab.ok(&["up"]);
    let small = artifact(&lab, 1);
    let large = artifact(&lab, 20);
    lab.ok(&["down"]);
    must(Command::new("umount").arg(&store));
    assert_eq!(small.code, 0, "{}\n{}", small.out, small.err);
    assert!(large.code == 1 && large.out.contains("refused: "), "{}\n{}", large.out, large.err);
}

#[test]
#[ignore = "needs pip and the network"]
fn a_database_of_another_version_is_refused_with_what_to_type() {
    let _busy = busy();
    let lab = lab();
    lab.ok(&["up"]);
    lab.ok(&["down"]);
    let script = "import sqlite3,sys; c=sqlite3.connect('mlflow.db'); print(c.execute('select \
        version_num from alembic_version').fetchone()[0]); c.execute('update alembic_version set \
        version_num=?', (sys.argv[1],)); c.commit()";
    let stamp = |revision: &str| own(&lab, &["-c", script, revision]).out.trim().to_owned();
    // The first migration that MLflow ever had, and one that no MLflow has.
    let current = stamp("451aebb31d03");
    let up = lab.run(&["up"]);
    assert_eq!(up.code, 3, "{}", up.err);
    assert!(
        up.err.contains("older than MLflow")
            && up.err.contains("mlflow db upgrade sqlite:///mlflow.db"),
        "{}",
        up.err
    );
    stamp("ffffffffffff");
    let up = lab.run(&["up"]);
    assert_eq!(up.code, 3, "{}", up.err);
    assert!(up.err.contains("later version"), "{}", up.err);
    stamp(&current);
    lab.ok(&["up"]);
}

#[test]
#[ignore = "needs pip and the network"]
fn the_makefile_works_without_this_program() {
    let _busy = busy();
    let lab = lab();
    let make = |target: &str| {
        must(Command::new("make").arg(target).current_dir(&lab.root).env_remove("MAKEFLAGS"));
    };
    make("up");
    let url =
        format!("http://127.0.0.1:{}/api/2.0/mlflow/experiments/search?max_results=1", lab.port);
    let ready = must(Command::new("curl").args(["-sSf", &url]));
    assert!(ready.out.contains("Default"), "{}", ready.out);
    make("down");
    assert_ne!(seen(Command::new("curl").args(["-sSf", &url])).code, 0, "it is down");
}

#[test]
fn without_its_settings_it_says_so_before_anything_starts() {
    let lab = lab();
    std::fs::remove_file(lab.root.join(".env")).unwrap();
    for target in ["up", "train", "status", "compose-up", "kubernetes-up"] {
        let made =
            seen(Command::new("make").arg(target).current_dir(&lab.root).env_remove("MAKEFLAGS"));
        assert_eq!(made.code, 2, "{target}: {}", made.err);
        assert!(made.err.contains("cp .env.example .env"), "{target}: {}", made.err);
    }
    assert!(!lab.root.join(".venv").exists(), "nothing was installed");
    for script in ["ops/serve.sh", "ops/model.sh"] {
        let ran = seen(Command::new("sh").arg(script).current_dir(&lab.root));
        assert!(ran.code != 0 && ran.err.contains(".env is missing"), "{script}: {}", ran.err);
    }
    if compose("tracking") {
        let asked = seen(Command::new("docker").args(["compose", "config"]).current_dir(&lab.root));
        assert!(
            asked.code != 0 && asked.err.contains("see .env.example"),
            "{}{}",
            asked.out,
            asked.err
        );
    }
}

#[test]
#[ignore = "needs Docker"]
fn other_versions_a_large_artifact_and_a_store_that_is_gone_on_compose() {
    if !compose("tracking") {
        return;
    }
    let _busy = busy();
    let lab = lab();
    lab.ok(&["up", "--runtime", "compose"]);
    other_clients(&lab);
    // It comes back through the gateway, in time: nobody is sent to the store, which this machine
    // cannot reach.
    large_artifact(&lab);
    greedy_callers(&lab);
    let docker = |args: &[&str]| {
        must(Command::new("docker").arg("compose").args(args).current_dir(&lab.root))
    };
    // Nobody gets in without the password.
    let url =
        format!("http://127.0.0.1:{}/api/2.0/mlflow/experiments/search?max_results=1", lab.port);
    let code =
        must(Command::new("curl").args(["-sS", "-o", "/dev/null", "-w", "%{http_code}", &url])).out;
    assert_eq!(code, "401");
    docker(&["stop", "store"]);
    let gone = artifact(&lab, 1);
    assert!(gone.code == 1 && gone.out.contains("refused: "), "{}\n{}", gone.out, gone.err);
    docker(&["start", "store"]);
    lab.ok(&["up", "--runtime", "compose"]);
    let back = artifact(&lab, 1);
    assert_eq!(back.code, 0, "{}\n{}", back.out, back.err);
    // The volumes stay, the password in .env becomes another: said in words.
    lab.ok(&["down"]);
    set(&lab, "POSTGRES_PASSWORD", "not-the-one-of-the-volume");
    let up = lab.run(&["up", "--runtime", "compose"]);
    assert_eq!(up.code, 3, "{}", up.err);
    assert!(up.err.contains("POSTGRES_PASSWORD"), "{}", up.err);
}
