//! The Docker engine, asked over its own socket: the client hangs for ever where the engine does, and says 0 where it fails.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::seen::{self, Seen};
use crate::platform::fs;

/// One exchange over the socket.
const EXCHANGE: Duration = Duration::from_secs(2);

/// Where the client would look, and which setting won.
fn endpoint() -> (String, String) {
    let context = std::env::var("DOCKER_CONTEXT").ok().filter(|name| !name.is_empty());
    if let Some(host) = std::env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty()) {
        return (host, "DOCKER_HOST".to_owned());
    }
    let home = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let home =
        home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".docker"))).unwrap_or_default();
    let (name, why) = match context {
        Some(name) => (Some(name), "DOCKER_CONTEXT"),
        None => (
            json(&home.join("config.json"))
                .and_then(|config| Some(config["currentContext"].as_str()?.to_owned())),
            "the current context",
        ),
    };
    let default = ("unix:///var/run/docker.sock".to_owned(), "the default".to_owned());
    match name.filter(|name| name != "default") {
        None => default,
        Some(name) => match context_host(&home, &name) {
            Some(host) => (host, format!("{why} `{name}`")),
            None => (String::new(), format!("{why} `{name}`")),
        },
    }
}

fn context_host(home: &Path, name: &str) -> Option<String> {
    let contexts = home.join("contexts").join("meta");
    let metas = fs::names(&contexts)
        .ok()?
        .into_iter()
        .filter_map(|folder| json(&contexts.join(folder).join("meta.json")));
    let meta = metas.into_iter().find(|meta| meta["Name"] == name)?;
    Some(meta["Endpoints"]["docker"]["Host"].as_str()?.to_owned())
}

fn json(path: &Path) -> Option<Value> {
    serde_json::from_slice(&fs::read_io(path).ok()?).ok()
}

/// The engine's version, or why it does not answer.
pub(super) fn engine(deadline: Duration) -> Seen {
    match get("/version", deadline) {
        Ok((asked, version)) => match version["Version"].as_str() {
            Some(text) if !text.is_empty() => {
                Seen::Said { asked, path: String::new(), text: text.to_owned(), others: Vec::new() }
            }
            _ => Seen::Failed {
                asked,
                class: "not-docker",
                saw: "what answers is no Docker engine".to_owned(),
            },
        },
        Err(seen) => seen,
    }
}

/// The memory of the engine's machine.
pub(super) fn memory(deadline: Duration) -> Seen {
    match get("/info", deadline) {
        Ok((asked, info)) => match info["MemTotal"].as_u64() {
            Some(value) => Seen::Number { asked, value },
            None => Seen::Unknown { asked, why: "the engine does not tell".to_owned() },
        },
        Err(Seen::Failed { asked, saw, .. }) => Seen::Unknown { asked, why: saw },
        Err(seen) => seen,
    }
}

fn get(path: &str, deadline: Duration) -> Result<(String, Value), Seen> {
    let (host, why) = endpoint();
    if host.is_empty() {
        return Err(Seen::Failed {
            asked: "docker context ls".to_owned(),
            class: "no-context",
            saw: format!("{why} does not exist"),
        });
    }
    let Some(socket) = host.strip_prefix("unix://") else {
        // TLS and ssh are the client's own business.
        return match seen::tool("docker", &["version", "--format", "{{json .Server}}"], deadline) {
            Seen::Said { asked, text, .. } => {
                let server: Value = serde_json::from_str(&text).unwrap_or_default();
                Ok((asked, server))
            }
            seen => Err(seen),
        };
    };
    let asked = format!("curl --unix-socket {socket} http://docker{path}");
    let failed = |class, saw: String| Seen::Failed {
        asked: asked.clone(),
        class,
        saw: format!("{saw} ({host}, by {why})"),
    };
    let answer =
        exchange(Path::new(socket), path, EXCHANGE.min(deadline)).map_err(|error| match error.kind() {
            ErrorKind::NotFound => failed("absent", "there is no socket".to_owned()),
            ErrorKind::ConnectionRefused => failed("refused", "nobody listens on the socket".to_owned()),
            ErrorKind::PermissionDenied => {
                failed("permission", "this user may not use the socket".to_owned())
            }
            ErrorKind::TimedOut | ErrorKind::WouldBlock => {
                Seen::Unknown { asked: asked.clone(), why: format!("{host} accepts and does not answer") }
            }
            _ => failed("broken", error.to_string()),
        })?;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split_whitespace().nth(1).unwrap_or_default();
    if !head.starts_with("HTTP/") {
        return Err(failed("not-docker", "what answers speaks no HTTP".to_owned()));
    }
    if status != "200" {
        return Err(failed(
            "error",
            format!("status {status}: {}", body.trim().chars().take(120).collect::<String>()),
        ));
    }
    let value = serde_json::from_str(body.trim())
        .map_err(|_| failed("not-docker", "what answers is no Docker engine".to_owned()))?;
    Ok((asked, value))
}

/// One request. HTTP/1.0, so that the answer ends with the connection and comes in one piece.
fn exchange(socket: &Path, path: &str, within: Duration) -> std::io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(within))?;
    stream.set_write_timeout(Some(within))?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: docker\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.take(4 << 20).read_to_end(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    fn served(answer: Option<&'static str>) -> std::io::Result<Vec<u8>> {
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
        let seen = exchange(&socket, "/version", Duration::from_millis(200));
        server.join().unwrap();
        seen
    }

    #[test]
    fn an_answer_is_read_whole_and_silence_ends_in_time() {
        assert_eq!(served(Some("HTTP/1.0 200 OK\r\n\r\n{}")).unwrap(), b"HTTP/1.0 200 OK\r\n\r\n{}");
        assert_eq!(served(None).unwrap_err().kind(), ErrorKind::WouldBlock);
    }

    #[test]
    fn a_socket_without_an_engine_is_told_apart_from_none() {
        let folder = tempfile::tempdir().unwrap();
        let dead = folder.path().join("dead.sock");
        drop(UnixListener::bind(&dead).unwrap());
        assert_eq!(exchange(&dead, "/", EXCHANGE).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        assert_eq!(
            exchange(&folder.path().join("none"), "/", EXCHANGE).unwrap_err().kind(),
            ErrorKind::NotFound
        );
    }
}
