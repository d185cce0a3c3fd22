//! The disk, as far as a change needs it. Tests put one in its place that fails, or dies, at the
//! moment they choose.

use std::path::Path;

use crate::catalog::tree::RelPath;
use crate::error::{Error, Result};
use crate::platform::fs;
use crate::platform::fs::Mode;
use crate::platform::inside::{self, Exchange, cannot};

pub(super) trait Disk {
    // A new folder, which nobody else knows yet.

    /// A file among what is not valid yet.
    fn write(&self, path: &Path, bytes: &[u8], mode: Mode) -> Result<()>;
    /// A folder and those above it.
    fn make_folder(&self, path: &Path) -> Result<()>;
    /// A folder that nobody has; whether it was made.
    fn make_new_folder(&self, path: &Path) -> Result<bool>;
    fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()>;
    fn remove_tree(&self, path: &Path) -> Result<()>;
    /// A folder, if it is empty.
    fn remove_if_empty(&self, path: &Path);

    // A lab: every path is below its root, and no link is followed.

    /// A file that is not there yet, among what is not valid yet. The folders above it are made.
    fn stage(&self, root: &Path, path: &str, bytes: &[u8], mode: Mode) -> Result<()>;
    /// A file that is there whole or not at all. The folders above it are made.
    fn write_whole(&self, root: &Path, path: &str, bytes: &[u8], mode: Mode) -> Result<()>;
    /// Another name for a file or a folder of our own.
    fn rename_in(&self, root: &Path, from: &str, to: &str) -> Result<()>;
    /// A folder of our own and all below it.
    fn remove_tree_in(&self, root: &Path, path: &str) -> Result<()>;
    /// A folder, if it is empty.
    fn remove_empty_in(&self, root: &Path, path: &str);
    /// A file to its place in the project.
    fn move_in(&self, root: &Path, from: &str, to: &RelPath) -> Result<()>;
    /// A file to its place in the project, and what is there to its name, in one step.
    fn exchange(&self, root: &Path, from: &str, to: &RelPath) -> Result<Exchange>;
    /// A file out of the project; whether there was one.
    fn move_out(&self, root: &Path, path: &RelPath, to: &str) -> Result<bool>;
    /// The folders above a place in the project.
    fn create_parents(&self, root: &Path, path: &RelPath) -> Result<()>;
}

/// The machine's own.
pub(super) struct Real;

impl Disk for Real {
    fn write(&self, path: &Path, bytes: &[u8], mode: Mode) -> Result<()> {
        fs::create(path, bytes, mode).map_err(|error| {
            Error::environment(format!("cannot write {}", path.display())).because(error)
        })
    }
    fn make_folder(&self, path: &Path) -> Result<()> {
        fs::make_folder(path)
    }
    fn make_new_folder(&self, path: &Path) -> Result<bool> {
        match fs::make_new_folder(path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => {
                Err(Error::environment(format!("cannot make the folder {}", path.display()))
                    .because(error))
            }
        }
    }
    fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        fs::rename(from, to)
    }
    fn remove_tree(&self, path: &Path) -> Result<()> {
        fs::remove_tree(path)
    }
    fn remove_if_empty(&self, path: &Path) {
        fs::remove_if_empty(path);
    }
    fn stage(&self, root: &Path, path: &str, bytes: &[u8], mode: Mode) -> Result<()> {
        inside::create(root, path, bytes, mode).map_err(cannot("write", root, path))
    }
    fn write_whole(&self, root: &Path, path: &str, bytes: &[u8], mode: Mode) -> Result<()> {
        inside::write(root, path, bytes, mode).map_err(cannot("write", root, path))
    }
    fn rename_in(&self, root: &Path, from: &str, to: &str) -> Result<()> {
        inside::rename(root, from, to).map_err(cannot("write", root, to))
    }
    fn remove_tree_in(&self, root: &Path, path: &str) -> Result<()> {
        inside::remove_tree(root, path).map_err(cannot("remove", root, path))
    }
    fn remove_empty_in(&self, root: &Path, path: &str) {
        inside::remove_if_empty(root, path);
    }
    fn move_in(&self, root: &Path, from: &str, to: &RelPath) -> Result<()> {
        inside::move_in(root, from, to.as_str()).map_err(cannot("write", root, to.as_str()))
    }
    fn exchange(&self, root: &Path, from: &str, to: &RelPath) -> Result<Exchange> {
        inside::exchange(root, from, to.as_str()).map_err(cannot("write", root, to.as_str()))
    }
    fn move_out(&self, root: &Path, path: &RelPath, to: &str) -> Result<bool> {
        inside::move_out(root, path.as_str(), to).map_err(cannot("remove", root, path.as_str()))
    }
    fn create_parents(&self, root: &Path, path: &RelPath) -> Result<()> {
        inside::create_parents(root, path.as_str()).map_err(cannot(
            "make the folders above",
            root,
            path.as_str(),
        ))
    }
}

#[cfg(test)]
pub(super) mod faulty {
    //! A disk that works for a while.

    use std::cell::Cell;
    use std::io;

    use super::*;

