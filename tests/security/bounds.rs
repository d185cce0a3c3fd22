//! What has no end, or grows without one, is stopped at a limit that is named.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{BIN, Lab, copy, seen};

/// A pack whose lab has one template more.
fn pack_with(bomb: &str) -> tempfile::TempDir {
    let pack = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"), pack.path());
    std::fs::write(pack.path().join("templates/tiny/bomb.txt"), bomb).unwrap();
    pack
}

#[test]
fn templates_that_do_not_end_or_grow_without_end_are_refused_and_nothing_is_written() {
    let loops = "<% for i in range(end=100000) %><% for j in range(end=100000) %>x<% endfor %><% endfor %>";
    let doubles = r#"<% set x = "aaaaaaaaaa" %><% for i in range(end=40) %><% set_global x = x ~ x %><% endfor %><[ x ]>"#;
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
        assert!(seen.err.contains(limit) && seen.err.contains("nothing was changed"), "{}", seen.err);
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
