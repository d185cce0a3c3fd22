//! What comes from files, processes, servers and names must not drive the terminal. Everything that
//! we print goes through [`Escaped`].

use std::io::{self, Write};

/// The parameters of the styles that are ours: reset, bold, dim, italic, underline, their ends, and
/// the colours of text. Not among them: what hides text, backgrounds, reverse.
const STYLES: [&str; 16] =
    ["", "0", "1", "2", "3", "4", "22", "23", "24", "31", "32", "33", "34", "35", "36", "39"];

/// No style of ours is longer.
const LONGEST: usize = 24;

/// Whether a character drives a terminal, or turns the direction in which text is read (UAX #9).
fn drives(c: char) -> bool {
    let turns = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
    );
    turns || (c.is_control() && c != '\n' && c != '\t')
}

/// Text with the characters that would drive a terminal shown as `\u001b`, which is also how JSON
/// writes them.
pub fn escape(text: &str) -> String {
    let mut shown = Vec::with_capacity(text.len());
    push(&mut shown, text);
    String::from_utf8_lossy(&shown).into_owned()
}

/// The same for what stands within a line: a name with a line break must not forge the next line.
pub fn escape_line(text: &str) -> String {
    escape(text).replace('\n', "\\u000a").replace('\t', "\\u0009")
}

/// Adds text, whole runs of it at a time: a service may print nothing but what drives.
fn push(shown: &mut Vec<u8>, text: &str) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut copied = 0;
    for (at, driving) in text.match_indices(drives) {
        shown.extend_from_slice(&text.as_bytes()[copied..at]);
        copied = at + driving.len();
        // All that drive have four digits.
        for code in driving.chars().map(u32::from) {
            let digit = |shift: u32| DIGITS[(code >> shift & 0xf) as usize];
            shown.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
        }
    }
    shown.extend_from_slice(&text.as_bytes()[copied..]);
}

/// A writer that lets text and our own styles through, and shows everything else that would drive a
/// terminal.
#[derive(Debug)]
pub struct Escaped<W: Write> {
    inner: W,
    /// A character or a style that is not whole yet.
    pending: Vec<u8>,
}

impl<W: Write> Escaped<W> {
    /// A writer before another one.
    pub fn new(inner: W) -> Self {
        Escaped { inner, pending: Vec::new() }
    }

    /// Writes what is whole; with `end` also what will never be.
    fn pass(&mut self, end: bool) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.pending);
        let (shown, rest) = shown(&bytes, end);
        self.pending = rest.to_vec();
        self.inner.write_all(&shown)
    }
}

impl<W: Write> Write for Escaped<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        self.pass(false)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass(true)?;
        self.inner.flush()
    }
}

impl<W: Write> Drop for Escaped<W> {
    fn drop(&mut self) {
        let _ = self.pass(true);
    }
}

/// Bytes as they are shown, and those at the end that may belong to something longer.
fn shown(bytes: &[u8], end: bool) -> (Vec<u8>, &[u8]) {
    let mut shown = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        if *first == 0x1b {
            let length = match style(rest) {
                Style::Ours(length) => {
                    shown.extend_from_slice(&rest[..length]);
                    length
                }
                Style::Perhaps if !end => return (shown, rest),
                Style::Perhaps | Style::Foreign => {
                    push(&mut shown, "\u{1b}");
                    1
                }
            };
            rest = &rest[length..];
            continue;
        }
        let next = rest.iter().position(|byte| *byte == 0x1b).unwrap_or(rest.len());
        let (text, escape) = rest.split_at(next);
        let mut read = 0;
        for chunk in text.utf8_chunks() {
            push(&mut shown, chunk.valid());
            read += chunk.valid().len() + chunk.invalid().len();
            let broken = chunk.invalid();
            if broken.is_empty() {
                continue;
            }
            // The first bytes of a character whose others are still to come.
            let whole = std::str::from_utf8(broken).is_err_and(|error| error.error_len().is_some());
            if read == rest.len() && !whole && !end {
                return (shown, broken);
            }
            shown.extend_from_slice("\u{fffd}".as_bytes());
        }
        rest = escape;
    }
    (shown, rest)
}

