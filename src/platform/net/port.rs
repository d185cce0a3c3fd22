//! Ports of this machine: which are free, who holds one, and which one a URL means.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use crate::platform::host;

/// Who listens on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its process id.
    pub pid: u32,
    /// Its program's name.
    pub name: String,
}

/// Whether a service could listen on 127.0.0.1 at this port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Port {
    /// It could.
    Free,
    /// Something listens there; who, when that can be read.
    Busy(Option<Owner>),
    /// The system does not allow it, in its words.
    Forbidden(String),
}

/// Whether a service could listen on 127.0.0.1 at this port, and who is in the way.
pub fn port(port: u16) -> Port {
    // A listener on all addresses blocks one on loopback only on some systems, and would take the
    // lab's traffic on the others: ask for both.
    for host in [Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED] {
        match TcpListener::bind(SocketAddr::new(IpAddr::V4(host), port)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Port::Busy(owner(port)),
            Err(error) => return Port::Forbidden(error.to_string()),
        }
    }
    Port::Free
}

/// That this machine reaches itself at all: in a fresh network namespace its loopback interface is
/// down.
///
/// # Errors
/// The system's.
pub fn loopback() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    TcpStream::connect_timeout(&listener.local_addr()?, Duration::from_secs(1)).map(drop)
}

/// Where systems begin to hand out ports to outgoing connections (ip(7), ip_local_port_range;
/// others begin higher).
const EPHEMERAL: u16 = 32_768;

/// A free port that no outgoing connection will be given.
///
/// # Errors
/// The system gives no random numbers, or every port that was tried is taken.
pub fn spare_port() -> io::Result<u16> {
    const FIRST: u16 = 10_000;
    for _ in 0..100 {
        let mut bytes = [0; 2];
        getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        let candidate = FIRST + u16::from_ne_bytes(bytes) % (EPHEMERAL - FIRST);
        if port(candidate) == Port::Free {
            return Ok(candidate);
        }
    }
    Err(io::Error::from(ErrorKind::AddrInUse))
}

fn owner(port: u16) -> Option<Owner> {
    let process = listeners::get_process_by_port(port, listeners::Protocol::TCP).ok()?;
    Some(Owner { pid: process.pid, name: process.name })
}

/// The port of a base URL that points to this machine, or none.
pub fn own_port(url: &str) -> Option<u16> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let (host, port) = authority.rsplit_once(':')?;
    matches!(host, "127.0.0.1" | "localhost" | "[::1]").then(|| port.parse().ok()).flatten()
}

/// The host and the port of a URL that points to this machine, or none.
pub fn loopback_address(url: &str) -> Option<(String, u16)> {
    let url: ureq::http::Uri = url.parse().ok()?;
    let host = url.host()?.to_owned();
    let loopback = host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    // Whoever stands before an `@` is not the host, and has no business in an address of a lab.
    let plain = url.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    let port = url.port_u16().unwrap_or(if url.scheme_str() == Some("https") { 443 } else { 80 });
    (loopback && plain).then_some((host, port))
}

/// Whether the host of `host:port` is this machine: one of its own addresses, or its name. Other
/// names are not resolved: that may take long, and leaves the machine.
pub fn is_own_host(authority: &str) -> bool {
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        // The system binds to an address of an interface of its own, and to no other.
        Ok(address) => UdpSocket::bind((address, 0)).is_ok(),
        Err(_) => host == "localhost" || host == host::name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_an_interface_of_this_machine_is_its_own() {
        // Which one leads out; nothing is sent. A machine without a network has none.
        let out = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
            socket.connect("192.0.2.1:9")?;
            socket.local_addr()
        });
        let own = out.map_or(Vec::new(), |address| vec![format!("{}:6443", address.ip())]);
        let named = format!("{}:6443", host::name());
        let known = ["127.0.0.1:6443", "127.0.0.2:1", "localhost:6443", &named].map(str::to_owned);
        for here in own.iter().chain(&known) {
            assert!(is_own_host(here), "{here}");
        }
        // Addresses for documentation (RFC 5737, RFC 3849), and names that are not resolved.
        for other in ["192.0.2.1:6443", "[2001:db8::1]:6443", "localhost.example:6443"] {
            assert!(!is_own_host(other), "{other}");
        }
    }

    #[test]
    fn only_a_url_of_this_machine_has_a_place_on_it() {
        let place = |host: &str, port| Some((host.to_owned(), port));
        assert_eq!(loopback_address("http://127.0.0.1:5000/a?b"), place("127.0.0.1", 5000));
        assert_eq!(loopback_address("http://localhost"), place("localhost", 80));
        assert_eq!(loopback_address("https://[::1]/"), place("[::1]", 443));
        for other in [
            "http://example.org:80/",
            "http://127.0.0.1:80@example.org/",
            "http://127.0.0.1@localhost:80/",
            "http://127.0.0.1.example.org:80/",
            "http://10.0.0.1:80/",
            "no url",
        ] {
            assert_eq!(loopback_address(other), None, "{other}");
        }
    }
}
