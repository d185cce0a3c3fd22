//! What several checks share: a program that does not run, too little of something.

use crate::doctor::check::{Class, classes};
use crate::doctor::draft::{Draft, no_answer, short};
use crate::doctor::tool::{ToolEnd, ToolOutput};
use crate::platform::process::Unfit;

classes! {
    ToolTrouble {
        Absent = "absent",
        NotExecutable = "not-executable",
        BrokenLink = "broken-link",
        BrokenInterpreter = "broken-interpreter",
        WrongArchitecture = "wrong-architecture",
        Unusable = "unusable",
        Crashed = "crashed",
        Failed = "failed",
        Late = "late",
    }
}

impl From<&Unfit> for ToolTrouble {
    fn from(why: &Unfit) -> ToolTrouble {
        match why {
            Unfit::BrokenLink => ToolTrouble::BrokenLink,
            Unfit::Folder | Unfit::Empty | Unfit::NotAProgram | Unfit::System(_) => {
                ToolTrouble::Unusable
            }
            Unfit::NotExecutable | Unfit::NoExec => ToolTrouble::NotExecutable,
            Unfit::BrokenInterpreter(_) => ToolTrouble::BrokenInterpreter,
            Unfit::WrongArchitecture => ToolTrouble::WrongArchitecture,
        }
    }
}

/// What is wrong with a program that did not end well; none when it did.
pub(super) fn trouble<C: Class + From<ToolTrouble>>(output: &ToolOutput) -> Option<Draft<C>> {
    let draft = match &output.end {
        ToolEnd::Code(0) => return None,
        ToolEnd::Absent => Draft::fail(ToolTrouble::Absent, "not on PATH"),
        ToolEnd::Unfit(why) => {
            Draft::fail(why.into(), format!("{} cannot be run: {why}", output.shown_path()))
        }
        ToolEnd::Signal(signal) => Draft::fail(ToolTrouble::Crashed, crashed(*signal)),
        ToolEnd::Late(timeout) => Draft::unknown(ToolTrouble::Late, no_answer(*timeout)),
        ToolEnd::Code(code) => Draft::fail(ToolTrouble::Failed, failed(*code, output)),
    };
    Some(draft.output(output).map(C::from))
}

pub(super) fn crashed(signal: i32) -> String {
    format!("crashed (signal {signal})")
}

pub(super) fn failed(code: i32, output: &ToolOutput) -> String {
    format!("exit code {code}: {}", short(output.message(), 160))
}

classes! {
    AmountClass {
        TooLittle = "too-little",
        Unknown = "unknown",
        Late = "late",
    }
}

/// Enough of something, or a warning.
pub(super) fn amount<C: Class + From<AmountClass>>(
    have: Option<u64>,
    want: u64,
    show: impl Fn(u64) -> String,
) -> Draft<C> {
    let draft = match have {
        None => Draft::unknown(AmountClass::Unknown, "the system does not report it"),
        Some(have) if have >= want => Draft::pass(show(have)).saw(have.to_string()),
        Some(have) => {
            let title = format!("{}; the lab needs {}", show(have), show(want));
            Draft::warn(AmountClass::TooLittle, title).saw(have.to_string())
        }
    };
    draft.map(C::from)
}

#[allow(clippy::cast_precision_loss, reason = "shown with one digit")]
pub(super) fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}
