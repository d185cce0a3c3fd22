//! What a service was started with: enough to name later what has changed since, and no value of
//! it.

use std::collections::BTreeMap;
use std::ffi::OsString;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::KIND;
use crate::catalog::manifest::Service;
use crate::error::{Error, Result};
use crate::layout;
use crate::platform::fs;
use crate::runtime::{places, python};
use crate::workspace::Workspace;

/// How many names of changed variables are listed.
const LISTED: usize = 3;

/// The fingerprints of what a service was started with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Settings {
    /// Of its command line.
    command: String,
    /// Of each variable that the lab sets.
    env: BTreeMap<String, String>,
    /// Of what its Python environment was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    python: Option<String>,
    /// Why it is to be started again whatever the rest says: something that it reads was made anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stale: Option<String>,
}

impl Settings {
    /// What the service would be started with now.
    ///
    /// # Errors
    /// Exit 2 for a broken `.env`; exit 3 when a file of requirements cannot be read.
    pub(super) fn now(ws: &Workspace, service: &Service) -> Result<Settings> {
        let local = ws.manifest().runtime.local.as_ref();
        let python = local.and_then(|local| local.python.as_ref());
        let own =
            service.env.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let env = ws.env(KIND)?.into_iter().chain(own);
        Ok(Settings {
            command: fingerprint(ws.id().unwrap_or_default(), service.run.join("\0").as_bytes()),
            env: env
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
                .filter(|(name, _)| of_the_lab(name))
                .map(|(name, value)| {
                    (name, fingerprint(ws.id().unwrap_or_default(), value.as_encoded_bytes()))
                })
                .collect(),
            python: python.map(|python| python::fingerprint(ws, python)).transpose()?,
            stale: None,
        })
    }

    /// What it was started with; none for one that was started before this was written down.
    pub(super) fn noted(ws: &Workspace, name: &str) -> Option<Settings> {
        serde_json::from_slice(&fs::read_optional(&places::settings(ws, name)).ok()??).ok()
    }

    /// Writes down what it is started with.
    pub(super) fn note(&self, ws: &Workspace, name: &str) -> Result<()> {
        let bytes = serde_json::to_vec(self)
            .map_err(|error| Error::bug("settings that cannot be written").because(error))?;
        fs::write(&places::settings(ws, name), &bytes, false)
    }

    /// Says of a running service that it must be started again, also after a kill of the run that
    /// finds out.
    pub(super) fn outdate(ws: &Workspace, name: &str, why: &str) -> Result<()> {
        let noted = Settings::noted(ws, name).unwrap_or_default();
        Settings { stale: Some(why.to_owned()), ..noted }.note(ws, name)
    }

    /// Why a service with these settings should be started again with those of now; none when
    /// nothing changed.
    pub(super) fn outdated_by(&self, now: &Settings) -> Option<String> {
        if let Some(why) = &self.stale {
            return Some(why.clone());
        }
        let names =
            self.env.keys().chain(now.env.keys().filter(|name| !self.env.contains_key(*name)));
        let mut changed: Vec<&str> = names
            .filter(|name| self.env.get(*name) != now.env.get(*name))
            .map(String::as_str)
            .collect();
        // What follows from another variable, or from an answer of the lab, is no news beside it.
        if changed.iter().any(|name| !derived(name)) {
            changed.retain(|name| !derived(name));
        }
        let mut parts = Vec::new();
        match changed.len() {
            0 => {}
            few if few <= LISTED => parts.push(changed.join(", ")),
            many => parts.push(format!(
                "{} and {} more variables",
                changed[..LISTED].join(", "),
                many - LISTED
            )),
        }
        if self.command != now.command {
            parts.push("its command".to_owned());
        }
        if self.python != now.python {
            parts.push("the requirements".to_owned());
        }
        (!parts.is_empty()).then(|| format!("{} changed", parts.join(", ")))
    }
}

fn derived(name: &str) -> bool {
    name.starts_with(layout::ENDPOINT)
}

/// Whether a variable is the lab's own, and not the shell's from which `up` was typed, or ours.
fn of_the_lab(name: &str) -> bool {
    const OUTSIDE: [&str; 5] = ["PATH", "VIRTUAL_ENV", "NO_PROXY", "no_proxy", "KUBECONFIG"];
    derived(name) || !(OUTSIDE.contains(&name) || name.starts_with(layout::PROGRAM))
}

/// Salted by the lab's id: a short secret is not found by its hash in a table.
fn fingerprint(salt: &str, bytes: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(salt);
    hash.update([0]);
    hash.update(bytes);
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(env: &[(&str, &str)]) -> Settings {
        let env = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), fingerprint("id", value.as_bytes())));
        Settings { command: "c".to_owned(), env: env.collect(), ..Settings::default() }
    }

    #[test]
    fn what_changed_is_named_without_its_value() {
        let before = settings(&[("DRAIN", "0"), ("MLOPS_LAB_ENDPOINT_API", "a"), ("OLD", "x")]);
        assert_eq!(before.outdated_by(&before), None);
        let after = settings(&[("DRAIN", "5"), ("MLOPS_LAB_ENDPOINT_API", "b"), ("NEW", "y")]);
        assert_eq!(before.outdated_by(&after).unwrap(), "DRAIN, OLD, NEW changed");
        let moved = settings(&[("DRAIN", "0"), ("MLOPS_LAB_ENDPOINT_API", "b"), ("OLD", "x")]);
        assert_eq!(before.outdated_by(&moved).unwrap(), "MLOPS_LAB_ENDPOINT_API changed");
        let other =
            Settings { command: "d".to_owned(), python: Some("p".to_owned()), ..before.clone() };
        assert_eq!(before.outdated_by(&other).unwrap(), "its command, the requirements changed");
        assert!(
            !serde_json::to_string(&settings(&[("KEY", "hunter2")])).unwrap().contains("hunter2")
        );
    }

    #[test]
    fn what_was_made_anew_counts_whatever_the_rest_says() {
        let same = settings(&[]);
        let stale = Settings { stale: Some("model.json was missing".to_owned()), ..same.clone() };
        assert_eq!(stale.outdated_by(&same).unwrap(), "model.json was missing");
    }

    #[test]
    fn variables_of_the_shell_do_not_count() {
        assert!(of_the_lab("PORT") && of_the_lab("MLOPS_LAB_ENDPOINT_API"));
        assert!(
            !of_the_lab("PATH") && !of_the_lab("MLOPS_LAB") && !of_the_lab("MLOPS_LAB_RUNTIME")
        );
    }
}
