//! Parses text format 0.0.4 as the exporter writes it. No other part of the crate parses it.

use crate::catalog::Kind;
use crate::exporter::Labels;
use crate::exporter::histogram_snapshot::HistogramSnapshot;
use crate::exporter::snapshot::{FamilySnapshot, Series, Snapshot, Value};

/// Returns the metrics in this text. Lines in another format are skipped.
pub(super) fn parse(text: &str) -> Snapshot {
    let mut snapshot = Snapshot::empty();
    let families = &mut snapshot.families;
    let mut help = ("", String::new());
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# HELP ") {
            let (name, text) = comment.split_once(' ').unwrap_or((comment, ""));
            help = (name, unescaped(text));
        } else if let Some(comment) = line.strip_prefix("# TYPE ") {
            let Some((name, kind)) = comment.split_once(' ') else {
                continue;
            };
            let kind = match kind {
                "counter" => Kind::Counter,
                "histogram" | "summary" => Kind::Histogram,
                _ => Kind::Gauge,
            };
            let help = (help.0 == name).then(|| std::mem::take(&mut help.1));
            families.push(FamilySnapshot {
                name: name.to_owned(),
                kind,
                help: help.unwrap_or_default(),
                series: Vec::new(),
            });
        } else if let Some(family) = families.last_mut()
            && !line.is_empty()
        {
            add_sample(family, line);
        }
    }
    families.sort_by(|a, b| a.name.cmp(&b.name));
    // Two kinds of metrics can have the same name. A snapshot has each name once.
    families.dedup_by(|later, first| later.name == first.name);
    snapshot
}

/// Returns `None` for a line that is not a sample of the family.
fn add_sample(family: &mut FamilySnapshot, line: &str) -> Option<()> {
    let suffix = line.strip_prefix(&*family.name)?;
    let end = suffix.find(['{', ' '])?;
    let (suffix, rest) = suffix.split_at(end);
    let (labels, number) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    let number = number.trim();
    let value = match (family.kind, suffix) {
        (Kind::Counter, _) => Value::Counter(number.parse().ok()?),
        (Kind::Gauge, _) => Value::Gauge(number.parse().ok()?),
        (Kind::Histogram, _) => return add_to_histogram(family, suffix, labels, number),
    };
    let labels = labels.into();
    family.series.push(Series { labels, value });
    Some(())
}

/// Adds a line of a histogram or summary.
fn add_to_histogram(
    family: &mut FamilySnapshot,
    suffix: &str,
    mut labels: Vec<(String, String)>,
    number: &str,
) -> Option<()> {
    let suffix = match suffix {
        // The exporter takes the end of a family's name, as in `discount`, for the suffix that it would append.
        "" if labels.last().is_some_and(|(name, _)| name == "le") => "_bucket",
        "" if labels.last().is_some_and(|(name, _)| name == "quantile") => "",
        "" if family.name.ends_with("sum") => "_sum",
        "" => "_count",
        suffix => suffix,
    };
    // The exporter writes `le` and `quantile` last.
    let own = match suffix {
        "" | "_bucket" => Some(labels.pop()?.1.parse().ok()?),
        _ => None,
    };
    let histogram = histogram(&mut family.series, labels.into())?;
    match (suffix, own) {
        ("", Some(share)) => histogram.quantiles.push((share, number.parse().ok()?)),
        ("_bucket", Some(bound)) => histogram.buckets.push((bound, number.parse().ok()?)),
        ("_sum", _) => histogram.sum = number.parse().ok()?,
        ("_count", _) => {
            histogram.count = number.parse().ok()?;
            if histogram.buckets.is_empty() {
                histogram.buckets.push((f64::INFINITY, histogram.count));
            }
        }
        _ => return None,
    }
    Some(())
}

/// Returns the histogram with these labels: the last one, because its lines are consecutive, or a new one.
fn histogram(series: &mut Vec<Series>, labels: Labels) -> Option<&mut HistogramSnapshot> {
    if series.last().is_none_or(|last| last.labels != labels) {
        series.push(Series {
            labels,
            value: Value::Histogram(HistogramSnapshot::default()),
        });
    }
    match &mut series.last_mut()?.value {
        Value::Histogram(histogram) => Some(histogram),
        _ => None,
    }
}

