//! What a stranger's pack, lab, service or server may try, and must not get.
//!
//! - a link at a name that the program reads or writes (lock, progress, records, `.env`,
//!   folders): `names::*`
//! - a FIFO, a device, a socket or a folder at such a name: `names::every_name_as_every_kind_...`
//! - a record of a process whose name is a path:
//!   `links::records_whose_names_are_paths_lead_nowhere`
//! - a file that cannot be changed in the middle of an update:
//!   `links::an_update_that_meets_a_file_...`, `pinned::*`
//! - deaf children that left their session: `links::deaf_children_...`; `converge.rs` for
//!   services
//! - code of a clone that is run by looking: stand-ins, docker and kubectl of its own, plugins:
//!   `trust::looking::what_only_looks_...`, `trust::looking::looking_at_...`
//! - a lab of another user in a folder above; a change that travelled with the lab:
//!   `trust::strangers::a_strangers_lab_above_...`, `trust::strangers::a_change_that_came_...`
//! - a pack that travels with the lab, and changes:
//!   `trust::strangers::an_update_trusts_no_pack_...`
//! - files of the learner's that a manifest calls data of its services:
//!   `trust::strangers::a_purge_removes_no_files_...`
//! - another compose project of the same name: `others::a_compose_project_...`; `compose.rs`
//! - a clone or a copy that ends what the original runs: `others::two_clones_...`; `copies.rs`
//! - text that drives the terminal: names, manifests, records, logs, servers, reports:
//!   `terminals::*`, `printed::*`
//! - a port that a stranger listens on, and its share of the login: `listeners::*`
//! - a log without an end: `bounds::what_a_log_has_dropped_...`; `src/platform/process/keep.rs`
//! - templates and texts without an end, names of templates that climb; one Ctrl-C: `bounds::*`,
//!   `signals::*`
//! - no home, PATH, locale, width, streams, working folder, clock; somebody else's lab:
//!   `surroundings::*`
//! - journals, records, progress, archives, state as nobody would write them: `records::*`;
//!   `src/scaffold/fuzz.rs` for packs
//! - a docker and a kubectl that lie: `liars::*`; `doctor/` for the doctor
mod bounds;
mod liars;
mod links;
mod listeners;
mod names;
mod others;
mod pinned;
mod printed;
mod records;
mod signals;
mod surroundings;
mod terminals;
mod trust;

/// The arguments of a command that asks whether a lab is trusted, with the answer.
fn trusting<'a>(args: &[&'a str]) -> Vec<&'a str> {
    const ASK: [&str; 6] = ["up", "restart", "check", "solve", "break", "update"];
    let asks = args.iter().any(|word| ASK.contains(word)) && !args.contains(&"--trust");
    [args, if asks { &["--trust"] } else { &[] }].concat()
}
