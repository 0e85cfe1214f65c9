//! The exposition as `OpenMetrics` 1.0 text: the exporter's lines, with what that format asks for beyond 0.0.4.

use std::fmt::Write;

/// The units whose names the format's suffixes are ("Units and Base Units"), as Prometheus' naming practices list them.
const UNITS: [&str; 9] = [
    "seconds", "bytes", "ratio", "joules", "celsius", "meters", "grams", "volts", "amperes",
];

/// What is known of the family whose lines are being written.
#[derive(Clone, Copy, PartialEq)]
enum Lines {
    AsTheyAre,
    /// Bounds are canonical numbers here.
    Histogram,
    /// Below zero, sum and count are not allowed ("Histogram").
    NegativeHistogram,
    /// The sum of this series is none that is allowed, so its count comes next and is left out with it.
    HistogramWithoutSum,
}

/// Costs a copy of the text, and a look at each bound.
pub(super) fn from_text(text: &str) -> String {
    let mut open = String::with_capacity(text.len() + text.len() / 32);
    let mut help = ("", "");
    let mut lines = Lines::AsTheyAre;
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# HELP ") {
            help = comment.split_once(' ').unwrap_or((comment, ""));
        } else if let Some(comment) = line.strip_prefix("# TYPE ") {
            let (name, kind) = comment.split_once(' ').unwrap_or((comment, "unknown"));
            metadata(&mut open, name, kind, (help.0 == name).then_some(help.1));
            lines = match kind {
                "histogram" => Lines::Histogram,
                _ => Lines::AsTheyAre,
            };
        } else if !line.is_empty() {
            lines = sample(&mut open, line, lines);
        }
    }
    open.push_str("# EOF\n");
    open
}

/// A counter's family is named without the `_total` of its samples. A counter that has none is of unknown type here: to
/// append it would give the series another name than in every other format.
fn metadata(open: &mut String, name: &str, kind: &str, help: Option<&str>) {
    let (family, kind) = match (kind, name.strip_suffix("_total")) {
        ("counter", Some(family)) if !family.is_empty() => (family, kind),
        ("counter", _) => (name, "unknown"),
        _ => (name, kind),
    };
    // Writing to a string does not fail.
    let _ = writeln!(open, "# TYPE {family} {kind}");
    let unit = UNITS.iter().find(|unit| {
        let before = family.strip_suffix(**unit);
        before.is_some_and(|before| before.len() > 1 && before.ends_with('_'))
    });
    if let Some(unit) = unit {
        let _ = writeln!(open, "# UNIT {family} {unit}");
    }
    if let Some(help) = help {
        // In 0.0.4 quotes stand in a help as they are; here they are escaped.
        let help = help.replace('"', "\\\"");
        let _ = writeln!(open, "# HELP {family} {help}");
    }
}

fn sample(open: &mut String, line: &str, lines: Lines) -> Lines {
    // The exporter writes the bound last.
    let bound = match lines {
        Lines::AsTheyAre => None,
        _ => line.rsplit_once("le=\"").filter(|(before, _)| {
            let name_end = before.find('{').unwrap_or(before.len());
            before[..name_end].ends_with("_bucket")
        }),
    };
    let Some((before, rest)) = bound else {
        return match lines {
            Lines::NegativeHistogram => lines,
            Lines::HistogramWithoutSum => Lines::Histogram,
            Lines::Histogram if is_sum_of_none(line) => Lines::HistogramWithoutSum,
            _ => {
                open.push_str(line);
                open.push('\n');
                lines
            }
        };
    };
    let (bound, after) = rest.split_once('"').unwrap_or((rest, ""));
    let lines = if bound.starts_with('-') {
        Lines::NegativeHistogram
    } else {
        lines
    };
    open.push_str(before);
    open.push_str("le=\"");
    canonical(open, bound);
    open.push('"');
    open.push_str(after);
    open.push('\n');
    lines
}

