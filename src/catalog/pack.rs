//! `pack.toml`: what a pack says of itself, and whether this program can read it.

use serde::Deserialize;

use super::lint::Finding;
use super::parse::{Problem, locate};
use super::units::{Version, VersionReq};
use crate::error::{Error, Result};

/// The file's name, at the top of a pack.
pub const FILE: &str = "pack.toml";

/// How the labs in this binary are called where a pack is named: no pack may have that name.
pub const BUILTIN: &str = "builtin";

/// A whole `pack.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// What it is called: a-z, 0-9 and -.
    pub name: String,
    /// Its version, as its authors count.
    pub version: String,
    /// The versions of this program that can read it.
    #[serde(default, rename = "mlops-lab")]
    pub requires: Option<VersionReq>,
    /// Where it can be had: an address for people.
    #[serde(default)]
    pub source: Option<String>,
}

/// The rule that a `pack.toml` is one.
pub const RULE: &str = "pack";

/// Reads a `pack.toml`; `shown` names it in errors.
///
/// # Errors
/// Exit 2 with the place when it cannot be read; with the version that is needed when this program
/// is too old for it, before anything else is held against it.
pub fn pack(text: &str, shown: &str) -> Result<Pack> {
    read(text, shown).map_err(|(problem, hint)| {
        let error = Error::from(Finding { problem, text: text.to_owned(), rule: RULE });
        hint.iter().fold(error, |error, hint| error.hint(hint.as_str()))
    })
}

/// The same, with the problem as a value, and what to do about it.
pub fn read(text: &str, shown: &str) -> Result<Pack, (Problem, Option<String>)> {
    let problem = |span, message| Problem { file: shown.to_owned(), span, message };
    let parsed = toml::from_str::<Pack>(text);
    // The requirement first: a newer form must not be reported as a pile of unknown keys.
    let required = match &parsed {
        Ok(pack) => pack.requires.clone(),
        Err(_) => requirement(text),
    };
    if let Some(required) = required
        && let Some(own) = Version::find(env!("CARGO_PKG_VERSION"))
        && !required.allows(&own)
    {
        let message = format!("this pack needs mlops-lab {required}, and this is {own}");
        let hint = "use an mlops-lab that it allows, or another version of the pack";
        let source = parsed.ok().and_then(|pack| pack.source);
        let hint = source.map_or(hint.to_owned(), |source| format!("{hint}: {source}"));
        return Err((problem(locate(text, &["mlops-lab".into()]), message), Some(hint)));
    }
    let pack = parsed.map_err(|error| {
        (problem(error.span(), error.message().trim().replace('\n', ", ")), None)
    })?;
    match wrong(&pack) {
        None => Ok(pack),
        Some((key, message)) => Err((problem(locate(text, &[key.into()]), message), None)),
    }
}

fn requirement(text: &str) -> Option<VersionReq> {
    let table: toml::Table = toml::from_str(text).ok()?;
    table.get("mlops-lab")?.as_str()?.parse().ok()
}

/// What the types alone cannot hold: the key, and what is wrong with its value.
fn wrong(pack: &Pack) -> Option<(&'static str, String)> {
    let Pack { name, version, source, .. } = pack;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(plain) {
        return Some(("name", format!("name: expected a-z, 0-9 and -, got {name:?}")));
    }
    if name == BUILTIN {
        let message = format!("name: `{BUILTIN}` means the labs in mlops-lab itself");
        return Some(("name", message));
    }
    let odd = |c: char| !c.is_ascii_alphanumeric() && !".+-".contains(c);
    if Version::find(version).is_none() || version.chars().any(odd) {
        let message = format!("version: expected one such as \"1.2.0\", got {version:?}");
        return Some(("version", message));
    }
    let address = |text: &String| text.trim().is_empty() || text.chars().any(char::is_control);
    source.as_ref().filter(|source| address(source)).map(|_| {
        ("source", "source: expected an address where the pack can be had, on one line".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(text: &str) -> String {
        pack(text, "p/pack.toml").unwrap_err().to_string()
    }

    #[test]
    fn a_pack_says_its_name_and_version_and_what_it_needs() {
        let text = "name = \"acme\"\nversion = \"1.2.0\"\nmlops-lab = \">=0.1\"\n\
                    source = \"https://example.com/acme\"\n";
        let read = pack(text, "pack.toml").unwrap();
        assert_eq!((read.name.as_str(), read.version.as_str()), ("acme", "1.2.0"));
        assert_eq!(read.source.as_deref(), Some("https://example.com/acme"));
    }

    #[test]
    fn what_a_newer_program_must_read_is_refused_with_the_version_and_nothing_else() {
        let newer = "name = \"acme\"\nversion = \"1.0\"\nmlops-lab = \">=99.0\"\nnew = true\n";
        let error = pack(newer, "p/pack.toml").unwrap_err();
        let own = env!("CARGO_PKG_VERSION");
        assert_eq!(
            error.to_string(),
            format!("p/pack.toml:3:13: this pack needs mlops-lab >=99.0, and this is {own}")
        );
        assert!(!error.hints().is_empty());
    }

    #[test]
    fn mistakes_have_their_place_or_their_key() {
        for (text, expected) in [
            ("name = \"acme\"\n", "missing field `version`"),
            ("name = \"acme\"\nversion = \"1.0\"\nautor = 1\n", "p/pack.toml:3:1: unknown field"),
            ("name = \"A b\"\nversion = \"1.0\"\n", "name: expected a-z, 0-9 and -, got \"A b\""),
            ("name = \"builtin\"\nversion = \"1.0\"\n", "the labs in mlops-lab itself"),
            ("name = \"acme\"\nversion = \"new\"\n", "version: expected one such as"),
            ("name = \"acme\"\nversion = \"1.0\"\nsource = \" \"\n", "source: expected an address"),
            ("name = \"acme\"\nversion = \"1.0\"\nmlops-lab = \"1\"\n", "version requirement"),
        ] {
            assert!(why(text).contains(expected), "{text}: {}", why(text));
        }
    }
}
