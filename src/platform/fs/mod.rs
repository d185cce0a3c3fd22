//! Files: bounded reads, writes that leave the old file or the new one, walks that follow no links.
#![allow(clippy::disallowed_methods, reason = "the one place that uses std::fs")]

mod read;
mod tree;
mod write;

pub use read::{
    READ_LIMIT, last_lines, length, modified, open, read, read_io, read_optional, read_text, tail,
};
pub use tree::{Kind, folders, kind, names, size, visit, walk};
pub use write::{
    Mode, append, bits, create, lock_folder, make_folder, make_new_folder, may_change, open_lock,
    remove, remove_if_empty, remove_tree, rename, set_bits, write, write_as,
};
