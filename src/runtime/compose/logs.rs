//! The command that prints the logs of containers.

use super::BUILD;
use super::command::compose_all;
use super::container::known;
use crate::error::{Result, unknown};
use crate::platform::process::Command;
use crate::runtime::driver::Wanted;
use crate::workspace::Workspace;

/// The command that prints what is wanted, and the services that it may name.
pub(in crate::runtime) fn logs(
    ws: &Workspace,
    wanted: Wanted<'_>,
) -> Result<(Command, Vec<String>)> {
    let known = if wanted.service.is_some() || wanted.json { known(ws)? } else { Vec::new() };
    if let Some(name) = wanted.service
        && !known.iter().any(|known| known == name)
    {
        return Err(unknown("service", name, known.iter().map(String::as_str)));
    }
    let lines = wanted.lines.to_string();
    let mut args = vec!["logs", "--tail", &lines];
    if wanted.follow {
        args.push("--follow");
    }
    args.extend(wanted.service);
    Ok((compose_all(ws, &args, BUILD)?, known))
}
