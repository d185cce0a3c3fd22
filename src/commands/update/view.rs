//! What `update` prints: files, then steps, answers and defaults that changed.

use std::io::{self, Write};

use super::Updated;
use crate::catalog::differences::{AnswerChange, Became, DefaultChange, Differences, StepChange};
use crate::commands::View;
use crate::commands::changes::listed;
use crate::error::Exit;
use crate::platform::term::{BOLD, DIM, GOOD, WARN, escape};
use crate::scaffold::{self, Action};

impl View for Updated {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{}", escape(&self.diff))?;
        if self.changes.is_empty() && self.env.is_empty() {
            writeln!(out, "{GOOD}up to date{GOOD:#}: no file of yours changes")?;
            self.course(out)?;
            return writeln!(out, "\nnext: mlops-lab {}", if self.dry { "update" } else { "up" });
        }
        listed(&self.changes, out)?;
        for env in &self.env {
            if !env.names.is_empty() {
                writeln!(out, "  {GOOD}lines   {GOOD:#}  {}: {}", env.path, env.names.join(", "))?;
            }
            if !env.kept.is_empty() {
                let why = "changed by you, and now not what the lab's answers say";
                writeln!(
                    out,
                    "  {WARN}kept    {WARN:#}  {}: {}{DIM}: {why}{DIM:#}",
                    env.path,
                    env.kept.join(", ")
                )?;
            }
        }
        self.course(out)?;
        let conflicts = self.conflicts();
        if self.dry {
            return writeln!(out, "\nnothing was changed\n\nnext: mlops-lab update");
        }
        if conflicts > 0 {
            writeln!(
                out,
                "\n{BOLD}{conflicts} files have both versions between <<<<<<< and \
                >>>>>>>{BOLD:#}: choose, and take the markers out"
            )?;
            return writeln!(out, "\nnext: mlops-lab diff   (or back: mlops-lab undo)");
        }
        writeln!(out, "\nnext: mlops-lab up   (or back: mlops-lab undo)")
    }

    fn exit(&self) -> Exit {
        if self.conflicts() > 0 { Exit::No } else { Exit::Done }
    }
}

impl Updated {
    /// Steps, answers and defaults that are not what they were.
    fn course(&self, out: &mut dyn Write) -> io::Result<()> {
        let Differences { steps, answers, defaults } = &self.differences;
        if self.differences.is_empty() {
            return Ok(());
        }
        writeln!(out)?;
        for StepChange { id, kind, change, was } in steps {
            let (style, words) = match change {
                Became::New => (GOOD, "new".to_owned()),
                Became::Renamed => (GOOD, format!("was {}", was.as_deref().unwrap_or_default())),
                Became::Rechecked => (WARN, "is checked in another way now".to_owned()),
                Became::Gone => (DIM, "not there any more".to_owned()),
            };
            let id = escape(id);
            writeln!(out, "  {kind:8}  {style}{id}{style:#}  {DIM}{}{DIM:#}", escape(&words))?;
        }
        let plain = |value: &toml::Value| escape(&scaffold::plain(value));
        for AnswerChange { name, before, now } in answers {
            let words = match (before, now) {
                (Some(before), Some(now)) => format!("{} -> {}", plain(before), plain(now)),
                (None, Some(now)) => format!("{}  new", plain(now)),
                _ => "not asked any more".to_owned(),
            };
            writeln!(out, "  answer    {}  {DIM}{words}{DIM:#}", escape(name))?;
        }
        for DefaultChange { name, before, now, answer } in defaults {
            let word = |value: &Option<toml::Value>| value.as_ref().map_or("none".into(), plain);
            let words = format!("{} -> {}", word(before), word(now));
            let kept = if answer == now {
                String::new()
            } else {
                format!("; yours stays {}", word(answer))
            };
            writeln!(out, "  default   {}  {DIM}{words}{kept}{DIM:#}", escape(name))?;
        }
        Ok(())
    }

    fn conflicts(&self) -> usize {
        self.changes.iter().filter(|change| change.action == Action::Conflict).count()
    }
}
