//! `logs`: what services printed, as they printed it.

use super::{Session, runtime_of, without_files};
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
    let (workspace, lacking) = session.to_stop()?;
    let kind = match &lacking {
        None => runtime_of(&workspace, asked)?,
        Some(error) => {
            without_files(&workspace, error);
            asked.or(runtime::active(&workspace)).unwrap_or(RuntimeKind::Local)
        }
    };
    runtime::logs(&workspace, kind, service, lines, follow, &mut term::out())?;
    Ok(Exit::Done)
}
