//! What the integration tests share: a lab in a temporary folder, and our program run on it.

mod children;
#[allow(dead_code, reason = "the proof matrix uses the rest")]
pub mod cluster;
pub mod terminal;

pub use children::{Limited, Running};

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

pub const BIN: &str = env!("CARGO_BIN_EXE_mlops-lab");

/// A lab in a temporary folder; everything of it is stopped when the test ends, however it ends.
pub struct Lab {
    pub root: PathBuf,
    pub port: u16,
    /// Variables over our own environment.
    pub env: BTreeMap<String, OsString>,
    _temp: tempfile::TempDir,
}

/// Our program, which hears signals: whoever runs tests in the background has Ctrl-C ignored, and
/// what they start inherits that.
pub fn listening() -> Command {
    if cfg!(not(target_os = "linux")) {
        return Command::new(BIN);
    }
    let mut command = Command::new("/usr/bin/env");
    command.args(["--default-signal=INT,HUP,TERM", BIN]);
    command
}

impl Lab {
    /// Makes a lab with a free port.
    pub fn new(pack: Option<&str>, id: &str, sets: &[&str]) -> Lab {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("a lab");
        let port = free_port();
        let mut command = Command::new(BIN);
        if let Some(pack) = pack {
            command
                .arg("--pack")
                .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs").join(pack));
        }
        command.args(["init", id, "--no-doctor", "--set", &format!("port={port}")]).arg(&root);
        // A name of its own: the default one may be a lab of whoever runs the tests.
        command.args(["--set", &format!("project_name=test-{port}")]);
        command.args(sets.iter().flat_map(|set| ["--set", set]));
        let out = command.finish();
        assert!(out.status.success(), "{}", text(&out.stderr));
        Lab { root, port, env: BTreeMap::new(), _temp: temp }
    }

    /// Where what runs of the lab is noted.
    pub fn run_folder(&self) -> PathBuf {
        run_folder(&self.root).expect("nothing is noted of this lab")
    }

    /// Our program, in the lab.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = listening();
        command.args(args).current_dir(&self.root).envs(&self.env);
        command
    }

    /// Trusts the lab as it is, after its manifest or another of its own files was written by hand.
    pub fn trust(&self) {
        trust(&self.root);
    }

    /// Runs our program in the lab.
    pub fn run(&self, args: &[&str]) -> Seen {
        seen(&mut self.command(args))
    }

    /// Runs it, and it must end with 0.
    pub fn ok(&self, args: &[&str]) -> Seen {
        let seen = self.run(args);
        assert_eq!(seen.code, 0, "mlops-lab {args:?}\n{}\n{}", seen.out, seen.err);
        seen
    }
}

/// Trusts the lab in this folder as it is: one that was copied, cloned, or changed by hand.
pub fn trust(root: &Path) {
    must(listening().args(["break", "--trust"]).current_dir(root));
}

/// Where what runs of the lab at this path is noted, in the state that is shared by all tests (see
/// .cargo/config.toml).
pub fn run_folder(root: &Path) -> Option<PathBuf> {
    let line = format!("root = {:?}\n", root.canonicalize().unwrap());
    let labs = PathBuf::from(std::env::var_os("XDG_STATE_HOME").unwrap()).join("mlops-lab/labs");
    let folders = std::fs::read_dir(labs).ok()?.map(|entry| entry.unwrap().path());
    let text =
        |folder: &PathBuf| std::fs::read_to_string(folder.join("state.toml")).unwrap_or_default();
    folders.into_iter().find(|folder| text(folder).contains(&line))
}

impl Drop for Lab {
    fn drop(&mut self) {
        // It may be a panic that drops it, and a second one would end all tests.
        let mut down = self.command(&["down", "--purge"]);
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| down.finish()));
    }
}

