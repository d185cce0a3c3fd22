//! A bench for the doctor: a lab with given needs, a PATH with nothing on it but what a test puts
//! there, an empty home, and servers that misbehave on demand.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLockWriteGuard};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{BIN, Limited, alone, free_port, tool};

pub struct Bench {
    pub temp: tempfile::TempDir,
    env: BTreeMap<OsString, OsString>,
    /// Times are judged.
    _alone: RwLockWriteGuard<'static, ()>,
}

/// One run of the doctor.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
    pub took: Duration,
    pub report: Value,
}

impl Run {
    pub fn finding(&self, id: &str) -> &Value {
        let findings =
            self.report["findings"].as_array().unwrap_or_else(|| panic!("no report: {self:?}"));
        findings
            .iter()
            .find(|finding| finding["id"] == id)
            .unwrap_or_else(|| panic!("no finding {id}: {}", self.out))
    }

    /// Asserts status and class of a finding; returns what it says.
    #[track_caller]
    pub fn is(&self, id: &str, status: &str, class: &str) -> String {
        let finding = self.finding(id);
        assert_eq!(
            (finding["status"].as_str(), finding["class"].as_str()),
            (Some(status), Some(class)),
            "{finding:#}"
        );
        finding["title"].as_str().unwrap().to_owned()
    }

    /// All that a finding tells one to do.
    pub fn hints(&self, id: &str) -> String {
        self.finding(id)["hints"].to_string()
    }

    /// Asserts that the whole run took no longer than the deadline and half a second, by the
    /// doctor's own clock; by ours a little longer, because a loaded machine starts processes late.
    #[track_caller]
    pub fn within(&self, deadline: Duration) {
        let own = Duration::from_millis(self.report["ms"].as_u64().unwrap());
        assert!(own <= deadline + Duration::from_millis(500), "{own:?} of {deadline:?}");
        assert!(self.took <= deadline + Duration::from_secs(2), "{:?} of {deadline:?}", self.took);
    }
}

impl Bench {
    /// A bench whose lab `probe` needs this of its runtime `local` (or the one named before a
    /// colon: `compose: ...`).
    pub fn new(needs: &str) -> Bench {
        let alone = alone();
        let temp = tempfile::tempdir().unwrap();
        // Others than the owner must reach it: some runs are another user's.
        std::fs::set_permissions(temp.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        for folder in ["bin", "home", "pack/labs/probe", "pack/templates/probe"] {
            std::fs::create_dir_all(temp.path().join(folder)).unwrap();
        }
        let (kind, needs) = match needs.strip_prefix("compose:") {
            Some(needs) => ("compose", needs),
            None => ("local", needs),
        };
        let lab = format!(
            "schema = 1\nid = \"probe\"\ntitle = \"T\"\nsummary = \"S.\"\ndevops = \"D\"\nlevel = \
             \"beginner\"\nminutes = 1\ntools = [\"x\"]\n\
             [vars.project_name]\ntype = \"name\"\ndefault = \"probe\"\nhelp = \"N\"\n\
             [vars.port]\ntype = \"port\"\ndefault = PORT\nhelp = \"P\"\n\
             [runtime.{kind}]\nneeds = [{needs}]\n"
        );
        let port = listener().local_addr().unwrap().port();
        std::fs::write(
            temp.path().join("pack/labs/probe/lab.toml"),
            lab.replace("PORT", &port.to_string()),
        )
        .unwrap();
        std::fs::write(temp.path().join("pack/templates/probe/README.md"), "# probe\n").unwrap();
        let mut bench = Bench { env: BTreeMap::new(), temp, _alone: alone };
        let socket = format!("unix://{}", bench.path("docker.sock").display());
        let (path, home) = (bench.path("bin"), bench.path("home"));
        bench.env("PATH", path).env("HOME", home).env("DOCKER_HOST", socket);
        bench
    }

    /// Gives the lab an endpoint on this port.
    pub fn port(&self, port: u16) {
        let file = self.path("pack/labs/probe/lab.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(
            file,
            format!("{text}[endpoint.api]\nlocal = \"http://127.0.0.1:{port}\"\n"),
        )
        .unwrap();
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.temp.path().join(path)
    }

    pub fn env(&mut self, name: &str, value: impl Into<OsString>) -> &mut Bench {
        self.env.insert(name.into(), value.into());
        self
    }

    pub fn unset(&mut self, name: &str) -> &mut Bench {
        self.env.remove(std::ffi::OsStr::new(name));
        self
    }

    /// Puts a file on PATH.
    pub fn file(&self, name: &str, bytes: &[u8], mode: u32) -> PathBuf {
        self.at(&format!("bin/{name}"), bytes, mode)
    }

    /// Puts a file anywhere on the bench.
    pub fn at(&self, path: &str, bytes: &[u8], mode: u32) -> PathBuf {
        let file = self.path(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, bytes).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    /// Puts a shell script on PATH. It does not see PATH's tools but by their whole names.
    pub fn script(&self, name: &str, body: &str) -> PathBuf {
        self.file(name, format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{body}\n").as_bytes(), 0o755)
    }

    pub fn link(&self, name: &str, to: impl AsRef<Path>) {
        symlink(to, self.path("bin").join(name)).unwrap();
    }

    /// Our program with these arguments on this bench.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BIN);
        self.prepare(&mut command);
        command.arg("--pack").arg(self.path("pack")).args(args);
        if args.starts_with(&["doctor", "probe"]) {
            command.arg("--trust");
        }
        command
    }

    /// The bench's environment and folder, and nothing else.
    pub fn prepare(&self, command: &mut Command) {
        command.env_clear().envs(&self.env).current_dir(self.path("home")).stdin(Stdio::null());
    }

    /// The doctor's JSON about the lab, with a deadline of one second unless another is given.
    pub fn doctor(&self, args: &[&str]) -> Run {
        let mut command = self.command(&["doctor", "probe", "--json"]);
        if !args.contains(&"--timeout") {
            command.args(["--timeout", "1s"]);
        }
        command.args(args);
        run(&mut command)
    }
}

pub fn run(command: &mut Command) -> Run {
    let since = Instant::now();
    let out = command.finish();
    let took = since.elapsed();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&out.stdout), text(&out.stderr));
    let report = serde_json::from_str(&stdout).unwrap_or_default();
    Run { code: out.status.code().unwrap_or(-1), out: stdout, err: stderr, took, report }
}

