//! YAML as `kubectl` reads it (1.1: `yes` is a boolean, `0440` is octal), but a key that is there
//! twice is an error.

use serde_json::Value;
use serde_saphyr::{Options, options};

/// How a finding about a list or a plain value ends.
pub const NO_MAPPING: &str = "is not a mapping";

/// The documents of a text, and what is wrong with those that cannot be read.
pub fn documents(text: &str) -> (Vec<Value>, Vec<String>) {
    let (mut read, mut findings) = (Vec::new(), Vec::new());
    for (number, document) in split(text).into_iter().enumerate() {
        let options: Options = options! { legacy_octal_numbers: true };
        match serde_saphyr::from_str_with_options::<Value>(&document, options) {
            Ok(Value::Object(map)) => read.push(Value::Object(map)),
            Ok(Value::Null) => findings.push(format!("document {}: is empty", number + 1)),
            Ok(_) => findings.push(format!("document {}: {NO_MAPPING}", number + 1)),
            Err(error) => findings.push(format!(
                "document {}: {}",
                number + 1,
                first_line(&error.to_string())
            )),
        }
    }
    (read, findings)
}

/// A line that starts with `---` is a new document wherever it stands: a block of text has to be
/// indented.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for line in text.lines() {
        if line == "---" || line.starts_with("--- ") {
            parts.push(line[3..].to_owned());
        } else {
            parts.last_mut().unwrap().push_str(line);
        }
        parts.last_mut().unwrap().push('\n');
    }
    // What stands before the first `---` is no document when it is only comments.
    let only_comments =
        |part: &String| part.lines().all(|line| line.trim().is_empty() || line.starts_with('#'));
    if parts.len() > 1 && only_comments(&parts[0]) {
        parts.remove(0);
    }
    parts
}

fn first_line(text: &str) -> &str {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or(text)
}

#[test]
fn yaml_is_read_as_kubectl_reads_it() {
    let (read, findings) =
        documents("# head\n---\na: yes\nb: 0440\nc: 'yes'\nd: |\n  ---\n  x\n---\ne: 1e3\nf: ~\n");
    assert_eq!(findings, Vec::<String>::new());
    assert_eq!(read[0], serde_json::json!({"a": true, "b": 0o440, "c": "yes", "d": "---\nx\n"}));
    assert_eq!(read[1], serde_json::json!({"e": 1e3, "f": null}));
}