    /// What the disk does when its time has come.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Fault {
        /// Once, with this error of the system; afterwards it works.
        Once(io::ErrorKind),
        /// Always, with this error of the system, but removing works: a full disk.
        Full(io::ErrorKind),
        /// Nothing works any more, as after a kill: the cleaning up is not done either.
        Death,
        /// One step is refused, then it works so many times, then as after a kill.
        Refusal(u32),
    }

    impl Fault {
        pub const ALL: [Fault; 5] = [
            Fault::Once(io::ErrorKind::StorageFull),
            Fault::Once(io::ErrorKind::PermissionDenied),
            Fault::Once(io::ErrorKind::Other),
            Fault::Full(io::ErrorKind::StorageFull),
            Fault::Death,
        ];
    }

    /// A disk that works `left` times and then fails. A write that fails leaves a part of the file,
    /// as the real one does.
    pub struct Faulty {
        pub left: Cell<u32>,
        pub fault: Fault,
        pub failed: Cell<bool>,
    }

    impl Faulty {
        pub fn new(left: u32, fault: Fault) -> Faulty {
            Faulty { left: Cell::new(left), fault, failed: Cell::new(false) }
        }

        /// `frees`: whether the step makes room rather than taking it.
        fn may(&self, frees: bool) -> io::Result<()> {
            if self.failed.get() {
                return match self.fault {
                    Fault::Once(_) => Ok(()),
                    Fault::Full(kind) if !frees => Err(kind.into()),
                    Fault::Full(_) => Ok(()),
                    Fault::Death => Err(io::Error::other("dead")),
                    Fault::Refusal(_) if self.left.get() == 0 => Err(io::Error::other("dead")),
                    Fault::Refusal(_) => {
                        self.left.set(self.left.get() - 1);
                        Ok(())
                    }
                };
            }
            if self.left.get() == 0 {
                self.failed.set(true);
                return Err(match self.fault {
                    Fault::Once(kind) | Fault::Full(kind) => kind.into(),
                    Fault::Death => io::Error::other("dead"),
                    Fault::Refusal(after) => {
                        self.left.set(after);
                        io::ErrorKind::PermissionDenied.into()
                    }
                });
            }
            self.left.set(self.left.get() - 1);
            Ok(())
        }

        fn try_step(&self, frees: bool) -> Result<()> {
            self.may(frees).map_err(|error| Error::environment("the disk fails").because(error))
        }
    }

    impl Disk for Faulty {
        fn write(&self, path: &Path, bytes: &[u8], mode: Mode) -> Result<()> {
            let first = !self.failed.get();
            self.try_step(false).inspect_err(|_| {
                if first {
                    let _ = Real.write(path, &bytes[..bytes.len() / 2], mode);
                }
            })?;
            Real.write(path, bytes, mode)
        }
        fn make_folder(&self, path: &Path) -> Result<()> {
            self.try_step(false)?;
            Real.make_folder(path)
        }
        fn make_new_folder(&self, path: &Path) -> Result<bool> {
            self.try_step(false)?;
            Real.make_new_folder(path)
        }
        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            self.may(true)?;
            Real.rename(from, to)
        }
        fn remove_tree(&self, path: &Path) -> Result<()> {
            self.try_step(true)?;
            Real.remove_tree(path)
        }
        fn remove_if_empty(&self, path: &Path) {
            if self.may(true).is_ok() {
                Real.remove_if_empty(path);
            }
        }
        fn stage(&self, root: &Path, path: &str, bytes: &[u8], mode: Mode) -> Result<()> {
            let first = !self.failed.get();
            self.try_step(false).inspect_err(|_| {
                if first {
                    let _ = Real.stage(root, path, &bytes[..bytes.len() / 2], mode);
                }
            })?;
            Real.stage(root, path, bytes, mode)
        }
        fn write_whole(&self, root: &Path, path: &str, bytes: &[u8], mode: Mode) -> Result<()> {
            self.try_step(false)?;
            Real.write_whole(root, path, bytes, mode)
        }
        fn rename_in(&self, root: &Path, from: &str, to: &str) -> Result<()> {
            self.try_step(true)?;
            Real.rename_in(root, from, to)
        }
        fn remove_tree_in(&self, root: &Path, path: &str) -> Result<()> {
            self.try_step(true)?;
            Real.remove_tree_in(root, path)
        }
        fn remove_empty_in(&self, root: &Path, path: &str) {
            if self.may(true).is_ok() {
                Real.remove_empty_in(root, path);
            }
        }
        fn move_in(&self, root: &Path, from: &str, to: &RelPath) -> Result<()> {
            self.try_step(true)?;
            Real.move_in(root, from, to)
        }
        fn exchange(&self, root: &Path, from: &str, to: &RelPath) -> Result<Exchange> {
            self.try_step(true)?;
            Real.exchange(root, from, to)
        }
        fn move_out(&self, root: &Path, path: &RelPath, to: &str) -> Result<bool> {
            self.try_step(true)?;
            Real.move_out(root, path, to)
        }
        fn create_parents(&self, root: &Path, path: &RelPath) -> Result<()> {
            self.try_step(false)?;
            Real.create_parents(root, path)
        }
    }
}
