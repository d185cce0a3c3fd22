//! Reading and editing, by example and by property.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn outside(name: &str) -> Option<String> {
    (name == "HOME").then(|| "/home/ada".to_owned())
}

fn values(text: &str) -> Vec<(String, String)> {
    Document::parse(text).unwrap().values(&outside).unwrap()
}

fn value(text: &str) -> String {
    let values = values(text);
    values
        .iter()
        .rfind(|(name, _)| name == "A")
        .map(|(_, value)| value.clone())
        .unwrap_or("(none)".to_owned())
}

#[test]
fn lines_are_read_as_compose_reads_them() {
    for (text, wanted) in [
        ("\u{feff}A=b", "b"),
        ("A: b", "b"),
        ("export A = b # why\r\n", "b"),
        ("A=b\t# kept", "b\t# kept"),
        ("A=b#c", "b#c"),
        ("A='$HOME \\n'", "$HOME \\n"),
        ("A=\"one\ntwo\"", "one\ntwo"),
        (r#"A="tab\there \"q\" \$HOME \\ \c""#, "tab\there \"q\" $HOME \\ \\c"),
        ("A=${HOME}/x", "/home/ada/x"),
        ("B=1\nA=${B:+two}${C:-${B}}", "two1"),
        ("HOME\nA=1", "1"),
        ("A=1\nA=2", "2"),
        ("A", "(none)"),
    ] {
        assert_eq!(value(text), wanted, "{text:?}");
    }
    assert_eq!(values("HOME\nNOT\n"), [("HOME".to_owned(), "/home/ada".to_owned())]);
}

#[test]
fn what_is_no_statement_is_reported_with_its_line() {
    for text in ["A=1\nno way=2", "A=1\n=2", "A=1\nB=\"x", "A=1\n\"B\"=2"] {
        assert_eq!(Document::parse(text).unwrap_err().line, 2, "{text}");
    }
    for text in ["A=1\nB=${", "A=1\nB=${C:?is missing}", "A=1\nB=${1}"] {
        assert_eq!(Document::parse(text).unwrap().values(&outside).unwrap_err().line, 2, "{text}");
    }
}

#[test]
fn a_value_changes_in_place_and_all_else_stays() {
    for (before, after) in [
        ("PORT=8080   # mine\r\nB=1\r\n", "PORT=9001   # mine\r\nB=1\r\n"),
        ("export PORT=8080\n", "export PORT=9001\n"),
        ("# PORT=8080\nPORT=\"8080\" # x", "# PORT=8080\nPORT=\"9001\" # x"),
        ("PORT: '8080'\n", "PORT: '9001'\n"),
        ("\u{feff}PORT=1\nPORT=2", "\u{feff}PORT=1\nPORT=9001"),
    ] {
        let changed = Document::parse(before).unwrap().with("PORT", "9001").unwrap();
        assert_eq!(changed.text(), after);
    }
    // A comment must not become the value.
    let emptied = Document::parse("A=x # c\nB=1\n").unwrap().with("A", "").unwrap();
    assert_eq!(emptied.constant("A").unwrap(), "", "{}", emptied.text());
    assert_eq!(Document::parse("A\n").unwrap().with("A", "1"), None);
    let other = Document::parse("B: \"x y\" # two\n").unwrap();
    assert_eq!(
        Document::parse("A=1").unwrap().and("B", &other).unwrap().text(),
        "A=1\nB=\"x y\"\n"
    );
    assert_eq!(
        Document::parse("A=1\r\n").unwrap().and("B", &other).unwrap().text(),
        "A=1\r\nB=\"x y\"\r\n"
    );
}

#[test]
fn secrets_are_found_through_the_holes_of_a_template() {
    let template = Document::parse("KEY=GK<[ key ]>\nPORT=8080\nUSER=<[ user ]>\n").unwrap();
    let own = Document::parse("export KEY=\"GKabc\"  # mine\nUSER=\n").unwrap();
    let found = secrets(&template, &own);
    assert_eq!(found, BTreeMap::from([("key".to_owned(), "abc".to_owned())]));
    assert_eq!(fill(template.text(), &found), "KEY=GKabc\nPORT=8080\nUSER=<[ user ]>\n");
}

/// Lines as people write them, and some that nobody would.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "# [ -~]{0,12}",
        "(export )?[A-D] ?[=:] ?[a-z0-9./]{0,8}( +# [a-z ]{0,8})?",
        "[A-D]=\"[a-z #$\\\\]{0,8}\"( # x)?",
        "[A-D]='[a-z #$\"]{0,8}'",
        "[A-D]",
    ]
}

proptest! {
    #[test]
    fn an_edit_changes_one_value_and_no_other_byte(
        lines in proptest::collection::vec(line(), 0..8), crlf in any::<bool>(), new in "[ \
            -~\n\u{e4}]{0,10}",
    ) {
        let text = lines.join(if crlf { "\r\n" } else { "\n" });
        let Ok(document) = Document::parse(text.clone()) else { return Ok(()) };
        if let Some(changed) = document.with("A", &new) {
            prop_assert_eq!(changed.constant("A"), Some(new.clone()));
            let old = document.statements.iter().rfind(|statement| statement.name == "A").unwrap();
            let span = old.value.as_ref().unwrap().span.clone();
            prop_assert!(changed.text.starts_with(&text[..span.start]));
            prop_assert!(changed.text.ends_with(&text[span.end..]));
            for name in ["B", "C", "D"] {
                prop_assert_eq!(document.constant(name), changed.constant(name));
            }
            // The same again changes nothing.
            let again = changed.with("A", &new).map(|again| again.constant("A"));
            prop_assert_eq!(again, Some(Some(new.clone())));
        }
        let other = Document::parse("E=").unwrap().with("E", &new);
        if let Some(longer) = other.and_then(|other| document.and("E", &other)) {
            prop_assert!(longer.text.starts_with(&text));
            prop_assert_eq!(longer.constant("E"), Some(new));
            for name in document.names() {
                prop_assert_eq!(document.constant(name), longer.constant(name));
            }
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(
        text in "[-A-C=:#'\"\\\\${}?+ \t\r\n0-9\u{e4}\u{feff}]{0,40}",
    ) {
        if let Ok(document) = Document::parse(text) {
            let _ = document.values(&outside);
        }
    }
}
