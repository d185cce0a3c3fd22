//! Which process is meant: a number alone may belong to a stranger by now.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};
use serde::{Deserialize, Serialize};

use crate::layout::MARK;
use crate::platform::clock;

/// A process that may outlive us, so named that a stranger with the same number is not taken for
/// it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessId {
    /// The number.
    pub pid: u32,
    /// When it started, in the system's own terms (Linux: the boot's id and clock ticks since
    /// boot).
    pub started: String,
}

/// The process with this number as it is now; none when there is none.
pub fn identity(pid: u32) -> Option<ProcessId> {
    Some(ProcessId { pid, started: started(pid)? })
}

/// Whether this very process is alive. One that has ended and waits for its parent to notice is
/// not.
pub fn alive(process: &ProcessId) -> bool {
    started(process.pid).is_some_and(|started| started == process.started)
}

#[cfg(target_os = "linux")]
fn started(pid: u32) -> Option<String> {
    // State is field 3, the number of threads 20, start time 22 (proc(5)).
    let fields = fields(pid)?;
    let fields: Vec<&str> = fields.split(' ').collect();
    // The first thread may have ended and others not yet: they still hold files and ports.
    if matches!(*fields.first()?, "Z" | "X") && fields.get(17)?.parse::<u32>().ok()? <= 1 {
        return None;
    }
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(format!("{} {}", boot.trim(), fields.get(19)?))
}

#[cfg(not(target_os = "linux"))]
fn started(pid: u32) -> Option<String> {
    let command = super::Command::new("ps", Duration::from_secs(5)).args([
        "-o",
        "state=,lstart=",
        "-p",
        &pid.to_string(),
    ]);
    let seen = super::capture(&command).ok()?;
    let text = String::from_utf8_lossy(&seen.stdout).trim().to_owned();
    let (state, started) = text.split_once(' ')?;
    (!state.starts_with('Z')).then(|| started.trim().to_owned())
}

/// What is ended after Ctrl-C has no longer than this to do so by itself.
pub(super) const LAST: Duration = Duration::from_millis(200);

/// Until when what was asked to end may take, and whether Ctrl-C ends the wait: what is cleaned up
/// after Ctrl-C gets little time and is killed; what was being stopped in peace when it came is
/// left to end by itself.
struct Deadline {
    end: Instant,
    cleaning: bool,
}

impl Deadline {
    fn new(within: Duration) -> Deadline {
        let cleaning = clock::interrupted().is_err();
        Deadline {
            end: Instant::now() + if cleaning { LAST.min(within) } else { within },
            cleaning,
        }
    }

    /// Whether somebody has lost it.
    fn left(&self) -> bool {
        !self.cleaning && clock::interrupted().is_err()
    }
}

/// Ends the group that this process leads: SIGTERM, and SIGKILL for what is left after `within`.
/// Does nothing when it is not alive. Returns whether SIGKILL was needed. Ctrl-C meanwhile ends the
/// wait: then it may be alive.
pub fn end(process: &ProcessId, within: Duration) -> bool {
    if !alive(process) {
        return false;
    }
    let Some(pid) = raw(process.pid) else { return false };
    let _ = kill_process_group(pid, Signal::TERM);
    // Some programs start their own group: the leader itself must hear it in any case.
    let _ = kill_process(pid, Signal::TERM);
    // One that was stopped hears nothing until it is continued.
    let _ = kill_process_group(pid, Signal::CONT);
    let _ = kill_process(pid, Signal::CONT);
    let patience = Deadline::new(within);
    while Instant::now() < patience.end {
        if patience.left() || !alive(process) && !group_alive(pid) {
            return false;
        }
        clock::sleep_uninterruptible(Duration::from_millis(20));
    }
    end_group_of(process.pid);
    true
}

