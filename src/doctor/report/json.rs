//! The JSON form is described by schema.json, for its readers: both must agree.

use super::{Evidence, Finding, Hint, Report, SCHEMA, Status, Verdict};
use crate::doctor::checks::subject::Entry;
use crate::doctor::registry;

#[test]
fn a_report_with_every_field_agrees_with_the_schema() {
    let schema = serde_json::from_str(include_str!("schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let finding = |known: &Entry, class| Finding {
        id: known.kind.id.to_owned(),
        title: "title".to_owned(),
        status: Status::Fail,
        class,
        evidence: Evidence { rc: Some(1), path: Some("/bin/x".to_owned()), ..Evidence::default() },
        hints: vec![Hint { cmd: Some("x".to_owned()), ..Hint::default() }],
        docs: Some("https://example.com".to_owned()),
        blocked_by: Some("docker.engine"),
        needed_by: vec!["x/local".to_owned()],
        kind: known.kind,
    };
    let findings = registry::all()
        .iter()
        .flat_map(|known| known.classes.iter().map(move |class| finding(known, *class)))
        .collect();
    let verdict = Verdict { status: Status::Fail, because: vec!["git".to_owned()] };
    let report = Report {
        schema: SCHEMA,
        version: "1.0.0",
        system: "linux x86_64".to_owned(),
        title: "x".to_owned(),
        findings,
        runtimes: [("x/local".to_owned(), verdict)].into_iter().collect(),
        next: "mlops-lab up".to_owned(),
        ms: 1,
        strict: false,
        exit: 1,
    };
    let json = serde_json::to_value(&report).unwrap();
    let errors: Vec<String> = validator.iter_errors(&json).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}
