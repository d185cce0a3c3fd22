//! The probe that reads a file of the project.

use std::io::ErrorKind;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::catalog::check::{Content, FileExpect, FileProbe};
use crate::check::context::Scope;
use crate::check::matching;
use crate::check::outcome::ProbeOutcome;
use crate::platform::process::shell_words;

pub(super) fn describe(probe: &FileProbe) -> String {
    format!("cat {}", shell_words(std::slice::from_ref(&probe.path)))
}

/// Reads and compares.
pub(super) fn run(
    probe: &FileProbe,
    expect: &FileExpect,
    scope: Scope<'_>,
) -> Result<ProbeOutcome, ProbeOutcome> {
    let path = &probe.path;
    let (there, gone) = (format!("the file {path}"), format!("no file {path}"));
    Ok(match (scope.read(path)?, expect) {
        (Ok(bytes), FileExpect::Present(expect)) => match differs(path, &bytes, expect) {
            None => ProbeOutcome::pass(there, "as expected"),
            Some((expected, observed)) => ProbeOutcome::not_yet(expected, observed),
        },
        (Ok(_), FileExpect::Absent) => ProbeOutcome::not_yet(gone, format!("{path} exists")),
        (Err(error), expect) if error.kind() == ErrorKind::NotFound => {
            let observed = format!("{path} does not exist");
            match expect {
                FileExpect::Absent => ProbeOutcome::pass(gone, observed),
                FileExpect::Present(_) => ProbeOutcome::not_yet(there, observed),
            }
        }
        (Err(error), _) => ProbeOutcome::cannot_tell(there, format!("cannot read {path}: {error}")),
    })
}

/// The first property that is not as expected, and what it is instead.
fn differs(path: &str, bytes: &[u8], expect: &Content) -> Option<(String, String)> {
    if let Some(wanted) = &expect.sha256 {
        let hash: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        if !hash.eq_ignore_ascii_case(wanted) {
            return Some((format!("SHA-256 {wanted}"), hash));
        }
    }
    let text = String::from_utf8_lossy(bytes);
    if let Some(rule) = &expect.text
        && !matching::meets(rule, Some(&Value::from(text.as_ref())))
    {
        return Some((format!("{path}: {rule}"), text.into_owned()));
    }
    let json =
        || serde_json::from_slice(bytes).map_err(|error| format!("{path} is not JSON: {error}"));
    let toml = || {
        let value: toml::Value = toml::from_str(&text)
            .map_err(|error| format!("{path} is not TOML: {}", error.message()))?;
        serde_json::to_value(value).map_err(|error| error.to_string())
    };
    let values = matching::values(&expect.json, path, json);
    values.and_then(|()| matching::values(&expect.toml, path, toml)).err()
}
