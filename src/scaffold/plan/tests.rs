//! Plans as values: what is lost, kept, merged and listed.

use proptest::prelude::*;

use super::*;

fn tree(files: &[(&str, &str)]) -> Tree {
    files
        .iter()
        .map(|(path, text)| (RelPath::new(*path).unwrap(), File::new(text.as_bytes().to_vec())))
        .collect()
}

fn shown(changes: &[Change]) -> Vec<String> {
    changes
        .iter()
        .map(|change| {
            let from = change
                .renamed_from
                .as_ref()
                .map(|from| format!(" from {from}"))
                .unwrap_or_default();
            format!("{:?} {}{from}", change.action, change.path)
        })
        .collect()
}

fn content(changes: &[Change], path: &str) -> String {
    let change = changes.iter().find(|change| change.path.as_str() == path).unwrap();
    String::from_utf8(change.file.clone().unwrap().bytes).unwrap()
}

#[test]
fn each_case_of_the_three_trees_has_its_action() {
    let cases = [
        ("new in the template", None, None, Some("n"), vec!["Create f"]),
        ("the same already", None, Some("n"), Some("n"), vec![]),
        ("untouched, changed", Some("o"), Some("o"), Some("n"), vec!["Update f"]),
        ("touched, not changed", Some("o"), Some("m"), Some("o"), vec![]),
        ("both made the same of it", Some("o"), Some("n"), Some("n"), vec![]),
        ("both changed it", Some("o"), Some("m"), Some("n"), vec!["Conflict f"]),
        ("untouched, dropped", Some("o"), Some("o"), None, vec!["Delete f"]),
        ("touched, dropped", Some("o"), Some("m"), None, vec!["Keep f"]),
        ("removed, not changed", Some("o"), None, Some("o"), vec![]),
        ("removed, changed", Some("o"), None, Some("n"), vec!["Keep f"]),
        ("removed by both", Some("o"), None, None, vec![]),
        ("the learner's alone", None, Some("m"), None, vec![]),
        ("both made one of that name", None, Some("m"), Some("n"), vec!["Conflict f"]),
    ];
    for (what, base, mine, theirs, wanted) in cases {
        let file = |text: Option<&str>| {
            text.map(|text| tree(&[("f", &format!("{text}\n"))])).unwrap_or_default()
        };
        let changes = plan(&file(base), &file(mine), &file(theirs), Policy::Merge);
        assert_eq!(shown(&changes), wanted, "{what}");
    }
}

#[test]
fn the_policy_decides_where_both_have_something() {
    let (base, mine, theirs) =
        (tree(&[("f", "o\n")]), tree(&[("f", "m\n")]), tree(&[("f", "n\n")]));
    let with = |policy| plan(&base, &mine, &theirs, policy);
    assert_eq!(shown(&with(Policy::Skip)), ["Keep f"]);
    assert_eq!(shown(&with(Policy::Overwrite)), ["Overwrite f"]);
    assert_eq!(content(&with(Policy::Overwrite), "f"), "n\n");
    assert_eq!(shown(&with(Policy::Ask)), ["Ask f"]);
    assert!(!with(Policy::Ask)[0].writes());
    assert_eq!(shown(&with(Policy::KeepBoth)), ["Create f.new"]);
    let taken = tree(&[("f", "m\n"), ("f.new", "x\n")]);
    assert_eq!(shown(&plan(&base, &taken, &theirs, Policy::KeepBoth)), ["Create f.new-2"]);
}

#[test]
fn a_renamed_file_takes_the_learners_changes_along() {
    let before = "a\nb\nc\nd\ne\n";
    let base = tree(&[("old.py", before)]);
    let mine = tree(&[("old.py", "a\nb\nc\nd\nE\n")]);
    let theirs = tree(&[("new.py", "A\nb\nc\nd\ne\n")]);
    let changes = plan(&base, &mine, &theirs, Policy::Merge);
    assert_eq!(shown(&changes), ["Merge new.py from old.py", "Delete old.py"]);
    assert_eq!(content(&changes, "new.py"), "A\nb\nc\nd\nE\n");
    // Untouched, and only moved.
    let changes = plan(&base, &base, &tree(&[("new.py", before)]), Policy::Merge);
    assert_eq!(shown(&changes), ["Update new.py from old.py", "Delete old.py"]);
    assert_eq!(content(&changes, "new.py"), before);
    // Touched, and only moved: it moves as it is.
    let changes = plan(&base, &mine, &tree(&[("new.py", before)]), Policy::Merge);
    assert_eq!(content(&changes, "new.py"), "a\nb\nc\nd\nE\n");
    // Something of the learner's has the new name: nothing of either is lost.
    let mine = tree(&[("old.py", "a\nb\nc\nd\nE\n"), ("new.py", "own\n")]);
    let changes = plan(&base, &mine, &theirs, Policy::Skip);
    assert_eq!(shown(&changes), ["Keep new.py", "Keep old.py"]);
}

#[test]
fn a_renamed_file_that_both_changed_is_there_twice_when_both_are_to_be_kept() {
    let base = tree(&[("old.py", "a\nb\nc\nd\ne\n")]);
    let mine = tree(&[("old.py", "a\nb\nc\nd\nE\n")]);
    let theirs = tree(&[("new.py", "A\nb\nc\nd\ne\n")]);
    let changes = plan(&base, &mine, &theirs, Policy::KeepBoth);
    assert_eq!(shown(&changes), ["Create new.py", "Keep old.py"]);
    assert_eq!(content(&changes, "new.py"), "A\nb\nc\nd\ne\n");
    let changes = plan(&base, &mine, &theirs, Policy::Skip);
    assert_eq!(content(&changes, "new.py"), "a\nb\nc\nd\nE\n");
}

