//! Whose what listens at an endpoint is: the lab's own, nobody's, or a stranger's. Pure.

use std::collections::BTreeMap;
use std::path::Path;

use crate::catalog::manifest::RuntimeKind;
use crate::platform::listening::{Holder, Socket};

/// What of this machine is the lab's own.
#[derive(Clone, Debug)]
pub struct Own {
    /// Where the lab runs.
    pub kind: RuntimeKind,
    /// The lab's mark in the environment of what it starts.
    pub mark: Option<String>,
    /// Services and forwards that are alive: each leads a group and a session.
    pub leaders: Vec<u32>,
    /// This user.
    pub user: u32,
    /// Whether the lab can run in containers.
    pub containers: bool,
    /// The variables of the lab's ports.
    pub variables: BTreeMap<u16, String>,
}

/// Whose a listener is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Started by the lab, or by this user from the lab's folder.
    Ours,
    /// Nothing listens there.
    Nobody,
    /// The system does not show it, or not to this user.
    Unknown,
    /// Somebody else, in words.
    Other(String),
}

/// What counts as the lab's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    /// What the lab started itself.
    Started,
    /// And what this user runs in the lab's folder: `make up`.
    ByHand,
}

/// Whose an endpoint is, by the processes that listen there.
pub(super) fn by_processes(
    sockets: Option<&[Socket]>,
    own: &Own,
    root: &Path,
    meant: Meant,
) -> Standing {
    let Some(sockets) = sockets else {
        // All that can be known there is that something of the lab is alive.
        return if own.leaders.is_empty() { Standing::Unknown } else { Standing::Ours };
    };
    if sockets.is_empty() {
        return Standing::Nobody;
    }
    let started = |holder: &Holder| {
        own.mark.is_some() && holder.mark == own.mark
            || holder.relatives.iter().any(|pid| own.leaders.contains(pid))
    };
    let by_hand = |holder: &Holder| {
        meant == Meant::ByHand
            && holder.user == Some(own.user)
            && holder.cwd.as_ref().is_some_and(|cwd| cwd.starts_with(root))
    };
    let ours =
        |socket: &&Socket| socket.holders.iter().any(|holder| started(holder) || by_hand(holder));
    match sockets.iter().find(|socket| !ours(socket)) {
        None => Standing::Ours,
        Some(socket) if socket.holders.is_empty() && socket.user == own.user => Standing::Unknown,
        Some(socket) => Standing::Other(named(socket)),
    }
}

fn named(socket: &Socket) -> String {
    match socket.holders.first() {
        Some(holder) => format!("{} (process {})", holder.name, holder.pid),
        None => format!("a process of user {}", socket.user),
    }
}

/// Whose the containers are that publish a port, from lines of name, ports, folder and project;
/// none when no container does.
pub(super) fn by_containers(
    lines: &str,
    port: u16,
    is_root: impl Fn(&Path) -> bool,
) -> Option<Standing> {
    let mut found = None;
    for line in lines.lines() {
        let [name, ports, folder] = line.split('\t').collect::<Vec<_>>()[..] else { continue };
        if !published(ports, port) {
            continue;
        }
        if !folder.is_empty() && is_root(Path::new(folder)) {
            return Some(Standing::Ours);
        }
        found.get_or_insert_with(|| Standing::Other(format!("the container {name}")));
    }
    found
}

