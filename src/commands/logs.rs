//! `logs`: what services printed, as they printed it.

use super::{Session, runtime_of, warn_without_files};
use crate::cli::Logs;
use crate::error::{Error, Exit, Result};
use crate::platform::term;
use crate::runtime::{self, LogRequest};
use crate::workspace::Trust;

pub(super) fn run(session: &Session, args: &Logs) -> Result<Exit> {
    if session.json && args.raw {
        return Err(Error::usage("--json and --raw cannot be combined").hint("omit one of them"));
    }
    let (workspace, lacking) = session.workspace_to_stop()?;
    let kind = match &lacking {
        None => runtime_of(&workspace, args.runtime)?,
        Some(error) => {
            warn_without_files(&workspace, error);
            args.runtime.or(runtime::active(&workspace)).unwrap_or_default()
        }
    };
    // Logs of processes are files of ours; docker and kubectl would read the lab's.
    if !runtime::logs_are_files(kind)
        && runtime::active(&workspace).is_none()
        && workspace.trust_level()? != Trust::Given
    {
        return Err(Error::no("nothing was started here, so there are no logs")
            .hint("review what the lab would run, and start it: mlops-lab up"));
    }
    let request = LogRequest {
        service: args.service.as_deref(),
        lines: args.lines,
        follow: args.follow,
        json: session.json,
    };
    if args.raw {
        let (mut out, mut err) = term::raw();
        runtime::logs(&workspace, kind, request, &mut out, &mut err)?;
    } else {
        runtime::logs(&workspace, kind, request, &mut term::out(), &mut term::err())?;
    }
    Ok(Exit::Done)
}