#[test]
fn what_the_learner_removed_does_not_come_back_under_another_name() {
    let base = tree(&[("old.py", "a\nb\nc\n")]);
    let theirs = tree(&[("new.py", "a\nb\nc\n")]);
    assert_eq!(shown(&plan(&base, &Tree::new(), &theirs, Policy::Merge)), ["Keep new.py"]);
}

#[test]
fn the_mode_follows_the_template_unless_the_learner_set_it() {
    let file = |executable| {
        Tree::from([(
            RelPath::new("run.sh").unwrap(),
            File { bytes: b"echo\n".to_vec(), executable },
        )])
    };
    let changes = plan(&file(false), &file(false), &file(true), Policy::Merge);
    assert_eq!(shown(&changes), ["Update run.sh"]);
    assert!(changes[0].file.as_ref().unwrap().executable);
    assert!(plan(&file(false), &file(true), &file(false), Policy::Merge).is_empty());
}

#[test]
fn bytes_that_both_changed_stand_side_by_side() {
    let file = |byte| {
        Tree::from([(
            RelPath::new("m.bin").unwrap(),
            File { bytes: vec![0, byte], executable: false },
        )])
    };
    assert_eq!(shown(&plan(&file(1), &file(2), &file(3), Policy::Merge)), ["Create m.bin.new"]);
}

#[test]
fn a_file_that_is_named_has_a_policy_of_its_own() {
    let (mine, theirs) = (tree(&[("a", "m\n"), ("b", "m\n")]), tree(&[("a", "n\n"), ("b", "n\n")]));
    let named = BTreeMap::from([(RelPath::new("b").unwrap(), Policy::Overwrite)]);
    let policies = Policies { rest: Policy::Skip, named };
    assert_eq!(shown(&plan(&Tree::new(), &mine, &theirs, policies)), ["Keep a", "Overwrite b"]);
}

#[test]
fn a_renamed_file_is_asked_for_once_and_not_moved_before() {
    let (before, after) = ("1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\n5\nsix\n");
    let mine = tree(&[("old", "1\n2\n3\n4\n5\nmine\n")]);
    let changes = plan(&tree(&[("old", before)]), &mine, &tree(&[("new", after)]), Policy::Ask);
    assert_eq!(shown(&changes), ["Ask new from old"]);
}

fn lines() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(
        proptest::collection::vec("[ab]{1,3}", 0..6).prop_map(|lines| lines.join("\n") + "\n"),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    /// Whatever the three trees are: every line that only the learner has is somewhere afterwards,
    /// on the disk or (overwritten) in the backup.
    #[test]
    fn a_line_of_the_learners_is_never_lost(
        base in proptest::collection::vec(lines(), 4),
        theirs in proptest::collection::vec(lines(), 4),
        own in proptest::collection::vec(proptest::option::of(0usize..4), 4),
        policy in prop_oneof![
            Just(Policy::Skip),
            Just(Policy::Overwrite),
            Just(Policy::Merge),
            Just(Policy::KeepBoth),
        ],
    ) {
        let make = |texts: &[Option<String>]| -> Tree {
            texts.iter().enumerate().filter_map(|(n, text)| {
                let path = RelPath::new(format!("f{n}")).unwrap();
                Some((path, File::new(text.clone()?.into_bytes())))
            }).collect()
        };
        let (base, theirs) = (make(&base), make(&theirs));
        let mut mine = base.clone();
        for (n, place) in own.iter().enumerate() {
            let path = RelPath::new(format!("f{n}")).unwrap();
            match (place, mine.get_mut(&path)) {
                (Some(at), Some(file)) => {
                    let text = String::from_utf8(file.bytes.clone()).unwrap();
                    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
                    lines.insert((*at).min(lines.len()), format!("MINE-{n}"));
                    file.bytes = (lines.join("\n") + "\n").into_bytes();
                }
                (Some(_), None) => {
                    mine.insert(path, File::new(format!("MINE-{n}\n").into_bytes()));
                }
                (None, _) => {}
            }
        }
        let changes = plan(&base, &mine, &theirs, policy);
        let mut disk = mine.clone();
        let mut backup = Vec::new();
        for change in &changes {
            // What is asked to be overwritten is kept by the journal, under its old name too.
            if policy == Policy::Overwrite && change.writes() {
                backup.extend(disk.get(&change.path).cloned());
            }
            match (change.action, &change.file) {
                (Action::Keep, _) => {}
                (Action::Delete, _) => { disk.remove(&change.path); }
                (_, Some(file)) => {
                    disk.insert(change.path.clone(), file.clone());
                }
                (_, None) => return Err(TestCaseError::fail("a change without content")),
            }
        }
        let all: String = disk
            .values()
            .chain(&backup)
            .map(|file| String::from_utf8_lossy(&file.bytes).into_owned())
            .collect();
        for (n, place) in own.iter().enumerate() {
            if place.is_some() {
                let line = format!("MINE-{n}");
                prop_assert!(all.lines().any(|l| l == line), "{line} is lost: {changes:?}");
            }
        }
    }
}
