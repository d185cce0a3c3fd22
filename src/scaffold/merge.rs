//! Merging the text that a template gives now with the one that a learner has made of what it gave
//! before. Pure.

use std::collections::HashMap;

use super::lines::{self, common};

/// What a merge comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merged {
    /// Both changes are in it.
    Clean(Vec<u8>),
    /// Both changed the same lines: these stand between markers, each version in full.
    Conflict(Vec<u8>),
    /// Not text: bytes are not merged.
    Binary,
}

/// Merges `mine` and `theirs`, which both come from `base`. Without a base, what the two have in
/// common stands for it: lines that only one has are kept, and only where both have others of their
/// own is there a conflict.
pub fn merge(base: Option<&[u8]>, mine: &[u8], theirs: &[u8]) -> Merged {
    let text = |bytes: &[u8]| {
        std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).map(str::to_owned)
    };
    let (Some(mine), Some(theirs)) = (text(mine), text(theirs)) else { return Merged::Binary };
    let base = match base {
        None => common(&mine, &theirs),
        Some(base) => match text(base) {
            Some(base) => base,
            None => return Merged::Binary,
        },
    };
    // An editor, or git, that ends lines in another way has changed every one of them, and none.
    if crlf(&mine) && !base.contains('\r') && !theirs.contains('\r') {
        let own = mine.replace("\r\n", "\n");
        let back =
            |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).replace('\n', "\r\n").into_bytes();
        return match merge(Some(base.as_bytes()), own.as_bytes(), theirs.as_bytes()) {
            Merged::Clean(bytes) => Merged::Clean(back(bytes)),
            Merged::Conflict(bytes) => Merged::Conflict(back(bytes)),
            Merged::Binary => Merged::Binary,
        };
    }
    // A last line without its end would be glued to a marker.
    let whole = |text: &str| {
        if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
    };
    let (base, ours, new) = (whole(&base), whole(&mine), whole(&theirs));
    match lines::merge(&base, &ours, &new) {
        Ok(text) => {
            let ends = mine.ends_with('\n') || theirs.ends_with('\n') || text.is_empty();
            let text = if ends { text } else { text.trim_end_matches('\n').to_owned() };
            Merged::Clean(text.into_bytes())
        }
        Err(text) => Merged::Conflict(text.into_bytes()),
    }
}

/// Whether every line ends as on Windows.
fn crlf(text: &str) -> bool {
    let ends = text.matches('\n').count();
    ends > 0 && ends == text.matches("\r\n").count() && ends == text.matches('\r').count()
}

