//! Converts text format 0.0.4, as the exporter writes it, to `OpenMetrics` 1.0 text.

use std::collections::HashSet;
use std::fmt::Write;

/// The units that a name may end in ("Units and Base Units"), as listed in Prometheus' naming practices.
const UNITS: [&str; 9] = [
    "seconds", "bytes", "ratio", "joules", "celsius", "meters", "grams", "volts", "amperes",
];

/// How to convert the following sample lines of a family.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Copy,
    /// Bounds become canonical numbers.
    Histogram,
    /// A bound is negative, so sum and count are not allowed ("Histogram").
    NegativeHistogram,
    /// The sum was not allowed and was skipped. The next line is its count, which must be skipped too.
    SkipCount,
    /// Shares become canonical numbers. Negative quantiles and sums are not allowed ("Summary").
    Summary,
    /// An earlier family has the name.
    Skip,
}

/// Costs one copy of the text and one check of each bound. Gauges that are float counters become counters.
pub(super) fn from_text(text: &str, is_float_counter: impl Fn(&str) -> bool) -> String {
    let mut output = String::with_capacity(text.len() + text.len() / 32);
    let mut help = ("", "");
    let (mut family, mut mode) = ("", Mode::Copy);
    let mut families = HashSet::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# HELP ") {
            help = comment.split_once(' ').unwrap_or((comment, ""));
        } else if let Some(comment) = line.strip_prefix("# TYPE ") {
            let (name, kind) = comment.split_once(' ').unwrap_or((comment, "unknown"));
            if !families.insert(name) {
                mode = Mode::Skip;
                continue;
            }
            let kind = match kind {
                "gauge" if is_float_counter(name) => "counter",
                kind => kind,
            };
            write_metadata(&mut output, name, kind, (help.0 == name).then_some(help.1));
            family = name;
            mode = match kind {
                "histogram" => Mode::Histogram,
                "summary" => Mode::Summary,
                _ => Mode::Copy,
            };
        } else if !line.is_empty() {
            mode = write_sample(&mut output, family, line, mode);
        }
    }
    output.push_str("# EOF\n");
    output
}

/// Names a counter's family without the `_total` of its samples. A counter without this suffix gets the type `unknown`,
/// because appending the suffix would give the series another name than in every other format.
fn write_metadata(output: &mut String, name: &str, kind: &str, help: Option<&str>) {
    let (family, kind) = match (kind, name.strip_suffix("_total")) {
        ("counter", Some(family)) if !family.is_empty() => (family, kind),
        ("counter", _) => (name, "unknown"),
        _ => (name, kind),
    };
    // Writing to a string does not fail.
    let _ = writeln!(output, "# TYPE {family} {kind}");
    let unit = UNITS.iter().find(|unit| {
        let before = family.strip_suffix(**unit);
        before.is_some_and(|before| before.len() > 1 && before.ends_with('_'))
    });
    if let Some(unit) = unit {
        let _ = writeln!(output, "# UNIT {family} {unit}");
    }
    if let Some(help) = help {
        // Format 0.0.4 does not escape quotes in HELP.
        let help = help.replace('"', "\\\"");
        let _ = writeln!(output, "# HELP {family} {help}");
    }
}

/// Returns the mode for the next line.
fn write_sample(output: &mut String, family: &str, line: &str, mode: Mode) -> Mode {
    let label = match mode {
        Mode::Skip => return mode,
        Mode::Copy => {
            write_line(output, line);
            return mode;
        }
        Mode::Summary => "quantile=\"",
        Mode::Histogram | Mode::NegativeHistogram | Mode::SkipCount => "le=\"",
    };
    let name_end = line.find(['{', ' ']).unwrap_or(line.len());
    let (name, rest) = line.split_at(name_end);
    let number = if name == family || name.ends_with("_bucket") {
        last_label(rest, label)
    } else {
        None
    };
    // The exporter takes the end of a family's name, as in `discount`, for the suffix that it would append.
    let suffix = match (mode, number) {
        _ if name != family => "",
        (Mode::Summary, Some(_)) => "",
        (_, Some(_)) => "_bucket",
        (_, None) if family.ends_with("sum") => "_sum",
        (_, None) => "_count",
    };
    let Some((before, number, after)) = number else {
        let is_sum = suffix == "_sum" || suffix.is_empty() && name.ends_with("_sum");
        let (is_allowed, next) = match mode {
            Mode::NegativeHistogram => (false, mode),
            Mode::SkipCount => (false, Mode::Histogram),
            Mode::Summary => (!(is_sum && is_invalid_total(rest)), mode),
            _ if is_sum && is_invalid_total(rest) => (false, Mode::SkipCount),
            _ => (true, mode),
        };
        if is_allowed {
            output.push_str(name);
            output.push_str(suffix);
            write_line(output, rest);
        }
        return next;
    };
    if mode == Mode::Summary && after.starts_with("} -") {
        return mode;
    }
    for part in [name, suffix, before, label] {
        output.push_str(part);
    }
    write_canonical_number(output, number);
    output.push('"');
    write_line(output, after);
    if mode != Mode::Summary && number.starts_with('-') {
        Mode::NegativeHistogram
    } else {
        mode
    }
}

