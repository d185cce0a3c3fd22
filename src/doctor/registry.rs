//! All kinds of checks, and the words that `--only` and `--skip` take.

use std::sync::LazyLock;

use super::checks::subject::{Entry, Subject};
use super::checks::{client, cluster, credentials, engine, gpu, host, online, ports};
use super::checks::{prebuilt, programs, python};
use super::kind::{Group, Kind};
use crate::error::{Error, Result, nearest};

/// All subjects, in the order of the report.
pub(super) const SUBJECTS: [Subject; 18] = [
    python::SUBJECT,
    programs::SUBJECT,
    client::SUBJECT,
    engine::answers::SUBJECT,
    client::PLUGINS,
    credentials::SUBJECT,
    engine::machine::SUBJECT,
    engine::settings::SUBJECT,
    cluster::config::SUBJECT,
    cluster::api::SUBJECT,
    cluster::resources::SUBJECT,
    cluster::nodes::SUBJECT,
    cluster::kernel::SUBJECT,
    host::SUBJECT,
    prebuilt::SUBJECT,
    gpu::SUBJECT,
    ports::SUBJECT,
    online::SUBJECT,
];

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let mut entries: Vec<Entry> = SUBJECTS.iter().flat_map(|subject| (subject.entries)()).collect();
    entries.sort_by_key(|entry| entry.kind.group);
    entries
});

/// All kinds, in the order of the report.
pub fn all() -> &'static [Entry] {
    &ENTRIES
}

/// The place of a kind in the report.
pub(super) fn place(kind: &Kind) -> Option<usize> {
    all().iter().position(|entry| entry.kind == kind)
}

/// Whether a word given to `--only` or `--skip` means a check: its id, or what stands before one
/// of the dots.
pub(super) fn matches(word: &str, id: &str, kind: &Kind) -> bool {
    id.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        || (word == "kubernetes" && kind.group == Group::Kubernetes)
}

/// Refuses words for `--only` and `--skip` that mean no check.
///
/// # Errors
/// Exit 2 with the nearest id.
pub fn validate(words: &[String]) -> Result<()> {
    match words.iter().find(|word| !is_known(word)) {
        None => Ok(()),
        Some(word) => {
            let groups = ["docker", "kube", "kubernetes", "online"];
            let ids = all().iter().map(|entry| entry.kind.id);
            let error = Error::usage(format!("there is no check `{word}`"));
            let error = match nearest(word, groups.into_iter().chain(ids)) {
                Some(name) => error.hint(format!("did you mean `{name}`?")),
                None => error,
            };
            Err(error.hint("list all checks: mlops-lab doctor --list"))
        }
    }
}

fn is_known(word: &str) -> bool {
    let port = word.strip_prefix("port.").is_some_and(|port| port.parse::<u16>().is_ok());
    let tool = word.strip_prefix("tool.").is_some_and(|name| !name.is_empty());
    let image = word.starts_with("online.image.");
    port || tool || image || all().iter().any(|entry| matches(word, entry.kind.id, entry.kind))
}