/// What a server answers: from the number of the request and its path to the bytes, or nothing for
/// ever.
pub type Answer = dyn Fn(usize, &str) -> Option<String> + Send + Sync;

/// Serves a Unix socket until the process ends.
pub fn serve_unix(socket: &Path, answer: Box<Answer>) {
    let _ = std::fs::remove_file(socket);
    let listener = UnixListener::bind(socket).unwrap();
    let answer: Arc<Answer> = answer.into();
    let count = Arc::new(AtomicUsize::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (answer, count) = (Arc::clone(&answer), Arc::clone(&count));
            std::thread::spawn(move || serve(stream, &*answer, &count));
        }
    });
}

/// Serves a port of this machine until the process ends.
pub fn serve_tcp(answer: Box<Answer>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer: Arc<Answer> = answer.into();
    let count = Arc::new(AtomicUsize::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (answer, count) = (Arc::clone(&answer), Arc::clone(&count));
            std::thread::spawn(move || serve(stream, &*answer, &count));
        }
    });
    port
}

fn serve(mut stream: impl Read + Write, answer: &Answer, count: &AtomicUsize) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(length) => request.extend_from_slice(&buffer[..length]),
        }
    }
    let text = String::from_utf8_lossy(&request).into_owned();
    let path = text.split_whitespace().nth(1).unwrap_or_default().to_owned();
    match answer(count.fetch_add(1, Ordering::SeqCst), &path) {
        Some(bytes) => {
            let _ = stream.write_all(bytes.as_bytes());
        }
        // Holds the connection until the other side gives up.
        None => while matches!(stream.read(&mut buffer), Ok(length) if length > 0) {},
    }
}

/// An HTTP answer.
pub fn http(status: u16, body: &str) -> Option<String> {
    Some(format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    ))
}

/// Listens on a port that stays free when it is let go.
pub fn listener() -> TcpListener {
    loop {
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", free_port())) {
            return listener;
        }
    }
}

/// The machine's Python itself, not a shim in front of it that wants an environment of its own.
pub fn python() -> Option<PathBuf> {
    let shim = tool("python3")?;
    let out = Command::new(shim).args(["-I", "-c", "import sys; print(sys.executable)"]).finish();
    Some(PathBuf::from(String::from_utf8(out.stdout).unwrap().trim()))
}

/// Whether we are root, and can become somebody else.
pub fn root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:\t0"))
}
