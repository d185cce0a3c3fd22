//! Texts compared line by line, in time that grows with their length: as git does, by histogram.
//! Pure.

use std::fmt::{self, Write};
use std::ops::Range;

use imara_diff::{
    Algorithm, Diff, InternedInput, Interner, Token, UnifiedDiffConfig, UnifiedDiffPrinter,
};

/// A unified diff that `patch` and `git apply` take; empty when nothing differs.
pub fn unified(path: &str, old: &str, new: &str) -> String {
    let (input, diff) = compared(old, new);
    let config = UnifiedDiffConfig::default();
    let body = diff.unified_diff(&Printer(&input.interner), config, &input).to_string();
    if body.is_empty() { body } else { format!("--- a/{path}\n+++ b/{path}\n{body}") }
}

fn compared<'a>(old: &'a str, new: &'a str) -> (InternedInput<&'a str>, Diff) {
    let input = InternedInput::new(old, new);
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    (input, diff)
}

struct Printer<'a>(&'a Interner<&'a str>);

impl Printer<'_> {
    fn line(&self, mut f: impl Write, sign: char, token: Token) -> fmt::Result {
        let line = self.0[token];
        if line.ends_with('\n') {
            write!(f, "{sign}{line}")
        } else {
            writeln!(f, "{sign}{line}\n\\ No newline at end of file")
        }
    }
}

impl UnifiedDiffPrinter for Printer<'_> {
    fn display_header(
        &self,
        mut f: impl Write,
        old: u32,
        new: u32,
        old_length: u32,
        new_length: u32,
    ) -> fmt::Result {
        // Of an empty range the line before it is named.
        let first = |start: u32, length: u32| if length == 0 { start } else { start + 1 };
        writeln!(
            f,
            "@@ -{},{old_length} +{},{new_length} @@",
            first(old, old_length),
            first(new, new_length)
        )
    }

    fn display_context_token(&self, f: impl Write, token: Token) -> fmt::Result {
        self.line(f, ' ', token)
    }

    fn display_hunk(&self, mut f: impl Write, before: &[Token], after: &[Token]) -> fmt::Result {
        before.iter().try_for_each(|token| self.line(&mut f, '-', *token))?;
        after.iter().try_for_each(|token| self.line(&mut f, '+', *token))
    }
}

/// The lines that both texts have, in order.
pub(super) fn common(mine: &str, theirs: &str) -> String {
    let lines: Vec<&str> = mine.split_inclusive('\n').collect();
    let mut kept = String::new();
    let mut from = 0;
    for hunk in hunks(mine, theirs) {
        kept.push_str(&lines[from..hunk.base.start].concat());
        from = hunk.base.end;
    }
    kept.push_str(&lines[from..].concat());
    kept
}

/// Lines of a first text that a second one has others for.
#[derive(Clone, Debug)]
struct Hunk {
    base: Range<usize>,
    new: Range<usize>,
}

fn hunks(base: &str, new: &str) -> Vec<Hunk> {
    let range = |range: Range<u32>| range.start as usize..range.end as usize;
    let (_, diff) = compared(base, new);
    diff.hunks().map(|hunk| Hunk { base: range(hunk.before), new: range(hunk.after) }).collect()
}

/// One side of a merge, read from its beginning to its end.
struct Side<'a> {
    lines: Vec<&'a str>,
    hunks: std::iter::Peekable<std::vec::IntoIter<Hunk>>,
    /// How far this side is behind the base or before it, after the hunks that were read.
    shift: isize,
}

impl<'a> Side<'a> {
    fn new(base: &str, text: &'a str) -> Self {
        Side {
            lines: text.split_inclusive('\n').collect(),
            hunks: hunks(base, text).into_iter().peekable(),
            shift: 0,
        }
    }

    fn next_start(&mut self) -> Option<usize> {
        self.hunks.peek().map(|hunk| hunk.base.start)
    }

    /// Reads the hunks that begin at or before `end`; how far they reach, if there are any.
    fn read(&mut self, end: usize) -> Option<usize> {
        let mut reached = None;
        while let Some(hunk) = self.hunks.next_if(|hunk| hunk.base.start <= reached.unwrap_or(end))
        {
            self.shift += hunk.new.len() as isize - hunk.base.len() as isize;
            reached = Some(hunk.base.end.max(reached.unwrap_or(end)));
        }
        reached
    }

    fn at(line: usize, shift: isize) -> usize {
        line.saturating_add_signed(shift)
    }
}

/// Both changes of a text; where they meet, both stand between markers.
///
/// # Errors
/// The text with markers. Every line is expected to have its end.
pub(super) fn merge(base: &str, mine: &str, theirs: &str) -> Result<String, String> {
    let lines: Vec<&str> = base.split_inclusive('\n').collect();
    let (mut mine, mut theirs) = (Side::new(base, mine), Side::new(base, theirs));
    let (mut merged, mut conflict, mut from) = (String::new(), false, 0);
    while let Some(start) = [mine.next_start(), theirs.next_start()].into_iter().flatten().min() {
        merged.push_str(&lines[from..start].concat());
        let shifts = (mine.shift, theirs.shift);
        // Changes that overlap or touch are one place.
        let (mut end, mut changed) = (start, (false, false));
        loop {
            let reached = (mine.read(end), theirs.read(end));
            changed = (changed.0 || reached.0.is_some(), changed.1 || reached.1.is_some());
            end = end.max(reached.0.unwrap_or(end)).max(reached.1.unwrap_or(end));
            if reached == (None, None) {
                break;
            }
        }
        let ours = &mine.lines[Side::at(start, shifts.0)..Side::at(end, mine.shift)];
        let new = &theirs.lines[Side::at(start, shifts.1)..Side::at(end, theirs.shift)];
        match changed {
            (true, false) => merged.push_str(&ours.concat()),
            (false, true) => merged.push_str(&new.concat()),
            _ if ours == new => merged.push_str(&ours.concat()),
            _ => {
                conflict = true;
                side_by_side(&mut merged, ours, new);
            }
        }
        from = end;
    }
    merged.push_str(&lines[from..].concat());
    if conflict { Err(merged) } else { Ok(merged) }
}

