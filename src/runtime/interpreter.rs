//! Which Python a lab's environment is made of: the first one on PATH that fits.

use std::time::Duration;

use crate::catalog::Manifest;
use crate::catalog::manifest::{Need, RuntimeKind};
use crate::catalog::units::{Version, VersionReq};
use crate::error::{Error, Result};
use crate::platform::clock;
use crate::platform::process::{self, Command, Ended};

/// One question to an interpreter.
const QUERY_TIMEOUT: Duration = Duration::from_secs(10);

/// Interpreters that are looked for, the user's own choice first.
const NAMES: [&str; 6] =
    ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python"];

/// A Python that fits.
pub(super) struct Interpreter {
    /// Where it is.
    pub(super) path: String,
    /// Its major and minor version, `3.11`: wheels are made for these.
    pub(super) series: String,
}

/// What the manifest says of Python, as an installer reads it.
pub(super) fn requirement(manifest: &Manifest, kind: RuntimeKind) -> String {
    need(manifest, kind).map_or(">=3.11".to_owned(), ToString::to_string)
}

fn need(manifest: &Manifest, kind: RuntimeKind) -> Option<&VersionReq> {
    manifest.needs(kind).iter().find_map(|need| match need {
        Need::Python(version) => Some(version),
        _ => None,
    })
}

/// The first interpreter on PATH that fits the lab, and is of this series where one is given.
///
/// # Errors
/// Exit 3 when there is none, with those that there are.
pub(super) fn find(
    manifest: &Manifest,
    kind: RuntimeKind,
    series: Option<&str>,
) -> Result<Interpreter> {
    let mut seen = Vec::new();
    for name in NAMES {
        clock::interrupted()?;
        let command = Command::new(name, QUERY_TIMEOUT).args([
            "-I",
            "-c",
            "import sys; print('%d.%d.%d' % sys.version_info[:3])",
        ]);
        let Ok(captured) = process::capture(&command) else { continue };
        let Some(version) = Version::find(&String::from_utf8_lossy(&captured.stdout))
            .filter(|_| captured.ended == Ended::Code(0))
        else {
            continue;
        };
        let [major, minor, _] = version.numbers;
        let found = format!("{major}.{minor}");
        if need(manifest, kind).is_none_or(|wanted| wanted.allows(&version))
            && series.is_none_or(|series| series == found)
        {
            let path =
                process::locate(&command).map_err(|why| Error::environment(why.to_string()))?;
            return Ok(Interpreter { path: path.display().to_string(), series: found });
        }
        seen.push(format!("{name} is {version}"));
    }
    let seen = if seen.is_empty() { "none was found".to_owned() } else { seen.join(", ") };
    let wanted = requirement(manifest, kind);
    Err(match series {
        Some(series) => {
            Error::environment(format!("what was fetched is for Python {series}: {seen}"))
                .hint(format!("install Python {series}, or fetch again with the Python of here"))
        }
        None => Error::environment(format!("this lab needs Python {wanted}: {seen}"))
            .hint("install it, or install uv, which brings its own")
            .hint("what else is missing: mlops-lab doctor"),
    })
}
