//! Text from manifests, files, services, servers and names that would drive the terminal is shown,
//! never obeyed: on a whole pseudo terminal.

use std::io::Write;
use std::path::Path;

use serde_json::Value;

use crate::harness::terminal::Terminal;
use crate::harness::{self, Lab, seen};
use crate::security::trusting;

/// Title and clipboard, clear the screen, cursor up, back to the start of the line, C1, the
/// direction of text, a string, hidden text. The word at its end is what a reader must see.
const EVIL: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[9A\r\u{9b}31m\u{202e}\
    \u{2066}\u{1b}Pq\u{1b}\\\u{1b}[8m\u{1b}cMARK";

/// The same as a TOML or JSON string holds it.
fn written() -> String {
    let text = EVIL.chars().map(|c| match c {
        '\\' => "\\\\".to_owned(),
        c if c.is_ascii() && !c.is_ascii_control() => c.to_string(),
        c => format!("\\u{:04x}", u32::from(c)),
    });
    text.collect()
}

/// What of it a terminal would have obeyed.
fn obeyed(raw: &str) -> Vec<&'static str> {
    let all = [
        "\u{1b}]0;",
        "\u{7}",
        "\u{1b}[2J",
        "\u{1b}[9A",
        "\r\\u",
        "\u{9b}",
        "\u{202e}",
        "\u{2066}",
        "\u{1b}P",
        "\u{1b}\\",
        "\u{1b}[8m",
        "\u{1b}c",
    ];
    all.into_iter().filter(|part| raw.contains(part)).collect()
}

struct Bench {
    lab: Lab,
    manifest: String,
}

impl Bench {
    fn new() -> Bench {
        let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
        let manifest = std::fs::read_to_string(lab.root.join(".mlops-lab/lab.toml")).unwrap();
        Bench { lab, manifest }
    }

    fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.lab.root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// The manifest with this part replaced by what is hostile.
    fn replaced(&self, part: &str) {
        assert!(self.manifest.contains(part), "{part}");
        self.write(".mlops-lab/lab.toml", self.manifest.replace(part, &written()));
    }

    /// Runs it; the text must be shown, and nothing of it obeyed. Returns all that came to the
    /// terminal.
    fn shows(&self, what: &str, args: &[&str]) -> String {
        let raw = self.quiet(what, args);
        assert!(
            raw.contains("MARK"),
            "{what}: nothing of it was shown by {args:?}:\n{}",
            raw.escape_debug()
        );
        raw
    }

    /// The same where the text need not be shown.
    fn quiet(&self, what: &str, args: &[&str]) -> String {
        let ended = Terminal::whole(&mut self.lab.command(&trusting(args)), 200, 50).end();
        let raw = ended.raw.trim_end_matches("\u{1b}]2;end\u{7}").to_owned();
        assert_eq!(obeyed(&raw), Vec::<&str>::new(), "{what}: {args:?}\n{}", raw.escape_debug());
        // For programs it stays JSON, for logs a line for each line; and what JSON holds drives
        // nothing either.
        let json = seen(&mut self.lab.command(&[&trusting(args)[..], &["--json"]].concat()));
        let is_json = |text: &str| serde_json::from_str::<Value>(text).is_ok();
        let lines = args.contains(&"logs") && json.out.lines().all(is_json);
        assert!(
            lines || json.out.is_empty() || is_json(&json.out),
            "{what}: {args:?} --json is {:?}",
            json.out
        );
        assert_eq!(
            obeyed(&format!("{}{}", json.out, json.err)),
            Vec::<&str>::new(),
            "{what}: {args:?} --json"
        );
        raw
    }
}

#[test]
fn the_texts_of_a_manifest_are_shown_and_not_obeyed() {
    let bench = Bench::new();
    for (part, args) in [
        ("Publish a greeting", &["check"][..]),
        ("Publish a greeting", &["hint"]),
        ("Publish a greeting", &["solve", "--diff"]),
        ("nobody is greeted", &["check"]),
        ("/greeting.txt\"", &["check"]),
        ("A file server serves files.", &["hint", "--all"]),
        ("test -n", &["solve", "--diff"]),
        ("The greeting is gone", &["break"]),
        ("127.0.0.1", &["open"]),
        ("127.0.0.1", &["check"]),
        ("id = \"tiny\"", &["doctor"]),
    ] {
        match part {
            // Where it stands at the end of a string, the quote stays.
            "/greeting.txt\"" => bench.write(
                ".mlops-lab/lab.toml",
                bench.manifest.replace(part, &format!("/{}\"", written())),
            ),
            "127.0.0.1" => bench.write(
                ".mlops-lab/lab.toml",
                bench.manifest.replace(
                    &format!("{part}:{}", bench.lab.port),
                    &format!("{part}:{}/{}", bench.lab.port, written()),
                ),
            ),
            "id = \"tiny\"" => bench.write(
                ".mlops-lab/lab.toml",
                bench.manifest.replacen(part, &format!("id = \"{}\"", written()), 1),
            ),
            _ => bench.replaced(part),
        }
        bench.quiet(part, args);
    }
    bench.replaced("Publish a greeting");
    bench.shows("title of a step", &["check"]);
    bench.replaced("A file server serves files.");
    bench.shows("hint", &["hint", "--all"]);
    bench.replaced("The greeting is gone");
    bench.shows("title of a drill", &["break"]);
}

#[test]
fn what_is_broken_or_changed_is_named_and_not_obeyed() {
    let bench = Bench::new();
    let record = std::fs::read_to_string(bench.lab.root.join(".mlops-lab/record.toml")).unwrap();
    for text in [
        record.replace("lab = \"tiny\"", &format!("lab = \"{}\"", written())),
        record.replace("schema = 2", &format!("schema = 2 # {EVIL}")),
        format!("{record}\nmore = \"{}\"\n", written()),
    ] {
        bench.write(".mlops-lab/record.toml", text);
        bench.quiet("record", &["update", "--dry-run"]);
        bench.quiet("record", &["status"]);
    }
    bench.write(".mlops-lab/record.toml", &record);
    bench.write(".mlops-lab/lab.toml", format!("{}x = \"{EVIL}\n", bench.manifest));
    bench.quiet("a broken manifest", &["status"]);
    bench.shows("a broken manifest", &["check"]);
    bench.write(".mlops-lab/lab.toml", &bench.manifest);
    bench.write("README.md", format!("changed {EVIL}\n"));
    bench.shows("the content of a file", &["diff"]);
    for text in [EVIL.to_owned(), format!("A{EVIL}=1"), format!("A=\"{EVIL}")] {
        bench.write(".env", &text);
        bench.quiet(".env", &["check"]);
        bench.quiet(".env", &["up"]);
        bench.quiet(".env", &["update", "--dry-run"]);
    }
}

#[test]
fn records_of_other_runs_are_named_and_not_obeyed() {
    let bench = Bench::new();
    let journal = format!("{{\"command\":\"{}\",\"moment\":\"7\",\"entries\":[]}}", written());
    bench.write(".mlops-lab/run/change/journal.json", &journal);
    bench.quiet("a journal", &["status"]);
    bench.write(".mlops-lab/undo/9/journal.json", &journal);
    bench.quiet("a journal", &["undo"]);
    let progress = format!(
        "{{\"steps\":{{\"one\":{{\"seen\":null,\"done_at\":1}}}},\
         \"drill\":{{\"id\":\"{}\",\"since\":1}}}}",
        written()
    );
    bench.write(".mlops-lab/progress.json", progress);
    for args in [&["break", "--undo"][..], &["break"], &["status"], &["hint"], &["check"]] {
        bench.quiet("progress", args);
    }
    bench.write(".mlops-lab/progress.json", format!("{{\"steps\": {EVIL}"));
    bench.quiet("broken progress", &["hint"]);
    // Who holds the lock.
    bench.lab.ok(&trusting(&["up"]));
    let path = bench.lab.run_folder().join("lock");
    let mut lock = std::fs::File::create(path).unwrap();
    lock.lock().unwrap();
    writeln!(lock, "{EVIL}").unwrap();
    bench.quiet("the holder of the lock", &["down"]);
}

#[test]
fn the_words_of_services_and_tasks_are_shown_and_not_obeyed() {
    let mut bench = Bench::new();
    bench.lab.env.insert("EVIL".to_owned(), EVIL.into());
    let service = std::fs::read_to_string(bench.lab.root.join("service.sh")).unwrap();
    // A service that lives, and one that dies.
    bench.write("service.sh", service.replace("set -eu", "set -eu; printf '%s\\n' \"$EVIL\""));
    bench.quiet("a service", &["up", "--verbose"]);
    let raw = bench.shows("the log of a service", &["logs"]);
    assert!(raw.contains("\\u001b]0;owned\\u0007"), "{}", raw.escape_debug());
    bench.lab.ok(&["down"]);
    bench.write("service.sh", "printf '%s\\n' \"$EVIL\"; exit 3\n");
    bench.shows("the last words of a service", &["up"]);
    bench.quiet("after it", &["status"]);
    let task = bench
        .manifest
        .replace("echo made >made.txt; echo making", "printf '%s\\\\n' \\\"$EVIL\\\"; exit 2");
    assert_ne!(task, bench.manifest);
    bench.write(".mlops-lab/lab.toml", task);
    std::fs::remove_file(bench.lab.root.join("made.txt")).unwrap();
    bench.shows("the last words of a task", &["up"]);
}

#[test]
fn names_on_the_command_line_and_of_folders_are_shown_and_not_obeyed() {
    let bench = Bench::new();
    for args in [
        &["check", EVIL][..],
        &["hint", EVIL],
        &["solve", EVIL],
        &["logs", EVIL],
        &["init", EVIL],
        &["break", EVIL],
        &["doctor", EVIL],
        &["show", EVIL],
    ] {
        bench.shows("a name", args);
    }
    bench.shows("an answer", &["update", "--set", &format!("port={EVIL}")]);
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join(format!("d{}", EVIL.replace('/', "")));
    std::fs::create_dir(&folder).unwrap();
    // Not `status`: outside of labs it lists what runs of all that are known.
    bench.shows("a folder", &["-C", folder.to_str().unwrap(), "diff"]);
    harness::copy(&bench.lab.root, &folder.join("lab"));
    let lab = folder.join("lab");
    for args in [&["status"][..], &["check"], &["diff"], &["down"], &["doctor"]] {
        bench.quiet("a lab in a folder", &[&["-C", lab.to_str().unwrap()], args].concat());
    }
    bench.quiet("a pack", &["--pack", folder.to_str().unwrap(), "list"]);
    std::fs::write(bench.lab.root.join(format!("new{EVIL}")), "x").unwrap();
    bench.quiet("a file of the learner's", &["diff"]);
}

#[test]
fn the_body_of_a_server_is_shown_and_not_obeyed() {
    let bench = Bench::new();
    bench.lab.ok(&trusting(&["up"]));
    bench.lab.ok(&["down"]);
    // A server of the lab's own: only such a one is asked with a login.
    let server = format!(
        "import http.server, os\nclass H(http.server.BaseHTTPRequestHandler):\n    def \
         do_GET(s):\n        made = s.path == '/made.txt'\n        s.send_response(200 if made \
         else 500)\n        s.end_headers()\n        s.wfile.write(b'made' if made else \
         os.environ['EVIL'].encode())\n    def log_message(*a): pass\n\
         http.server.HTTPServer(('127.0.0.1', {}), H).serve_forever()\n",
        bench.lab.port
    );
    bench.write("server.py", server);
    bench.write("service.sh", "exec python3 server.py\n");
    let mut bench = bench;
    bench.lab.env.insert("EVIL".to_owned(), EVIL.into());
    bench.lab.ok(&trusting(&["up"]));
    bench.shows("the body of a server", &["check"]);
    bench.quiet("the body of a server", &["status"]);
    bench.quiet("the body of a server", &["hint"]);
    bench.lab.ok(&["down"]);
}

#[test]
fn a_watch_shows_and_does_not_obey() {
    let bench = Bench::new();
    bench.replaced("Publish a greeting");
    let terminal =
        Terminal::whole(&mut bench.lab.command(&trusting(&["check", "--watch"])), 120, 40);
    terminal.sees("MARK");
    terminal.signal(rustix::process::Signal::INT);
    let raw = terminal.end().raw;
    assert_eq!(
        obeyed(raw.trim_end_matches("\u{1b}]2;end\u{7}")),
        Vec::<&str>::new(),
        "{}",
        raw.escape_debug()
    );
}

#[test]
fn reports_for_programs_hold_escapes() {
    let bench = Bench::new();
    bench.replaced("Publish a greeting");
    bench.write(
        ".mlops-lab/lab.toml",
        bench.manifest.replacen("id = \"tiny\"", &format!("id = \"{}\"", written()), 1),
    );
    for format in ["text", "json", "junit", "github"] {
        let seen = bench.lab.run(&["doctor", "--format", format]);
        assert_eq!(obeyed(&format!("{}{}", seen.out, seen.err)), Vec::<&str>::new(), "{format}");
    }
    let folder = bench.lab.root.join("pack");
    harness::copy(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/packs/tiny")), &folder);
    let manifest = folder.join("labs/tiny/lab.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    for part in ["A file server", "The smallest lab", "Serving files", "The name", "python3"] {
        std::fs::write(&manifest, text.replace(part, &written())).unwrap();
        for args in [
            &["list"][..],
            &["show", "tiny"],
            &["lab", "lint"],
            &["init", "tiny", "../made", "--dry-run"],
            &["doctor", "tiny"],
        ] {
            bench.quiet(part, &[&["--pack", folder.to_str().unwrap()], args].concat());
        }
    }
}
