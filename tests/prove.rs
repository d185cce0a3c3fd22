//! The proof matrix: every lab x runtime x step, each case a test of its own.
//!
//! The proof itself is `mlops-lab lab test`; this file runs it once for each lab and runtime and
//! hands its cases to the test runner. It takes minutes, so all cases are ignored unless
//! `--include-ignored` (or `--ignored`) asks for them. Proofs then run side by side, three for each
//! two processors, as half of a proof is waiting; their cases are printed in the order of the labs.
//! What changed since `HEAD^` (or the revision in MLOPS_LAB_SINCE) is proven first:
//! `prove/order.rs`.
//!
//! Proven in part are a lab whose files are those of its last whole proof (`prove/ledger.rs`), and
//! every lab in other runtimes than `local`, as its checks are the same. That is its life, every
//! step and drill with its solution, and some of the wrong and right solutions, others at every
//! commit. And labs whose files are those of their last proof in a runtime take turns there.
//! `MLOPS_LAB_PROVE=whole` proves all; `record` what the ledger does not have, and writes it there.
//!
//! A case that cannot run stays ignored and says why: a step that only the real thing can show,
//! where a stand-in of it runs; what such a lab does not have; or a runtime that cannot work on
//! this machine. With MLOPS_LAB_STRICT=1 such a runtime fails, a missing cluster too.
//!
//! The cluster is that of CI (harness/cluster.rs), on which a proof goes as far as `SMALL_CLUSTER`
//! says; without it a context that is known to be local, or that of MLOPS_LAB_KUBECONTEXT.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test may fail loudly"
)]

#[path = "it/harness/children.rs"]
#[allow(dead_code, reason = "the integration tests use the rest")]
mod children;
#[path = "it/harness/cluster.rs"]
mod cluster;
#[path = "prove/ledger.rs"]
mod ledger;
#[path = "prove/order.rs"]
mod order;

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, OnceLock};
use std::time::{Duration, Instant};

use children::Limited;
use cluster::Cluster;
use ledger::{Ledger, Seen, Share};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use order::Planned;
use serde_json::Value;

const BIN: &str = env!("CARGO_BIN_EXE_mlops-lab");

/// How far a lab is proven on the cluster of CI, one small node to which no image comes but by
/// `--load`. A lab that is not named here is proven whole.
const SMALL_CLUSTER: [(&str, &[&str], &str); 2] = [
    ("tracking", &["server::before", "server::solved"], "the whole proof takes too long for CI"),
    ("kubeflow", &[], "the images of Kubeflow Pipelines and KServe cannot be had in CI"),
];

/// Longer than the proof of any lab on a busy machine.
const LONGEST_PROOF: Duration = Duration::from_secs(2 * 60 * 60);

