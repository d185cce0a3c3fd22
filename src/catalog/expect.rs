//! Checks as data: one probe, what is expected of it, and the rules a value is held to.

use std::collections::BTreeMap;
use std::fmt;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::units::Within;

/// One probe and what is expected of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Ask over HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpProbe>,
    /// Run a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandProbe>,
    /// Read a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileProbe>,
    /// Open a connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<TcpProbe>,
    /// Read a Prometheus metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<MetricProbe>,
    /// Look at an object of the lab's cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<KubernetesProbe>,
    /// What the probe should see.
    #[serde(default)]
    pub expect: Expect,
    /// One deadline for the whole probe (default 5 s). `timeout` means the same.
    #[serde(default, alias = "timeout", skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
    /// Whether asking changes what the learner studies (malformed requests, load): `--watch` asks
    /// it once, then only after a file of the project changed or when told to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disturbs: bool,
    /// What it means when the check does not pass, as a clause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// The probe of a check, exactly one.
#[derive(Clone, Copy, Debug)]
pub enum Probe<'a> {
    /// Ask over HTTP.
    Http(&'a HttpProbe),
    /// Run a command.
    Command(&'a CommandProbe),
    /// Read a file.
    File(&'a FileProbe),
    /// Open a connection.
    Tcp(&'a TcpProbe),
    /// Read a Prometheus metric.
    Metric(&'a MetricProbe),
    /// Look at an object of the lab's cluster.
    Kubernetes(&'a KubernetesProbe),
}

impl Probe<'_> {
    /// The name of the probe's table.
    pub fn name(self) -> &'static str {
        match self {
            Probe::Http(_) => "http",
            Probe::Command(_) => "command",
            Probe::File(_) => "file",
            Probe::Tcp(_) => "tcp",
            Probe::Metric(_) => "metric",
            Probe::Kubernetes(_) => "kubernetes",
        }
    }

    /// The logical endpoint that the probe asks, if any.
    pub fn endpoint(&self) -> Option<&str> {
        match self {
            Probe::Http(probe) => Some(&probe.endpoint),
            Probe::Tcp(probe) => Some(&probe.endpoint),
            Probe::Metric(probe) => Some(&probe.endpoint),
            Probe::Command(_) | Probe::File(_) | Probe::Kubernetes(_) => None,
        }
    }

    /// The keys of `expect` that mean something for this probe.
    pub fn expectations(self) -> &'static [&'static str] {
        match self {
            Probe::Http(_) => &["status", "headers", "body", "json"],
            Probe::Command(_) => &["exit", "stdout", "json"],
            Probe::File(_) => &["exists", "sha256", "text", "json", "toml"],
            Probe::Tcp(_) => &["open"],
            Probe::Metric(_) => &["value"],
            Probe::Kubernetes(_) => &["exists", "json"],
        }
    }
}

impl Check {
    /// The probe, or why there is not exactly one, or which expectation does not fit it.
    pub fn probe(&self) -> Result<Probe<'_>, String> {
        let mut probes = Vec::new();
        probes.extend(self.http.as_ref().map(Probe::Http));
        probes.extend(self.command.as_ref().map(Probe::Command));
        probes.extend(self.file.as_ref().map(Probe::File));
        probes.extend(self.tcp.as_ref().map(Probe::Tcp));
        probes.extend(self.metric.as_ref().map(Probe::Metric));
        probes.extend(self.kubernetes.as_ref().map(Probe::Kubernetes));
        let [probe] = probes[..] else {
            let names: Vec<_> = probes.iter().map(|probe| probe.name()).collect();
            return Err(if names.is_empty() {
                "a check needs one of: http, command, file, tcp, metric, kubernetes".to_owned()
            } else {
                format!("a check has exactly one probe, this one has {}", names.join(" and "))
            });
        };
        let allowed = probe.expectations();
        for key in self.expect.keys() {
            if !allowed.contains(&key) {
                return Err(format!(
                    "`expect.{key}` means nothing for a {} probe, which takes {}",
                    probe.name(),
                    allowed.join(", ")
                ));
            }
        }
        Ok(probe)
    }
}

/// `http = { endpoint, path, ... }`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpProbe {
    /// A logical endpoint.
    pub endpoint: String,
    /// The path, with its query.
    pub path: String,
    /// GET unless said.
    #[serde(default = "get")]
    pub method: String,
    /// Request headers.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub headers: IndexMap<String, String>,
    /// A file of the project sent as the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// A value sent as a JSON body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
    /// How often it is asked; every answer must be as expected.
    #[serde(default = "once")]
    pub repeat: u32,
}

fn get() -> String {
    "GET".to_owned()
}

