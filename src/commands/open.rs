//! `open`: the address of the lab, in the browser where there is a person.

use std::io::{self, Write};

use serde::Serialize;

use super::{Session, View, consent, runtime_of};
use crate::catalog::manifest::RuntimeKind;
use crate::error::{Error, Result, unknown};
use crate::platform::{process, term};
use crate::runtime;

#[derive(Serialize)]
pub(super) struct Opened {
    endpoint: String,
    url: String,
    browser: bool,
}

pub(super) fn run(
    session: &Session,
    endpoint: Option<&str>,
    asked: Option<RuntimeKind>,
) -> Result<Opened> {
    let workspace = session.workspace()?;
    let kind = runtime_of(&workspace, asked)?;
    let manifest = workspace.manifest();
    let name = match endpoint {
        Some(name) => name.to_owned(),
        None => {
            let first = manifest.endpoint.iter().find(|(_, endpoint)| endpoint.open.is_some());
            first
                .map(|(name, _)| name.clone())
                .ok_or_else(|| Error::no("this lab has no page for a browser"))?
        }
    };
    let all = manifest.endpoints(kind);
    let base =
        all.get(&name).ok_or_else(|| unknown("endpoint", &name, all.keys().map(String::as_str)))?;
    let path =
        manifest.endpoint.get(&name).and_then(|endpoint| endpoint.open.clone()).unwrap_or_default();
    let url = format!("{base}{path}");
    if !consent::trusted_or_note(&workspace, "its endpoints are not probed")? {
        return Err(Error::no(format!("not checked whether anything answers at {url}"))
            .hint("review what the lab would run, and start it: mlops-lab up"));
    }
    runtime::answers(&workspace, kind, &name, base)?;
    let browser = !session.json && term::attended() && process::open_in_browser(&url);
    Ok(Opened { endpoint: name, url, browser })
}

impl View for Opened {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.url)
    }
}