enum Style {
    /// One of ours, of this length.
    Ours(usize),
    /// It may become one.
    Perhaps,
    Foreign,
}

/// What stands at the beginning, which is an escape character.
fn style(bytes: &[u8]) -> Style {
    let Some(parameters) = bytes.get(1).map(|byte| *byte == b'[') else { return Style::Perhaps };
    if !parameters {
        return Style::Foreign;
    }
    let body = &bytes[2..];
    let Some(length) = body.iter().position(|byte| !(byte.is_ascii_digit() || *byte == b';'))
    else {
        return if body.len() < LONGEST { Style::Perhaps } else { Style::Foreign };
    };
    let parameters = String::from_utf8_lossy(&body[..length]);
    let ours =
        body[length] == b'm' && parameters.split(';').all(|parameter| STYLES.contains(&parameter));
    if ours { Style::Ours(2 + length + 1) } else { Style::Foreign }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(parts: &[&[u8]]) -> String {
        let mut out = Vec::new();
        {
            let mut writer = Escaped::new(&mut out);
            for part in parts {
                writer.write_all(part).unwrap();
            }
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_drives_a_terminal_is_shown_and_text_is_left_alone() {
        let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[9A\rMARK\u{9b}\u{202e}\u{7f}";
        let shown = r"\u001b]0;owned\u0007\u001b[2J\u001b[9A\u000dMARK\u009b\u202e\u007f";
        assert_eq!(through(&[evil.as_bytes()]), shown);
        assert_eq!(escape(evil), shown);
        let text = "plain\ttext, \u{e4}\u{f6}\u{fc} \u{4e16}\u{754c}\n";
        assert_eq!(through(&[text.as_bytes()]), text);
        assert_eq!(escape(text), text);
    }

    #[test]
    fn within_a_line_a_name_begins_no_other_line() {
        let name = "red\n  API      v1\t\u{1b}[2J";
        assert_eq!(escape_line(name), r"red\u000a  API      v1\u0009\u001b[2J");
        assert_eq!(escape_line("my-lab \u{4e16}"), "my-lab \u{4e16}");
    }

    #[test]
    fn our_own_styles_pass_and_those_that_hide_do_not() {
        let styled = "\u{1b}[1m\u{1b}[32mok\u{1b}[0m \u{1b}[1;31mno\u{1b}[m";
        assert_eq!(through(&[styled.as_bytes()]), styled);
        for hides in ["\u{1b}[8m", "\u{1b}[7m", "\u{1b}[40m", "\u{1b}[38;5;0m", "\u{1b}[1;8m"] {
            assert!(!through(&[hides.as_bytes()]).contains('\u{1b}'), "{hides:?}");
        }
    }

    #[test]
    fn where_the_writes_are_cut_makes_no_difference() {
        let all = "a\u{1b}[32m\u{e4}\u{1b}[0m\u{1b}[2Jb\u{4e16}\u{1b}".as_bytes();
        let whole = through(&[all]);
        for first in 0..all.len() {
            for second in first..all.len() {
                assert_eq!(through(&[&all[..first], &all[first..second], &all[second..]]), whole);
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        assert_eq!(through(&[b"a\xffb\xc3"]), "a\u{fffd}b\u{fffd}");
        assert_eq!(through(&[b"\xc3\x1b[0m"]), "\u{fffd}\u{1b}[0m");
    }

    #[test]
    fn what_is_nothing_but_control_bytes_does_not_take_an_hour() {
        const LONG: usize = 10 << 20;
        for (byte, shown) in [(7, r"\u0007"), (0x1b, r"\u001b"), (0xff, "\u{fffd}")] {
            let since = std::time::Instant::now();
            assert_eq!(through(&[&vec![byte; LONG]]), shown.repeat(LONG), "{byte}");
            // Looking for the end from each one would take an hour. A busy machine took 20 s.
            assert!(since.elapsed().as_secs() < 300, "{byte}: {:?}", since.elapsed());
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_drives_gets_through(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
        ) {
            let shown = through(&[&bytes]);
            let bare = anstream::adapter::strip_str(&shown).to_string();
            proptest::prop_assert!(!bare.contains(drives));
        }
    }
}
