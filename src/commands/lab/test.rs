//! `lab test`: the proof of a lab, case by case.

use std::io::{self, Write};

use serde::Serialize;

use super::counted;
use crate::catalog::manifest::RuntimeKind;
use crate::cli;
use crate::commands::{Session, View};
use crate::error::{Error, Exit, Result};
use crate::lab_test::{self, Case, Outcome};
use crate::platform::term::{self, BAD, BOLD, DIM, GOOD, WARN};

pub(in crate::commands) fn test(session: &Session, args: &cli::LabTest) -> Result<Exit> {
    let cli::LabTest { lab, runtime, list, only, write_cost, keep, set, cluster } = args;
    let (runtime, list, write_cost, keep) = (*runtime, *list, *write_cost, *keep);
    let lab = session.source.lab(lab)?;
    let offered = lab.manifest.runtimes();
    if let Some(kind) = runtime
        && !offered.contains(&kind)
    {
        return Err(Error::usage(format!(
            "the lab `{}` does not offer the runtime `{kind}`",
            lab.manifest.id
        )));
    }
    let kinds: Vec<RuntimeKind> =
        offered.into_iter().filter(|kind| runtime.is_none_or(|asked| asked == *kind)).collect();
    let cases = lab_test::cases(&lab, &kinds, only)?;
    if list {
        return session.show(&Names(cases.into_iter().flat_map(|(_, names)| names).collect()));
    }
    let kinds: Vec<RuntimeKind> = cases.into_iter().map(|(kind, _)| kind).collect();
    if write_cost {
        lab_test::costs_writable(&lab, &kinds)?;
    }
    let mut counts = Counts::default();
    for kind in kinds {
        let cli::Cluster { context, registry, load } = cluster.clone();
        let (source, set) = (session.source.clone(), set.clone());
        let options =
            lab_test::Options { keep, only: only.clone(), source, set, context, registry, load };
        let before = counts.passed;
        let (costs, kept) = lab_test::prove(&lab, kind, &options, &mut |case: &Case| {
            counts.add(&case.outcome);
            report(session, case);
        })?;
        if let Some(kept) = kept {
            term::eprintln(&format!("\nkept, stopped: {}", kept.display()));
        }
        // Where nothing ran nothing was measured.
        if counts.passed > before {
            if write_cost {
                lab_test::write_cost(&lab, kind, &costs)?;
            }
            // Some cases measure nothing.
            if only.is_empty() {
                term::eprintln(&format!(
                    "\nmeasured on {kind}: {}",
                    serde_json::to_string(&costs).unwrap_or_default()
                ));
            }
        }
    }
    term::eprintln(&format!("\n{}", counts.words()));
    Ok(counts.exit())
}

/// How many cases ended how.
#[derive(Clone, Copy, Default)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
    unproven: usize,
}

impl Counts {
    fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Pass => self.passed += 1,
            Outcome::Fail(_) => self.failed += 1,
            Outcome::Skip(_) => self.skipped += 1,
            Outcome::Unproven(_) => self.unproven += 1,
        }
    }

    fn words(self) -> String {
        let Counts { passed, failed, skipped, unproven } = self;
        let mut words = format!("{passed} passed, {failed} failed");
        if skipped > 0 {
            words.push_str(&format!(", {skipped} skipped: this machine cannot run them"));
        }
        if unproven > 0 {
            words.push_str(&format!(
                "\n{} not proven: a stand-in ran in the place of the real thing; prove them where that can be had",
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
            Outcome::Skip(why) => writeln!(out, "{WARN}skip{WARN:#}  {}: {why}", case.name),
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

#[derive(Serialize)]
#[serde(transparent)]
struct Names(Vec<String>);

impl View for Names {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{BOLD}{}{BOLD:#}", counted(self.0.len(), "case"))?;
        self.0.iter().try_for_each(|name| writeln!(out, "{name}"))
    }
}
