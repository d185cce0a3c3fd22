//! `logs`: what services printed, as they printed it.

use super::{Session, runtime_of};
use crate::catalog::manifest::RuntimeKind;
use crate::error::{Exit, Result};
use crate::platform::term;
use crate::runtime;

pub(super) fn run(
    session: &Session,
    service: Option<&str>,
    lines: usize,
    follow: bool,
    asked: Option<RuntimeKind>,
) -> Result<Exit> {
    let workspace = session.workspace()?;
    let kind = runtime_of(&workspace, asked)?;
    runtime::logs(&workspace, kind, service, lines, follow, &mut term::out())?;
    Ok(Exit::Done)
}