/// Whether one of the published ports (`127.0.0.1:80->8080/tcp, [::]:90-91->90-91/tcp`) is this
/// one, on loopback or on all addresses.
fn published(ports: &str, port: u16) -> bool {
    ports.split(", ").filter_map(|mapping| mapping.split_once("->")?.0.rsplit_once(':')).any(
        |(host, range)| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let within = |first: u16, last: u16| (first..=last).contains(&port);
            matches!(host, "127.0.0.1" | "0.0.0.0" | "[::]" | "[::1]" | "::" | "")
                && first
                    .parse()
                    .ok()
                    .zip(last.parse().ok())
                    .is_some_and(|(first, last)| within(first, last))
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Own {
        Own {
            kind: RuntimeKind::Local,
            mark: Some("abc".to_owned()),
            leaders: vec![100],
            user: 1000,
            containers: true,
            variables: BTreeMap::new(),
        }
    }

    fn holder(pid: u32, relatives: &[u32], mark: Option<&str>, user: u32, cwd: &str) -> Holder {
        Holder {
            pid,
            name: "python3".to_owned(),
            user: Some(user),
            relatives: relatives.to_vec(),
            mark: mark.map(str::to_owned),
            cwd: Some(cwd.into()),
        }
    }

    #[test]
    fn a_listener_is_ours_by_its_kin_its_mark_or_for_logins_by_its_folder() {
        let stranger = || Standing::Other("python3 (process 7)".to_owned());
        for (what, holder, started, by_hand) in [
            ("the service", holder(100, &[100], None, 1000, "/"), Standing::Ours, Standing::Ours),
            ("its child", holder(7, &[7, 100], None, 1000, "/"), Standing::Ours, Standing::Ours),
            (
                "one that left it",
                holder(7, &[7], Some("abc"), 1000, "/"),
                Standing::Ours,
                Standing::Ours,
            ),
            ("another lab's", holder(7, &[7], Some("xyz"), 1000, "/"), stranger(), stranger()),
            ("make up", holder(7, &[7], None, 1000, "/lab/sub"), stranger(), Standing::Ours),
            ("another user there", holder(7, &[7], None, 1001, "/lab"), stranger(), stranger()),
            (
                "a folder with a longer name",
                holder(7, &[7], None, 1000, "/lab2"),
                stranger(),
                stranger(),
            ),
        ] {
            let sockets = [Socket { user: 1000, holders: vec![holder] }];
            let of = |meant| by_processes(Some(&sockets), &own(), Path::new("/lab"), meant);
            assert_eq!((of(Meant::Started), of(Meant::ByHand)), (started, by_hand), "{what}");
        }
    }

    #[test]
    fn every_socket_that_answers_must_be_ours_and_what_cannot_be_read_is_no_ones() {
        let ours = Socket { user: 1000, holders: vec![holder(100, &[100], None, 1000, "/")] };
        let of = |sockets: Option<&[Socket]>, own: &Own| {
            by_processes(sockets, own, Path::new("/lab"), Meant::ByHand)
        };
        let unread = |user| Socket { user, holders: Vec::new() };
        assert_eq!(of(Some(&[]), &own()), Standing::Nobody);
        assert_eq!(of(Some(&[ours.clone(), unread(1000)]), &own()), Standing::Unknown);
        assert_eq!(
            of(Some(&[ours, unread(0)]), &own()),
            Standing::Other("a process of user 0".to_owned())
        );
        assert_eq!(of(None, &own()), Standing::Ours);
        assert_eq!(of(None, &Own { leaders: Vec::new(), ..own() }), Standing::Unknown);
        let unmarked = Socket { user: 1000, holders: vec![holder(7, &[7], None, 1000, "/")] };
        let never_up = Own { mark: None, leaders: Vec::new(), ..own() };
        assert_eq!(
            of(Some(&[unmarked]), &never_up),
            Standing::Other("python3 (process 7)".to_owned())
        );
    }

    #[test]
    fn a_container_is_ours_by_the_folder_that_compose_wrote_on_it() {
        let of = |lines: &str| by_containers(lines, 5000, |folder| folder == Path::new("/lab"));
        assert_eq!(of("web\t127.0.0.1:5000->80/tcp\t/lab\n"), Some(Standing::Ours));
        assert_eq!(
            of("web\t0.0.0.0:4999-5001->80-82/tcp, [::]:4999-5001->80-82/tcp\t/lab\n"),
            Some(Standing::Ours)
        );
        let other = Some(Standing::Other("the container web".to_owned()));
        assert_eq!(of("web\t127.0.0.1:5000->80/tcp\t/other\n"), other);
        assert_eq!(of("web\t127.0.0.1:5000->80/tcp\t\n"), other);
        assert_eq!(of("web\t10.0.0.7:5000->80/tcp\t/lab\n"), None);
        assert_eq!(of("web\t5000/tcp\t/lab\n"), None);
        assert_eq!(of(""), None);
    }
}
