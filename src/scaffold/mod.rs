//! From a lab and answers to files. Everything is a pure function over values but `apply`.

mod answers;
mod apply;
mod env;
mod journal;
mod merge;
mod plan;
mod render;
mod value;

pub use answers::{Given, answers, plain, project_name};
pub use apply::{Laid, create, free, overlay, vacant};
pub use env::{renew, secrets};
pub use journal::{Op, Recovered, Undone, commit, recover, undo, unfinished};
pub use plan::{Action, Change, Policy, plan};
pub use render::{render, trial};

#[cfg(test)]
mod tests;
