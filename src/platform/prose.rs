//! Text for people as a terminal shows it: wrapped at its width, the little Markdown of labs as
//! styles instead of as marks. Pure.
//!
//! Without a width (a pipe) lines stay as they were written: whoever searches them finds what
//! stands in the file.

use anstyle::{AnsiColor, Style};

use super::term::{BOLD, escape};

/// How commands, files and names look.
const CODE: Style = AnsiColor::Cyan.on_default();

/// The widest line that is easy to read.
const WIDEST: usize = 100;

/// A run of text in one style.
type Span = (String, Option<Style>);

/// Markdown of a lab, each line indented: paragraphs, lists, headings, code, tables.
pub fn markdown(text: &str, indent: usize, width: Option<usize>) -> String {
    let mut out = String::new();
    let mut fence = false;
    let mut paragraph: Option<(usize, String)> = None;
    let flush = |out: &mut String, paragraph: &mut Option<(usize, String)>| {
        if let Some((hang, text)) = paragraph.take() {
            let (first, rest) = (" ".repeat(indent), indent + hang);
            out.push_str(&laid(&first, indent, words(&inline(&text)), rest, width));
            out.push('\n');
        }
    };
    for line in escape(text.trim_end()).lines() {
        if line.trim_start().starts_with("```") {
            flush(&mut out, &mut paragraph);
            fence = !fence;
            continue;
        }
        let verbatim = fence || line.starts_with("    ") || line.trim_start().starts_with('|');
        if verbatim && (fence || paragraph.is_none() || line.trim_start().starts_with('|')) {
            flush(&mut out, &mut paragraph);
            let inner = if fence { "  " } else { "" };
            out.push_str(format!("{:indent$}{inner}{line}", "").trim_end());
            out.push('\n');
        } else if line.trim().is_empty() {
            flush(&mut out, &mut paragraph);
            out.push('\n');
        } else if let Some(heading) = heading(line) {
            flush(&mut out, &mut paragraph);
            out.push_str(&format!("{:indent$}{BOLD}{heading}{BOLD:#}\n", ""));
        } else {
            let hang = item(line);
            match &mut paragraph {
                Some((_, text)) if hang == 0 && width.is_some() => {
                    text.push(' ');
                    text.push_str(line.trim());
                }
                _ => {
                    let hang =
                        paragraph.as_ref().filter(|_| hang == 0).map_or(hang, |(hang, _)| *hang);
                    flush(&mut out, &mut paragraph);
                    paragraph = Some((hang, line.trim_end().to_owned()));
                }
            }
        }
    }
    flush(&mut out, &mut paragraph);
    out.trim_end().to_owned()
}

/// A sentence of a lab, with its marks as styles.
pub fn sentence(text: &str, indent: usize, width: Option<usize>) -> String {
    hanging("", 0, text, indent, width)
}

/// What a program printed or a server answered, after a label that takes `indent` columns; no mark
/// in it means anything.
pub fn quoted(label: &str, text: &str, indent: usize, width: Option<usize>) -> String {
    laid(label, indent, words(&[(escape(text), None)]), indent, width)
}

/// A sentence of a lab after a label that takes `taken` columns; further lines are indented.
pub fn hanging(
    label: &str,
    taken: usize,
    text: &str,
    indent: usize,
    width: Option<usize>,
) -> String {
    laid(label, taken, words(&inline(&escape(text))), indent, width)
}

fn heading(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches('#');
    (rest.len() < line.len() && rest.starts_with(' ')).then(|| rest.trim())
}

/// How far the text of a list's item stands in; 0 for what is none.
fn item(line: &str) -> usize {
    let inner = line.trim_start();
    let lead = line.len() - inner.len();
    let digits = inner.chars().take_while(char::is_ascii_digit).count();
    let mark = if inner.starts_with("- ") || inner.starts_with("* ") {
        2
    } else if digits > 0 && inner[digits..].starts_with(". ") {
        digits + 2
    } else {
        return 0;
    };
    lead + mark
}

/// The marks of a line as styles: `**bold**` and `` `code` ``. A mark that is not closed is text.
fn inline(text: &str) -> Vec<Span> {
    let mut spans: Vec<Span> = vec![(String::new(), None)];
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mark = [("**", BOLD), ("`", CODE)].into_iter().find_map(|(mark, style)| {
            let inner = rest.strip_prefix(mark)?;
            let end = inner.find(mark).filter(|end| *end > 0)?;
            Some((&inner[..end], &inner[end + mark.len()..], style))
        });
        if let Some((inner, after, style)) = mark {
            spans.push((inner.to_owned(), Some(style)));
            spans.push((String::new(), None));
            rest = after;
        } else {
            if let Some((last, _)) = spans.last_mut() {
                last.push(c);
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    spans
}

/// What may not be broken: pieces of text without white space between them.
fn words(spans: &[Span]) -> Vec<Vec<Span>> {
    let mut words: Vec<Vec<Span>> = Vec::new();
    let mut open = false;
    for (text, style) in spans {
        for (index, part) in text.split(char::is_whitespace).enumerate() {
            open &= index == 0;
            if part.is_empty() {
                continue;
            }
            match words.last_mut().filter(|_| open) {
                Some(word) => word.push((part.to_owned(), *style)),
                None => words.push(vec![(part.to_owned(), *style)]),
            }
            open = true;
        }
    }
    words
}

/// Words in lines: the first begins after what stands there already.
fn laid(
    first: &str,
    taken: usize,
    words: Vec<Vec<Span>>,
    indent: usize,
    width: Option<usize>,
) -> String {
    let width = width.map_or(usize::MAX, |width| width.min(WIDEST));
    let mut out = first.to_owned();
    let mut column = taken;
    let mut begun = false;
    for word in words {
        let length: usize = word.iter().map(|(text, _)| text.chars().count()).sum();
        if begun && column.saturating_add(1 + length) > width {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
        } else if begun {
            out.push(' ');
            column += 1;
        }
        for (text, style) in word {
            match style {
                Some(style) => out.push_str(&format!("{style}{text}{style:#}")),
                None => out.push_str(&text),
            }
        }
        column += length;
        begun = true;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn paragraphs_and_items_are_wrapped_and_code_is_left_alone() {
        let text = "Some **bold** words\nand `code that is long` here.\n\n\
            - one item that is long\n- two\n\n```sh\nmlops-lab check    --watch and more\n```\n\
            | a | b |\n";
        assert_eq!(
            plain(&markdown(text, 2, Some(20))),
            "  Some bold words\n  and code that is\n  long here.\n\n  \
             - one item that is\n    long\n  - two\n\n    mlops-lab check    \
             --watch and more\n  | a | b |"
        );
    }

    #[test]
    fn in_a_pipe_lines_stay_and_marks_go() {
        assert_eq!(plain(&markdown("a **b**\nc `d`\n", 0, None)), "a b\nc d");
    }

    #[test]
    fn marks_that_are_not_closed_or_hold_nothing_are_text() {
        assert_eq!(plain(&sentence("2 ** 3 and `x", 0, None)), "2 ** 3 and `x");
        assert_eq!(plain(&sentence("a****b", 0, None)), "a****b");
        assert_eq!(plain(&quoted("said ", "**x** `y`", 5, None)), "said **x** `y`");
    }

    #[test]
    fn a_label_takes_its_place_in_the_first_line() {
        assert_eq!(
            plain(&hanging("why  ", 5, "one two three", 5, Some(12))),
            "why  one two\n     three"
        );
    }
}
