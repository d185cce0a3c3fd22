//! Questions on a real (pseudo) terminal: what is asked, what is refused, how one leaves, and what
//! is then on the disk.
mod answers;
mod bench;
mod files;
