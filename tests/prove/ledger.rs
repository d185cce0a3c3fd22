//! Which labs were proven in which runtimes, and with which files: the ledger in
//! `tests/proven.toml`. And what of a proof is run where that is known. Pure.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Of the wrong and right solutions of a proof that is run in part, one of so many.
const ONE_OF: u64 = 4;

/// Of the known proofs one of so many is run at a commit: in `local`, and elsewhere.
const TURNS: [usize; 2] = [2, 3];

/// The last proofs, by lab and runtime.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ledger(BTreeMap<String, BTreeMap<String, Seen>>);

/// A proof in which no case failed: all of its cases in `local`, else at least a part of them.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// As [`hash`] sums up the files that decide the outcome, without those of the engine.
    pub files: String,
    /// How many cases the proof has.
    pub cases: usize,
    /// How long what was run of it took, beside other proofs.
    pub seconds: u64,
    /// The day in UTC, as `date -u +%F` prints it.
    pub on: String,
}

impl Ledger {
    /// # Errors
    /// The parser's, with line and column.
    pub fn read(text: &str) -> Result<Ledger, toml::de::Error> {
        toml::from_str(text)
    }

    /// As a file, one proof a table, sorted.
    pub fn text(&self) -> String {
        let head = "# The labs whose proofs were seen to pass, by\n\
                    # `MLOPS_LAB_PROVE=record` (see docs/testing.md). Not written by hand.\n\n";
        format!("{head}{}", toml::to_string(self).unwrap())
    }

    pub fn record(&mut self, lab: &str, runtime: &str, seen: Seen) {
        self.0.entry(lab.to_owned()).or_default().insert(runtime.to_owned(), seen);
    }

    /// The proof of the lab with these files, if there was one.
    pub fn seen(&self, lab: &str, runtime: &str, files: &str, cases: usize) -> Option<&Seen> {
        let seen = self.0.get(lab)?.get(runtime)?;
        (seen.files == files && seen.cases == cases).then_some(seen)
    }
}

/// What of a proof is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    Whole,
    /// The lab's life, and the attempts that [`in_part`] names.
    Part,
    /// Left to another commit.
    Nothing,
}

/// What of a proof is run, and why not the rest. `seen` is when it was proven with the files that
/// it has, `turn` whether it has its turn among those of which this is known.
pub fn share(runtime: &str, seen: Option<&str>, turn: bool) -> (Share, String) {
    match (runtime, seen) {
        (_, Some(on)) if !turn => (
            Share::Nothing,
            format!("the lab passed on {runtime} on {on}, its files are the same: labs take turns"),
        ),
        ("local", None) => (Share::Whole, String::new()),
        ("local", Some(on)) => (
            Share::Part,
            format!("the lab passed whole on {on}, its files are the same: solutions take turns"),
        ),
        _ => (Share::Part, format!("on {runtime} wrong and right solutions take turns")),
    }
}

/// Which of the known proofs, each with its seconds, have their turn at this commit: about as many
/// seconds at each commit, and every proof at one of [`TURNS`].
pub fn turns(known: &[u64], local: bool, commit: &str) -> Vec<bool> {
    let of = TURNS[usize::from(!local)];
    let turn = usize::try_from(number(commit) % of as u64).unwrap();
    let mut order: Vec<usize> = (0..known.len()).collect();
    order.sort_by_key(|number| Reverse(known[*number]));
    let mut sums = vec![0; of];
    let mut has = vec![false; known.len()];
    for number in order {
        // The longest first, each where least is yet.
        let place = (0..of).min_by_key(|place| sums[*place]).unwrap();
        sums[place] += known[number];
        has[number] = place == turn;
    }
    has
}

fn number(text: &str) -> u64 {
    let digest = Sha256::digest(text);
    digest[..8].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// Sums up files, each with its path and content, in the order of their paths.
pub fn hash(files: &BTreeMap<String, Vec<u8>>) -> String {
    let mut whole = Sha256::new();
    for (path, bytes) in files {
        whole.update(format!("{path}\0{}\0", bytes.len()));
        whole.update(bytes);
    }
    hex(&whole.finalize()[..16])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a proof that is run in part has this case. What a lab's life is made of (`up`, `down`,
/// kills, each step and drill with its solution) always is; of the wrong and right solutions
/// others at every commit, so that they all come round.
pub fn in_part(case: &str, commit: &str) -> bool {
    let attempt = case.contains("::wrong::") || case.contains("::right::");
    !attempt || number(&format!("{commit} {case}")).is_multiple_of(ONE_OF)
}
