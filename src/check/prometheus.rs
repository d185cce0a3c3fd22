//! The Prometheus text format, as far as a sum over series needs it. Pure.
//!
//! Format: Prometheus exposition formats, text-based, version 0.0.4; OpenMetrics' `# EOF` and
//! exemplars are passed over.

/// One sample.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: f64,
}

/// All samples of a scrape, or the first line that is none (from 1) with its text.
pub(super) fn parse(text: &str) -> Result<Vec<Sample>, (usize, String)> {
    let mut samples = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        samples.push(sample(line).ok_or_else(|| (index + 1, line.to_owned()))?);
    }
    Ok(samples)
}

fn sample(line: &str) -> Option<Sample> {
    let end = line.find(|c: char| c == '{' || c.is_whitespace())?;
    let (name, rest) = line.split_at(end);
    let well = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(well)
    {
        return None;
    }
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    // A time stamp and an exemplar may follow the value.
    let value = number(rest.split_whitespace().next()?)?;
    Some(Sample { name: name.to_owned(), labels, value })
}

/// The labels up to the closing brace, and what follows it.
fn labels(text: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut labels = Vec::new();
    let mut rest = text.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (name, after) = rest.split_once('=')?;
        let mut value = String::new();
        let mut chars = after.trim_start().strip_prefix('"')?.char_indices();
        let quoted = after.trim_start().strip_prefix('"')?;
        let end = loop {
            match chars.next()? {
                (at, '"') => break at,
                (_, '\\') => match chars.next()?.1 {
                    'n' => value.push('\n'),
                    c => value.push(c),
                },
                (_, c) => value.push(c),
            }
        };
        labels.push((name.trim().to_owned(), value));
        rest = quoted.get(end + 1..)?.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
}

fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" | "Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        _ => text.parse().ok().filter(|value: &f64| value.is_finite()),
    }
}

/// The sum over the series with this name that carry all these labels; nothing there counts as 0.
pub(super) fn sum<'a>(
    samples: &[Sample],
    name: &str,
    labels: impl Iterator<Item = (&'a String, &'a String)> + Clone,
) -> f64 {
    let carries = |sample: &&Sample| {
        labels
            .clone()
            .all(|(k, v)| sample.labels.iter().any(|(name, value)| name == k && value == v))
    };
    let sum: f64 = samples
        .iter()
        .filter(|sample| sample.name == name)
        .filter(carries)
        .map(|sample| sample.value)
        .sum();
    // The sum of nothing is -0.0, which prints as it is.
    sum + 0.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "# HELP http_requests_total The total.\n# TYPE http_requests_total counter\n\
        http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n\
        http_requests_total{method=\"post\",code=\"400\"}    3\n\
        msdos{path=\"C:\\\\DIR\\\\\",error=\"Cannot find: \\\"x\\\", }\"} 1.5e3\n\
        no_labels 12\nempty{} 1\ntrailing{a=\"b\",} 2 # {id=\"1\"} 0.5\nbucket{le=\"+Inf\"} +Inf\n\
        # EOF\n";

    #[test]
    fn the_format_is_read_with_its_corners() {
        let samples = parse(TEXT).unwrap();
        assert_eq!(samples.len(), 7);
        assert_eq!(samples[2].labels[1].1, "Cannot find: \"x\", }");
        assert_eq!(samples[2].labels[0].1, r"C:\DIR\");
        assert_eq!(samples[5].value, 2.0);
    }

    #[test]
    fn series_that_carry_the_labels_are_summed_and_none_is_zero() {
        let samples = parse(TEXT).unwrap();
        let labels = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Vec<_>>()
        };
        let total = |pairs: &[(&str, &str)]| {
            let labels = labels(pairs);
            sum(&samples, "http_requests_total", labels.iter().map(|(k, v)| (k, v)))
        };
        assert_eq!(total(&[]), 1030.0);
        assert_eq!(total(&[("code", "400")]), 3.0);
        assert_eq!(total(&[("code", "500")]).to_string(), "0");
    }

    #[test]
    fn what_is_no_metric_is_named_with_its_line() {
        assert_eq!(parse("up 1\n<html>\n").unwrap_err().0, 2);
        for line in ["a{b=\"c} 1", "a{b} 1", "a", "1a 2", "a x"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = parse(&text);
        }
    }
}
