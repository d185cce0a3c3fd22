//! Which labs were proven whole in the runtime `local`, and with which files: the ledger in
//! `tests/proven.toml`. And which cases a proof has that is run in part. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Of the wrong and right solutions of a proof that is run in part, one of so many.
const ONE_OF: u64 = 4;

/// The last whole proofs, by lab.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ledger(BTreeMap<String, Whole>);

/// A proof of which all cases ran, and none failed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Whole {
    /// As [`hash`] sums up the files that decide the outcome, without those of the engine.
    files: String,
    /// How many cases there were.
    cases: usize,
    /// The day in UTC, as `date -u +%F` prints it.
    on: String,
}

impl Ledger {
    /// # Errors
    /// The parser's, with line and column.
    pub fn read(text: &str) -> Result<Ledger, toml::de::Error> {
        toml::from_str(text)
    }

    /// As a file, one lab a table, sorted.
    pub fn text(&self) -> String {
        let head = "# Labs of which every case was seen in the runtime local, by\n\
                    # `MLOPS_LAB_PROVE=record` (see docs/testing.md). Not written by hand.\n\n";
        format!("{head}{}", toml::to_string(self).unwrap())
    }

    pub fn record(&mut self, lab: &str, files: String, cases: usize, on: String) {
        self.0.insert(lab.to_owned(), Whole { files, cases, on });
    }

    /// When the lab was proven whole with these files, if it was.
    pub fn seen(&self, lab: &str, files: &str, cases: usize) -> Option<&str> {
        let whole = self.0.get(lab)?;
        (whole.files == files && whole.cases == cases).then_some(whole.on.as_str())
    }
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
    let digest = Sha256::digest(format!("{commit} {case}"));
    let number = digest[..8].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    !attempt || number.is_multiple_of(ONE_OF)
}
