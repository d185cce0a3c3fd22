//! Who listens on a port of this machine: sockets from `/proc/net`, and the processes that hold
//! them. Linux only; elsewhere nothing is known.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

/// A listening socket that would take a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Socket {
    /// The user that made it.
    pub user: u32,
    /// The processes that hold it; none when they cannot be read.
    pub holders: Vec<Holder>,
}

/// A process that holds a socket, as far as it can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// Its number.
    pub pid: u32,
    /// Its program's name.
    pub name: String,
    /// The user that it belongs to.
    pub user: Option<u32>,
    /// Its process group, its session and the processes above it: whoever started it is among them,
    /// unless it has left them all.
    pub relatives: Vec<u32>,
    /// The mark of a lab in its environment.
    pub mark: Option<String>,
    /// Its working folder.
    pub cwd: Option<PathBuf>,
}

/// The sockets that would take a connection to this port of a loopback address; none when the
/// system does not say.
pub fn at(host: &str, port: u16) -> Option<Vec<Socket>> {
    #[cfg(target_os = "linux")]
    return linux::at(host, port);
    #[cfg(not(target_os = "linux"))]
    return {
        let _ = (host, port);
        None
    };
}

/// A line of `/proc/net/tcp` or `tcp6`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    address: IpAddr,
    port: u16,
    user: u32,
    inode: u64,
}

/// The addresses that a loopback host means.
fn loopback_addresses(host: &str) -> Vec<IpAddr> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse() {
        Ok(address) => vec![address],
        Err(_) => vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)],
    }
}

/// The rows that take connections to an address: those bound to it, else those bound to all
/// addresses of its family, else to all of both.
fn accepting(rows: &[Row], address: IpAddr, port: u16) -> Vec<Row> {
    let any4 = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let any6 = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    let order = if address.is_ipv4() { vec![address, any4, any6] } else { vec![address, any6] };
    let bound = |to: &IpAddr| {
        let bound = rows.iter().filter(|row| row.port == port && row.address == *to);
        bound.copied().collect::<Vec<_>>()
    };
    order.iter().map(bound).find(|bound| !bound.is_empty()).unwrap_or_default()
}

/// The listening sockets of a table; an address of IPv4 in one of IPv6 counts as what it is.
fn rows(table: &str) -> Vec<Row> {
    table.lines().filter_map(row).collect()
}

fn row(line: &str) -> Option<Row> {
    const LISTEN: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (address, port) = fields.get(1)?.split_once(':')?;
    if *fields.get(3)? != LISTEN {
        return None;
    }
    Some(Row {
        address: address_of(address)?.to_canonical(),
        port: u16::from_str_radix(port, 16).ok()?,
        user: fields.get(7)?.parse().ok()?,
        inode: fields.get(9)?.parse().ok()?,
    })
}

/// Each four bytes stand in the machine's own order.
fn address_of(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| u32::from_str_radix(hex.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    match hex.len() {
        8 => word(0).map(|bytes| IpAddr::V4(bytes.into())),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            let bytes: [u8; 16] = words.concat().try_into().ok()?;
            Some(IpAddr::V6(bytes.into()))
        }
        _ => None,
    }
}

#[cfg(target_os = "linux")]
#[allow(clippy::disallowed_methods, reason = "/proc is no file of a lab")]
mod linux {
    use std::collections::BTreeMap;
    use std::os::unix::fs::MetadataExt;
    use std::path::{Path, PathBuf};

    use super::{Holder, Row, Socket, accepting, loopback_addresses, rows};
    use crate::platform::process;

