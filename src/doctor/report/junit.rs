//! The report as JUnit, for test reports.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as JUnit, TestCase, TestCaseStatus, TestSuite};

use super::{Finding, Report, Status};
use crate::doctor::kind::Group;
use crate::error::{Error, Result};
use crate::platform::term::escape;

/// A suite for each group, a case for each check: a failure for what fails (and, if strict, for
/// what warns), an error for what could not be found out.
///
/// # Errors
/// Exit 70: the text could not be made.
pub fn junit(report: &Report) -> Result<String> {
    let mut suites: Vec<(Group, TestSuite)> = Vec::new();
    for finding in &report.findings {
        let group = finding.kind.group;
        let case = case(finding, report.strict);
        match suites.iter_mut().find(|(own, _)| *own == group) {
            Some((_, suite)) => {
                suite.add_test_case(case);
            }
            None => {
                let mut suite = TestSuite::new(group.title());
                suite.add_test_case(case);
                suites.push((group, suite));
            }
        }
    }
    let mut junit = JUnit::new("mlops-lab doctor");
    junit.add_test_suites(suites.into_iter().map(|(_, suite)| suite));
    junit.set_time(Duration::from_millis(report.ms));
    junit
        .to_string()
        .map_err(|error| Error::bug("the JUnit report cannot be written").because(error))
}

fn case(finding: &Finding, strict: bool) -> TestCase {
    let title = escape(&finding.title);
    let mut status = match finding.status {
        Status::Warn if !strict => TestCaseStatus::success(),
        Status::Pass => TestCaseStatus::success(),
        Status::Skip => TestCaseStatus::skipped(),
        Status::Unknown => TestCaseStatus::non_success(NonSuccessKind::Error),
        Status::Warn | Status::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    let succeeds = matches!(status, TestCaseStatus::Success { .. });
    match finding.status {
        _ if succeeds => {}
        Status::Skip => {
            status.set_message(title);
        }
        _ => {
            status.set_type(finding.class).set_message(title).set_description(finding.message());
        }
    }
    let mut case = TestCase::new(finding.id.as_str(), status);
    case.set_classname(format!("doctor.{}", finding.kind.group.title().to_ascii_lowercase()));
    case.set_time(Duration::from_millis(finding.evidence.ms));
    if succeeds {
        case.set_system_out(finding.message());
    }
    case
}
