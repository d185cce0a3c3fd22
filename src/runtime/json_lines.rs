//! Lines of a log as lines of JSON, with the service that printed each: for programs.

use std::io::{self, Write};

/// Some versions of compose clear the terminal's line before they print one, also in a pipe.
const CLEAR: &str = "\u{1b}[2K";

/// A line that does not end is cut here, so that it need not be kept.
const LONGEST: usize = 1 << 20;

/// Prints one line of a service.
pub(super) fn print(service: &str, line: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", serde_json::json!({"service": service, "line": line}))
}

/// A writer for what `docker compose logs` and `kubectl logs --prefix` print.
pub(super) struct JsonLines<'a> {
    out: &'a mut dyn Write,
    /// The services that may have printed it.
    services: Vec<String>,
    /// Whose line the last one was: a part of one that was cut belongs to it, too.
    last: String,
    /// A line that is not whole yet.
    pending: Vec<u8>,
}

impl<'a> JsonLines<'a> {
    pub(super) fn new(out: &'a mut dyn Write, services: Vec<String>) -> Self {
        JsonLines { out, services, last: String::new(), pending: Vec::new() }
    }

    fn print(&mut self, line: &[u8]) -> io::Result<()> {
        let line = String::from_utf8_lossy(line);
        let line = line.strip_suffix('\n').unwrap_or(&line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let text = match labelled(line) {
            Some((label, text)) => {
                self.last = service(label, &self.services).to_owned();
                text
            }
            None => line,
        };
        print(&self.last, text, self.out)
    }
}

impl Write for JsonLines<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.pending.extend_from_slice(part);
            if part.ends_with(b"\n") || self.pending.len() >= LONGEST {
                let line = std::mem::take(&mut self.pending);
                self.print(&line)?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for JsonLines<'_> {
    fn drop(&mut self) {
        let line = std::mem::take(&mut self.pending);
        if !line.is_empty() {
            let _ = self.print(&line);
        }
    }
}

/// A line without what stands before it: `web-1  | text` of compose, `[pod/web-7d4b9-x2x/server]
/// text` of kubectl.
fn labelled(line: &str) -> Option<(&str, &str)> {
    if let Some((pod, text)) = line.strip_prefix("[pod/").and_then(|line| line.split_once(']')) {
        return Some((pod.split('/').next()?, text.strip_prefix(' ').unwrap_or(text)));
    }
    let (label, text) = line.split_once('|')?;
    let label = label.strip_prefix(CLEAR).unwrap_or(label).trim_end();
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (!label.is_empty() && label.chars().all(is_name))
        .then(|| (label, text.strip_prefix(' ').unwrap_or(text)))
}

/// The service of a container or a pod: the longest name that its own begins with, else its own.
fn service<'a>(label: &'a str, services: &'a [String]) -> &'a str {
    let begins = |service: &&String| {
        label
            .strip_prefix(service.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    services
        .iter()
        .filter(begins)
        .max_by_key(|service| service.len())
        .map_or(label, |service| service)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(parts: &[&str]) -> String {
        let mut out = Vec::new();
        let mut lines = JsonLines::new(&mut out, ["web", "web-db"].map(str::to_owned).into());
        parts.iter().try_for_each(|part| lines.write_all(part.as_bytes())).unwrap();
        drop(lines);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_line_has_its_service_in_the_words_of_either_tool_wherever_it_is_cut() {
        let all = "\u{1b}[2Kweb-1     | a | \"b\"\nweb-db-2  | \nother     | \
                   x\r\n[pod/web-7d4b9-x2x/server] [c]\n";
        let shown = [
            r#"{"service":"web","line":"a | \"b\""}"#,
            r#"{"service":"web-db","line":""}"#,
            r#"{"service":"other","line":"x"}"#,
            r#"{"service":"web","line":"[c]"}"#,
        ];
        for cut in 0..all.len() {
            let through = through(&[&all[..cut], &all[cut..]]);
            assert_eq!(through.lines().collect::<Vec<_>>(), shown, "{cut}");
        }
    }

    #[test]
    fn a_line_that_does_not_end_comes_in_parts_of_the_same_service() {
        let long = "x".repeat(LONGEST);
        let shown = through(&["web-1 | ", &long, "the rest"]);
        let lines: Vec<serde_json::Value> =
            shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line["service"] == "web"));
        assert_eq!(lines[1]["line"], "the rest");
    }
}
