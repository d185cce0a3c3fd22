//! One GET over a Unix socket, with a deadline: how the container engine is asked.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::platform::clock;

/// The most that is read of one answer over a Unix socket.
const ENGINE_LIMIT: usize = 4 << 20;

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
        assert!(since.elapsed() < Duration::from_secs(30));
    }
}