/// Splits before the last label and around its value, if it is the one that begins so.
fn last_label<'a>(rest: &'a str, label: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let (before, value) = rest.rsplit_once(label)?;
    let (value, after) = value.split_once('"')?;
    before
        .ends_with(['{', ','])
        .then_some((before, value, after))
}

fn write_line(output: &mut String, line: &str) {
    output.push_str(line);
    output.push('\n');
}

/// Whether the value is negative or NaN.
fn is_invalid_total(line: &str) -> bool {
    let (_, value) = line.rsplit_once(' ').unwrap_or_default();
    value.starts_with('-') || value == "NaN"
}

/// Formats the number like Go's `%g`, with `.0` after a whole number ("Canonical Numbers").
fn write_canonical_number(output: &mut String, number: &str) {
    let is_canonical = number.contains('.') && number.len() < 7 && !number.contains("0.0000");
    let parsed = number.parse::<f64>().ok().filter(|_| !is_canonical);
    let Some(value) = parsed.filter(|value| value.is_finite()) else {
        // +Inf is canonical too.
        output.push_str(number);
        return;
    };
    if value == 0.0 || (1e-4..1e6).contains(&value.abs()) {
        let _ = write!(output, "{value:?}");
        return;
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    let _ = write!(output, "{mantissa}e{sign}{digits:0>2}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_family_is_converted() {
        let text = "# HELP a_seconds_total all \\\\ of \"it\"\n# TYPE a_seconds_total counter\na_seconds_total{x=\"le=\\\"1\\\"\"} 1.5\n\n\
                    # TYPE orders counter\norders 2\n\n# HELP b_ratio A share.\n# TYPE b_ratio gauge\nb_ratio NaN\n\n\
                    # TYPE h histogram\nh_bucket{x=\"1\",le=\"5\"} 1\nh_bucket{x=\"1\",le=\"+Inf\"} 3\nh_sum{x=\"1\"} 7\nh_count{x=\"1\"} 3\n\n\
                    # TYPE n_seconds histogram\nn_seconds_bucket{le=\"-1\"} 1\nn_seconds_bucket{le=\"+Inf\"} 1\nn_seconds_sum -2\nn_seconds_count 1\n";
        let expected = "# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds all \\\\ of \\\"it\\\"\n\
                        a_seconds_total{x=\"le=\\\"1\\\"\"} 1.5\n\
                        # TYPE orders unknown\norders 2\n# TYPE b_ratio gauge\n# UNIT b_ratio ratio\n# HELP b_ratio A share.\nb_ratio NaN\n\
                        # TYPE h histogram\nh_bucket{x=\"1\",le=\"5.0\"} 1\nh_bucket{x=\"1\",le=\"+Inf\"} 3\nh_sum{x=\"1\"} 7\nh_count{x=\"1\"} 3\n\
                        # TYPE n_seconds histogram\n# UNIT n_seconds seconds\nn_seconds_bucket{le=\"-1.0\"} 1\nn_seconds_bucket{le=\"+Inf\"} 1\n# EOF\n";
        assert_eq!(from_text(text, |_| false), expected);
        assert_eq!(from_text("", |_| false), "# EOF\n");
    }

    #[test]
    fn an_invalid_sum_is_skipped_with_its_own_count_only() {
        let series = |x: &str, sum: &str| {
            format!(
                "h_bucket{{x=\"{x}\",le=\"+Inf\"}} 1\nh_sum{{x=\"{x}\"}} {sum}\nh_count{{x=\"{x}\"}} 1\n"
            )
        };
        let text = ["1", "-3", "NaN", "2"].map(|sum| series(sum, sum)).concat();
        let output = from_text(&format!("# TYPE h histogram\n{text}"), |_| false);
        for (x, is_valid) in [("1", true), ("-3", false), ("NaN", false), ("2", true)] {
            assert_eq!(output.contains(&format!("h_sum{{x=\"{x}\"}}")), is_valid);
            assert_eq!(output.contains(&format!("h_count{{x=\"{x}\"}}")), is_valid);
            assert!(output.contains(&format!("h_bucket{{x=\"{x}\"")), "{output}");
        }
        assert!(from_text("# TYPE a_sum gauge\na_sum -1\n", |_| false).contains("a_sum -1\n"));
    }

    #[test]
    fn summaries_have_canonical_shares_and_no_negative_values() {
        let text = "# TYPE a summary\na{x=\"le=\\\"\",quantile=\"0\"} -1\na{x=\"le=\\\"\",quantile=\"1\"} 2\n\
                    a_sum{x=\"le=\\\"\"} -7\na_count{x=\"le=\\\"\"} 3\n";
        let expected = "# TYPE a summary\na{x=\"le=\\\"\",quantile=\"1.0\"} 2\na_count{x=\"le=\\\"\"} 3\n# EOF\n";
        assert_eq!(from_text(text, |_| false), expected);
    }

    #[test]
    fn missing_suffixes_are_added() {
        let text = "# TYPE asum histogram\nasum_bucket{file=\"a\",le=\"+Inf\"} 1\nasum{file=\"a\"} 5\nasum_count{file=\"a\"} 1\n\
                    # TYPE discount summary\ndiscount{quantile=\"0.5\"} 2\ndiscount_sum 6\ndiscount 3\n\
                    # TYPE checksum histogram\nchecksum_bucket{le=\"+Inf\"} 1\nchecksum 5\nchecksum_count 1\n\
                    # TYPE my_bucket histogram\nmy_bucket{le=\"1\"} 1\nmy_bucket_sum 5\nmy_bucket_count 2\n";
        let expected = "# TYPE asum histogram\nasum_bucket{file=\"a\",le=\"+Inf\"} 1\nasum_sum{file=\"a\"} 5\nasum_count{file=\"a\"} 1\n\
                        # TYPE discount summary\ndiscount{quantile=\"0.5\"} 2\ndiscount_sum 6\ndiscount_count 3\n\
                        # TYPE checksum histogram\nchecksum_bucket{le=\"+Inf\"} 1\nchecksum_sum 5\nchecksum_count 1\n\
                        # TYPE my_bucket histogram\nmy_bucket_bucket{le=\"1.0\"} 1\nmy_bucket_sum 5\nmy_bucket_count 2\n# EOF\n";
        assert_eq!(from_text(text, |_| false), expected);
    }

    #[test]
    fn the_first_of_two_families_of_one_name_is_kept() {
        let text = "# TYPE a counter\na 1\n# TYPE a gauge\na 3\n# TYPE b gauge\nb -1\n";
        let expected = "# TYPE a unknown\na 1\n# TYPE b gauge\nb -1\n# EOF\n";
        assert_eq!(from_text(text, |_| false), expected);
    }

    #[test]
    fn float_counters_are_counters() {
        let text = "# TYPE cost_total gauge\ncost_total 0.5\n# TYPE b_total gauge\nb_total 1\n";
        let expected =
            "# TYPE cost counter\ncost_total 0.5\n# TYPE b_total gauge\nb_total 1\n# EOF\n";
        assert_eq!(from_text(text, |name| name == "cost_total"), expected);
    }

    #[test]
    fn bounds_become_canonical_numbers() {
        for (bound, expected) in [
            ("0", "0.0"),
            ("0.005", "0.005"),
            ("10", "10.0"),
            ("0.25", "0.25"),
            ("100000", "100000.0"),
            ("1000000", "1e+06"),
            ("1048576", "1.048576e+06"),
            ("67108864", "6.7108864e+07"),
            ("0.00001", "1e-05"),
            ("0.0001", "0.0001"),
            ("123456.5", "123456.5"),
            ("-2.5", "-2.5"),
            ("+Inf", "+Inf"),
        ] {
            let mut output = String::new();
            write_canonical_number(&mut output, bound);
            assert_eq!(output, expected);
        }
    }
}
