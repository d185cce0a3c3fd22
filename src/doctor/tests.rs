//! What follows from needs, and what the whole says. The cases themselves are in tests/doctor, with
//! the real things injected.

use super::checks::kinds;
use super::*;
use crate::error::Exit;

fn demand(kind: RuntimeKind, needs: Vec<Need>) -> Demand {
    Demand { lab: "x".to_owned(), kind, needs, ports: vec![8080] }
}

fn scope(demands: Vec<Demand>) -> Scope {
    Scope { demands, folder: "/".into(), ..Scope::default() }
}

fn ids(scope: &Scope) -> Vec<String> {
    plan::wanted(scope).iter().map(|want| want.ask.id()).collect()
}

#[test]
fn the_same_amount_asked_twice_is_one_check_and_the_greater_counts() {
    let size = |text: &str| Need::Disk(text.parse().unwrap());
    let scope = scope(vec![
        demand(RuntimeKind::Local, vec![size("1GB")]),
        demand(RuntimeKind::Compose, vec![size("2GB")]),
    ]);
    assert_eq!(ids(&scope), ["docker.disk", "disk", "proxy", "port.8080"]);
    let wanted = plan::wanted(&scope);
    assert_eq!(wanted[1].ask, plan::Ask::Disk("2GB".parse().unwrap()));
    assert_eq!(wanted[1].needed_by, ["x/local", "x/compose"]);
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
fn every_id_has_a_kind_and_a_place_and_no_two_kinds_share_one() {
    let mut seen = std::collections::BTreeSet::new();
    for kind in kinds::all() {
        assert!(seen.insert(kind.id), "{} twice", kind.id);
        assert!(!kind.classes.is_empty() && !kind.about.is_empty(), "{}", kind.id);
    }
    for id in ["port.8080", "tool.helm", "online.image.python:3.13", "docker.engine"] {
        assert!(kinds::of(id).is_some(), "{id}");
    }
    assert!(kinds::of("portable").is_none());
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
    let report = examine(&one, Duration::from_secs(5));
    assert_eq!(report.verdict(), Exit::No);
    assert_eq!(report.runtimes["x/local"].because, ["tool.no-such-program"]);
    assert_eq!(report.next, "mlops-lab init x --up --runtime compose");
    assert!(impossible(&report, RuntimeKind::Local).is_some());
    assert!(impossible(&report, RuntimeKind::Compose).is_none());
    let none = Scope {
        wider: Some("mlops-lab doctor x".to_owned()),
        ..scope(vec![bare(RuntimeKind::Local, vec![absent("no-such-program")])])
    };
    assert!(examine(&none, Duration::from_secs(5)).next.ends_with("mlops-lab doctor x"));
}
