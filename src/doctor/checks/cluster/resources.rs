//! What the cluster offers a lab: rights, a StorageClass, APIs.

use serde_json::Value;

use super::api::judge_answers;
use super::config::probes;
use crate::catalog::manifest::Need;
use crate::doctor::check::{BoxedCheck, Check, check, classes};
use crate::doctor::checks::subject::{Entry, Subject, entry};
use crate::doctor::draft::{Draft, short};
use crate::doctor::kind::{Group, Kind};
use crate::doctor::observations::Observations;
use crate::doctor::probe::SharedProbe;
use crate::doctor::scope::{Demand, Scope};
use crate::doctor::tool::ToolOutput;

pub(in crate::doctor) const SUBJECT: Subject = Subject { entries, checks };

fn entries() -> Vec<Entry> {
    vec![entry::<Rights>(), entry::<Storage>(), entry::<Apis>()]
}

fn checks(demand: &Demand, _: &Scope) -> Vec<BoxedCheck> {
    let checks = demand.needs.iter().filter_map(|need| match need {
        Need::Cluster(_) => Some(check(Rights)),
        Need::Storageclass(true) => Some(check(Storage)),
        Need::Apis(names) => Some(check(Apis(names.clone()))),
        _ => None,
    });
    checks.collect()
}

/// The list in an answer of the API server; its message where it is none.
pub(super) fn list(output: &ToolOutput, key: &str) -> Result<Vec<Value>, String> {
    let value: Value = serde_json::from_str(&output.stdout).unwrap_or_default();
    match value[key].as_array().filter(|_| output.ok()) {
        Some(items) => Ok(items.clone()),
        None => Err(short(output.message(), 120)),
    }
}

classes! {
    RightsClass {
        Denied = "denied",
        Unknown = "unknown",
        Late = "late",
    }
}

#[derive(Debug, PartialEq)]
struct Rights;

impl Check for Rights {
    type Class = RightsClass;

    const KIND: &'static Kind =
        &Kind::new("kube.rbac", Group::Kubernetes, "we may create a namespace and deployments")
            .blocks_up();

    fn probes(&self) -> Vec<SharedProbe> {
        probes()
    }

    fn judge(&self, observed: &Observations) -> Draft<RightsClass> {
        judge_answers(observed, RightsClass::Late, |answers, _| rights(&answers.rights))
    }
}

/// `kubectl auth can-i` exits with 1 both for «no» and for «cannot find out»: only what it prints
/// differs.
fn rights(rights: &[(&'static str, ToolOutput)]) -> Draft<RightsClass> {
    let answer = |output: &ToolOutput| output.stdout.lines().last().unwrap_or_default().to_owned();
    if let Some((right, output)) = rights.iter().find(|(_, output)| answer(output).trim() == "no") {
        return Draft::fail(RightsClass::Denied, format!("no permission to {right}"))
            .fact("what", *right)
            .output(output);
    }
    match rights.iter().find(|(_, output)| answer(output).trim() != "yes") {
        Some((right, output)) => {
            let message = short(output.message(), 120);
            let title = format!("cannot find out whether we may {right}: {message}");
            Draft::unknown(RightsClass::Unknown, title).output(output)
        }
        None => match rights.first() {
            Some((_, output)) => {
                Draft::pass("we may create namespaces and deployments").output(output)
            }
            None => Draft::unknown(RightsClass::Unknown, "not probed in time"),
        },
    }
}

classes! {
    StorageClass {
        None = "none",
        NoDefault = "no-default",
        Unknown = "unknown",
        Late = "late",
    }
}

#[derive(Debug, PartialEq)]
struct Storage;

impl Check for Storage {
    type Class = StorageClass;

    const KIND: &'static Kind =
        &Kind::new("kube.storage", Group::Kubernetes, "there is a default StorageClass")
            .blocks_up();

    fn probes(&self) -> Vec<SharedProbe> {
        probes()
    }

    fn judge(&self, observed: &Observations) -> Draft<StorageClass> {
        judge_answers(observed, StorageClass::Late, |answers, _| {
            let output = &answers.storage_classes;
            match list(output, "items") {
                Ok(classes) => storage(&classes).output(output).saw(""),
                Err(message) => Draft::unknown(StorageClass::Unknown, message).output(output),
            }
        })
    }
}

fn storage(classes: &[Value]) -> Draft<StorageClass> {
    let name = |class: &Value| class["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let default = |class: &&Value| {
        class["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"] == "true"
    };
    match (classes.iter().find(default), classes.first()) {
        (Some(class), _) => Draft::pass(format!("{} is the default", name(class))),
        (None, None) => {
            Draft::fail(StorageClass::None, "there is no StorageClass: volumes stay pending")
        }
        (None, Some(first)) => {
            let names: Vec<String> = classes.iter().map(name).collect();
            let title = format!("no StorageClass is the default, of {}", names.join(", "));
            Draft::fail(StorageClass::NoDefault, title).fact("class", name(first))
        }
    }
}

classes! {
    ApisClass {
        Missing = "missing",
        Unknown = "unknown",
        Late = "late",
    }
}

#[derive(Debug, PartialEq)]
struct Apis(Vec<String>);

impl Check for Apis {
    type Class = ApisClass;

    const KIND: &'static Kind = &Kind::new(
        "kube.apis",
        Group::Kubernetes,
        "the APIs (CRDs) that the lab uses are installed",
    )
    .blocks_up();

    fn probes(&self) -> Vec<SharedProbe> {
        probes()
    }

    fn judge(&self, observed: &Observations) -> Draft<ApisClass> {
        judge_answers(observed, ApisClass::Late, |answers, _| {
            let output = &answers.apis;
            match list(output, "groups") {
                Ok(groups) => self.judge_groups(&groups).output(output).saw(""),
                Err(message) => Draft::unknown(ApisClass::Unknown, message).output(output),
            }
        })
    }
}

impl Apis {
    fn judge_groups(&self, groups: &[Value]) -> Draft<ApisClass> {
        let served: Vec<&str> = groups
            .iter()
            .flat_map(|group| group["versions"].as_array().into_iter().flatten())
            .filter_map(|version| version["groupVersion"].as_str())
            .collect();
        let missing: Vec<&str> =
            self.0.iter().map(String::as_str).filter(|name| !served.contains(name)).collect();
        if missing.is_empty() {
            return Draft::pass(self.0.join(", "));
        }
        let missing = missing.join(", ");
        Draft::fail(ApisClass::Missing, format!("the cluster does not serve {missing}"))
            .fact("apis", missing)
    }
}
