//! `show`: what a lab teaches, needs and costs, and what it asks.

use std::io::{self, Write};

use serde::Serialize;

use super::{Session, View};
use crate::catalog::Manifest;
use crate::catalog::manifest::VarKind;
use crate::error::Result;
use crate::platform::prose;
use crate::platform::term::{self, BOLD};

#[derive(Serialize)]
pub(super) struct Show {
    #[serde(flatten)]
    manifest: Manifest,
    /// The name under which it was asked for.
    #[serde(skip)]
    name: String,
}

pub(super) fn run(session: &Session, lab: &str) -> Result<Show> {
    Ok(Show { manifest: session.sources.lab(lab)?.manifest, name: lab.to_owned() })
}

impl View for Show {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let lab = &self.manifest;
        let columns = term::columns();
        // A label, and text beside it that goes on below itself.
        let line = |label: &str, text: &str| {
            prose::hanging(&format!("{label:<12}"), 12, text, 12, columns)
        };
        writeln!(out, "{BOLD}{}{BOLD:#}: {}", lab.id, lab.title)?;
        writeln!(out, "{}", prose::sentence(&lab.summary, 0, columns))?;
        writeln!(out, "\n{}", line("builds on", &lab.devops))?;
        writeln!(out, "{}", line("tools", &lab.tools.join(", ")))?;
        writeln!(
            out,
            "{}",
            line("level", &format!("{}, about {} minutes", lab.level, lab.minutes))
        )?;
        if !lab.after.is_empty() {
            writeln!(out, "{}", line("after", &lab.after.join(", ")))?;
        }
        for kind in lab.runtimes() {
            let needs: Vec<String> = lab.needs(kind).iter().map(ToString::to_string).collect();
            let head = format!("\n{BOLD}{:<12}{BOLD:#}", kind.name());
            let needs = format!("needs {}", needs.join(", "));
            writeln!(out, "{}", prose::hanging(&head, 12, &needs, 12, columns))?;
            if let Some(cost) = lab.cost.get(&kind) {
                let mut parts = Vec::new();
                parts.extend(cost.download_mb.map(|mb| format!("{mb} MB to fetch")));
                parts.extend(cost.disk_mb.map(|mb| format!("{mb} MB on disk")));
                parts.extend(cost.peak_mb.map(|mb| format!("{mb} MB of memory")));
                parts.extend(cost.ready_s.map(|s| format!("{s} s from up to ready, installed")));
                // A number of something else in its place is that thing's number, and says so.
                let with =
                    cost.with.as_ref().map(|with| format!(" with {with}")).unwrap_or_default();
                let costs = format!("costs {} (measured{with})", parts.join(", "));
                writeln!(out, "{}", line("", &costs))?;
            }
        }
        writeln!(out, "\n{BOLD}steps{BOLD:#}")?;
        for (index, step) in lab.step.iter().enumerate() {
            let only: Vec<&str> = step.runtimes.iter().map(|kind| kind.name()).collect();
            let only = if only.is_empty() {
                String::new()
            } else {
                format!(", {} only", only.join(" and "))
            };
            let text = format!("{} ({}{only})", step.title, step.id);
            writeln!(
                out,
                "{}",
                prose::hanging(&format!("  {:>2}. ", index + 1), 6, &text, 6, columns)
            )?;
        }
        if !lab.drill.is_empty() {
            writeln!(out, "{BOLD}drills{BOLD:#}")?;
        }
        for drill in &lab.drill {
            let text = format!("{} ({})", drill.title, drill.id);
            writeln!(out, "{}", prose::hanging("   -  ", 6, &text, 6, columns))?;
        }
        writeln!(out, "{BOLD}answers{BOLD:#}")?;
        for (name, var) in lab.vars.iter().filter(|(_, var)| var.kind != VarKind::Secret) {
            let default =
                var.default.as_ref().map(|value| format!(" (default {value})")).unwrap_or_default();
            let text = format!("{}{default}", var.help);
            let head = format!("  --set {name}=…  ");
            writeln!(out, "{}", prose::hanging(&head, 12 + name.len(), &text, 6, columns))?;
        }
        writeln!(out, "\nnext: mlops-lab init {} --up", self.name)
    }
}