/// How alike two texts are: the part of the lines of both that they share, from 0 to 1. For telling
/// a renamed file from a new one.
pub fn likeness(a: &[u8], b: &[u8]) -> f64 {
    let (Ok(a), Ok(b)) = (std::str::from_utf8(a), std::str::from_utf8(b)) else {
        return if a == b { 1.0 } else { 0.0 };
    };
    let all = a.lines().count() + b.lines().count();
    if all == 0 {
        return 0.0;
    }
    #[allow(clippy::cast_precision_loss, reason = "numbers of lines")]
    let share = |shared: usize| 2.0 * shared as f64 / all as f64;
    // In whatever order: a bound that costs little. Comparing two long texts that have nothing in
    // common takes minutes.
    let mut lines: HashMap<&str, usize> = HashMap::new();
    a.lines().for_each(|line| *lines.entry(line).or_default() += 1);
    let known = |line: &&str| {
        let left = lines.get_mut(*line).filter(|left| **left > 0);
        left.map(|left| *left -= 1).is_some()
    };
    let most = b.lines().filter(known).count();
    if share(most) < 0.5 {
        return share(most);
    }
    share(common(a, b).lines().count())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BASE: &str = "a\nb\nc\nd\ne\n";

    fn clean(merged: Merged) -> String {
        match merged {
            Merged::Clean(bytes) => String::from_utf8(bytes).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn changes_in_different_places_are_both_kept() {
        let merged = merge(Some(BASE.as_bytes()), b"A\nb\nc\nd\ne\n", b"a\nb\nc\nd\nE\n");
        assert_eq!(clean(merged), "A\nb\nc\nd\nE\n");
    }

    #[test]
    fn changes_of_the_same_line_stand_side_by_side() {
        let Merged::Conflict(bytes) =
            merge(Some(BASE.as_bytes()), b"a\nb\nX\nd\ne\n", b"a\nb\nY\nd\ne\n")
        else {
            panic!("no conflict");
        };
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.matches("<<<<<<<").count(), 1);
        assert!(text.contains("X\n=======\nY\n"), "{text}");
    }

    #[test]
    fn without_a_base_only_what_differs_in_one_place_conflicts() {
        assert_eq!(clean(merge(None, b"a\nmine\nb\n", b"a\nb\ntheirs\n")), "a\nmine\nb\ntheirs\n");
        assert!(matches!(merge(None, b"a\nX\n", b"a\nY\n"), Merged::Conflict(_)));
        assert_eq!(clean(merge(None, b"same\n", b"same\n")), "same\n");
    }

    #[test]
    fn a_last_line_without_an_end_is_no_trouble() {
        assert_eq!(clean(merge(Some(b"a\nb"), b"A\nb", b"a\nb")), "A\nb");
        assert!(matches!(merge(Some(b"a"), b"b", b"c"), Merged::Conflict(_)));
    }

    #[test]
    fn lines_that_end_in_another_way_are_the_same_lines() {
        let mine = "a\r\nB\r\nc\r\nd\r\ne\r\n";
        let merged = merge(Some(BASE.as_bytes()), mine.as_bytes(), b"a\nb\nc\nd\nE\n");
        assert_eq!(clean(merged), "a\r\nB\r\nc\r\nd\r\nE\r\n");
        let Merged::Conflict(bytes) =
            merge(Some(BASE.as_bytes()), mine.as_bytes(), b"a\nX\nc\nd\ne\n")
        else {
            panic!("no conflict");
        };
        assert!(String::from_utf8(bytes).unwrap().contains("B\r\n=======\r\nX\r\n"));
    }

    #[test]
    fn long_texts_without_a_common_line_are_told_apart_at_once() {
        let text = |word: &str| (0..300_000).map(|n| format!("{word} {n}\n")).collect::<String>();
        let since = std::time::Instant::now();
        assert!(likeness(text("a").as_bytes(), text("b").as_bytes()) < 0.1);
        assert!(since.elapsed().as_secs() < 10);
    }

    #[test]
    fn bytes_are_not_merged() {
        assert_eq!(merge(Some(b"\xff"), b"a", b"b"), Merged::Binary);
        assert_eq!(merge(Some(b"a"), b"a\0", b"b"), Merged::Binary);
    }

    #[test]
    fn a_renamed_file_is_like_the_one_before() {
        assert!(likeness(b"a\nb\nc\nd\n", b"a\nb\nc\nx\n") > 0.7);
        assert!(likeness(b"a\nb\n", b"x\ny\n") < 0.1);
        assert!(likeness(b"", b"") < 0.1);
    }

    proptest! {
        #[test]
        fn no_line_of_the_learner_is_lost(
            base in proptest::collection::vec("[a-d]{1,2}", 0..12),
            mine in proptest::collection::vec("[a-d]{1,2}|my[0-9]{3}", 0..12),
            theirs in proptest::collection::vec("[a-d]{1,2}", 0..12),
        ) {
            let text = |lines: &[String]| -> String {
                lines.iter().map(|line| format!("{line}\n")).collect()
            };
            for base in [None, Some(text(&base))] {
                let base = base.as_deref().map(str::as_bytes);
                let merged = merge(base, text(&mine).as_bytes(), text(&theirs).as_bytes());
                let bytes = match merged {
                    Merged::Clean(bytes) | Merged::Conflict(bytes) => bytes,
                    Merged::Binary => return Err(TestCaseError::fail("text")),
                };
                let result = String::from_utf8(bytes).unwrap();
                for own in mine.iter().filter(|line| line.starts_with("my")) {
                    prop_assert!(result.lines().any(|line| line == own), "no {own} in {result}");
                }
            }
        }
    }
}
