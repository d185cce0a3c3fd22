//! Paths and words as they can be pasted into a shell.

use std::path::Path;

/// A path as it can be pasted into a shell.
pub(super) fn pasteable(path: &Path) -> String {
    let text = path.display().to_string();
    // Not an option.
    quoted(&if text.starts_with('-') { format!("./{text}") } else { text })
}

/// A word as it can be pasted into a shell.
pub(super) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,@%=:".contains(c);
    // At its head zsh takes it for the path of a program.
    if !text.is_empty() && text.chars().all(plain) && !text.starts_with('=') {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_can_be_pasted_also_with_spaces_and_quotes() {
        assert_eq!(pasteable(Path::new("labs/a-b")), "labs/a-b");
        assert_eq!(pasteable(Path::new("-x")), "./-x");
        assert_eq!(quoted("=x"), "'=x'");
        assert_eq!(pasteable(Path::new("my labs/it's")), r"'my labs/it'\''s'");
    }
}
