//! What keys do to an answer, and what is to be seen of it.

use super::field::cut;
use super::*;

fn port(text: &str) -> Result<String, String> {
    match text.parse::<u16>() {
        Ok(port) if port >= 1024 => Ok(text.to_owned()),
        _ => Err("expected a number from 1024 to 65535".to_owned()),
    }
}

fn line() -> Field<'static> {
    let help = "Where the server listens on 127.0.0.1";
    Field {
        name: "port",
        help,
        expects: "a port",
        default: Some("8080"),
        options: &[],
        judge: &port,
    }
}

fn choices(count: usize) -> Vec<Choice> {
    let names = ["good", "dies", "deaf"]
        .into_iter()
        .map(str::to_owned)
        .chain((3..).map(|n| format!("more-{n}")));
    names.take(count).map(|name| Choice { name, about: "what it means".to_owned() }).collect()
}

fn list(options: &[Choice]) -> Field<'_> {
    Field {
        name: "program",
        help: "How it behaves",
        expects: "",
        default: Some("dies"),
        options,
        judge: &|text| Ok(text.to_owned()),
    }
}

fn typed(text: &str) -> Vec<Key> {
    text.chars().map(Key::Char).collect()
}

/// The last thing that the keys came to.
fn press(entry: &mut Entry<'_>, keys: &[Key]) -> Step {
    keys.iter().map(|key| entry.press(key)).last().unwrap()
}

/// What is to be seen, without colours.
fn seen(entry: &Entry<'_>, columns: usize, rows: usize) -> Vec<String> {
    let lines = entry.frame(columns, rows).lines;
    lines.iter().map(|line| anstream::adapter::strip_str(line).to_string()).collect()
}

#[test]
fn enter_alone_takes_the_default() {
    let field = line();
    let mut entry = Entry::new(&field);
    assert!(seen(&entry, 80, 24)[1].ends_with("› 8080"));
    assert_eq!(entry.press(&Key::Enter), Step::Done("8080".to_owned()));
}

#[test]
fn a_wrong_text_is_shown_while_it_is_typed_and_enter_is_refused_until_it_is_fixed() {
    let field = line();
    let mut entry = Entry::new(&field);
    assert_eq!(seen(&entry, 80, 24)[2], "    a port");
    press(&mut entry, &typed("80"));
    assert_eq!(seen(&entry, 80, 24)[2], "    expected a number from 1024 to 65535");
    assert_eq!(entry.press(&Key::Enter), Step::Open);
    press(&mut entry, &typed("01"));
    assert_eq!(seen(&entry, 80, 24)[2], "    a port");
    assert_eq!(entry.press(&Key::Enter), Step::Done("8001".to_owned()));
}

#[test]
fn what_is_wrong_is_shown_whole_in_a_narrow_window() {
    let field = line();
    let mut entry = Entry::new(&field);
    press(&mut entry, &typed("80"));
    assert_eq!(seen(&entry, 30, 24)[3..], ["    expected a number from", "    1024 to 65535"]);
}

#[test]
fn a_line_is_edited_as_lines_are() {
    let field = Field { judge: &|text| Ok(text.to_owned()), default: None, ..line() };
    for (keys, text) in [
        (
            vec![
                Key::Backspace,
                Key::Char('a'),
                Key::Left,
                Key::Char('ß'),
                Key::End,
                Key::Char('c'),
            ],
            "ßac",
        ),
        (vec![Key::Paste("one two  ".to_owned()), Key::Word], "one "),
        (
            vec![Key::Paste("one".to_owned()), Key::Clear, Key::Paste("x\u{1b}[31m\n".to_owned())],
            "x[31m",
        ),
        (vec![Key::Paste("語語".to_owned()), Key::Home, Key::Delete, Key::Right, Key::Right], "語"),
    ] {
        let mut entry = Entry::new(&field);
        press(&mut entry, &keys);
        assert_eq!(entry.press(&Key::Enter), Step::Done(text.to_owned()), "{keys:?}");
    }
    assert_eq!(Entry::new(&field).press(&Key::Cancel), Step::Cancel);
}

#[test]
fn an_option_is_taken_by_arrows_or_by_its_name() {
    let options = choices(3);
    let field = list(&options);
    let done = |name: &str| Step::Done(name.to_owned());
    assert_eq!(press(&mut Entry::new(&field), &[Key::Enter]), done("dies"));
    assert_eq!(press(&mut Entry::new(&field), &[Key::Down, Key::Enter]), done("deaf"));
    assert_eq!(press(&mut Entry::new(&field), &[Key::Up, Key::Up, Key::Enter]), done("deaf"));
    assert_eq!(
        press(&mut Entry::new(&field), &[typed("GO"), vec![Key::Enter]].concat()),
        done("good")
    );
}

#[test]
fn a_name_that_is_none_is_refused_and_the_nearest_one_is_a_tab_away() {
    let options = choices(3);
    let field = list(&options);
    let mut entry = Entry::new(&field);
    assert_eq!(press(&mut entry, &[typed("gud"), vec![Key::Enter]].concat()), Step::Open);
    assert!(seen(&entry, 80, 24).last().unwrap().contains("did you mean good?"));
    assert_eq!(press(&mut entry, &[Key::Tab, Key::Enter]), Step::Done("good".to_owned()));
}

#[test]
fn no_line_is_wider_or_higher_than_the_screen_and_the_cursor_is_on_it() {
    use unicode_width::UnicodeWidthStr;
    let long =
        "a very long word or two, 語語語語語語語語語語語語語語語語語語語語語語 and more of them"
            .repeat(3);
    let options = choices(30);
    let fields = [
        Field { help: &long, judge: &|_| Err(long.clone()), default: Some(&long), ..line() },
        list(&options),
    ];
    for field in &fields {
        for typed in ["", "x", &long] {
            let mut entry = Entry::new(field);
            entry.press(&Key::Paste(typed.to_owned()));
            entry.press(&Key::Enter);
            for (columns, rows) in [(200, 50), (80, 24), (33, 10), (20, 5), (7, 4)] {
                let frame = entry.frame(columns, rows);
                assert!(frame.lines.len() <= rows, "{columns} x {rows}: {:#?}", frame.lines);
                assert!(frame.row < frame.lines.len() && frame.column < columns);
                for line in seen(&entry, columns, rows) {
                    assert!(line.width() < columns, "{columns}: {line}");
                }
            }
        }
    }
    assert_eq!(cut("語語語", 5), "語語…");
}
