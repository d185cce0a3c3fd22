//! Files of the system, the environment, and the GPU's driver.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use crate::doctor::probes::{Asked, How, ask};
use crate::platform::host::{self, Root};

/// What the system and the environment say of themselves.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::doctor) struct HostSeen {
    /// All memory, in bytes.
    pub(in crate::doctor) memory: Option<u64>,
    /// Processors that we may use.
    pub(in crate::doctor) cpus: Option<u64>,
    /// Bytes free where the lab is or will be, and that place.
    pub(in crate::doctor) disk: Result<u64, String>,
    /// Where the lab is or will be.
    pub(in crate::doctor) folder: String,
    /// The processor as images name it.
    pub(in crate::doctor) arch: String,
    /// `fs.inotify.max_user_instances` and `max_user_watches`.
    pub(in crate::doctor) inotify: Option<(u64, u64)>,
    /// 1 or 2; none where there are no control groups.
    pub(in crate::doctor) cgroup: Option<u8>,
    /// Proxy variables that are set, in lower case.
    pub(in crate::doctor) proxies: BTreeMap<String, String>,
}

pub(in crate::doctor) fn host(root: &Root, folder: &Path) -> HostSeen {
    let number = |name: &str| root.number(&format!("/proc/sys/fs/inotify/{name}"));
    let proxies =
        ["http_proxy", "https_proxy", "all_proxy", "no_proxy"].into_iter().filter_map(|name| {
            Some((
                name.to_owned(),
                host::var(name).or_else(|| host::var(name.to_ascii_uppercase()))?,
            ))
        });
    HostSeen {
        memory: root.memory().or_else(apple_memory),
        cpus: std::thread::available_parallelism().ok().map(|count| count.get() as u64),
        disk: host::free_space(folder).map_err(|error| error.to_string()),
        folder: folder.display().to_string(),
        arch: host::architecture(std::env::consts::ARCH).to_owned(),
        inotify: number("max_user_instances").zip(number("max_user_watches")),
        cgroup: match () {
            () if root.has("/sys/fs/cgroup/cgroup.controllers") => Some(2),
            () if root.has("/sys/fs/cgroup") => Some(1),
            () => None,
        },
        proxies: proxies.collect(),
    }
}

fn apple_memory() -> Option<u64> {
    if !cfg!(target_os = "macos") {
        return None;
    }
    let end = Instant::now() + std::time::Duration::from_secs(2);
    ask("sysctl", &["-n", "hw.memsize"], end).out.parse().ok()
}

/// What is known of an NVIDIA GPU.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::doctor) struct GpuSeen {
    /// The first line of /proc/driver/nvidia/version: the driver is loaded.
    pub(in crate::doctor) driver: Option<String>,
    /// What `nvidia-smi` said, when it is there.
    pub(in crate::doctor) smi: Option<Asked>,
}

pub(in crate::doctor) fn gpu(root: &Root, end: Instant) -> GpuSeen {
    let driver = root.text("/proc/driver/nvidia/version");
    let driver = driver.map(|text| text.lines().next().unwrap_or_default().to_owned());
    let smi = ask(
        "nvidia-smi",
        &["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"],
        end,
    );
    GpuSeen { driver, smi: (smi.how != How::Absent).then_some(smi) }
}
