//! The one seam between judging and the machine: what a probe may ask, and the machine's answers.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::listening::{self, Socket};
use super::net::{self, Request, Response, Unreachable};
use super::process::{self, Captured, Command, NotRun};

/// What judging may ask of the machine. Tests put a value in its place.
pub trait World {
    /// One HTTP exchange, no redirects, no proxy.
    fn http(&self, request: &Request) -> Result<Response, Unreachable>;
    /// Runs a command to its end or its deadline and keeps what it printed.
    fn run(&self, command: &Command) -> Result<Captured, NotRun>;
    /// Reads a whole file of the project, through no link.
    fn read(&self, root: &Path, path: &str) -> io::Result<Vec<u8>>;
    /// Opens a TCP connection to `host:port` and closes it.
    fn connect(&self, address: &str, within: Duration) -> Result<(), Unreachable>;
    /// Who would take a connection to this port of a loopback address; none when the system does
    /// not say.
    fn listening(&self, host: &str, port: u16) -> Option<Vec<Socket>>;
    /// A port that is free.
    fn spare_port(&self) -> Option<u16>;
    /// The time, for deadlines.
    fn now(&self) -> Instant;
}

/// The machine itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Machine;

impl World for Machine {
    fn http(&self, request: &Request) -> Result<Response, Unreachable> {
        net::http(request)
    }
    fn run(&self, command: &Command) -> Result<Captured, NotRun> {
        process::capture(command)
    }
    fn read(&self, root: &Path, path: &str) -> io::Result<Vec<u8>> {
        super::inside::read(root, path)
    }
    fn connect(&self, address: &str, within: Duration) -> Result<(), Unreachable> {
        net::connect(address, within)
    }
    fn listening(&self, host: &str, port: u16) -> Option<Vec<Socket>> {
        listening::at(host, port)
    }
    fn spare_port(&self) -> Option<u16> {
        net::spare_port().ok()
    }
    fn now(&self) -> Instant {
        Instant::now()
    }
}
