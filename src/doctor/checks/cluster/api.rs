//! The API server: does it answer, does it let us in, and does its version serve.

use serde_json::Value;

use super::config::{Unknown, allowed, probes};
use super::probe::{Answers, ClusterFacts, ClusterProbe};
use crate::catalog::manifest::Need;
use crate::catalog::units::{Version, VersionReq};
use crate::doctor::check::{BoxedCheck, Check, Class, check, classes};
use crate::doctor::checks::programs::kubectl;
use crate::doctor::checks::subject::{Entry, Subject, entry};
use crate::doctor::draft::{Draft, no_answer, short};
use crate::doctor::kind::{Group, Kind};
use crate::doctor::observations::Observations;
use crate::doctor::probe::SharedProbe;
use crate::doctor::scope::{Demand, Scope};
use crate::doctor::tool::{ToolEnd, ToolOutput};
use crate::platform::kubeconfig::Context;
use crate::platform::net::Unreachable;

pub(in crate::doctor) const SUBJECT: Subject = Subject { entries, checks };

fn entries() -> Vec<Entry> {
    vec![entry::<Api>(), entry::<Skew>()]
}

fn checks(demand: &Demand, _: &Scope) -> Vec<BoxedCheck> {
    let versions = demand.needs.iter().filter_map(|need| match need {
        Need::Cluster(version) => Some(version),
        _ => None,
    });
    versions.flat_map(|version| [check(Api(version.clone())), check(Skew)]).collect()
}

classes! {
    ApiClass {
        Refused = "refused",
        NoSuchHost = "no-such-host",
        Late = "late",
        Certificate = "certificate",
        Unauthorized = "unauthorized",
        Forbidden = "forbidden",
        Error = "error",
        NoExecPlugin = "no-exec-plugin",
        Failed = "failed",
        TooOld = "too-old",
        Unreadable = "unreadable",
    }
}

#[derive(Debug, PartialEq)]
struct Api(VersionReq);

impl Check for Api {
    type Class = ApiClass;

    const KIND: &'static Kind = &Kind::new(
        "kube.api",
        Group::Kubernetes,
        "the API server answers, lets us in, and its version serves",
    )
    .blocks_up();

    fn probes(&self) -> Vec<SharedProbe> {
        probes()
    }

    fn judge(&self, observed: &Observations) -> Draft<ApiClass> {
        let (facts, context) = match allowed(observed) {
            Ok(known) => known,
            Err(Unknown::Late) => return Draft::late(ApiClass::Late, observed.timeout),
            Err(Unknown::Blocked(by)) => return Draft::blocked(by),
        };
        let wanted = &self.0;
        let draft = match server(facts, context) {
            Err(draft) => *draft,
            Ok((version, answers)) if !wanted.allows(&version) => {
                let title = format!("Kubernetes {version}; the lab needs {wanted}");
                Draft::fail(ApiClass::TooOld, title)
                    .fact("wanted", wanted.to_string())
                    .output(&answers.version)
            }
            Ok((version, answers)) => {
                Draft::pass(format!("Kubernetes {version} at {}", context.server))
                    .output(&answers.version)
            }
        };
        of_context(draft, context)
    }
}

/// Facts that hints of every check of the cluster may name.
fn of_context<C>(draft: Draft<C>, context: &Context) -> Draft<C> {
    draft.fact("context", &context.name).fact("server", &context.server)
}

/// Judges by what an API server answered that lets us in.
pub(super) fn judge_answers<C: Class>(
    observed: &Observations,
    late: C,
    judge: impl FnOnce(&Answers, &Version) -> Draft<C>,
) -> Draft<C> {
    match allowed(observed) {
        Err(Unknown::Late) => Draft::late(late, observed.timeout),
        Err(Unknown::Blocked(by)) => Draft::blocked(by),
        Ok((facts, context)) => match server(facts, context) {
            Err(_) => Draft::blocked(Api::KIND),
            Ok((version, answers)) => of_context(judge(answers, &version), context),
        },
    }
}

/// The version of the API server, when there is one that lets us in.
pub(super) fn server_version(observed: &Observations) -> Option<Version> {
    let facts = observed.get(&ClusterProbe)?;
    server(facts, facts.context.as_ref().ok()?).ok().map(|(version, _)| version)
}

