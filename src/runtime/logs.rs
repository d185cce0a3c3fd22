//! Logs that a command of docker or kubectl prints.

use std::io::Write;

use super::driver::LogRequest;
use super::json_lines::JsonLines;
use crate::error::{Error, Result};
use crate::platform::process::{self, Command, Ended};

/// Prints what the command prints, as lines of JSON when that is asked for. `names` are the
/// services that its lines may begin with.
///
/// # Errors
/// Exit 3 when the command fails.
pub(super) fn print(
    what: &str,
    (command, names): (Command, Vec<String>),
    request: LogRequest<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<()> {
    let ended = if request.json {
        process::forward_output(&command, &mut JsonLines::new(out, names), err)
    } else {
        process::forward_output(&command, out, err)
    };
    match ended? {
        None | Some(Ended::Code(0)) => Ok(()),
        Some(ended) => Err(Error::environment(format!("{what} ended with {ended}"))),
    }
}
