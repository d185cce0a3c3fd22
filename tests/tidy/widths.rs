//! No line of what people read is wider than an editor's half of a screen.

use std::process::Command;

use super::root;

/// In characters.
const WIDEST: usize = 100;

/// Where lines may be wider, and why. A name that ends with `/` is a folder, one that begins with
/// `.` the end of a file's name.
const WIDE: &[(&str, &str)] = &[
    (".txt", "pinned requirements: one line for one hash or marker"),
    (".lock", "written by cargo"),
    (".svg", "drawn by a program"),
    (".json", "a text of JSON cannot be broken"),
    (".tar", "no text"),
    (".csv", "one line for one record"),
    (".override", "one line for one requirement"),
    ("tests/it/update/schema-1/", "a lab as an older version wrote it"),
    ("tests/manifests/", "mistakes planted in one line"),
    ("tests/packs/broken/", "mistakes planted at a column"),
    ("tests/cmd/", "what the program prints"),
    ("templates/kubeflow/ir/", "written by the compiler of Kubeflow Pipelines"),
    ("templates/tracking/gateway/haproxy.cfg", "HAProxy breaks no line"),
    ("templates/tracking/k8s/base/haproxy.cfg", "HAProxy breaks no line"),
    ("templates/tracking/k8s/base/mlflow.env", "a variable is one line"),
    ("templates/tracking/dot-env", "a variable is one line"),
    ("labs/kubeflow/verify/", "pipelines written by the compiler of Kubeflow Pipelines"),
];

fn may_be_wide(file: &str) -> bool {
    WIDE.iter().any(|(name, _)| match name.strip_prefix('.') {
        Some(_) => file.ends_with(name),
        None => file.starts_with(name),
    })
}

#[test]
fn no_line_is_wider_than_100_characters() {
    let git = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().unwrap();
    let files = String::from_utf8(git.stdout).unwrap();
    let mut wide = Vec::new();
    for file in files.split_terminator('\0').filter(|file| !may_be_wide(file)) {
        // A file may be deleted, and is no text when it is not UTF-8.
        let Ok(text) = std::fs::read_to_string(root().join(file)) else { continue };
        // A row of a table cannot be broken, an address neither.
        let whole = |line: &str| {
            (file.ends_with(".md") && line.starts_with('|'))
                || line.split_whitespace().any(|word| word.contains("://") && word.len() > 60)
        };
        let lines = text.lines().enumerate();
        wide.extend(
            lines
                .filter(|(_, line)| line.chars().count() > WIDEST && !whole(line))
                .map(|(number, _)| format!("{file}:{}", number + 1)),
        );
    }
    assert!(wide.is_empty(), "wider than {WIDEST} characters:\n{}", wide.join("\n"));
}
