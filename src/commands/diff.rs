//! `diff`: what the learner changed since `init`.

use std::io::{self, Write};

use serde::Serialize;

use super::{Session, View};
use crate::catalog::tree::RelPath;
use crate::error::{Exit, Result};
use crate::platform::inside::{self, cannot};
use crate::platform::term::{self, BAD, BOLD, GOOD};
use crate::scaffold;

/// Where a part of a diff stands.
const HUNK: anstyle::Style = anstyle::AnsiColor::Cyan.on_default();

#[derive(Serialize)]
pub(super) struct Changed {
    files: Vec<RelPath>,
    removed: Vec<RelPath>,
    diff: String,
}

pub(super) fn run(session: &Session) -> Result<Changed> {
    let workspace = session.workspace()?;
    let mut changed = Changed { files: Vec::new(), removed: Vec::new(), diff: String::new() };
    for (path, base) in workspace.base()? {
        let (root, place) = (workspace.root(), path.as_str());
        match inside::content(root, place).map_err(cannot("read", root, place))? {
            None => changed.removed.push(path),
            Some((bytes, _)) if bytes != base.bytes => {
                changed.diff.push_str(&unified(&path, &base.bytes, &bytes));
                changed.files.push(path);
            }
            Some(_) => {}
        }
    }
    Ok(changed)
}

/// A unified diff of one file; empty when nothing differs. What `.env` files hold is not shown.
pub(super) fn unified(path: &RelPath, old: &[u8], new: &[u8]) -> String {
    if old == new {
        return String::new();
    }
    if path.is_secret() {
        return format!("{path} differs (it may hold secrets: not shown)\n");
    }
    let (Ok(old), Ok(new)) = (std::str::from_utf8(old), std::str::from_utf8(new)) else {
        return format!("binary file {path} differs\n");
    };
    scaffold::unified(path.as_str(), old, new)
}

/// A unified diff in the colours of git. Its control characters are shown, not obeyed.
pub(super) fn coloured(diff: &str, out: &mut dyn Write) -> io::Result<()> {
    for line in term::escape(diff).lines() {
        let style = match line.as_bytes() {
            [b'+' | b'-', b'+' | b'-', ..]
                if line.starts_with("+++ ") || line.starts_with("--- ") =>
            {
                BOLD
            }
            [b'+', ..] => GOOD,
            [b'-', ..] => BAD,
            [b'@', b'@', ..] => HUNK,
            _ => anstyle::Style::new(),
        };
        writeln!(out, "{style}{line}{style:#}")?;
    }
    Ok(())
}

impl View for Changed {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        coloured(&self.diff, out)?;
        for path in &self.removed {
            writeln!(out, "removed: {path}")?;
        }
        if self.files.is_empty() && self.removed.is_empty() {
            writeln!(out, "nothing is changed since `mlops-lab init`")?;
        }
        Ok(())
    }

    fn exit(&self) -> Exit {
        Exit::Done
    }
}
