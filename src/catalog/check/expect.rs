//! What each probe can be expected to find.

use std::collections::BTreeMap;

use super::rule::Match;

/// Values by JSON pointer (RFC 6901).
pub type Json = BTreeMap<String, Match>;

/// What a response should be.
#[derive(Clone, Debug, Default)]
pub struct HttpExpect {
    /// The status.
    pub status: Option<u16>,
    /// Headers by name.
    pub headers: BTreeMap<String, Match>,
    /// The body as text.
    pub body: Option<Match>,
    /// Values in the body.
    pub json: Json,
}

/// How a command should end.
#[derive(Clone, Debug, Default)]
pub struct CommandExpect {
    /// Its exit code (default 0).
    pub exit: i32,
    /// The standard output as text, without white space at its ends.
    pub stdout: Option<Match>,
    /// Values in the standard output.
    pub json: Json,
}

/// What a file should be.
#[derive(Clone, Debug)]
pub enum FileExpect {
    /// There is none.
    Absent,
    /// There is one, with this content.
    Present(Box<Content>),
}

/// What a file should hold.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// Its SHA-256, in hexadecimal.
    pub sha256: Option<String>,
    /// Its text as a whole.
    pub text: Option<Match>,
    /// Values, read as JSON.
    pub json: Json,
    /// Values by pointer, read as TOML.
    pub toml: Json,
}

/// What a port should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpExpect {
    /// It accepts connections.
    Open,
    /// Nothing listens there.
    Closed,
}

/// What a metric should be.
#[derive(Clone, Debug)]
pub struct MetricExpect {
    /// Its value, or its increase (default: at least 1).
    pub value: Match,
}

/// What an object, or a list, should be.
#[derive(Clone, Debug)]
pub enum KubernetesExpect {
    /// There is none.
    Absent,
    /// There is one, with these values.
    Present(Json),
}
