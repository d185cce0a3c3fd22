//! How much room a file system has for this user. Quotas are not seen: there a write fails.

use std::path::Path;

/// What is free, in the file system's own units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskSpace {
    /// Bytes in a block, at least 1.
    pub block: u64,
    /// Free blocks; none where the file system does not count them.
    pub blocks: Option<u64>,
    /// Files and folders that can still be made; none where the file system does not count them.
    pub inodes: Option<u64>,
}

/// The room where `path` lies, or would lie: the nearest folder above it that is there. None where
/// the system does not say.
pub fn disk_space(path: &Path) -> Option<DiskSpace> {
    #[cfg(unix)]
    {
        let here =
            path.ancestors().find(|folder| folder.is_dir()).or_else(|| Some(Path::new(".")))?;
        let told = rustix::fs::statvfs(here).ok()?;
        // A part is kept for the superuser.
        let all = rustix::process::geteuid().is_root();
        let free = |total: u64, free: u64, others: u64| {
            (total > 0).then_some(if all { free } else { others })
        };
        Some(DiskSpace {
            block: told.f_frsize.max(1),
            blocks: free(told.f_blocks, told.f_bfree, told.f_bavail),
            inodes: free(told.f_files, told.f_ffree, told.f_favail),
        })
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}
