//! What has no end, or grows without one, is stopped at a limit that is named.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::harness::{BIN, Lab, Limited, copy, seen};

/// A pack whose lab has one template more.
fn pack_with(bomb: &str) -> tempfile::TempDir {
    let pack = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"), pack.path());
    std::fs::write(pack.path().join("templates/tiny/bomb.txt"), bomb).unwrap();
    pack
}

#[test]
#[ignore = "takes long"]
fn templates_that_do_not_end_or_grow_without_end_are_refused_and_nothing_is_written() {
    let loops =
        "<% for i in range(end=100000) %><% for j in range(end=100000) %>x<% endfor %><% endfor %>";
    let doubles = "<% set x = \"aaaaaaaaaa\" %><% for i in range(end=40) %>\
        <% set_global x = x ~ x %><% endfor %><[ x ]>";
    for (bomb, limit) in [(loops, "longer than 5 s"), (doubles, "more than 512 MiB")] {
        let pack = pack_with(bomb);
        let target = pack.path().join("made");
        let since = Instant::now();
        let seen = seen(
            Command::new(BIN)
                .arg("--pack")
                .arg(pack.path())
                .args(["init", "tiny", "--no-doctor"])
                .arg(&target),
        );
        assert_eq!(seen.code, 2, "{}", seen.err);
        assert!(
            seen.err.contains(limit) && seen.err.contains("nothing was changed"),
            "{}",
            seen.err
        );
        assert!(since.elapsed() < Duration::from_secs(60), "{:?}", since.elapsed());
        assert!(!target.exists());
    }
}

#[test]
fn the_difference_of_two_long_texts_in_another_order_is_shown_soon() {
    let lab = Lab::new(Some("tiny"), "tiny", &[]);
    let line = |n: usize| format!("{}\n", n * 40_503 % 65_537);
    std::fs::write(lab.root.join("README.md"), (0..65_536).map(line).collect::<String>()).unwrap();
    lab.ok(&["update", "--set", "port=21999", "--dry-run"]);
    let since = Instant::now();
    assert!(lab.ok(&["diff"]).out.lines().count() > 65_536);
    assert!(since.elapsed() < Duration::from_secs(60), "{:?}", since.elapsed());
}

/// What a template of one line can try: each is refused in words, within seconds, and nothing of
/// the machine comes in.
#[test]
fn templates_that_are_no_text_but_an_attack_are_refused() {
    let many = |part: &str, number: usize| part.repeat(number);
    let bombs = [
        "<% for i in range(end=1000000000) %><% endfor %>".to_owned(),
        "<% set x = \"a\" %><% for i in range(end=1000000) %>\
         <% set_global x = x ~ \"aaaaaaaaaaaaaaaaaaaaaaaa\" %><% endfor %><[ x ]>"
            .to_owned(),
        "<% macro m(a) %><[ self::m(a=1) ]><% endmacro m %><[ self::m(a=1) ]>".to_owned(),
        format!("<[ {}1{} ]>", many("(", 20_000), many(")", 20_000)),
        format!("{}x{}", many("<% if true %>", 20_000), many("<% endif %>", 20_000)),
        format!("<[ 1{} ]>", many(" + 1", 50_000)),
        format!("<[ {}1 ]>", many("-", 50_000)),
        format!("<[ {}true ]>", many("not ", 50_000)),
        format!("<[ 1{} ]>", many(" | abs", 50_000)),
        format!("<[ {} ]>", many("[", 50_000)),
        "<% include \"/etc/passwd\" %>".to_owned(),
        "<[ get_env(name=\"HOME\") ]>".to_owned(),
    ];
    for bomb in bombs {
        let (pack, since) = (pack_with(&bomb), Instant::now());
        let target = pack.path().join("made");
        let mut command = Command::new("bash");
        command
            .args(["-c", "ulimit -v 4000000; exec \"$@\"", "bash", BIN, "--pack"])
            .arg(pack.path());
        let seen = seen(command.args(["init", "tiny", "--no-doctor"]).arg(&target));
        let shown: String = bomb.chars().take(60).collect();
        assert_eq!(seen.code, 2, "{shown}: {}", seen.err);
        assert!(seen.err.contains("bomb.txt") && !target.exists(), "{shown}: {}", seen.err);
        assert!(since.elapsed() < Duration::from_secs(20), "{shown}: {:?}", since.elapsed());
    }
}