fn once() -> u32 {
    1
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
#[serde(deny_unknown_fields)]
pub struct MetricProbe {
    /// A logical endpoint that speaks the Prometheus text format.
    pub endpoint: String,
    /// Where the metrics are.
    #[serde(default = "metrics")]
    pub path: String,
    /// The metric's full name (a histogram's `_count`, `_sum` or `_bucket` included).
    pub name: String,
    /// All series that carry these labels are summed.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub labels: IndexMap<String, String>,
    /// A command run between two readings; then the increase is judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub during: Vec<String>,
}

/// `kubernetes = { kind, name }` or `{ kind, selector }`: one object, or the list of those with
/// these labels.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KubernetesProbe {
    /// As kubectl takes it: `deployment`, `pods`, `inferenceservices.serving.kserve.io`.
    pub kind: String,
    /// The object's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Labels that all objects of the list carry: `app=x`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// Its namespace; the lab's own when none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

fn metrics() -> String {
    "/metrics".to_owned()
}

/// What a probe should see. Only the keys that fit the probe may be given.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Response headers by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Match>,
    /// The response body as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Match>,
    /// Values by JSON pointer (RFC 6901) in a body, a file or the standard output.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub json: BTreeMap<String, Match>,
    /// Values by pointer in a TOML file.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub toml: BTreeMap<String, Match>,
    /// Exit code (default 0).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// The standard output as text, without white space at its ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout: Option<Match>,
    /// Whether the file exists (default true).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exists: Option<bool>,
    /// The file's SHA-256, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The file's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Match>,
    /// Whether the port accepts a connection (default true).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
    /// The metric's value or increase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Match>,
}

impl Expect {
    /// The keys that are given.
    pub fn keys(&self) -> Vec<&'static str> {
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
        given.into_iter().filter(|(_, given)| *given).map(|(key, _)| key).collect()
    }
}

/// What a value is held to: a plain value means equal; a table combines rules, all of which must
/// hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Match {
    /// Equal; numbers compare as numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eq: Option<Value>,
    /// Not equal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ne: Option<Value>,
    /// Greater than.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gt: Option<f64>,
    /// At least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ge: Option<f64>,
    /// Less than.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lt: Option<f64>,
    /// At most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub le: Option<f64>,
    /// A regular expression found in the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matches: Option<String>,
    /// Text found in the text, or an element of the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contains: Option<Value>,
    /// The length of a list, text or table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<Box<Match>>,
    /// Whether there is such a value at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exists: Option<bool>,
}

/// The table form of a [`Match`], apart from it so that toml's own error names the line and the
/// known keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    eq: Option<Value>,
    ne: Option<Value>,
    gt: Option<Number>,
    ge: Option<Number>,
    lt: Option<Number>,
    le: Option<Number>,
    matches: Option<String>,
    contains: Option<Value>,
    length: Option<Box<Match>>,
    exists: Option<bool>,
}

/// A number, or a text that becomes one when the lab is rendered: `"<[ rows ]>"`.
struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        match Value::deserialize(deserializer)? {
            // Nothing is judged by a manifest that is not rendered.
            Value::String(text) if text.contains("<[") => Ok(Number(f64::NAN)),
            Value::String(text) => text.parse().map(Number).map_err(|_| {
                D::Error::custom(format!(
                    "expected a number, or a variable such as \"<[ rows ]>\", got \"{text}\""
                ))
            }),
            value => value
                .as_f64()
                .map(Number)
                .ok_or_else(|| D::Error::custom(format!("expected a number, got {value}"))),
        }
    }
}

impl<'de> Deserialize<'de> for Match {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let value = Value::deserialize(deserializer)?;
        if !value.is_object() {
            return Ok(Match { eq: Some(value), ..Match::default() });
        }
        let Rules { eq, ne, gt, ge, lt, le, matches, contains, length, exists } =
            serde_json::from_value(value).map_err(D::Error::custom)?;
        if let Some(pattern) = &matches {
            regex_lite::Regex::new(pattern)
                .map_err(|error| D::Error::custom(format!("`{pattern}`: {error}")))?;
        }
        let [gt, ge, lt, le] = [gt, ge, lt, le].map(|bound| bound.map(|Number(number)| number));
        let rules = Match { eq, ne, gt, ge, lt, le, matches, contains, length, exists };
        if rules == Match::default() {
            return Err(D::Error::custom("an empty table expects nothing"));
        }
        Ok(rules)
    }
}

impl fmt::Display for Match {
    /// The rule as words: `at least 1 and below 10`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        words.extend(self.eq.as_ref().map(ToString::to_string));
        words.extend(self.ne.as_ref().map(|value| format!("not {value}")));
        words.extend(self.gt.map(|bound| format!("above {bound}")));
        words.extend(self.ge.map(|bound| format!("at least {bound}")));
        words.extend(self.lt.map(|bound| format!("below {bound}")));
        words.extend(self.le.map(|bound| format!("at most {bound}")));
        words.extend(self.matches.as_ref().map(|pattern| format!("text that matches /{pattern}/")));
        words.extend(self.contains.as_ref().map(|part| format!("something with {part}")));
        words.extend(self.length.as_ref().map(|length| format!("a length of {length}")));
        words
            .extend(self.exists.map(|there| if there { "a value" } else { "no value" }.to_owned()));
        f.write_str(&words.join(" and "))
    }
}
