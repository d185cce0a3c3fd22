//! Tables of probes as TOML has them, where what they mean is an enum.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHttp {
    pub(super) endpoint: String,
    pub(super) path: String,
    #[serde(default = "get")]
    pub(super) method: String,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub(super) headers: IndexMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) json: Option<Value>,
    #[serde(default = "once")]
    pub(super) repeat: u32,
}

fn get() -> String {
    "GET".to_owned()
}

fn once() -> u32 {
    1
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMetric {
    pub(super) endpoint: String,
    #[serde(default = "metrics")]
    pub(super) path: String,
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub(super) labels: IndexMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) during: Vec<String>,
}

fn metrics() -> String {
    "/metrics".to_owned()
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKubernetes {
    pub(super) kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) selector: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) namespace: Option<String>,
}
