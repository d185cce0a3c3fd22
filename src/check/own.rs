//! Whose what listens at an endpoint is: the lab's own, nobody's, or a stranger's. A stranger is no
//! part of the answer, and gets no password.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Budget, Context, Seen};
use crate::catalog::manifest::RuntimeKind;
use crate::platform::listening::{Holder, Socket};
use crate::platform::net;
use crate::platform::process::{Command, Ended};

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
    /// The system does not say, or not to us.
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

/// Whose an endpoint is, as the processes say; pure.
fn by_processes(sockets: Option<&[Socket]>, own: &Own, root: &Path, meant: Meant) -> Standing {
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
/// none when no container does. Pure.
fn by_containers(lines: &str, port: u16, is_root: impl Fn(&Path) -> bool) -> Option<Standing> {
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

/// Whose what listens at an address is.
pub(super) fn standing(url: &str, meant: Meant, context: &Context, budget: Budget<'_>) -> Standing {
    let own = &context.own;
    let Some((host, port)) = net::loopback_address(url) else {
        // A cluster may be reached elsewhere; nothing else of a lab is.
        return match own.kind {
            RuntimeKind::Kubernetes => Standing::Ours,
            _ => Standing::Other("another machine".to_owned()),
        };
    };
    let sockets = budget.world.listening(&host, port);
    let standing = by_processes(sockets.as_deref(), own, &context.root, meant);
    let asked = own.containers && (meant == Meant::ByHand || own.kind == RuntimeKind::Compose);
    match standing {
        // A port of a container is held by a process of Docker's, or by none.
        Standing::Other(_) | Standing::Unknown if asked => {
            in_containers(port, context, budget).unwrap_or(standing)
        }
        Standing::Nobody if own.kind == RuntimeKind::Compose => {
            in_containers(port, context, budget).unwrap_or(standing)
        }
        standing => standing,
    }
}

fn in_containers(port: u16, context: &Context, budget: Budget<'_>) -> Option<Standing> {
    const WHOSE: &str =
        "{{.Names}}\t{{.Ports}}\t{{.Label \"com.docker.compose.project.working_dir\"}}";
    let filter = format!("publish={port}");
    let command =
        Command::new("docker", budget.left()).args(["ps", "--filter", &filter, "--format", WHOSE]);
    let captured =
        budget.world.run(&command).ok().filter(|captured| captured.ended == Ended::Code(0))?;
    let is_root = |folder: &Path| {
        folder == context.root
            || folder.canonicalize().is_ok_and(|folder: PathBuf| folder == context.root)
    };
    by_containers(&String::from_utf8_lossy(&captured.stdout), port, is_root)
}

/// Why a password is not sent to an endpoint; none when it may be.
pub(super) fn withheld(endpoint: &str, context: &Context, budget: Budget<'_>) -> Option<Seen> {
    context.logins.get(endpoint)?;
    let url = context.endpoints.get(endpoint)?;
    let expected = format!("the lab's own server at {url}");
    match standing(url, Meant::ByHand, context, budget) {
        Standing::Ours => None,
        Standing::Nobody => {
            Some(Seen::cannot_tell(expected, net::Unreachable::Refused.to_string()))
        }
        Standing::Unknown => Some(Seen::cannot_tell(
            expected,
            "this system does not say who listens there: no password was sent. next: mlops-lab up",
        )),
        Standing::Other(who) => Some(Seen::cannot_tell(
            expected,
            format!(
                "{who} listens at {url} and is not part of this lab: no password was sent. next: {}",
                next(url, context, budget)
            ),
        )),
    }
}

/// The same for a command, which finds all passwords in its environment.
pub(super) fn withheld_from_commands(context: &Context, budget: Budget<'_>) -> Option<Seen> {
    let stranger = |name: &String| {
        let url = context.endpoints.get(name)?;
        let Standing::Other(who) = standing(url, Meant::ByHand, context, budget) else {
            return None;
        };
        Some(Seen::cannot_tell(
            format!("the lab's own server at {url}"),
            format!(
                "{who} listens at {url} and is not part of this lab: the command, which knows the password, was not run. next: {}",
                next(url, context, budget)
            ),
        ))
    };
    context.logins.keys().find_map(stranger)
}

/// What gets the lab its port, or another one.
fn next(url: &str, context: &Context, budget: Budget<'_>) -> String {
    let port = net::loopback_address(url).map(|(_, port)| port);
    let variable = port.and_then(|port| context.own.variables.get(&port));
    match variable.zip(budget.world.spare_port()) {
        Some((variable, spare)) => format!("mlops-lab update --set {variable}={spare}"),
        None => "mlops-lab doctor".to_owned(),
    }
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
