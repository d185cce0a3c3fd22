//! Each rule of the lab format: planted in a pack that is clean, it is found, with its place.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test may fail loudly"
)]

mod support;

use std::path::Path;
use std::process::Command;

/// What is planted, by file, and what is said about it.
struct Plant {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    said: &'static str,
}

const MANIFEST: &str = "labs/tiny/lab.toml";

const fn plant(file: &'static str, from: &'static str, to: &'static str, said: &'static str) -> Plant {
    Plant { file, from, to, said }
}

const PLANTS: [Plant; 27] = [
    plant(
        MANIFEST,
        "id = \"tiny\"",
        "id = \"tinny\"",
        "lab.toml:2:6: the id is `tinny` and the folder is `tiny`",
    ),
    plant(
        MANIFEST,
        "endpoint = \"api\", path = \"/made.txt\"",
        "endpoint = \"app\", path = \"/made.txt\"",
        "there is no endpoint `app`",
    ),
    plant(MANIFEST, "schema = 1", "schema = 2", "lab.toml:1:10: this is schema 2"),
    plant(MANIFEST, "minutes = 1", "minutes = \"one\"", "lab.toml:7:11: invalid type"),
    plant(MANIFEST, "level = \"beginner\"", "level = \"easy\"", "unknown variant `easy`"),
    plant(
        MANIFEST,
        "[vars.token]",
        "[vars.unused]\ntype = \"bool\"\ndefault = true\nhelp = \"x\"\n[vars.token]",
        "nothing uses the variable `unused`",
    ),
    plant(
        MANIFEST,
        "text = \"steps/one.md\"",
        "text = \"steps/two.md\"",
        "there is no file labs/tiny/steps/two.md",
    ),
    plant(
        MANIFEST,
        "files = \"solution/one\"",
        "files = \"solution/two\"",
        "there are no files in labs/tiny/solution/two",
    ),
    plant(
        MANIFEST,
        "expect = { status = 200, body",
        "expect = { exit = 0, body",
        "`expect.exit` means nothing for a http probe",
    ),
    plant(MANIFEST, "matches = \"^hello", "matches = \"(^hello", "lab.toml:61:97"),
    plant(MANIFEST, "within = \"20s\"", "within = \"20\"", "is not a duration"),
    plant(MANIFEST, "python = \">=3.9\"", "python = \"3.9\"", "is not a version requirement"),
    plant(MANIFEST, "needs = [{ python", "needs = [{ pyhton", "unknown variant `pyhton`"),
    plant(
        MANIFEST,
        "help = \"A secret\"",
        "help = \"A secret\"\nlength = 8",
        "a secret has at least 16 characters",
    ),
    plant(MANIFEST, "default = 8123", "default = 8123\nalphabet = \"hex\"", "only a secret has an alphabet"),
    plant(MANIFEST, "user = \"API_USER\"", "user = \"API_USR\"", "the lab's dot-env sets no `API_USR`"),
    plant(MANIFEST, "requires = [\"more.txt\"]", "requires = [\"../more.txt\"]", "lab.toml:"),
    plant("templates/tiny/dot-gitignore", ".env", "env", "the lab's dot-gitignore does not list `.env`"),
    plant("labs/tiny/wrong/one/typo/wrong.toml", "", "", "has 1 wrong solutions"),
    plant("templates/tiny/about.txt", "<[ port ]>", "<[ prot ]>", "templates/tiny/about.txt:1:"),
    plant(
        "templates/tiny/about.txt",
        "<[ port ]>",
        "http://127.0.0.1:8123/",
        "`127.0.0.1:8123` is written out where a variable is meant",
    ),
    plant("templates/tiny/Dockerfile", "", "FROM python:latest\n", "the image `python:latest` is not pinned"),
    plant(MANIFEST, "was = [\"uno\"]", "was = [\"gone\"]", "`gone` is the name of another step or drill"),
    plant(MANIFEST, "was = [\"uno\"]", "holds_until = \"one\"", "there is no step `one` after `one`"),
    plant(
        MANIFEST,
        "was = [\"lost-greeting\"]",
        "keep = [\".mlops-lab/lab.toml\"]",
        "is not a file of the project",
    ),
    plant(MANIFEST, "inject = [[", "background = [[]]\ninject = [[", "has an empty command"),
    plant("templates/tiny/requirements.txt", "", "six==1.17.0\n", "`six==1.17.0` has no hash"),
];

fn lint(pack: &Path) -> (i32, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_mlops-lab")).args(["lab", "lint"]).arg(pack).output().unwrap();
    (out.status.code().unwrap(), String::from_utf8_lossy(&out.stdout).into_owned())
}

#[test]
fn a_clean_pack_is_clean_and_every_planted_error_is_found_at_its_place() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny");
    assert_eq!(lint(&source).0, 0);
    for Plant { file, from, to, said } in PLANTS {
        let temp = tempfile::tempdir().unwrap();
        support::copy(&source, temp.path());
        let path = temp.path().join(file);
        match (from, to) {
            // Take away a whole wrong solution; plant a whole file; change a part of one.
            ("", "") => std::fs::remove_dir_all(path.parent().unwrap()).unwrap(),
            ("", text) => std::fs::write(&path, text).unwrap(),
            _ => {
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(text.contains(from), "{file} has no {from}");
                std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
            }
        }
        let (code, out) = lint(temp.path());
        assert_eq!(code, 1, "{said}\n{out}");
        assert!(out.contains(said), "wanted: {said}\n{out}");
    }
}

#[test]
fn a_link_in_a_pack_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    support::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"), temp.path());
    std::os::unix::fs::symlink("/etc/passwd", temp.path().join("templates/tiny/passwd")).unwrap();
    let (code, out) = lint(temp.path());
    assert_eq!(code, 1);
    assert!(out.contains("passwd is a link or a special file"), "{out}");
}
