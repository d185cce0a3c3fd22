//! What of a lab is in Docker, and what it takes up.

use super::command::{docker, project};
use crate::workspace::Workspace;

/// What carries the project's label in Docker, in words.
pub(super) fn leftovers(ws: &Workspace, purged: bool) -> Vec<String> {
    if ws.manifest().runtime.compose.is_none() {
        return Vec::new();
    }
    let label = format!("label=com.docker.compose.project={}", project(ws));
    let mut left = Vec::new();
    let kinds: [(&str, &[&str]); 3] = [
        ("container", &["ps", "--all", "--format", "{{.Names}}"]),
        ("network", &["network", "ls", "--format", "{{.Name}}"]),
        ("volume", &["volume", "ls", "--format", "{{.Name}}"]),
    ];
    for (kind, args) in kinds {
        if kind == "volume" && !purged {
            continue;
        }
        let args = [args, &["--filter", &label]].concat();
        let Some(captured) = docker(&args) else { continue };
        left.extend(
            String::from_utf8_lossy(&captured.stdout).lines().map(|name| format!("{kind} {name}")),
        );
    }
    left
}

/// Memory of the running containers, in bytes.
pub(super) fn memory(ws: &Workspace) -> Option<u64> {
    let label = format!("label=com.docker.compose.project={}", project(ws));
    let names = docker(&["ps", "--filter", &label, "--format", "{{.Names}}"])?;
    let names = String::from_utf8_lossy(&names.stdout).into_owned();
    let mut args = vec!["stats", "--no-stream", "--format", "{{.MemUsage}}"];
    args.extend(names.lines());
    let stats = docker(&args)?;
    let text = String::from_utf8_lossy(&stats.stdout).into_owned();
    Some(text.lines().filter_map(used).sum())
}

/// The bytes of the images that the lab's containers are made of, each image once. Layers that two
/// images share count for both: the engine does not say which those are.
pub(super) fn images(ws: &Workspace) -> Option<u64> {
    let label = format!("label=com.docker.compose.project={}", ws.project());
    let text = |args: &[&str]| Some(String::from_utf8_lossy(&docker(args)?.stdout).into_owned());
    let containers = text(&["ps", "--all", "--quiet", "--filter", &label])?;
    let of = |args: &[&'static str], names: &str| {
        text(&[args, &names.lines().collect::<Vec<_>>()[..]].concat())
    };
    let used = of(&["container", "inspect", "--format", "{{.Image}}"], &containers)?;
    let once: std::collections::BTreeSet<&str> = used.lines().collect();
    let once = once.into_iter().collect::<Vec<_>>().join("\n");
    let sizes = of(&["image", "inspect", "--format", "{{.Size}}"], &once)?;
    Some(sizes.lines().filter_map(|size| size.trim().parse::<u64>().ok()).sum())
}

/// `45.3MiB / 512MiB` as bytes in use.
fn used(line: &str) -> Option<u64> {
    let used = line.split('/').next()?.trim();
    let (number, scale) = [("KiB", 1u64 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1)]
        .into_iter()
        .find_map(|(unit, scale)| Some((used.strip_suffix(unit)?, scale)))?;
    let number: f64 = number.trim().parse().ok()?;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a size of memory, rounded by docker already"
    )]
    Some((number * scale as f64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_docker_stats_are_read() {
        assert_eq!(used("45.5MiB / 512MiB"), Some(47_710_208));
        assert_eq!(used("1GiB / 2GiB"), Some(1 << 30));
        assert_eq!(used("--"), None);
    }
}
