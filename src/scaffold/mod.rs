//! From a lab and answers to files. Everything is a pure function over values but `apply`.

mod answers;
mod apply;
mod render;
mod value;

pub use answers::{Given, answers, project_name};
pub use apply::{Laid, create, overlay};
pub use render::{render, trial};

#[cfg(test)]
mod tests;
