//! Network: one HTTP exchange, one TCP connection, one request to a Unix socket, free ports. Never
//! through a proxy: a lab is on this machine.

mod http;
mod port;
mod unix;

pub use http::{Request, Response, Unreachable, connect, http};
pub use port::{Port, is_own_host, loopback, loopback_address, own_port, port, spare_port};
pub use unix::unix_get;
