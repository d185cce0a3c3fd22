//! The tables of the probes, as `lab.toml` writes them.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::raw_probes::{RawHttp, RawKubernetes, RawMetric};

/// `http = { endpoint, path, ... }`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "RawHttp", into = "RawHttp")]
pub struct HttpProbe {
    /// A logical endpoint.
    pub endpoint: String,
    /// The path, with its query.
    pub path: String,
    /// GET unless another one is given.
    pub method: String,
    /// Request headers.
    pub headers: IndexMap<String, String>,
    /// What is sent.
    pub body: Option<Body>,
    /// How many requests are sent; every response must be as expected.
    pub repeat: u32,
}

/// The body of a request.
#[derive(Clone, Debug)]
pub enum Body {
    /// A file of the project.
    File(String),
    /// A value, sent as JSON.
    Json(Value),
}

/// `command = { argv, ... }`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandProbe {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// A folder below the project (default: the project).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// A file of the project given on standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
}

/// `file = { path }`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileProbe {
    /// A file of the project.
    pub path: String,
}

/// `tcp = { endpoint }`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TcpProbe {
    /// A logical endpoint.
    pub endpoint: String,
}

/// `metric = { endpoint, name, ... }`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "RawMetric", into = "RawMetric")]
pub struct MetricProbe {
    /// A logical endpoint that serves the Prometheus text format.
    pub endpoint: String,
    /// Where the metrics are.
    pub path: String,
    /// The metric's full name (a histogram's `_count`, `_sum` or `_bucket` included).
    pub name: String,
    /// All series that carry these labels are summed.
    pub labels: IndexMap<String, String>,
    /// A command run between two readings; then the increase is judged.
    pub during: Option<Vec<String>>,
}

/// `kubernetes = { kind, name }` or `{ kind, selector }`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "RawKubernetes", into = "RawKubernetes")]
pub struct KubernetesProbe {
    /// As kubectl takes it: `deployment`, `pods`, `inferenceservices.serving.kserve.io`.
    pub kind: String,
    /// Which of this kind.
    pub objects: Objects,
    /// Their namespace; the lab's own when none is given.
    pub namespace: Option<String>,
}

/// Which objects of a kind.
#[derive(Clone, Debug)]
pub enum Objects {
    /// The one with this name.
    Named(String),
    /// The list of those that carry these labels: `app=x`.
    Selected(String),
    /// The list of all.
    All,
}

impl TryFrom<RawHttp> for HttpProbe {
    type Error = &'static str;

    fn try_from(raw: RawHttp) -> Result<Self, &'static str> {
        let RawHttp { endpoint, path, method, headers, body, json, repeat } = raw;
        let body = match (body, json) {
            (Some(_), Some(_)) => return Err("a request has one body: `body` or `json`"),
            (Some(path), None) => Some(Body::File(path)),
            (None, json) => json.map(Body::Json),
        };
        Ok(HttpProbe { endpoint, path, method, headers, body, repeat })
    }
}

impl From<HttpProbe> for RawHttp {
    fn from(probe: HttpProbe) -> RawHttp {
        let HttpProbe { endpoint, path, method, headers, body, repeat } = probe;
        let (body, json) = match body {
            Some(Body::File(path)) => (Some(path), None),
            Some(Body::Json(value)) => (None, Some(value)),
            None => (None, None),
        };
        RawHttp { endpoint, path, method, headers, body, json, repeat }
    }
}

impl From<RawMetric> for MetricProbe {
    fn from(raw: RawMetric) -> MetricProbe {
        let RawMetric { endpoint, path, name, labels, during } = raw;
        let during = Some(during).filter(|argv| !argv.is_empty());
        MetricProbe { endpoint, path, name, labels, during }
    }
}

impl From<MetricProbe> for RawMetric {
    fn from(probe: MetricProbe) -> RawMetric {
        let MetricProbe { endpoint, path, name, labels, during } = probe;
        RawMetric { endpoint, path, name, labels, during: during.unwrap_or_default() }
    }
}

impl TryFrom<RawKubernetes> for KubernetesProbe {
    type Error = &'static str;

    fn try_from(raw: RawKubernetes) -> Result<Self, &'static str> {
        let objects = match (raw.name, raw.selector) {
            (Some(_), Some(_)) => {
                return Err("an object has a `name`, a list has a `selector`: not both");
            }
            (Some(name), None) => Objects::Named(name),
            (None, Some(selector)) => Objects::Selected(selector),
            (None, None) => Objects::All,
        };
        Ok(KubernetesProbe { kind: raw.kind, objects, namespace: raw.namespace })
    }
}

impl From<KubernetesProbe> for RawKubernetes {
    fn from(probe: KubernetesProbe) -> RawKubernetes {
        let KubernetesProbe { kind, objects, namespace } = probe;
        let (name, selector) = match objects {
            Objects::Named(name) => (Some(name), None),
            Objects::Selected(selector) => (None, Some(selector)),
            Objects::All => (None, None),
        };
        RawKubernetes { kind, name, selector, namespace }
    }
}
