//! Templates whose rendering ends by itself and stays small: holes with a name in them, nothing
//! that repeats or computes. Pure.

use crate::catalog::{Files, Lab};

/// The most that filled holes may hold together, in bytes.
const MOST: usize = 64 << 20;

/// Whether rendering all templates of a lab takes as long as they are long, and not more memory
/// than that and [`MOST`].
pub fn terminates(lab: &Lab) -> bool {
    let below = |files: &Files| {
        files
            .iter()
            .try_fold(0, |all, (path, bytes)| Some(all + holes(path.as_bytes())? + holes(bytes)?))
    };
    // What fills a hole stands in the manifest, or was typed.
    let fill = |count: usize| count.saturating_mul(lab.text.len()) <= MOST;
    matches!((below(&lab.template), below(&lab.knowledge)), (Some(a), Some(b)) if fill(a + b))
}

/// How many holes a text has; none where one holds more than a name: tags may loop, filters and
/// functions may grow what they are given.
fn holes(text: &[u8]) -> Option<usize> {
    let (mut rest, mut count) = (text, 0);
    while let Some(at) = rest.iter().position(|byte| *byte == b'<') {
        rest = &rest[at + 1..];
        match rest.first() {
            Some(b'%') => return None,
            Some(b'[') => {
                let inside = &rest[1..];
                let name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_. ".contains(byte);
                let length = inside.iter().take_while(|byte| name(byte)).count();
                if !inside[length..].starts_with(b"]>") {
                    return None;
                }
                count += 1;
            }
            _ => {}
        }
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_holes_are_plain_and_whatever_may_repeat_is_not() {
        for (plain, count) in [
            ("", 0),
            ("a <b> c", 0),
            ("<[ name ]>", 1),
            ("<[lab.id]> and <[ port ]>", 2),
            ("<# no #> 1 < 2", 0),
        ] {
            assert_eq!(holes(plain.as_bytes()), Some(count), "{plain}");
        }
        for other in [
            "<% for x in range(end=9) %>",
            "<[ a | upper ]>",
            "<[ range(end=9) ]>",
            "<[ a ~ a ]>",
            "<[ \"x\" ]>",
            "<[ open",
            "ok <[ a ]> <%- set b = 1 %>",
        ] {
            assert_eq!(holes(other.as_bytes()), None, "{other}");
        }
    }
}
