//! A lab made for a proof: a temporary folder, a free port, and our own program run on it as a
//! learner would.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Options, unexpected, words};
use crate::catalog::manifest::{Cost, RuntimeKind, VarKind, VerdictKind};
use crate::catalog::{Lab, Source};
use crate::check;
use crate::error::{Error, Result};
use crate::layout;
use crate::platform::process::{self, Command, Ended};
use crate::platform::world::Machine;
use crate::platform::{clock, fs, net};
use crate::runtime;
use crate::workspace::{self, Workspace};

/// Building images and installing packages on a slow machine.
const WITHIN: Duration = Duration::from_secs(15 * 60);

/// Stopping everything at the end.
const CLEAN: Duration = Duration::from_secs(3 * 60);

/// How one run of our program ended.
pub(super) struct RunOutput {
    pub(super) exit: String,
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// What a check reported.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Judged {
    pub(super) verdict: VerdictKind,
    pub(super) expected: String,
    pub(super) observed: String,
    pub(super) because: String,
}

impl Judged {
    /// All of it, for a case that failed.
    pub(super) fn text(&self) -> String {
        let lines =
            [("expected", &self.expected), ("observed", &self.observed), ("why", &self.because)];
        let lines = lines.iter().filter(|(_, text)| !text.is_empty());
        lines.map(|(name, text)| format!("{name:8}  {text}")).collect::<Vec<_>>().join("\n")
    }
}

/// Where the lab is up, and each service with its state.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Runs {
    pub(super) runtime: Option<String>,
    pub(super) services: BTreeMap<String, String>,
}