#[test]
fn names_of_templates_lead_nowhere_else() {
    for name in [
        "..%2fx",
        "dot-dot-",
        "a<[ \"/../../../x\" ]>",
        "<[ \"\\/etc\\/x\" ]>",
        "nl\nx",
        "esc\u{1b}[2J",
        "con",
        "x.",
        "<[ token ]>",
    ] {
        let pack = pack_with("");
        let place = pack.path().join("templates/tiny").join(name);
        if std::fs::create_dir_all(place.parent().unwrap())
            .and_then(|()| std::fs::write(&place, "x"))
            .is_err()
        {
            continue;
        }
        let around = tempfile::tempdir().unwrap();
        let target = around.path().join("deep/lab");
        let mut command = Command::new(BIN);
        command.arg("--pack").arg(pack.path()).args(["init", "tiny", "--no-doctor"]);
        let seen = seen(command.arg(&target));
        assert!([0, 2].contains(&seen.code), "{name:?}: {}", seen.err);
        assert!(!seen.err.contains('\u{1b}') && !seen.out.contains('\u{1b}'), "{name:?}");
        let outside = crate::harness::files(around.path());
        assert!(
            outside.keys().all(|path| path.starts_with("./deep/lab/")),
            "{name:?}: {:?}",
            outside.keys()
        );
    }
}

#[test]
fn one_ctrl_c_ends_a_long_difference_and_a_long_template() {
    let _alone = crate::harness::alone();
    let lab = Lab::new(Some("tiny"), "tiny", &[]);
    // Most of it is written to a pipe that nobody empties.
    let line = |n: usize| format!("{}\n", n * 40_503 % 65_537);
    std::fs::write(lab.root.join("README.md"), (0..65_536).map(line).collect::<String>()).unwrap();
    let pack = pack_with(
        "<% for i in range(end=100000) %><% for j in range(end=100000) %>x<% endfor %><% endfor %>",
    );
    let mut template = crate::harness::listening();
    template
        .arg("--pack")
        .arg(pack.path())
        .args(["init", "tiny", "--no-doctor"])
        .arg(pack.path().join("made"));
    for (what, mut command) in [("a difference", lab.command(&["diff"])), ("a template", template)]
    {
        let mut child = command
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .start();
        std::thread::sleep(Duration::from_millis(700));
        crate::harness::signal(&child, rustix::process::Signal::INT);
        let since = Instant::now();
        let code = crate::harness::ended(&mut child);
        assert!([130, -2].contains(&code), "{what}: ended with {code}");
        assert!(since.elapsed() < Duration::from_secs(2), "{what}: {:?}", since.elapsed());
    }
}

#[test]
fn what_a_log_has_dropped_is_said_by_logs() {
    let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
    let flood = "head -c 60000000 /dev/zero | tr '\\0' x | fold -w 99";
    let serve = format!("exec python3 -m http.server --bind 127.0.0.1 {}", lab.port);
    let service =
        format!("[ $1 = good ] || exec sleep 600\n{flood}\necho the last words\n{serve}\n");
    std::fs::write(lab.root.join("service.sh"), service).unwrap();
    lab.ok(&["up"]);
    let seen = lab.ok(&["logs", "files", "-n", "5"]);
    assert!(seen.out.contains("the last words"), "{}", seen.out);
    assert!(
        seen.err.contains("of its output are gone: a log keeps the last 2 x 16 MiB"),
        "{}",
        seen.err
    );
    let log = lab.run_folder().join("log");
    let size: u64 =
        std::fs::read_dir(log).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert!(size <= 33 << 20, "{size}");
}

#[test]
fn a_lab_that_has_grown_by_gigabytes_is_not_read_to_say_that_it_has_changed() {
    let lab = Lab::new(Some("tiny"), "tiny", &[]);
    for number in 0..40 {
        // Blocks of nothing: a repository brings them in some bytes.
        let file =
            std::fs::File::create(lab.root.join(format!(".mlops-lab/lab/{number}"))).unwrap();
        file.set_len(60 << 20).unwrap();
    }
    let status = lab.run(&["status"]);
    assert!(status.code == 1 && status.err.contains("has changed"), "{}{}", status.out, status.err);
    let up = lab.run(&["up", "--trust"]);
    assert!(up.code == 3 && up.err.contains("more than 64 MiB together"), "{}", up.err);
}
