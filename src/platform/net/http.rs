//! One HTTP exchange, or one TCP connection, with a deadline.

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use crate::platform::clock;

/// The most that is read of one response body.
const BODY_LIMIT: u64 = 8 << 20;

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