/// Two versions of a place between markers, without the lines that both begin or end with.
fn side_by_side(merged: &mut String, ours: &[&str], new: &[&str]) {
    let alike = |a: &mut dyn Iterator<Item = (&&str, &&str)>| a.take_while(|(a, b)| a == b).count();
    let head = alike(&mut ours.iter().zip(new));
    let (ours_rest, new_rest) = (&ours[head..], &new[head..]);
    let tail = alike(&mut ours_rest.iter().rev().zip(new_rest.iter().rev()));
    merged.push_str(&ours[..head].concat());
    merged.push_str("<<<<<<< ours\n");
    merged.push_str(&ours_rest[..ours_rest.len() - tail].concat());
    merged.push_str("=======\n");
    merged.push_str(&new_rest[..new_rest.len() - tail].concat());
    merged.push_str(">>>>>>> theirs\n");
    merged.push_str(&ours_rest[ours_rest.len() - tail..].concat());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_diff_is_one_that_git_applies() {
        let expected = "--- a/f\n+++ b/f\n@@ -1,4 +1,4 @@\n a\n-b\n+B\n c\n-d\n\
            \\ No newline at end of file\n+d\n";
        assert_eq!(unified("f", "a\nb\nc\nd", "a\nB\nc\nd\n"), expected);
        assert_eq!(unified("f", "", "new\n"), "--- a/f\n+++ b/f\n@@ -0,0 +1,1 @@\n+new\n");
        assert_eq!(unified("f", "gone\n", ""), "--- a/f\n+++ b/f\n@@ -1,1 +0,0 @@\n-gone\n");
        assert_eq!(unified("f", "same\n", "same\n"), "");
    }

    #[test]
    fn changes_that_touch_meet_and_those_with_a_line_between_do_not() {
        let base = "a\nb\nc\nd\n";
        assert_eq!(merge(base, "A\nb\nc\nd\n", "a\nb\nC\nd\n").unwrap(), "A\nb\nC\nd\n");
        let both = merge(base, "A\nb\nc\nd\n", "a\nB\nc\nd\n").unwrap_err();
        assert_eq!(both, "<<<<<<< ours\nA\nb\n=======\na\nB\n>>>>>>> theirs\nc\nd\n");
        assert_eq!(merge(base, "x\na\nb\nc\nd\n", "a\nb\nc\n").unwrap(), "x\na\nb\nc\n");
        assert_eq!(merge("", "a\n", "a\n").unwrap(), "a\n");
    }

    #[test]
    fn what_both_have_at_the_edges_of_a_conflict_stands_once() {
        let merged = merge("m\n", "x\nmine\ny\n", "x\ntheirs\ny\n").unwrap_err();
        assert_eq!(merged, "x\n<<<<<<< ours\nmine\n=======\ntheirs\n>>>>>>> theirs\ny\n");
    }

    #[test]
    fn shuffled_lines_cost_no_more_than_their_number() {
        // A diff by the shortest path takes minutes here.
        let text = |step: usize| {
            (0..65_536).map(|n| format!("{}\n", n * step % 65_537)).collect::<String>()
        };
        let (a, b) = (text(3), text(40_503));
        let since = std::time::Instant::now();
        assert!(!unified("f", &a, &b).is_empty());
        assert!(merge(&a, &b, &a).is_ok());
        assert!(since.elapsed().as_secs() < 30);
    }

    fn text(lines: &[String]) -> String {
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    proptest! {
        #[test]
        fn one_side_alone_is_taken_whole(
            base in proptest::collection::vec("[a-c]", 0..12),
            mine in proptest::collection::vec("[a-d]", 0..12),
        ) {
            let (base, mine) = (text(&base), text(&mine));
            prop_assert_eq!(merge(&base, &mine, &base).unwrap(), mine.clone());
            prop_assert_eq!(merge(&base, &base, &mine).unwrap(), mine.clone());
            prop_assert_eq!(merge(&base, &mine, &mine).unwrap(), mine);
        }

        #[test]
        fn a_diff_says_how_one_text_becomes_the_other(
            old in proptest::collection::vec("[a-c]", 0..40),
            new in proptest::collection::vec("[a-d]", 0..40),
        ) {
            let (old, new) = (text(&old), text(&new));
            let patch = unified("f", &old, &new);
            if old != new {
                let applied = diffy::apply(&old, &diffy::Patch::from_str(&patch).unwrap()).unwrap();
                prop_assert_eq!(applied, new);
            }
        }
    }
}
