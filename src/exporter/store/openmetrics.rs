//! `OpenMetrics` 1.0 text.

use std::collections::HashSet;

use super::family_info::{FamilyInfo, Shape};
use super::family_name::FamilyName;
use super::number::{write_float, write_seconds};
use super::store::Store;
use super::stored_series::StoredSeries;
use super::text::Lines;
use crate::catalog::Kind;
use crate::exporter::escaping::Escaping;

/// The units that a name may end in ("Units and Base Units"), as listed in Prometheus' naming practices.
const UNITS: [&str; 9] = [
    "seconds", "bytes", "ratio", "joules", "celsius", "meters", "grams", "volts", "amperes",
];

impl Store {
    /// Returns all metrics as `OpenMetrics` 1.0 text.
    pub(in crate::exporter) fn render_openmetrics(
        &self,
        escaping: Escaping,
        capacity: usize,
    ) -> String {
        let mut text = String::with_capacity(capacity);
        let families = self.shown_families(escaping);
        let mut lines = Lines::default();
        let mut taken = names_in_use(escaping, families.iter().map(|family| &*family.info));
        for family in &families {
            lines.name = FamilyName::new(&family.info, escaping);
            let (base, kind) = write_metadata(&lines.name, &family.info, &mut taken, &mut text);
            let is_created = self.config.created_timestamps && kind != "unknown";
            family.list.read(|series| {
                if let Shape::Histogram(buckets) = &family.info.shape {
                    let sum = lines.read(series);
                    let exemplar = |bucket, text: &mut _| write_exemplar(series, bucket, text);
                    lines.write_buckets(series, &buckets.canonical, exemplar, &mut text);
                    // A negative bound allows neither sum nor count, and a sum is never negative ("Histogram").
                    if !buckets.has_negative && sum >= 0.0 {
                        lines.write_sum_and_count(series, sum, &mut text);
                    }
                } else {
                    lines.write_value(series, &mut text);
                    // Of the other types, none may have exemplars ("Exemplars").
                    if kind == "counter" {
                        write_exemplar(series, 0, &mut text);
                    }
                    text.push('\n');
                }
                if is_created && kind != "gauge" {
                    lines.write_created(base, series, &mut text);
                }
            });
        }
        text.push_str("# EOF\n");
        text
    }
}

/// The names that families have whatever their counters are called.
fn names_in_use<'a>(
    escaping: Escaping,
    families: impl Iterator<Item = &'a FamilyInfo>,
) -> HashSet<String> {
    let names = |family: &FamilyInfo| -> Vec<String> {
        let name = FamilyName::new(family, escaping).text;
        let suffixes: &[&str] = match family.kind() {
            Kind::Histogram => &["", "_bucket", "_sum", "_count", "_created"],
            Kind::Counter if base_name(&name).is_some() => &[],
            Kind::Counter | Kind::Gauge => &[""],
        };
        let suffixes = suffixes.iter();
        suffixes.map(|suffix| [&*name, suffix].concat()).collect()
    };
    families.flat_map(names).collect()
}

/// The name of a counter without the `_total` of its samples.
fn base_name(name: &str) -> Option<&str> {
    let base = name.strip_suffix("_total");
    base.filter(|base| !base.is_empty())
}

/// Names a counter's family without the `_total` of its samples. A counter without this suffix gets the type `unknown`, because
/// its samples have the same name in all formats. So does one whose family would take a name of another family: a strict parser
/// refuses the whole text otherwise ("Metric Family", "Suffixes").
///
/// Returns the length of the family's name, and its type.
fn write_metadata(
    name: &FamilyName<'_>,
    family: &FamilyInfo,
    taken: &mut HashSet<String>,
    text: &mut String,
) -> (usize, &'static str) {
    let quote = name.quote;
    let name = &*name.text;
    let mut kind = (name, family.kind().as_str());
    if family.kind() == Kind::Counter {
        kind.1 = "unknown";
        if let Some(base) = base_name(name) {
            let own = ["", "_total", "_created"].map(|suffix| [base, suffix].concat());
            if !own.iter().any(|own| taken.contains(own)) {
                kind = (base, "counter");
                taken.extend(own);
            }
            taken.insert(name.to_owned());
        }
    }
    let (name, kind) = kind;
    let named = (name.len(), kind);
    text.extend(["# TYPE ", quote, name, quote, " ", kind, "\n"]);
    let unit = UNITS.iter().find(|unit| {
        let before = name.strip_suffix(**unit);
        before.is_some_and(|before| before.len() > 1 && before.ends_with('_'))
    });
    if let Some(unit) = unit {
        text.extend(["# UNIT ", quote, name, quote, " ", unit, "\n"]);
    }
    let help = family.help();
    if help.is_empty() {
        return named;
    }
    text.extend(["# HELP ", quote, name, quote, " "]);
    for c in help.chars() {
        match c {
            '\\' => text.push_str(r"\\"),
            '\n' => text.push_str("\\n"),
            '"' => text.push_str("\\\""),
            c => text.push(c),
        }
    }
    text.push('\n');
    named
}

/// Writes ` # {labels} value timestamp` if there is an exemplar.
fn write_exemplar(series: &StoredSeries, place: usize, text: &mut String) {
    let Some(exemplar) = series.exemplar(place) else {
        return;
    };
    text.push_str(" # {");
    exemplar.labels.write(text);
    text.push_str("} ");
    write_float(exemplar.value, text);
    text.push(' ');
    write_seconds(exemplar.recorded_at, text);
}
