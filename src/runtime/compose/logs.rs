//! The command that prints the logs of containers.

use super::BUILD;
use super::command::compose_all;
use super::container::known;
use crate::error::{Result, unknown};
use crate::platform::process::Command;
use crate::runtime::driver::LogRequest;
use crate::workspace::Workspace;

/// The command that prints what is wanted, and the services that it may name.
pub(super) fn command(ws: &Workspace, request: LogRequest<'_>) -> Result<(Command, Vec<String>)> {
    let known = if request.service.is_some() || request.json { known(ws)? } else { Vec::new() };
    if let Some(name) = request.service
        && !known.iter().any(|known| known == name)
    {
        return Err(unknown("service", name, known.iter().map(String::as_str)));
    }
    let lines = request.lines.to_string();
    let mut args = vec!["logs", "--tail", &lines];
    if request.follow {
        args.push("--follow");
    }
    args.extend(request.service);
    Ok((compose_all(ws, &args, BUILD)?, known))
}