/// Ends this process alone: SIGTERM, and SIGKILL after `within`. Does nothing when it is not alive.
/// Ctrl-C as in [`end`].
pub fn end_one(process: &ProcessId, within: Duration) {
    let Some(pid) = raw(process.pid).filter(|_| alive(process)) else { return };
    let _ = kill_process(pid, Signal::TERM);
    let _ = kill_process(pid, Signal::CONT);
    let patience = Deadline::new(within);
    while alive(process) && Instant::now() < patience.end && !patience.left() {
        clock::sleep_uninterruptible(Duration::from_millis(20));
    }
    if alive(process) && !patience.left() {
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// Kills what is left of a group whose leader was seen alive by the caller, and waits until it is
/// gone.
fn end_group_of(pid: u32) {
    let Some(pid) = raw(pid) else { return };
    let end = Instant::now() + Duration::from_secs(5);
    while group_alive(pid) && Instant::now() < end {
        let _ = kill_process_group(pid, Signal::KILL);
        clock::sleep_uninterruptible(Duration::from_millis(20));
    }
}

/// Whether anything in a group is alive. A member that has ended and was not yet noticed by its
/// parent still hears signals, and does not count: the parent may be a slow one, in a container
/// say.
fn group_alive(group: Pid) -> bool {
    if test_kill_process_group(group).is_err() {
        return false;
    }
    let Ok(entries) = std::fs::read_dir("/proc") else { return true };
    let members = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let wanted = u32::try_from(group.as_raw_nonzero().get()).ok();
    members.into_iter().any(|pid| self::group(pid) == wanted && identity(pid).is_some())
}

/// Waits until nothing of a group is alive, for a moment.
pub(super) fn wait_for_group(group: Pid, within: Duration) {
    let end = Instant::now() + within;
    while group_alive(group) && Instant::now() < end {
        clock::sleep_uninterruptible(Duration::from_millis(10));
    }
}

fn raw(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// A process found by its mark.
#[derive(Clone, Debug)]
pub struct Marked {
    /// Which.
    pub process: ProcessId,
    /// Its command line.
    pub command: String,
    /// The process whose group it is in.
    pub group: Option<u32>,
}

/// The processes that carry a lab's mark in their environment, but not ourselves, our group and our
/// ancestors: a solution that calls us carries the mark too. Linux only; elsewhere the record on
/// disk is all there is.
pub fn marked(id: &str) -> Vec<Marked> {
    let mark = format!("{MARK}={id}");
    let mut spared = vec![std::process::id()];
    while let Some(parent) = spared.last().and_then(|pid| parent(*pid)).filter(|pid| *pid > 1) {
        spared.push(parent);
    }
    let group = group(std::process::id());
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir("/proc") else { return found };
    for pid in entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok()) {
        let folder = Path::new("/proc").join(pid.to_string());
        let Ok(environ) = std::fs::read(folder.join("environ")) else { continue };
        let ours = environ.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes());
        if !ours || spared.contains(&pid) || self::group(pid) == group {
            continue;
        }
        let Some(process) = identity(pid) else { continue };
        let line = std::fs::read(folder.join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&line).replace('\0', " ").trim().to_owned();
        found.push(Marked { process, command, group: self::group(pid) });
    }
    found
}

/// What stands behind a process's name in its `stat`. The name in parentheses may hold anything,
/// also what is no text: the last parenthesis ends it.
fn fields(pid: u32) -> Option<String> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    Some(String::from_utf8_lossy(stat.get(end + 2..)?).into_owned())
}

fn field(pid: u32, index: usize) -> Option<u32> {
    fields(pid)?.split(' ').nth(index)?.parse().ok()
}

fn parent(pid: u32) -> Option<u32> {
    field(pid, 1)
}

fn group(pid: u32) -> Option<u32> {
    field(pid, 2)
}

/// The group and the session of a process, and the processes above it.
pub fn relatives(pid: u32) -> Vec<u32> {
    let mut relatives = vec![pid];
    while let Some(parent) = relatives.last().and_then(|pid| parent(*pid)).filter(|pid| *pid > 1) {
        relatives.push(parent);
    }
    relatives.extend([group(pid), field(pid, 3)].into_iter().flatten());
    relatives
}

/// The mark of a lab in the environment of a process; none when there is none, or it cannot be
/// read.
pub fn mark_of(pid: u32) -> Option<String> {
    let environ = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let name = format!("{MARK}=");
    let mut variables = environ.split(|byte| *byte == 0);
    variables.find_map(|variable| {
        String::from_utf8(variable.strip_prefix(name.as_bytes())?.to_vec()).ok()
    })
}

/// Resident memory of a process in bytes; none where that cannot be read.
pub fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_with_the_same_number_is_not_taken_for_ours() {
        let me = identity(std::process::id()).unwrap();
        assert!(alive(&me));
        let stranger = ProcessId { started: "another boot 1".to_owned(), ..me };
        assert!(!alive(&stranger));
        // Would end this very test process if it trusted the number.
        assert!(!end(&stranger, Duration::from_secs(1)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_whose_name_is_no_text_is_known_and_ended() {
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::process::CommandExt;
        let folder = tempfile::tempdir().unwrap();
        let sleep = std::fs::canonicalize("/bin/sleep").unwrap();
        let program = folder.path().join(std::ffi::OsStr::from_bytes(b") \xff\xfe S 1"));
        std::fs::copy(sleep, &program).unwrap();
        // Some systems have one program for all, which goes by its name.
        let mut child = std::process::Command::new(&program)
            .arg0("sleep")
            .arg("60")
            .process_group(0)
            .spawn()
            .unwrap();
        let process = identity(child.id()).unwrap();
        assert!(alive(&process) && group(child.id()) == Some(child.id()));
        assert!(!end(&process, Duration::from_secs(5)));
        child.wait().unwrap();
        assert!(!alive(&process));
    }
}
