//! The learner's state and how it moves: progress, the next step, hints, drills, what they put
//! back.
//! Pure: `workspace` keeps it on disk.

pub mod drill;
mod hints;
mod judging;
mod path;
mod place;
mod progress;
pub mod put_back;
mod target;

pub use hints::ladder;
pub use judging::{Wanted, next_target, record};
pub use path::labs_after;
pub use place::over;
pub use progress::Progress;
pub use target::{Target, steps};

#[cfg(test)]
mod tests;
