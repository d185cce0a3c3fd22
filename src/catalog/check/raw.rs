//! A check as TOML has it, with every key optional: read here, and nowhere else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::expect::Json;
use super::probes::{CommandProbe, FileProbe, HttpProbe, KubernetesProbe, MetricProbe, TcpProbe};
use super::rule::Match;
use crate::catalog::units::Within;

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCheck {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) http: Option<HttpProbe>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) command: Option<CommandProbe>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<FileProbe>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tcp: Option<TcpProbe>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) metric: Option<MetricProbe>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kubernetes: Option<KubernetesProbe>,
    #[serde(default)]
    pub(super) expect: RawExpect,
    #[serde(default, alias = "timeout", skip_serializing_if = "Option::is_none")]
    pub(super) within: Option<Within>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) disturbs: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) because: Option<String>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawExpect {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, Match>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Match>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) json: Json,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) toml: Json,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) exit: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stdout: Option<Match>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) exists: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<Match>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) open: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<Match>,
}

impl RawExpect {
    /// The keys that are given.
    fn keys(&self) -> impl Iterator<Item = &'static str> {
        let given = [
            ("status", self.status.is_some()),
            ("headers", !self.headers.is_empty()),
            ("body", self.body.is_some()),
            ("json", !self.json.is_empty()),
            ("toml", !self.toml.is_empty()),
            ("exit", self.exit.is_some()),
            ("stdout", self.stdout.is_some()),
            ("exists", self.exists.is_some()),
            ("sha256", self.sha256.is_some()),
            ("text", self.text.is_some()),
            ("open", self.open.is_some()),
            ("value", self.value.is_some()),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(key, _)| key)
    }

    /// Refuses every key but those that fit the probe.
    pub(super) fn only(&self, probe: &str, fitting: &[&str]) -> Result<(), String> {
        match self.keys().find(|key| !fitting.contains(key)) {
            None => Ok(()),
            Some(key) => Err(format!(
                "`expect.{key}` means nothing for a {probe} probe, which takes {}",
                fitting.join(", ")
            )),
        }
    }

    pub(super) fn absent() -> RawExpect {
        RawExpect { exists: Some(false), ..RawExpect::default() }
    }

    /// Whether something is expected to exist; what does not exist has no other property.
    pub(super) fn exists(&self) -> Result<bool, String> {
        let exists = self.exists.unwrap_or(true);
        match self.keys().find(|key| !exists && *key != "exists") {
            None => Ok(exists),
            Some(key) => Err(format!("`expect.{key}` means nothing beside `exists = false`")),
        }
    }
}
