//! The rules of the house that no compiler holds: who may use whom, how long a file is, what is
//! embedded.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail loudly"
)]

mod circles;
mod widths;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Room by room, whom it may use. What is not listed is not allowed.
const ARROWS: [(&str, &[&str]); 15] = [
    ("main", &["cli", "commands", "error", "platform"]),
    ("cli", &["catalog", "cluster"]),
    (
        "commands",
        &[
            "catalog",
            "check",
            "cli",
            "cluster",
            "course",
            "doctor",
            "error",
            "platform",
            "lab_test",
            "runtime",
            "scaffold",
            "workspace",
        ],
    ),
    // The prover drives the program from outside: it asks the runtime what is left of a lab, and
    // has wrong and right solutions rendered as the rest of the lab is.
    ("lab_test", &["catalog", "check", "error", "platform", "runtime", "scaffold", "workspace"]),
    // What the learner did and what is next. Pure: the lab on disk keeps it.
    ("course", &["catalog", "check", "error", "platform"]),
    ("runtime", &["catalog", "check", "cluster", "error", "platform", "workspace"]),
    // The cluster on this machine: what makes it, and whose it is.
    ("cluster", &["catalog", "error", "platform"]),
    ("check", &["catalog", "error", "platform"]),
    ("doctor", &["catalog", "cluster", "error", "platform"]),
    ("workspace", &["catalog", "course", "dotenv", "error", "platform"]),
    ("scaffold", &["catalog", "dotenv", "error", "platform"]),
    // A pack lies on disk.
    ("catalog", &["dotenv", "error", "platform"]),
    // Pure: a text and what it assigns.
    ("dotenv", &[]),
    // Names alone: every room may use them.
    ("layout", &[]),
    ("platform", &["error"]),
];

/// A file is read in one sitting.
const LONGEST: usize = 460;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut open = vec![root().join("src")];
    let mut all = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                all.push((path.strip_prefix(root().join("src")).unwrap().to_owned(), text));
            }
        }
    }
    assert!(all.len() > 20, "the sources were not found");
    all
}

