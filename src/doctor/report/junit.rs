//! The report as JUnit, for test reports.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as JUnit, TestCase, TestCaseStatus, TestSuite};

use super::{Report, Status, words};
use crate::doctor::checks::kinds::{self, Group};
use crate::error::{Error, Result};
use crate::platform::term::escape;

/// A suite for each group, a case for each check: a failure for what fails (and, if strict, for
/// what warns), an error for what could not be found out.
///
/// # Errors
/// Exit 70: the text could not be made.
pub fn junit(report: &Report) -> Result<String> {
    let mut junit = JUnit::new("mlops-lab doctor");
    let mut suites: Vec<(Group, TestSuite)> = Vec::new();
    for finding in &report.findings {
        let group = kinds::of(&finding.id).map_or(Group::Machine, |kind| kind.group);
        let status = match finding.status {
            Status::Pass => TestCaseStatus::success(),
            Status::Warn if !report.strict => TestCaseStatus::success(),
            Status::Skip => TestCaseStatus::skipped(),
            Status::Unknown => TestCaseStatus::non_success(NonSuccessKind::Error),
            Status::Warn | Status::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        };
        let mut case = TestCase::new(finding.id.as_str(), status);
        case.set_classname(format!("doctor.{}", group.title().to_ascii_lowercase()));
        case.set_time(Duration::from_millis(finding.evidence.ms));
        match finding.status {
            Status::Fail | Status::Unknown => {
                case.status
                    .set_type(finding.class)
                    .set_message(escape(&finding.title))
                    .set_description(words(finding));
            }
            Status::Warn if report.strict => {
                case.status
                    .set_type(finding.class)
                    .set_message(escape(&finding.title))
                    .set_description(words(finding));
            }
            Status::Skip => {
                case.status.set_message(escape(&finding.title));
            }
            _ => {
                case.set_system_out(words(finding));
            }
        }
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
    junit.add_test_suites(suites.into_iter().map(|(_, suite)| suite));
    junit.set_time(Duration::from_millis(report.ms));
    junit
        .to_string()
        .map_err(|error| Error::bug("the JUnit report cannot be written").because(error))
}
