//! The rules that a value is held to: equal to, at least, matching, of a length.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a value is held to: a plain value means equal; a table combines rules, all of which must
/// hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Match {
    /// Equal; numbers compare as numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eq: Option<Value>,
    /// Not equal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ne: Option<Value>,
    /// Greater than.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gt: Option<f64>,
    /// At least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ge: Option<f64>,
    /// Less than.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lt: Option<f64>,
    /// At most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub le: Option<f64>,
    /// A regular expression found in the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matches: Option<String>,
    /// Text found in the text, or an element of the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contains: Option<Value>,
    /// The length of a list, text or table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<Box<Match>>,
    /// Whether there is such a value at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exists: Option<bool>,
}

/// The table form of a [`Match`], apart from it so that toml's own error names the line and the
/// known keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    eq: Option<Value>,
    ne: Option<Value>,
    gt: Option<Number>,
    ge: Option<Number>,
    lt: Option<Number>,
    le: Option<Number>,
    matches: Option<String>,
    contains: Option<Value>,
    length: Option<Box<Match>>,
    exists: Option<bool>,
}

/// A number, or a text that becomes one when the lab is rendered: `"<[ rows ]>"`.
struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        match Value::deserialize(deserializer)? {
            // Nothing is judged by a manifest that is not rendered.
            Value::String(text) if text.contains("<[") => Ok(Number(f64::NAN)),
            Value::String(text) => text.parse().map(Number).map_err(|_| {
                D::Error::custom(format!(
                    "expected a number, or a variable such as \"<[ rows ]>\", got \"{text}\""
                ))
            }),
            value => value
                .as_f64()
                .map(Number)
                .ok_or_else(|| D::Error::custom(format!("expected a number, got {value}"))),
        }
    }
}

impl<'de> Deserialize<'de> for Match {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let value = Value::deserialize(deserializer)?;
        if !value.is_object() {
            return Ok(Match { eq: Some(value), ..Match::default() });
        }
        let Rules { eq, ne, gt, ge, lt, le, matches, contains, length, exists } =
            serde_json::from_value(value).map_err(D::Error::custom)?;
        if let Some(pattern) = &matches {
            regex_lite::Regex::new(pattern)
                .map_err(|error| D::Error::custom(format!("`{pattern}`: {error}")))?;
        }
        let [gt, ge, lt, le] = [gt, ge, lt, le].map(|bound| bound.map(|Number(number)| number));
        let rules = Match { eq, ne, gt, ge, lt, le, matches, contains, length, exists };
        if rules == Match::default() {
            return Err(D::Error::custom("an empty table expects nothing"));
        }
        Ok(rules)
    }
}

impl fmt::Display for Match {
    /// The rule as words: `at least 1 and below 10`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        words.extend(self.eq.as_ref().map(ToString::to_string));
        words.extend(self.ne.as_ref().map(|value| format!("not {value}")));
        words.extend(self.gt.map(|bound| format!("above {bound}")));
        words.extend(self.ge.map(|bound| format!("at least {bound}")));
        words.extend(self.lt.map(|bound| format!("below {bound}")));
        words.extend(self.le.map(|bound| format!("at most {bound}")));
        words.extend(self.matches.as_ref().map(|pattern| format!("text that matches /{pattern}/")));
        words.extend(self.contains.as_ref().map(|part| format!("something with {part}")));
        words.extend(self.length.as_ref().map(|length| format!("a length of {length}")));
        words
            .extend(self.exists.map(|there| if there { "a value" } else { "no value" }.to_owned()));
        f.write_str(&words.join(" and "))
    }
}