/// The API server's version and answers, or why there are none.
fn server<'a>(
    facts: &'a ClusterFacts,
    context: &Context,
) -> Result<(Version, &'a Answers), Box<Draft<ApiClass>>> {
    let server = &context.server;
    if let Some(program) = &context.exec
        && facts.connected.is_none()
    {
        let title = format!("the credentials come from {program}, which cannot be run");
        let draft = Draft::fail(ApiClass::NoExecPlugin, title).fact("program", program);
        return Err(Box::new(draft.cmd(format!("{program} --help"))));
    }
    let draft = match (&facts.connected, &facts.answers) {
        (Some(Ok(())), Some(answers)) => {
            return match version(&answers.version, server) {
                Ok(version) => Ok((version, answers)),
                Err((class, title)) => {
                    let draft = match class {
                        ApiClass::Late => Draft::unknown(class, title),
                        _ => Draft::fail(class, title),
                    };
                    Err(Box::new(draft.output(&answers.version)))
                }
            };
        }
        (Some(Err(unreachable)), _) => judge_unreachable(unreachable, server),
        _ => Draft::unknown(ApiClass::Late, "not probed in time"),
    };
    Err(Box::new(draft.cmd(format!("kubectl --context {} get --raw /version", context.name))))
}

fn judge_unreachable(unreachable: &Unreachable, server: &str) -> Draft<ApiClass> {
    match unreachable {
        Unreachable::Refused => {
            Draft::fail(ApiClass::Refused, format!("nothing listens at {server}"))
        }
        Unreachable::NoSuchHost => {
            let title = format!("the host name in {server} has no address");
            Draft::fail(ApiClass::NoSuchHost, title)
        }
        Unreachable::TimedOut(timeout) => {
            Draft::unknown(ApiClass::Late, format!("{server}: {}", no_answer(*timeout)))
        }
        other => Draft::fail(ApiClass::Failed, format!("{server}: {other}")),
    }
}

/// What kubectl prints for each class of failure.
const MESSAGES: [(&str, ApiClass); 13] = [
    ("x509", ApiClass::Certificate),
    ("certificate", ApiClass::Certificate),
    ("Unauthorized", ApiClass::Unauthorized),
    ("must be logged in", ApiClass::Unauthorized),
    ("Please enter Username", ApiClass::Unauthorized),
    ("provide credentials", ApiClass::Unauthorized),
    ("Forbidden", ApiClass::Forbidden),
    ("forbidden", ApiClass::Forbidden),
    ("exec plugin", ApiClass::NoExecPlugin),
    ("executable", ApiClass::NoExecPlugin),
    ("ServiceUnavailable", ApiClass::Error),
    ("currently unable", ApiClass::Error),
    ("InternalError", ApiClass::Error),
];

/// The server's version, or the class and the title of its finding.
fn version(output: &ToolOutput, server: &str) -> Result<Version, (ApiClass, String)> {
    if output.ok() {
        let value: Value = serde_json::from_str(&output.stdout).unwrap_or_default();
        return value["gitVersion"].as_str().and_then(Version::find).ok_or_else(|| {
            let text = short(&output.stdout, 60);
            let title = format!("no API server at {server}: unexpected answer {text:?}");
            (ApiClass::Unreadable, title)
        });
    }
    if let ToolEnd::Late(timeout) = output.end {
        let title = format!("{server} accepts connections: {}", no_answer(timeout));
        return Err((ApiClass::Late, title));
    }
    let printed = format!("{}\n{}", output.stderr, output.stdout);
    let class = MESSAGES.iter().find(|(message, _)| printed.contains(message));
    let class = class.map_or(ApiClass::Failed, |(_, class)| *class);
    let message = short(output.message(), 160);
    let title = match class {
        ApiClass::Certificate => format!("the server's certificate is not trusted: {message}"),
        ApiClass::Unauthorized => {
            "not authenticated (401): credentials are missing, wrong or expired".to_owned()
        }
        ApiClass::Forbidden => format!("not permitted (403): {message}"),
        _ => message,
    };
    Err((class, title))
}

classes! {
    SkewClass {
        Skewed = "skewed",
        Unknown = "unknown",
        Late = "late",
    }
}

#[derive(Debug, PartialEq)]
struct Skew;

impl Check for Skew {
    type Class = SkewClass;

    const KIND: &'static Kind = &Kind::new(
        "kube.skew",
        Group::Kubernetes,
        "kubectl is within one minor version of the server",
    );

    fn probes(&self) -> Vec<SharedProbe> {
        probes()
    }

    fn judge(&self, observed: &Observations) -> Draft<SkewClass> {
        judge_answers(observed, SkewClass::Late, |_, server| {
            let client = observed.get(&kubectl());
            let client = client.and_then(|programs| Version::find(&programs.first.stdout));
            let Some(client) = client else {
                return Draft::unknown(SkewClass::Unknown, "cannot read kubectl's version");
            };
            let (ours, theirs) = (client.numbers[1], server.numbers[1]);
            let draft = if client.numbers[0] == server.numbers[0] && ours.abs_diff(theirs) <= 1 {
                Draft::pass(format!("kubectl 1.{ours}, server 1.{theirs}"))
            } else {
                let title =
                    format!("kubectl {client}, server {server}: more than one minor version apart");
                Draft::warn(SkewClass::Skewed, title).fact("wanted", format!("1.{theirs}"))
            };
            draft.cmd("kubectl version")
        })
    }
}
