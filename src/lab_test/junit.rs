//! The cases of a proof as JUnit, for test reports.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Case, Outcome};
use crate::error::{Error, Result};
use crate::platform::term::escape;

/// A suite for each lab and runtime. What was not tried and what is not proven counts as skipped,
/// with the reason.
///
/// # Errors
/// Exit 70: the text could not be made.
pub fn junit(cases: &[Case]) -> Result<String> {
    let mut report = Report::new("mlops-lab lab test");
    let mut suites: Vec<TestSuite> = Vec::new();
    for case in cases {
        let (place, name) = case.split();
        let mut test = TestCase::new(name, status(case));
        test.set_classname(place);
        test.set_time(Duration::from_secs_f64(case.seconds));
        let observed = case.observed.iter().map(|text| format!("observed: {}", escape(text)));
        let warning = case.warning.iter().map(|text| format!("warning: {text}"));
        let logs = case.logs.iter().map(|logs| format!("logs: {}", logs.display()));
        let lines: Vec<String> = observed.chain(warning).chain(logs).collect();
        if !lines.is_empty() {
            test.set_system_out(lines.join("\n"));
        }
        let suite = match suites.iter().position(|suite| suite.name.as_str() == place) {
            Some(number) => &mut suites[number],
            None => {
                suites.push(TestSuite::new(place));
                let last = suites.len() - 1;
                &mut suites[last]
            }
        };
        suite.add_test_case(test);
    }
    report.add_test_suites(suites);
    report
        .to_string()
        .map_err(|error| Error::bug("the JUnit report cannot be written").because(error))
}

fn status(case: &Case) -> TestCaseStatus {
    let first = |text: &str| escape(text.lines().next().unwrap_or_default());
    let mut status = match &case.outcome {
        Outcome::Pass => return TestCaseStatus::success(),
        Outcome::Fail(_) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Outcome::Skip(_) | Outcome::Inapplicable(_) | Outcome::Unproven(_) => {
            TestCaseStatus::skipped()
        }
    };
    match &case.outcome {
        Outcome::Fail(why) => {
            status.set_message(first(why)).set_description(escape(why));
        }
        Outcome::Unproven(why) => {
            status.set_message(format!("not proven: {}", first(why)));
        }
        Outcome::Skip(why) | Outcome::Inapplicable(why) => {
            status.set_message(first(why));
        }
        Outcome::Pass => {}
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lab_and_runtime_is_a_suite_and_only_what_failed_is_a_failure() {
        let case = |name: &str, outcome| Case {
            name: name.to_owned(),
            outcome,
            observed: Some("not yet: <b>".to_owned()),
            warning: None,
            logs: None,
            seconds: 1.5,
        };
        let text = junit(&[
            case("a::local::one::before", Outcome::Pass),
            case("b::local::one::before", Outcome::Fail("went wrong\nin detail".to_owned())),
            case("a::local::up-killed-early", Outcome::Inapplicable("no services".to_owned())),
            case("a::compose::one::solved", Outcome::Unproven("a stand-in runs".to_owned())),
        ])
        .unwrap();
        for part in [
            "tests=\"4\" skipped=\"2\" failures=\"1\"",
            "<testsuite name=\"a::local\" tests=\"2\" skipped=\"1\"",
            "<testcase name=\"one::before\" classname=\"b::local\" time=\"1.500\"",
            "<failure message=\"went wrong\">went wrong\nin detail</failure>",
            "<skipped message=\"not proven: a stand-in runs\"/>",
            "observed: not yet: &lt;b&gt;",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }
}
