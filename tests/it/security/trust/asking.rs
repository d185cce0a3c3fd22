//! What works on a lab from elsewhere asks once, and never about one's own.

use super::*;

#[test]
fn without_a_terminal_the_answer_is_the_listing_and_the_command_that_says_yes() {
    let clone = Clone::of(|_| {});
    let port = free_port();
    let typed = ["update", "--set", &format!("port={port}"), "--on-conflict", "skip"];
    let refused = clone.run(&typed);
    assert_eq!(refused.code, 2);
    assert_eq!(refused.out, "");
    assert!(refused.err.lines().count() <= 24, "{}", refused.err);
    assert!(
        refused
            .err
            .lines()
            .filter(|line| !line.contains("hint"))
            .skip(1)
            .all(|line| line.chars().count() <= 80),
        "{}",
        refused.err
    );
    for wanted in ["sh service.sh good", "rm greeting.txt", "`update` writes"] {
        assert!(refused.err.contains(wanted), "{wanted}: {}", refused.err);
    }
    let json = clone.run(&["check", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert!(
        value["exit"] == 2 && value["detail"].as_str().unwrap().contains("services"),
        "{value}"
    );
    // As it is said, it can be pasted.
    let hint = refused.err.lines().find_map(|line| line.split_once("to trust it: ")).unwrap().1;
    assert!(
        hint.contains(&format!("update --set port={port} --on-conflict skip --trust")),
        "{hint}"
    );
    let pasted = hint.replacen("mlops-lab", BIN, 1);
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny");
    let pasted = format!("{pasted} --pack '{}'", tiny.display());
    must(Command::new("sh").args(["-c", &pasted]).current_dir("/"));
    // Once is enough: also after what an update wrote.
    assert_eq!(clone.run(&["up"]).code, 0);
    assert_eq!(clone.run(&["down"]).code, 0);
}

#[test]
fn on_a_terminal_one_screen_asks_and_only_yes_is_a_yes() {
    let clone = Clone::of(|_| {});
    let ask = |keys: &str| {
        let mut terminal = Terminal::start(&mut clone.command(&["up"]), 80, 24);
        let screen = terminal.sees("trust it?");
        assert!(screen.contains("services") && screen.contains("sh service.sh good"), "{screen}");
        assert!(
            screen.contains("is not trusted yet") && screen.contains("[y/N]"),
            "one screen: {screen}"
        );
        terminal.press(keys);
        terminal.end()
    };
    for keys in ["\r", "n\r"] {
        let no = ask(keys);
        assert!(no.code == 1 && no.screen.contains("nothing was run"), "{}", no.screen);
    }
    for keys in ["\x03", "\x1b"] {
        assert_eq!(ask(keys).code, 130);
    }
    assert_eq!(clone.run(&["status"]).code, 1);
    assert_eq!(ask("y\r").code, 0);
    assert_eq!(clone.run(&["down"]).code, 0);
    // Asked once.
    let terminal = Terminal::start(&mut clone.command(&["up"]), 80, 24);
    let again = terminal.end();
    assert!(again.code == 0 && !again.raw.contains("trust it?"), "{}", again.raw);
    assert_eq!(clone.run(&["down"]).code, 0);
}

#[test]
fn ones_own_lab_is_never_asked_about_and_a_copy_or_a_change_is() {
    let mut lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
    lab.ok(&["up"]);
    lab.ok(&["down"]);
    lab.ok(&["update", "--set", &format!("port={}", free_port())]);
    lab.ok(&["up"]);
    lab.ok(&["down"]);
    lab.ok(&["undo"]);
    lab.ok(&["up"]);
    lab.ok(&["down"]);
    // Moved, it is the same lab, also when another one is noted meanwhile.
    let moved = lab.root.parent().unwrap().join("moved");
    std::fs::rename(&lab.root, &moved).unwrap();
    lab.root = moved;
    let other = lab.root.with_file_name("other");
    copy(&lab.root, &other);
    trust(&other);
    lab.ok(&["up"]);
    lab.ok(&["down"]);
    // On another branch its folder has no lab for a while.
    let (own, aside) = (lab.root.join(".mlops-lab"), lab.root.with_file_name("aside"));
    std::fs::rename(&own, &aside).unwrap();
    let meanwhile = lab.root.with_file_name("meanwhile");
    copy(&other, &meanwhile);
    trust(&meanwhile);
    std::fs::rename(&aside, &own).unwrap();
    lab.ok(&["up"]);
    lab.ok(&["down"]);
    let twin = lab.root.parent().unwrap().join("twin");
    copy(&lab.root, &twin);
    let at = |root: &Path, args: &[&str]| seen(listening().args(args).current_dir(root));
    assert!(at(&twin, &["up"]).err.contains("is not trusted yet"));
    // Another folder at a path that was trusted is another lab.
    trust(&twin);
    std::fs::rename(&twin, twin.with_file_name("gone")).unwrap();
    copy(&lab.root, &twin);
    assert!(at(&twin, &["up"]).err.contains("is not trusted yet"));
    // As a `git pull` changes it, and takes it back.
    for file in ["lab.toml", "lab/steps/one.md", "lab/new.sh"] {
        let path = lab.root.join(".mlops-lab").join(file);
        let before = std::fs::read(&path).ok();
        std::fs::write(&path, [before.as_deref().unwrap_or_default(), b"\n# more\n"].concat())
            .unwrap();
        let up = lab.run(&["up"]);
        assert!(
            up.code == 2 && up.err.contains("has changed since you trusted it"),
            "{file}: {}",
            up.err
        );
        assert!(lab.run(&["status"]).err.contains("has changed since you trusted it"));
        match before {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        lab.ok(&["up"]);
        lab.ok(&["down"]);
    }
    // A link among the lab's own files can be followed by what runs, and not by us.
    symlink("/bin/sh", lab.root.join(".mlops-lab/lab/link.sh")).unwrap();
    assert_eq!(lab.run(&["up"]).code, 3);
}
