//! Whether a name can be given to a file, or taken from the one that has it. Renames are refused
//! late, in the middle of a change; this asks before it begins.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Access, AtFlags, accessat, fstat, statat};

use super::{missing, resolve};
use crate::error::{Error, Result};
use crate::platform::process::shell_words;

/// Refuses a path below the root whose file cannot be replaced, made or removed: it or its folder
/// is immutable or append-only, it is mounted, it is another user's in a folder with the sticky
/// bit, or its folder may not be written.
///
/// # Errors
/// Exit 3 with what it is, and the command that lifts it.
pub fn changeable(root: &Path, path: &str) -> Result<()> {
    let (folder, held, name) = nearest(root, path).map_err(super::cannot("inspect", root, path))?;
    let shown = |path: &str| if path.is_empty() { root.to_owned() } else { root.join(path) };
    let words = |path: &str| shell_words(&[shown(path).display().to_string()]);
    let refused = |path: &str, why: &str| {
        Error::environment(format!(
            "cannot change {}: {why}; nothing was changed",
            shown(path).display()
        ))
    };
    let of_folder = pins(&held, "");
    if of_folder.immutable || of_folder.append_only {
        return Err(refused(&folder, of_folder.words()).hint(of_folder.lift(&words(&folder))));
    }
    accessat(&held, ".", Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS).map_err(
        |error| {
            Error::environment(format!("cannot write in {}", shown(&folder).display()))
                .because(io::Error::from(error))
                .hint(format!("see whose it is: ls -ld {}", words(&folder)))
        },
    )?;
    let Some(name) = name else { return Ok(()) };
    let of_file = pins(&held, name);
    if of_file.any() {
        return Err(refused(path, of_file.words()).hint(of_file.lift(&words(path))));
    }
    if sticky(&held, name) {
        return Err(refused(
            path,
            "it is another user's, in a folder where only owners may replace files",
        )
        .hint(format!("see whose it is: ls -ld {}", words(path))));
    }
    Ok(())
}

/// The deepest folder on the way that is there, and the name in it if that is the path's own and
/// taken.
fn nearest<'a>(root: &Path, path: &'a str) -> io::Result<(String, OwnedFd, Option<&'a str>)> {
    let ends = path.rmatch_indices('/').map(|(end, _)| &path[..end]);
    for (up, folder) in ends.chain([""]).enumerate() {
        let name = path.rsplit('/').next().filter(|_| up == 0);
        let opened =
            if folder.is_empty() { resolve::root(root) } else { super::tree::open(root, folder) };
        let held = match opened {
            // Below a file there is no folder either: it gives way, or is refused elsewhere.
            Err(error) if missing(&error) && !folder.is_empty() => continue,
            opened => opened?,
        };
        let taken = name.filter(|name| statat(&held, *name, AtFlags::SYMLINK_NOFOLLOW).is_ok());
        return Ok((folder.to_owned(), held, taken));
    }
    Err(io::ErrorKind::NotFound.into())
}

/// Another user's file in a folder with the sticky bit, as in `/tmp`.
fn sticky(folder: &OwnedFd, name: &str) -> bool {
    const STICKY: u32 = 0o1000;
    let user = rustix::process::geteuid();
    let (Ok(above), Ok(file)) = (fstat(folder), statat(folder, name, AtFlags::SYMLINK_NOFOLLOW))
    else {
        return false;
    };
    let own = [above.st_uid, file.st_uid].contains(&user.as_raw());
    #[allow(clippy::useless_conversion, reason = "the type of a mode differs between systems")]
    let bits = u32::from(above.st_mode);
    bits & STICKY != 0 && !own && !user.is_root()
}

#[derive(Clone, Copy, Debug, Default)]
struct Pins {
    immutable: bool,
    append_only: bool,
    mounted: bool,
}

impl Pins {
    fn any(self) -> bool {
        self.immutable || self.append_only || self.mounted
    }

    fn words(self) -> &'static str {
        match self {
            Pins { immutable: true, .. } => "it is immutable",
            Pins { append_only: true, .. } => "it can only be appended to",
            _ => "something is mounted on it",
        }
    }

    fn lift(self, place: &str) -> String {
        match self {
            Pins { immutable: true, .. } => {
                format!("lift it, then try again: sudo chattr -i {place}")
            }
            Pins { append_only: true, .. } => {
                format!("lift it, then try again: sudo chattr -a {place}")
            }
            _ => format!("unmount it, then try again: sudo umount {place}"),
        }
    }
}

/// What holds a file in a folder, or with an empty name the folder itself. File systems that know
/// no such things have none.
#[cfg(target_os = "linux")]
fn pins(folder: &OwnedFd, name: &str) -> Pins {
    use rustix::fs::{StatxAttributes as Is, StatxFlags, statx};
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH;
    let told = statx(folder, name, flags, StatxFlags::TYPE);
    let Ok(told) = told else { return Pins::default() };
    let is = |what| told.stx_attributes.contains(what) && told.stx_attributes_mask.contains(what);
    Pins { immutable: is(Is::IMMUTABLE), append_only: is(Is::APPEND), mounted: is(Is::MOUNT_ROOT) }
}

/// Elsewhere it shows in the middle of a change, which is then put back.
#[cfg(not(target_os = "linux"))]
fn pins(_: &OwnedFd, _: &str) -> Pins {
    Pins::default()
}
