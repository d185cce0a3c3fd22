//! The learner's state and how it moves: where one is, what is over, what a drill saves. Deciding
//! is pure; the disk is `snapshot`'s.

mod keep;
pub mod place;
pub mod snapshot;
