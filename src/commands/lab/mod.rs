//! `lab ...`: for people who write labs.

mod lint;
mod new;
mod test;

use std::io::{self, Write};

use serde::Serialize;

use super::View;
use crate::catalog;

pub(super) use lint::lint;
pub(super) use new::new;
pub(super) use test::test;

/// `lab format`
#[derive(Serialize)]
pub(super) struct Format {
    text: &'static str,
}

pub(super) fn format() -> Format {
    Format { text: catalog::format() }
}

impl View for Format {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{}", self.text)
    }
}

/// `1 problem`, `2 problems`
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