    pub(super) fn at(host: &str, port: u16) -> Option<Vec<Socket>> {
        let table = |name: &str| std::fs::read_to_string(Path::new("/proc/net").join(name));
        let mut all = rows(&table("tcp").ok()?);
        // A machine without IPv6 has no such table.
        all.extend(rows(&table("tcp6").unwrap_or_default()));
        let mut found: Vec<Row> = loopback_addresses(host)
            .into_iter()
            .flat_map(|address| accepting(&all, address, port))
            .collect();
        found.dedup();
        if found.is_empty() {
            return Some(Vec::new());
        }
        let mut sockets: BTreeMap<u64, Socket> = found
            .iter()
            .map(|row| (row.inode, Socket { user: row.user, holders: Vec::new() }))
            .collect();
        let entries = std::fs::read_dir("/proc").ok()?;
        for pid in entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        {
            let mut held: Vec<u64> =
                inodes(pid).into_iter().filter(|inode| sockets.contains_key(inode)).collect();
            held.sort_unstable();
            held.dedup();
            for socket in held {
                if let Some(socket) = sockets.get_mut(&socket) {
                    socket.holders.push(holder(pid));
                }
            }
        }
        Some(sockets.into_values().collect())
    }

    /// The sockets that a process holds.
    fn inodes(pid: u32) -> Vec<u64> {
        let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return Vec::new() };
        let socket = |target: PathBuf| {
            target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse::<u64>().ok()
        };
        entries.filter_map(|entry| socket(std::fs::read_link(entry.ok()?.path()).ok()?)).collect()
    }

    fn holder(pid: u32) -> Holder {
        let folder = Path::new("/proc").join(pid.to_string());
        let name = std::fs::read(folder.join("comm")).unwrap_or_default();
        Holder {
            pid,
            name: String::from_utf8_lossy(&name).trim().to_owned(),
            user: folder.metadata().ok().map(|meta| meta.uid()),
            relatives: process::relatives(pid),
            mark: process::mark_of(pid),
            cwd: std::fs::read_link(folder.join("cwd")).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when \
        retrnsmt   uid  timeout inode\n";

    fn line(address: &str, state: &str, inode: u64) -> String {
        format!(
            "   0: {address} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  1000 0 \
             {inode} 1\n"
        )
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn the_socket_that_answers_is_the_one_bound_nearest() {
        let table = [
            HEAD.to_owned(),
            line("0100007F:1F90", "0A", 1),
            line("0100007F:1F90", "01", 2),
            line("00000000:1F90", "0A", 3),
            line("00000000000000000000000000000000:1F90", "0A", 4),
            line("0000000000000000FFFF00000200007F:1F90", "0A", 5),
            line("00000000000000000000000001000000:1F90", "0A", 6),
            line("00000000:1F91", "0A", 7),
            "broken\n".to_owned(),
        ]
        .concat();
        let all = rows(&table);
        let of = |rows: &[Row], host: &str, port: u16| {
            let found = loopback_addresses(host)
                .into_iter()
                .flat_map(|address| accepting(rows, address, port));
            found.map(|row| row.inode).collect::<Vec<_>>()
        };
        assert_eq!(of(&all, "127.0.0.1", 8080), [1]);
        assert_eq!(of(&all, "127.0.0.2", 8080), [5]);
        assert_eq!(of(&all, "127.0.0.3", 8080), [3]);
        assert_eq!(of(&all, "[::1]", 8080), [6]);
        assert_eq!(of(&all, "localhost", 8080), [1, 6]);
        assert_eq!(of(&all, "127.0.0.1", 8081), [7]);
        assert!(of(&all, "127.0.0.1", 8082).is_empty());
        let only_all = rows(&line("00000000000000000000000000000000:1F90", "0A", 4));
        assert_eq!(of(&only_all, "127.0.0.1", 8080), [4]);
        assert_eq!(all[0].user, 1000);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_listener_of_this_very_process_is_found_with_its_folder_and_its_kin() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let found = at("127.0.0.1", port).unwrap();
        let [Socket { holders, .. }] = &found[..] else { panic!("{found:?}") };
        let me = holders.iter().find(|holder| holder.pid == std::process::id()).unwrap();
        assert_eq!(me.cwd, std::env::current_dir().ok());
        assert!(!me.relatives.is_empty());
        drop(listener);
        assert_eq!(at("127.0.0.1", port).unwrap(), []);
    }
}
