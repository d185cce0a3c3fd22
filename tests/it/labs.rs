//! What holds for every lab that there is, whatever it is about: its generated files pass the
//! linters of their languages.
use std::path::Path;
use std::process::Command;

use crate::harness::{BIN, Lab, Limited, must, seen, strict, text, tool};
use serde_json::Value;

fn ids() -> Vec<String> {
    let list: Value =
        serde_json::from_str(&must(Command::new(BIN).args(["list", "--json"])).out).unwrap();
    list["labs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lab| lab["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Runs a linter over a generated lab; a missing one is a failure in CI.
fn lint(lab: &Lab, program: &str, args: &[&str]) {
    let Some(path) = tool(program) else { return };
    let out = Command::new(path).args(args).current_dir(&lab.root).finish();
    let (stdout, stderr) = (text(&out.stdout), text(&out.stderr));
    assert!(out.status.success(), "{program} {args:?}\n{stdout}\n{stderr}");
}

/// The files below a folder whose path ends so.
fn files(folder: &Path, end: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, end));
        } else if path.to_str().unwrap().ends_with(end) {
            found.push(path.to_str().unwrap().to_owned());
        }
    }
    found
}

#[test]
#[ignore = "needs linters: .ci/tools"]
fn every_generated_lab_is_lint_clean() {
    let compose = seen(Command::new("docker").args(["compose", "version"])).code == 0;
    assert!(compose || !strict(), "there is no docker compose");
    for id in ids() {
        let lab = Lab::new(None, &id, &[]);
        lint(&lab, "ruff", &["check", "--no-cache", "."]);
        lint(&lab, "ruff", &["format", "--no-cache", "--check", "."]);
        lint(&lab, "yamllint", &["--strict", "."]);
        for (program, option, wanted) in [
            ("shellcheck", Some("--shell=sh"), ".sh"),
            ("hadolint", None, "Dockerfile"),
            ("actionlint", None, ".github/workflows/ci.yml"),
        ] {
            let files = files(&lab.root, wanted);
            assert!(!files.is_empty(), "{id} has nothing for {program}");
            let args: Vec<&str> =
                option.into_iter().chain(files.iter().map(String::as_str)).collect();
            lint(&lab, program, &args);
        }
        if compose && lab.root.join("compose.yaml").is_file() {
            lint(&lab, "docker", &["compose", "--profile", "*", "config", "--quiet"]);
        }
        if lab.root.join("k8s").is_dir() {
            let kubectl =
                std::env::var("MLOPS_LAB_KUBECTL").unwrap_or_else(|_| "kubectl".to_owned());
            lint(&lab, &kubectl, &["kustomize", "k8s/overlays/local"]);
        }
    }
}

#[test]
fn every_lab_says_what_it_needs_and_costs() {
    for id in ids() {
        let shown = must(Command::new(BIN).args(["show", &id])).out;
        for word in ["needs", "costs"] {
            assert!(shown.to_lowercase().contains(word), "{id}: {shown}");
        }
    }
}

#[test]
fn every_workflow_names_its_actions_by_commit_with_the_version_beside_it() {
    for id in ids() {
        let lab = Lab::new(None, &id, &[]);
        for file in files(&lab.root.join(".github/workflows"), ".yml") {
            let workflow = std::fs::read_to_string(&file).unwrap();
            for line in workflow.lines().filter_map(|line| line.split_once("uses:")) {
                let (action, version) =
                    line.1.trim().split_once(" # v").unwrap_or((line.1.trim(), ""));
                let commit = action.split_once('@').map_or("", |(_, commit)| commit);
                let by_commit =
                    commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
                let versioned = version.split('.').count() == 3;
                assert!(by_commit && versioned, "{id}: {action} # v{version}");
            }
        }
    }
}

/// Images whose versions have two parts, and the second is the patch.
const TWO_PARTS: [&str; 3] = ["postgres", "chrislusf/seaweedfs", "ghcr.io/chrislusf/seaweedfs"];

#[test]
fn every_image_of_others_is_pinned_to_a_patch_version() {
    for id in ids() {
        let lab = Lab::new(None, &id, &[]);
        let all = [".yaml", "Dockerfile"].iter().flat_map(|end| files(&lab.root, end));
        for file in all.filter(|file| !file.contains("/.mlops-lab/")) {
            let text = std::fs::read_to_string(&file).unwrap();
            let named = text.lines().filter_map(|line| {
                let line = line.trim().trim_start_matches("- ");
                line.strip_prefix("image: ")
                    .or(line.strip_prefix("FROM "))?
                    .split_whitespace()
                    .next()
            });
            // Those without a tag are stages of this file, or get one from an overlay; `:local` is
            // built here.
            let tagged =
                named.filter_map(|image| image.rsplit_once(':')).filter(|(_, tag)| *tag != "local");
            for (name, tag) in tagged {
                let version = tag.trim_start_matches('v').split('-').next().unwrap_or_default();
                let numbers: Vec<_> = version.split('.').map(str::parse::<u32>).collect();
                let least = if TWO_PARTS.contains(&name) { 2 } else { 3 };
                assert!(
                    numbers.len() >= least && numbers.iter().all(Result::is_ok),
                    "{file}: {name}:{tag} floats"
                );
            }
        }
    }
}

#[test]
fn a_lab_in_git_keeps_its_knowledge_and_its_line_ends_and_not_its_settings() {
    for id in ids() {
        let lab = Lab::new(None, &id, &[]);
        let git = |folder: &Path, args: &[&str]| {
            let own = [
                "-c",
                "user.name=a",
                "-c",
                "user.email=a@example.com",
                "-c",
                "commit.gpgsign=false",
            ];
            must(Command::new("git").args(own).args(args).current_dir(folder)).out
        };
        git(&lab.root, &["init", "--quiet"]);
        git(&lab.root, &["add", "--all"]);
        git(&lab.root, &["commit", "--quiet", "--message", "a lab"]);
        let kept = git(&lab.root, &["ls-files"]);
        assert!(kept.lines().any(|line| line == ".mlops-lab/lab.toml"), "{id}: {kept}");
        assert!(!kept.lines().any(|line| line.rsplit('/').next() == Some(".env")), "{id}: {kept}");
        let clone = tempfile::tempdir().unwrap();
        let target = clone.path().join("clone");
        git(
            clone.path(),
            &["-c", "core.autocrlf=true", "clone", "--quiet", lab.root.to_str().unwrap(), "clone"],
        );
        for path in files(&target, "").iter().filter(|path| !path.contains("/.git/")) {
            let text = std::fs::read(path).unwrap();
            let crlf = !text.contains(&0) && text.windows(2).any(|pair| pair == b"\r\n");
            assert!(!crlf, "{id}: {path} has the line ends of Windows in a clone");
        }
    }
}

#[test]
#[ignore = "needs Docker's compose"]
fn what_a_lab_takes_in_containers_is_more_than_its_own_files() {
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("labs")).unwrap() {
        let Ok(text) = std::fs::read_to_string(entry.unwrap().path().join("lab.toml")) else {
            continue;
        };
        let lab: toml::Table = text.parse().unwrap();
        let Some(compose) = lab["runtime"].get("compose") else { continue };
        let cost = compose.get("cost").or_else(|| lab.get("cost")?.get("compose")).unwrap();
        // Images count: a measurement without them comes to some megabytes.
        assert!(cost["disk_mb"].as_integer().unwrap() >= 100, "{}: {cost}", lab["id"]);
    }
}
