//! Network: one HTTP exchange, one TCP connection, who holds a port. Never through a proxy: a lab
//! is on this machine.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::clock;

/// The most that is read of one response body.
const BODY_LIMIT: u64 = 8 << 20;

/// The most that is read of one answer over a Unix socket.
const ENGINE_LIMIT: usize = 4 << 20;

/// One HTTP request.
#[derive(Clone, Debug)]
pub struct Request {
    /// GET, POST, ...
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Name and value.
    pub headers: Vec<(String, String)>,
    /// The body; an empty one is not sent.
    pub body: Vec<u8>,
    /// For everything: name, connection, headers, body.
    pub within: Duration,
}

/// One HTTP response, whatever its status.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// All of it.
    pub body: Vec<u8>,
}

/// Why no answer came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// Nothing listens there.
    Refused,
    /// No answer within this time.
    TimedOut(Duration),
    /// The name has no address.
    NoSuchHost,
    /// An answer longer than we read, in bytes: a part of it would be judged as if it were all.
    TooLong(u64),
    /// Anything else, in the system's words.
    Other(String),
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreachable::Refused => f.write_str("connection refused: nothing listens there"),
            Unreachable::TimedOut(within) => {
                write!(f, "no answer within {:.1} s", within.as_secs_f64())
            }
            Unreachable::NoSuchHost => f.write_str("the host name has no address"),
            Unreachable::TooLong(limit) => {
                write!(f, "the answer is longer than {} MiB", limit >> 20)
            }
            Unreachable::Other(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Unreachable {}

fn unreachable(error: &io::Error, within: Duration) -> Unreachable {
    match error.kind() {
        ErrorKind::ConnectionRefused => Unreachable::Refused,
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Unreachable::TimedOut(within),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            Unreachable::Other("the connection was reset".to_owned())
        }
        ErrorKind::UnexpectedEof => {
            Unreachable::Other("the connection was closed before an answer came".to_owned())
        }
        _ => Unreachable::Other(error.to_string()),
    }
}

/// Between two looks at Ctrl-C while another side has the word.
const TICK: Duration = Duration::from_millis(20);

/// Does what may wait for another side in a thread of its own: after Ctrl-C nobody waits for it any
/// more.
fn interruptible<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Unreachable> + Send + 'static,
) -> Result<T, Unreachable> {
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    loop {
        match ended.recv_timeout(TICK) {
            Ok(result) => return result,
            Err(RecvTimeoutError::Timeout) if clock::interrupted().is_ok() => {}
            Err(_) => return Err(Unreachable::Other("interrupted".to_owned())),
        }
    }
}

/// One exchange, no redirects, no proxy, no keep-alive. Any status is an answer.
pub fn http(request: &Request) -> Result<Response, Unreachable> {
    let request = request.clone();
    interruptible(move || exchange(&request))
}

