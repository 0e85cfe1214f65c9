//! `family/{name}`: the series of one metric family.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};

use crate::catalog::MONITORING_SERIES_DROPPED;
use crate::exporter::{Reader, Series, Value};

/// The most series, those with the highest values.
const MAX_SERIES: usize = 200;

/// Returns the unit, if it is known, and the help of each family.
pub(super) fn families(reader: &Reader) -> Json {
    let known = reader.catalog().families().iter();
    let units: HashMap<_, _> = known
        .map(|own| (reader.prefixed(own.name), own.unit.as_str()))
        .collect();
    let snapshot = reader.snapshot();
    let families = snapshot.families.iter();
    let about = families.map(|family| {
        let about = json!([units.get(&family.name), family.help]);
        (family.name.clone(), about)
    });
    about.collect::<Map<_, _>>().into()
}

/// Returns the family of this name as JSON, if it has series.
pub(super) fn family(reader: &Reader, name: &str) -> Option<Json> {
    let snapshot = reader.snapshot();
    let family = snapshot.family(name)?;
    let mut series: Vec<_> = family.series.iter().collect();
    series.sort_by(|one, other| size(other).total_cmp(&size(one)));
    let shown: Vec<_> = series
        .iter()
        .take(MAX_SERIES)
        .map(|one| shown(one))
        .collect();
    let mut known = reader.catalog().families().iter();
    let known = known.find(|own| reader.prefixed(own.name) == name);
    let dropped = reader.prefixed(MONITORING_SERIES_DROPPED.name);
    let dropped = snapshot.sum(&dropped, &[("metric", name)]).unwrap_or(0.0);
    Some(json!({
        "name": name,
        "kind": family.kind.as_str(),
        "help": family.help,
        "unit": known.map(|own| own.unit.as_str()),
        "is_at_limit": dropped > 0.0,
        "series": shown,
        "left_out": series.len().saturating_sub(MAX_SERIES),
    }))
}

fn size(series: &Series) -> f64 {
    match &series.value {
        Value::Counter(value) | Value::Gauge(value) => *value,
        Value::Histogram(histogram) => histogram.count as f64,
    }
}

fn shown(series: &Series) -> Json {
    let labels = series.labels.iter();
    let labels: Map<_, _> = labels
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    match &series.value {
        Value::Counter(value) | Value::Gauge(value) => json!({ "labels": labels, "value": value }),
        Value::Histogram(histogram) => json!({
            "labels": labels,
            "count": histogram.count,
            "sum": histogram.sum,
            "p50": histogram.quantile(0.5),
            "p95": histogram.quantile(0.95),
            "p99": histogram.quantile(0.99),
        }),
    }
}
