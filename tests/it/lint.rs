//! Each rule of the lab format: planted in a pack that is clean, it is found, with its place.
use crate::harness::{self, Limited};

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

const fn plant(
    file: &'static str,
    from: &'static str,
    to: &'static str,
    said: &'static str,
) -> Plant {
    Plant { file, from, to, said }
}

const PLANTS: &[Plant] = &[
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
    plant(
        MANIFEST,
        "keep = [\"greeting.txt\"",
        "keep = [\"../<[ project_name ]>\"",
        "`../<[ project_name ]>` is not a path inside the project",
    ),
    plant(
        MANIFEST,
        "expect = { body = { contains = \"hello\" } }",
        "expect = { json = { \"/<[ nobody ]>\" = 1 } }",
        "nobody",
    ),
    plant(
        MANIFEST,
        "schema = 2",
        "schema = 3",
        "lab.toml:1:10: this is schema 3, and this mlops-lab reads 1 to 2",
    ),
    plant(
        MANIFEST,
        "recovered = [{",
        "mended = [{",
        "`mended` is called `recovered` since schema 2",
    ),
    plant(
        MANIFEST,
        "[vars.port]",
        "[[hint]]\ntext = \"try again\"\n[vars.port]",
        "a hint for the whole lab needs `when`",
    ),
    plant(
        MANIFEST,
        "body = { contains = \"hello\" } }",
        "json = { \"/a\" = { ge = \"many\" } } }",
        "expected a number, or a variable such as",
    ),
    plant(
        MANIFEST,
        "within = \"10s\"\n",
        "within = \"10s\"\ndebrief = \"drills/after.md\"\n",
        "there is no file labs/tiny/drills/after.md",
    ),
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
    plant(
        MANIFEST,
        "default = 8123",
        "default = 8123\nalphabet = \"hex\"",
        "only a secret has an alphabet",
    ),
    plant(
        MANIFEST,
        "user = \"API_USER\"",
        "user = \"API_USR\"",
        "the lab's dot-env sets no `API_USR`",
    ),
    plant(MANIFEST, "requires = [\"more.txt\"]", "requires = [\"../more.txt\"]", "lab.toml:"),
    plant(
        MANIFEST,
        "[endpoint.api]",
        "[[stand_in]]\nof = \"x\"\ntext = \"y\"\nsteps = [\"one\"]\nseen = { command = { argv = [\"true\"] } }\n[endpoint.api]",
        "asked by http, tcp or metric",
    ),
    plant(
        "templates/tiny/dot-gitignore",
        ".env",
        "env",
        "the lab's dot-gitignore does not list `.env`",
    ),
    plant("labs/tiny/wrong/one/typo/wrong.toml", "", "", "has 1 wrong solutions"),
    plant("templates/tiny/about.txt", "<[ port ]>", "<[ prot ]>", "templates/tiny/about.txt:1:"),
    plant(
        "templates/tiny/about.txt",
        "<[ port ]>",
        "http://127.0.0.1:8123/",
        "`127.0.0.1:8123` is written out where a variable is meant",
    ),
    plant(
        "templates/tiny/Dockerfile",
        "",
        "FROM python:latest\n",
        "the image `python:latest` is not pinned",
    ),
    plant(
        MANIFEST,
        "was = [\"uno\"]",
        "was = [\"gone\"]",
        "`gone` is the name of another step or drill",
    ),
    plant(
        MANIFEST,
        "was = [\"uno\"]",
        "holds_until = \"one\"",
        "there is no step `one` after `one`",
    ),
    plant(
        MANIFEST,
        "was = [\"lost-greeting\"]",
        "keep = [\".mlops-lab/lab.toml\"]",
        "is not a file of the project",
    ),
    plant(MANIFEST, "inject = [[", "background = [[]]\ninject = [[", "an empty command"),
    plant("templates/tiny/requirements.txt", "", "six==1.17.0\n", "`six==1.17.0` has no hash"),
    // Undefined in a value of the manifest: the place is that in the file.
    plant(
        MANIFEST,
        "title = \"Publish a greeting\"",
        "title = \"Publish <[ nope ]>\"",
        "lab.toml:54:21: ",
    ),
    plant(
        MANIFEST,
        "title = \"Publish a greeting\"",
        "title = \"\\\"Publish\\\" <[ nope ]>\"",
        "lab.toml:54:25: ",
    ),
    plant(
        MANIFEST,
        "run = [\"sh\", \"-c\", \"echo made >made.txt; echo making\"]",
        "run = []",
        "an empty command",
    ),
    plant(
        MANIFEST,
        "run = [\"sh\", \"service.sh\", \"waiting\"]",
        "run = [\" \"]",
        "a command without a program",
    ),
    plant(MANIFEST, "inject = [[\"rm\", \"greeting.txt\"]]", "inject = [[]]", "an empty command"),
    plant(
        MANIFEST,
        "solution = { run = [[\"sh\", \"-c\", \"echo hello >greeting.txt\"]]",
        "solution = { run = [[]]",
        "an empty command",
    ),
    plant(
        MANIFEST,
        "\"service.sh\", \"waiting\"",
        "\"servise.sh\", \"waiting\"",
        "has the file servise.sh",
    ),
    plant(
        MANIFEST,
        "inject = [[\"rm\", \"greeting.txt\"]]",
        "inject = [[\"sh\", \".mlops-lab/lab/drills/gone.sh\"]]",
        "there is no file labs/tiny/drills/gone.sh",
    ),
    plant(
        MANIFEST,
        "local = \"http://127.0.0.1",
        "local = \"127.0.0.1",
        "an endpoint begins with http:// or tcp://",
    ),
    plant(MANIFEST, "name = \"second\"", "name = \"files\"", "the name `files` is used twice"),
    plant(MANIFEST, "name = \"second\"", "name = \"make\"", "the name `make` is used twice"),
    plant(MANIFEST, "name = \"second\"", "name = \"a/b\"", "other characters than letters"),
    plant(
        MANIFEST,
        "needs = [{ python",
        "python = { requirements = [\"reqs.txt\"], uv = \"requirements-uv.txt\" }\nneeds = [{ python",
        "the template has no reqs.txt",
    ),
    plant(
        MANIFEST,
        "[endpoint.api]",
        "[runtime.compose]\n[endpoint.api]\ncompose = \"http://127.0.0.1:1\"",
        "the template has no compose.yaml",
    ),
    plant(
        MANIFEST,
        "path = \"/greeting.txt\" }, expect = { status = 200, body",
        "path = \"/greeting.txt\", body = \"requests/one.json\" }, expect = { status = 200, body",
        "has the file requests/one.json",
    ),
    plant(
        MANIFEST,
        "expect = { status = 200, body = { matches = \"^hello\\\\s*$\" } }",
        "expect = { json = { \"outputs/0\" = 1 } }",
        "write \"/outputs/0\"",
    ),
    plant(
        MANIFEST,
        "body = { matches = \"^hello\\\\s*$\" }",
        "body = 5",
        "`body` is text: it never equals 5",
    ),
    plant(
        MANIFEST,
        "body = { matches = \"^hello\\\\s*$\" }",
        "body = { ge = 5 }",
        "no size to compare",
    ),
    plant(
        MANIFEST,
        "check = [{ http = { endpoint = \"api\", path = \"/greeting.txt\" }, expect = { status = 200, body = { matches = \"^hello\\\\s*$\" } }",
        "check = [{ metric = { endpoint = \"api\", name = \"asked\" }, expect = { value = \"x\" }",
        "a metric's value is a number: \"x\" is none",
    ),
    plant(
        MANIFEST,
        "check = [{ http = { endpoint = \"api\", path = \"/greeting.txt\" }, expect = { status = 200, body = { matches = \"^hello\\\\s*$\" } }",
        "check = [{ metric = { endpoint = \"api\", name = \"requests total\" }, expect = { value = 1 }",
        "`requests total` is no name of a metric",
    ),
    plant(
        MANIFEST,
        "check = [{ http = { endpoint = \"api\", path = \"/greeting.txt\" }, expect = { status = 200, body = { matches = \"^hello\\\\s*$\" } }",
        "check = [{ file = { path = \"a\" }, expect = { sha256 = \"abc\" }",
        "a SHA-256 has 64 hexadecimal digits",
    ),
    plant(MANIFEST, "path = \"/made.txt\"", "path = \"made.txt\"", "a path begins with `/`"),
    plant(
        MANIFEST,
        "path = \"/made.txt\"",
        "path = \"/made.txt\", repeat = 0",
        "repeat: expected at least 1, got 0",
    ),
    plant(
        MANIFEST,
        "when = { status = 404 }",
        "when = { check = 9 }",
        "there is 1 check, and no check 9",
    ),
    plant(
        MANIFEST,
        "text = \"A file server serves files.\"",
        "text = \"\"",
        "a hint that says nothing",
    ),
    plant(
        MANIFEST,
        "minutes = 1",
        "minutes = 1\nafter = [\"nolab\"]",
        "lab.toml:8:10: there is no lab `nolab`",
    ),
    plant(
        MANIFEST,
        "minutes = 1",
        "minutes = 1\nafter = [\"trackng\"]",
        "did you mean `tracking`?",
    ),
    plant(
        MANIFEST,
        "summary = \"The smallest lab that has everything: for the tool's own tests.\"",
        "summary = \" \"",
        "`summary` says nothing",
    ),
    plant(
        MANIFEST,
        "[vars.token]",
        "[vars.lab]\ntype = \"bool\"\ndefault = true\nhelp = \"x\"\n[vars.token]",
        "templates have a `lab` already",
    ),
    plant(MANIFEST, "choices = [\"good\", \"dies\", \"deaf\"]", "", "a choice has `choices`"),
    plant(
        "labs/tiny/wrong/oen.toml",
        "",
        "[[wrong]]\nname = \"a\"\nwhy = \"b\"\nrun = [[\"true\"]]\n",
        "there is no step or drill `oen`",
    ),
    plant(
        "labs/tiny/wrong/one.toml",
        "",
        "[[wrong]]\nname = \"a\"\nwhy = \"b\"\n",
        "does nothing: no edit, no files, no run",
    ),
    plant(
        "labs/tiny/wrong/one.toml",
        "",
        "[[wrong]]\nname = \"typo\"\nwhy = \"b\"\nrun = [[\"true\"]]\n",
        "there are two wrong solutions `typo`",
    ),
    plant(
        "labs/tiny/wrong/one.toml",
        "",
        "[[wrong]]\nnmae = \"a\"\n",
        "one.toml:2:1: unknown field `nmae`",
    ),
    plant(
        "labs/tiny/wrong/one.toml",
        "",
        "[[right]]\nname = \"a\"\nwhy = \"b\"\nrun = [[\"true\"]]\n",
        "belongs into right/one.toml",
    ),
    plant(
        "labs/tiny/wrong/one.toml",
        "",
        "[[wrong]]\nwhy = \"b\"\nrun = [[\"true\"]]\n",
        "has no `name`",
    ),
    plant(
        "labs/tiny/wrong/one.toml",
        "",
        "[[wrong]]\nname = \"a\"\nwhy = \"b\"\nrun = [[]]\n",
        "one.toml:4:8: an empty command",
    ),
    plant(
        "labs/tiny/wrong/one.toml",
        "",
        "[[wrong]]\nname = \"a\"\nwhy = \"b\"\nruntimes = [\"compose\"]\nrun = [[\"true\"]]\n",
        "`one` does not exist in the runtime compose",
    ),
    plant(
        "labs/tiny/right/one.toml",
        "",
        "[[right]]\nname = \"a\"\nwhy = \"b\"\nrun = [[\"true\"]]\nverdict = \"cannot-tell\"\n",
        "a right solution passes",
    ),
    plant(
        "labs/tiny/right/one.toml",
        "",
        "[[right]]\nname = \"a\"\nwhy = \"b\"\nfrom = \"solution/two\"\n",
        "there are no files in labs/tiny/solution/two",
    ),
    plant(
        "labs/tiny/right/one.toml",
        "",
        "[[right]]\nname = \"a\"\nwhy = \"b\"\nfrom = \"solution/one\"\nedit = [{ file = \"greeting.txt\", find = \"l\", put = \"L\" }]\n",
        "one.toml:5:41: `find` occurs 2 times in greeting.txt",
    ),
    plant(
        "labs/tiny/right/one.toml",
        "",
        "[[right]]\nname = \"a\"\nwhy = \"b\"\nedit = [{ file = \"about.txt\", find = \"no such words\", put = \"L\" }]\n",
        "`find` does not occur in about.txt",
    ),
    plant(
        "labs/tiny/right/one.toml",
        "",
        "[[right]]\nname = \"a\"\nwhy = \"b\"\nrun = [[\"echo\", \"<[ nope ]>\"]]\n",
        "one.toml:4:21: ",
    ),
    plant("labs/tiny/right/one/a/files/x", "", "x", "has no right.toml that says why it is right"),
    plant("labs/tiny/wrong/one/typo/greeting.txt", "", "x", "stands in wrong/one/typo/files/"),
    plant(
        "labs/tiny/solutoin/one/x",
        "",
        "x",
        "labs/tiny/solutoin: nothing reads it (did you mean `solution`?)",
    ),
    plant("labs/tiny/steps/two.md", "", "x", "no step or drill has this text"),
    plant(
        "templates/tiny/run.sh",
        "",
        "#!/bin/sh\r\ntrue\r\n",
        "run.sh:1:10: it has Windows line ends",
    ),
    plant("templates/tiny/Makefile", "", "all:\r\n\ttrue\r\n", "it has Windows line ends"),
    plant(
        "templates/tiny/compose.yaml",
        "",
        "services:\n  a: { image: b, environment: { T: \"${TOKEN}\", P: \"${API_USER:-me}\" } }\n",
        "compose.yaml:2:39: without .env `TOKEN` would be empty",
    ),
    plant("templates/tiny/about.txt~", "", "x", "a copy that an editor or a tool left"),
    plant("labs/tiny/steps/.one.md.swp", "", "x", "a copy that an editor or a tool left"),
    plant(
        "templates/tiny/__pycache__/a.cpython-313.pyc",
        "",
        "x",
        "a cache or a tool's own folder",
    ),
];

