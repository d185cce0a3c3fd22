//! `check --watch`: checks until all steps pass, and prints what has changed in kind, not in
//! number.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::report::{Report, Row};
use super::{Recall, Round};
use crate::catalog::manifest::VerdictKind;
use crate::check::Verdict;
use crate::cli;
use crate::commands::{Session, View, consent, hint, runtime_of};
use crate::error::{Exit, Result};
use crate::platform::prompt::{Listener, Pressed};
use crate::platform::term::{self, DIM, WARN};
use crate::platform::{clock, inside};
use crate::runtime;
use crate::workspace::Workspace;

/// Between two rounds. With a check of at most a second the verdict is there within 3 s of the fix.
const EVERY: Duration = Duration::from_secs(1);

/// What has been printed last.
#[derive(Debug, Default, PartialEq)]
struct Printed {
    /// Rows by id, in what of them is news.
    rows: Vec<(String, News)>,
    down: bool,
}

/// What of a row is news.
#[derive(Clone, Debug, PartialEq)]
enum News {
    Passed,
    Stuck { verdict: VerdictKind, check: usize, reason: String },
}

pub(super) fn watch(session: &Session, workspace: &Workspace, args: &cli::Check) -> Result<Exit> {
    let mut keys = if session.json { None } else { Listener::open() };
    let mut watch =
        Watch { session, workspace, args, printed: None, doubtful: false, was_up: false };
    if keys.is_some() {
        term::eprintln(&format!("{DIM}Enter checks now, h gives the next hint, q quits{DIM:#}"));
    }
    match watch.run(&mut keys) {
        // Whoever ends a watch wanted it to end: that is nothing that went wrong.
        Err(error) if error.exit() == Exit::Interrupted => Ok(Exit::Interrupted),
        other => other,
    }
}

struct Watch<'a> {
    session: &'a Session,
    workspace: &'a Workspace,
    args: &'a cli::Check,
    printed: Option<Printed>,
    /// The last round could not tell: one alone may have come in the middle of a start or a stop.
    doubtful: bool,
    was_up: bool,
}

impl Watch<'_> {
    fn run(&mut self, keys: &mut Option<Listener>) -> Result<Exit> {
        let mut recall = Recall::default();
        let mut last = None;
        loop {
            let state = (self.stamp(), runtime::generation(self.workspace));
            if last.as_ref() != Some(&state) {
                recall = Recall::default();
            }
            // What is checked now may be other files than those that were trusted: a `git pull` has
            // come.
            consent::ensure_unchanged(
                self.workspace,
                "it is not checked any further",
                "mlops-lab check --watch",
            )?;
            // The runtime may be another one after a `down` and an `up`.
            let kind = runtime_of(self.workspace, self.args.runtime)?;
            let round = Round { workspace: self.workspace, kind, args: self.args };
            let report = round.report(&mut recall)?;
            // Checks write files, too: what they wrote is no work of the learner's.
            last = Some((self.stamp(), state.1));
            if let Some(exit) = self.print(report)? {
                return Ok(exit);
            }
            match self.pause(keys)? {
                Some(Pressed::Letter('q')) => return Ok(Exit::No),
                Some(Pressed::Enter) => {
                    recall = Recall::default();
                    // Who presses Enter gets a report, also the same one.
                    self.printed = Some(Printed::default());
                }
                _ => {}
            }
        }
    }

    /// Waits for the next round; a hint is printed when its key is pressed.
    fn pause(&self, keys: &mut Option<Listener>) -> Result<Option<Pressed>> {
        let Some(keys) = keys else {
            clock::pause(EVERY)?;
            return Ok(None);
        };
        let end = Instant::now() + EVERY;
        loop {
            match keys.key(end.saturating_duration_since(Instant::now()))? {
                Some(Pressed::Letter('h')) => {
                    let hints = hint::run(
                        self.session,
                        self.args.step.as_deref(),
                        false,
                        self.args.runtime,
                    )?;
                    self.session.show(&hints.newest())?;
                }
                Some(pressed @ (Pressed::Enter | Pressed::Letter('q'))) => {
                    return Ok(Some(pressed));
                }
                Some(Pressed::Letter(_)) => {}
                None => return Ok(None),
            }
        }
    }

    fn stamp(&self) -> u64 {
        let root = self.workspace.root();
        let local = self.workspace.manifest().runtime.local.as_ref();
        let data: Vec<String> = local.iter().flat_map(|local| local.data.clone()).collect();
        inside::stamp(root, &data)
    }

    /// Prints what is new; the exit code when there is nothing left to watch.
    fn print(&mut self, report: Report) -> Result<Option<Exit>> {
        let up = runtime::active(self.workspace).is_some();
        let down = self.was_up && !up;
        let doubtful = report.rows.iter().any(|row| verdict(row) == Some(VerdictKind::CannotTell));
        if doubtful && !std::mem::replace(&mut self.doubtful, doubtful) && self.printed.is_some() {
            return Ok(None);
        }
        self.doubtful = doubtful;
        self.was_up |= up;
        let done = report.exit() == Exit::Done && !down;
        let report = if done { report.summed(self.session, self.workspace)? } else { report };
        let printed = if down {
            Printed { rows: Vec::new(), down }
        } else {
            Printed {
                rows: report
                    .rows
                    .iter()
                    .filter_map(|row| Some((row.id.clone(), news(row)?)))
                    .collect(),
                down,
            }
        };
        if self.session.json {
            if self.printed.as_ref() != Some(&printed) {
                self.session.show(&report)?;
            }
        } else {
            self.session.show(&Changes {
                report: &report,
                before: self.printed.as_ref(),
                now: &printed,
                done,
            })?;
        }
        self.printed = Some(printed);
        Ok(done.then_some(Exit::Done))
    }
}

