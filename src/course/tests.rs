//! A small course for the tests of this room.

use super::*;
use crate::catalog::manifest::{RuntimeKind, VerdictKind};
use crate::catalog::{Manifest, parse};
use crate::check::Verdict;

/// Three steps, of which the second holds until the third; a drill; a stand-in for the first step.
pub(super) fn manifest() -> Manifest {
    let head = "schema = 2\nid = 'x'\ntitle = ''\nsummary = ''\ndevops = ''\n\
        level = 'beginner'\nminutes = 1\ntools = []\n[runtime.local]\n[endpoint.api]\n\
        local = 'http://127.0.0.1:1'\n[[stand_in]]\nof = 'the real thing'\n\
        text = 'Install it.'\nsteps = ['a']\nseen = { tcp = { endpoint = 'api' } }\n\
        [[drill]]\nid = 'outage'\nwas = ['crash']\ntitle = ''\ntext = ''\ninject = []\n\
        healthy = []\nrecovered = []\nwithin = '1s'\nsolution = {}\n";
    let step = |id: &str, more: &str| {
        format!(
            "[[step]]\nid = '{id}'\ntitle = ''\ntext = ''\n{more}\ncheck = []\n\
             hints = [{{ text = 'first' }}, {{ text = 'second' }}]\n\
             solution = {{ run = [['true']] }}\n"
        )
    };
    let steps = [step("a", ""), step("canary", "holds_until = 'promote'"), step("promote", "")];
    parse::manifest(&format!("{head}{}", steps.concat()), "lab.toml").unwrap()
}

pub(super) fn verdict(kind: VerdictKind) -> Verdict {
    Verdict { verdict: kind, ..Verdict::assumed() }
}

#[test]
fn hints_are_revealed_one_by_one_and_the_reason_of_a_stand_in_comes_first() {
    let manifest = manifest();
    let target = Target::Step(&manifest.step[0]);
    let mut progress = Progress::default();
    let texts = |progress: &Progress| -> Vec<String> {
        let hints = ladder(target, &manifest, RuntimeKind::Local, progress);
        hints.into_iter().map(str::to_owned).collect()
    };
    assert_eq!(texts(&progress), ["first", "second"]);
    let counts = [1, 2, 3].map(|_| {
        progress.reveal_next_hint("a", 2);
        progress.hints_revealed("a")
    });
    assert_eq!(counts, [1, 2, 2]);
    progress.set_stand_in(&manifest.stand_in[0], true);
    let why = "only the real thing can show this. Install it.";
    assert_eq!(texts(&progress), [why, "first", "second"]);
}

#[test]
fn progress_under_a_former_name_counts() {
    let mut progress = Progress::default();
    progress.set_done("old", 5);
    progress.rename("old", "new");
    assert_eq!((progress.done_at("new"), progress.begun), (Some(5), Some(5)));
}

#[test]
fn what_older_versions_wrote_is_read() {
    let text = r#"{"steps": {"a": {"done_at": 1, "hints": 2, "seen": {"other": 1}}},
        "hidden": {"b": "why"}, "drill": {"id": "d", "since": 3}}"#;
    let progress: Progress = serde_json::from_str(text).unwrap();
    assert!(progress.fails_again("a") && progress.failing("a").is_none());
    assert_eq!((progress.hints_revealed("a"), progress.skipped("b")), (2, Some("why")));
    let written = serde_json::to_value(&progress).unwrap();
    assert_eq!(written, serde_json::from_str::<serde_json::Value>(text).unwrap());
}

#[test]
fn one_drill_is_under_way_at_a_time_and_is_undone_by_any_of_its_names() {
    let (manifest, mut progress) = (manifest(), Progress::default());
    assert!(drill::ensure_none(&progress).is_ok());
    assert!(drill::to_undo(&manifest, &progress, None).unwrap().is_none());
    progress.begin_drill("outage", 1);
    let refused = drill::ensure_none(&progress).unwrap_err();
    assert!(refused.message().contains("`outage` is under way"), "{refused}");
    let found = |name| drill::to_undo(&manifest, &progress, name).unwrap().unwrap();
    for name in [None, Some("outage"), Some("crash")] {
        assert_eq!(found(name).known.map(|drill| drill.id.as_str()), Some("outage"));
    }
    assert!(drill::to_undo(&manifest, &progress, Some("other")).is_err());
    let to_start = |name| drill::to_start(&manifest, RuntimeKind::Local, name);
    assert_eq!(to_start("crash").unwrap().id, "outage");
    assert!(to_start("outtage").unwrap_err().hints().iter().any(|hint| hint.contains("outage")));
}