fn main() {
    let mut arguments = Arguments::from_args();
    // Cases are printed in their order. What runs side by side are the proofs.
    arguments.test_threads = Some(1);
    let (mut proofs, mut trials, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for offered in offered() {
        let proof = Arc::new(Proof::new(&offered));
        let Offered { id, runtime, names, .. } = offered;
        let shared = shared(&id);
        let cases = names.iter().filter(|name| proof.extent.leaves_out(name).is_none()).count();
        let planned = Planned { lab: id, runtime, shared, cases };
        proofs.push((planned, Arc::clone(&proof)));
        all.push(Arc::clone(&proof));
        trials.extend(names.into_iter().map(|name| {
            let (label, proof) = (name.clone(), Arc::clone(&proof));
            Trial::ignorable_test(label, move || proof.outcome(&name)).with_ignored_flag(true)
        }));
    }
    let wanted = (arguments.include_ignored || arguments.ignored) && !arguments.list;
    if wanted && arguments.filter.is_none() && arguments.skip.is_empty() {
        proofs.retain(|(planned, proof)| planned.cases > 0 && proof.missing().is_none());
        side_by_side(proofs);
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    // The last case is known before its proof has cleaned up and is recorded.
    all.iter().for_each(|proof| proof.wait());
    conclusion.exit();
}

/// A lab in one of its runtimes.
struct Offered {
    id: String,
    runtime: String,
    /// Of all cases.
    names: Vec<String>,
    /// When it was proven with the files that it has.
    seen: Option<Seen>,
    /// Whether it has its turn, where known proofs take turns.
    turn: bool,
}

fn offered() -> Vec<Offered> {
    let mut all = Vec::new();
    for lab in json(&["list", "--json"])["labs"].as_array().unwrap() {
        let id = lab["id"].as_str().unwrap().to_owned();
        for runtime in lab["runtimes"].as_array().unwrap() {
            let (id, runtime) = (id.clone(), runtime.as_str().unwrap().to_owned());
            let names = json(&["lab", "test", &id, "--runtime", &runtime, "--list", "--json"]);
            let names: Vec<String> = serde_json::from_value(names).unwrap();
            let seen = LEDGER.seen(&id, &runtime, &files(&id, &runtime), names.len());
            let seen = seen.cloned();
            all.push(Offered { id, runtime, names, seen, turn: true });
        }
    }
    for local in [true, false] {
        let known: Vec<(&mut bool, u64)> = all
            .iter_mut()
            .filter(|offered| (offered.runtime == "local") == local)
            .filter_map(|Offered { seen, turn, .. }| Some((turn, seen.as_ref()?.seconds)))
            .collect();
        let seconds: Vec<u64> = known.iter().map(|(_, seconds)| *seconds).collect();
        let turns = ledger::turns(&seconds, local, &COMMIT);
        known.into_iter().zip(turns).for_each(|((turn, _), has)| *turn = has);
    }
    all
}

/// The packs of a lab.
fn shared(id: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("labs").join(id).join("lab.toml");
    let manifest: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let shared = manifest.get("shared").cloned();
    shared.map(|shared| shared.try_into().unwrap()).unwrap_or_default()
}

/// The sum of the files that decide a proof's outcome, without those of the engine.
fn files(id: &str, runtime: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let planned =
        Planned { lab: id.to_owned(), runtime: runtime.to_owned(), shared: shared(id), cases: 0 };
    let mut files = BTreeMap::new();
    for folder in ["labs", "templates"] {
        read(root, &root.join(folder), &mut files);
    }
    files.retain(|path, _| order::is_of(path, &planned));
    ledger::hash(&files)
}

/// Puts all files of a folder with their paths from the root.
fn read(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "__pycache__") {
                read(root, &path, files);
            }
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
}

/// The ledger as it was at the start.
static LEDGER: LazyLock<Ledger> = LazyLock::new(ledger_now);

/// The ledger, which runs side by side may have written.
fn ledger_now() -> Ledger {
    let text = std::fs::read_to_string(ledger_file()).unwrap_or_default();
    Ledger::read(&text).unwrap_or_else(|why| panic!("tests/proven.toml: {why}"))
}

fn ledger_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/proven.toml")
}

/// What MLOPS_LAB_PROVE says.
fn mode() -> Option<String> {
    let mode = std::env::var("MLOPS_LAB_PROVE").ok().filter(|mode| !mode.is_empty());
    assert!(
        mode.as_deref().is_none_or(|mode| ["whole", "record"].contains(&mode)),
        "MLOPS_LAB_PROVE is `whole`, `record` or nothing"
    );
    mode
}

/// What a program prints on its only line.
fn line(command: &[&str]) -> String {
    let mut program = Command::new(command[0]);
    program.args(&command[1..]).current_dir(env!("CARGO_MANIFEST_DIR"));
    String::from_utf8_lossy(&program.finish().stdout).trim().to_owned()
}

/// The commit that is proven; nothing where git knows none.
static COMMIT: LazyLock<String> = LazyLock::new(|| line(&["git", "rev-parse", "HEAD"]));

/// The files that differ from the revision before this one, as git knows it, or why that is not
/// known.
fn changed() -> Result<Vec<String>, String> {
    let since = std::env::var("MLOPS_LAB_SINCE").unwrap_or_else(|_| "HEAD^".to_owned());
    let mut git = Command::new("git");
    git.args(["diff", "--name-only", "-z", &since, "--"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let out = git.finish();
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).lines().next().unwrap_or("").to_owned());
    }
    let paths = String::from_utf8_lossy(&out.stdout).into_owned();
    Ok(paths.split_terminator('\0').map(str::to_owned).collect())
}

