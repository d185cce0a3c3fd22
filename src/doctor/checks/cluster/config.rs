//! The kubeconfig and its context: can it be read, and may we use the cluster.

use super::probe::{ClusterFacts, ClusterProbe};
use crate::catalog::manifest::Need;
use crate::doctor::check::{BoxedCheck, Check, check, classes};
use crate::doctor::checks::programs::{KUBECTL, kubectl};
use crate::doctor::checks::subject::{Entry, Subject, entry};
use crate::doctor::draft::{Draft, short};
use crate::doctor::kind::{Group, Kind};
use crate::doctor::observations::Observations;
use crate::doctor::probe::{SharedProbe, probe};
use crate::doctor::scope::{Demand, Scope};
use crate::doctor::tool::ToolOutput;
use crate::platform::kubeconfig::{Context, Problem};

pub(in crate::doctor) const SUBJECT: Subject = Subject { entries, checks };

fn entries() -> Vec<Entry> {
    vec![entry::<Config>(), entry::<Guard>()]
}

fn checks(demand: &Demand, _: &Scope) -> Vec<BoxedCheck> {
    let clusters = demand.needs.iter().filter(|need| matches!(need, Need::Cluster(_)));
    clusters.flat_map(|_| [check(Config), check(Guard)]).collect()
}

/// The probes of every check of the cluster.
pub(super) fn probes() -> Vec<SharedProbe> {
    vec![probe(kubectl()), probe(ClusterProbe)]
}

/// kubectl, when it was found not to run.
pub(super) fn broken_kubectl(observed: &Observations) -> Option<&ToolOutput> {
    observed.get(&kubectl()).map(|programs| &programs.first).filter(|first| !first.ok())
}

classes! {
    ConfigClass {
        NoConfig = "no-config",
        BrokenConfig = "broken-config",
        NoContext = "no-context",
        MissingContext = "missing-context",
        MissingCluster = "missing-cluster",
        Late = "late",
    }
}

impl From<&Problem> for ConfigClass {
    fn from(problem: &Problem) -> ConfigClass {
        match problem {
            Problem::NoConfig => ConfigClass::NoConfig,
            Problem::Broken { .. } => ConfigClass::BrokenConfig,
            Problem::NoContext { .. } => ConfigClass::NoContext,
            Problem::MissingContext { .. } => ConfigClass::MissingContext,
            Problem::MissingCluster { .. } => ConfigClass::MissingCluster,
        }
    }
}

#[derive(Debug, PartialEq)]
pub(super) struct Config;

impl Check for Config {
    type Class = ConfigClass;

    const KIND: &'static Kind = &Kind::new(
        "kube.config",
        Group::Kubernetes,
        "the kubeconfig can be read and names a context that exists",
    )
    .blocks_up();

    fn probes(&self) -> Vec<SharedProbe> {
        probes()
    }

    fn judge(&self, observed: &Observations) -> Draft<ConfigClass> {
        if broken_kubectl(observed).is_some() {
            return Draft::blocked(KUBECTL);
        }
        let Some(facts) = observed.get(&ClusterProbe) else {
            return Draft::late(ConfigClass::Late, observed.timeout);
        };
        let draft = match &facts.context {
            Ok(context) => Draft::pass(format!("context `{}`", context.name)).saw(&context.server),
            Err(problem) => Draft::fail(problem.into(), short(&problem.to_string(), 200)),
        };
        let files: Vec<String> =
            facts.files.iter().map(|file| file.display().to_string()).collect();
        let files = files.join(", ");
        let mut draft = draft.cmd("kubectl config view").fact("files", &files);
        draft.evidence.path = Some(files).filter(|files| !files.is_empty());
        draft
    }
}

classes! {
    GuardClass {
        Guarded = "guarded",
        Late = "late",
    }
}

/// A cluster that may be somebody's production is not changed, and not even contacted, unless the
/// user named its context.
#[derive(Debug, PartialEq)]
struct Guard;

impl Check for Guard {
    type Class = GuardClass;

    const KIND: &'static Kind = &Kind::new(
        "kube.context",
        Group::Kubernetes,
        "the context is a local cluster, or was named with --context",
    )
    .blocks_up();

    fn probes(&self) -> Vec<SharedProbe> {
        probes()
    }

    fn judge(&self, observed: &Observations) -> Draft<GuardClass> {
        let (_, context) = match context(observed) {
            Ok(known) => known,
            Err(Unknown::Late) => return Draft::late(GuardClass::Late, observed.timeout),
            Err(Unknown::Blocked(by)) => return Draft::blocked(by),
        };
        let name = &context.name;
        let draft = match (context.local(), context.named) {
            (true, _) => Draft::pass(format!("`{name}` is a local cluster")),
            (false, true) => Draft::pass(format!("`{name}`, named with --context")),
            (false, false) => {
                let title = format!("`{name}` is not known to be a local cluster: not contacted");
                Draft::fail(GuardClass::Guarded, title)
            }
        };
        draft.cmd("kubectl config current-context").saw(&context.server).fact("context", name)
    }
}

/// Why a check of the cluster cannot be made.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unknown {
    /// The probe was late.
    Late,
    /// This check comes first.
    Blocked(&'static Kind),
}

/// The context that is meant.
pub(super) fn context(observed: &Observations) -> Result<(&ClusterFacts, &Context), Unknown> {
    if broken_kubectl(observed).is_some() {
        return Err(Unknown::Blocked(KUBECTL));
    }
    let facts = observed.get(&ClusterProbe).ok_or(Unknown::Late)?;
    match &facts.context {
        Ok(context) => Ok((facts, context)),
        Err(_) => Err(Unknown::Blocked(Config::KIND)),
    }
}

/// The context that is meant, when we may contact its cluster.
pub(super) fn allowed(observed: &Observations) -> Result<(&ClusterFacts, &Context), Unknown> {
    let known = context(observed)?;
    if known.1.allowed() { Ok(known) } else { Err(Unknown::Blocked(Guard::KIND)) }
}
