//! One question on the screen: what each key does to the answer, and what is to be seen. Pure.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::keys::Key;
use crate::error::nearest;
use crate::platform::term::{BAD, BOLD, DIM, GOOD, WARN, wrapped};

/// More than any answer has; a whole file that is pasted by mistake ends here.
const LONGEST: usize = 1000;

/// Before what is typed.
const MARGIN: usize = 4;

/// A question.
pub struct Field<'a> {
    /// What is asked for, in a word.
    pub name: &'a str,
    /// In a sentence.
    pub help: &'a str,
    /// What an answer may be, said while nothing is wrong.
    pub expects: &'a str,
    /// Taken by Enter alone; of options, the one that is marked at first.
    pub default: Option<&'a str>,
    /// The answers that there are; where there are none, any text that the judge takes.
    pub options: &'a [Choice],
    /// The answer that a text stands for, or why it stands for none. Asked at every key.
    pub judge: &'a dyn Fn(&str) -> Result<String, String>,
}

/// One of several answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The answer.
    pub name: String,
    /// What it means; may be empty.
    pub about: String,
}

/// What a key came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The question is still open.
    Open,
    /// It is answered.
    Done(String),
    /// Whoever was asked wants to be out of here.
    Cancel,
}

/// Lines for the screen, none wider than it, and where the cursor stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Without line ends; styles are in them.
    pub lines: Vec<String>,
    /// The line of the cursor, from 0.
    pub row: usize,
    /// Its column, from 0.
    pub column: usize,
}

/// A question that is being answered.
pub struct Entry<'a> {
    field: &'a Field<'a>,
    text: Vec<char>,
    cursor: usize,
    /// The option that Enter takes, unless a text is typed that names none.
    marked: usize,
    /// Enter was pressed, and what stands there is no answer.
    refused: bool,
}