/// A sum below zero, or of something that was no number.
fn is_sum_of_none(line: &str) -> bool {
    let name_end = line.find(['{', ' ']).unwrap_or(line.len());
    let (_, value) = line.rsplit_once(' ').unwrap_or_default();
    line[..name_end].ends_with("_sum") && (value.starts_with('-') || value == "NaN")
}

/// As Go's `%g` writes it, with `.0` for a whole number ("Canonical Numbers").
fn canonical(open: &mut String, bound: &str) {
    let is_plain = bound.contains('.') && bound.len() < 7 && !bound.contains("0.0000");
    let number = bound.parse::<f64>().ok().filter(|_| !is_plain);
    let Some(number) = number.filter(|number| number.is_finite()) else {
        // +Inf is canonical.
        open.push_str(bound);
        return;
    };
    if number == 0.0 || (1e-4..1e6).contains(&number.abs()) {
        let _ = write!(open, "{number:?}");
        return;
    }
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    let _ = write!(open, "{mantissa}e{sign}{digits:0>2}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_as_the_format_has_it() {
        let text = "# HELP a_seconds_total all \\\\ of \"it\"\n# TYPE a_seconds_total counter\na_seconds_total{x=\"le=\\\"1\\\"\"} 1.5\n\n\
                    # TYPE orders counter\norders 2\n\n# HELP b_ratio A share.\n# TYPE b_ratio gauge\nb_ratio NaN\n\n\
                    # TYPE h histogram\nh_bucket{x=\"1\",le=\"5\"} 1\nh_bucket{x=\"1\",le=\"+Inf\"} 3\nh_sum{x=\"1\"} 7\nh_count{x=\"1\"} 3\n\n\
                    # TYPE n_seconds histogram\nn_seconds_bucket{le=\"-1\"} 1\nn_seconds_bucket{le=\"+Inf\"} 1\nn_seconds_sum -2\nn_seconds_count 1\n";
        let expected = "# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds all \\\\ of \\\"it\\\"\n\
                        a_seconds_total{x=\"le=\\\"1\\\"\"} 1.5\n\
                        # TYPE orders unknown\norders 2\n# TYPE b_ratio gauge\n# UNIT b_ratio ratio\n# HELP b_ratio A share.\nb_ratio NaN\n\
                        # TYPE h histogram\nh_bucket{x=\"1\",le=\"5.0\"} 1\nh_bucket{x=\"1\",le=\"+Inf\"} 3\nh_sum{x=\"1\"} 7\nh_count{x=\"1\"} 3\n\
                        # TYPE n_seconds histogram\n# UNIT n_seconds seconds\nn_seconds_bucket{le=\"-1.0\"} 1\nn_seconds_bucket{le=\"+Inf\"} 1\n# EOF\n";
        assert_eq!(from_text(text), expected);
        assert_eq!(from_text(""), "# EOF\n");
    }

    #[test]
    fn a_sum_that_is_not_allowed_takes_its_own_count_along_and_no_other() {
        let series = |x: &str, sum: &str| {
            format!(
                "h_bucket{{x=\"{x}\",le=\"+Inf\"}} 1\nh_sum{{x=\"{x}\"}} {sum}\nh_count{{x=\"{x}\"}} 1\n"
            )
        };
        let text = ["1", "-3", "NaN", "2"].map(|sum| series(sum, sum)).concat();
        let open = from_text(&format!("# TYPE h histogram\n{text}"));
        for (x, is_there) in [("1", true), ("-3", false), ("NaN", false), ("2", true)] {
            assert_eq!(open.contains(&format!("h_sum{{x=\"{x}\"}}")), is_there);
            assert_eq!(open.contains(&format!("h_count{{x=\"{x}\"}}")), is_there);
            assert!(open.contains(&format!("h_bucket{{x=\"{x}\"")), "{open}");
        }
        assert!(from_text("# TYPE a_sum gauge\na_sum -1\n").contains("a_sum -1\n"));
    }

    #[test]
    fn bounds_are_canonical_numbers() {
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
            let mut open = String::new();
            canonical(&mut open, bound);
            assert_eq!(open, expected);
        }
    }
}
