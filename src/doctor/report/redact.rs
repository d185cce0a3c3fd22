//! The report without private data: home, user, host, addresses, tokens, passwords.

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};

use super::{Evidence, Finding, Hint, Report};
use crate::platform::host::{self, Root};

/// What must not be in a report that is shown to others.
#[derive(Clone, Debug, Default)]
pub struct Private {
    /// Texts and what stands for them, longest first.
    words: Vec<(String, &'static str)>,
}

/// Names of variables whose values are secrets.
const SECRET: [&str; 9] = [
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "CREDENTIAL",
    "APIKEY",
    "API_KEY",
    "PRIVATE",
];

impl Private {
    /// What this machine, its user and the environment have that is private.
    pub fn collect(root: &Root) -> Private {
        let mut words = Vec::new();
        let mut add = |text: Option<String>, stands: &'static str, least: usize| {
            if let Some(text) = text.filter(|text| text.chars().count() >= least) {
                words.push((text, stands));
            }
        };
        add(host::var("HOME").map(|home| home.trim_end_matches('/').to_owned()), "~", 2);
        add(
            host::var("USER").or_else(|| root.user(host::user_id())).filter(|user| user != "root"),
            "<user>",
            2,
        );
        // `localhost` is nobody's.
        add(Some(host::name()).filter(|name| name != "localhost"), "<host>", 2);
        for (name, value) in std::env::vars() {
            let upper = name.to_ascii_uppercase();
            let secret = SECRET.iter().any(|part| upper.contains(part))
                || upper.ends_with("_KEY")
                || upper.ends_with("_AUTH")
                || upper.ends_with("_PASS");
            if secret {
                add(Some(value), "<secret>", 4);
            }
        }
        words.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        Private { words }
    }
}

/// The same report for a bug report.
pub fn redact(report: Report, private: &Private) -> Report {
    let hide = |text: &str| hide(text, private);
    let maybe = |text: Option<String>| text.map(|text| hide(&text));
    let findings = report.findings.into_iter().map(|finding| Finding {
        id: hide(&finding.id),
        title: hide(&finding.title),
        evidence: Evidence {
            cmd: hide(&finding.evidence.cmd),
            path: maybe(finding.evidence.path),
            saw: hide(&finding.evidence.saw),
            ..finding.evidence
        },
        hints: finding
            .hints
            .into_iter()
            .map(|hint| Hint { text: hide(&hint.text), cmd: maybe(hint.cmd), ..hint })
            .collect(),
        ..finding
    });
    let findings = findings.collect();
    Report { title: hide(&report.title), next: hide(&report.next), findings, ..report }
}

/// What is private by its form. The patterns are ours and fixed: one that cannot be read shows in
/// the tests.
static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let all = [
        // Users and passwords in addresses.
        (r"(://)[^/@\s'\x22]+@", "$1<secret>@"),
        (r"(?i)(bearer\s+)[A-Za-z0-9._~+/=-]{8,}", "$1<secret>"),
        // What GitHub, GitLab, AWS, OpenAI, Slack and Hugging Face hand out, and JSON web tokens.
        (
            r"\b(gh[pousr]_|github_pat_|glpat-|AKIA|sk-|xox[abprs]-|hf_|eyJ)[A-Za-z0-9._-]{8,}",
            "<secret>",
        ),
        (
            concat!(
                r"(?i)((?:password|passwd|token|secret|api[_-]?key)",
                r"\x22?\s*[=:]\s*\x22?)[^\s\x22',;&]{3,}"
            ),
            "$1<secret>",
        ),
        (r"\b([0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}\b", "<ip>"),
    ];
    all.into_iter()
        .filter_map(|(pattern, stands)| Some((Regex::new(pattern).ok()?, stands)))
        .collect()
});

static ADDRESS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b").ok());

fn hide(text: &str, private: &Private) -> String {
    let mut text = text.to_owned();
    for (word, stands) in &private.words {
        text = replace_word(&text, word, stands);
    }
    for (pattern, stands) in PATTERNS.iter() {
        text = pattern.replace_all(&text, *stands).into_owned();
    }
    if let Some(address) = ADDRESS.as_ref() {
        let keep =
            |found: &str| found.starts_with("127.") || found == "0.0.0.0" || !is_address(found);
        let stands = |found: &Captures<'_>| {
            if keep(&found[0]) { found[0].to_owned() } else { "<ip>".to_owned() }
        };
        text = address.replace_all(&text, stands).into_owned();
    }
    text
}

fn is_address(text: &str) -> bool {
    text.parse::<std::net::Ipv4Addr>().is_ok()
}

/// Replaces a text where it stands as a word of its own: a user called `al` must not break `also`.
fn replace_word(text: &str, word: &str, stands: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    let part = |c: char| c.is_alphanumeric() || c == '_';
    while let Some(at) = rest.find(word) {
        let before = rest[..at].chars().next_back().or_else(|| out.chars().next_back());
        let after = rest[at + word.len()..].chars().next();
        let inside = word.chars().next().is_some_and(part) && before.is_some_and(part)
            || word.chars().next_back().is_some_and(part) && after.is_some_and(part);
        // Secrets are hidden wherever they stand.
        out.push_str(&rest[..at]);
        out.push_str(if inside && stands != "<secret>" { word } else { stands });
        rest = &rest[at + word.len()..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> String {
        let word = |text: &str, stands| (text.to_owned(), stands);
        let words = vec![
            word("hunter2hunter2", "<secret>"),
            word("/home/ada", "~"),
            word("lovelace", "<host>"),
            word("ada", "<user>"),
        ];
        hide(text, &Private { words })
    }

    #[test]
    fn what_is_private_is_hidden() {
        for (text, wanted) in [
            ("/home/ada/.docker/config.json", "~/.docker/config.json"),
            ("usermod -aG docker ada", "usermod -aG docker <user>"),
            ("adapter", "adapter"),
            ("at lovelace:8080", "at <host>:8080"),
            ("xhunter2hunter2x", "x<secret>x"),
            ("http://me:pw@proxy.corp:3128", "http://<secret>@proxy.corp:3128"),
            ("10.1.2.3:6443 and 127.0.0.1:80", "<ip>:6443 and 127.0.0.1:80"),
            ("fe80:1:2:3::1", "<ip>::1"),
            ("Authorization: Bearer abcdefghijk", "Authorization: Bearer <secret>"),
            ("ghp_0123456789abcdef", "<secret>"),
            ("password=swordfish", "password=<secret>"),
            ("20.10.24+dfsg1", "20.10.24+dfsg1"),
            ("kubectl 1.32.4", "kubectl 1.32.4"),
        ] {
            assert_eq!(hidden(text), wanted);
        }
    }
}
