//! `logs`: what services printed, as they printed it.

use super::{Session, runtime_of, without_files};
use crate::catalog::manifest::RuntimeKind;
use crate::cli::Logs;
use crate::error::{Exit, Result};
use crate::platform::term;
use crate::runtime::{self, Wanted};

pub(super) fn run(session: &Session, args: &Logs) -> Result<Exit> {
    let (workspace, lacking) = session.to_stop()?;
    let kind = match &lacking {
        None => runtime_of(&workspace, args.runtime)?,
        Some(error) => {
            without_files(&workspace, error);
            args.runtime.or(runtime::active(&workspace)).unwrap_or(RuntimeKind::Local)
        }
    };
    let wanted = Wanted { service: args.service.as_deref(), lines: args.lines, follow: args.follow };
    if args.raw {
        let (mut out, mut err) = term::raw();
        runtime::logs(&workspace, kind, wanted, &mut out, &mut err)?;
    } else {
        runtime::logs(&workspace, kind, wanted, &mut term::out(), &mut term::err())?;
    }
    Ok(Exit::Done)
}
