//! From needs to checks, and from findings to a report. The cases themselves are in
//! tests/it/doctor, with the real things injected.

use std::time::Duration;

use super::checks::host::Disk;
use super::plan::plan;
use super::{Demand, Scope, registry, run};
use crate::catalog::manifest::{Need, RuntimeKind};
use crate::error::Exit;

fn demand(kind: RuntimeKind, needs: Vec<Need>) -> Demand {
    Demand { lab: "x".to_owned(), kind, needs, ports: vec![8080] }
}

fn scope(demands: Vec<Demand>) -> Scope {
    Scope { demands, folder: "/".into(), ..Scope::default() }
}

fn ids(scope: &Scope) -> Vec<String> {
    plan(scope).iter().map(|planned| planned.check.id()).collect()
}

#[test]
fn the_same_amount_asked_twice_is_one_check_and_the_greater_counts() {
    let size = |text: &str| Need::Disk(text.parse().unwrap());
    let scope = scope(vec![
        demand(RuntimeKind::Local, vec![size("1GB")]),
        demand(RuntimeKind::Compose, vec![size("2GB")]),
    ]);
    assert_eq!(ids(&scope), ["docker.disk", "disk", "proxy", "port.8080"]);
    let plan = plan(&scope);
    let disk = plan[1].check.as_any().downcast_ref::<Disk>();
    assert_eq!(disk, Some(&Disk("2GB".parse().unwrap())));
    assert_eq!(plan[1].needed_by, ["x/local", "x/compose"]);
}

#[test]
fn containers_count_in_the_engine_s_machine_and_clusters_in_theirs() {
    let memory = || Need::Memory("1GB".parse().unwrap());
    assert_eq!(
        ids(&scope(vec![demand(RuntimeKind::Local, vec![memory()])])),
        ["memory", "proxy", "port.8080"]
    );
    assert_eq!(
        ids(&scope(vec![demand(RuntimeKind::Compose, vec![memory()])])),
        ["docker.memory", "proxy", "port.8080"]
    );
    let cluster = Need::Cluster("*".parse().unwrap());
    assert!(
        ids(&scope(vec![demand(RuntimeKind::Local, vec![memory(), cluster])]))
            .contains(&"kube.memory".to_owned())
    );
}

#[test]
fn every_kind_is_listed_once_with_its_classes_in_the_order_of_the_groups() {
    let mut seen = std::collections::BTreeSet::new();
    for entry in registry::all() {
        let kind = entry.kind;
        assert!(seen.insert(kind.id), "{} twice", kind.id);
        assert!(!entry.classes.is_empty() && !kind.about.is_empty(), "{}", kind.id);
        let classes: std::collections::BTreeSet<_> = entry.classes.iter().collect();
        assert_eq!(classes.len(), entry.classes.len(), "{}: a class twice", kind.id);
    }
    assert!(registry::all().is_sorted_by_key(|entry| entry.kind.group));
    for word in ["port.8080", "tool.helm", "online.image.python:3.13", "docker.engine", "kube"] {
        assert!(registry::validate(&[word.to_owned()]).is_ok(), "{word}");
    }
    assert!(registry::validate(&["portable".to_owned()]).is_err());
}

#[test]
fn the_report_says_which_runtime_works_and_how_to_go_on() {
    let absent = |name: &str| {
        Need::Tool(crate::catalog::manifest::ToolNeed {
            name: name.to_owned(),
            version: "*".parse().unwrap(),
            ask: Vec::new(),
        })
    };
    let bare = |kind, needs| Demand { ports: Vec::new(), ..demand(kind, needs) };
    let one = scope(vec![
        bare(RuntimeKind::Local, vec![absent("no-such-program")]),
        bare(RuntimeKind::Compose, Vec::new()),
    ]);
    let report = run(&one, Duration::from_secs(5));
    assert_eq!(report.verdict(), Exit::No);
    assert_eq!(report.runtimes["x/local"].because, ["tool.no-such-program"]);
    assert_eq!(report.next, "mlops-lab init x --up --runtime compose");
    assert!(report.blocker(RuntimeKind::Local).is_some());
    assert!(report.blocker(RuntimeKind::Compose).is_none());
    let none = Scope {
        wider: Some("mlops-lab doctor x".to_owned()),
        ..scope(vec![bare(RuntimeKind::Local, vec![absent("no-such-program")])])
    };
    assert!(run(&none, Duration::from_secs(5)).next.ends_with("mlops-lab doctor x"));
}
