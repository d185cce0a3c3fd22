//! This machine: room, memory, processors, GPU, proxies, ports.

pub(in crate::doctor) mod probe;

use std::time::Duration;

use super::{Found, amount, gigabytes, late, short};
use crate::catalog::manifest::GpuNeed;
use crate::doctor::observations::All;
use crate::doctor::plan::Ask;
use crate::doctor::probes::{GpuSeen, HostSeen, How, Look, Seen};
use crate::platform::net::Port;

pub(super) fn judge(ask: &Ask, all: &All, deadline: Duration) -> Found {
    if let Ask::Gpu(need) = ask {
        return match all.get(&Look::Gpu) {
            Some(Seen::Gpu(seen)) => gpu(*need, seen),
            _ => late(deadline),
        };
    }
    let Some(Seen::Host(host)) = all.get(&Look::Host) else { return late(deadline) };
    match ask {
        Ask::Disk(size) => match &host.disk {
            Ok(free) => amount(Some(*free), size.0, |bytes| format!("{} free", gigabytes(bytes))),
            Err(words) => Found::unknown("unknown", short(words, 80)),
        }
        .cmd(format!("df -h {}", host.folder))
        .fact("folder", &host.folder),
        Ask::Memory(size) => {
            amount(host.memory, size.0, gigabytes).cmd("grep MemTotal /proc/meminfo")
        }
        Ask::Cpus(count) => {
            amount(host.cpus, u64::from(*count), |count| count.to_string()).cmd("nproc")
        }
        Ask::Arch(names) => arch(names, &host.arch).cmd("uname -m"),
        Ask::Proxy => proxy(host),
        _ => Found::unknown("unknown", "an answer to another question"),
    }
}

fn arch(names: &[String], arch: &str) -> Found {
    if names.iter().any(|name| name == arch) {
        Found::pass(arch)
    } else {
        Found::fail(
            "unsupported",
            format!("{arch}, and the lab's programs exist for {} only", names.join(", ")),
        )
    }
}

fn gpu(need: GpuNeed, seen: &GpuSeen) -> Found {
    // A lab that can do without is warned where a GPU is there and does not work, and only told
    // where there is none.
    let off = |class, title: String| match need {
        GpuNeed::Required => Found::fail(class, title),
        GpuNeed::Optional => Found::warn(class, title),
    };
    let found = match (&seen.driver, &seen.smi) {
        (None, None) if need == GpuNeed::Optional => Found::pass("none; the lab runs without"),
        (None, None) => Found::fail("none", "there is no NVIDIA GPU, or no driver for it"),
        (None, Some(smi)) => {
            off("no-driver", format!("the driver is not loaded: {}", short(smi.words(), 120)))
        }
        (Some(driver), None) => Found::pass(short(driver, 80)),
        (Some(_), Some(smi)) => match &smi.how {
            How::Code(0) => Found::pass(short(smi.out.lines().next().unwrap_or_default(), 80)),
            How::Late(_) => Found::unknown("late", "nvidia-smi gave no answer"),
            _ if smi.words().contains("mismatch") => {
                off("mismatch", format!("driver and library differ: {}", short(smi.words(), 120)))
            }
            _ => off("failed", format!("nvidia-smi: {}", short(smi.words(), 120))),
        },
    };
    match &seen.smi {
        Some(smi) => found.asked(smi),
        None => found.cmd("cat /proc/driver/nvidia/version"),
    }
}

fn proxy(host: &HostSeen) -> Found {
    let set = ["https_proxy", "http_proxy", "all_proxy"]
        .into_iter()
        .find(|name| host.proxies.contains_key(*name));
    let cmd = "env | grep -i proxy";
    let Some(name) = set else { return Found::pass("none is set").cmd(cmd) };
    let except = host.proxies.get("no_proxy").map_or("", String::as_str);
    let has = |wanted: &str| except.split(',').any(|entry| entry.trim() == wanted);
    let missing: Vec<&str> =
        ["localhost", "127.0.0.1"].into_iter().filter(|wanted| !has(wanted) && !has("*")).collect();
    if missing.is_empty() {
        return Found::pass(format!("{name} is set, and leaves local addresses alone")).cmd(cmd);
    }
    let all = ["localhost", "127.0.0.1"].into_iter().filter(|wanted| !has(wanted));
    let value: Vec<&str> =
        Some(except).filter(|text| !text.is_empty()).into_iter().chain(all).collect();
    Found::warn(
        "no-local-exception",
        format!(
            "{name} is set, and NO_PROXY lacks {}: clients of the lab would ask the proxy",
            missing.join(" and ")
        ),
    )
    .cmd(cmd)
    .fact("no_proxy", value.join(","))
}

pub(super) fn port(port: u16, all: &All, own: &[u16], deadline: Duration) -> Found {
    let Some(Seen::Port(seen)) = all.get(&Look::Port(port)) else { return late(deadline) };
    let found = match seen {
        Port::Free => Found::pass("free"),
        Port::Busy(_) if own.contains(&port) => {
            Found { class: "own", ..Found::pass("this lab has it") }
        }
        Port::Busy(Some(owner)) if owner.name == "docker-proxy" => {
            Found::fail("taken", "taken by a container").fact("container", port.to_string())
        }
        Port::Busy(Some(owner)) => Found::fail(
            "taken",
            format!("taken by {} (process {})", short(&owner.name, 40), owner.pid),
        )
        .fact("pid", owner.pid.to_string())
        .fact("name", &owner.name),
        // Who it is can only be read for processes of our own, unless we are root.
        Port::Busy(None) => Found::fail("taken", "taken by a program that this user may not see"),
        Port::Forbidden(why) => {
            Found::fail("forbidden", format!("the system does not allow it: {why}"))
        }
    };
    let airplay = cfg!(target_os = "macos") && port == 5000 && found.class == "taken";
    let found = if airplay { found.fact("airplay", "5000") } else { found };
    found.cmd(format!("ss -ltnp 'sport = :{port}'")).fact("port", port.to_string())
}
