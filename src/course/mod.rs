//! The learner's state and how it moves: progress, the next step, hints, what a drill puts back.
//! Pure: `workspace` keeps it on disk.

mod hints;
mod place;
mod progress;
pub mod put_back;
mod target;

pub use hints::hints;
pub use place::over;
pub use progress::Progress;
pub use target::{Target, steps};