/// Starts all proofs, several at once: first what was touched, the longest first. With a filter
/// each starts when a case asks for it.
fn side_by_side(proofs: Vec<(Planned, Arc<Proof>)>) {
    let (planned, proofs): (Vec<Planned>, Vec<Arc<Proof>>) = proofs.into_iter().unzip();
    let changed = changed().unwrap_or_else(|why| {
        eprintln!("\nwhat changed is not known: {why}");
        Vec::new()
    });
    let order = order::order(&planned, &changed);
    eprintln!("\nthe proofs, in this order:\n{}", order::explain(&planned, &order));
    let proofs: Vec<_> = order.iter().map(|(number, _)| Arc::clone(&proofs[*number])).collect();
    let queue = Arc::new(Mutex::new(proofs.into_iter()));
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    for _ in 0..processors + processors / 2 {
        let queue = Arc::clone(&queue);
        std::thread::spawn(move || {
            loop {
                let next = queue.lock().unwrap().next();
                let Some(proof) = next else { return };
                proof.begin();
                proof.run();
            }
        });
    }
    // From here on a case waits for its proof and does not start it.
    SCHEDULED.store(true, Ordering::SeqCst);
}

static SCHEDULED: AtomicBool = AtomicBool::new(false);

/// Why this machine cannot carry the runtime, in the doctor's words.
fn missing(proof: &Proof) -> Option<String> {
    let out = proof.command(&["doctor"]).arg("--json").finish();
    if out.status.success() {
        return None;
    }
    let report: Value = serde_json::from_slice(&out.stdout).unwrap_or_default();
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    // A port that is taken by somebody else is no reason: the proof looks for a free one.
    let failing: Vec<&str> = findings
        .iter()
        .filter(|finding| matches!(finding["status"].as_str(), Some("fail" | "unknown")))
        .filter_map(|finding| finding["id"].as_str())
        .filter(|id| !id.starts_with("port."))
        .collect();
    (!failing.is_empty()).then(|| failing.join(", "))
}

