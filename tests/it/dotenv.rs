//! Our reading of `.env` files, held against the reading of the real `docker compose config`, file
//! by file. It needs no daemon.

#[path = "../../src/dotenv/mod.rs"]
#[allow(dead_code, unused_imports, reason = "only the reader is compared")]
mod reader;

use crate::harness::{self, Limited};

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use reader::Document;

/// What both are asked for.
const NAMES: [&str; 5] = ["A", "B", "C", "OUTER", "NOT_SET"];

/// What a name without a value comes to.
const NONE: &str = "(none)";

/// Files, one on a line of the table below, escapes as in Rust.
const FILES: [&str; 62] = [
    "",
    "# nothing\n",
    "A=1\nB=2\n",
    "A=1",
    "\u{feff}A=1\nB=2\n",
    "A=1\r\nB=2\r\n",
    "A: b\n",
    "A : b\nB:c\n",
    "A = b \n",
    "  A=b\n\tB=c\n",
    "export A=b\nexport\tB=c\n",
    "exportA=b\nA=c\n",
    "A=\nB=  \nC=x\n",
    "A=b # comment\nB=c#d\nC=d\t# e\n",
    "A=b  #  two\n#A=c\n",
    "A= # comment\n",
    "A=#b\n",
    "A=b c d\n",
    "A=\"b c\" # comment\nB='b c' # comment\n",
    "A=\"b # c\"\nB='b # c'\n",
    "A=\"\"\nB=''\n",
    "A=\"one\ntwo\"\nB='one\n two\n'\nC=3\n",
    "A=\"one\\ntwo\\tthree\"\n",
    "A='one\\ntwo'\nB=one\\ntwo\n",
    "A=\"a \\\"b\\\" c\"\nB='it\\'s'\n",
    "A=\"back\\\\slash\"\nB='back\\\\slash'\nC=back\\\\slash\n",
    "A=\"\\a\\b\\f\\r\\v\\c\\x\\z\"\n",
    "A=\"\\0\\01\\0101\\0777\\0377\"\n",
    "A=b\"c\"\nB=b'c'\n",
    "A=\"b\"c\nB=2\n",
    "A=\"b\" B=2\n",
    "A=1\nB=$A\nC=${A}\n",
    "A=1\nB='$A'\nC=\"$A ${A}x\"\n",
    "A=\\$B\nC=\"\\$B\"\n",
    "A=$$B\nC=\"$$B\"\n",
    "A=${OUTER}\nB=$OUTER\n",
    "A=${NOT_SET}x\n",
    "A=${NOT_SET:-b}\nB=${NOT_SET-c}\nC=${OUTER:-d}\n",
    "A=\nB=${A:-x}\nC=${A-x}\n",
    "A=${NOT_SET:-${OUTER}}\nB=${NOT_SET:-a${NOT_SET:-b}c}d\n",
    "A=${OUTER:+b}\nB=${NOT_SET:+c}x\nC=${OUTER+d}\n",
    "A=${NOT_SET:?is missing}\n",
    "A=${OUTER:?is missing}\nB=${OUTER?}\n",
    "A=${NOT_SET?}\n",
    "A=${NOT_SET:-a-b:-c?d}\n",
    "A=${NOT_SET:-}}\nB=${NOT_SET:-{x}}\n",
    "A=${\n",
    "A=${}\n",
    "A=${1}\nB=$1\n",
    "A=$ b\nB=b$\nC=100%\n",
    "A=1\nA=2\nB=$A\n",
    "OUTER\nNOT_SET\nA=1\n",
    "A\nB=1\n",
    "OUTER=mine\nA=$OUTER\n",
    "A=\"b\n",
    "A='b\n",
    "A B=1\n",
    "A B\n",
    "1A=1\nA=2\n",
    "A.b=1\nA-b=2\nA[0]=3\nA=4\n",
    "A!=1\n",
    "\u{c4}=1\nA=\u{e4}\u{f6}\n",
];

/// What compose makes of a file; none when it refuses it.
fn compose(folder: &Path, text: &str) -> Option<BTreeMap<String, String>> {
    std::fs::write(folder.join(".env"), text).unwrap();
    let asked: Vec<String> =
        NAMES.iter().map(|name| format!("{name}: \"${{{name}-{NONE}}}\"")).collect();
    let service =
        format!("services:\n  a:\n    image: none\n    environment: {{{}}}\n", asked.join(", "));
    std::fs::write(folder.join("compose.yaml"), service).unwrap();
    let mut command = Command::new("docker");
    command
        .args(["compose", "--project-name", "test", "config", "--format", "json"])
        .current_dir(folder);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", folder)
        .env("OUTER", "outer");
    let out = command.finish();
    let parsed: serde_json::Value =
        serde_json::from_slice(&out.stdout).ok().filter(|_| out.status.success())?;
    let values = parsed["services"]["a"]["environment"].as_object().unwrap().clone();
    // In its output a dollar is written so that it can be read again.
    let plain = |value: &serde_json::Value| value.as_str().unwrap_or_default().replace("$$", "$");
    Some(values.iter().map(|(name, value)| (name.clone(), plain(value))).collect())
}

/// What we make of it, as compose counts: what stands outside goes before what stands in the file.
fn ours(text: &str) -> Option<BTreeMap<String, String>> {
    let outside = |name: &str| (name == "OUTER").then(|| "outer".to_owned());
    let values = Document::parse(text).and_then(|document| document.values(&outside)).ok()?;
    let value = |name: &str| {
        let own = || values.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
        outside(name).or_else(own).unwrap_or_else(|| NONE.to_owned())
    };
    Some(NAMES.iter().map(|name| ((*name).to_owned(), value(name))).collect())
}

#[test]
#[ignore = "needs Docker's compose"]
fn every_file_is_read_as_compose_reads_it() {
    let works =
        |docker| Command::new(docker).args(["compose", "version"]).finish().status.success();
    if !harness::tool("docker").is_some_and(works) {
        assert!(!harness::strict(), "docker compose is missing");
        eprintln!("skipped: docker compose is missing");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for text in FILES {
        let (theirs, ours) = (compose(folder.path(), text), ours(text));
        if theirs != ours {
            wrong.push(format!("{text:?}\n  compose {theirs:?}\n  we      {ours:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
