//! The pristine files: the archive, the folder that there was before, and a lab that has lost them.

use std::process::Command;

use crate::harness::must;
use crate::update::bench::{Bench, LONG};

/// As labs with a record of schema 1 keep it: the pristine files in a folder.
fn before_there_was_an_archive(bench: &Bench) {
    let own = bench.lab().join(".mlops-lab");
    let archive = std::fs::read(own.join("base.tar")).unwrap();
    tar::Archive::new(&archive[..]).unpack(own.join("base")).unwrap();
    std::fs::remove_file(own.join("base.tar")).unwrap();
    let record = bench.read(".mlops-lab/record.toml");
    assert!(record.contains("schema = 3\n"), "{record}");
    bench.edit(".mlops-lab/record.toml", &record.replace("schema = 3\n", "schema = 1\n"));
}

#[test]
fn a_lab_with_a_folder_of_pristine_files_is_read_and_gets_the_archive() {
    let bench = Bench::new();
    let archive = bench.files().remove("./.mlops-lab/base.tar").unwrap();
    before_there_was_an_archive(&bench);
    bench.edit("notes.txt", &LONG.replace("one", "ONE, mine"));
    let diff = bench.run(&["diff"]);
    assert!(diff.out.contains("+ONE, mine") && !diff.out.contains("old-name.txt"), "{}", diff.out);
    let before = bench.files();

    let same = bench.run(&["update", "--trust"]);
    assert_eq!((same.code, same.out.contains("up to date")), (0, true), "{}{}", same.out, same.err);
    let after = bench.files();
    assert_eq!(after["./.mlops-lab/base.tar"], archive);
    assert!(!bench.lab().join(".mlops-lab/base").exists());
    assert_eq!(bench.run(&["diff"]).out, diff.out);
    assert_eq!(bench.run(&["undo"]).code, 0);
    assert_eq!(bench.files(), before);

    // And with something to merge.
    bench.give("notes.txt", &LONG.replace("seven", "SEVEN, the lab's"));
    let merged = bench.run(&["update"]);
    assert_eq!(merged.code, 0, "{}{}", merged.out, merged.err);
    assert_eq!(
        bench.read("notes.txt"),
        LONG.replace("one", "ONE, mine").replace("seven", "SEVEN, the lab's")
    );
}

#[test]
fn without_its_pristine_files_a_lab_is_not_updated() {
    let bench = Bench::new();
    let archive = bench.lab().join(".mlops-lab/base.tar");
    let whole = std::fs::read(&archive).unwrap();
    bench.give("notes.txt", "other\n");
    for (content, why) in
        [(None, "there is no such file"), (Some(&whole[..1_100]), "no whole archive")]
    {
        match content {
            Some(bytes) => std::fs::write(&archive, bytes).unwrap(),
            None => std::fs::remove_file(&archive).unwrap(),
        }
        let before = bench.files();
        for args in [&["update"][..], &["diff"]] {
            let seen = bench.run(args);
            assert_eq!(seen.code, 3, "{}{}", seen.out, seen.err);
            assert!(
                seen.err.contains(why) && seen.err.contains("base.tar") && seen.err.contains("git"),
                "{}",
                seen.err
            );
        }
        assert_eq!(bench.files(), before);
    }
}

/// Many people's own lists of what git ignores name archives, and a lab is not whole without this
/// one.
#[test]
fn git_keeps_the_archive_also_where_archives_are_ignored() {
    let bench = Bench::new();
    let git = |args: &[&str]| must(Command::new("git").args(args).current_dir(bench.lab())).out;
    git(&["init", "--quiet"]);
    bench.edit("ignored-everywhere", "*.tar\n");
    bench.edit(".gitignore", "*.tar\n");
    bench.edit("other.tar", "");
    git(&["-c", "core.excludesFile=ignored-everywhere", "add", "--all"]);
    let tracked = git(&["ls-files"]);
    assert!(tracked.lines().any(|path| path == ".mlops-lab/base.tar"), "{tracked}");
    assert!(!tracked.contains("other.tar"), "{tracked}");
}