fn json(args: &[&str]) -> Value {
    let out = Command::new(BIN).args(args).finish();
    assert!(out.status.success(), "mlops-lab {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

/// What of a proof is run.
struct Extent {
    /// The names of the cases, LAB::RUNTIME::CASE.
    cases: Vec<String>,
    /// Why the rest is not; nothing when there is none.
    rest: Option<String>,
}

impl Extent {
    fn of(offered: &Offered, small: bool) -> Extent {
        let Offered { id, runtime, names, seen, turn } = offered;
        let some = |cases: &[&str], name: &str| {
            let case = name.splitn(3, "::").nth(2).unwrap();
            cases.contains(&case)
        };
        let limited = SMALL_CLUSTER.iter().find(|(lab, ..)| small && lab == id);
        if let Some((_, cases, why)) = limited {
            let cases = names.iter().filter(|name| some(cases, name)).cloned().collect();
            return Extent { cases, rest: Some((*why).to_owned()) };
        }
        let (share, why) = match (mode().as_deref(), seen.as_ref().map(|seen| seen.on.as_str())) {
            (Some("record"), Some(on)) => {
                (Share::Nothing, format!("the ledger has it, as of {on}"))
            }
            (Some("whole"), _) => (Share::Whole, String::new()),
            (_, seen) => ledger::share(runtime, seen, *turn),
        };
        let runs = |name: &&String| match share {
            Share::Whole => true,
            Share::Part => ledger::in_part(name, &COMMIT),
            Share::Nothing => false,
        };
        let rest = (share != Share::Whole).then_some(why);
        Extent { cases: names.iter().filter(runs).cloned().collect(), rest }
    }

    /// Why a case is not run.
    fn leaves_out(&self, name: &str) -> Option<&str> {
        self.rest.as_deref().filter(|_| !self.cases.iter().any(|case| case == name))
    }
}

/// One run of `lab test`, started by the schedule or by the first case that wants its outcome.
struct Proof {
    id: String,
    runtime: String,
    /// The cluster of CI, for what is proven there.
    cluster: Option<Cluster>,
    /// How many cases there are.
    names: usize,
    extent: Extent,
    missing: OnceLock<Option<String>>,
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Default)]
struct State {
    started: bool,
    ended: Option<String>,
    outcomes: HashMap<String, Value>,
}

impl Proof {
    fn new(offered: &Offered) -> Proof {
        let Offered { id, runtime, .. } = offered;
        let cluster = Cluster::named().filter(|_| runtime == "kubernetes");
        let extent = Extent::of(offered, cluster.is_some());
        let (id, runtime) = (id.clone(), runtime.clone());
        let (missing, state, news) = (OnceLock::new(), Mutex::default(), Condvar::new());
        Proof { id, runtime, cluster, names: offered.names.len(), extent, missing, state, news }
    }

    /// Why it is not run.
    fn missing(&self) -> Option<&str> {
        let strict = std::env::var_os("MLOPS_LAB_STRICT").is_some();
        let missing = || (!strict).then(|| missing(self)).flatten();
        self.missing.get_or_init(missing).as_deref()
    }

    /// A command of our program about this lab and runtime.
    fn command(&self, verb: &[&str]) -> Command {
        let mut command = Command::new(BIN);
        command.args(verb).args([&self.id, "--runtime", &self.runtime]);
        if let Some(cluster) = &self.cluster {
            command.arg("--pack").arg(cluster.pack()).envs(cluster.env());
        }
        command
    }

    /// Whether this is the first to begin it.
    fn begin(&self) -> bool {
        !std::mem::replace(&mut self.state.lock().unwrap().started, true)
    }

    fn outcome(self: &Arc<Self>, name: &str) -> Result<Completion, Failed> {
        if let Some(why) = self.extent.leaves_out(name) {
            return Ok(Completion::ignored_with(format!("not proven: {why}")));
        }
        if let Some(missing) = self.missing() {
            return Ok(Completion::ignored_with(format!("skipped: {missing}")));
        }
        if !SCHEDULED.load(Ordering::SeqCst) && self.begin() {
            let proof = Arc::clone(self);
            std::thread::spawn(move || proof.run());
        }
        let mut state = self.state.lock().unwrap();
        loop {
            if let Some(outcome) = state.outcomes.get(name) {
                if outcome == "pass" {
                    return Ok(Completion::Completed);
                }
                let why = |kind: &str| outcome.get(kind).and_then(Value::as_str);
                let ignored = |why| Ok(Completion::ignored_with(why));
                return if let Some(why) = why("fail") {
                    Err(why.into())
                } else if let Some(why) = why("skip") {
                    Err(format!("skipped: {why}").into())
                } else if let Some(why) = why("unproven") {
                    ignored(format!("not proven: {why}"))
                } else if let Some(why) = why("inapplicable") {
                    ignored(why.to_owned())
                } else {
                    Err(format!("an outcome that is none: {outcome}").into())
                };
            }
            if let Some(end) = &state.ended {
                let test = format!("mlops-lab lab test {} --runtime {}", self.id, self.runtime);
                return Err(format!("`{test}` ended without this case: {end}").into());
            }
            state = self.news.wait(state).unwrap();
        }
    }

    fn run(&self) {
        let since = Instant::now();
        // A whole proof names no case.
        let only = self.extent.rest.as_ref().map(|_| &self.extent.cases).into_iter().flatten();
        let only = only.flat_map(|case| ["--only", case]);
        let mut child = self
            .command(&["lab", "test"])
            .arg("--json")
            .args(only)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .start_within(LONGEST_PROOF);
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let Ok(case) = serde_json::from_str::<Value>(&line.unwrap()) else { continue };
            let mut state = self.state.lock().unwrap();
            state.outcomes.insert(
                case["name"].as_str().unwrap_or_default().to_owned(),
                case["outcome"].clone(),
            );
            self.news.notify_all();
        }
        let end = child.wait().unwrap();
        if end.success() && mode().as_deref() == Some("record") {
            self.record(since.elapsed());
        }
        let end = end.to_string();
        self.state.lock().unwrap().ended = Some(end);
        self.news.notify_all();
    }

    /// Until its end, if it has begun.
    fn wait(&self) {
        let mut state = self.state.lock().unwrap();
        while state.started && state.ended.is_none() {
            state = self.news.wait(state).unwrap();
        }
    }

    fn record(&self, took: Duration) {
        // Proofs end side by side.
        static WRITING: Mutex<()> = Mutex::new(());
        let _writing = WRITING.lock().unwrap();
        let on = line(&["date", "-u", "+%F"]);
        let mut ledger = ledger_now();
        let files = files(&self.id, &self.runtime);
        let seen = Seen { files, cases: self.names, seconds: took.as_secs(), on };
        ledger.record(&self.id, &self.runtime, seen);
        std::fs::write(ledger_file(), ledger.text()).unwrap();
    }
}