pub(super) struct Project {
    pub(super) root: PathBuf,
    pub(super) kind: RuntimeKind,
    keep: bool,
    program: PathBuf,
    pack: Option<PathBuf>,
    /// Which cluster is meant, as variables that our program takes from its environment.
    cluster: Vec<(&'static str, String)>,
}

impl Project {
    /// Makes the project by `init`, with a free port for every port that the lab asks for.
    pub(super) fn new(lab: &Lab, kind: RuntimeKind, options: &Options) -> Result<Project> {
        let program = process::installed_program()?;
        // Proofs run side by side.
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let tag = format!("{}-{}-{number}", std::process::id(), clock::unix_now() % 100_000);
        // The path has a space: one that is not quoted somewhere shows.
        let root =
            std::env::temp_dir().join(format!("mlops-lab proof {tag}")).join(&lab.manifest.id);
        let pack = match &lab.source {
            Source::Embedded => None,
            Source::Pack(path) => Some(path.clone()),
        };
        let cluster = [
            (layout::KUBECONTEXT, &options.context),
            (layout::REGISTRY, &options.registry),
            (layout::LOAD, &options.load),
        ];
        let cluster =
            cluster.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect();
        let project =
            Project { root: root.clone(), kind, keep: options.keep, program, pack, cluster };
        let shown = root.display().to_string();
        let mut args =
            vec!["init".to_owned(), lab.manifest.id.clone(), shown, "--no-doctor".to_owned()];
        for (name, var) in &lab.manifest.vars {
            let value = match var.kind {
                VarKind::Port => free_port()?.to_string(),
                // Compose projects of two proofs side by side must not meet.
                _ if name == "project_name" => format!("proof-{tag}"),
                _ => continue,
            };
            args.extend(["--set".to_owned(), format!("{name}={value}")]);
        }
        for answer in &options.set {
            args.extend(["--set".to_owned(), answer.clone()]);
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let seen = project.run_in(&std::env::temp_dir(), &args)?;
        if seen.code != Some(0) {
            return Err(unexpected("init", "make the project", &seen));
        }
        Ok(project)
    }

    pub(super) fn workspace(&self) -> Result<Workspace> {
        Workspace::find(&self.root)
    }

    /// Why the runtime cannot work on this machine, in a few words; none when it can.
    pub(super) fn cannot(&self) -> Result<Option<String>> {
        // Not the ports: they were free a moment ago, and `up` looks again. With patience: a loaded
        // machine is not a broken one.
        let args = [
            "doctor",
            "--runtime",
            self.kind.name(),
            "--skip",
            "port",
            "--timeout",
            "30s",
            "--json",
        ];
        let seen = self.run(&args)?;
        if seen.code == Some(0) {
            return Ok(None);
        }
        let report: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap_or_default();
        let words = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let failing: Vec<String> = report["findings"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|finding| matches!(finding["status"].as_str(), Some("fail" | "unknown")))
            .map(|finding| format!("{}: {}", words(&finding["id"]), words(&finding["title"])))
            .collect();
        let failing =
            if failing.is_empty() { seen.stderr.trim().to_owned() } else { failing.join("; ") };
        Ok(Some(format!("this machine cannot run {}: {failing}", self.kind)))
    }

    /// Runs our program on the project; it must end with 0.
    pub(super) fn lab(&self, args: &[&str]) -> Result<RunOutput> {
        let seen = self.run(args)?;
        if seen.code == Some(0) {
            Ok(seen)
        } else {
            Err(unexpected(&args.join(" "), "end with 0", &seen))
        }
    }

    pub(super) fn solve(&self, id: &str) -> Result<()> {
        self.lab(&["solve", id, "--runtime", self.kind.name()]).map(drop)
    }

    /// The check of this step or drill passes.
    pub(super) fn green(&self, id: &str) -> Result<Judged> {
        self.expect(id, &[VerdictKind::Pass], "pass")
    }

    /// The check of this step or drill does not pass. Also where nothing can be seen yet: before a
    /// step nothing has to run.
    pub(super) fn red(&self, id: &str) -> Result<Judged> {
        self.expect(id, &[VerdictKind::NotYet, VerdictKind::CannotTell], "be red")
    }

    fn expect(&self, id: &str, wanted: &[VerdictKind], what: &str) -> Result<Judged> {
        let judged = self.check(id)?;
        if wanted.contains(&judged.verdict) {
            return Ok(judged);
        }
        let verdict = words(judged.verdict);
        Err(Error::no(format!("`mlops-lab check {id}` should {what}, and reports {verdict}"))
            .detail(judged.text()))
    }

    /// What the check of this step or drill reports.
    pub(super) fn check(&self, id: &str) -> Result<Judged> {
        let seen = self.run(&["check", id, "--runtime", self.kind.name(), "--json"])?;
        let report: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap_or_default();
        let now = &report["rows"][0]["now"];
        // The verdict, where there is one: the exit code says as well whether the lab is up.
        let verdict = match (serde_json::from_value(now["verdict"].clone()), seen.code) {
            (Ok(verdict), Some(0 | 1 | 3)) => verdict,
            (Err(_), Some(0)) => VerdictKind::Pass,
            (Err(_), Some(1)) => VerdictKind::NotYet,
            (Err(_), Some(3)) => VerdictKind::CannotTell,
            _ => return Err(unexpected(&format!("check {id}"), "judge", &seen)),
        };
        let word = |key: &str| now[key].as_str().unwrap_or_default().to_owned();
        let mut judged = Judged {
            verdict,
            expected: word("expected"),
            observed: word("observed"),
            because: word("because"),
        };
        if now.is_null() {
            // It ended before it asked.
            judged.observed = report["error"].as_str().unwrap_or(seen.stderr.trim()).to_owned();
        }
        Ok(judged)
    }

    /// What runs.
    pub(super) fn runs(&self) -> Result<Runs> {
        let seen = self.run(&["status", "--json"])?;
        let report: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap_or_default();
        let services = report["services"].as_array().into_iter().flatten();
        let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        Ok(Runs {
            runtime: report["runtime"].as_str().map(str::to_owned),
            services: services
                .map(|service| (word(&service["name"]), word(&service["state"])))
                .collect(),
        })
    }

    /// The checks of a drill that must pass once it is over, asked of the live system: the drill is
    /// not under way, so `check` does not judge it.
    pub(super) fn recovered(&self, id: &str) -> Result<()> {
        let workspace = self.workspace()?;
        let Some(drill) = workspace.manifest().drill.iter().find(|drill| drill.id == id) else {
            return Err(Error::bug(format!("there is no drill `{id}`")));
        };
        let context = runtime::context(&workspace, self.kind)?;
        let verdict = check::judge_all(&drill.recovered, &context, &Machine);
        if verdict.verdict == VerdictKind::Pass {
            return Ok(());
        }
        Err(Error::no(format!("`{id}` was put back, and what its fix must show does not hold"))
            .detail(format!("expected  {}\nobserved  {}", verdict.expected, verdict.observed)))
    }

    /// Whether this drill is under way.
    pub(super) fn under_way(&self, id: &str) -> Result<bool> {
        Ok(self.workspace()?.progress()?.drill.is_some_and(|drill| drill.id == id))
    }

    /// Why `check` does not ask for this step.
    pub(super) fn skipped(&self, id: &str) -> Result<Option<String>> {
        let seen = self.run(&["check", id, "--runtime", self.kind.name(), "--json"])?;
        let report: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap_or_default();
        Ok(report["rows"][0]["skipped"].as_str().map(str::to_owned))
    }

    /// `down`, after which nothing of the lab is left.
    pub(super) fn down(&self, purge: bool) -> Result<()> {
        let cluster = self.workspace()?.cluster()?;
        self.lab(if purge { &["down", "--purge"] } else { &["down"] })?;
        let left = runtime::leftovers(&self.workspace()?, purge, cluster.as_ref())?;
        if left.is_empty() {
            Ok(())
        } else {
            Err(Error::no("`mlops-lab down` left something").detail(left.join("\n")))
        }
    }

    /// Starts `up` and kills it with SIGKILL as soon as it has something running that it would have
    /// to find again.
    pub(super) fn kill_up(&self) -> Result<()> {
        let workspace = self.workspace()?;
        let mut up =
            process::spawn(&self.command(&self.root, &["up", "--runtime", self.kind.name()]))?;
        let end = Instant::now() + WITHIN;
        loop {
            if !runtime::leftovers(&workspace, false, None)?
                .iter()
                .all(|left| left.contains(&format!("pid {}", up.id())))
            {
                break;
            }
            if up.ended()?.is_some() {
                return Err(Error::no("`mlops-lab up` ended before it could be killed"));
            }
            if Instant::now() >= end {
                up.kill();
                return Err(Error::no("`mlops-lab up` started nothing"));
            }
            clock::pause(Duration::from_millis(20))?;
        }
        up.kill();
        Ok(())
    }

    /// Measures from `up` to ready on an installed lab.
    pub(super) fn time_up(&self, cost: &mut Cost) -> Result<()> {
        let since = Instant::now();
        self.lab(&["up", "--runtime", self.kind.name()])?;
        cost.ready_s = Some((since.elapsed().as_secs_f64() * 10.0).round() / 10.0);
        Ok(())
    }

    /// Which cluster is meant, as variables.
    pub(super) fn cluster(&self) -> Vec<(OsString, OsString)> {
        self.cluster.iter().map(|(name, value)| ((*name).into(), value.into())).collect()
    }

    fn run(&self, args: &[&str]) -> Result<RunOutput> {
        self.run_in(&self.root, args)
    }

    fn run_in(&self, folder: &Path, args: &[&str]) -> Result<RunOutput> {
        let captured = process::capture(&self.command(folder, args))
            .map_err(|why| Error::environment(format!("cannot run mlops-lab: {why:?}")))?;
        clock::interrupted()?;
        let (exit, code) = match captured.ended {
            Ended::Code(code) => (format!("exit {code}"), Some(code)),
            Ended::Signal(signal) => (format!("signal {signal}"), None),
            Ended::TimedOut => ("a time-out".to_owned(), None),
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(RunOutput { exit, code, stdout: text(&captured.stdout), stderr: text(&captured.stderr) })
    }

    fn command(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program, WITHIN);
        if let Some(pack) = &self.pack {
            command.args.extend(["--pack".into(), pack.into()]);
        }
        command.args.extend(args.iter().map(Into::into));
        command.cwd = Some(folder.to_owned());
        command.env.extend(self.cluster());
        // A proof run from inside another lab must not take that lab's names.
        let names = [layout::MARK, layout::RUN, layout::RUNTIME, "VIRTUAL_ENV", layout::PACKS];
        command.unset = names.map(Into::into).to_vec();
        command
    }

    /// Where the logs of failed cases are kept, beside the project and not removed with it.
    fn kept_logs(&self) -> PathBuf {
        let proof = self.root.parent().unwrap_or(&self.root);
        let name = proof.file_name().unwrap_or_default().to_string_lossy();
        proof.with_file_name(format!("{name} logs"))
    }

    /// Copies the lab's logs as they are now, for a case that failed. Returns the folder, if there
    /// was anything.
    pub(super) fn keep_logs(&self, case: &str) -> Option<PathBuf> {
        let logs = self.workspace().ok()?.run_folder().join("log");
        let logs = fs::walk(&logs).ok().filter(|logs| !logs.is_empty())?;
        let folder = self.kept_logs().join(case.replace("::", "-"));
        logs.iter()
            .all(|(path, bytes)| fs::write(&folder.join(path), bytes, false).is_ok())
            .then_some(folder)
    }

    /// Stops everything and removes the folder, whatever happened before.
    pub(super) fn clean(&self) {
        // Not `run`: after Ctrl-C that ends every command at once, and this one must still be done.
        if let Ok(mut down) = process::spawn(&self.command(&self.root, &["down", "--purge"])) {
            let end = Instant::now() + CLEAN;
            while matches!(down.ended(), Ok(None)) && Instant::now() < end {
                clock::sleep_uninterruptible(Duration::from_millis(50));
            }
        }
        if !self.keep
            && let Some(parent) = self.root.parent()
        {
            workspace::forget(&self.root);
            let _ = fs::remove_tree(parent);
        }
    }
}

/// A port that is free and stays so: one that the system would hand out by itself may be an
/// outgoing connection's the next moment.
fn free_port() -> Result<u16> {
    // No port for two proofs side by side: neither may be up yet.
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let port = net::spare_port()
            .map_err(|error| Error::environment("there is no free port").because(error))?;
        if GIVEN.lock().unwrap_or_else(PoisonError::into_inner).insert(port) {
            return Ok(port);
        }
    }
}
