//! Facts of this machine: memory, disk, who we are. Files of /proc, /sys and /etc are read below a
//! root, so that tests can give others.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::fs;

/// Where the files of the system lie: `/`, or a folder that stands for it.
#[derive(Clone, Debug)]
pub struct Root(pub PathBuf);

impl Default for Root {
    fn default() -> Self {
        Root(PathBuf::from("/"))
    }
}

impl Root {
    /// A path of the system below this root.
    pub fn path(&self, path: &str) -> PathBuf {
        self.0.join(path.trim_start_matches('/'))
    }

    /// A small file of the system as text, without white space at its ends.
    pub fn text(&self, path: &str) -> Option<String> {
        let bytes = fs::read_io(&self.path(path)).ok()?;
        Some(String::from_utf8_lossy(&bytes).trim().to_owned())
    }

    /// A file with one number in it.
    pub fn number(&self, path: &str) -> Option<u64> {
        self.text(path)?.parse().ok()
    }

    /// Whether something stands at this path.
    pub fn has(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// All memory in bytes, from /proc/meminfo.
    pub fn memory(&self) -> Option<u64> {
        let text = self.text("/proc/meminfo")?;
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
    }

    /// `ID` and `ID_LIKE` of /etc/os-release (os-release(5)), most special first.
    pub fn distribution(&self) -> Vec<String> {
        let text = self
            .text("/etc/os-release")
            .or_else(|| self.text("/usr/lib/os-release"))
            .unwrap_or_default();
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            line.unwrap_or_default().trim_matches('"').to_owned()
        };
        let words = format!("{} {}", value("ID"), value("ID_LIKE"));
        words.split_whitespace().map(str::to_owned).collect()
    }

    /// The members and the number of a group, from /etc/group; none when there is no such group.
    pub fn group(&self, name: &str) -> Option<(u32, Vec<String>)> {
        let text = self.text("/etc/group")?;
        text.lines().find_map(|line| {
            let mut fields = line.split(':');
            if fields.next() != Some(name) {
                return None;
            }
            let id = fields.nth(1)?.parse().ok()?;
            Some((
                id,
                fields
                    .next()?
                    .split(',')
                    .filter(|user| !user.is_empty())
                    .map(str::to_owned)
                    .collect(),
            ))
        })
    }

    /// The name of the user with this number, from /etc/passwd.
    pub fn user(&self, id: u32) -> Option<String> {
        self.account(id)?.first().cloned()
    }

    /// The home of the user with this number, from /etc/passwd.
    pub fn home(&self, id: u32) -> Option<PathBuf> {
        self.account(id)?.get(5).map(PathBuf::from)
    }

    /// The fields of a line of /etc/passwd (passwd(5)).
    fn account(&self, id: u32) -> Option<Vec<String>> {
        let text = self.text("/etc/passwd")?;
        let lines = text.lines().map(|line| line.split(':').map(str::to_owned).collect::<Vec<_>>());
        lines.into_iter().find(|fields| fields.get(2).is_some_and(|field| *field == id.to_string()))
    }
}

/// Bytes that this user can still write on the file system of `path`, or of the nearest folder
/// above it that is there.
pub fn free_space(path: &Path) -> std::io::Result<u64> {
    let place = path.ancestors().find(|place| place.is_dir()).unwrap_or(Path::new("/"));
    let stat = rustix::fs::statvfs(place)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// The number of the user that we act as.
pub fn user_id() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether this process has the group with this number.
pub fn in_group(id: u32) -> bool {
    let groups = rustix::process::getgroups().unwrap_or_default();
    rustix::process::getegid().as_raw() == id || groups.iter().any(|group| group.as_raw() == id)
}

/// The name of this machine.
pub fn name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// A variable of the environment that is set and not empty.
pub fn var(name: impl AsRef<OsStr>) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The processor's name as container images write it: `amd64`, `arm64`.
pub fn architecture(name: &str) -> &str {
    match name {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
