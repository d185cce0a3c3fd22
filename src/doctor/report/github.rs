//! The report as annotations of GitHub Actions.

use super::{Report, Status};

/// An annotation for each finding that needs attention, and one line with the counts (GitHub
/// Actions, "Workflow commands").
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
            data(&finding.message())
        ));
    }
    let passed = report.findings.iter().filter(|finding| finding.status == Status::Pass).count();
    text.push_str(&format!("{}: {passed} of {} checks ok\n", report.title, report.findings.len()));
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
