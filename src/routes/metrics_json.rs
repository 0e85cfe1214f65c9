//! Metrics as JSON.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::catalog::Kind;
use crate::exporter::{FamilySnapshot, HistogramSnapshot, JsonView, Labels, Series, Value};
use crate::time::rfc3339;

#[derive(Serialize)]
pub(super) struct Json<'a> {
    timestamp: Option<String>,
    since: Option<String>,
    metrics: Families<'a>,
    /// The tokens of the day.
    today: Families<'a>,
}

impl<'a> Json<'a> {
    pub(super) fn new(view: &'a JsonView) -> Self {
        let snapshot = &view.delta.snapshot;
        Self {
            timestamp: rfc3339(snapshot.taken_at),
            since: rfc3339(view.since),
            metrics: Families(&snapshot.families),
            today: Families(&view.tokens_today),
        }
    }
}

/// By name.
struct Families<'a>(&'a [FamilySnapshot]);

impl Serialize for Families<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            self.0
                .iter()
                .map(|family| (&family.name, OneFamily(family))),
        )
    }
}

/// `type`, `help`, `value` and `series`. The value is the sum of all series; a histogram has the summary of all series.
struct OneFamily<'a>(&'a FamilySnapshot);

impl Serialize for OneFamily<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let family = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", family.kind.as_str())?;
        map.serialize_entry("help", &family.help)?;
        match family.kind {
            Kind::Counter | Kind::Gauge => {
                let values = family.series.iter();
                let value: f64 = values.filter_map(|series| series.value.as_f64()).sum();
                map.serialize_entry("value", &Number(value))?;
            }
            Kind::Histogram => summary(&mut map, &family.histogram())?,
        }
        let series: Vec<_> = family.series.iter().map(OneSeries).collect();
        map.serialize_entry("series", &series)?;
        map.end()
    }
}

/// `count`, `sum`, `avg` and quantiles, which are null without samples.
fn summary<M: SerializeMap>(map: &mut M, histogram: &HistogramSnapshot) -> Result<(), M::Error> {
    map.serialize_entry("count", &histogram.count)?;
    map.serialize_entry("sum", &histogram.sum)?;
    map.serialize_entry("avg", &histogram.average())?;
    for (name, q) in [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)] {
        map.serialize_entry(name, &histogram.quantile(q))?;
    }
    Ok(())
}

struct OneSeries<'a>(&'a Series);

impl Serialize for OneSeries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("labels", &LabelMap(&self.0.labels))?;
        match &self.0.value {
            Value::Counter(value) | Value::Gauge(value) => {
                map.serialize_entry("value", &Number(*value))?;
            }
            Value::Histogram(histogram) => summary(&mut map, histogram)?,
        }
        map.end()
    }
}

/// Whole numbers have no decimal point. Infinity and NaN are null, because JSON has neither.
pub(super) struct Number(pub(super) f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Every whole number up to here has an exact f64.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let Self(value) = *self;
        if value.fract() == 0.0 && value.abs() <= EXACT {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the value is whole and fits"
            )]
            return serializer.serialize_i64(value as i64);
        }
        serializer.serialize_f64(value)
    }
}

struct LabelMap<'a>(&'a Labels);

impl Serialize for LabelMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}

pub(super) fn serialize_labels<S: Serializer>(
    labels: &[(String, String)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(labels.iter().map(|(name, value)| (name, value)))
}
