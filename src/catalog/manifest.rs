//! The types of `lab.toml`, as labs/README.md documents them. Plain data: nothing here touches the
//! machine.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

pub use super::course::{Drill, Hint, Solution, StandIn, Step, VerdictKind, When};
pub use super::needs::{GpuNeed, Need, ToolNeed};
pub use super::runtimes::{
    Compose, Endpoint, Forward, Image, Kubernetes, Local, Python, Runtimes, Service, Task,
};

/// The version of the format that this program writes.
pub const SCHEMA: u32 = 2;

/// The oldest version that it reads: in packs of others, and in labs that were made before.
pub const OLDEST: u32 = 1;

/// A whole `lab.toml`. In a pack its strings may hold `<[ variables ]>`; in a workspace they are
/// rendered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the format.
    pub schema: u32,
    /// The lab's name, equal to its folder's.
    pub id: String,
    /// A few words.
    pub title: String,
    /// One sentence.
    pub summary: String,
    /// The skill a DevOps engineer brings that this lab builds on.
    pub devops: String,
    /// How much is asked of the learner.
    pub level: Level,
    /// How long it takes, about.
    pub minutes: u32,
    /// Labs worth doing first.
    #[serde(default)]
    pub after: Vec<String>,
    /// The tools that the learner meets.
    pub tools: Vec<String>,
    /// Packs of `labs/_shared` and `templates/_shared`, laid under the lab's two trees.
    #[serde(default)]
    pub shared: Vec<String>,
    /// What the lab costs, by runtime, as measured by the proof run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cost: BTreeMap<RuntimeKind, Cost>,
    /// What `init` asks for, in this order.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub vars: IndexMap<String, Var>,
    /// Where the lab can run.
    pub runtime: Runtimes,
    /// Logical names of the lab's addresses.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub endpoint: IndexMap<String, Endpoint>,
    /// Hints for every step and drill, where none of its own fits what was observed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hint: Vec<Hint>,
    /// What may take the place of the real thing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stand_in: Vec<StandIn>,
    /// What the learner does, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub step: Vec<Step>,
    /// What can be broken while the lab runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drill: Vec<Drill>,
}

impl Manifest {
    /// The runtimes that the lab offers, the default first.
    pub fn runtimes(&self) -> Vec<RuntimeKind> {
        RuntimeKind::ALL.into_iter().filter(|kind| self.runtime.host(*kind).is_some()).collect()
    }

    /// Whether something still runs once `up` has ended: services, containers, pods.
    pub fn outlives_up(&self, kind: RuntimeKind) -> bool {
        let local = self.runtime.local.as_ref().filter(|_| kind == RuntimeKind::Local);
        local.is_none_or(|local| !local.service.is_empty())
    }

    /// What the runtime needs of the machine; empty when the lab does not offer it.
    pub fn needs(&self, kind: RuntimeKind) -> &[Need] {
        self.runtime.host(kind).map_or(&[], |host| host.needs)
    }

    /// The Python environment that the runtime needs on the host, if any.
    pub fn python(&self, kind: RuntimeKind) -> Option<&Python> {
        self.runtime.host(kind)?.python
    }

    /// The base address of each endpoint in this runtime, by name; endpoints that it does not have
    /// are left out.
    pub fn endpoints(&self, kind: RuntimeKind) -> BTreeMap<String, String> {
        let place = |(name, endpoint): (&String, &Endpoint)| {
            Some((name.clone(), endpoint.place(kind)?.trim_end_matches('/').to_owned()))
        };
        self.endpoint.iter().filter_map(place).collect()
    }

    /// The steps that exist in this runtime, in order.
    pub fn steps(&self, kind: RuntimeKind) -> impl Iterator<Item = &Step> {
        self.step
            .iter()
            .filter(move |step| step.runtimes.is_empty() || step.runtimes.contains(&kind))
    }

    /// The drills that exist in this runtime, in order.
    pub fn drills(&self, kind: RuntimeKind) -> impl Iterator<Item = &Drill> {
        self.drill
            .iter()
            .filter(move |drill| drill.runtimes.is_empty() || drill.runtimes.contains(&kind))
    }
}

/// How much a lab asks of the learner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// No ML needed.
    Beginner,
    /// One earlier lab.
    Intermediate,
    /// Several earlier labs.
    Advanced,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Beginner => "beginner",
            Level::Intermediate => "intermediate",
            Level::Advanced => "advanced",
        })
    }
}

/// Where a lab can run. Closed on purpose: a new runtime is a new concept of this program.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum RuntimeKind {
    /// Processes on this machine, no Docker.
    #[default]
    Local,
    /// Containers by `docker compose`.
    Compose,
    /// Pods of a cluster, by `kubectl`.
    Kubernetes,
}

impl RuntimeKind {
    /// All runtimes, the default first.
    pub const ALL: [RuntimeKind; 3] =
        [RuntimeKind::Local, RuntimeKind::Compose, RuntimeKind::Kubernetes];

    /// The name as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            RuntimeKind::Local => "local",
            RuntimeKind::Compose => "compose",
            RuntimeKind::Kubernetes => "kubernetes",
        }
    }
}

impl fmt::Display for RuntimeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for RuntimeKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        RuntimeKind::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| format!("there is no runtime `{text}`: local, compose or kubernetes"))
    }
}

/// What a lab costs in one runtime. Measured, not estimated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// What was measured, where it was not the real thing: "the stand-in".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
    /// Fetched from the network with a cold cache, in megabytes (10^6 bytes).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download_mb: Option<u32>,
    /// On disk when the lab is up, in megabytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_mb: Option<u32>,
    /// Resident memory when the lab is up and idle, in megabytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_mb: Option<u32>,
    /// From `up` to ready with everything installed, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_s: Option<f64>,
}

/// One variable of a lab.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Var {
    /// What values it takes.
    #[serde(rename = "type")]
    pub kind: VarKind,
    /// Taken when no answer is given; without one the answer is required (a secret is generated).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<toml::Value>,
    /// One sentence for the learner.
    pub help: String,
    /// The allowed values of a `choice`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// The least allowed `integer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// The greatest allowed `integer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// The greatest length of a `string`, in characters (default 200).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    /// How many characters a `secret` has (default 32, at least 16).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
    /// What a `secret` is made of.
    #[serde(default, skip_serializing_if = "Alphabet::is_default")]
    pub alphabet: Alphabet,
}

/// What a generated secret is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Alphabet {
    /// A-Z, a-z and 0-9: needs no quotes anywhere.
    #[default]
    Alphanumeric,
    /// 0-9 and a-f.
    Hex,
}

impl Alphabet {
    fn is_default(&self) -> bool {
        *self == Alphabet::default()
    }
}

/// The types of variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VarKind {
    /// Fit for a folder, a compose project and a Kubernetes object at once (RFC 1123 label, at most
    /// 40 characters).
    Name,
    /// 1024 to 65535.
    Port,
    /// Printable text on one line, without quotes, backslashes, `$`, backticks or template
    /// delimiters.
    String,
    /// One of `choices`.
    Choice,
    /// `true` or `false`.
    Bool,
    /// A whole number from `min` to `max`.
    Integer,
    /// A relative path inside the project.
    Path,
    /// Random letters and digits (32, or as `length` and `alphabet` say), generated at `init`,
    /// written to `.env` only.
    Secret,
}
