//! Findings from observations that are values.

use super::probe::{Target, Want};
use super::seen::{Python, Seen};
use super::*;
use crate::platform::net::{Owner, Port};

fn find(target: Target, seen: Seen) -> (Status, &'static str) {
    let finding =
        diagnose::diagnose(&Want { target, needed_by: vec!["serving/local".to_owned()] }, seen, &[9000], 1);
    (finding.status, finding.class)
}

fn said(text: &str) -> Seen {
    Seen::Said {
        asked: String::new(),
        path: "/usr/bin/x".to_owned(),
        text: text.to_owned(),
        others: Vec::new(),
    }
}

fn python(version: &str, ensurepip: bool, uv: bool) -> Python {
    Python { path: "/usr/bin/python3".to_owned(), version: version.to_owned(), ensurepip, uv }
}

#[test]
fn each_observation_has_its_status_and_class() {
    let req = |text: &str| text.parse().unwrap();
    let owner = Some(Owner { pid: 1, name: "x".to_owned() });
    let gigabyte = || "1GB".parse().unwrap();
    let number = |value| Seen::Number { asked: String::new(), value };
    for (target, seen, wanted) in [
        (
            Target::Python(req(">=3.11")),
            Seen::Pythons { found: vec![python("3.11.2", true, false)], uv: false },
            (Status::Pass, "ok"),
        ),
        (
            Target::Python(req(">=3.11")),
            Seen::Pythons {
                found: vec![python("3.9.2", true, false), python("3.12.1", true, false)],
                uv: false,
            },
            (Status::Pass, "ok"),
        ),
        (
            Target::Python(req(">=3.11")),
            Seen::Pythons { found: vec![python("3.11.2", false, false)], uv: false },
            (Status::Fail, "no-ensurepip"),
        ),
        (
            Target::Python(req(">=3.11")),
            Seen::Pythons { found: vec![python("3.11.2", false, true)], uv: false },
            (Status::Pass, "ok"),
        ),
        (
            Target::Python(req(">=3.11")),
            Seen::Pythons { found: vec![python("3.9.2", true, false)], uv: false },
            (Status::Fail, "too-old"),
        ),
        (Target::Python(req(">=3.11")), Seen::Pythons { found: vec![], uv: false }, (Status::Fail, "absent")),
        (Target::Compose(req(">=2.20")), said("2.26.1-4"), (Status::Pass, "ok")),
        (Target::Compose(req(">=2.20")), said("1.29.2"), (Status::Fail, "too-old")),
        (Target::Compose(req(">=2.20")), said("strange"), (Status::Unknown, "unknown")),
        (Target::Disk(gigabyte()), number(2_000_000_000), (Status::Pass, "ok")),
        (Target::Disk(gigabyte()), number(10), (Status::Warn, "too-little")),
        (Target::Port(8080), Seen::Port(Port::Free), (Status::Pass, "ok")),
        (Target::Port(8080), Seen::Port(Port::Busy(owner.clone())), (Status::Fail, "taken")),
        (Target::Port(9000), Seen::Port(Port::Busy(owner)), (Status::Pass, "own")),
        (Target::Engine(req("*")), Seen::late(Duration::from_secs(5)), (Status::Unknown, "unknown")),
    ] {
        let shown = format!("{target:?} {seen:?}");
        assert_eq!(find(target, seen), wanted, "{shown}");
    }
}

#[test]
fn a_dead_engine_is_one_failure_and_what_builds_on_it_is_skipped() {
    let want = |target| Want { target, needed_by: Vec::new() };
    let dead = Seen::Failed { asked: String::new(), class: "refused", saw: "refused".to_owned() };
    let unknown = Seen::Unknown { asked: String::new(), why: "refused".to_owned() };
    let mut findings = vec![
        diagnose::diagnose(&want(Target::Engine("*".parse().unwrap())), dead, &[], 1),
        diagnose::diagnose(&want(Target::EngineMemory("1GB".parse().unwrap())), unknown, &[], 1),
    ];
    diagnose::block(&mut findings);
    assert_eq!(
        findings.iter().map(|finding| finding.status).collect::<Vec<_>>(),
        [Status::Fail, Status::Skip]
    );
    assert_eq!(findings[1].blocked_by, Some("docker.engine"));
}

#[test]
fn the_default_runtime_decides_and_the_scope_names_no_docker_for_local() {
    let demand =
        |kind, needs: &[Need]| Demand { lab: "x".to_owned(), kind, needs: needs.to_vec(), ports: Vec::new() };
    let local = demand(RuntimeKind::Local, &[Need::Disk("1MB".parse().unwrap())]);
    let compose = demand(RuntimeKind::Compose, &[Need::Cpus(1), Need::Git(">=999.0".parse().unwrap())]);
    let scope = Scope { demands: vec![local, compose], root: "/".into(), ..Scope::default() };
    let report = examine(&scope, Duration::from_secs(5));
    assert_eq!(report.exit(), Exit::Done);
    assert_eq!(report.runtimes["x/compose"], Status::Fail);
    let scope = Scope { demands: scope.demands[..1].to_vec(), ..scope };
    assert!(
        probe::wanted(&scope)
            .iter()
            .all(|want| !matches!(want.target, Target::Engine(_) | Target::Compose(_)))
    );
}
