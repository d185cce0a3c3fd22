//! The learner's state and how it moves: what is judged, what is over, what a drill saves. Deciding is pure; the disk is `snapshot`'s.

mod keep;
pub mod snapshot;