/// The room of a file: its first folder, or its own name.
fn room(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn no_arrow_points_up_or_sideways() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let room = room(&path);
        if room == "error" {
            continue;
        }
        let allowed = ARROWS
            .iter()
            .find(|(name, _)| *name == room)
            .unwrap_or_else(|| panic!("no rule for the room {room}"))
            .1;
        for (number, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            for part in line.split("crate::").skip(1) {
                let used: String =
                    part.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                let free = used.is_empty() || used == room || used == "layout";
                if !free && !allowed.contains(&used.as_str()) {
                    wrong.push(format!(
                        "src/{}:{}: {room} uses {used}",
                        path.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_files_of_a_room_use_one_another_in_a_circle() {
    let found = circles::circles(&sources());
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_module_says_what_lives_in_it() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(path, _)| path)
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn no_file_is_too_long_to_read() {
    let long: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| text.lines().count() > LONGEST)
        .map(|(path, _)| path)
        .collect();
    assert!(long.is_empty(), "{long:?}");
}

/// Names that stand in `src/layout.rs` alone; a label of Kubernetes is none.
#[test]
fn names_of_the_lab_s_own_folder_and_variables_stand_in_one_file() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let shown = path.display().to_string();
        if shown == "layout.rs" || ["tests.rs", "fuzz.rs"].iter().any(|end| shown.ends_with(end)) {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap();
        for (number, line) in
            code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
        {
            let line = line.replace("dev.mlops-lab", "");
            if line.contains("\"MLOPS_LAB") || line.contains(".mlops-lab") {
                wrong.push(format!("src/{shown}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "use layout:\n{}", wrong.join("\n"));
}

/// Who may name one runtime, and why. Everything else asks the runtime's driver.
const KINDS: &[(&str, &str)] = &[
    ("catalog/manifest.rs", "the kinds themselves"),
    ("catalog/runtimes.rs", "the table of each in a manifest"),
    ("catalog/lint/wiring.rs", "probes that need a cluster"),
    ("check/listener.rs", "whose a port is, seen from below the drivers"),
    ("doctor/run.rs", "the command that is to be typed next"),
    ("doctor/scope.rs", "where memory and disk are measured"),
    ("lab_test/state.rs", "data that lies in the project's folder"),
    ("runtime/fetch.rs", "what processes need is fetched, and no image"),
    ("runtime/mod.rs", "the one place that gives the driver"),
    ("runtime/local/mod.rs", "the driver itself"),
    ("runtime/compose/mod.rs", "the driver itself"),
    ("runtime/kubernetes/mod.rs", "the driver itself"),
    ("workspace/env.rs", "variables of the manifest and of kubectl"),
];

#[test]
fn one_place_gives_the_driver_of_a_runtime_and_nobody_else_tells_them_apart() {
    let kinds = ["Local", "Compose", "Kubernetes"].map(|kind| format!("RuntimeKind::{kind}"));
    let (mut wrong, mut used) = (Vec::new(), BTreeSet::new());
    for (path, text) in sources() {
        let shown = path.display().to_string();
        if ["tests.rs", "fuzz.rs"].iter().any(|end| shown.ends_with(end)) {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap();
        for (number, line) in code.lines().enumerate() {
            if !kinds.iter().any(|kind| line.contains(kind.as_str())) {
                continue;
            }
            match KINDS.iter().find(|(file, _)| *file == shown) {
                Some((file, _)) => drop(used.insert(*file)),
                None => wrong.push(format!("src/{shown}:{}: {}", number + 1, line.trim())),
            }
        }
    }
    assert!(wrong.is_empty(), "ask the driver:\n{}", wrong.join("\n"));
    let idle: Vec<_> = KINDS.iter().filter(|(file, _)| !used.contains(file)).collect();
    assert!(idle.is_empty(), "no exception is needed any more for {idle:?}");
}

#[test]
fn the_engine_knows_no_lab_by_name() {
    let labs: Vec<String> = std::fs::read_dir(root().join("labs"))
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| root().join("labs").join(name).is_dir())
        .collect();
    assert!(!labs.is_empty());
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let code = text.split("#[cfg(test)]").next().unwrap();
        for (number, line) in
            code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
        {
            // The help text shows one example of a command.
            let example = line.contains("mlops-lab init");
            if !example && labs.iter().any(|lab| line.contains(&format!("\"{lab}\""))) {
                wrong.push(format!("src/{}:{}", path.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn what_is_embedded_is_what_git_tracks() {
    let git = Command::new("git")
        .args(["ls-files", "--cached", "--others", "labs", "templates"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(git.status.success(), "git ls-files: {}", String::from_utf8_lossy(&git.stderr));
    let untracked = Command::new("git")
        .args(["ls-files", "--others", "labs", "templates"])
        .current_dir(root())
        .output()
        .unwrap();
    let untracked = String::from_utf8(untracked.stdout).unwrap();
    assert!(git.stdout.len() > 100, "git lists no labs");
    assert!(untracked.trim().is_empty(), "embedded and not tracked by git:\n{untracked}");
}

#[test]
fn no_registry_host_and_no_lock_with_addresses() {
    let git = Command::new("git").args(["ls-files"]).current_dir(root()).output().unwrap();
    let mut wrong = BTreeSet::new();
    for file in String::from_utf8(git.stdout)
        .unwrap()
        .lines()
        .filter(|file| *file != "Cargo.lock" && !file.starts_with("tests/tidy/"))
    {
        let Ok(text) = std::fs::read_to_string(root().join(file)) else { continue };
        for word in ["--index-url", "--extra-index-url", "pythonhosted", "npmjs", "pypi."] {
            if text.contains(word) {
                wrong.insert(format!("{file}: {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Who may look at a path by itself, and why: it is not below a lab's folder. Everything else goes
/// through `platform::inside`.
const BY_PATH: &[(&str, &str)] = &[
    ("catalog/", "a pack, which its user names"),
    ("doctor/", "programs and settings of the user"),
    ("lab_test/", "a temporary project that the prover made itself"),
    ("commands/init.rs", "a folder that is to become a lab"),
    ("commands/lab/", "a pack, which its author works on"),
    ("commands/mod.rs", "a lab's folder itself"),
    ("commands/down.rs", "a lab's folder itself"),
    ("commands/recovery.rs", "a lab's folder itself"),
    ("commands/doctor/", "a lab's folder itself"),
    ("scaffold/apply.rs", "a folder that is to become a lab"),
    ("commands/status.rs", "a lab's folder itself"),
    ("check/listener.rs", "the folder of a process"),
    ("workspace/base.rs", "entries of an archive"),
    ("workspace/search.rs", "the search for a lab's folder"),
    ("workspace/path.rs", "the search for a lab's folder"),
    ("workspace/mod.rs", "the search for a lab's folder"),
    ("workspace/env.rs", "a lab's folder itself"),
    ("workspace/instance/", "the user's state"),
    ("workspace/lock.rs", "the user's state"),
    ("runtime/background.rs", "the run folder"),
    ("runtime/compose/images.rs", "a lab's folder itself"),
    ("runtime/python.rs", "the run folder"),
    ("runtime/local/", "the run folder"),
    ("runtime/compose/whose.rs", "the folder that a label names"),
    ("runtime/kubernetes/apply.rs", "the run folder"),
];

#[test]
fn what_lies_below_a_lab_is_reached_through_one_room() {
    const LOOKS: [&str; 10] = [
        ".is_file()",
        ".is_dir()",
        ".exists()",
        ".try_exists()",
        ".metadata()",
        "symlink_metadata()",
        ".read_dir()",
        ".canonicalize()",
        "std::fs::read",
        "OpenOptions",
    ];
    let (mut wrong, mut used) = (Vec::new(), BTreeSet::new());
    for (path, text) in sources() {
        let shown = path.display().to_string();
        let tests = ["tests.rs", "fuzz.rs"].iter().any(|end| shown.ends_with(end));
        if tests || shown.starts_with("platform/") {
            continue;
        }
        let known = BY_PATH.iter().find(|(start, _)| shown.starts_with(start));
        let code = text.split("#[cfg(test)]").next().unwrap();
        for (number, line) in code.lines().enumerate() {
            let below = line.contains(" fs::")
                && (line.contains("root.join(") || line.contains("root().join("));
            if !below && !LOOKS.iter().any(|look| line.contains(look)) {
                continue;
            }
            match known {
                Some((start, _)) => drop(used.insert(*start)),
                None => wrong.push(format!("src/{shown}:{}: {}", number + 1, line.trim())),
            }
        }
    }
    assert!(wrong.is_empty(), "use platform::inside:\n{}", wrong.join("\n"));
    let idle: Vec<_> = BY_PATH.iter().filter(|(start, _)| !used.contains(start)).collect();
    assert!(idle.is_empty(), "no exception is needed any more for {idle:?}");
}

/// Where the links of a page lead, without those to other sites.
fn links(text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets
        .filter(|target| !target.contains("://") && !target.contains([' ', '\n']))
        .map(str::to_owned)
        .collect()
}

/// The anchors of a page, as GitHub makes them of its headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
    let plain = |c: char| {
        (c.is_alphanumeric() || "-_ ".contains(c)).then_some(if c == ' ' { '-' } else { c })
    };
    headings
        .map(|line| {
            line.trim_start_matches('#').trim().to_lowercase().chars().filter_map(plain).collect()
        })
        .collect()
}

#[test]
fn every_link_of_the_docs_leads_somewhere() {
    let mut pages: Vec<PathBuf> = [
        "README.md",
        "CONTRIBUTING.md",
        "STYLE.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "labs/README.md",
    ]
    .map(|page| root().join(page))
    .to_vec();
    let docs = std::fs::read_dir(root().join("docs")).unwrap();
    pages.extend(
        docs.map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "md")),
    );
    let mut dead = Vec::new();
    let mut count = 0;
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target =
                if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            let found = target.exists()
                && (anchor.is_empty()
                    || anchors(&std::fs::read_to_string(&target).unwrap()).contains(anchor));
            count += 1;
            if !found {
                dead.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(count > 20, "the links were not found");
    assert!(dead.is_empty(), "{dead:#?}");
}
