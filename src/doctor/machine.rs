//! The report for machines other than JSON readers: JUnit for test reports, annotations for GitHub
//! Actions. The same verdicts.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as JUnit, TestCase, TestCaseStatus, TestSuite};

use super::checks::{self, Group};
use super::{Finding, Report, Status};
use crate::error::{Error, Result};
use crate::platform::term::escape;

/// What happened and what to do, in several lines.
fn words(finding: &Finding) -> String {
    let hints = finding.hints.iter().map(|hint| match &hint.cmd {
        Some(cmd) if hint.text.is_empty() => cmd.clone(),
        Some(cmd) => format!("{}: {cmd}", hint.text),
        None => hint.text.clone(),
    });
    let lines: Vec<String> = std::iter::once(finding.title.clone()).chain(hints).collect();
    escape(&lines.join("\n"))
}

/// A suite for each group, a case for each check: a failure for what fails (and, if strict, for
/// what warns), an error for what could not be found out.
///
/// # Errors
/// Exit 70: the text could not be made.
pub fn junit(report: &Report) -> Result<String> {
    let mut junit = JUnit::new("mlops-lab doctor");
    let mut suites: Vec<(Group, TestSuite)> = Vec::new();
    for finding in &report.findings {
        let group = checks::of(&finding.id).map_or(Group::Machine, |kind| kind.group);
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

/// An annotation for each finding that is not well, and one line that counts (GitHub Actions,
/// "Workflow commands").
pub fn github(report: &Report) -> String {
    let mut text = String::new();
    for finding in report.troubles() {
        let level = match finding.status {
            Status::Warn if !report.strict => "warning",
            _ => "error",
        };
        text.push_str(&format!(
            "::{level} title={}::{}\n",
            property(&finding.id),
            data(&words(finding))
        ));
    }
    let well = report.findings.iter().filter(|finding| finding.status == Status::Pass).count();
    text.push_str(&format!("{}: {well} of {} checks ok\n", report.title, report.findings.len()));
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tool_printed_cannot_end_an_annotation() {
        assert_eq!(data("50% done\n::error::x"), "50%25 done%0A::error::x");
        assert_eq!(property("a:b,c"), "a%3Ab%2Cc");
    }
}
