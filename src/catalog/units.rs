//! Durations, sizes and versions as a manifest writes them: `"5s"`, `"1GB"`, `">=3.11"`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A length of time written as `500ms`, `5s` or `2m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Within(pub Duration);

impl FromStr for Within {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = split_unit(text);
        let value: u64 =
            number.parse().map_err(|_| format!("`{text}` is not a duration such as \"5s\""))?;
        let millis = match unit {
            "ms" => Some(value),
            "s" => value.checked_mul(1000),
            "m" => value.checked_mul(60_000),
            _ => {
                return Err(format!(
                    "`{text}` is not a duration such as \"500ms\", \"5s\" or \"2m\""
                ));
            }
        };
        let millis = millis.filter(|ms| *ms > 0 && *ms <= 86_400_000);
        millis
            .map(|ms| Within(Duration::from_millis(ms)))
            .ok_or_else(|| format!("`{text}` is outside 1 ms to 24 h"))
    }
}

impl fmt::Display for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millis();
        if ms.is_multiple_of(60_000) {
            write!(f, "{}m", ms / 60_000)
        } else if ms.is_multiple_of(1000) {
            write!(f, "{}s", ms / 1000)
        } else {
            write!(f, "{ms}ms")
        }
    }
}

/// A number of bytes written as `200MB` or `1GB` (decimal, as disks and clouds count) or `1GiB`
/// (binary).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Size(pub u64);

impl FromStr for Size {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = split_unit(text);
        let value: u64 =
            number.parse().map_err(|_| format!("`{text}` is not a size such as \"1GB\""))?;
        let scale: u64 = match unit {
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => {
                return Err(format!(
                    "`{text}` is not a size such as \"200MB\", \"1GB\" or \"1GiB\""
                ));
            }
        };
        value.checked_mul(scale).map(Size).ok_or_else(|| format!("`{text}` is too large"))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (scale, unit) in
            [(1 << 30, "GiB"), (1_000_000_000, "GB"), (1 << 20, "MiB"), (1_000_000, "MB")]
        {
            if self.0 >= scale && self.0.is_multiple_of(scale) {
                return write!(f, "{}{unit}", self.0 / scale);
            }
        }
        write!(f, "{}MB", self.0.div_ceil(1_000_000))
    }
}

fn split_unit(text: &str) -> (&str, &str) {
    let text = text.trim();
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (&text[..at], text[at..].trim())
}

/// A version as tools print it, reduced to its first two or three numbers: `v1.29.4-gke.1043002` is
/// 1.29.4.
///
/// Strict semantic versions are not what kubectl, Docker or Debian print (helm#3810), so only the
/// numbers are compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Major, minor, patch; a missing patch is 0.
    pub numbers: [u64; 3],
    /// Said to be alpha, beta or a release candidate.
    pub prerelease: bool,
}

impl Version {
    /// The first `major.minor[.patch]` in `text`, or none.
    pub fn find(text: &str) -> Option<Version> {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            if bytes[at].is_ascii_digit() {
                let end = at
                    + text[at..]
                        .find(|c: char| !c.is_ascii_digit() && c != '.')
                        .unwrap_or(text.len() - at);
                let numbers: Vec<u64> =
                    text[at..end].split('.').map_while(|n| n.parse().ok()).collect();
                if numbers.len() >= 2 {
                    let rest = text[end..]
                        .split_whitespace()
                        .next()
                        .unwrap_or_default()
                        .to_ascii_lowercase();
                    let prerelease = ["alpha", "beta", "rc"].iter().any(|word| rest.contains(word));
                    let patch = numbers.get(2).copied().unwrap_or(0);
                    return Some(Version { numbers: [numbers[0], numbers[1], patch], prerelease });
                }
                at = end.max(at + 1);
            } else {
                at += 1;
            }
        }
        None
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// A requirement such as `">=3.11"`, `">=3.11, <3.15"` or `"*"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionReq {
    text: String,
    rules: Vec<(Op, Version)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    AtLeast,
    Below,
}

impl VersionReq {
    /// Whether `version` meets every part of the requirement.
    pub fn allows(&self, version: &Version) -> bool {
        self.rules.iter().all(|(op, bound)| match op {
            Op::AtLeast => version.numbers >= bound.numbers,
            Op::Below => version.numbers < bound.numbers,
        })
    }
}

impl VersionReq {
    /// Any version will do.
    pub fn any() -> Self {
        VersionReq { text: "*".to_owned(), rules: Vec::new() }
    }
}

impl FromStr for VersionReq {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || {
            format!(
                "`{text}` is not a version requirement such as \">=3.11\", \">=3.11, <3.15\" or \
                \"*\""
            )
        };
        let mut rules = Vec::new();
        if text.trim() != "*" {
            for part in text.split(',') {
                let part = part.trim();
                let (op, version) = if let Some(rest) = part.strip_prefix(">=") {
                    (Op::AtLeast, rest)
                } else if let Some(rest) = part.strip_prefix('<') {
                    (Op::Below, rest)
                } else {
                    return Err(bad());
                };
                let version = version.trim();
                if !version.chars().all(|c| c.is_ascii_digit() || c == '.') {
                    return Err(bad());
                }
                rules.push((op, Version::find(version).ok_or_else(bad)?));
            }
        }
        Ok(VersionReq { text: text.to_owned(), rules })
    }
}

impl fmt::Display for VersionReq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

macro_rules! text_form {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.to_string()
            }
        }
    )*};
}
text_form!(Within, Size, VersionReq);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_read_back_as_written() {
        for text in ["500ms", "5s", "2m", "90s"] {
            assert_eq!(text.parse::<Within>().unwrap().to_string(), text);
        }
        for text in ["200MB", "1GB", "4GiB", "512MiB"] {
            assert_eq!(text.parse::<Size>().unwrap().to_string(), text);
        }
        for text in ["", "5", "s", "-1s", "0s", "99999999999999999999s", "25000m"] {
            assert!(text.parse::<Within>().is_err(), "{text}");
        }
        assert!("1TB".parse::<Size>().is_err());
    }

    #[test]
    fn versions_are_found_in_what_tools_print() {
        for (text, numbers) in [
            ("v1.29.4-gke.1043002", [1, 29, 4]),
            ("1.32.4-dispatcher", [1, 32, 4]),
            ("2.26.1-4", [2, 26, 1]),
            ("Docker version 28.2.2, build e6534b4", [28, 2, 2]),
            ("Python 3.11.7", [3, 11, 7]),
            ("uv 0.13.9 (abc 2026-01-01)", [0, 13, 9]),
            ("git version 2.47", [2, 47, 0]),
        ] {
            assert_eq!(Version::find(text).unwrap().numbers, numbers, "{text}");
        }
        assert!(Version::find("no version 7 here").is_none());
        assert!(Version::find("3.14.0rc1").unwrap().prerelease);
        assert!(!Version::find("1.29.4-gke.1").unwrap().prerelease);
    }

    #[test]
    fn requirements_compare_numbers_not_text() {
        let req: VersionReq = ">=3.11, <3.15".parse().unwrap();
        assert!(req.allows(&Version::find("3.11.0").unwrap()));
        assert!(!req.allows(&Version::find("3.9.20").unwrap()));
        assert!(!req.allows(&Version::find("3.15.0").unwrap()));
        assert!("*".parse::<VersionReq>().unwrap().allows(&Version::find("0.1").unwrap()));
        for text in ["3.11", "^3", ">=", ">=x", ">=1.2-rc1", ""] {
            assert!(text.parse::<VersionReq>().is_err(), "{text}");
        }
    }
}
