//! `OpenMetrics` 1.0 text.

use super::family_info::{FamilyInfo, Shape};
use super::store::Store;
use super::text::Lines;
use crate::catalog::Kind;

/// The units that a name may end in ("Units and Base Units"), as listed in Prometheus' naming practices.
const UNITS: [&str; 9] = [
    "seconds", "bytes", "ratio", "joules", "celsius", "meters", "grams", "volts", "amperes",
];

impl Store {
    /// Returns all metrics as `OpenMetrics` 1.0 text.
    pub(in crate::exporter) fn render_openmetrics(&self, capacity: usize) -> String {
        let mut text = String::with_capacity(capacity);
        let mut lines = Lines::default();
        let families = self.shown_families();
        for family in &families {
            let is_taken = |name: &str| {
                let found = families.binary_search_by(|other| other.info.name().cmp(name));
                found.is_ok()
            };
            write_metadata(&family.info, is_taken, &mut text);
            family.list.read(|series| {
                let Shape::Histogram(buckets) = &family.info.shape else {
                    return lines.write_number(series, &mut text);
                };
                let sum = lines.read(series);
                lines.write_buckets(series, &buckets.canonical, &mut text);
                // A negative bound allows neither sum nor count, and a sum is never negative ("Histogram").
                if !buckets.has_negative && sum >= 0.0 {
                    lines.write_sum_and_count(series, sum, &mut text);
                }
            });
        }
        text.push_str("# EOF\n");
        text
    }
}

/// Names a counter's family without the `_total` of its samples. A counter without this suffix, and one whose family's name
/// is that of another family, gets the type `unknown`, because its samples have the same name in all formats.
fn write_metadata(family: &FamilyInfo, is_taken: impl Fn(&str) -> bool, text: &mut String) {
    let name = family.name();
    let (name, kind) = match (family.kind(), name.strip_suffix("_total")) {
        (Kind::Counter, Some(base)) if !base.is_empty() && !is_taken(base) => (base, "counter"),
        (Kind::Counter, _) => (name, "unknown"),
        (kind, _) => (name, kind.as_str()),
    };
    text.extend(["# TYPE ", name, " ", kind, "\n"]);
    let unit = UNITS.iter().find(|unit| {
        let before = name.strip_suffix(**unit);
        before.is_some_and(|before| before.len() > 1 && before.ends_with('_'))
    });
    if let Some(unit) = unit {
        text.extend(["# UNIT ", name, " ", unit, "\n"]);
    }
    let help = family.help();
    if help.is_empty() {
        return;
    }
    text.extend(["# HELP ", name, " "]);
    for c in help.chars() {
        match c {
            '\\' => text.push_str(r"\\"),
            '\n' => text.push_str("\\n"),
            '"' => text.push_str("\\\""),
            c => text.push(c),
        }
    }
    text.push('\n');
}
