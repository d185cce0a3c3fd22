//! What `break --undo` does to the files that a drill saved: from three surveys to a plan. Pure.

use crate::platform::inside::{Entry, Survey};

/// What is done, in this order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The learner's own: copied to the backup.
    pub aside: Vec<String>,
    /// What was not there before, and what stands where a folder was.
    pub remove: Vec<String>,
    /// Folders that were not there, deepest first: removed when nothing is left in them.
    pub folders: Vec<String>,
    /// As it was saved, a folder before what is in it.
    pub put: Vec<String>,
}

/// From what was there before the damage, right after it (where that could be read), and now.
pub fn plan(before: &Survey, damaged: Option<&Survey>, now: &Survey) -> Plan {
    let mut plan = Plan::default();
    for (path, entry) in now {
        let wanted = before.get(path);
        if wanted == Some(entry) {
            continue;
        }
        if matches!(entry, Entry::Folder { .. }) {
            if !matches!(wanted, Some(Entry::Folder { .. })) {
                plan.folders.push(path.clone());
            }
            continue;
        }
        if damaged.and_then(|damaged| damaged.get(path)) != Some(entry) {
            plan.aside.push(path.clone());
        }
        // A file that is put back replaces what stands there at once: a service never misses it.
        if !matches!(wanted, Some(Entry::File { .. } | Entry::Link { .. })) {
            plan.remove.push(path.clone());
        }
    }
    plan.folders.reverse();
    plan.put = before
        .iter()
        .filter(|(path, entry)| now.get(*path) != Some(*entry))
        .map(|(p, _)| p.clone())
        .collect();
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &str) -> Entry {
        Entry::File { sha256: content.to_owned(), length: 1, bits: 0o644 }
    }

    fn survey(entries: &[(&str, Entry)]) -> Survey {
        entries.iter().map(|(path, entry)| ((*path).to_owned(), entry.clone())).collect()
    }

    fn folder() -> Entry {
        Entry::Folder { bits: 0o755 }
    }

    #[test]
    fn damage_goes_and_what_the_learner_wrote_is_kept() {
        let before = survey(&[
            ("c", folder()),
            ("c/a", file("a")),
            ("c/same", file("s")),
            ("c/lost", file("l")),
        ]);
        let damaged = survey(&[
            ("c", folder()),
            ("c/a", file("bad")),
            ("c/same", file("s")),
            ("c/extra", file("e")),
        ]);
        let plan_of = |now: &[(&str, Entry)]| plan(&before, Some(&damaged), &survey(now));
        let untouched = plan_of(&[
            ("c", folder()),
            ("c/a", file("bad")),
            ("c/same", file("s")),
            ("c/extra", file("e")),
        ]);
        assert_eq!(
            untouched,
            Plan {
                remove: vec!["c/extra".into()],
                put: vec!["c/a".into(), "c/lost".into()],
                ..Plan::default()
            }
        );
        let worked_on = plan_of(&[
            ("c", folder()),
            ("c/a", file("mine")),
            ("c/new", folder()),
            ("c/new/deep", folder()),
            ("c/new/deep/note", file("n")),
            ("c/same", file("s")),
        ]);
        assert_eq!(
            worked_on,
            Plan {
                aside: vec!["c/a".into(), "c/new/deep/note".into()],
                remove: vec!["c/new/deep/note".into()],
                folders: vec!["c/new/deep".into(), "c/new".into()],
                put: vec!["c/a".into(), "c/lost".into()],
            }
        );
    }

    #[test]
    fn without_a_survey_of_the_damage_everything_that_differs_is_kept() {
        let before = survey(&[("a", file("a"))]);
        let plan = plan(&before, None, &survey(&[("a", file("bad"))]));
        assert_eq!((plan.aside, plan.put), (vec!["a".to_owned()], vec!["a".to_owned()]));
    }

    #[test]
    fn a_file_where_a_folder_was_and_a_folder_where_a_file_was() {
        let before = survey(&[("f", file("f")), ("d", folder()), ("d/x", file("x"))]);
        let plan =
            plan(&before, None, &survey(&[("f", folder()), ("f/y", file("y")), ("d", file("d"))]));
        assert_eq!(plan.aside, ["d", "f/y"]);
        assert_eq!(plan.remove, plan.aside);
        assert_eq!(plan.folders, ["f"]);
        assert_eq!(plan.put, ["d", "d/x", "f"]);
    }

    #[test]
    fn nothing_to_do_where_all_is_as_it_was() {
        let before = survey(&[("c", folder()), ("c/a", file("a"))]);
        assert_eq!(plan(&before, None, &before), Plan::default());
    }
}