fn lint(pack: &Path) -> (i32, String) {
    let out =
        Command::new(env!("CARGO_BIN_EXE_mlops-lab")).args(["lab", "lint"]).arg(pack).finish();
    (out.status.code().unwrap(), String::from_utf8_lossy(&out.stdout).into_owned())
}

#[test]
fn a_clean_pack_is_clean_and_every_planted_error_is_found_at_its_place() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny");
    assert_eq!(lint(&source).0, 0);
    let mut missed = Vec::new();
    for &Plant { file, from, to, said } in PLANTS {
        let temp = tempfile::tempdir().unwrap();
        harness::copy(&source, temp.path());
        let path = temp.path().join(file);
        match (from, to) {
            // Take away a whole wrong solution; plant a whole file; change a part of one.
            ("", "") => std::fs::remove_dir_all(path.parent().unwrap()).unwrap(),
            ("", text) => {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, text).unwrap();
            }
            _ => {
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(text.contains(from), "{file} has no {from}");
                std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
            }
        }
        let (code, out) = lint(temp.path());
        if code != 1 || !out.contains(said) {
            missed.push(format!("wanted: {said}\n{out}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n---\n"));
}

#[test]
fn a_link_in_a_pack_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    harness::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"), temp.path());
    std::os::unix::fs::symlink("/etc/passwd", temp.path().join("templates/tiny/passwd")).unwrap();
    let (code, out) = lint(temp.path());
    assert_eq!(code, 1);
    assert!(out.contains("passwd is a link or a special file"), "{out}");
}