/// A port that is free and stays so: below those that the system hands out to outgoing connections.
pub fn free_port() -> u16 {
    loop {
        let random = RandomState::new().build_hasher().finish();
        let port = 10_000 + u16::try_from(random % 22_768).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

static MACHINE: RwLock<()> = RwLock::new(());

/// Held by what loads the machine: a lab of real servers, installers, a proof. Several may run side
/// by side, one on each thread of the test runner; nothing that judges times runs beside them.
pub fn busy() -> RwLockReadGuard<'static, ()> {
    MACHINE.read().unwrap_or_else(PoisonError::into_inner)
}

/// Held by what judges times: in the whole of `it` nothing that is `busy` or `alone` runs beside
/// it. What holds neither is light.
pub fn alone() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().unwrap_or_else(PoisonError::into_inner)
}

/// A file of tests/clients.
pub fn client(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

/// Runs a command, and it must end with 0.
pub fn must(command: &mut Command) -> Seen {
    let seen = seen(command);
    assert_eq!(seen.code, 0, "{command:?}\n{}\n{}", seen.out, seen.err);
    seen
}

/// Whether a lab's containers can be proven here; in CI they must.
pub fn compose(id: &str) -> bool {
    let args = ["doctor", id, "--runtime", "compose", "--skip", "port"];
    let works = seen(Command::new(BIN).args(args)).code == 0;
    assert!(works || !strict(), "compose does not work here: mlops-lab {}", args.join(" "));
    if !works {
        eprintln!("skipped: compose does not work on this machine");
    }
    works
}

/// Prometheus' own tool finds nothing wrong with the metrics at this address.
pub fn sound_metrics(url: &str) {
    let check = format!("set -o pipefail; curl -sf {url} | promtool check metrics");
    let found = seen(Command::new("bash").args(["-c", &check]));
    if found.err.contains("promtool: command not found") && !strict() {
        return eprintln!("{url} was not checked: promtool is not there (.ci/tools has it)");
    }
    assert_eq!((found.code, found.err.as_str()), (0, ""), "{url}\n{}", found.out);
}

/// How often a test that plays with chance does it: as often as the README says, times
/// `MLOPS_LAB_ROUNDS` (a factor, for a quick look).
pub fn rounds(number: u32) -> u32 {
    let factor = std::env::var("MLOPS_LAB_ROUNDS").ok().and_then(|text| text.parse::<f64>().ok());
    ((f64::from(number) * factor.unwrap_or(1.0)) as u32).max(10)
}

/// A temporary folder, in memory where there is such a place: runs by the hundred judge us, not the
/// disk.
pub fn quick_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Every file below a folder, links not followed.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![(folder.to_path_buf(), ".".to_owned())];
    while let Some((folder, prefix)) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let entry = entry.unwrap();
            let path = format!("{prefix}/{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                open.push((entry.path(), path));
            } else if kind.is_file() {
                found.insert(path, std::fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

/// How a child ended: its code, or the negative number of the signal.
pub fn ended(child: &mut std::process::Child) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    let status = child.wait().unwrap();
    status.code().unwrap_or_else(|| -status.signal().unwrap())
}

/// Sends a signal to a child.
pub fn signal(child: &std::process::Child, signal: rustix::process::Signal) {
    let process = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(process, signal).unwrap();
}

/// How a run ended.
#[derive(Debug)]
pub struct Seen {
    pub code: i32,
    pub out: String,
    pub err: String,
}

pub fn seen(command: &mut Command) -> Seen {
    let Output { status, stdout, stderr } = command.finish();
    Seen { code: status.code().unwrap_or(-1), out: text(&stdout), err: text(&stderr) }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Whether a missing tool is a failure: in CI nothing passes by being skipped.
pub fn strict() -> bool {
    std::env::var_os("MLOPS_LAB_STRICT").is_some()
}

/// Copies a folder.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A program of the machine that a test needs, by its whole name.
pub fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap();
    let found =
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    assert!(found.is_some() || !strict(), "{name} is not on PATH");
    if found.is_none() {
        eprintln!("skipped: {name} is not on PATH");
    }
    found
}