impl<'a> Entry<'a> {
    /// Nothing is typed yet.
    pub fn new(field: &'a Field<'a>) -> Entry<'a> {
        let default =
            field.options.iter().position(|option| Some(option.name.as_str()) == field.default);
        Entry { field, text: Vec::new(), cursor: 0, marked: default.unwrap_or(0), refused: false }
    }

    /// Does what a key says.
    pub fn press(&mut self, key: &Key) -> Step {
        let before = self.text.clone();
        match key {
            Key::Cancel => return Step::Cancel,
            Key::Enter => {
                if let Ok(answer) = self.answer() {
                    return Step::Done(answer);
                }
                self.refused = true;
            }
            Key::Char(c) => self.insert(std::iter::once(*c)),
            Key::Paste(text) => self.insert(text.chars()),
            Key::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.text.remove(self.cursor);
            }
            Key::Delete if self.cursor < self.text.len() => {
                self.text.remove(self.cursor);
            }
            Key::Word => {
                let head = &self.text[..self.cursor];
                let end = head.iter().rposition(|c| *c != ' ').map_or(0, |last| last + 1);
                let start =
                    head[..end].iter().rposition(|c| *c == ' ').map_or(0, |space| space + 1);
                self.text.drain(start..self.cursor);
                self.cursor = start;
            }
            Key::Clear => self.write(""),
            Key::Left => self.cursor = self.cursor.saturating_sub(1),
            Key::Right => self.cursor = (self.cursor + 1).min(self.text.len()),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = self.text.len(),
            Key::Up | Key::Down if !self.field.options.is_empty() => {
                let count = self.field.options.len();
                let by = if *key == Key::Up { count - 1 } else { 1 };
                self.marked = (self.marked + by) % count;
                self.text.clear();
                self.cursor = 0;
            }
            Key::Tab => {
                if let Some(text) = self.meant() {
                    self.write(&text);
                }
            }
            Key::Up | Key::Down | Key::Backspace | Key::Delete => {}
        }
        if self.text != before {
            self.refused = false;
            if let Some(index) = self.named() {
                self.marked = index;
            }
        }
        Step::Open
    }

    fn insert(&mut self, typed: impl Iterator<Item = char>) {
        let room = LONGEST.saturating_sub(self.text.len());
        for c in typed.filter(|c| !c.is_control()).take(room) {
            self.text.insert(self.cursor, c);
            self.cursor += 1;
        }
    }

    fn write(&mut self, text: &str) {
        self.text = text.chars().collect();
        self.cursor = self.text.len();
    }

    fn typed(&self) -> String {
        self.text.iter().collect()
    }

    /// The option that the text names, in full or by how it begins.
    fn named(&self) -> Option<usize> {
        let typed = self.typed().to_lowercase();
        if typed.is_empty() {
            return None;
        }
        let names = || self.field.options.iter().map(|option| option.name.to_lowercase());
        names()
            .position(|name| name == typed)
            .or_else(|| names().position(|name| name.starts_with(&typed)))
    }

    /// What Tab writes out.
    fn meant(&self) -> Option<String> {
        let typed = self.typed();
        if self.field.options.is_empty() {
            return self.field.default.filter(|_| typed.is_empty()).map(str::to_owned);
        }
        let names = self.field.options.iter().map(|option| option.name.as_str());
        match self.answer() {
            Ok(name) => Some(name),
            Err(_) => nearest(&typed, names).map(str::to_owned),
        }
    }

    /// The answer that Enter would give, or why there is none.
    fn answer(&self) -> Result<String, String> {
        let typed = self.typed();
        if self.field.options.is_empty() {
            return match self.field.default {
                Some(default) if typed.is_empty() => (self.field.judge)(default),
                _ => (self.field.judge)(&typed),
            };
        }
        let index = if typed.is_empty() { Some(self.marked) } else { self.named() };
        match index.and_then(|index| self.field.options.get(index)) {
            Some(option) => (self.field.judge)(&option.name),
            None => {
                let names = self.field.options.iter().map(|option| option.name.as_str());
                let near =
                    nearest(&typed, names).map(|name| format!(": did you mean {name}? (Tab)"));
                Err(format!("none of these{}", near.unwrap_or_default()))
            }
        }
    }

    /// What is to be seen on a screen of this size.
    pub fn frame(&self, columns: usize, rows: usize) -> Frame {
        // The last column is left alone: some terminals wrap there, some do not.
        let width = columns.saturating_sub(1).max(MARGIN + 2);
        let rows = rows.max(4);
        let most = if rows < 10 { 1 } else { 3 };
        let (mut lines, foot) = (self.head(width, most), self.foot(width, most));
        if !self.field.options.is_empty() {
            let room = rows.saturating_sub(lines.len() + 1 + foot.len()).clamp(1, 10);
            lines.extend(self.list(width, room));
        }
        let row = lines.len();
        let (line, column) = self.line(width);
        lines.push(line);
        lines.extend(foot);
        Frame { lines, row, column }
    }

    fn head(&self, width: usize, most: usize) -> Vec<String> {
        let name = self.field.name;
        let mut lines = broken(&format!("{name}  {}", self.field.help), width, most);
        if let Some(first) = lines.first_mut() {
            *first =
                match first.strip_prefix(name) {
                    // `wrapped` leaves one space between words.
                    Some(rest) if !rest.is_empty() => cut(&format!("{name} {rest}"), width)
                        .replacen(name, &format!("{BOLD}{name}{BOLD:#}"), 1),
                    _ => format!("{BOLD}{first}{BOLD:#}"),
                };
        }
        lines
    }

    /// As many options as there is room for, around the one that is marked.
    fn list(&self, width: usize, room: usize) -> Vec<String> {
        let options = &self.field.options;
        let pad = options.iter().map(|option| option.name.width()).max().unwrap_or(0);
        let first = self.marked.saturating_sub(room / 2).min(options.len().saturating_sub(room));
        let marked = if self.text.is_empty() { Some(self.marked) } else { self.named() };
        let line = |(index, option): (usize, &Choice)| {
            let fill = " ".repeat(pad - option.name.width());
            let name = cut(&format!("{}{fill}", option.name), width - MARGIN);
            let about = cut(&option.about, width.saturating_sub(MARGIN + name.width() + 2));
            let name = name.trim_end();
            let gap = if about.is_empty() { String::new() } else { format!("{fill}  ") };
            if marked == Some(index) {
                format!("  {GOOD}›{GOOD:#} {BOLD}{name}{BOLD:#}{gap}{about}")
            } else {
                format!("    {name}{DIM}{gap}{about}{DIM:#}")
            }
        };
        options.iter().enumerate().skip(first).take(room).map(line).collect()
    }

    /// The line that is typed on, and the column of the cursor.
    fn line(&self, width: usize) -> (String, usize) {
        let room = width - MARGIN;
        let mark = if self.field.options.is_empty() {
            format!("  {GOOD}›{GOOD:#} ")
        } else {
            " ".repeat(MARGIN)
        };
        if self.text.is_empty() {
            let ghost = if self.field.options.is_empty() {
                self.field.default.unwrap_or_default()
            } else {
                "arrows or a name, then Enter"
            };
            return (format!("{mark}{DIM}{}{DIM:#}", cut(ghost, room)), MARGIN);
        }
        // What does not fit is scrolled out to the left; the cursor may stand after the last
        // character.
        let wide = |text: &[char]| text.iter().map(|c| c.width().unwrap_or(0)).sum::<usize>();
        let mut start = 0;
        while wide(&self.text[start..self.cursor]) >= room {
            start += 1;
        }
        let mut end = self.cursor;
        while end < self.text.len() && wide(&self.text[start..=end]) < room {
            end += 1;
        }
        let shown: String = self.text[start..end].iter().collect();
        (format!("{mark}{shown}"), MARGIN + wide(&self.text[start..self.cursor]))
    }

    /// What is wrong, or what may be typed: always something, so that nothing jumps.
    fn foot(&self, width: usize, most: usize) -> Vec<String> {
        let told = |style, text: &str| {
            let lines = broken(text, width - MARGIN, most);
            lines.iter().map(|line| format!("    {style}{line}{style:#}")).collect()
        };
        match self.answer() {
            Err(why) if self.refused => told(BAD, &why),
            Err(why) if !self.text.is_empty() => told(WARN, &why),
            _ if self.field.options.is_empty() => told(DIM, self.field.expects),
            // The list says it.
            _ => vec![String::new()],
        }
    }
}

/// The text in so many lines at most, none wider than this.
fn broken(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines = wrapped(text, width);
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    lines.iter().map(|line| cut(line, width)).collect()
}

/// The text, or its beginning and `…`.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used >= width {
            break;
        }
        short.push(c);
    }
    if width > 0 {
        short.push('…');
    }
    short
}
