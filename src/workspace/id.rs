//! Random ids of labs: in the record, in the run state, on every process.

use crate::error::{Error, Result};

/// Sixteen hexadecimal digits.
///
/// # Errors
/// Exit 3 when the system gives no random numbers.
pub(super) fn new_id() -> Result<String> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| {
        Error::environment("the system gives no random numbers").because(error.to_string())
    })?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
