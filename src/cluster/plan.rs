//! What is to be done, by what is there. Pure.

use serde::Serialize;

use super::NAME;
use super::record::{Container, Record};
use super::sizes::Sizes;
use super::tool::Tool;
use crate::error::{Error, Result};

/// What `up` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Makes the cluster.
    Create,
    /// Removes what a killed run left, and makes the cluster.
    Recreate,
    /// Starts the cluster that we made.
    Start,
    /// Nothing: it runs.
    Nothing,
}

impl Step {
    /// Whether it makes a new cluster.
    pub fn makes(self) -> bool {
        matches!(self, Step::Create | Step::Recreate)
    }
}

/// The tool to use: the one that is named, else the one that made the cluster, else the most
/// preferred one on PATH.
pub fn choose(named: Option<Tool>, record: Option<&Record>, on_path: &[Tool]) -> Option<Tool> {
    let made = record.map(|record| record.tool);
    named.or(made).or(Tool::ALL.into_iter().find(|tool| on_path.contains(tool)))
}

/// What is known of a cluster of our name.
#[derive(Clone, Debug)]
pub(super) struct Facts<'a> {
    /// What we wrote down of ours.
    pub(super) record: Option<&'a Record>,
    /// Whether the tool has one.
    pub(super) there: bool,
    /// The containers of its control plane.
    pub(super) containers: &'a [Container],
    /// Whether its API server answers.
    pub(super) answers: bool,
}

impl Facts<'_> {
    /// Whether the one that is there is ours.
    pub(super) fn ours(&self) -> bool {
        self.there && self.record.is_some_and(|record| record.is(self.containers))
    }
}

/// What is to be done.
///
/// # Errors
/// Exit 3 when the name belongs to a cluster that is not ours.
pub(super) fn step(tool: Tool, facts: &Facts<'_>) -> Result<Step> {
    match (facts.there, facts.record) {
        (false, _) => Ok(Step::Create),
        (true, Some(record)) if facts.ours() => Ok(match (record.made, facts.answers) {
            (false, false) => Step::Recreate,
            // The tool ended its work, though the run that had started it was killed.
            (false, true) | (true, false) => Step::Start,
            (true, true) => Step::Nothing,
        }),
        (true, _) => Err(foreign(tool).hint(
            "use it as it is: mlops-lab up --runtime kubernetes --context ".to_owned()
                + tool.context(),
        )),
    }
}

/// The error for a cluster of our name that someone else made.
pub(super) fn foreign(tool: Tool) -> Error {
    let delete = tool.delete().join(" ");
    Error::environment(format!(
        "there is a cluster {NAME} of {tool} that `mlops-lab cluster up` did not make: \
         it is left alone"
    ))
    .hint(format!("if you do not need it: {delete} && mlops-lab cluster up"))
}

/// The commands of a step.
pub(super) fn commands(
    tool: Tool,
    step: Step,
    sizes: &Sizes,
    containers: &[Container],
) -> Vec<Vec<String>> {
    match step {
        Step::Nothing => Vec::new(),
        Step::Create => vec![tool.create(sizes)],
        Step::Recreate => vec![tool.delete(), tool.create(sizes)],
        Step::Start => {
            let ids: Vec<String> =
                containers.iter().map(|container| container.id.clone()).collect();
            tool.resume(&ids)
        }
    }
}

/// Whether a step leaves another context than the one that the user has chosen: a cluster is used
/// when its context is named, not because it was made last.
pub(super) fn switches(tool: Tool, step: Step, chosen: Option<&str>) -> bool {
    step != Step::Nothing && tool.switches_context() && chosen != Some(tool.context())
}

