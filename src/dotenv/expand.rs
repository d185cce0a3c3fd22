//! What compose puts in place of escapes and variables in a value.

use super::Outside;

/// The escapes of a value in double quotes. An escaped dollar becomes `$$`, which [`variables`]
/// takes for a plain one.
pub(super) fn escapes(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let Some(c) = after.chars().next() else {
            out.push('\\');
            return out;
        };
        let mut taken = c.len_utf8();
        match c {
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'v' => out.push('\u{b}'),
            '$' => out.push_str("$$"),
            '"' | '\\' => out.push(c),
            '0' => {
                let digits: String =
                    after[1..].chars().take(3).take_while(char::is_ascii_digit).collect();
                taken += digits.len();
                let code = Some(&digits).filter(|digits| digits.len() == 3);
                match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
                    Some(code) => out.push(char::from(code)),
                    // As compose leaves it, without the zero that it has taken off.
                    None => out.push_str(&format!("\\{digits}")),
                }
            }
            c => {
                out.push('\\');
                out.push(c);
            }
        }
        rest = &after[taken..];
    }
    out + rest
}

/// A text with `$NAME`, `${NAME}` and `${NAME` with `:-`, `-`, `:?`, `?`, `:+` or `+` filled in;
/// what has no value is empty.
///
/// # Errors
/// A `${` that does not end or names nothing; a value that is required and not there.
pub(super) fn variables(text: &str, lookup: Outside<'_>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(after) = after.strip_prefix('{') {
            let (value, left) = braced(after, lookup)?;
            out.push_str(&value);
            rest = left;
        } else {
            let name = name(after);
            match name {
                "" => out.push('$'),
                name => out.push_str(&lookup(name).unwrap_or_default()),
            }
            rest = &after[name.len()..];
        }
    }
    Ok(out + rest)
}

/// The name with which a text begins.
fn name(text: &str) -> &str {
    let length =
        text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    if text.starts_with(|c: char| c.is_ascii_digit()) { "" } else { &text[..length] }
}

/// What stands behind `${`: its value, and the text behind it.
fn braced<'a>(text: &'a str, lookup: Outside<'_>) -> Result<(String, &'a str), String> {
    let invalid = || format!("`${{{}` is no variable", text.lines().next().unwrap_or_default());
    let name = name(text);
    let after = &text[name.len()..];
    if name.is_empty() {
        return Err(invalid());
    }
    if let Some(left) = after.strip_prefix('}') {
        return Ok((lookup(name).unwrap_or_default(), left));
    }
    let (soft, sign) = match after.strip_prefix(':') {
        Some(sign) => (true, sign),
        None => (false, after),
    };
    let kind = sign.chars().next().filter(|c| matches!(c, '-' | '?' | '+')).ok_or_else(invalid)?;
    let operand = &sign[1..];
    let close = closing(operand).ok_or_else(invalid)?;
    let (operand, left) = (&operand[..close], &operand[close + 1..]);
    // With a colon an empty value counts as none.
    let value = lookup(name);
    let there = value.as_ref().is_some_and(|value| !soft || !value.is_empty());
    let value = value.unwrap_or_default();
    let value = match (kind, there) {
        ('+', true) | ('-', false) => variables(operand, lookup)?,
        ('?', false) => {
            let why = variables(operand, lookup)?;
            return Err(if why.is_empty() {
                format!("{name} must have a value")
            } else {
                format!("{name} must have a value: {why}")
            });
        }
        _ => value,
    };
    Ok((value, left))
}

/// The brace that closes the operand: the one that balances, else the last in the line.
fn closing(operand: &str) -> Option<usize> {
    let line = operand.split('\n').next().unwrap_or_default();
    let mut open = 1;
    for (at, c) in line.char_indices() {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
    }
    line.rfind('}')
}
