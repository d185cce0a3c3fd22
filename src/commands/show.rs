//! `show`: what a lab teaches, needs and costs, and what it asks.

use std::io::{self, Write};

use serde::Serialize;

use super::{Session, View};
use crate::catalog::Manifest;
use crate::catalog::manifest::VarKind;
use crate::error::Result;
use crate::platform::term::{BOLD, DIM};

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Show(Manifest);

pub(super) fn run(session: &Session, lab: &str) -> Result<Show> {
    Ok(Show(session.source.lab(lab)?.manifest))
}

impl View for Show {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let lab = &self.0;
        writeln!(out, "{BOLD}{}{BOLD:#}: {}\n{}", lab.id, lab.title, lab.summary)?;
        writeln!(out, "\nbuilds on   {}", lab.devops)?;
        writeln!(out, "tools       {}", lab.tools.join(", "))?;
        writeln!(out, "level       {}, about {} minutes", lab.level, lab.minutes)?;
        if !lab.after.is_empty() {
            writeln!(out, "after       {}", lab.after.join(", "))?;
        }
        for kind in lab.runtimes() {
            let needs: Vec<String> = lab.needs(kind).iter().map(ToString::to_string).collect();
            writeln!(out, "\n{BOLD}{:<12}{BOLD:#}needs {}", kind.name(), needs.join(", "))?;
            if let Some(cost) = lab.cost.get(&kind) {
                let mut parts = Vec::new();
                parts.extend(cost.download_mb.map(|mb| format!("{mb} MB to fetch")));
                parts.extend(cost.disk_mb.map(|mb| format!("{mb} MB on disk")));
                parts.extend(cost.peak_mb.map(|mb| format!("{mb} MB of memory")));
                parts.extend(cost.ready_s.map(|s| format!("{s} s from up to ready, installed")));
                writeln!(out, "            costs {} {DIM}(measured){DIM:#}", parts.join(", "))?;
            }
        }
        writeln!(out, "\n{BOLD}steps{BOLD:#}")?;
        for (index, step) in lab.step.iter().enumerate() {
            writeln!(out, "  {}. {} {DIM}({}){DIM:#}", index + 1, step.title, step.id)?;
        }
        if !lab.drill.is_empty() {
            writeln!(out, "{BOLD}drills{BOLD:#}")?;
        }
        for drill in &lab.drill {
            writeln!(out, "  - {} {DIM}({}){DIM:#}", drill.title, drill.id)?;
        }
        writeln!(out, "{BOLD}answers{BOLD:#}")?;
        for (name, var) in lab.vars.iter().filter(|(_, var)| var.kind != VarKind::Secret) {
            let default = var.default.as_ref().map(|value| format!(" (default {value})")).unwrap_or_default();
            writeln!(out, "  --set {name}=…  {}{default}", var.help)?;
        }
        writeln!(out, "\nnext: mlops-lab init {} --up", lab.id)
    }
}
