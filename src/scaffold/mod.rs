//! From a lab and answers to files. Everything is a pure function over values but `apply`.

mod answers;
mod apply;
mod attempts;
mod disk;
mod disk_space;
mod env;
mod journal;
mod lines;
mod merge;
mod plain;
mod plan;
mod questions;
mod render;
mod trial;
mod value;

pub use answers::{Given, NAME, answers, plain, project_name};
pub use apply::{AppliedFile, create, ensure_creatable, ensure_vacant, overlay, vacant};
pub use attempts::{Attempted, attempted};
pub use env::{Renewed, renew, secrets};
pub use journal::{
    By, Op, Pending, Recovered, Undone, commit, pending, possible, recover, undo, unfinished,
};
pub use lines::unified;
pub use plain::terminates;
pub use plan::{Action, Change, Policies, Policy, beside, plan};
pub use questions::{Question, questions};
pub use render::{dotenvs, render};
pub use trial::trial;

#[cfg(test)]
mod tests;

#[cfg(test)]
mod fuzz;