fn verdict(row: &Row) -> Option<VerdictKind> {
    row.now.as_ref().map(|now| now.verdict)
}

/// What of a row is news: its kind, which check fails, and why in words, whatever the numbers.
fn news(row: &Row) -> Option<News> {
    let now = row.now.as_ref()?;
    Some(match now.verdict {
        VerdictKind::Pass => News::Passed,
        verdict => News::Stuck { verdict, check: now.check, reason: reason(now) },
    })
}

/// A script's words are its reason; of everything else the observed text is a value, and the reason
/// is the manifest's.
fn reason(now: &Verdict) -> String {
    let words =
        if now.script { now.observed.as_str() } else { now.because.as_deref().unwrap_or_default() };
    let plain = |word: &&str| !word.chars().any(|c| c.is_ascii_digit());
    let status = now.status.map(|status| status.to_string()).unwrap_or_default();
    let words: Vec<&str> =
        words.split_whitespace().filter(plain).chain([status.as_str()]).collect();
    words.join(" ")
}

/// What has changed between two rounds.
struct Changes<'a> {
    report: &'a Report,
    before: Option<&'a Printed>,
    now: &'a Printed,
    done: bool,
}

impl serde::Serialize for Changes<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.report.serialize(serializer)
    }
}

impl View for Changes<'_> {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.before.is_none() {
            return self.report.human(out);
        }
        if self.now.down {
            return match self.before {
                Some(before) if before.down => Ok(()),
                _ => writeln!(out, "\n{WARN}the lab is down{WARN:#}: mlops-lab up"),
            };
        }
        let (ids, width) = (self.report.ids(), term::columns());
        let known = |id: &String| {
            self.before
                .and_then(|before| before.rows.iter().find(|(known, _)| known == id))
                .map(|(_, news)| news)
        };
        let mut stuck = false;
        for (id, news) in self.now.rows.iter().filter(|(id, news)| known(id) != Some(news)) {
            let Some(row) = self.report.rows.iter().find(|row| row.id == *id) else { continue };
            if !stuck && matches!(news, News::Stuck { .. }) {
                writeln!(out)?;
            }
            stuck |= matches!(news, News::Stuck { .. });
            row.human(out, ids, width)?;
        }
        if stuck || self.done { self.report.next(out) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stuck(observed: &str, because: Option<&str>, script: bool) -> String {
        reason(&Verdict {
            verdict: VerdictKind::NotYet,
            check: 1,
            probe: String::new(),
            expected: String::new(),
            observed: observed.to_owned(),
            script,
            status: Some(200),
            because: because.map(str::to_owned),
            took_ms: 1,
        })
    }

    #[test]
    fn a_number_that_changes_is_no_news_and_another_reason_is() {
        assert_eq!(stuck("6 of 24 were lost", None, true), stuck("7 of 24 were lost", None, true));
        assert_ne!(stuck("6 of 24 were lost", None, true), stuck("no run was found", None, true));
        // Of a server's answer the manifest says what it means; the answer itself may be anything.
        assert_eq!(
            stuck("{\"a\": \"x\"}", Some("why"), false),
            stuck("{\"a\": \"y\"}", Some("why"), false)
        );
        assert_ne!(stuck("", Some("why"), false), stuck("", Some("another"), false));
    }
}
