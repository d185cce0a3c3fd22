//! Looking at the machine: each look is made once, ends in time, and brings back a value.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::Scope;
use super::checks::{cluster, engine, host, programs};
use crate::catalog::units::VersionReq;
use crate::layout;
use crate::platform::host as platform_host;
use crate::platform::net::{self, Port};
use crate::platform::process::{self, Command, Ended, NotRun, Unfit};

pub(super) use cluster::probe::ClusterSeen;
pub(super) use engine::probe::{Answer, EngineSeen, HelperSeen, Unclear};
pub(super) use host::probe::{GpuSeen, HostSeen};
pub(super) use programs::probe::{Programs, PythonSeen, Pythons};

/// What can be looked at.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Look {
    /// Interpreters, up to the first that serves.
    Pythons(VersionReq),
    /// A program and the arguments that make it print its version.
    Tool(String, Vec<String>),
    /// The engine over its socket.
    Engine,
    /// `docker compose`, and the old `docker-compose`.
    Compose,
    /// `docker buildx`.
    Buildx,
    /// The credential helpers of Docker's config.
    Credentials,
    /// The kubeconfig, and the cluster of its context.
    Cluster,
    /// Files of the system and the environment.
    Host,
    /// The driver and `nvidia-smi`.
    Gpu,
    /// A port of 127.0.0.1.
    Port(u16),
    /// pip's index.
    Packages,
    /// An image's registry, asked by the engine.
    Image(String),
}

impl Look {
    /// The docker command.
    pub(super) fn client() -> Look {
        Look::Tool("docker".to_owned(), vec!["--version".to_owned()])
    }

    /// kubectl. `--short` is gone, and its text has changed between versions: JSON has not.
    pub(super) fn kubectl() -> Look {
        Look::Tool(
            "kubectl".to_owned(),
            ["version", "--client", "-o", "json"].map(str::to_owned).to_vec(),
        )
    }
}

/// What a look brought back.
#[derive(Clone, Debug)]
pub(super) enum Seen {
    Pythons(Pythons),
    Programs(Programs),
    Engine(Box<EngineSeen>),
    /// The plugin, and what `docker-compose` says where it does not answer.
    Compose(Asked, Option<Asked>),
    Buildx(Asked),
    Credentials(Result<Vec<HelperSeen>, String>),
    Cluster(Box<ClusterSeen>),
    Host(Box<HostSeen>),
    Gpu(GpuSeen),
    Port(Port),
    Packages(Asked),
    Image(Answer),
}

/// One question to a program, and how it ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    pub(super) cmd: String,
    pub(super) path: Option<PathBuf>,
    pub(super) out: String,
    pub(super) err: String,
    pub(super) how: How,
    pub(super) took: Duration,
}

/// How a question to a program ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum How {
    Code(i32),
    Signal(i32),
    /// Not within this time.
    Late(Duration),
    Absent,
    Unfit(Unfit),
}

impl Asked {
    /// Whether it ended well.
    pub(super) fn well(&self) -> bool {
        self.how == How::Code(0)
    }

    /// The exit code, when there is one.
    pub(super) fn rc(&self) -> Option<i32> {
        match self.how {
            How::Code(code) => Some(code),
            _ => None,
        }
    }

    /// The first line that says something, of what it complained about, else of what it printed.
    pub(super) fn words(&self) -> &str {
        let lines = self.err.lines().chain(self.out.lines());
        lines.map(str::trim).find(|line| !line.is_empty()).unwrap_or("it printed nothing")
    }
}

/// Asks a program, until `end` at the latest.
pub(super) fn ask(program: &str, args: &[&str], end: Instant) -> Asked {
    ask_at(program.into(), args, end)
}

pub(super) fn ask_at(program: PathBuf, args: &[&str], end: Instant) -> Asked {
    let since = Instant::now();
    let within = end.saturating_duration_since(since);
    let mut command = Command::new(&program, within)
        .args(args)
        .env("LC_ALL", "C")
        .env("PYTHONWARNINGS", "ignore");
    let mut cmd = command.to_string();
    // A dispatcher that stands for kubectl asks the cluster for its version before it says its own,
    // and so would hang with it.
    if program.file_name().is_some_and(|name| name == "kubectl") && args.contains(&"--client") {
        command = command.env("KUBECONFIG", "/dev/null");
        cmd = format!("KUBECONFIG=/dev/null {cmd}");
    } else if let Some(outside) = platform_host::var(layout::KUBECONFIG) {
        command = command.env("KUBECONFIG", outside);
    }
    let mut asked = Asked {
        cmd,
        path: None,
        out: String::new(),
        err: String::new(),
        how: How::Absent,
        took: Duration::ZERO,
    };
    match process::capture(&command) {
        Err(NotRun::Absent(_)) => {}
        Err(NotRun::Unusable(path, why)) => {
            asked.path = Some(path);
            asked.how = How::Unfit(why);
        }
        Ok(captured) => {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
            asked.path = process::locate(&command).ok();
            asked.out = text(&captured.stdout);
            asked.err = text(&captured.stderr);
            asked.how = match captured.ended {
                Ended::TimedOut => How::Late(within),
                Ended::Signal(signal) => How::Signal(signal),
                Ended::Code(code) => How::Code(code),
            };
        }
    }
    asked.took = since.elapsed();
    asked
}

/// Looks, until `end` at the latest (a little later where the system itself is slow).
pub(super) fn look(look: &Look, scope: &Scope, end: Instant) -> Seen {
    match look {
        Look::Pythons(wanted) => Seen::Pythons(programs::probe::pythons(wanted, end)),
        Look::Tool(name, args) => Seen::Programs(programs::probe::programs(name, args, end)),
        Look::Engine => Seen::Engine(Box::new(engine::probe::engine(&scope.root, end))),
        Look::Compose => {
            let plugin = ask("docker", &["compose", "version", "--short"], end);
            let old = (!plugin.well()).then(|| ask("docker-compose", &["version", "--short"], end));
            Seen::Compose(plugin, old)
        }
        Look::Buildx => Seen::Buildx(ask("docker", &["buildx", "version"], end)),
        Look::Credentials => Seen::Credentials(engine::probe::credentials()),
        Look::Cluster => {
            Seen::Cluster(Box::new(cluster::probe::cluster(scope.context.as_deref(), end)))
        }
        Look::Host => Seen::Host(Box::new(host::probe::host(&scope.root, &scope.folder))),
        Look::Gpu => Seen::Gpu(host::probe::gpu(&scope.root, end)),
        Look::Port(port) => Seen::Port(net::port(*port)),
        Look::Packages => Seen::Packages(ask(
            "python3",
            &[
                "-I",
                "-m",
                "pip",
                "--disable-pip-version-check",
                "--no-input",
                "--retries",
                "0",
                "--timeout",
                "3",
                "index",
                "versions",
                "pip",
            ],
            end,
        )),
        Look::Image(image) => Seen::Image(engine::probe::registry(image, end)),
    }
}