#[test]
fn every_typo_of_a_manifest_is_reported_once_and_programs_get_its_place() {
    let temp = tempfile::tempdir().unwrap();
    harness::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"), temp.path());
    let path = temp.path().join(MANIFEST);
    let text = std::fs::read_to_string(&path).unwrap();
    let one = text.replace("stop_within = ", "stop_withn = ");
    std::fs::write(&path, &one).unwrap();
    let (code, out) = lint(temp.path());
    assert_eq!(code, 1);
    assert!(out.ends_with("1 problem in tiny\n"), "{out}");
    assert_eq!(out.matches("unknown field").count(), 1, "{out}");
    let three = one
        .replace("minutes = 1", "minutes = 1\nsumary = [1, 2]")
        .replacen("when = {", "wen = {", 1);
    let three = three.replacen(
        "recovered = [{ http = { endpoint = \"api\"",
        "recovered = [{ http = { endpoint = \"app\"",
        1,
    );
    std::fs::write(&path, three).unwrap();
    let (_, out) = lint(temp.path());
    for part in
        ["`sumary`", "`stop_withn`", "`wen`", "there is no endpoint `app`", "4 problems in tiny"]
    {
        assert!(out.contains(part), "{part}\n{out}");
    }
    let out = Command::new(harness::BIN).args(["lab", "lint", "--json"]).arg(temp.path()).finish();
    let report: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let first = &report["problems"][0];
    assert_eq!(
        (&first["line"], &first["column"], &first["rule"]),
        (&8.into(), &1.into(), &"parse".into())
    );
    assert!(first["file"].as_str().unwrap().ends_with("lab.toml"), "{first}");
    assert!(first["message"].as_str().unwrap().starts_with("unknown field `sumary`"), "{first}");
}

#[test]
fn the_schema_before_is_read_with_its_own_words() {
    let temp = tempfile::tempdir().unwrap();
    harness::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"), temp.path());
    let path = temp.path().join(MANIFEST);
    let text = std::fs::read_to_string(&path).unwrap();
    let old = text
        .replace("schema = 2", "schema = 1")
        .replace("healthy = ", "symptom = ")
        .replace("recovered = ", "mended = ");
    assert_ne!(old, text);
    std::fs::write(&path, old).unwrap();
    let (code, out) = lint(temp.path());
    assert!(code == 0 && out.starts_with("clean: tiny"), "{out}");
    // Also where each is meant: a check below an old word has its line.
    let wrong = std::fs::read_to_string(&path).unwrap().replacen(
        "mended = [{ http = { endpoint = \"api\"",
        "mended = [{ http = { endpoint = \"app\"",
        1,
    );
    std::fs::write(&path, wrong).unwrap();
    let (code, out) = lint(temp.path());
    let line = std::fs::read_to_string(&path)
        .unwrap()
        .lines()
        .position(|line| line.starts_with("mended"))
        .unwrap()
        + 1;
    assert!(code == 1 && out.contains(&format!("lab.toml:{line}:")), "{out}");
}