/// The command that makes a context the current one again; none is one, too.
pub(super) fn give_back(context: Option<&str>) -> Vec<String> {
    let words: &[&str] = match context {
        // A name may look like an option.
        Some(name) if name.starts_with('-') => {
            &["kubectl", "config", "set", "current-context", "--", name]
        }
        Some(name) => &["kubectl", "config", "set", "current-context", name],
        None => &["kubectl", "config", "unset", "current-context"],
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The context that the user has chosen: the current one, unless a run of ours that was ended
/// before its time left the cluster's own there.
pub(super) fn chosen(
    tool: Tool,
    record: Option<&Record>,
    current: Option<String>,
) -> Option<String> {
    match record {
        Some(record) if !record.made && current.as_deref() == Some(tool.context()) => {
            record.context.clone()
        }
        _ => current,
    }
}

/// That the version of the tool's clusters serves the lab.
///
/// # Errors
/// Exit 3 when it does not.
pub(super) fn check_version(tool: Tool, sizes: &Sizes) -> Result<()> {
    match tool.kubernetes() {
        Some(version) if !sizes.kubernetes.allows(&version) => {
            let wanted = &sizes.kubernetes;
            Err(Error::environment(format!(
                "the cluster would have Kubernetes {version}, and the lab needs {wanted}"
            ))
            .hint("use a cluster that you have: mlops-lab up --runtime kubernetes --context NAME"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::sizes::Limits;

    fn record(tool: Tool, made: bool) -> Record {
        let containers = vec!["a".to_owned()];
        Record {
            tool,
            made,
            begun: 1_000_000,
            limits: Limits::default(),
            context: None,
            containers,
        }
    }

    #[test]
    fn the_named_tool_goes_before_the_one_that_made_the_cluster_and_that_before_the_preferred() {
        let made = record(Tool::Minikube, true);
        let both = [Tool::Minikube, Tool::K3d];
        assert_eq!(choose(Some(Tool::Kind), Some(&made), &both), Some(Tool::Kind));
        assert_eq!(choose(None, Some(&made), &both), Some(Tool::Minikube));
        assert_eq!(choose(None, None, &both), Some(Tool::K3d));
        assert_eq!(choose(None, None, &[]), None);
    }

    #[test]
    fn what_is_done_follows_from_what_is_there() {
        let (made, killed) = (record(Tool::Kind, true), record(Tool::Kind, false));
        let container = |id: &str, created| Container { id: id.to_owned(), created: Some(created) };
        let (same, other) = ([container("a", 0)], [container("b", 1_000_001)]);
        let late = [container("b", 2_000_000)];
        let of = |record: Option<&Record>, there, containers: &[Container], answers| {
            step(Tool::Kind, &Facts { record, there, containers, answers })
        };
        assert_eq!(of(None, false, &[], false).unwrap(), Step::Create);
        assert_eq!(of(Some(&made), false, &[], false).unwrap(), Step::Create);
        assert_eq!(of(Some(&killed), true, &other, false).unwrap(), Step::Recreate);
        assert_eq!(of(Some(&killed), true, &other, true).unwrap(), Step::Start);
        assert_eq!(of(Some(&made), true, &same, false).unwrap(), Step::Start);
        assert_eq!(of(Some(&made), true, &same, true).unwrap(), Step::Nothing);
        for refused in [
            of(None, true, &same, true),
            of(Some(&made), true, &other, true),
            of(Some(&killed), true, &late, false),
        ] {
            let error = refused.unwrap_err();
            assert!(error.message().contains("left alone"), "{error}");
        }
    }

    #[test]
    fn the_current_context_stays_as_it_is() {
        let last = |tool, step| {
            let commands = commands(tool, step, &Sizes::default(), &[]);
            commands.last().map(|words| words.join(" ")).unwrap_or_default()
        };
        let (kind, create) = (Tool::Kind, Step::Create);
        assert!(switches(kind, create, Some("prod")));
        assert!(switches(kind, Step::Start, None));
        assert!(!switches(kind, create, Some("kind-mlops-lab")));
        assert!(!switches(kind, Step::Nothing, Some("prod")));
        assert!(!switches(Tool::K3d, create, Some("prod")));
        assert!(last(Tool::K3d, create).contains("switch-context=false"));
        assert!(last(Tool::Minikube, Step::Start).contains("--keep-context"));
        assert_eq!(last(kind, Step::Nothing), "");
    }

    #[test]
    fn the_context_of_a_run_that_was_ended_is_not_the_user_s_choice() {
        let own = || Some(Tool::Kind.context().to_owned());
        let prod = Some("prod".to_owned());
        let killed = Record { context: prod.clone(), ..record(Tool::Kind, false) };
        let made = Record { made: true, ..killed.clone() };
        assert_eq!(chosen(Tool::Kind, Some(&killed), own()), prod);
        assert_eq!(chosen(Tool::Kind, Some(&made), own()), own());
        assert_eq!(chosen(Tool::Kind, None, own()), own());
        let since = Some("staging".to_owned());
        assert_eq!(chosen(Tool::Kind, Some(&killed), since.clone()), since);
    }

    #[test]
    fn a_context_is_given_back_also_when_there_was_none_or_its_name_looks_like_an_option() {
        let words = |context| give_back(context).join(" ");
        assert_eq!(words(Some("prod")), "kubectl config set current-context prod");
        assert_eq!(words(None), "kubectl config unset current-context");
        let words = give_back(Some("--prod"));
        assert_eq!(words.join(" "), "kubectl config set current-context -- --prod");
    }

    #[test]
    fn a_lab_that_needs_a_newer_kubernetes_is_refused_before_anything_is_made() {
        let sizes =
            |wanted: &str| Sizes { kubernetes: wanted.parse().unwrap(), ..Sizes::default() };
        assert!(check_version(Tool::Kind, &sizes(">=1.28")).is_ok());
        let error = check_version(Tool::Kind, &sizes(">=1.99")).unwrap_err();
        assert!(error.message().contains("the lab needs >=1.99"), "{error}");
    }
}
