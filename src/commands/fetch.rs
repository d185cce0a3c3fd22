//! `fetch`: what a lab installs, for a machine without a network.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use super::{Session, View, pasteable};
use crate::cli;
use crate::error::Result;
use crate::platform::term::{GOOD, escape};
use crate::runtime;
use crate::scaffold::{self, Given};

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Fetched(runtime::Fetched);

pub(super) fn run(session: &Session, args: &cli::Fetch) -> Result<Fetched> {
    let lab = session.sources.lab(&args.lab)?;
    let given = Given::default();
    let answers = scaffold::answers(&lab.manifest, &given)?;
    let rendered = super::bounded(&lab, || scaffold::render(&lab, &answers))?;
    let id = &lab.manifest.id;
    let to = args.to.clone().unwrap_or_else(|| PathBuf::from(format!("{id}-offline")));
    let folder = session.folder.join(to);
    let mut progress = session.progress();
    let (manifest, tree) = (&rendered.manifest, &rendered.tree);
    runtime::fetch(&args.lab, manifest, tree, &folder, args.runtime, &mut progress).map(Fetched)
}

impl View for Fetched {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let runtime::Fetched { wheels, images, bytes, platform, python, .. } = &self.0;
        let lab = escape(&self.0.lab);
        let folder = pasteable(&self.0.folder);
        let mut what = Vec::new();
        if *wheels > 0 || *images == 0 {
            what.push(format!("{wheels} wheels"));
        }
        if *images > 0 {
            what.push(format!("{images} images"));
        }
        let of = if python.is_empty() { String::new() } else { format!(" and Python {python}") };
        writeln!(
            out,
            "{GOOD}fetched{GOOD:#} {lab}: {}, {} MB, for {platform}{of}",
            what.join(" and "),
            bytes / 1_000_000
        )?;
        if let Some(why) = &self.0.left_out {
            writeln!(out, "  images are left out: {}", escape(why))?;
            writeln!(out, "  with Docker: mlops-lab fetch {lab} --to {folder} --runtime compose")?;
        }
        writeln!(out, "\nnext, on a machine without a network:")?;
        for kind in &self.0.runtimes {
            writeln!(out, "  mlops-lab init {lab} --up --offline {folder} --runtime {kind}")?;
        }
        Ok(())
    }
}
