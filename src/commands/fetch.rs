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
    let fetched =
        runtime::fetch(&args.lab, &rendered.manifest, &rendered.tree, &folder, &mut progress)?;
    Ok(Fetched(fetched))
}

impl View for Fetched {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let runtime::Fetched { lab, folder, wheels, bytes, platform, python } = &self.0;
        let lab = escape(lab);
        writeln!(
            out,
            "{GOOD}fetched{GOOD:#} {lab}: {wheels} wheels, {} MB, for {platform} and Python \
             {python}",
            bytes / 1_000_000
        )?;
        writeln!(out, "\nnext, on a machine without a network:")?;
        let folder = pasteable(folder);
        writeln!(out, "  mlops-lab init {lab} --up --offline {folder}")
    }
}
