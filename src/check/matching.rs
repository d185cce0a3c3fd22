//! Whether a value is as expected. Pure.

use serde_json::Value;

use crate::catalog::check::{Json, Match};

/// What a value by pointer is held to, in words.
pub(super) fn describe(pointer: &str, place: &str, rule: &Match) -> String {
    format!("`{pointer}` in {place}: {rule}")
}

/// Whether all values of a document are as expected; else what was expected of the first that is
/// not, and what was observed.
pub(super) fn values(
    rules: &Json,
    place: &str,
    document: impl FnOnce() -> Result<Value, String>,
) -> Result<(), (String, String)> {
    if rules.is_empty() {
        return Ok(());
    }
    let document = document().map_err(|why| (format!("JSON in {place}"), why))?;
    for (pointer, rule) in rules {
        let value = document.pointer(pointer);
        if !meets(rule, value) {
            let observed = match value {
                Some(value) => format!("`{pointer}` is {value}"),
                None => format!("there is no `{pointer}` in {document}"),
            };
            return Err((describe(pointer, place, rule), observed));
        }
    }
    Ok(())
}

/// Whether the value, or its absence, meets every rule.
pub(super) fn meets(rules: &Match, value: Option<&Value>) -> bool {
    if let Some(exists) = rules.exists
        && exists != value.is_some()
    {
        return false;
    }
    let Some(value) = value else {
        // Absence meets «no value», and nothing else.
        return rules.exists == Some(false);
    };
    let number = value.as_f64();
    let bound = |rule: Option<f64>, holds: fn(f64, f64) -> bool| {
        rule.is_none_or(|bound| number.is_some_and(|n| holds(n, bound)))
    };
    rules.eq.as_ref().is_none_or(|wanted| equal(wanted, value))
        && rules.ne.as_ref().is_none_or(|unwanted| !equal(unwanted, value))
        && bound(rules.gt, |n, b| n > b)
        && bound(rules.ge, |n, b| n >= b)
        && bound(rules.lt, |n, b| n < b)
        && bound(rules.le, |n, b| n <= b)
        && rules.matches.as_ref().is_none_or(|pattern| {
            // The manifest's reader has refused patterns that do not compile.
            regex_lite::Regex::new(pattern).is_ok_and(|regex| regex.is_match(&text(value)))
        })
        && rules.contains.as_ref().is_none_or(|part| contains(value, part))
        && rules.length.as_ref().is_none_or(|rules| {
            length(value).is_some_and(|length| meets(rules, Some(&Value::from(length))))
        })
}

/// Equal, where 1 and 1.0 are.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a == b,
            _ => a.as_f64() == b.as_f64(),
        },
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

fn contains(value: &Value, part: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| equal(item, part)),
        Value::Object(map) => part.as_str().is_some_and(|key| map.contains_key(key)),
        _ => text(value).contains(&text(part)),
    }
}

fn length(value: &Value) -> Option<usize> {
    match value {
        Value::Array(items) => Some(items.len()),
        Value::Object(map) => Some(map.len()),
        Value::String(text) => Some(text.chars().count()),
        _ => None,
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(toml: &str) -> Match {
        #[derive(serde::Deserialize)]
        struct Holder {
            m: Match,
        }
        toml::from_str::<Holder>(&format!("m = {toml}")).unwrap().m
    }

    #[test]
    fn rules_hold_or_not() {
        for (rules, value, holds) in [
            ("1", json!(1), true),
            ("1", json!(1.0), true),
            ("1.0", json!(1), true),
            ("1", json!("1"), false),
            ("9007199254740993", json!(9_007_199_254_740_992_i64), false),
            ("\"a\"", json!("a"), true),
            ("[1, 2]", json!([1.0, 2]), true),
            ("[1, 2]", json!([1, 2, 3]), false),
            ("{ ge = 1, lt = 2 }", json!(1), true),
            ("{ ge = 1, lt = 2 }", json!(2), false),
            ("{ gt = 1 }", json!("5"), false),
            ("{ ne = 3 }", json!(4), true),
            ("{ matches = \"^a.c$\" }", json!("abc"), true),
            ("{ contains = \"b\" }", json!("abc"), true),
            ("{ contains = 2 }", json!([1, 2.0]), true),
            ("{ contains = \"k\" }", json!({"k": 1}), true),
            ("{ length = 2 }", json!([1, 2]), true),
            ("{ length = { ge = 3 } }", json!("äöü"), true),
            ("{ length = 0 }", json!(7), false),
            ("{ exists = true }", json!(null), true),
            ("{ exists = false }", json!(1), false),
        ] {
            assert_eq!(meets(&rule(rules), Some(&value)), holds, "{rules} on {value}");
        }
    }

    #[test]
    fn absence_meets_only_the_rule_that_wants_it() {
        assert!(meets(&rule("{ exists = false }"), None));
        for rules in ["1", "{ ne = 1 }", "{ exists = true }", "{ lt = 5 }"] {
            assert!(!meets(&rule(rules), None), "{rules}");
        }
    }
}