/// Returns the labels before the closing brace and the text after it.
fn labels(mut rest: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (name, after) = rest.split_once("=\"")?;
        let end = closing_quote(after)?;
        labels.push((name.to_owned(), unescaped(&after[..end])));
        rest = &after[end + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    })
}

/// Resolves the escapes `\\`, `\"` and `\n`.
fn unescaped(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.push(match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some(escaped) => escaped,
                None => '\\',
            },
            c => c,
        });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_gauges_and_histograms_are_parsed() {
        let text = "# HELP a_total all \\\\ of\\nit\n# TYPE a_total counter\n\
                    a_total{x=\"1\",y=\"a\\\"},{b\\\\\"} 18446744073709551615\na_total 2\n\n\
                    # TYPE b gauge\nb -0.5\n\n\
                    # HELP h_seconds Time.\n# TYPE h_seconds histogram\n\
                    h_seconds_bucket{x=\"1\",le=\"0.5\"} 1\nh_seconds_bucket{x=\"1\",le=\"+Inf\"} 3\n\
                    h_seconds_sum{x=\"1\"} 7.25\nh_seconds_count{x=\"1\"} 3\n";
        let families = parse(text).families;
        assert_eq!(families[0].help, "all \\ of\nit");
        assert_eq!(
            families[0].series[0].labels,
            [("x", "1"), ("y", "a\"},{b\\")]
        );
        assert_eq!(
            families[0].series[0].value,
            Value::Counter(18_446_744_073_709_551_615.0)
        );
        assert_eq!(families[0].series[1].value, Value::Counter(2.0));
        assert_eq!(families[1].series[0].value, Value::Gauge(-0.5));
        let Value::Histogram(histogram) = &families[2].series[0].value else {
            panic!("{:?}", families[2]);
        };
        assert_eq!(histogram.buckets, [(0.5, 1), (f64::INFINITY, 3)]);
        assert_eq!((histogram.sum, histogram.count), (7.25, 3));
    }

    #[test]
    fn summaries_are_histograms_with_quantiles() {
        let text = "# TYPE discount summary\ndiscount{x=\"1\",quantile=\"0.5\"} 2\ndiscount{x=\"1\",quantile=\"1\"} 4\n\
                    discount_sum{x=\"1\"} 6\ndiscount{x=\"1\"} 3\n\
                    # TYPE checksum histogram\nchecksum_bucket{le=\"+Inf\"} 1\nchecksum 5\nchecksum_count 1\n\
                    # TYPE my_bucket histogram\nmy_bucket{le=\"1\"} 1\nmy_bucket{le=\"+Inf\"} 2\nmy_bucket_sum 5\nmy_bucket_count 2\n";
        let snapshot = parse(text);
        let discount = snapshot.histogram("discount", &[("x", "1")]).unwrap();
        assert_eq!((discount.sum, discount.count), (6.0, 3));
        assert_eq!(discount.buckets, [(f64::INFINITY, 3)]);
        assert_eq!(discount.quantiles, [(0.5, 2.0), (1.0, 4.0)]);
        assert_eq!(
            [0.5, 0.9, 1.0].map(|q| discount.quantile(q)),
            [Some(2.0), None, Some(4.0)]
        );
        let checksum = snapshot.histogram("checksum", &[]).unwrap();
        assert_eq!((checksum.sum, checksum.count), (5.0, 1));
        let bucket = snapshot.histogram("my_bucket", &[]).unwrap();
        assert_eq!(bucket.buckets, [(1.0, 1), (f64::INFINITY, 2)]);
        assert_eq!((bucket.sum, bucket.count), (5.0, 2));
    }

    #[test]
    fn the_first_of_two_families_of_one_name_is_kept() {
        let text = "# TYPE a counter\na 1\n# TYPE b gauge\nb 2\n# TYPE a gauge\na 3\n";
        let families = parse(text).families;
        assert_eq!(families.len(), 2);
        assert_eq!(families[0].series.len(), 1);
        assert_eq!(families[0].series[0].value, Value::Counter(1.0));
    }

    #[test]
    fn lines_that_are_no_samples_are_skipped() {
        let text =
            "nothing\n# TYPE\n# TYPE a counter\na{x=\"1\na{x=\"1\"}\na{x} 1\na one\nb 1\na{} 1\n";
        let families = parse(text).families;
        assert_eq!(families.len(), 1);
        assert_eq!(families[0].series.len(), 1, "{families:?}");
    }
}
