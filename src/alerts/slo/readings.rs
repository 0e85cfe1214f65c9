//! `Reading`: the totals of one series that an SLO counts.

use std::time::Duration;

use super::ring::Counts;
use super::slo_events::SloEvents;
use super::threshold;
use crate::alerts::selector::Selector;
use crate::exporter::{Labels, Snapshot, Value};

/// The totals of one series.
pub(super) struct Reading<'a> {
    /// Whether the series was selected as one of bad or good events, not of all events.
    pub(super) is_part: bool,
    pub(super) labels: &'a Labels,
    pub(super) counts: Counts,
}

/// Reads all series. Fails with the reason that one of them has no such counts.
pub(super) fn readings<'a>(
    events: &SloEvents,
    snapshot: &'a Snapshot,
) -> Result<Vec<Reading<'a>>, String> {
    let total = &events.total;
    if let Some(threshold) = events.threshold {
        return selected(total, snapshot, false, |value| in_time(value, threshold));
    }
    let Some(part) = events.bad.as_ref().or(events.good.as_ref()) else {
        return Err("neither bad nor good events nor a threshold are given".to_owned());
    };
    let mut all = selected(total, snapshot, false, |value| Ok((0, counter(value)?)))?;
    let parts = selected(part, snapshot, true, |value| Ok((counter(value)?, 0)))?;
    all.extend(parts);
    Ok(all)
}

fn selected<'a>(
    selector: &Selector,
    snapshot: &'a Snapshot,
    is_part: bool,
    read: impl Fn(&Value) -> Result<Counts, String>,
) -> Result<Vec<Reading<'a>>, String> {
    let metric = &selector.metric;
    let family = snapshot.family(metric);
    let series = family.map(|family| &*family.series).unwrap_or_default();
    let series = series.iter();
    let series = series.filter(|series| selector.matches(&series.labels));
    let readings = series.map(|series| {
        read(&series.value).map(|counts| Reading {
            is_part,
            labels: &series.labels,
            counts,
        })
    });
    let readings: Result<_, _> = readings.collect();
    readings.map_err(|reason| format!("metric {metric:?} {reason}"))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and the increases of rounded totals lose nothing"
)]
fn counter(value: &Value) -> Result<u64, String> {
    match value {
        Value::Counter(count) => Ok(*count as u64),
        Value::Gauge(_) => Err("is a gauge, not a counter".to_owned()),
        Value::Histogram(_) => Err("is a histogram, not a counter".to_owned()),
    }
}

/// The number of samples up to the threshold, and of all samples.
fn in_time(value: &Value, threshold: Duration) -> Result<Counts, String> {
    let Value::Histogram(histogram) = value else {
        return Err("is no histogram".to_owned());
    };
    let bounds = || histogram.buckets.iter().map(|(bound, _)| *bound);
    let bucket = bounds().position(|bound| threshold::is_bound(threshold, bound));
    match bucket.and_then(|bucket| histogram.buckets.get(bucket)) {
        Some((_, good)) => Ok((*good, histogram.count)),
        None => Err(threshold::mistake(threshold, bounds())),
    }
}
