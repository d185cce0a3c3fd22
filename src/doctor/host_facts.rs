//! What hints depend on: the system, the package managers on PATH, the session.

use std::path::Path;

use crate::platform::host::{self, Root};

/// Package managers, each with the program that shows that it is here, most preferred first.
pub(super) const MANAGERS: [(&str, &str); 8] = [
    ("apt", "apt-get"),
    ("dnf", "dnf"),
    ("pacman", "pacman"),
    ("zypper", "zypper"),
    ("apk", "apk"),
    ("brew", "brew"),
    ("nix", "nix-env"),
    ("winget", "winget"),
];

/// Everything that a hint may depend on.
pub(super) const TAGS: [&str; 15] = [
    "linux",
    "macos",
    "systemd",
    "container",
    "wsl",
    "ssh",
    "ci",
    "desktop",
    "root",
    "debian",
    "ubuntu",
    "snap-docker",
    "colima",
    "uv",
    "docker",
];

/// This machine as far as hints depend on it.
#[derive(Clone, Debug, Default)]
pub(super) struct HostFacts {
    /// Package managers that are on PATH.
    pub(super) managers: Vec<&'static str>,
    /// Those of [`TAGS`] that hold.
    pub(super) tags: Vec<String>,
    /// The user's name.
    pub(super) user: String,
}

impl HostFacts {
    /// Reads PATH, the environment and a few files.
    pub(super) fn read(root: &Root) -> HostFacts {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let on_path = |program: &str| {
            std::env::split_paths(&path).any(|folder| Path::new(&folder).join(program).is_file())
        };
        let distribution = root.distribution();
        let managers = MANAGERS
            .iter()
            .filter(|(_, program)| on_path(program))
            .map(|(name, _)| *name)
            .collect();
        let set = |name: &str| host::var(name).is_some();
        let kernel =
            root.text("/proc/sys/kernel/osrelease").unwrap_or_default().to_ascii_lowercase();
        let holds = |tag: &str| match tag {
            "linux" => cfg!(target_os = "linux"),
            "macos" => cfg!(target_os = "macos"),
            "systemd" => root.has("/run/systemd/system"),
            "container" => root.has("/.dockerenv") || root.has("/run/.containerenv"),
            "wsl" => kernel.contains("microsoft"),
            "ssh" => set("SSH_CONNECTION"),
            "ci" => set("CI"),
            "desktop" => cfg!(target_os = "macos") || set("DISPLAY") || set("WAYLAND_DISPLAY"),
            "root" => host::user_id() == 0,
            // Ubuntu is like Debian, but its packages have other names: only the first name counts.
            "debian" | "ubuntu" => distribution.first().is_some_and(|name| name == tag),
            "snap-docker" => root.has("/snap/bin/docker"),
            "colima" | "uv" | "docker" => on_path(tag),
            _ => false,
        };
        let tags = TAGS.iter().filter(|tag| holds(tag)).map(|tag| (*tag).to_owned()).collect();
        let user = root
            .user(host::user_id())
            .or_else(|| host::var("USER"))
            .unwrap_or_else(|| "$USER".to_owned());
        HostFacts { managers, tags, user }
    }

    /// Whether all these tags hold; `!tag` holds where the tag does not.
    pub(super) fn holds(&self, when: &[String]) -> bool {
        when.iter().all(|tag| match tag.strip_prefix('!') {
            Some(tag) => !self.tags.iter().any(|own| own == tag),
            None => self.tags.contains(tag),
        })
    }
}