fn exchange(request: &Request) -> Result<Response, Unreachable> {
    let within = request.within;
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections(0)
        .timeout_global(Some(within))
        .user_agent(concat!("mlops-lab/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let mut builder =
        ureq::http::Request::builder().method(request.method.as_str()).uri(&request.url);
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    let built = builder
        .body(request.body.clone())
        .map_err(|error| Unreachable::Other(error.to_string()))?;
    let answer = agent.configure_request(built).allow_non_standard_methods(true).build();
    let answer = agent.run(answer).map_err(|error| ureq_error(error, within))?;
    let status = answer.status().as_u16();
    let headers = answer
        .headers()
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let mut body = Vec::new();
    answer.into_body().into_reader().take(BODY_LIMIT + 1).read_to_end(&mut body).map_err(
        |error| match error.downcast::<ureq::Error>() {
            Ok(error) => ureq_error(error, within),
            Err(error) => unreachable(&error, within),
        },
    )?;
    if body.len() as u64 > BODY_LIMIT {
        return Err(Unreachable::TooLong(BODY_LIMIT));
    }
    Ok(Response { status, headers, body })
}

fn ureq_error(error: ureq::Error, within: Duration) -> Unreachable {
    match error {
        ureq::Error::Io(error) => unreachable(&error, within),
        ureq::Error::Timeout(_) => Unreachable::TimedOut(within),
        ureq::Error::HostNotFound => Unreachable::NoSuchHost,
        ureq::Error::ConnectionFailed => Unreachable::Refused,
        other => Unreachable::Other(format!("not an HTTP answer: {other}")),
    }
}

/// Opens a TCP connection to `host:port` and closes it.
pub fn connect(address: &str, within: Duration) -> Result<(), Unreachable> {
    let address = address.to_owned();
    interruptible(move || connected(&address, within))
}

fn connected(address: &str, within: Duration) -> Result<(), Unreachable> {
    let addresses = address.to_socket_addrs().map_err(|_| Unreachable::NoSuchHost)?;
    let mut last = Unreachable::NoSuchHost;
    for address in addresses {
        match TcpStream::connect_timeout(&address, within) {
            Ok(_) => return Ok(()),
            Err(error) => last = unreachable(&error, within),
        }
    }
    Err(last)
}

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

/// One GET over a Unix socket, as bytes. HTTP/1.0, so that the answer ends with the connection and
/// comes in one piece.
///
/// Neither a socket that accepts and never answers nor one with a full backlog, on which a blocking
/// `connect` hangs for ever, holds us longer than `within`.
///
/// # Errors
/// The system's; [`ErrorKind::TimedOut`] when it was too late.
pub fn unix_get(socket: &Path, path: &str, within: Duration) -> io::Result<Vec<u8>> {
    let end = Instant::now() + within;
    let left = || {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::Error::from(ErrorKind::TimedOut)) } else { Ok(left) }
    };
    let mut stream = unix_connect(socket, end)?;
    stream.set_write_timeout(Some(left()?))?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: docker\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    let mut buffer = [0; 16 << 10];
    loop {
        if answer.len() > ENGINE_LIMIT {
            let why = format!("the answer is longer than {} MiB", ENGINE_LIMIT >> 20);
            return Err(io::Error::new(ErrorKind::FileTooLarge, why));
        }
        stream.set_read_timeout(Some(left()?))?;
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => answer.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Err(ErrorKind::TimedOut.into());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(answer)
}

fn unix_connect(socket: &Path, end: Instant) -> io::Result<UnixStream> {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket as open};
    let address = SocketAddrUnix::new(socket)?;
    loop {
        let fd = open(AddressFamily::UNIX, SocketType::STREAM, None)?;
        rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
        let stream = UnixStream::from(fd);
        stream.set_nonblocking(true)?;
        match connect(&stream, &address) {
            Ok(()) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            // The backlog is full: it may be for a moment only.
            Err(rustix::io::Errno::AGAIN) if Instant::now() < end => {
                clock::sleep_uninterruptible(Duration::from_millis(20))
            }
            Err(rustix::io::Errno::AGAIN) => return Err(ErrorKind::TimedOut.into()),
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    const SHORT: Duration = Duration::from_millis(200);

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

    fn served(answer: Option<&'static str>) -> io::Result<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 256];
            let _ = stream.read(&mut request);
            match answer {
                Some(answer) => stream.write_all(answer.as_bytes()).unwrap(),
                // Holds the connection until the other side gives up.
                None => drop(stream.read(&mut request)),
            }
        });
        let seen = unix_get(&socket, "/version", SHORT);
        server.join().unwrap();
        seen
    }

    #[test]
    fn an_answer_is_read_whole_and_silence_ends_in_time() {
        assert_eq!(
            served(Some("HTTP/1.0 200 OK\r\n\r\n{}")).unwrap(),
            b"HTTP/1.0 200 OK\r\n\r\n{}"
        );
        assert_eq!(served(None).unwrap_err().kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn a_dead_socket_is_told_apart_from_none_and_from_a_full_one() {
        let folder = tempfile::tempdir().unwrap();
        let dead = folder.path().join("dead.sock");
        drop(UnixListener::bind(&dead).unwrap());
        assert_eq!(unix_get(&dead, "/", SHORT).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        assert_eq!(
            unix_get(&folder.path().join("none"), "/", SHORT).unwrap_err().kind(),
            ErrorKind::NotFound
        );

        let full = folder.path().join("full.sock");
        let _listener = UnixListener::bind(&full).unwrap();
        // Nobody accepts: connections stay in the backlog (128 in the standard library) until it is
        // full.
        let mut held = Vec::new();
        while let Ok(stream) = unix_connect(&full, Instant::now()) {
            held.push(stream);
            assert!(held.len() < 10_000, "the backlog never fills");
        }
        let since = Instant::now();
        assert_eq!(unix_get(&full, "/", SHORT).unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(since.elapsed() < Duration::from_secs(5));
    }
}
