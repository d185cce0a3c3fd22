//! `lab test`: the proof of a lab, case by case.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::counted;
use crate::catalog::Lab;
use crate::catalog::manifest::RuntimeKind;
use crate::cli;
use crate::commands::{Session, View};
use crate::error::{Exit, Result};
use crate::lab_test::{self, Case, Outcome, Proof};
use crate::platform::fs;
use crate::platform::prose;
use crate::platform::term::{self, BAD, BOLD, DIM, GOOD, WARN};

pub(in crate::commands) fn test(session: &Session, args: &cli::LabTest) -> Result<Exit> {
    let labs: Vec<Lab> =
        args.labs.iter().map(|name| session.sources.lab(name)).collect::<Result<_>>()?;
    let proofs = lab_test::proofs(&labs, args.runtime, &args.only)?;
    if args.list {
        let cases = proofs.into_iter().flat_map(|proof| proof.parts).filter(|part| part.case);
        return session.show(&Names(cases.map(|part| part.name).collect()));
    }
    if args.explain {
        return session.show(&Order(proofs));
    }
    if args.write_cost {
        for (number, lab) in labs.iter().enumerate() {
            let own = proofs.iter().filter(|proof| proof.lab == number);
            let kinds: Vec<RuntimeKind> = own.map(|proof| proof.runtime).collect();
            lab_test::costs_writable(lab, &kinds)?;
        }
    }
    let junit = args.junit.as_ref().map(|file| session.folder.join(file));
    // What cannot be written at the end is known at the beginning.
    write_junit(junit.as_deref(), &[])?;
    let seen: Mutex<Vec<Case>> = Mutex::new(Vec::new());
    let done = lab_test::side_by_side(&proofs, args.jobs, |proof| {
        prove(session, args, &labs[proof.lab], proof.runtime, &seen)
    });
    let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    write_junit(junit.as_deref(), &seen)?;
    done?;
    let mut counts = Counts::default();
    seen.iter().for_each(|case| counts.add(&case.outcome));
    term::eprintln(&format!("\n{}\n{}", lab_test::table(&seen), counts.words()));
    Ok(counts.exit())
}

/// Proves a lab in one runtime and prints each case as soon as it is known.
fn prove(
    session: &Session,
    args: &cli::LabTest,
    lab: &Lab,
    kind: RuntimeKind,
    seen: &Mutex<Vec<Case>>,
) -> Result<()> {
    let cli::Cluster { context, registry, load } = args.cluster.clone();
    let (keep, only, set) = (args.keep, args.only.clone(), args.set.clone());
    let options = lab_test::Options { keep, only, set, context, registry, load };
    let mut passed = false;
    let (costs, kept) = lab_test::prove(lab, kind, &options, &mut |case: &Case| {
        passed |= matches!(case.outcome, Outcome::Pass);
        // Held while it prints: a case is not mixed with one of another lab.
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        report(session, case);
        seen.push(case.clone());
    })?;
    if let Some(kept) = kept {
        term::eprintln(&format!("\nkept, stopped: {}", kept.display()));
    }
    // Where nothing ran nothing was measured.
    if passed && args.write_cost {
        lab_test::write_cost(lab, kind, &costs)?;
    }
    // Some cases measure nothing, and what runs side by side is measured together.
    if passed && args.only.is_empty() && args.jobs.get() == 1 {
        term::eprintln(&format!(
            "\nmeasured on {kind}: {}",
            serde_json::to_string(&costs).unwrap_or_default()
        ));
    }
    Ok(())
}

fn write_junit(file: Option<&Path>, cases: &[Case]) -> Result<()> {
    let Some(file) = file else { return Ok(()) };
    fs::write(file, lab_test::junit(cases)?.as_bytes(), false)
}

/// How many cases ended how.
#[derive(Clone, Copy, Default)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
    inapplicable: usize,
    unproven: usize,
}

