//! The end of a proof: lab by runtime, how many cases and how long, and what took longest. Pure.

use super::{Case, Outcome};

/// How many of the longest cases are named.
const SLOWEST: usize = 5;

/// The table as text.
pub fn table(cases: &[Case]) -> String {
    let mut rows: Vec<Row> = Vec::new();
    for case in cases {
        let (place, _) = case.split();
        let number = rows.iter().position(|row| row.place == place).unwrap_or_else(|| {
            rows.push(Row { place: place.to_owned(), ..Row::default() });
            rows.len() - 1
        });
        let row = &mut rows[number];
        row.cases += 1;
        row.seconds += case.seconds;
        match case.outcome {
            Outcome::Pass => row.passed += 1,
            Outcome::Fail(_) => row.failed += 1,
            _ => {}
        }
    }
    let heads =
        ["lab", "runtime", "cases", "passed", "failed", "other", "seconds"].map(str::to_owned);
    let mut lines = vec![heads];
    lines.extend(rows.iter().map(Row::cells));
    let widths: Vec<usize> = (0..7)
        .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column < 2 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text.push_str(&slowest(cases));
    text
}

/// Where there are more than a few cases, those that took longest.
fn slowest(cases: &[Case]) -> String {
    if cases.len() <= SLOWEST {
        return String::new();
    }
    let mut cases: Vec<&Case> = cases.iter().filter(|case| case.seconds >= 0.05).collect();
    cases.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    let line = |case: &&Case| format!("  {:>6.1} s  {}\n", case.seconds, case.name);
    let lines: String = cases.iter().take(SLOWEST).map(line).collect();
    if lines.is_empty() { lines } else { format!("\nslowest cases:\n{lines}") }
}

#[derive(Default)]
struct Row {
    place: String,
    cases: usize,
    passed: usize,
    failed: usize,
    seconds: f64,
}

impl Row {
    fn cells(&self) -> [String; 7] {
        let (lab, runtime) = self.place.split_once("::").unwrap_or((&self.place, ""));
        let other = self.cases - self.passed - self.failed;
        [
            lab.to_owned(),
            runtime.to_owned(),
            self.cases.to_string(),
            self.passed.to_string(),
            self.failed.to_string(),
            other.to_string(),
            format!("{:.1}", self.seconds),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(name: &str, outcome: Outcome, seconds: f64) -> Case {
        let name = name.to_owned();
        Case { name, outcome, observed: None, warning: None, logs: None, seconds }
    }

    #[test]
    fn a_line_for_each_lab_and_runtime_and_the_longest_cases_below() {
        let mut cases = vec![
            case("tiny::local::one::before", Outcome::Pass, 1.0),
            case("serving::compose::one::before", Outcome::Fail(String::new()), 12.25),
            case("tiny::local::one::solved", Outcome::Skip(String::new()), 0.0),
        ];
        let text = table(&cases);
        assert_eq!(
            text,
            "lab      runtime  cases  passed  failed  other  seconds\n\
             tiny     local        2       1       0      1      1.0\n\
             serving  compose      1       0       1      0     12.2\n"
        );
        cases.extend((0..4).map(|n| case("tiny::local::more", Outcome::Pass, f64::from(n))));
        let text = table(&cases);
        assert!(
            text.contains("slowest cases:\n    12.2 s  serving::compose::one::before\n"),
            "{text}"
        );
        assert_eq!(text.lines().filter(|line| line.contains(" s  ")).count(), 5, "{text}");
    }
}