impl Counts {
    fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Pass => self.passed += 1,
            Outcome::Fail(_) => self.failed += 1,
            Outcome::Skip(_) => self.skipped += 1,
            Outcome::Inapplicable(_) => self.inapplicable += 1,
            Outcome::Unproven(_) => self.unproven += 1,
        }
    }

    fn words(self) -> String {
        let Counts { passed, failed, skipped, inapplicable, unproven } = self;
        let mut words = format!("{passed} passed, {failed} failed");
        if skipped > 0 {
            words.push_str(&format!(", {skipped} skipped: this machine cannot run them"));
        }
        if inapplicable > 0 {
            words.push_str(&format!(", {inapplicable} skipped: not part of such a lab"));
        }
        if unproven > 0 {
            words.push_str(&format!(
                "\n{} not proven: a stand-in ran in the place of the real thing; prove them where \
                that can be had",
                counted(unproven, "case")
            ));
        }
        words
    }

    /// No when something failed; cannot tell when nothing was shown at all.
    fn exit(self) -> Exit {
        match self {
            Counts { failed: 1.., .. } => Exit::No,
            Counts { passed: 0, .. } => Exit::Environment,
            _ => Exit::Done,
        }
    }
}

/// One line for each case as soon as it is known: a proof takes minutes.
fn report(session: &Session, case: &Case) {
    let mut out = term::out();
    let _ = if session.json {
        writeln!(out, "{}", serde_json::to_string(case).unwrap_or_default())
    } else {
        let seconds = format!("{DIM}{:.1} s{DIM:#}", case.seconds);
        match &case.outcome {
            Outcome::Pass => {
                writeln!(out, "{GOOD}pass{GOOD:#}  {} {seconds}", case.name).and_then(|()| {
                    let observed = case
                        .observed
                        .iter()
                        .map(|text| format!("      {DIM}{}{DIM:#}", one_line(text)));
                    let warning = case
                        .warning
                        .iter()
                        .map(|text| format!("      {WARN}warning{WARN:#}: {text}"));
                    observed.chain(warning).try_for_each(|line| writeln!(out, "{line}"))
                })
            }
            Outcome::Fail(why) => {
                let why = why.replace('\n', "\n      ");
                writeln!(out, "{BAD}FAIL{BAD:#}  {} {seconds}\n      {why}", case.name).and_then(
                    |()| {
                        let logs =
                            case.logs.iter().map(|logs| format!("      logs: {}", logs.display()));
                        logs.into_iter().try_for_each(|line| writeln!(out, "{line}"))
                    },
                )
            }
            Outcome::Skip(why) | Outcome::Inapplicable(why) => {
                writeln!(out, "{WARN}skip{WARN:#}  {}: {why}", case.name)
            }
            Outcome::Unproven(why) => {
                writeln!(out, "{WARN}not proven{WARN:#}  {}: {why}", case.name)
            }
        }
    };
    let _ = out.flush();
}

/// What fits on a line of a terminal, in one line.
fn one_line(text: &str) -> String {
    const ROOM: usize = 70;
    let words = term::escape(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    match words.char_indices().nth(ROOM) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

/// The order in which a proof runs.
#[derive(Serialize)]
#[serde(transparent)]
struct Order(Vec<Proof>);

impl View for Order {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for (number, Proof { id, runtime, parts, .. }) in self.0.iter().enumerate() {
            let gap = if number == 0 { "" } else { "\n" };
            writeln!(
                out,
                "{gap}{BOLD}{id} on {runtime}{BOLD:#}, in a new project, in this order:"
            )?;
            for part in parts {
                let name = part.name.splitn(3, "::").nth(2).unwrap_or(&part.name);
                let lead = if part.case { "" } else { " (leads to the case)" };
                writeln!(out, "  {name}{DIM}{lead}{DIM:#}")?;
                let what = prose::sentence(&term::escape(&part.what), 6, term::columns());
                writeln!(out, "      {DIM}{what}{DIM:#}")?;
            }
        }
        Ok(())
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Names(Vec<String>);

impl View for Names {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{BOLD}{}{BOLD:#}", counted(self.0.len(), "case"))?;
        self.0.iter().try_for_each(|name| writeln!(out, "{name}"))
    }
}
